"""An ordered logit of CRS on the peak of IL-6, fitted to arm-level counts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ..kinetics import grade_probabilities
from ..library import Number, load
from ..study import read
from .ensemble import trials

Array = NDArray[np.float64]
COEFFICIENTS = ("crs_slope", "crs_threshold_1", "crs_threshold_2", "crs_threshold_3")
PATIENTS = 60


@dataclass(frozen=True)
class CrsRow:
    """Patients of one arm by worst grade; `counted` grades have separate counts."""

    study: str
    arm: str  # empty: all arms
    patients: int
    at_least: tuple[int | None, int | None, int | None]  # grade >= 1, 2, 3; None: not reported
    scale: str  # grading scale, 'unknown' where no source told it
    source: str
    icans: int | None = None  # of any grade, of CAR-T rows


CRS_ROWS = (
    CrsRow("marin2024", "", 37, (0, 0, 0), "unknown", "marin2024"),
    CrsRow("lei2025", "", 8, (0, 0, 0), "unknown", "lei2025"),
    CrsRow("ft596", "3e8 alone", 18, (1, 0, 0), "unknown", "ghobadi2025"),
    CrsRow("ft596", "3e8 with rituximab", 68, (9, None, 0), "unknown", "ghobadi2025"),
    CrsRow("nkx019", "1e9 x3", 6, (0, 0, 0), "unknown", "nkarta2022"),
    CrsRow("cd33_aml", "", 10, (8, 1, 0), "unknown", "huang2022"),
    CrsRow("zuma1", "", 101, (94, None, 13), "lee2014", "zuma1", 66),
    CrsRow("juliet", "", 111, (64, None, 24), "penn", "schuster2019", 23),
    CrsRow("transcend", "", 269, (113, None, 5), "lee2014", "transcend", 81),
)


def signals(values: dict[str, Array], threads: int) -> list[list[Array]]:
    """log10 of peak IL-6 over baseline of each virtual patient, by trial and row of CRS_ROWS."""
    count = len(next(iter(values.values())))
    found: list[list[Array]] = [[] for _ in range(count)]
    base = values.get("il6_base", np.full(count, load()["il6_base"].value))
    for name in dict.fromkeys(row.study for row in CRS_ROWS):
        study = read(name)
        arms = [arm.name for arm in study.arms]
        rows = [row for row in CRS_ROWS if row.study == name]
        for i, outcomes in enumerate(trials(study, values, PATIENTS, threads)):
            signal = np.log10(outcomes["peak_il6_signal"].to_numpy() / base[i])
            given = outcomes["arm"].to_numpy()
            for row in rows:
                mine = given == arms.index(row.arm) if row.arm else np.isfinite(signal)
                found[i].append(signal[mine & np.isfinite(signal)])
    return found


def fit_crs(
    signal: list[Array], without: str = "", rng: np.random.Generator | None = None
) -> Array:
    """Slope and three thresholds that best meet the counts, or one draw from their posterior.

    The law is that of Lee 2014, the first of the grading scales. without: a study that is left
    out. With `rng` the result is a draw from the normal
    approximation around the best point, so that few patients leave wide thresholds. A shift for
    every grading scale but the first belongs to the fit; it is shrunk, and with one scale it is 0.
    """
    used = [(s, row) for s, row in zip(signal, CRS_ROWS) if row.study != without]
    scales = sorted({row.scale for _, row in used})[1:]
    centers, widths = _prior(len(scales))

    def loss(x: Array) -> float:
        total = 0.5 * float((((x - centers) / widths) ** 2).sum())
        for s, row in used:
            shift = x[4 + scales.index(row.scale)] if row.scale in scales else 0.0
            p = grade_probabilities(s, *_law(x, shift, s.size)).mean(axis=0)
            total -= _log_likelihood(np.clip(p, 1e-12, 1 - 1e-12), row)
        return total

    best = minimize(loss, centers, method="BFGS")
    x = best.x
    if rng is not None:
        x = rng.multivariate_normal(x, best.hess_inv)
    slope, thresholds = _law(x, 0.0, 1)
    return np.concatenate([slope, thresholds[0]])


def laws_without(signals_of: list[list[Array]], study: str) -> Array:
    """Coefficients fitted without a study, one draw of their posterior a world: (worlds, 4)."""
    return np.array([
        fit_crs(signal, without=study, rng=np.random.default_rng(i))
        for i, signal in enumerate(signals_of)
    ])  # fmt: skip


def _law(x: Array, shift: float, size: int) -> tuple[Array, Array]:
    """(slope, thresholds) for `size` patients; slope and steps are kept positive."""
    steps = np.cumsum(np.exp(x[2:4]))
    thresholds = x[1] + shift + np.concatenate([[0.0], steps])
    return np.full(size, np.exp(x[0])), np.tile(thresholds, (size, 1))


def _prior(scales: int) -> tuple[Array, Array]:
    """Center and width of (log slope, first threshold, log steps, shifts)."""
    slope, first, step, shift = (
        load()[f"prior_crs_{name}"] for name in ("slope", "threshold", "step", "scale")
    )
    centers = [np.log(slope.value), first.value, *[np.log(step.value)] * 2, *[shift.value] * scales]
    widths = [_log_width(slope), _width(first), *[_log_width(step)] * 2, *[_width(shift)] * scales]
    return np.array(centers), np.array(widths)


def _width(number: Number) -> float:
    assert number.range
    return (number.range[1] - number.range[0]) / (2 * 1.96)


def _log_width(number: Number) -> float:
    assert number.range
    return float(np.log(number.range[1] / number.range[0]) / (2 * 1.96))


def _log_likelihood(p: Array, row: CrsRow) -> float:
    """Multinomial log-likelihood of the reported grades; grades not told apart are lumped."""
    known = [(k, n) for k, n in enumerate(row.at_least) if n is not None]
    above, left, total = 1.0, row.patients, 0.0
    for k, n in known:
        total += (left - n) * float(np.log(max(above - p[k], 1e-12)))
        above, left = float(p[k]), n
    return total + left * float(np.log(above))
