"""The plant in SimPy: clean rooms, start cells, runs, tests, a stock that ages, and patients.

One replicate is one possible course of the plan. Its orders and the fates of its runs come from
streams of their own, so that plants are compared on the same luck.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..base.streams import stream

if TYPE_CHECKING:
    from simpy import Event

Floats: TypeAlias = NDArray[np.float64]
Steps: TypeAlias = "Generator[Event, Any, None]"


@dataclass(frozen=True)
class LotTable:
    """What runs of one process come to; arrays have one row per simulated run.

    doses: full doses of the run, 0 where it is not released; room_days: in a clean room, the
    culture and the fill; test_days: from the fill to release. made_to_order: the start cells are
    the patient's own, and so is the lot.
    """

    doses: NDArray[np.int64]
    room_days: Floats
    test_days: Floats
    made_to_order: bool = False

    @property
    def doses_per_run(self) -> float:
        """Mean over all runs, failed ones included."""
        return float(self.doses.mean())


@dataclass(frozen=True)
class Plant:
    """Clean rooms, rules of stock and start cells.

    slots: clean rooms, one run in each; stock: doses at which no further run is started, counting
    those on the shelf that outlive a run started now and those expected of runs under way, less
    patients who wait.

    bank: units of start cells at hand, each good for one run and replaced bank_days after it was
    taken; shelf_days: a frozen dose may be given for so long after release.
    """

    slots: int
    stock: int
    bank: int
    bank_days: float
    cleaning_days: float
    shelf_days: float


@dataclass(frozen=True)
class Demand:
    """Orders come one by one, at random (Poisson), from day 0 to the end of the horizon."""

    per_day: float
    days: float


@dataclass
class Course:
    """What one replicate came to; patients are counted from day 0, runs from the first one."""

    orders: int = 0
    at_once: int = 0
    waits: list[float] = field(default_factory=list)  # days, of those who waited and were served
    stock_outs: int = 0  # times that the shelf ran empty with a patient asking
    runs: int = 0
    runs_before: int = 0  # of these, started before the first patient
    failed: int = 0
    released: int = 0  # doses
    given: int = 0  # doses
    expired: int = 0  # doses
    left: int = 0  # doses on the shelf at the end
    room_days: float = 0.0


def opening_days(lots: LotTable, plant: Plant) -> float:
    """Days that the plant runs before the first patient: long enough to fill the shelf once."""
    if lots.made_to_order:
        return 0.0
    rounds = np.ceil(plant.stock / max(lots.doses_per_run * plant.slots, 1e-9)) + 1
    cycle = lots.room_days.mean() + plant.cleaning_days
    return float(rounds * cycle + lots.test_days.mean())


def course(lots: LotTable, plant: Plant, demand: Demand, seed: int, replicate: int) -> Course:
    """One replicate; the same seed and number give the same course."""
    floor = (_ToOrder if lots.made_to_order else _ForStock)(lots, plant, seed, replicate)
    floor.run(_gaps(demand, seed, replicate), demand.days)
    return floor.seen


def _gaps(demand: Demand, seed: int, replicate: int) -> list[float]:
    """Days from one order to the next, until the horizon is passed."""
    chance = stream(seed, replicate, "plan orders")
    gaps: list[float] = []
    size = int(1.2 * demand.per_day * demand.days) + 50
    while sum(gaps) < demand.days:
        gaps += chance.exponential(1 / demand.per_day, size).tolist()
    return gaps


class _Runs:
    """The fates of one replicate's runs, in the order in which they start."""

    def __init__(self, lots: LotTable, seed: int, replicate: int) -> None:
        self.lots, self.chance = lots, stream(seed, replicate, "plan runs")
        self.drawn: deque[int] = deque()

    def next(self) -> tuple[int, float, float]:
        """(doses, days in the room, days of tests) of the next run."""
        if not self.drawn:
            self.drawn.extend(self.chance.integers(self.lots.doses.size, size=100).tolist())
        row = self.drawn.popleft()
        lots = self.lots
        return int(lots.doses[row]), float(lots.room_days[row]), float(lots.test_days[row])


