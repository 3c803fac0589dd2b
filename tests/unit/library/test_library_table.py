"""Tables are read by what is said about their columns, row by row."""

import polars as pl
import pytest

from carnk.base import NumberError
from carnk.library import table
from carnk.library.table import FOLDER, read_table

ABOUT = """\
meaning: A table
source: zhang2007
checked: read
licence: facts
columns:
  name: {meaning: Name, unit: text}
  n: {meaning: Patients, unit: count}
  loss: {meaning: Loss, unit: 1/day}
"""
ROWS = 'name,n,loss\r\n"a, b",3,0.5\r\nc,,\r\n'


def read(folder, rows=ROWS, about=ABOUT):
    (folder / "t.csv").write_text(rows, newline="")
    (folder / "t.about.yaml").write_text(about)
    return read_table(folder / "t.csv")


def problems(folder, **texts):
    with pytest.raises(NumberError) as error:
        read(folder, **texts)
    return [str(problem) for problem in error.value.problems]


def test_columns_have_the_kind_of_their_unit(tmp_path):
    frame = read(tmp_path)
    assert dict(frame.schema) == {"name": pl.String, "n": pl.Int64, "loss": pl.Float64}
    assert frame.rows() == [("a, b", 3, 0.5), ("c", None, None)]


def test_all_bad_rows_are_told(tmp_path):
    assert problems(tmp_path, rows="name,n,loss\na,3.5,x\nb,1\nc,1,2,3\n") == [
        "t.csv: row 2: n: '3.5' is not a number.",
        "t.csv: row 2: loss: 'x' is not a number.",
        "t.csv: row 3: there are 2 cells, but 3 columns. Quote cells that hold a comma.",
        "t.csv: row 4: there are 4 cells, but 3 columns. Quote cells that hold a comma.",
    ]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"rows": "name,m,loss\n"}, "t.csv:1: the columns ['name', 'm', 'loss'] are not those"),
        ({"rows": ""}, "t.csv:1: the columns [] are not those"),
        ({"rows": 'name,n,loss\n"a,1,2\n'}, "t.csv: this is not CSV"),
        ({"about": ABOUT.replace("licence", "license")}, "t.about.yaml:4: license: 'license' is"),
        (
            {"about": ABOUT.replace("source: zhang2007\n", "")},
            "t.about.yaml:1: 'source' is missing",
        ),
        ({"about": ABOUT.replace("checked: read", "checked: no")}, "t.about.yaml:3: checked: 'no'"),
        (
            {"about": ABOUT.replace("unit: count", "unit: cels")},
            "t.about.yaml:7: columns.n: 'cels'",
        ),
        ({"about": ABOUT.replace(", unit: count", "")}, "t.about.yaml:7: columns.n: 'unit' is mis"),
        ({"about": ABOUT + "  n: {meaning: x, unit: text}\n"}, "t.about.yaml:9: columns.n: 'n' st"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, texts, message):
    assert any(found.startswith(message) for found in problems(tmp_path, **texts))


def test_a_table_may_be_larger_than_a_study_file(tmp_path):
    rows = "name,n,loss\n" + "a long name of a row,1,0.5\n" * 50_000
    assert read(tmp_path, rows=rows).height == 50_000


def test_a_table_without_its_about_file_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text(ROWS)
    with pytest.raises(NumberError, match="there is no such file"):
        read_table(tmp_path / "t.csv")


def test_an_unknown_table_is_refused_with_a_suggestion():
    with pytest.raises(NumberError, match=r"'result' is not a table .* Did you mean 'results'\?"):
        table("result")
    with pytest.raises(NumberError, match=r"There are .*kinetics"):
        table("../../secrets")


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.csv")))
def test_every_table_of_the_package_is_read(name):
    assert table(name).height > 0


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("results", (51, 30)),
        ("kinetics", (69, 15)),
        ("conditioning", (16, 5)),
        ("grading_astct", (10, 5)),
        ("patient_level", (8, 11)),
    ],
)
def test_the_evidence_tables_are_whole(name, shape):
    assert table(name).shape == shape


def test_a_note_with_commas_stays_one_cell():
    note = table("kinetics").filter(pl.col("row_id") == "K006")["note"].item()
    assert note.endswith("is a product difference, not an armor effect")
