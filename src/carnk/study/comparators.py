"""Published models with the library's numbers: typical courses, populations, three columns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..base import Problem, SolveError, SpecError, did_you_mean
from ..base.streams import standard_normals
from ..kinetics.comparators import COMPARATORS, Case, Comparator, Courses, simulate
from ..library import Number, View, table
from .fields import diseases
from .numbers import spread_out

Array = NDArray[np.float64]
WITHIN = 0.01  # of the value of the printed equations, which we answer for
CHUNK = 1000  # patients solved at once
MOST_PATIENTS = 20_000
PATIENTS = 1000  # unless asked otherwise
DRAWN = 160  # days of the bands, at most
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Compared:
    """One figure in three columns: in print, by the printed equations, ours.

    printed: as the paper has it, '' if it has none. equations: solved apart from carnk; None if the
    equations give none.
    """

    case: str
    figure: str
    title: str
    unit: str
    printed: str
    printed_at: str
    checked: str
    equations: float | None
    ours: float

    @property
    def difference(self) -> float | None:
        """Ours against the equations, as a part of theirs."""
        if self.equations is None:
            return None
        if self.equations == 0:
            return 0.0 if self.ours == 0 else np.inf
        return self.ours / self.equations - 1

    @property
    def holds(self) -> bool:
        """Whether ours is the equations' value within 1 %."""
        return self.difference is not None and abs(self.difference) <= WITHIN

    @property
    def against_print(self) -> float | None:
        """Ours against print, as a part of it; None where print has no single number."""
        try:
            return self.ours / float(self.printed) - 1
        except ValueError:
            return None


@dataclass(frozen=True)
class Population:
    """Patients who differ by the printed variances, each in every case of the paper.

    days: of the bands. bands: {(case, line): (quantiles, days)}. measured: the same for the 5 % and
    95 % of single measurements, where the paper has an error of measurement. figures: {(case,
    figure): (patients,)}. varied: {number: (patients,)}. failed: reasons by (case, patient).
    """

    days: Array
    bands: Mapping[tuple[str, str], Array]
    measured: Mapping[tuple[str, str], Array]
    figures: Mapping[tuple[str, str], Array]
    varied: Mapping[str, Array]
    failed: Mapping[tuple[str, int], str]

    @cached_property
    def patients(self) -> int:
        """How many patients there are, solved or not."""
        return next(iter(self.varied.values())).size


def find(name: str) -> Comparator:
    """The published model of a name; SpecError with the nearest if there is none."""
    if name not in COMPARATORS:
        do = did_you_mean(name, COMPARATORS) or f"There are {', '.join(COMPARATORS)}."
        raise SpecError(Problem("comparator", f"'{name}' is not a published model here", do))
    return COMPARATORS[name]


def numbers_of(comparator: Comparator, case: Case, view: View) -> dict[str, Number]:
    """The library's numbers of a case by the names that the equations have for them."""
    return {name: view.number(number_id) for name, number_id in comparator.ids(case).items()}


def case_of(comparator: Comparator, name: str) -> Case:
    """The case of a name, the first if it is empty; SpecError with the nearest if there is none."""
    named = {case.name: case for case in comparator.cases}
    if name and name not in named:
        what = f"'{name}' is not a case of {comparator.name}"
        do = did_you_mean(name, named) or f"Its cases: {', '.join(named)}."
        raise SpecError(Problem("--arm", what, do))
    return named[name] if name else comparator.cases[0]


def unfitted(comparator: Comparator, disease: str) -> str:
    """The warning for a disease that the model was never fitted to; '' where it was.

    Raises SpecError for a word that is no disease of the library.
    """
    if not disease or disease in comparator.diseases:
        return ""
    if disease not in diseases():
        do = did_you_mean(disease, diseases()) or f"There are {', '.join(diseases())}."
        raise SpecError(Problem("--disease", f"'{disease}' is not a disease of the library", do))
    return (
        f"{comparator.name} was never fitted to '{disease}': it was fitted to"
        f" {comparator.fitted_to}. Nothing in it changes with the disease: its courses are those"
        f" of {', '.join(comparator.diseases)} and say nothing about '{disease}'."
    )


def typical(comparator: Comparator, view: View) -> Courses:
    """Courses at the printed numbers, one row per case; SolveError if one cannot be solved."""
    cases = [numbers_of(comparator, case, view) for case in comparator.cases]
    numbers = {name: np.array([each[name].value for each in cases]) for name in cases[0]}
    courses = simulate(comparator, numbers, comparator.days)
    if courses.reasons:
        raise SolveError([Problem(comparator.name, why) for why in courses.reasons.values()])
    return courses


