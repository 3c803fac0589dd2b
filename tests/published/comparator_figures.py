"""What the tests of the published CAR-T models share: the table with our values, and LSODA."""

from itertools import pairwise

import numpy as np
from scipy.integrate import solve_ivp

from carnk.report.comparator_text import solved

WITHIN = 0.01  # of the value of the printed equations


def rows(name):
    """{(case, figure): row of three columns} of a model at the library's numbers."""
    return {(row.case, row.figure): row for row in solved(name)[1]}


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
