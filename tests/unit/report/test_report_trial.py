"""The trial's section and its lines in the terminal, from what trial.json says."""

import io
import json

import pytest
from rich.console import Console

from carnk.library import load
from carnk.report.record import read
from carnk.report.sections import trial as section
from carnk.report.terminal import show
from carnk.study import read as read_study
from carnk.study import study_text
from carnk.study.folder import run_to_folder

NAME = "<b>sly</b> & co"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    base = tmp_path_factory.mktemp("trial")
    text = study_text("dose_schedule")[1].replace("patients: 6000", "patients: 2000")
    text = text.replace("days: 100", "days: 30").replace("trials: 10000", "trials: 300")
    text = text.replace("name: 1e6 once", f'name: "{NAME}"')
    path = base / "trial.yaml"
    path.write_text(text)
    run_to_folder(path, read_study(path), base / "run", jobs=1)
    from carnk.report import write

    write(base / "run")
    return base / "run"


def test_the_page_holds_the_trial_and_escapes_names(folder):
    page = (folder / "report.html").read_text()
    assert '<section id="trial">' in page
    assert NAME not in page.split("<script")[0]
    assert "&lt;b&gt;sly" in page
    for text in ("BOIN12 chooses", "Patients needed to exclude a toxicity of", "with replacement"):
        assert text in page, text


def test_the_section_says_what_the_file_says(folder):
    found = section.content(read(folder))
    raw = json.loads((folder / "trial.json").read_text())
    assert [plan["name"] for plan in found["schedules"]] == ["day 0", "days 0, 7 and 14"]
    assert len(found["answers"]) == 2 + 1 + 1
    rows = raw["schedules"][0]["bound"]["rows"]
    assert [row[1] for row in found["schedules"][0]["bound"]["rows"]] == [29, 46, 61, 76]
    assert [row[2] for row in found["schedules"][0]["bound"]["rows"]] == [r["shared"] for r in rows]
    assert found["schedules"][0]["short"][0][0] == "10⁷ once"
    assert found["setting"]["lots"] == 2


def test_a_share_of_no_trials_is_0_and_a_rare_one_is_not():
    assert section.share(0.0) == "0"
    assert section.share(0.0004).replace("\u00a0", " ") == "< 0.1 %"


def test_the_terminal_fits_100_columns(folder):
    stream = io.StringIO()
    show(folder, Console(file=stream, width=100, highlight=False))
    text = stream.getvalue()
    assert max(len(line) for line in text.splitlines() if not line.startswith("Report:")) <= 100
    assert "Chosen on days 0, 7 and 14" in text
    assert "of 2,000 virtual patients" in text


def test_a_trial_that_was_interrupted_says_so(folder, tmp_path):
    import shutil

    shutil.copytree(folder, tmp_path / "cut")
    (tmp_path / "cut" / "trial.json").unlink()
    from carnk.report import write

    page = write(tmp_path / "cut").read_text()
    assert "interrupted before its trials were drawn" in page
    show(tmp_path / "cut", Console(file=io.StringIO(), width=100))


def test_the_numbers_of_trials_are_named_in_the_report():
    names = [number for number in load().values() if number.room == "trials"]
    assert len(names) == 9
    assert all(number.basis == "assumed" or number.source for number in names)
