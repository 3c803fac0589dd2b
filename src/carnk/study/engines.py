"""The compiled kernel beside the interpreter, on one patient of a study."""

from collections.abc import Iterable

import numpy as np

from ..domain import Study
from ..kinetics import MODEL
from ..kinetics.courses import tolerances
from ..solver import solve
from ..solver.selftest import Row
from .numbers import fresh_view
from .patients import Cohort, draw, start_day
from .read import read

ACCEPTED = 1e-4  # relative difference


def _last_arm(study: Study) -> Cohort:
    """Patient 0 in a study's last arm, which is the one that adds most."""
    return draw(study, fresh_view(study), np.array([0]), arm=np.array([len(study.arms) - 1]))


def covering(names: Iterable[str]) -> list[str]:
    """The fewest studies, greedily, in whose last arms every mechanism of all of them is at work.

    A mechanism is at work where its parameter or its initial amount is not zero.
    """
    at_work = {}
    for name in names:
        one = _last_arm(read(name))
        at_work[name] = set(np.flatnonzero(np.append(one.parameters[0], one.initial[0])).tolist())
    chosen: list[str] = []
    left = set().union(*at_work.values())
    while left:
        chosen.append(max(at_work, key=lambda name: len(at_work[name] & left)))
        left -= at_work[chosen[-1]]
    return chosen


def engines_agree(study: Study) -> Row:
    """Patient 0 in a study's last arm by both engines; not asked where no kernel compiles."""
    one = _last_arm(study)
    start = start_day(study)
    times = np.linspace(start, study.days, 60)
    values = []
    try:
        for engine in ("interpreter", "kernel"):
            course = solve(
                MODEL, one.parameters, one.initial, times, doses=one.doses, start=start,
                atol=tolerances(), engine=engine,
            )  # fmt: skip
            values.append(course.values[0])
    except Exception as error:  # noqa: BLE001 - whatever a compiler throws
        return Row("engines agree", study.name, None, f"no kernel here: {type(error).__name__}")
    floor = 1e-9 * np.abs(values[0]).max(axis=0) + 1e-12
    worst = float((np.abs(values[0] - values[1]) / (np.abs(values[0]) + floor)).max())
    found = f"kernel and interpreter: {worst:.1e} apart"
    return Row("engines agree", study.name, worst < ACCEPTED, found)
