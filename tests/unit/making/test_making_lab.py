"""Run sheets, levers, designs, updates, titrations: making beside a real laboratory."""

import numpy as np
import pytest

from carnk.base import DataError, SolveError, SpecError
from carnk.making import make, read
from carnk.making.experiment import factorial, latin_hypercube, runs
from carnk.making.influence import influence
from carnk.making.levers import with_levers
from carnk.making.materials import bill, day_plan
from carnk.making.optimize import Constraints, optimize
from carnk.making.titration import fit, read_titration
from carnk.making.track import course_at, read_run, track
from carnk.making.update import Run, read_results, update


def sheet(tmp_path, text, name="run.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_usual_run_waits_and_then_is_harvested(cord_lots):
    for day, verdict in ((10.0, "wait"), (18.0, "harvest")):
        cells = float(np.median(course_at(cord_lots, day)["cells"]))
        advice = track(cord_lots, [{"day": day, "cells": cells}])
        assert advice.verdict == verdict
        assert advice.like > 20


def test_a_run_out_of_the_band_is_investigated(cord_lots):
    low = float(np.min(course_at(cord_lots, 12.0)["cells"])) / 3
    advice = track(cord_lots, [{"day": 12.0, "cells": low}])
    assert advice.verdict == "investigate"
    assert "below 95 % of lots" in advice.why


def test_a_good_early_count_raises_what_is_expected(cord_lots):
    low, high = np.percentile(course_at(cord_lots, 9.0)["cells"], (20, 80))
    few, many = (track(cord_lots, [{"day": 9.0, "cells": float(c)}]) for c in (low, high))
    assert many.cells_at_harvest[1] > 1.3 * few.cells_at_harvest[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("day,cells\n6,5e5 cells/mL\n", "run.csv:2: cells: '5e5 cells/mL' is a cell concentration"),
        ("day,cels\n6,5e5\n", "Did you mean 'cells'?"),
        ("cells\n5e5\n", "Needed: day"),
        ("day,cells\n6,1e8\n3,1e7\n", "days do not rise"),
        ("day,viability_pct\n6,120\n", "lies outside 0 to 100"),
        ("", "columns are missing"),
    ],
)
def test_wrong_run_sheets_are_refused(tmp_path, text, said):
    with pytest.raises(DataError) as caught:
        read_run(sheet(tmp_path, text))
    assert said in str(caught.value)


def test_a_run_sheet_may_leave_cells_empty(tmp_path):
    path = sheet(tmp_path, "day,cells,viability_pct\n3,,91\n6,2e8 cells,\n")
    assert read_run(path) == [{"day": 3, "viability_pct": 91}, {"day": 6, "cells": 2e8}]


def test_levers_move_what_they_name_and_keep_the_harvest_day():
    process = read("cord_blood_mbil21")
    moved = with_levers(process, {"transduction_day": 4, "harvest_day": 18, "moi": 5})
    assert moved.days_of_culture == pytest.approx(18)
    assert moved.steps[2].settings["days"] == pytest.approx(4)
    assert moved.steps[3].settings["moi"] == 5
    assert process.steps[3].settings["moi"] == 15


@pytest.mark.parametrize(
    ("name", "levers", "said"),
    [
        ("nk92", {"moi": 3}, "needs a step 'transduce'"),
        ("nk92", {"feeder_ratio": 3}, "needs an expansion with feeders"),
        ("cord_blood_mbil21", {"moj": 3}, "Did you mean 'moi'"),
        ("cord_blood_mbil21", {"moi": 1e6}, "outside 0.01 to 300"),
        ("cord_blood_mbil21", {"cells_per_bag": 9e9}, "do not go into a bag"),
        ("cord_blood_mbil21", {"harvest_day": 6}, "days of"),
    ],
)
def test_levers_that_cannot_be_are_refused(name, levers, said):
    with pytest.raises(SpecError, match=said):
        with_levers(read(name), levers)


def test_a_better_setting_is_found_and_shown_on_fresh_lots():
    process = read("cord_blood_mbil21")
    found = optimize(process, {"moi": (2, 25), "harvest_day": (12, 20)}, "cost", 1)
    assert found.after.cost_per_dose < 0.95 * found.before.cost_per_dose
    assert found.after.seed != 1
    assert np.percentile(found.after.vcn_car_positive, 95) < 5.3


def test_constraints_that_nothing_meets_end_in_words():
    with pytest.raises(SolveError, match="meets the constraints"):
        optimize(read("nk92"), {"harvest_day": (17, 18)}, "cost", 1, Constraints(doses=1e6))


def test_a_factorial_has_every_combination_once():
    settings = factorial({"moi": [5, 10, 20], "feeder_ratio": [1, 2]})
    assert len(settings) == 6
    assert len({tuple(s.values()) for s in settings}) == 6


