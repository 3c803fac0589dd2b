"""The page: whole, without network, without holes for the text of a study."""

import csv
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from carnk import report
from carnk.base import SpecError
from carnk.report.sections import opening

LOADS = re.compile(
    r"<(?:script|img|iframe|source|embed|object)[^>]*\b(?:src|data)\s*=|<link\b|@import|url\(|"
    r"<base\b|<form\b",
    re.IGNORECASE,
)


def without_scripts(page: str) -> str:
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def sections(page: str) -> list[str]:
    return re.findall(r'<section id="(\w+)">', page)


def test_the_page_loads_nothing_and_forbids_it(page: str) -> None:
    assert LOADS.search(without_scripts(page)) is None
    assert not re.search(r"<script[^>]+src", page)
    assert "default-src 'none'" in page
    assert "connect-src" not in page


def test_plotting_stands_in_the_page_once(page: str) -> None:
    assert page.count("<script>") == 2
    assert page.count('id="figure"') == 1


def test_sections_come_in_their_order(page: str) -> None:
    assert sections(page) == [
        "comparison", "courses", "arms", "uncertainty", "influence", "safety", "numbers",
        "mechanisms", "repeat",
    ]  # fmt: skip


def test_every_number_of_the_run_is_in_the_page(example: Path, page: str) -> None:
    with (example / "numbers.csv").open(encoding="utf-8") as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    assert len(ids) > 100
    table = page[page.index('class="plain numbers"') :]
    assert [each for each in ids if f"<code>{each}</code>" not in table] == []
    assert f"of {len(ids)} numbers rest on unread or assumed sources" in page


def test_predicted_and_observed_stand_side_by_side(page: str) -> None:
    row = page[page.index("Response, best") :]
    assert "8 of 11" in row[:3000]
    assert "39–94\u00a0%" in row[:3000]


def test_nothing_is_a_bare_zero_percent(page: str) -> None:
    body = without_scripts(page)
    body = re.sub(r'<div class="axis".*?</div>', "", body, flags=re.DOTALL)
    assert re.findall(r"(?<![\d.,–])0\s%", body) == []


def test_every_hint_and_place_is_a_number(page: str) -> None:
    assert "nan" not in re.findall(r'(?:left|width):([^;"]*)%', page)
    assert max(float(x) for x in re.findall(r"left:([\d.]+)%", page)) <= 100


def test_the_text_of_a_study_cannot_become_html(copied: Any) -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    copied.study(lambda text: re.sub("^title:.*$", f"title: '{evil}'", text, flags=re.M))
    copied.study(lambda text: text.replace("1e5 per kg", f'"{evil}"'))
    outcomes = pl.read_csv(copied.folder / "outcomes.csv")
    outcomes = outcomes.with_columns(pl.col("arm").replace("1e5 per kg", evil))
    outcomes.write_csv(copied.folder / "outcomes.csv")
    courses = pl.read_parquet(copied.folder / "courses.parquet")
    courses = courses.with_columns(pl.col("arm").replace("1e5 per kg", evil))
    courses.write_parquet(copied.folder / "courses.parquet")
    bands = pl.read_csv(copied.folder / "bands.csv")
    bands = bands.with_columns(pl.col("arm").replace("1e5 per kg", evil))
    bands.write_csv(copied.folder / "bands.csv")
    page = copied.page()
    assert evil not in page
    assert "<img" not in without_scripts(page)
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "\\u003c/script>\\u003cimg" in page  # in the data of the figure


def test_an_interrupted_run_says_so(copied: Any) -> None:
    copied.manifest(complete=False, patients=1000)
    (copied.folder / "sensitivity.csv").write_text("id,low,high,effect_low,effect_high\n")
    page = copied.page()
    assert "This run was interrupted: 40 of 1,000 patients were simulated." in page
    assert "Not computed in this run." in page


def test_a_study_with_nothing_observed_is_fine(copied: Any) -> None:
    copied.study(lambda text: text[: text.index("observed:")])
    page = copied.page()
    assert "names no published result" in page
    assert "Progression-free, day 365" in page


def test_a_run_in_which_all_failed_is_fine(copied: Any) -> None:
    outcomes = pl.read_csv(copied.folder / "outcomes.csv")
    kept = [pl.col(name) for name in ("patient", "arm", "disease", "world")]
    lost = [pl.lit(float("nan")).alias(name) for name in outcomes.columns[4:]]
    outcomes.select(*kept, *lost).write_csv(copied.folder / "outcomes.csv")
    (copied.folder / "courses.parquet").unlink()
    failed = {str(i): "step <too> small" for i in range(40)}
    copied.manifest(failed=failed, failures_by_reason={"step <too> small": 40})
    page = copied.page()
    assert "No patient could be simulated" in page
    assert "step &lt;too&gt; small" in page
    assert page.count("<script>") == 1  # no figure, no plotting


def test_failed_patients_are_named(copied: Any) -> None:
    copied.manifest(failed={"17": "too stiff"}, failures_by_reason={"too stiff": 1})
    page = copied.page()
    assert '<span title="too stiff">17</span>' in page


def test_the_held_out_test_comes_first_and_may_be_missing(
    copied: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(opening, "FOLDER", tmp_path)
    assert "Not tested on held-out trials" in copied.page()
    rows = pl.DataFrame(
        {
            "study": ["a", "b"], "outcome": ["response"] * 2, "day": [None, 30.0],
            "disease": [None, "cll"], "arm": [None, None], "events": [1, 2],
            "patients": [10, 10], "predicted": [0.2, 0.3], "low": [0, 0], "high": [5, 6],
            "log_score": [-1.0, -2.0], "log_score_null": [-2.0, -3.0],
        }
    )  # fmt: skip
    monkeypatch.setattr(opening, "heldout_rows", lambda: rows)
    page = copied.page()
    assert "On 2\u00a0held-out trials the model beats the pooled rate for everyone." in page
    assert "model −3, pooled rate −5" in page
    worse = rows.rename({"log_score": "log_score_null", "log_score_null": "log_score"})
    monkeypatch.setattr(opening, "heldout_rows", lambda: worse)
    assert "the model does not beat the pooled rate" in copied.page()


def test_agreement_with_the_calibration_is_called_no_test(copied: Any, page: str) -> None:
    assert "Agreement with it is no test of the model." in page
    copied.study(lambda text: re.sub("^registry:.*$", "registry: NCT00000000", text, flags=re.M))
    copied.study(lambda text: text.replace("source: cord_blood", "source: ipsc"))
    assert "is no test of the model" not in copied.page()


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="is not the folder of a run"):
        report.write(tmp_path)


def test_nothing_is_left_beside_the_report(copied: Any) -> None:
    before = {path.name for path in copied.folder.iterdir()}
    copied.page()
    assert {path.name for path in copied.folder.iterdir()} == before | {"report.html"}


def test_importing_the_room_loads_no_plotting() -> None:
    code = "import sys, carnk.report; print([m for m in ('plotly', 'jinja2', 'rich', 'polars') if m in sys.modules])"  # noqa: E501
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
