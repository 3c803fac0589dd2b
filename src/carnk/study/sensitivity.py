"""Which numbers move the main outcome most, one at a time over their own range."""

import numpy as np

from ..domain import Study
from ..kinetics import simulate
from ..library import View
from .answers import target_cells
from .ensemble import free, holding
from .numbers import Known
from .patients import Cohort, draw, join, start_day

PATIENTS = 16
LOW, HIGH = 5, 95  # percentiles of the plausible worlds


def sensitivity(
    study: Study, view: View, threads: int = 1
) -> list[tuple[str, float, float, float, float]]:
    """(id, low, high, effect at low, effect at high) of each number, the largest effect first.

    The effect is the change of mean log10 tumor cells (B cells where these are the target) on the
    response day against the library's values, in the same few patients; low and high are the 5th
    and 95th percentile of the plausible worlds.
    """
    ids = np.arange(min(PATIENTS, study.patients))
    laws = free(study)
    names = [n.id for n in view.used if n.id in laws]
    read: Known = {}
    base = draw(study, view, ids, uncertain=False, known=read)
    cohorts = []
    for name in names:
        others = {key: value for key, value in read.items() if key[0] != name}
        for end in np.percentile(laws[name], (LOW, HIGH)):
            case = holding(study, {name: float(end)})
            cohorts.append(draw(case, view, ids, uncertain=False, known=dict(others)))
    moved = [c for c in cohorts if not _same(c, base)]
    sizes = iter(_burden(study, [base, *moved], threads))
    zero = next(sizes)
    effects = [0.0 if _same(c, base) else next(sizes) - zero for c in cohorts]
    rows = []
    for name, low, high in zip(names, effects[::2], effects[1::2]):
        first, last = np.percentile(laws[name], (LOW, HIGH))
        rows.append((name, float(first), float(last), low, high))
    return sorted(rows, key=lambda row: -abs(row[4] - row[3]))


def _same(a: Cohort, b: Cohort) -> bool:
    """Whether a number changed nothing that the simulation sees."""
    pairs = ((a.parameters, b.parameters), (a.initial, b.initial))
    doses = a.doses.amounts, b.doses.amounts
    return all(np.array_equal(x, y) for x, y in (*pairs, doses))


def _burden(study: Study, cohorts: list[Cohort], threads: int) -> list[float]:
    """Mean log10 tumor cells on the response day of each cohort, all solved in one call."""
    times = np.array([start_day(study), study.response_day])
    every = join(cohorts)
    courses = simulate(
        every.parameters, every.initial, every.doses, every.luck, times, threads=threads
    )
    size = np.log10(np.maximum(target_cells(study, courses), 1.0)).reshape(len(cohorts), -1)
    return [float(x) for x in np.nanmean(size, axis=1)]
