"""An ordered logit of CRS on the peak of IL-6, fitted to arm-level counts."""

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ..evidence.results import report
from ..kinetics import grade_probabilities
from ..library import Number, load
from ..study import read
from .ensemble import trials
from .prior import plausible

Array = NDArray[np.float64]
COEFFICIENTS = ("crs_slope", "crs_threshold_1", "crs_threshold_2", "crs_threshold_3")
REFERENCE = "Lee 2014"  # grading scale of the law
PATIENTS = 60
STEP = 1e-4  # of a derivative, in standard deviations of the prior


@dataclass(frozen=True)
class CrsRow:
    """Patients of one arm by worst grade."""

    study: str
    arm: str  # empty: all arms
    patients: int
    at_least: tuple[int | None, int | None, int | None]  # grade >= 1, 2, 3; None: not reported
    row_id: str  # row of the table results, which knows the grading scale
    icans: int | None = None  # of any grade, of CAR-T rows

    @property
    def scale(self) -> str:
        """Grading scale, as the table reports has it."""
        return report(self.row_id).seen["crs"].scale


CRS_ROWS = (
    CrsRow("marin2024", "", 37, (0, 0, 0), "R004"),
    CrsRow("lei2025", "", 8, (0, 0, 0), "R012"),
    CrsRow("ft596", "3e8 alone", 18, (1, 0, 0), "R013"),
    CrsRow("ft596", "3e8 with rituximab", 68, (9, None, 0), "R014"),
    CrsRow("nkx019", "1e9 x3", 6, (0, 0, 0), "R020"),
    CrsRow("cd33_aml", "", 10, (8, 1, 0), "R024"),
    CrsRow("zuma1", "", 101, (94, None, 11), "R038", 66),
    CrsRow("juliet", "", 111, (64, None, 24), "R041", 23),
    CrsRow("transcend", "", 269, (113, None, 5), "R044", 81),
)


@dataclass(frozen=True)
class CrsFit:
    """A law of CRS and how far the trials it was fitted to lie from it.

    law: slope and three thresholds in the scale `REFERENCE`. trials: what to add to the thresholds
    of each fitted study, whatever its scale.
    """

    law: Array
    trials: dict[str, float]


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
) -> CrsFit:
    """Slope and three thresholds that best meet the counts, or a draw of them for a new trial.

    Trials of like products differ more than their patients do by chance, so each study has a shift
    of its own thresholds; every grading scale but `REFERENCE` has one too. Both are shrunk. Without
    `rng` the law is that of the average trial. With it the point is drawn from the normal
    approximation around the best one, so that few patients leave wide thresholds, and the law is
    that of a new trial, whose own shift is drawn as well. without: a study that is left out.
    """
    used = [(s, row) for s, row in zip(signal, CRS_ROWS) if row.study != without]
    scales = sorted({row.scale for _, row in used} - {REFERENCE})
    studies = list(dict.fromkeys(row.study for _, row in used))
    spread = trial_spread(rng)
    centers, widths = _prior(len(scales))
    centers = np.concatenate([centers, np.zeros(len(studies))])
    widths = np.concatenate([widths, np.full(len(studies), spread)])
    belongs = np.array([
        [row.scale == name for name in scales] + [row.study == name for name in studies]
        for _, row in used
    ], dtype=float)  # fmt: skip
    sizes = np.array([s.size for s, _ in used])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    every = np.concatenate([s for s, _ in used])

    def means(z: Array) -> Array:
        x = centers + widths * z
        slope, thresholds = _law(x)
        each = np.repeat(thresholds + (belongs @ x[4:])[:, None], sizes, axis=0)
        p = grade_probabilities(every, np.full(every.size, slope), each)
        return np.asarray(np.add.reduceat(p, starts) / sizes[:, None]).clip(1e-12, 1 - 1e-12)

    def loss(z: Array) -> float:
        likely = sum(_log_likelihood(p, row) for p, (_, row) in zip(means(z), used))
        return 0.5 * float(z @ z) - likely

    start = np.zeros(centers.size)  # the prior is a unit normal
    z = minimize(loss, start, method="BFGS", options={"gtol": 1e-3}).x
    new = 0.0
    if rng is not None:
        steps = STEP * np.eye(z.size)
        slopes = np.array([(means(z + h) - means(z - h)) / (2 * STEP) for h in steps])
        told = _information(means(z), slopes, [row for _, row in used])
        z = rng.multivariate_normal(z, np.linalg.inv(np.eye(z.size) + told))
        new = float(rng.normal(0.0, spread))
    x = centers + widths * z
    slope, thresholds = _law(x)
    shifts = x[4 + len(scales) :] - new
    law = np.concatenate([[slope], thresholds + new])
    return CrsFit(law, dict(zip(studies, (float(shift) for shift in shifts))))


def laws_without(signals_of: list[list[Array]], study: str) -> Array:
    """Coefficients of a new trial fitted without a study, one draw a world: (worlds, 4)."""
    return np.array([
        fit_crs(signal, without=study, rng=np.random.default_rng(i)).law
        for i, signal in enumerate(signals_of)
    ])  # fmt: skip


def trial_spread(rng: np.random.Generator | None) -> float:
    """Standard deviation between trials, log-odds; with `rng` a draw from its prior."""
    number = load()["prior_crs_trial"]
    return number.value if rng is None else float(plausible(number, rng.random(1))[0])


def _law(x: Array) -> tuple[float, Array]:
    """Slope and three thresholds; slope and steps are kept positive."""
    return float(np.exp(x[0])), x[1] + np.concatenate([[0.0], np.cumsum(np.exp(x[2:4]))])


def _prior(scales: int) -> tuple[Array, Array]:
    """Center and width of (log slope, first threshold, log steps, shifts of scales)."""
    slope, first, step, shift = (
        load()[f"prior_crs_{name}"] for name in ("slope", "threshold", "step", "scale")
    )
    centers = [np.log(slope.value), first.value, *[np.log(step.value)] * 2, *[shift.value] * scales]
    widths = [_log_width(slope), width(first), *[_log_width(step)] * 2, *[width(shift)] * scales]
    return np.array(centers), np.array(widths)


def width(number: Number) -> float:
    """Standard deviation of a normal whose central 95 % is the range of the number."""
    assert number.range
    return (number.range[1] - number.range[0]) / (2 * 1.96)


def _log_width(number: Number) -> float:
    assert number.range
    return float(np.log(number.range[1] / number.range[0]) / (2 * 1.96))


def _information(p: Array, slopes: Array, rows: list[CrsRow]) -> Array:
    """Fisher information of the reported grades; p (rows, 3), slopes (numbers, rows, 3)."""
    total = np.zeros((len(slopes), len(slopes)))
    for i, row in enumerate(rows):
        known = [k for k, n in enumerate(row.at_least) if n is not None]
        q = -np.diff(p[i, known], prepend=1.0, append=0.0)
        each = -np.diff(slopes[:, i, known], axis=1, prepend=0.0, append=0.0)
        total += row.patients * (each / np.maximum(q, 1e-12)) @ each.T
    return total


def _log_likelihood(p: Array, row: CrsRow) -> float:
    """Multinomial log-likelihood of the reported grades; grades not told apart are lumped."""
    known = [(k, n) for k, n in enumerate(row.at_least) if n is not None]
    above, left, total = 1.0, row.patients, 0.0
    for k, n in known:
        total += (left - n) * log(max(above - p[k], 1e-12))
        above, left = float(p[k]), n
    return total + left * log(above)
