"""`carnk assay nca` in the terminal: table, JSON, folder, pseudonyms, exit codes."""

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from carnk.base import CarnkError
from carnk.cli.app import app

TEXT = """id,time (day),value (copies/ug),response
Jane Roe,0,<50,CR
Jane Roe,3,2500,CR
Jane Roe,7,12000,CR
Jane Roe,14,6000,CR
Jane Roe,21,3000,CR
Jane Roe,28,1500,CR
P2,0,<50,PD
P2,7,400,PD
P2,14,<50,PD
"""


def called(folder: Path, *words: str) -> Result:
    path = folder / "course.csv"
    path.write_text(TEXT, encoding="utf-8")
    return CliRunner().invoke(app, ["assay", "nca", str(path), *words])


def test_table_fits_the_terminal_and_hides_names(tmp_path: Path) -> None:
    done = called(tmp_path)
    assert done.exit_code == 0
    assert "Jane" not in done.output
    assert all(len(line) <= 100 for line in done.output.splitlines())
    assert "12,000" in done.output
    assert "Jane Roe" in called(tmp_path, "--keep-ids").output


def test_json_and_folder_agree(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = called(tmp_path, "--by", "response", "--json", "--out", str(out))
    found = json.loads(done.stdout)
    first = found["parameters"][0]
    assert (first["cmax"], first["tmax_days"], first["group"]) == (12000, 7, "CR")
    assert abs(first["half_life_days"] - 7) < 1e-9
    assert found["value_unit"] == "copies/ug"
    names = {path.name for path in out.iterdir()}
    assert names == {"nca.csv", "summary.csv", "courses.html"}
    texts = [path.read_text(encoding="utf-8") for path in out.iterdir()]
    assert not any("Jane" in text for text in texts)
    assert "plotly" in (out / "courses.html").read_text(encoding="utf-8")
    called(tmp_path, "--by", "response", "--out", str(tmp_path / "again"))
    again = (tmp_path / "again" / "courses.html").read_bytes()
    assert again == (out / "courses.html").read_bytes()


def test_wrong_file_writes_nothing(tmp_path: Path) -> None:
    path, out = tmp_path / "bad.csv", tmp_path / "out"
    path.write_text("id,time (day),dv\nA,1,ten\nA,2,-1\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["assay", "nca", str(path), "--out", str(out)])
    assert isinstance(done.exception, CarnkError)
    assert done.exception.exit_code == 5
    assert len(done.exception.problems) == 2
    assert not out.exists()