class _Floor:
    """Free clean rooms, the fates of runs, and SimPy's clock."""

    def __init__(self, lots: LotTable, plant: Plant, seed: int, replicate: int) -> None:
        from simpy import Environment

        self.plant, self.seen = plant, Course()
        self.runs, self.expected = _Runs(lots, seed, replicate), lots.doses_per_run
        self.opening = opening_days(lots, plant)
        self.env = Environment()
        self.free = plant.slots

    def run(self, gaps: list[float], days: float) -> None:
        """The whole course."""
        self.env.process(self.patients(gaps))
        self.wake()
        self.env.run(self.opening + days)

    def patients(self, gaps: list[float]) -> Steps:
        """One patient after another, from the opening on."""
        yield self.env.timeout(self.opening)
        for gap in gaps:
            yield self.env.timeout(gap)
            self.seen.orders += 1
            self.patient()
            self.wake()

    def later(self, days: float, act: Callable[[], None]) -> None:
        """Do something after some days, and then look whether a run should start."""

        def happen(event: Event) -> None:
            act()
            self.wake()

        event = self.env.timeout(days)
        assert event.callbacks is not None
        event.callbacks.append(happen)

    def start(self, tested: Callable[[int], None]) -> None:
        """Take a room for a run; `tested` gets its doses on the day of release."""
        doses, room_days, test_days = self.runs.next()
        self.free -= 1
        self.seen.runs += 1
        self.seen.runs_before += self.env.now < self.opening
        self.seen.room_days += room_days + self.plant.cleaning_days
        self.later(room_days + self.plant.cleaning_days, self.empty_room)
        self.later(room_days + test_days, partial(self.end, doses, tested))

    def empty_room(self) -> None:
        self.free += 1

    def end(self, doses: int, tested: Callable[[int], None]) -> None:
        """Count a run that is released or not."""
        self.seen.failed += doses == 0
        self.seen.released += doses
        tested(doses)

    def patient(self) -> None:
        raise NotImplementedError

    def wake(self) -> None:
        raise NotImplementedError


@dataclass
class _Shelved:
    """What is left of a lot on the shelf."""

    doses: int
    is_aging: bool = False


class _ForStock(_Floor):
    """Lots of many doses go on a shelf; the oldest dose is given first."""

    def __init__(self, lots: LotTable, plant: Plant, seed: int, replicate: int) -> None:
        super().__init__(lots, plant, seed, replicate)
        self.shelf: deque[_Shelved] = deque()  # the oldest lot first
        self.fresh_days = max(plant.shelf_days - float((lots.room_days + lots.test_days).mean()), 0)
        self.units, self.here, self.aging, self.underway = plant.bank, 0, 0, 0.0
        self.waiting: deque[float] = deque()  # the days on which patients asked
        self.was_empty = False

    def run(self, gaps: list[float], days: float) -> None:
        super().run(gaps, days)
        self.seen.left = self.here

    def wake(self) -> None:
        """Start runs while doses are short, a room is free and start cells are there."""
        while self.free and self.units and self.is_short():
            self.underway += self.expected
            self.units -= 1
            self.later(self.plant.bank_days, self.add_unit)
            self.start(self.put)

    def is_short(self) -> bool:
        good = self.here - self.aging + self.underway
        return good - len(self.waiting) < self.plant.stock

    def add_unit(self) -> None:
        self.units += 1

    def put(self, doses: int) -> None:
        """Put a lot on the shelf for those who wait, and for others until it expires."""
        self.underway -= self.expected
        if not doses:
            return
        lot = _Shelved(doses)
        self.shelf.append(lot)
        self.here += doses
        while self.waiting and self.here:
            self.seen.waits.append(self.env.now - self.waiting.popleft())
            self.take()
        self.later(self.fresh_days, partial(self.age, lot))
        self.later(self.plant.shelf_days, partial(self.expire, lot))

    def age(self, lot: _Shelved) -> None:
        """What is left now expires before a run started now is released."""
        lot.is_aging = True
        self.aging += lot.doses

    def expire(self, lot: _Shelved) -> None:
        self.seen.expired += lot.doses
        self.here -= lot.doses
        self.aging -= lot.doses
        lot.doses = 0

    def take(self) -> None:
        """Give a dose of the oldest lot."""
        while not self.shelf[0].doses:
            self.shelf.popleft()
        oldest = self.shelf[0]
        oldest.doses -= 1
        self.here -= 1
        self.aging -= oldest.is_aging
        self.seen.given += 1

    def patient(self) -> None:
        """Take the oldest dose, or wait in turn for the next lot."""
        is_empty = self.here == 0
        if is_empty:
            self.waiting.append(self.env.now)
        else:
            self.seen.at_once += 1
            self.take()
        self.seen.stock_outs += is_empty and not self.was_empty
        self.was_empty = is_empty


class _ToOrder(_Floor):
    """Each patient's own cells are the start; a lot that fails is started again."""

    def __init__(self, lots: LotTable, plant: Plant, seed: int, replicate: int) -> None:
        super().__init__(lots, plant, seed, replicate)
        self.waiting: deque[float] = deque()  # for a room: the days on which they asked

    def wake(self) -> None:
        while self.free and self.waiting:
            self.start(partial(self.hand_over, self.waiting.popleft()))

    def patient(self) -> None:
        """Have a run started; at once means that a room is free."""
        self.seen.at_once += self.free > 0
        self.waiting.append(self.env.now)

    def hand_over(self, asked: float, doses: int) -> None:
        if not doses:
            self.waiting.append(asked)
            return
        self.seen.given += 1
        self.seen.waits.append(self.env.now - asked)