def compared(comparator: Comparator, courses: Courses) -> list[Compared]:
    """The figures of the library's table beside those of the typical courses."""
    rows = table("comparator_figures").filter(comparator=comparator.name).to_dicts()
    titles = {figure.name: figure for figure in comparator.figures}
    row_of = {case.name: i for i, case in enumerate(comparator.cases)}
    values = {name: figure.of(courses) for name, figure in titles.items()}
    return [
        Compared(
            case=row["case"],
            figure=row["figure"],
            title=titles[row["figure"]].title,
            unit=titles[row["figure"]].unit,
            printed=row["printed"] or "",
            printed_at=row["printed_at"] or "",
            checked=row["checked"] or "",
            equations=row["equations"],
            ours=float(values[row["figure"]][row_of[row["case"]]]),
        )
        for row in rows
    ]


def courses_table(comparator: Comparator, courses: Courses) -> pl.DataFrame:
    """Lines of every case over days, one column a line."""
    lines = {line.name: line.of(courses) for line in comparator.lines}
    frames = [
        pl.DataFrame(
            {"case": [case.name] * courses.days.size, "day": courses.days}
            | {name: values[i] for name, values in lines.items()}
        )
        for i, case in enumerate(comparator.cases)
    ]
    return pl.concat(frames)


def varies(comparator: Comparator, view: View) -> bool:
    """Whether the paper prints how patients differ."""
    return any(n.spread for n in numbers_of(comparator, comparator.cases[0], view).values())


def population(
    comparator: Comparator,
    view: View,
    patients: int,
    seed: int,
    *,
    threads: int = 1,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Population:
    """Patients with numbers drawn from the printed variances; patient i is the same in any batch.

    Random effects are independent of each other. progress: called with the patients done and
    those there are, counted in every case. Raises SpecError where the paper prints no variance.
    """
    if not varies(comparator, view):
        what = f"{comparator.name} prints no variance between patients"
        raise SpecError(Problem("--patients", what, "Leave the option out: its cases are run."))
    ids = np.arange(patients)
    chosen = np.unique(np.linspace(0, comparator.days.size - 1, DRAWN).round().astype(int))
    bands: dict[tuple[str, str], Array] = {}
    measured: dict[tuple[str, str], Array] = {}
    figures: dict[tuple[str, str], Array] = {}
    failed: dict[tuple[str, int], str] = {}
    for k, case in enumerate(comparator.cases):
        known = numbers_of(comparator, case, view)
        drawn = _drawn(comparator, known, ids, seed)
        found = _Case({}, {}, {})
        for first in range(0, patients, CHUNK):
            part = {name: value[first : first + CHUNK] for name, value in drawn.items()}
            courses = simulate(comparator, part, comparator.days, engine="kernel", threads=threads)
            found.add(comparator, courses, chosen, first)
            done = k * patients + min(first + CHUNK, patients)
            progress(done, patients * len(comparator.cases))
        for name, parts in found.lines.items():
            rows = np.concatenate(parts).astype(float)
            bands[case.name, name] = np.nanquantile(rows, QUANTILES, axis=0)
            if "residual" in known:
                z = standard_normals(seed, ids, chosen.size, f"{comparator.name} measured")
                seen = rows * np.exp(known["residual"].value * z)
                measured[case.name, name] = np.nanquantile(seen, QUANTILES[::4], axis=0)
        figures |= {(case.name, n): np.concatenate(parts) for n, parts in found.figures.items()}
        failed |= {(case.name, patient): why for patient, why in found.failed.items()}
    varied = {name: drawn[name] for name, number in known.items() if number.spread}
    return Population(comparator.days[chosen], bands, measured, figures, varied, failed)


@dataclass(frozen=True)
class _Case:
    """What the chunks of one case left behind."""

    lines: dict[str, list[NDArray[np.float32]]]
    figures: dict[str, list[Array]]
    failed: dict[int, str]

    def add(
        self, comparator: Comparator, courses: Courses, days: NDArray[np.int64], first: int
    ) -> None:
        """Keep lines on some days and all figures; one who could not be solved has NaN."""
        for line in comparator.lines:
            kept = line.of(courses)[:, days].astype(np.float32)
            self.lines.setdefault(line.name, []).append(kept)
        for figure in comparator.figures:
            values = np.array(figure.of(courses), float)
            values[list(courses.reasons)] = np.nan
            self.figures.setdefault(figure.name, []).append(values)
        self.failed.update({first + i: why for i, why in courses.reasons.items()})


def _drawn(
    comparator: Comparator, known: Mapping[str, Number], ids: NDArray[np.int64], seed: int
) -> dict[str, Array]:
    """Every patient's numbers; a patient has the same random effects in every case."""
    varied = [name for name, number in known.items() if number.spread]
    z = standard_normals(seed, ids, len(varied), comparator.name)
    numbers = {name: np.full(ids.size, number.value) for name, number in known.items()}
    for i, name in enumerate(varied):
        numbers[name] = spread_out(numbers[name], known[name].spread, z[:, i])
    return numbers
