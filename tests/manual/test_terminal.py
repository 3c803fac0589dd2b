"""Commands as a user types them: output, exit codes, and nothing left behind after an error."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from carnk.base import CarnkError
from carnk.cli.app import app

WIDTH = 100
ROOT = Path(__file__).parents[2]


def call(*words: str) -> tuple[int, str]:
    """(exit code, output) of a command; errors are shown as `main` shows them."""
    done = CliRunner().invoke(app, list(words))
    if isinstance(done.exception, CarnkError):
        return done.exception.exit_code, str(done.exception)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_studies_lists_every_built_in_study_on_one_line() -> None:
    code, text = call("studies")
    lines = text.strip().splitlines()
    assert code == 0
    files = sorted((ROOT / "src/carnk/study/built_in").glob("*.yaml"))
    kinds = [i for i, line in enumerate(lines) if not line.startswith(" ")]
    assert len(kinds) == 4
    named = [line.split()[0] for i, line in enumerate(lines) if i not in kinds]
    assert sorted(named) == [file.stem for file in files]
    scenarios = {line.split()[0] for line in lines[kinds[-1] + 1 :]}
    assert scenarios == {"compare_car_t", *(n for n in named if n.startswith("vs_"))}
    assert all(len(line) <= WIDTH for line in lines)


def test_numbers_shows_one_number_with_its_reason() -> None:
    code, text = call("numbers", "rejection_max")
    assert code == 0
    assert "assumed" in text
    assert "1/day" in text
    assert all(len(line) <= WIDTH for line in text.splitlines())


def test_numbers_filters_by_room_and_basis() -> None:
    code, text = call("numbers", "--room", "kinetics", "--basis", "measured", "--json")
    found = json.loads(text)
    assert code == 0
    assert found
    assert {n["room"] for n in found} == {"kinetics"}
    assert {n["basis"] for n in found} == {"measured"}


@pytest.mark.parametrize("words", [("numbers", "rejecton_max"), ("numbers", "--basis", "fited")])
def test_a_misspelled_number_is_a_number_error_with_the_nearest(words: tuple[str, ...]) -> None:
    code, text = call(*words)
    assert code == 3
    assert "Did you mean" in text


def test_new_makes_a_folder_that_checks_clean_and_refuses_to_overwrite(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert call("new", str(folder), "--from", "ft596")[0] == 0
    assert json.loads((folder / "study.schema.json").read_text())["title"] == "carnk study"
    code, text = call("check", str(folder / "study.yaml"))
    assert code == 0
    assert text.endswith("no problems (3 arms, 1,000 patients, seed 1)\n")
    before = (folder / "study.yaml").read_text()
    code, text = call("new", str(folder))
    assert code == 2
    assert "there already" in text
    assert (folder / "study.yaml").read_text() == before


def test_check_tells_all_problems_at_once_with_lines(tmp_path: Path) -> None:
    call("new", str(tmp_path / "mine"))
    path = tmp_path / "mine" / "study.yaml"
    text = path.read_text().replace("source: cord_blood", "source: cord_bloods")
    path.write_text(text.replace("dose: 1e6 cells/kg", "dose: 1e6 cells"))
    code, output = call("check", str(path))
    assert code == 2
    assert output.startswith("2 problems in study.yaml")
    assert "Did you mean 'cord_blood'?" in output
    assert "'1e6 cells' is an amount, but a dose per body weight (cells/kg)" in output
    assert "Write '1e6 cells/kg'." in output


def test_run_writes_the_folder_and_prints_a_table_that_fits(tmp_path: Path) -> None:
    out = tmp_path / "runs" / "mine"
    code, text = call("run", "liu2020", "--patients", "40", "--seed", "7", "--out", str(out))
    assert code == 0
    assert all(len(line) <= WIDTH for line in text.splitlines())
    assert {p.name for p in out.iterdir()} == {
        "study.yaml", "numbers.csv", "patients.parquet", "outcomes.csv", "courses.parquet",
        "sensitivity.csv", "bands.csv", "references.bib", "run.json", "report.html",
    }  # fmt: skip
    code, text = call("run", "liu2020", "--patients", "40", "--out", str(out))
    assert code == 2
    assert "there already" in text
    code, text = call("run", "liu2020", "--patients", "20", "--out", str(out), "--force", "--json")
    assert code == 0
    assert json.loads(text)["patients"] == 20
    assert [p.name for p in out.parent.iterdir()] == ["mine"]


@pytest.mark.parametrize("patients", ["0", "-3", "100000000000"])
def test_absurd_patients_are_refused_and_nothing_is_left(tmp_path: Path, patients: str) -> None:
    out = tmp_path / "r"
    code, text = call("run", "liu2020", "--patients", patients, "--out", str(out))
    assert code == 2
    assert "patients" in text
    assert list(tmp_path.iterdir()) == []


def test_a_misspelled_study_offers_the_nearest() -> None:
    code, text = call("run", "lui2020")
    assert code == 2
    assert "Did you mean 'liu2020'?" in text


def test_open_needs_a_run_folder(tmp_path: Path) -> None:
    code, text = call("open", str(tmp_path))
    assert code == 2
    assert "no report.html" in text
