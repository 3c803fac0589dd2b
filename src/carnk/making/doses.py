"""From bags to doses: whole bags go to patients of differing weight until they run out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..base.streams import stream
from .batch import Array, Batch, Draw, spread_out
from .process import Process

COUNTED = 64  # patients that are counted one by one; beyond them at their mean


def doses(process: Process, batch: Batch, draw: Draw) -> NDArray[np.int64]:
    """Whole doses of each lot, for patients drawn from the library's weights.

    A patient gets as many whole bags as hold the dose, counted before freezing. Of an autologous
    lot there is one dose or none.
    """
    bags = batch.bags if batch.bags is not None else np.zeros(draw.size)
    need = _bags_for(process, batch, _weights(draw))
    if process.autologous:
        return (bags >= need[:, 0]).astype(np.int64)
    given = np.cumsum(need, axis=1) <= bags[:, None]
    counted = given.sum(axis=1)
    beyond = np.floor(bags / need.mean(axis=1))
    whole = np.where(counted < COUNTED, counted, np.maximum(beyond, COUNTED))
    return np.asarray(whole, np.int64)


def _bags_for(process: Process, batch: Batch, weights: Array) -> Array:
    amount = process.dose.amount * (weights if process.dose.per == "kg" else np.ones_like(weights))
    per_bag = np.full(weights.shape[0], batch.bag_cells)
    if process.dose.counts == "car_positive":
        per_bag = per_bag * np.maximum(batch.car_positive, 1e-6)
    return np.asarray(np.ceil(amount / per_bag[:, None] - 1e-9))


def _weights(draw: Draw) -> Array:
    """Weights of the patients of each lot, shape (lots, patients), kg."""
    generator = stream(draw.seed, 0, "making weights")
    z = generator.standard_normal((draw.size, COUNTED))
    spread = draw.view.number("weight").spread
    if spread is None:
        return np.full(z.shape, draw["weight"])
    return spread_out(draw["weight"], spread, z)
