"""Random numbers that belong to a patient, whatever the batch, its order or its size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import Problem, SpecError

LARGEST_ID = 2**32 - 1


def stream(seed: int, patient: int, purpose: str = "") -> np.random.Generator:
    """Return the patient's own generator for one purpose; the same three give the same numbers."""
    _refuse_negative(seed)
    ids = _checked_ids(patient)
    key = (int(ids[()]), _code(purpose))
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def standard_normals(
    seed: int, patients: ArrayLike, count: int, purpose: str = ""
) -> NDArray[np.float64]:
    """Return standard normal numbers, shape (patients, count); a row depends on its id alone."""
    return _rows(seed, patients, count, f"normal {purpose}", np.random.Generator.standard_normal)


def uniforms(seed: int, patients: ArrayLike, count: int, purpose: str = "") -> NDArray[np.float64]:
    """Return numbers in [0, 1), shape (patients, count); a row depends on its id alone."""
    return _rows(seed, patients, count, f"uniform {purpose}", np.random.Generator.random)


def _rows(
    seed: int, patients: ArrayLike, count: int, purpose: str, draw: Callable[..., Any]
) -> NDArray[np.float64]:
    """Fill one row per patient from a counter-based generator set to that patient's counter."""
    _refuse_negative(seed)
    ids = np.atleast_1d(_checked_ids(patients))
    sequence = np.random.SeedSequence(seed, spawn_key=(_code(purpose),))
    bits = np.random.Philox(sequence)
    generator, state = np.random.Generator(bits), bits.state
    counter = state["state"]["counter"]
    rows = np.empty((ids.size, count))
    for row, patient in zip(rows, ids):
        counter[:] = (0, patient, 0, 0)
        bits.state = state
        draw(generator, out=row)
    return rows


def _code(purpose: str) -> int:
    """Turn text into its own whole number: no hash, so no two purposes can meet."""
    return int.from_bytes(purpose.encode(), "big")


def _refuse_negative(seed: int) -> None:
    if seed < 0:
        raise SpecError(Problem("seed", f"{seed} is negative", "Give a whole number from 0 up."))


def _checked_ids(patients: ArrayLike) -> NDArray[np.uint64]:
    ids = np.asarray(patients)
    if ids.size and (ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() > LARGEST_ID):
        what = f"ids must be whole numbers from 0 to {LARGEST_ID}"
        raise SpecError(Problem("patients", what, "Number the patients."))
    return ids.astype(np.uint64)
