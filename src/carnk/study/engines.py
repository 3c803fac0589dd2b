"""The compiled kernel beside the interpreter, on one patient of a study."""

import numpy as np

from ..domain import Study
from ..kinetics import MODEL
from ..kinetics.courses import tolerances
from ..solver import solve
from ..solver.selftest import Row
from .numbers import fresh_view
from .patients import draw, start_day

ACCEPTED = 1e-4  # relative difference


def engines_agree(study: Study) -> Row:
    """Patient 0 in a study's last arm by both engines; not asked where no kernel compiles."""
    one = draw(study, fresh_view(study), np.array([0]), arm=np.array([len(study.arms) - 1]))
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
