"""Studies whose product names a process: who shares a lot, what a lot brings, what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from carnk import making
from carnk.base import SpecError
from carnk.kinetics import PARAMETERS
from carnk.library import load
from carnk.study import parse, read, study_text
from carnk.study.folder import run_to_folder, study_of
from carnk.study.lots import SHARED, lot_numbers, made
from carnk.study.numbers import world_count
from carnk.study.patients import draw
from carnk.study.trial import settled

TEXT = study_text("liu2020_lots")[1]
SHARED_COLUMNS = ("car_positive", "viability", "recovery", "vcn", "t_cells_per_kg", "potency")


def text(*changes):
    found = TEXT
    for old, new in changes:
        assert old in found
        found = found.replace(old, new)
    return found


def cohort(study, count=1000, uncertain=True):
    return draw(study, load().view(), np.arange(count), uncertain)


def test_patients_of_a_lot_share_it_and_its_world():
    drawn = cohort(parse(TEXT))
    lot = drawn.drawn["lot"].astype(int)
    assert 150 < np.unique(lot).size < 1000
    for each in np.unique(lot):
        rows = lot == each
        assert np.unique(drawn.world[rows]).size == 1
        assert rows.sum() <= SHARED
        for name in SHARED_COLUMNS:
            assert np.unique(drawn.drawn[name][rows]).size == 1, name
    assert np.unique(drawn.drawn["weight"]).size > 900


def test_a_lot_treats_no_more_patients_than_it_has_doses_for():
    study = parse(TEXT)
    lots, lot = made(study), lot_numbers(study, np.arange(6000))
    row = lots.index_released[lot % lots.index_released.size]
    assert lots.released[row].all()
    treated = np.bincount(lot)
    doses = np.minimum(np.maximum(lots.doses[lots.index_released], 1), SHARED)
    whole = [each for each in np.unique(lot) if each + world_count() <= lot.max()]
    own = doses[np.array(whole) % doses.size]
    assert (treated[whole] <= own).all()
    last = {w: lot[lot % world_count() == w].max() for w in range(world_count())}
    used_up = [each for each in whole if each != last[each % world_count()]]
    assert (treated[used_up] == doses[np.array(used_up) % doses.size]).all()


def test_two_infusions_need_twice_the_doses():
    one, two = parse(TEXT), parse(text(("  days: [0]\n", "  days: [0, 7]\n")))
    used = [np.unique(lot_numbers(study, np.arange(3000))).size for study in (one, two)]
    assert used[1] > 1.3 * used[0]


def test_a_patient_is_the_same_in_any_batch():
    study = parse(TEXT)
    whole, part = cohort(study, 600), draw(study, load().view(), np.arange(400, 600))
    for name, values in part.drawn.items():
        assert np.array_equal(whole.drawn[name][400:], values), name
    assert np.array_equal(whole.parameters[400:], part.parameters)


def test_attributes_are_those_of_released_lots_of_the_process():
    study = parse(TEXT)
    lots, drawn = made(study), cohort(study)
    fine = lots.index_released
    for name, source in (
        ("car_positive", lots.car_positive),
        ("viability", lots.viability_after_thaw),
        ("recovery", lots.recovery_after_thaw),
        ("vcn", lots.vcn_car_positive),
        ("t_cells_per_kg", lots.t_cells_per_kg),
    ):
        assert np.isin(drawn.drawn[name], source[fine]).all(), name
    assert lots.process.dose.amount == 1e7
    assert (lots.doses[fine] >= 1).all()


def test_typical_potency_is_one_and_the_spread_of_killing_is_kept():
    """What potency leaves of the library's spread of killing is between patients."""
    study = replace(parse(TEXT), patients=20_000)
    drawn = cohort(study, 20_000, uncertain=False).drawn
    kill, view = np.log(drawn["kill_per_day"]), load()
    assert np.exp(np.median(np.log(made(study).potency[made(study).index_released]))) > 0
    assert np.median(drawn["potency"]) == pytest.approx(1.0, abs=0.1)
    assert kill.std() == pytest.approx(view["kill_spread"].value, rel=0.05)
    lot = drawn["lot"].astype(int)
    left = kill - np.log(drawn["potency"])
    assert left.std() < kill.std()
    assert abs(np.corrcoef(left, np.log(drawn["potency"]))[0, 1]) < 0.03
    assert np.unique(lot).size > 1000


