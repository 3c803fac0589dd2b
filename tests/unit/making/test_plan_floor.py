"""The plant in SimPy against the theory of inventories and queues, and its bookkeeping."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import poisson

from carnk.making.plan_floor import Demand, LotTable, Plant, course, opening_days

SINGLE = LotTable(np.ones(10, int), np.full(10, 16.0), np.full(10, 14.0))
PLANT = Plant(slots=60, stock=20, bank=500, bank_days=1.0, cleaning_days=0.0, shelf_days=1e5)


def outcomes(lots, plant, demand, count=40, seed=3):
    return [course(lots, plant, demand, seed, i) for i in range(count)]


def share(courses):
    return sum(c.at_once for c in courses) / sum(c.orders for c in courses)


@pytest.mark.parametrize("stock", [16, 20, 26])
def test_service_of_single_doses_is_that_of_palms_theorem(stock):
    """Lots of one dose ordered one for one: those under way are Poisson with the mean of a lead."""
    rate, lead = 20 / 30.4375, 30.0
    found = outcomes(SINGLE, replace(PLANT, stock=stock), Demand(rate, 2000.0))
    each = np.array([c.at_once / c.orders for c in found])
    error = each.std() / np.sqrt(len(each))
    assert share(found) == pytest.approx(poisson.cdf(stock - 1, rate * lead), abs=4 * error)
    assert error < 0.02


@pytest.mark.parametrize("load", [0.3, 0.7])
def test_one_room_made_to_order_is_the_queue_m_d_1(load):
    """A free room with the chance 1 - load; the wait of Pollaczek and Khinchine."""
    lots = replace(SINGLE, made_to_order=True)
    plant = replace(PLANT, slots=1, cleaning_days=4.0)
    found = outcomes(lots, plant, Demand(load / 20.0, 20_000.0))
    assert share(found) == pytest.approx(1 - load, abs=0.02)
    waits = np.concatenate([c.waits for c in found])
    assert waits.mean() == pytest.approx(30 + load * 20 / (2 * (1 - load)), rel=0.05)
    assert waits.min() == pytest.approx(30.0)


def test_orders_come_as_a_poisson_process():
    demand = Demand(20 / 30.4375, 730.5)
    orders = np.array([c.orders for c in outcomes(SINGLE, PLANT, demand, 200)])
    assert orders.mean() == pytest.approx(480, abs=4 * np.sqrt(480 / 200))
    assert orders.var() / orders.mean() == pytest.approx(1, abs=0.4)


@pytest.mark.parametrize("shelf", [40.0, 200.0, 1e5])
def test_every_released_dose_is_given_expired_or_left(shelf):
    lots = LotTable(np.array([0, 30, 45]), np.full(3, 16.0), np.full(3, 14.0))
    plant = replace(PLANT, slots=2, stock=40, shelf_days=shelf)
    for c in outcomes(lots, plant, Demand(0.6, 700.0), 20):
        assert c.released == c.given + c.expired + c.left
        assert c.given == c.at_once + len(c.waits) <= c.orders
        assert c.failed <= c.runs


def test_a_shorter_shelf_wastes_more_and_serves_fewer():
    lots = LotTable(np.array([30]), np.array([16.0]), np.array([14.0]))
    plants = [replace(PLANT, slots=2, stock=20, shelf_days=days) for days in (5.0, 90.0, 1e5)]
    found = [outcomes(lots, plant, Demand(0.3, 700.0)) for plant in plants]
    expired = [sum(c.expired for c in each) for each in found]
    assert expired[0] > expired[1] > expired[2] == 0
    assert share(found[0]) < share(found[2])


def test_oldest_doses_go_first_and_none_after_its_day():
    """One lot a shelf life: what is given of it is what was asked while it was good."""
    lots = LotTable(np.array([1000]), np.array([10.0]), np.array([5.0]))
    plant = Plant(1, 1, 1, 1e4, 0.0, 50.0)
    c = course(lots, plant, Demand(1.0, 200.0), 1, 0)
    opened = opening_days(lots, plant)
    assert c.runs == 1
    good = 15 + 50 - opened
    assert c.given == pytest.approx(good, abs=4 * np.sqrt(good))
    assert c.expired == 1000 - c.given


def test_runs_wait_for_start_cells():
    lots = LotTable(np.array([5]), np.array([10.0]), np.array([5.0]))
    plant = replace(PLANT, bank=3, bank_days=1e4, stock=1000)
    assert {c.runs for c in outcomes(lots, plant, Demand(1.0, 300.0), 5)} == {3}


def test_rooms_bound_the_runs():
    lots = LotTable(np.array([1]), np.array([10.0]), np.array([5.0]))
    plant = replace(PLANT, slots=2, stock=2, cleaning_days=2.0)
    c = course(lots, plant, Demand(10.0, 300.0), 1, 0)
    days = opening_days(lots, plant) + 300
    first = 2  # fill the shelf; the rooms are busy without a break once patients wait
    assert c.runs - first == pytest.approx(2 * (300 / 12), abs=2)
    assert c.room_days <= 2 * days + 2 * 12


def test_failed_lots_are_made_again_for_the_patient():
    lots = LotTable(np.array([0, 1]), np.full(2, 10.0), np.full(2, 5.0), made_to_order=True)
    found = outcomes(lots, replace(PLANT, slots=500), Demand(0.5, 2000.0), 20)
    waits = np.concatenate([c.waits for c in found])
    assert waits.mean() == pytest.approx(30.0, rel=0.05)
    assert set(np.round(waits) % 15) == {0.0}
    assert sum(c.failed for c in found) / sum(c.runs for c in found) == pytest.approx(0.5, abs=0.03)


def test_a_course_hangs_on_its_seed_and_number_alone():
    lots = LotTable(np.arange(20), np.full(20, 16.0), np.full(20, 14.0))
    demand = Demand(0.6, 300.0)
    alone = course(lots, PLANT, demand, 7, 4)
    assert course(lots, PLANT, demand, 7, 4) == alone
    assert course(lots, PLANT, demand, 8, 4) != alone
    assert course(lots, PLANT, demand, 7, 5) != alone
