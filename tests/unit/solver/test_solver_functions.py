"""The kernel's own exp and log beside the C library's, over every size of number."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from carnk.solver.kernel import kernel

LANES = 4
DRAWS = np.random.default_rng(2026)
MANY = 200_000
CORNERS = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 2.2e-308, 1.0, -1.0, 1.7e308]
EXPONENTS = np.concatenate(
    [
        DRAWS.uniform(-746, 710, MANY),
        DRAWS.standard_normal(MANY) * 10.0 ** DRAWS.uniform(-20, 2, MANY),
        [*CORNERS, 709.78, 709.782712893384, 709.79, -708.4, -745.13, -745.14],
    ]
)
ARGUMENTS = np.concatenate(
    [
        DRAWS.integers(0, 0x7FF0000000000000, MANY, dtype=np.int64).view(float),
        DRAWS.integers(0, 1 << 52, MANY, dtype=np.int64).view(float),  # subnormal
        1 + DRAWS.standard_normal(MANY) * 10.0 ** DRAWS.uniform(-16, -1, MANY),
        CORNERS,
    ]
)


def computed(op, x):
    """The kernel's op on every number."""
    tape = kernel(f"a load 0\nv {op} a\n1 store v", LANES)

    @numba.njit
    def one(w):
        tape(w, 0, 0)

    @numba.njit
    def all_of(x, out, w):
        for i in range(0, x.size, LANES):
            w[:LANES] = x[i : i + LANES]
            one(w)
            out[i : i + LANES] = w[LANES:]

    padded = np.concatenate([x, np.ones(-len(x) % LANES)])
    out = np.empty_like(padded)
    all_of(padded, out, np.zeros(2 * LANES))
    return out[: len(x)]


@pytest.mark.parametrize(
    ("op", "function", "x"), [("exp", np.exp, EXPONENTS), ("log", np.log, ARGUMENTS)]
)
def test_within_two_units_in_the_last_place_of_the_c_library(op, function, x):
    got = computed(op, x)
    with np.errstate(all="ignore"):
        wanted = function(x)
        units = np.abs(got - wanted) / np.spacing(np.abs(wanted))
    same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    assert np.where(same, 0.0, units).max() <= 2