def test_better_cells_reach_the_dose():
    """CAR-positive share divides the infused cells; viability and recovery multiply them."""
    drawn = cohort(parse(TEXT))
    d, label = drawn.drawn, np.array([1e5, 1e6, 1e7])[drawn.arm]
    alive = label * d["weight"] / d["car_positive"] * d["viability"] * d["recovery"]
    assert np.isclose(drawn.doses.amounts, alive[:, None]).any(axis=1).all()


def test_numbers_of_the_process_are_told_as_used():
    view = load().view()
    draw(parse(TEXT), view, np.arange(10))
    used = {number.id for number in view.used}
    assert used >= {number.id for number in made(parse(TEXT)).numbers}
    assert not used & {"car_positive_cord_blood", "vcn", "t_cells_per_kg"}


def own_process(tmp_path, *changes, name="own.yaml"):
    """The text of a study with a process file of its own, and the folder of both."""
    process = (Path(making.__file__).parent / "built_in/cord_blood_mbil21.yaml").read_text("utf-8")
    for old, new in changes:
        assert old in process
        process = process.replace(old, new)
    (tmp_path / name).write_text(process, encoding="utf-8")
    return text(("process: cord_blood_mbil21", f"process: {name}"))


def test_memory_like_cells_come_from_the_process(tmp_path):
    """A step that primes the cells makes them last and kill as memory-like ones do."""
    plain = cohort(parse(TEXT), uncertain=False)
    change = ("  - step: harvest\n", "  - step: prime\n    by: memory_like\n  - step: harvest\n")
    study = parse(own_process(tmp_path, change), folder=tmp_path)
    primed, view = cohort(study, uncertain=False), load()
    column, left = PARAMETERS.index("cell_loss"), view["memory_like_loss"].value
    share = made(study).memory_like
    assert share.max() > 0
    assert np.unique(plain.parameters[:, column]).size == 1
    ratio = primed.parameters[:, column] / plain.parameters[0, column]
    low, high = (1 + each * (left - 1) for each in (share.max(), share.min()))
    assert (ratio >= low - 1e-9).all()
    assert (ratio <= high + 1e-9).all()
    assert ratio.min() < 1


def test_a_number_of_the_process_file_is_told_as_its_own(tmp_path):
    change = ("process: cord_blood_mbil21\n",
              "process: other\nnumbers: {run_failure: 0.3}\n")  # fmt: skip
    asked = own_process(tmp_path, change)
    (tmp_path / "study.yaml").write_text(asked, encoding="utf-8")
    run_to_folder(tmp_path / "study.yaml", read(tmp_path, patients=5), tmp_path / "out")
    rows = pl.read_csv(tmp_path / "out" / "numbers.csv").filter(pl.col("id") == "run_failure")
    assert rows.select("value", "basis", "source", "at").row(0) == (
        0.3,
        "study",
        "other",
        "numbers",
    )


def test_a_trial_takes_doses_and_failures_from_the_process():
    whole = study_text("liu2020_trial")[1]
    given = "  lots: {doses: 10, failure: 0.1, days: 28}\n"
    assert given in whole
    made_by = ("  source: cord_blood\n", "  source: cord_blood\n  process: cord_blood_mbil21\n")
    own = parse(whole.replace(*made_by).replace(given, "  lots: {days: 28}\n"))
    lots, found = made(own), settled(own, load().view()).lots
    assert found.failure == 1 - lots.released_fraction
    assert found.doses == int(np.median(lots.doses[lots.released]))
    named = settled(parse(whole.replace(*made_by)), load().view()).lots
    assert (named.doses, named.failure) == (10, 0.1)


def test_a_dose_that_no_lot_fills_is_refused():
    with pytest.raises(SpecError, match="is released with a dose of 1e") as caught:
        parse(text(("dose: 1e7 cells/kg}", "dose: 1e10 cells/kg}")))
    assert caught.value.problems[0].where.endswith("product.process")


