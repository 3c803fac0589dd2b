"""The search for rooms and stock, what it refuses, and the command."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import poisson
from typer.testing import CliRunner

from carnk.base import SpecError
from carnk.cli.app import app
from carnk.library import load
from carnk.making import make, read
from carnk.making.plan import (
    Search,
    lot_table,
    needed_bank,
    needed_rooms,
    plan,
    plant_of,
    refused,
    summary,
)
from carnk.making.plan_floor import Demand, LotTable, Plant

SINGLE = LotTable(np.ones(10, int), np.full(10, 16.0), np.full(10, 14.0))
PLANT = Plant(0, 0, bank=500, bank_days=1.0, cleaning_days=2.0, shelf_days=1e5)
DEMAND = Demand(20 / 30.4375, 730.5)
RUN = CliRunner()


def search(lots=SINGLE, demand=DEMAND, service=0.95, seed=1, spread=map):
    return Search(lots, demand, service, seed, spread, lambda done, of: None)


def backward(task, items):
    """Another order of work, results in the order of items, as workers give them."""
    return reversed([task(item) for item in reversed(items)])


def carnk(*words):
    return RUN.invoke(app, ["make", "plan", *words])


def test_fewest_rooms_are_little_s_law_and_one():
    """Rooms in use on average are runs a day times days a run."""
    lots = replace(SINGLE, doses=np.array([0, 4]), room_days=np.array([16.0, 18.0]))
    assert needed_rooms(lots, Demand(1.0, 100.0), PLANT) == int(0.5 * 19) + 1
    assert needed_bank(lots, Demand(1.0, 100.0), replace(PLANT, bank_days=28.0)) == 15


def test_with_rooms_enough_the_stock_is_the_newsvendor_s():
    """Single doses, one for one: the least stock with P(Poisson(rate x lead) < stock) >= 95 %."""
    found = plan(search(), PLANT, 300, rooms=80)
    exact = poisson.ppf(0.95, DEMAND.per_day * 30.0) + 1
    assert found.reached
    assert found.chosen.plant.stock == pytest.approx(exact, abs=2)


def test_the_plan_reaches_the_service_with_all_its_courses():
    lots = LotTable(np.array([0, 20, 30, 25]), np.full(4, 16.0), np.full(4, 14.0))
    found = plan(search(lots), PLANT, 200)
    assert found.chosen.service >= 0.95
    assert found.chosen.plant.slots == needed_rooms(lots, DEMAND, PLANT) == 1
    stocks = [each.plant.stock for each in found.others]
    assert stocks == sorted(stocks, reverse=True)
    better = plan(search(lots, service=0.99), PLANT, 200)
    assert better.chosen.plant.stock > found.chosen.plant.stock


def test_the_same_whoever_works_and_in_which_order():
    lots = LotTable(np.array([0, 20, 30]), np.full(3, 16.0), np.full(3, 14.0))
    one, other = search(lots), search(lots, spread=backward)
    assert summary(plan(one, PLANT, 60), one) == summary(plan(other, PLANT, 60), other)


def test_what_no_plant_meets_says_how_many_rooms_it_takes():
    problems = refused(SINGLE, Demand(100.0, 100.0), PLANT)
    assert [p.where for p in problems] == ["--demand"]
    assert "need 1,801 clean rooms or more" in problems[0].what
    two = refused(SINGLE, Demand(100.0, 100.0), replace(PLANT, bank_days=30.0), rooms=2)
    assert [p.where for p in two] == ["--slots", "--bank"]
    assert "3,001" in two[1].what
    none = refused(replace(SINGLE, doses=np.zeros(10, int)), DEMAND, PLANT)
    assert "none of its simulated lots" in none[0].what
    with pytest.raises(SpecError):
        plan(search(demand=Demand(100.0, 100.0)), PLANT, 20)


def test_a_shelf_life_too_short_is_said_and_not_hidden():
    lots = LotTable(np.array([20]), np.array([16.0]), np.array([14.0]))
    found = plan(search(lots), replace(PLANT, shelf_days=3.0), 20, rooms=1)
    assert not found.reached
    assert found.chosen.service < 0.95


def test_a_lot_table_is_that_of_the_process():
    lots = make(read("carT_autologous"), 50, 1)
    table = lot_table(lots)
    assert table.made_to_order
    assert np.array_equal(table.doses, np.where(lots.released, lots.doses, 0))
    assert np.allclose(table.room_days + table.test_days, lots.days)
    view = load().view()
    assert plant_of(lots.process, view).bank == 0
    assert plant_of(read("nk92"), view, bank=7).bank == 7
    assert plant_of(read("nk92"), view).bank == view["plan_bank_nk92"]


def test_every_built_in_process_has_a_bank():
    from carnk.making import built_in

    for name in built_in():
        plant = plant_of(read(name), load().view())
        assert plant.bank > 0 or read(name).autologous


WORDS = ("--demand", "4/month", "--process", "nk92", "--horizon", "6 months", "--replicates", "20")


def test_the_command_prints_a_plan_that_fits_and_writes_the_same_as_json(tmp_path):
    out = tmp_path / "plan.json"
    shown = carnk(*WORDS, "--out", str(out))
    assert shown.exit_code == 0, shown.output
    assert max(map(len, shown.output.splitlines())) <= 100
    for said in ("clean room", "served on the day", "stock-outs", "expired", "Assumed"):
        assert said in shown.output
    told = json.loads(out.read_text())
    assert told["service"] >= told["service_asked"] == 0.95
    assert told["months"] == pytest.approx(6)
    assert told == json.loads(carnk(*WORDS, "--json").output)
    again = tmp_path / "again.json"
    assert carnk(*WORDS, "--jobs", "2", "--out", str(again)).exit_code == 0
    assert again.read_bytes() == out.read_bytes()


def test_a_service_out_of_reach_is_refused_and_nothing_written(tmp_path):
    """With the rooms full of runs hardly any patient finds one free."""
    words = ("--demand", "8/month", "--process", "carT_autologous", "--slots", "5")
    wrong = carnk(*words, "--replicates", "20", "--out", str(tmp_path / "plan.json"))
    assert isinstance(wrong.exception, SpecError)
    assert "0.95 cannot be reached" in str(wrong.exception)
    assert list(tmp_path.iterdir()) == []


def test_made_to_order_is_planned_by_rooms_alone():
    shown = carnk("--demand", "4/month", "--process", "carT_autologous", "--replicates", "20")
    assert shown.exit_code == 0, shown.output
    assert "every patient's lot is made to order" in shown.output
    assert "order to released lot" in shown.output


def test_all_that_is_wrong_is_told_at_once():
    wrong = carnk(
        "--demand", "20 cells/month", "--dose", "1e7 cells/mL", "--service", "1.2", "--horizon",
        "0 months", "--process", "cord_blod_mbil21", "--slots", "0",
    )  # fmt: skip
    assert isinstance(wrong.exception, SpecError)
    assert wrong.exception.exit_code == 2
    told = {problem.where: problem for problem in wrong.exception.problems}
    assert set(told) == {"--demand", "--dose", "--service", "--horizon", "process", "--slots"}
    assert "cell concentration" in told["--dose"].what
    assert told["--demand"].do == "Write it as in '20/month'."
    assert "between 0 and 1" in told["--service"].what
    assert told["process"].do == "Did you mean 'cord_blood_mbil21'?"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--demand", "0/month", "no demand"),
        ("--demand", "-3/month", "no demand"),
        ("--demand", "twenty", "does not begin with a number"),
        ("--demand", "20", "no unit"),
        ("--service", "0", "not between 0 and 1"),
        ("--service", "1", "not between 0 and 1"),
        ("--service", "nan", "not a finite number"),
        ("--horizon", "24", "no unit"),
        ("--horizon", "300 years", "no time"),
        ("--dose", "1 cells/kg", "no dose"),
        ("--bank", "0", "cannot be"),
    ],
)
def test_bad_words_are_refused(option, value, said):
    words = {"--demand": "4/month", option: value}
    wrong = carnk(*(each for pair in words.items() for each in pair))
    assert isinstance(wrong.exception, SpecError)
    assert said in str(wrong.exception)


def test_a_demand_beyond_the_given_rooms_writes_nothing(tmp_path):
    out = tmp_path / "plan.json"
    wrong = carnk("--demand", "200/month", "--process", "nk92", "--slots", "1", "--out", str(out))
    assert "clean rooms or more" in str(wrong.exception)
    assert list(tmp_path.iterdir()) == []
