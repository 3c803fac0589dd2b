"""Bars and aims: what a validation is held to, stated in one table with the reason of each."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import isfinite, nan
from pathlib import Path

from ..base import Problem, SpecError, did_you_mean, read_text
from ..evidence.results import CLASSES
from ..kinetics.comparators import COMPARATORS
from ..library import load, table
from ..study.comparators import compared, typical
from .heldout import PRIMARY
from .persistence import Ends, both_ends
from .validation import EFFICACY, Checked

LARGEST_BYTES = 1_000_000
HEAD = ["name", "evidence_class", "kind", "least", "most", "why"]


@dataclass(frozen=True)
class Bar:
    """A measure and where it has to lie; kind 'bar' decides the exit code, 'aim' is reported."""

    name: str
    evidence_class: str
    kind: str
    least: float | None
    most: float | None
    why: str


@dataclass(frozen=True)
class Verdict:
    """A bar with what was measured; None where the rows it needs were not asked for."""

    bar: Bar
    measured: float | None

    @property
    def holds(self) -> bool | None:
        """Whether it is met; None where nothing was measured."""
        if self.measured is None:
            return None
        low = self.bar.least is None or self.measured >= self.bar.least
        return low and (self.bar.most is None or self.measured <= self.bar.most)

    @property
    def fails(self) -> bool:
        """Whether it is a bar that is not met."""
        return self.bar.kind == "bar" and self.holds is False


def judged(rows: list[Checked], bars: tuple[Bar, ...]) -> list[Verdict]:
    """Measure every bar on the checked rows of its class; only figures that were read count."""
    read = [row for row in rows if row.published.observed.checked == "read"]
    by_class = {kind: [row for row in read if row.published.evidence_class == kind]
                for kind in CLASSES}  # fmt: skip
    return [Verdict(bar, MEASURES[bar.name](by_class[bar.evidence_class])) for bar in bars]


def stated() -> tuple[Bar, ...]:
    """The bars and aims of the library."""
    return tuple(Bar(**row) for row in table("validation_bars").to_dicts())


def read_bars(path: Path) -> tuple[Bar, ...]:
    """Read bars of one's own, CSV with the columns HEAD; SpecError with all problems."""
    rows = list(csv.reader(io.StringIO(read_text(path, LARGEST_BYTES), newline="")))
    if len(rows) < 2 or rows[0] != HEAD:
        what = f"this is not a table with a row of {', '.join(HEAD)} and rows under it"
        raise SpecError(Problem(path.name, what))
    problems: list[Problem] = []
    bars = []
    for line, row in enumerate(rows[1:], start=2):
        where = f"{path.name}:{line}"
        if len(row) != len(HEAD):
            problems.append(Problem(where, f"there are {len(row)} cells, but {len(HEAD)} columns"))
            continue
        for column, cell, known in zip(HEAD, row, CHOICES):
            if cell not in known:
                do = did_you_mean(cell, known) or f"There are {', '.join(known)}."
                problems.append(Problem(f"{where}: {column}", f"'{cell}' is not known", do))
        least, most = (_end(f"{where}: {HEAD[i]}", row[i], problems) for i in (3, 4))
        if not row[3] and not row[4]:
            problems.append(Problem(where, "there is neither a least nor a largest value"))
        bars.append(Bar(row[0], row[1], row[2], least, most, row[5]))
    if problems:
        raise SpecError(problems, path.name)
    return tuple(bars)


def _end(where: str, cell: str, problems: list[Problem]) -> float | None:
    try:
        value = float(cell) if cell else None
    except ValueError:
        value = nan
    if value is not None and not isfinite(value):
        problems.append(Problem(where, f"'{cell}' is not a number"))
    return value


def _share(flags: list[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None


def _counts(rows: list[Checked], role: str, outcomes: tuple[str, ...] = ()) -> list[Checked]:
    return [
        row for row in rows
        if row.published.role == role and row.published.observed.events is not None
        and (not outcomes or row.published.outcome in outcomes)
    ]  # fmt: skip


def _over_null(rows: list[Checked]) -> float | None:
    """Total log score of the main outcomes less the null's."""
    scores = [
        row.log_score - row.log_score_null
        for row in _counts(rows, "held out")
        if PRIMARY.get(row.published.study) == row.published.outcome
        and row.log_score is not None
        and row.log_score_null is not None
    ]
    return sum(scores) if scores else None


@cache
def _ends() -> list[Ends]:
    return both_ends()


def _over_limit(rows: list[Checked], end: int, study: str) -> float | None:
    """Median copies per ug over the limit of quantification; None if the study is left out."""
    if study not in {row.published.study for row in rows}:
        return None
    return _ends()[end].copies / _ends()[end].limit


def _inside(rows: list[Checked]) -> float | None:
    return _share([bool(row.inside) for row in rows])


def _overlapping(rows: list[Checked]) -> float | None:
    return _share([bool(row.overlap) for row in rows])


@cache
def _comparators() -> float:
    """Largest relative difference of the published models' figures from their equations'."""
    view = load().view()
    rows = [row for each in COMPARATORS.values() for row in compared(each, typical(each, view))]
    return max(abs(row.difference) for row in rows if row.difference is not None)


MEASURES: dict[str, Callable[[list[Checked]], float | None]] = {
    "calibration_overlap": lambda rows: _overlapping(_counts(rows, "calibration")),
    "held_out_inside": lambda rows: _inside(_counts(rows, "held out")),
    "held_out_efficacy_inside": lambda rows: _inside(_counts(rows, "held out", EFFICACY)),
    "held_out_overlap": lambda rows: _overlapping(_counts(rows, "held out")),
    "log_score_over_null": _over_null,
    "ipsc_day_15_over_limit": lambda rows: _over_limit(rows, 0, "ft596"),
    "cord_day_365_over_limit": lambda rows: _over_limit(rows, 2, "liu2020"),
    "comparators_error": lambda rows: _comparators() if rows else None,
}
CHOICES = (tuple(MEASURES), CLASSES, ("bar", "aim"))  # of the first columns of HEAD
WORDS = {
    "calibration_overlap": "calibration counts whose intervals meet the predicted ones",
    "held_out_inside": "held-out counts inside the 95 % of trials",
    "held_out_efficacy_inside": "held-out counts of response and PFS inside it",
    "held_out_overlap": "held-out counts whose intervals meet the predicted ones",
    "log_score_over_null": "log score of main held-out outcomes, less the null's",
    "ipsc_day_15_over_limit": "FT596 on day 15, median over the limit of quantification",
    "cord_day_365_over_limit": "cord product on day 365, median over the same limit",
    "comparators_error": "largest error of published models' figures",
}