@pytest.mark.parametrize(
    ("change", "said", "do"),
    [
        (("process: cord_blood_mbil21", "process: cord_blod_mbil21"), "neither a built-in",
         "Did you mean 'cord_blood_mbil21'?"),
        (("process: cord_blood_mbil21", "process: ../p.yaml"), "beside the study", "Built in:"),
        (("process: cord_blood_mbil21", "process: nk92"), "'nk92' is of nk92, but 'source'", ""),
        (("process: cord_blood_mbil21", "process: carT_autologous"), "makes T cells", "NK cells"),
        (("delivery: retroviral", "delivery: lentiviral"), "'construct.delivery' is lentiviral",
         "Change one"),
        (("  source: cord_blood\n", "  source: cord_blood\n  memory_like_fraction: 0.5\n"),
         "sets the share of memory-like", "Leave"),
        (("seed: 1\n", "seed: 1\nnumbers: {vcn: 2 copies/cell}\n"), "comes from the process",
         "Leave it out"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_process_is_refused_with_its_line(change, said, do):
    with pytest.raises(SpecError) as caught:
        parse(text(change))
    (problem, *_) = [p for p in caught.value.problems if said in p.what]
    assert do in problem.do
    assert problem.where.startswith("study.yaml:")


def test_problems_of_a_process_file_stand_beside_those_of_the_study(tmp_path):
    (tmp_path / "own.yaml").write_text("process: own\nsteps: []\n", encoding="utf-8")
    (tmp_path / "study.yaml").write_text(
        text(("process: cord_blood_mbil21", "process: own.yaml"), ("seed: 1", "seed: -1")),
        encoding="utf-8",
    )
    with pytest.raises(SpecError) as caught:
        read(tmp_path / "study.yaml")
    places = [problem.where for problem in caught.value.problems]
    assert any(place.startswith("own.yaml:") for place in places)
    assert any(place.startswith("study.yaml:") and "seed" in place for place in places)


def test_a_number_of_making_is_none_that_a_study_gives():
    with pytest.raises(SpecError, match="is not the id of a number that a study reads"):
        parse(text(("seed: 1\n", "seed: 1\nnumbers: {plan_shelf_days: 30 day}\n")))


def _with_file(tmp_path: Path) -> Path:
    """A study folder with a process file of its own."""
    built_in = Path(making.__file__).parent / "built_in" / "cord_blood_mbil21.yaml"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "own.yaml").write_text(built_in.read_text("utf-8"), encoding="utf-8")
    (tmp_path / "mine" / "study.yaml").write_text(
        text(("process: cord_blood_mbil21", "process: own.yaml")), encoding="utf-8"
    )
    return tmp_path / "mine" / "study.yaml"


def test_a_run_keeps_its_process_file_and_the_same_bytes_whatever_the_chunk(tmp_path):
    path = _with_file(tmp_path)
    study = read(path, patients=30)
    folders = [tmp_path / "one", tmp_path / "two"]
    run_to_folder(path, study, folders[0], chunk=30)
    run_to_folder(path, study, folders[1], chunk=7, jobs=2)
    for name in ("outcomes.csv", "patients.parquet", "numbers.csv", "own.yaml"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name
    assert study_of(folders[0]) == study
    table = pl.read_parquet(folders[0] / "patients.parquet")
    assert table["lot"].to_list() == lot_numbers(study, np.arange(30)).tolist()


def test_a_run_cannot_go_on_with_another_process_file(tmp_path):
    path = _with_file(tmp_path)
    run_to_folder(path, read(path, patients=10), tmp_path / "out")
    own = path.parent / "own.yaml"
    own.write_text(own.read_text("utf-8") + "# changed\n", encoding="utf-8")
    with pytest.raises(SpecError, match="process"):
        run_to_folder(path, read(path, patients=10), tmp_path / "out", there="resume")


def test_a_study_without_a_process_is_as_it_was():
    study = read("liu2020", patients=50)
    drawn = cohort(study, 50)
    assert study.product.process is None
    assert "lot" not in drawn.drawn
