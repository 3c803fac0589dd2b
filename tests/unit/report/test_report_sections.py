"""What single sections compute."""

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from carnk.kinetics import MODEL, RULES
from carnk.report import record as records
from carnk.report.chances import chance_of
from carnk.report.sections import arms, courses, influence, mechanisms, uncertainty
from tests.unit.report.conftest import Copy


def test_an_interval_is_not_narrower_than_the_virtual_patients_allow() -> None:
    worlds = pl.DataFrame({"world": np.arange(300) % 100})
    never = chance_of(np.zeros(300), worlds)
    assert never is not None
    assert never.ends[1] == pytest.approx(0.0122, abs=2e-4)  # Clopper-Pearson of 0 in 300
    some = chance_of((np.arange(300) < 3).astype(float), worlds)
    assert some is not None
    assert some.ends[0] <= 0.0021
    assert some.ends[1] >= 0.0289
    assert chance_of(np.full(300, np.nan), worlds) is None


def test_the_figure_has_both_bands_of_the_run(example: Path) -> None:
    record = records.read(example)
    found = courses.content(record)
    assert found["layered"]
    panel = found["figure"]["panels"][0]
    day = found["figure"]["days"].index(14)
    for arm, bands in zip([arm.name for arm in record.study.arms], panel["bands"]):
        row = record.bands.row(
            by_predicate=(pl.col("arm") == arm)
            & (pl.col("quantity") == "car_per_ul")
            & (pl.col("day") == 14.0),
            named=True,
        )
        assert bands["median"][day] == pytest.approx(row["median"], rel=1e-3)
        for layer in ("population", "parameter"):
            shown = [edge[day] for edge in bands[layer]]
            assert shown == pytest.approx([row[f"{layer}_low"], row[f"{layer}_high"]], rel=1e-3)


def test_without_layers_one_band_mixes_both(copied: Copy) -> None:
    (copied.folder / "bands.csv").unlink()
    record = records.read(copied.folder)
    found = courses.content(record)
    assert not found["layered"]
    day = found["figure"]["days"].index(14)
    for arm, bands in zip(record.study.arms, found["figure"]["panels"][0]["bands"]):
        mine = record.courses.filter((pl.col("arm") == arm.name) & (pl.col("day") == 14.0))
        wanted = np.quantile(mine["car_per_ul"].to_numpy(), [0.05, 0.5, 0.95])
        low, high = (edge[day] for edge in bands["population"])
        assert [low, bands["median"][day], high] == pytest.approx(list(wanted), rel=1e-3)
        assert bands["parameter"] is None


def test_two_uncertainties_of_every_main_outcome_are_apart(copied: Copy) -> None:
    """Where worlds agree on Cmax all variance is of patients, and the other way round."""
    path = copied.folder / "outcomes.csv"
    table = pl.read_csv(path)
    patient = pl.col("patient") // 20 + 1.0  # two patients in each of 20 worlds
    worlds = table.with_columns(world=pl.col("patient") % 20, arm=pl.lit("1e5 per kg"))
    for cmax, parameter in ((10.0**patient, 0.0), (10.0 ** (pl.col("world") / 5), 1.0)):
        worlds.with_columns(cmax_per_ul=cmax).write_csv(path)
        rows = {row["outcome"]: row for row in uncertainty.facts(records.read(copied.folder))}
        assert uncertainty.share_of_parameters(rows["cmax_per_ul"]) == pytest.approx(parameter)
        low, high = rows["cmax_per_ul"]["population_band"]
        assert (low == pytest.approx(high)) is bool(parameter)
    assert {"response", "complete_response", "pfs", "crs", "peak_il6"} <= set(rows)
    share = rows["response"]
    assert share["parameter_variance"] + share["population_variance"] == pytest.approx(
        share["middle"] * (1 - share["middle"])
    )


def test_the_limit_in_cells_gives_back_the_assays_copies(example: Path) -> None:
    record = records.read(example)
    limit = courses.content(record)["limit"]
    one = record.courses.filter(pl.col("car_per_ul") > 0).head(1)
    copies = one["copies_per_ug"][0] / one["car_per_ul"][0]
    assert 50 / copies == pytest.approx(limit["median"], rel=3)
    assert "copies/µg" in limit["assay"]


def test_the_tornado_starts_with_the_largest_change(example: Path) -> None:
    record = records.read(example)
    rows = influence.content(record)["rows"]
    assert 1 <= len(rows) <= 10
    assert rows[0]["id"] == record.sensitivity[0]["id"]
    widths = [sum(mark.width for mark in row["marks"]) for row in rows]
    assert widths[0] == max(widths)


@pytest.mark.parametrize("disease", sorted(RULES))
def test_every_rule_has_its_line(disease: str) -> None:
    text = arms.definition(RULES[disease])
    assert "complete response" in text
    assert "{" not in text


def test_every_mechanism_and_every_state_is_written_out() -> None:
    found = mechanisms.content()
    entries = [entry for _, entries in found["groups"] for entry in entries]
    assert len(entries) == len(MODEL.mechanisms)
    text = "".join(text for entry in entries for _, text in entry["lines"])
    left = {re.sub("<.*?>", "", state) for entry in entries for state, _ in entry["lines"]}
    assert left == set(MODEL.states)
    named = set(re.findall(r'<em class="rate">(\w+)</em>', text))
    defined = {rate["name"] for rate in found["rates"]}
    within = "".join(rate["text"] for rate in found["rates"])
    named |= set(re.findall(r'<em class="rate">(\w+)</em>', within))
    assert named == defined
    assert "rate:" not in text + within


def test_equations_say_what_the_model_says() -> None:
    entries = {e["name"]: e for _, entries in mechanisms.content()["groups"] for e in entries}
    lung = re.sub("<.*?>", "", entries["distribution"]["lines"][0][1])
    assert lung == "−lung · lung_exit"
