"""Published CAR-T models as they are offered to a fit, beside Stein 2019 in closed form."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..assays.events import Events
from ..base import Problem, SpecError, did_you_mean
from ..kinetics.comparators import COMPARATORS, Comparator
from ..kinetics.comparators import Courses as Solved
from ..library import load
from .mixed.density import Samples
from .ode import Ode, padded, table_of
from .offers import Courses, Offer, known

Array = NDArray[np.float64]


def comparator_offer(word: str) -> Offer:
    """A comparator by 'name' or 'name/case'; SpecError for a case that it does not have."""
    name, _, case_name = word.partition("/")
    comparator = COMPARATORS[name]
    cases = {case.name: case for case in comparator.cases}
    if case_name and case_name not in cases:
        what = f"'{case_name}' is not a case of {name}"
        do = did_you_mean(case_name, cases) or f"Its cases: {', '.join(cases)}."
        raise SpecError(Problem("--model", what, do))
    case = cases[case_name] if case_name else comparator.cases[0]
    numbers = {n: known(load()[i]) for n, i in comparator.ids(case).items()}
    fitted = [
        n for n, k in numbers.items() if load()[comparator.ids(case)[n]].spread and k.value > 0
    ]

    def bind(events: Events, samples: Samples, patients: tuple[str, ...]) -> Courses:
        typical = {n: k.value for n, k in numbers.items()}
        return _ode(comparator, typical, events, samples, patients).courses(samples)

    return Offer(
        name=word,
        title=comparator.title,
        numbers=numbers,
        fitted=tuple(fitted or [n for n, k in numbers.items() if k.value > 0][:4]),
        outputs={line.unit: line.name for line in reversed(comparator.lines)},
        quantities=tuple({line.name for line in comparator.lines} | set(comparator.model.states)),
        bind=bind,
        ids=comparator.ids(case),
        notes=("Doses are those of the published case; those of the table are not used.",),
    )


def _ode(
    comparator: Comparator, typical: Mapping[str, float], events: Events, samples: Samples,
    patients: tuple[str, ...],
) -> Ode:  # fmt: skip
    states = comparator.model.states
    if any(isinstance(day, str) for day, _, _ in comparator.doses):
        what = f"{comparator.name} changes its equations at a number that would be fitted"
        raise SpecError(Problem("--model", what, "Fit stein2019, which has a closed form."))
    if not events.doses.is_empty():
        what = f"{comparator.name} is fitted with its own doses; the table gives others"
        raise SpecError(Problem(events.file, what, "Remove the dose rows, or fit --study."))

    def filled(numbers: Mapping[str, Array]) -> dict[str, Array]:
        shape = next(iter(numbers.values())).shape
        return {n: numbers.get(n, np.full(shape, v)) for n, v in typical.items()}

    def initial(numbers: Mapping[str, Array]) -> Array:
        shape = next(iter(numbers.values())).shape
        start = comparator.start(filled(numbers))
        columns = [np.broadcast_to(start.get(s, 0.0), shape) for s in states]
        return np.stack(columns, axis=-1)

    def read(
        days: Array, found: Mapping[str, Array], numbers: Mapping[str, Array]
    ) -> Mapping[str, Array]:
        whole = {n: numbers.get(n, np.full(len(found[states[0]]), v)) for n, v in typical.items()}
        solved = Solved(days, found, whole)
        return dict(found) | {line.name: line.of(solved) for line in comparator.lines}

    plan = [
        (float(d), states.index(s), typical[a] if isinstance(a, str) else float(a))
        for d, s, a in comparator.doses
    ]
    return Ode(
        model=comparator.model,
        parameters=table_of(comparator.model.parameters, typical),
        initial=initial,
        doses=padded([plan for _ in patients]),
        read=read,
        start=min(0.0, float(samples.day.min())),
        atol=np.array([1e-9 * comparator.large.get(s, 1.0) for s in states]),
    )
