"""How many clean rooms, how much stock and how many runs a demand needs at a service level.

The simplest plan is looked for: the fewest rooms that keep up with the demand, then the smallest
stock with which enough patients find a dose on the shelf on the day that they need it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, floor, sqrt
from typing import Any

import numpy as np

from ..base import Problem, SpecError
from ..library import View
from .lots import Lots
from .plan_floor import Course, Demand, Floats, LotTable, Plant, course, opening_days
from .process import Process

SIMULATED = 2000  # runs from which those of the plan are drawn
TRIED = 60  # replicates of each stock that is tried
MORE_ROOMS = 2  # shown beside the fewest, for what a room is worth
MOST_ROOMS = 200
LIKELY = 25  # plants tried, for the time left
MONTH = 365.25 / 12  # days
BATCH = 10  # replicates handed to a worker at once
Progress = Callable[[int, int], None]
Map = Callable[[Callable[[Any], Any], list[Any]], Iterator[Any]]


def lot_table(lots: Lots) -> LotTable:
    """The simulated runs of a process as a plan takes them."""
    return LotTable(
        np.asarray(lots.doses_released, dtype=np.int64),
        np.asarray(lots.culture_days, dtype=float),
        np.maximum(np.asarray(lots.days - lots.culture_days, dtype=float), 0.0),
        lots.process.autologous,
    )


def plant_of(process: Process, view: View, bank: int | None = None) -> Plant:
    """A plant without rooms or stock as yet, with the library's numbers for the process's source.

    bank: units of start cells instead of the library's number.
    """
    source = process.source
    units, days = 0, 0.0
    if not process.autologous:
        units = bank or int(view[f"plan_bank_{source}"])
        days = view[f"plan_bank_days_{source}"]
    return Plant(0, 0, units, days, view["plan_cleaning_days"], view["plan_shelf_days"])


@dataclass(frozen=True)
class Outcome:
    """A plant under its demand over all replicates; arrays have one entry per replicate."""

    plant: Plant
    courses: tuple[Course, ...]

    def each(self, name: str) -> Floats:
        """One count of every replicate."""
        return np.array([getattr(each, name) for each in self.courses], dtype=float)

    @property
    def service(self) -> float:
        """Share of all patients who were served at once."""
        return float(self.each("at_once").sum() / max(self.each("orders").sum(), 1.0))

    @property
    def services(self) -> Floats:
        """The same of every replicate that had patients."""
        orders = self.each("orders")
        return np.asarray(self.each("at_once")[orders > 0] / orders[orders > 0])

    @property
    def waits(self) -> Floats:
        """Days of all who waited and were served, over all replicates."""
        return np.concatenate([np.array(each.waits, dtype=float) for each in self.courses])


def needed_rooms(lots: LotTable, demand: Demand, plant: Plant) -> int:
    """Fewest clean rooms whose runs yield more doses than are asked for, if none expires."""
    runs_per_day = demand.per_day / lots.doses_per_run
    return floor(runs_per_day * (float(lots.room_days.mean()) + plant.cleaning_days)) + 1


def needed_bank(lots: LotTable, demand: Demand, plant: Plant) -> int:
    """Fewest units of start cells with which the bank keeps up."""
    return floor(demand.per_day / lots.doses_per_run * plant.bank_days) + 1


def refused(
    lots: LotTable, demand: Demand, plant: Plant, rooms: int | None = None
) -> list[Problem]:
    """Why no plant, or not one with so many rooms, can meet the demand."""
    if not lots.doses.any():
        do = "Look at the release tests with: carnk make."
        return [Problem("process", "none of its simulated lots yields a full dose", do)]
    least, problems = needed_rooms(lots, demand, plant), []
    per_month = demand.per_day * MONTH
    asked = (
        f"{per_month:,.3g} patients a month need {least:,} clean room{'s'[: least > 1]} or more "
        f"({lots.doses_per_run:,.3g} doses a run, failed runs included)"
    )
    if rooms is not None and rooms < least:
        problems.append(Problem("--slots", f"{asked}, not {rooms}", f"Give {least:,} or more."))
    elif least > MOST_ROOMS:
        do = f"No plant here has more than {MOST_ROOMS}: ask for less, or choose another process."
        problems.append(Problem("--demand", asked, do))
    units = needed_bank(lots, demand, plant)
    if not lots.made_to_order and units > plant.bank:
        what = (
            f"the bank holds {plant.bank} units of start cells, each replaced in "
            f"{plant.bank_days:g} days, and {per_month:,.3g} patients a month need {units:,}"
        )
        problems.append(Problem("--bank", what, f"Give {units:,} or more, or ask for less."))
    return problems


@dataclass(frozen=True)
class Plan:
    """What was chosen, with all replicates, and what other numbers of rooms would need."""

    chosen: Outcome
    others: tuple[Outcome, ...]  # fewer replicates; the first has the chosen number of rooms
    reached: bool


@dataclass
class Search:
    """Simulates plants for one process and one demand, and looks for the smallest that serves."""

    lots: LotTable
    demand: Demand
    service: float
    seed: int
    spread: Map
    progress: Progress
    done: int = 0

    def outcome(self, plant: Plant, replicates: int) -> Outcome:
        """The plant over so many replicates, the same ones whatever the plant."""
        spans = [range(i, min(i + BATCH, replicates)) for i in range(0, replicates, BATCH)]
        task = partial(_courses, self.lots, plant, self.demand, self.seed)
        found: list[Course] = []
        for part in self.spread(task, spans):
            found += part
            self.done += len(part)
            self.progress(self.done, max(self.done, replicates + LIKELY * TRIED))
        return Outcome(plant, tuple(found))

    def smallest_stock(self, plant: Plant, start: int = 0) -> Outcome | None:
        """The plant with the smallest stock that reaches the service level; None if none does.

        start: the stock to try first.
        """
        if self.lots.made_to_order:
            found = self.outcome(replace(plant, stock=0), TRIED)
            return found if found.service >= self.service else None
        most = self.most_stock(plant)
        low, high = 0, min(most, start or self.guess())
        while (best := self.outcome(replace(plant, stock=high), TRIED)).service < self.service:
            if high >= most:
                return None
            low, high = high, min(2 * high, most)
        while high - low > max(1, high // 25):
            middle = (low + high) // 2
            found = self.outcome(replace(plant, stock=middle), TRIED)
            if found.service >= self.service:
                high, best = middle, found
            else:
                low = middle
        return best

    def guess(self) -> int:
        """A stock that covers the demand from the start of one run to the release of the next."""
        cycle = float(self.lots.room_days.mean() + self.lots.test_days.mean())
        mean = self.demand.per_day * cycle
        return ceil(mean + 2 * sqrt(mean) + self.lots.doses_per_run / 2) + 1

    def most_stock(self, plant: Plant) -> int:
        """More would be given away unused, or be more than the whole horizon asks for."""
        asked = self.demand.per_day * min(plant.shelf_days, self.demand.days)
        return ceil(asked + 3 * sqrt(asked)) + int(self.lots.doses.max())


def plan(search: Search, plant: Plant, replicates: int, rooms: int | None = None) -> Plan:
    """The fewest rooms and the smallest stock that reach the service level, or what comes nearest.

    rooms: how many there are, where that is not asked. The plant's own rooms and stock are not
    read. Raises SpecError where no plant can meet the demand.
    """
    lots, demand = search.lots, search.demand
    if problems := refused(lots, demand, plant, rooms):
        raise SpecError(problems)
    least = rooms or needed_rooms(lots, demand, plant)
    most_more = 4 * ceil(sqrt(least)) + 5 if lots.made_to_order else 3
    found: list[Outcome] = []
    for count in range(least, least + 1 if rooms else MOST_ROOMS + 1):
        start = found[-1].plant.stock if found else 0
        best = search.smallest_stock(replace(plant, slots=count), start)
        found += [best] if best else []
        if len(found) > MORE_ROOMS or (count >= least + most_more and not found):
            break
    if not found:
        stock = search.most_stock(plant) if not lots.made_to_order else 0
        nearest = search.outcome(replace(plant, slots=count, stock=stock), replicates)
        return Plan(nearest, (), False)
    return _confirmed(search, found, replicates, rooms is not None)


def _confirmed(search: Search, found: list[Outcome], replicates: int, fixed: bool) -> Plan:
    """The chosen plant with all replicates, and more of what it lacks until they reach the level.

    fixed: whether the number of rooms is given.
    """
    best, most = search.outcome(found[0].plant, replicates), search.most_stock(found[0].plant)
    while best.service < search.service:
        plant = best.plant
        if search.lots.made_to_order and not fixed and plant.slots < MOST_ROOMS:
            larger = replace(plant, slots=plant.slots + 1)
        elif not search.lots.made_to_order and plant.stock < most:
            larger = replace(plant, stock=min(most, plant.stock + max(1, plant.stock // 25)))
        else:
            break
        best = search.outcome(larger, replicates)
    return Plan(best, tuple(found), best.service >= search.service)


def _courses(lots: LotTable, plant: Plant, demand: Demand, seed: int, span: range) -> list[Course]:
    return [course(lots, plant, demand, seed, i) for i in span]


def summary(found: Plan, search: Search) -> dict[str, Any]:
    """The plan in plain words and numbers; counts are means over the courses of the horizon."""
    best, demand, lots = found.chosen, search.demand, search.lots
    plant, waits = best.plant, best.waits
    opening = opening_days(lots, plant)
    runs = best.each("runs")
    in_use = best.each("room_days").mean() / (plant.slots * (opening + demand.days))
    return {
        "patients_per_month": demand.per_day * MONTH,
        "months": demand.days / MONTH,
        "service_asked": search.service,
        "made_to_order": lots.made_to_order,
        "rooms": plant.slots,
        "stock": plant.stock,
        "opening_days": opening,
        "service": best.service,
        "service_range": np.percentile(best.services, (5, 95)).tolist(),
        "doses_per_run": lots.doses_per_run,
        "runs": {
            "mean": float(runs.mean()),
            "low": float(np.percentile(runs, 5)),
            "high": float(np.percentile(runs, 95)),
            "before_opening": float(best.each("runs_before").mean()),
            "failed": float(best.each("failed").mean()),
        },
        "rooms_in_use": float(in_use),
        "doses": {
            "released": float(best.each("released").mean()),
            "given": float(best.each("given").mean()),
            "expired": float(best.each("expired").mean()),
            "left": float(best.each("left").mean()),
        },
        "stock_outs": float(best.each("stock_outs").mean()),
        "waiting": {
            "patients": float((best.each("orders") - best.each("at_once")).mean()),
            "mean_days": float(waits.mean()) if waits.size else 0.0,
            "days_95": float(np.percentile(waits, 95)) if waits.size else 0.0,
            "still_waiting": float((best.each("orders") - best.each("given")).mean()),
        },
        "bank": {"units": plant.bank, "days": plant.bank_days},
        "replicates": len(best.courses),
        "others": [
            {
                "rooms": each.plant.slots,
                "stock": each.plant.stock,
                "service": each.service,
                "runs": float(each.each("runs").mean()),
                "replicates": len(each.courses),
            }
            for each in found.others
        ],
    }