def test_a_latin_hypercube_takes_each_slice_once():
    points = latin_hypercube({"moi": (0, 10), "feeder_ratio": (1, 3)}, 10, 1)
    assert sorted(int(p["moi"]) for p in points) == list(range(10))
    assert sorted(int(5 * (p["feeder_ratio"] - 1)) for p in points) == list(range(10))


def test_a_design_predicts_and_leaves_room():
    rows = runs(read("cord_blood_mbil21"), factorial({"moi": [5, 20]}), 1)
    by_moi = {row["moi"]: row for row in rows}
    assert float(by_moi[20]["car_positive_pct"]) > float(by_moi[5]["car_positive_pct"])
    assert rows[0]["measured_cells"] == ""


def test_results_pull_numbers_to_the_truth():
    """Runs made with other numbers than the library's move it towards them, and narrow it."""
    process = read("cord_blood_mbil21")
    truth = process.with_numbers(doubling_k562_mbil21=1.45, entry_rd114_nk=0.16)
    results = []
    for i, moi in enumerate((3.0, 8.0, 15.0, 30.0) * 3):
        last = make(with_levers(truth, {"moi": moi}), 1, 100 + i).stages[-1].measures
        seen = (last["cells"][0], 100 * last["car_positive"][0], last["vcn_total"][0])
        results.append(Run({"moi": moi}, np.log(np.array(seen))))
    found = {u.number.id: u for u in update(process, results)}
    for number_id, true in (("doubling_k562_mbil21", 1.45), ("entry_rd114_nk", 0.16)):
        before, after = found[number_id].before, found[number_id].after
        assert abs(after[1] - true) < abs(before[1] - true)
        assert after[2] - after[0] < before[2] - before[0]
        assert after[0] < true < after[2]


def test_results_without_measurements_are_refused(tmp_path):
    empty = "run,moi,measured_cells\n1,5,\n"
    with pytest.raises(DataError, match="nothing is measured yet"):
        read_results(sheet(tmp_path, empty))
    with pytest.raises(DataError, match="is not a number above 0"):
        read_results(sheet(tmp_path, empty.replace("5,", "5,-3")))
    with pytest.raises(DataError, match="there is no column"):
        read_results(sheet(tmp_path, "run,moi\n1,5\n"))


@pytest.mark.parametrize("per", ["total", "car_positive"])
def test_a_titration_gives_back_the_law_it_was_made_with(per):
    from carnk.making.titration import Titration

    law = Titration(0.6, 0.2, 1.5, (0, 0, 0), 0, per)
    moi = np.array([0.5, 1, 2, 5, 10, 20, 50])
    share, total, per_car = law.predicted(moi)
    copies = total if per == "total" else per_car
    found = fit(np.column_stack([moi, 100 * share, copies]), per)
    assert found.residual < 0.3
    for told, made in zip(found.predicted(moi), (share, total, per_car)):
        np.testing.assert_allclose(told, made, rtol=0.12)
    # Share and shape trade off; both stay within what the fit says it does not know.
    assert abs(np.log(found.shape / 1.5)) < 2 * found.sd[2]
    assert abs(np.log(found.entry / 0.2)) < 2 * found.sd[1]


def test_wrong_titrations_are_refused(tmp_path):
    good = "moi,car_positive_pct,vcn\n5,20,0.4\n10,30,\n"
    assert np.isnan(read_titration(sheet(tmp_path, good))[1, 2])
    with pytest.raises(DataError, match="does not lie above 0"):
        read_titration(sheet(tmp_path, good.replace("5,20", "0,20")))
    with pytest.raises(DataError, match="Needed: moi"):
        read_titration(sheet(tmp_path, "moi,vcn\n1,2\n"))


def test_growth_matters_more_than_the_chance_of_a_mixup():
    found = influence(read("cord_blood_mbil21"), 1)
    ids = [each.number.id for each in found]
    assert "doubling_k562_mbil21" in ids[:5]
    assert "mixup_chance" not in ids[:20]


def test_bill_and_day_plan_name_what_is_needed(cord_lots):
    lines = bill(cord_lots)
    catalogs = {line.catalog for line in lines}
    assert {"BHC18200328", "BHE18200001", "BHM18200001"} <= catalogs
    feeders = next(line for line in lines if line.catalog == "BHC18200328")
    assert feeders.amount[0] < feeders.amount[1] < feeders.amount[2]
    plan = day_plan(cord_lots.process, 14)
    assert [p.day for p in plan][-1] == cord_lots.process.days_of_culture + 14
    assert any("MOI 15" in p.action for p in plan)
