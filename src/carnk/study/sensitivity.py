"""Which numbers move the main outcome most, one at a time over their own range."""

import numpy as np

from ..domain import Study
from ..kinetics import simulate
from ..library import View
from .answers import compares, log_burden
from .ensemble import free, holding
from .numbers import Array, Known
from .patients import Cohort, draw, join, rows_asked, start_day

PATIENTS = 16
LOW, HIGH = 5, 95  # percentiles of the plausible worlds


def sensitivity(
    study: Study, view: View, threads: int = 1
) -> list[tuple[str, float, float, float, float, str]]:
    """(id, low, high, effect at low, effect at high, arm) of each number, the largest effect first.

    The effect is the change of mean log10 tumor cells (B cells where these are the target) on the
    response day against the library's values, in the same few patients; low and high are the 5th
    and 95th percentile of the plausible worlds. Of a paired study it is the change of the
    difference between an arm and the first arm, by intention to treat, for that arm whose
    difference moves most; arm: its name, '' in other studies.
    """
    ids, arm = rows_asked(study, np.arange(min(PATIENTS, study.patients)))
    laws = free(study)
    names = [n.id for n in view.used if n.id in laws]
    read: Known = {}
    base = draw(study, view, ids, uncertain=False, known=read, arm=arm)
    cohorts = []
    for name in names:
        others = {key: value for key, value in read.items() if key[0] != name}
        for end in np.percentile(laws[name], (LOW, HIGH)):
            case = holding(study, {name: float(end)})
            cohorts.append(draw(case, view, ids, uncertain=False, known=dict(others), arm=arm))
    moved = [c for c in cohorts if not _same(c, base)]
    sizes = iter(_burden(study, [base, *moved], threads))
    zero = next(sizes)
    still = np.zeros_like(zero)
    effects = [still if _same(c, base) else next(sizes) - zero for c in cohorts]
    rows = []
    for name, low, high in zip(names, effects[::2], effects[1::2]):
        first, last = np.percentile(laws[name], (LOW, HIGH))
        most = int(np.argmax(np.ptp([still, low, high], axis=0)))
        of = study.arms[most + 1].name if compares(study) and (low.any() or high.any()) else ""
        rows.append((name, float(first), float(last), float(low[most]), float(high[most]), of))
    return sorted(rows, key=lambda row: -abs(row[4] - row[3]))


def _same(a: Cohort, b: Cohort) -> bool:
    """Whether a number changed nothing that the simulation or the chance of treatment sees."""
    pairs = ((a.parameters, b.parameters), (a.initial, b.initial))
    doses = a.doses.amounts, b.doses.amounts
    treated = tuple(c.reading.get("treated_chance", c.ids) for c in (a, b))
    return all(np.array_equal(x, y) for x, y in (*pairs, doses, treated))


def _burden(study: Study, cohorts: list[Cohort], threads: int) -> Array:
    """Mean log10 tumor cells on the response day of each cohort, all solved in one call.

    Shape (cohorts, 1); of a paired study the differences from the first arm, (cohorts, arms - 1).
    """
    times = np.array([start_day(study), study.response_day])
    every = join(cohorts)
    courses = simulate(
        every.parameters, every.initial, every.doses, every.luck, times, threads=threads
    )
    arms = len(study.arms) if compares(study) else 1
    size = log_burden(study, every, courses).reshape(len(cohorts), -1, arms)
    gaps = size[..., 1:] - size[..., :1] if compares(study) else size
    return np.asarray(np.nanmean(gaps, axis=1))
