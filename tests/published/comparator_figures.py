"""What the tests of the published CAR-T models share: our values, the table's rows, LSODA."""

from functools import cache
from itertools import pairwise

import numpy as np
from scipy.integrate import solve_ivp

from carnk.kinetics.comparators import COMPARATORS
from carnk.library import load, table
from carnk.study.comparators import typical

WITHIN = 0.01  # of the value of the printed equations


@cache
def ours(name):
    """{(case, figure): value} of a model at the library's numbers."""
    comparator = COMPARATORS[name]
    courses = typical(comparator, load().view())
    values = {f.name: f.of(courses) for f in comparator.figures}
    return {
        (case.name, figure): float(column[i])
        for figure, column in values.items()
        for i, case in enumerate(comparator.cases)
    }


def rows(name):
    """Rows of the library's table for one model."""
    frame = table("comparator_figures")
    return [row for row in frame.to_dicts() if row["comparator"] == name]


def integrate(rates, start, days, doses=()):
    """States (times, states) by scipy's LSODA; doses are (day, index, amount)."""
    edges = [0.0, *(day for day, _, _ in doses), days[-1]]
    y, parts = np.array(start, float), []
    for k, (begin, end) in enumerate(pairwise(edges)):
        last = k == len(edges) - 2
        inside = days[(days >= begin) & ((days <= end) if last else (days < end))]
        found = solve_ivp(
            rates, (begin, end), y, "LSODA", dense_output=True, rtol=1e-10, atol=1e-12
        )
        assert found.success, found.message
        parts.append(found.sol(inside).T)
        y = found.y[:, -1].copy()
        if not last:
            y[doses[k][1]] += doses[k][2]
    return np.concatenate(parts)
