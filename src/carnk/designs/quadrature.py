"""Posterior expectations on fixed nodes, for many trials at once; no sampling.

The likelihood of counts is a sum over cells (dose by outcome) of count times log probability, so
that trials with the same counts share one posterior, and all posteriors are one matrix product.
"""

from __future__ import annotations

import numpy as np

from .outcomes import Counts, Floats

CHUNK = 4_000_000  # numbers in one block of posterior weights
FLOOR = 1e-300  # keeps log(0) finite


def normal_nodes(mean: float, sd: float, count: int, reach: float = 8.0) -> tuple[Floats, Floats]:
    """Return equally spaced nodes and log weights of a normal law (trapezoid rule).

    The rule is exact to rounding for smooth functions as long as the posterior is wider than the
    spacing, 2 * reach * sd / count.
    """
    z = np.linspace(-reach, reach, count)
    return mean + sd * z, -0.5 * z**2


def log_cells(probability: Floats) -> Floats:
    """Return log p of having the event and log(1 - p) of not having it, side by side.

    probability: shape (nodes, doses). The result, shape (nodes, 2 doses), goes with `dlt_counts`.
    """
    kept = np.clip(probability, FLOOR, 1 - 1e-16)
    return np.hstack((np.log(kept), np.log1p(-kept)))


def dlt_counts(patients: Counts, toxic: Counts) -> Counts:
    """Return counts with and without DLT side by side, shape (trials, 2 doses)."""
    return np.hstack((toxic, patients - toxic))


def expectations(
    log_cell: Floats,
    counts: Counts,
    log_prior: Floats,
    functions: Floats,
    extra: Floats | None = None,
) -> Floats:
    """Return posterior means, shape (trials, functions).

    log_cell: (nodes, cells); counts: (trials, cells); log_prior: (nodes,); functions: (nodes,
    functions); extra: further log-likelihood of each trial, (trials, nodes).
    """
    if extra is None:
        counts, where = np.unique(counts, axis=0, return_inverse=True)
    else:
        where = np.arange(len(counts))
    means = np.empty((len(counts), functions.shape[1]))
    rows = max(1, CHUNK // len(log_prior))
    for first in range(0, len(counts), rows):
        part = slice(first, first + rows)
        log_weight = counts[part] @ log_cell.T + log_prior
        if extra is not None:
            log_weight += extra[part]
        log_weight -= log_weight.max(axis=1, keepdims=True)
        weight = np.exp(log_weight)
        means[part] = (weight @ functions) / weight.sum(axis=1, keepdims=True)
    return means[where.ravel()]
