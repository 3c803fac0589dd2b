"""Efficiency and copy number of a vector fitted together from a titration."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ..base import DataError, Problem, read_text
from ..library import load
from .batch import Array
from .delivery import copies_per_positive, share_with_copy

Per = Literal["total", "car_positive"]
COLUMNS = ("moi", "car_positive_pct", "vcn")
LIMITS = {"moi": 300.0, "car_positive_pct": 100.0, "vcn": 100.0}
ERRORS = (0.2, 0.2)  # of CAR+ on the logit scale and of copies on the log scale, per reading


@dataclass(frozen=True)
class Titration:
    """The law of one vector: permissive share, copies per unit of MOI, shape; each with an SD.

    `per` is what the copies were counted per; residual is the root mean square in units of error.
    """

    permissive: float
    entry: float
    shape: float
    sd: tuple[float, float, float]  # on the scales of the fit: logit, log, log
    residual: float
    per: Per

    def predicted(self, moi: Array) -> tuple[Array, Array, Array]:
        """CAR+ share, copies per total cell, copies per CAR+ cell."""
        mean = np.asarray(moi, float) * self.entry
        share = share_with_copy(np.full(mean.shape, self.permissive), mean, self.shape)
        return share, self.permissive * mean, copies_per_positive(mean, self.shape)


def read_titration(path: Path | str) -> Array:
    """Read moi, car_positive_pct, vcn (may be empty); shape (rows, 3), nan where empty."""
    path = Path(path)
    rows = list(csv.DictReader(io.StringIO(read_text(path))))
    if not rows or any(name not in rows[0] for name in COLUMNS):
        what = f"the columns are {', '.join(map(str, rows[0])) if rows else 'missing'}"
        raise DataError(Problem(f"{path.name}:1", what, f"Needed: {', '.join(COLUMNS)}."))
    problems: list[Problem] = []
    found = np.full((len(rows), 3), np.nan)
    for i, row in enumerate(rows):
        for j, name in enumerate(COLUMNS):
            cell = (row[name] or "").strip()
            try:
                found[i, j] = float(cell) if cell or name != "vcn" else np.nan
            except ValueError:
                found[i, j] = -1.0
            is_wrong = not 0 < found[i, j] <= LIMITS[name] if cell else name != "vcn"
            if is_wrong:
                what = f"'{cell}' does not lie above 0 and up to {LIMITS[name]:g}"
                problems.append(Problem(f"{path.name}:{i + 2}: {name}", what, "Correct it."))
    if problems:
        raise DataError(problems, path.name)
    return found


def fit(data: Array, per: Per) -> Titration:
    """Fit the three numbers to CAR+ and copies of all rows at once, from the library's priors.

    data: columns MOI, CAR+ in percent, copies per cell of the kind that `per` names (nan if none).
    Rows without copies tell of efficiency alone. The priors keep apart what the rows leave open.
    """
    from scipy.optimize import least_squares

    ids = ("permissive", "entry_vsvg_nk", "vector_dispersion")
    start = np.array([0.0, np.log(0.1), 0.0])
    start[0] = _logit(load()[ids[0]].value)
    wide = np.array([1.0, 2.0, 0.8])  # an entry of any envelope; shape within 0.2 and 5
    moi, share = data[:, 0], np.clip(data[:, 1] / 100, 1e-4, 1 - 1e-4)
    has_copies = np.isfinite(data[:, 2])

    def residuals(at: Array) -> Array:
        made = _law(at, per)
        told, total, per_car = made.predicted(moi)
        copies = per_car if per == "car_positive" else total
        apart = (np.log(data[:, 2] / copies))[has_copies] / ERRORS[1]
        return np.concatenate(
            [(_logit(share) - _logit(told)) / ERRORS[0], apart, (at - start) / wide]
        )

    found = least_squares(residuals, start)
    sd = np.sqrt(np.diag(np.linalg.inv(found.jac.T @ found.jac)))
    rows = found.fun[: -start.size]
    made = _law(found.x, per)
    return Titration(
        made.permissive, made.entry, made.shape, (float(sd[0]), float(sd[1]), float(sd[2])),
        float(np.sqrt(np.mean(rows**2))), per,
    )  # fmt: skip


def _law(at: Array, per: Per) -> Titration:
    permissive, entry, shape = 1 / (1 + np.exp(-at[0])), np.exp(at[1]), np.exp(at[2])
    return Titration(float(permissive), float(entry), float(shape), (0.0, 0.0, 0.0), 0.0, per)


def _logit(x: Array | float) -> Array:
    inside = np.clip(np.asarray(x, float), 1e-9, 1 - 1e-9)
    return np.asarray(np.log(inside / (1 - inside)))
