"""Courses of the model for a batch of patients, and what is read off them at any time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..solver import Doses, Solution, solve
from .model import MODEL, STATES
from .rates import CLONES

Array = NDArray[np.float64]
UL_PER_ML = 1000.0


@dataclass(frozen=True)
class Luck:
    """Uniform numbers in [0, 1) that decide what the model gives as a probability."""

    clones: Array  # (patients, 3): does the clone die out
    crs: Array  # (patients,)
    icans: Array
    gvhd: Array


@dataclass(frozen=True)
class Assay:
    """How CAR-NK cells are counted in blood; every field is one number per patient."""

    blood_ml: Array
    vcn: Array  # vector copies per CAR-positive cell
    white_cells_per_ml: Array
    dna_ug_per_cell: Array
    limit_copies_per_ug: Array


@dataclass(frozen=True)
class Courses:
    """States of every patient over time, with burdens given which clones died out."""

    times: Array  # (times,), days; 0 is the first infusion
    states: Array  # (patients, times, states)
    burden: Array  # (patients, times), tumor cells given the fate of every clone
    extinct: Array  # (patients, clones), day on which the clone died out, or NaN
    failed: NDArray[np.bool_]
    reasons: dict[int, str]  # by row

    def rows(self, chosen: slice) -> "Courses":
        """The courses of some of the patients."""
        reasons = {i - chosen.start: r for i, r in self.reasons.items() if i in _range(chosen)}
        return Courses(
            self.times, self.states[chosen], self.burden[chosen], self.extinct[chosen],
            self.failed[chosen], reasons,
        )  # fmt: skip

    def of(self, state: str) -> Array:
        """One state of every patient, shape (patients, times)."""
        return np.asarray(self.states[:, :, STATES.index(state)])

    def il6_signal(self, half: Array, most: Array) -> Array:
        """IL-6 that still acts, pg/mL: tocilizumab raises serum IL-6 by blocking its receptor.

        half, most: tocilizumab (mg/L) at half of its block, and the largest block, per patient.
        """
        drug = self.of("tocilizumab")
        blocked = most[:, None] * drug / (half[:, None] + drug)
        return np.asarray(self.of("il6") * (1 - blocked))

    def car_per_ul(self, assay: Assay) -> Array:
        """CAR-positive cells per uL of blood."""
        return np.asarray(self.of("car_blood") / (assay.blood_ml[:, None] * UL_PER_ML))

    def copies_per_ug(self, assay: Assay) -> Array:
        """Vector copies per ug of blood DNA, at the stated leukocyte count."""
        per_ml = self.of("car_blood") / assay.blood_ml[:, None]
        dna = assay.white_cells_per_ml * assay.dna_ug_per_cell
        return np.asarray(per_ml * (assay.vcn / dna)[:, None])


def _range(chosen: slice) -> range:
    return range(chosen.start, chosen.stop)


def time_grid(
    start: float, end: float, infusions: tuple[float, ...], asked: tuple[float, ...] = ()
) -> Array:
    """Output days: dense around infusions and in the first month, weekly after, and those asked."""
    near = np.array([0.02, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0])
    days = [np.arange(start, 0), np.arange(0, 15), np.arange(16, 36, 2), np.array(asked)]
    days += [day + near for day in infusions] + [np.arange(42, end, 7.0), np.array([end])]
    grid = np.unique(np.round(np.concatenate(days), 6))
    return np.asarray(grid[(grid >= start) & (grid <= end)])


def simulate(
    parameters: Array,
    initial: Array,
    doses: Doses,
    luck: Luck,
    times: Array,
    *,
    rtol: float = 1e-6,
    threads: int = 1,
) -> Courses:
    """Integrate patients (rows) from `times[0]` and read burdens given extinction off the courses.

    parameters: (patients, PARAMETERS); initial: (patients, STATES). Absolute tolerances are those
    of `tolerances`. A patient whose solve fails has NaN courses and a reason; the others are
    unchanged.
    """
    solution = solve(
        MODEL, parameters, initial, times, doses=doses, start=float(times[0]), rtol=rtol,
        atol=tolerances(), threads=threads,
    )  # fmt: skip
    burden, extinct = fates(solution, initial, luck.clones)
    reasons = {int(i): solution.reason(int(i)) for i in np.flatnonzero(solution.failed)}
    return Courses(solution.times, solution.values, burden, extinct, solution.failed, reasons)


def tolerances() -> Array:
    """Absolute tolerance of every state: 1e-6 of a cell, a pg/mL or a mg; more for host pools."""
    large = {"host_t": 1e6, "host_nk": 1e6, "b_cells": 1e6, "monocytes": 1e6, "macrophages": 1e4}
    return np.array([large.get(state, 1.0) for state in STATES]) * 1e-6


def fates(solution: Solution, initial: Array, luck: Array) -> tuple[Array, Array]:
    """Tumor cells given which clones died out, and the day of each extinction [kendall1948].

    P(extinct by t) = (I/(1+I))^B0 = exp(B0 log(1 - exp(-L))) never falls, so a clone dies out when
    it passes the patient's uniform number. A surviving clone has the mean size given survival,
    B0 exp(-R) / (1 - P).
    """
    burden = np.zeros(solution.values.shape[:2])
    extinct = np.full(luck.shape, np.nan)
    for i, clone in enumerate(CLONES):
        start = initial[:, STATES.index(f"tumor_{clone}")][:, None]
        decline = solution.values[:, :, STATES.index(f"decline_{clone}")]
        ancestry = solution.values[:, :, STATES.index(f"ancestry_{clone}")]
        gone, size = _fate(start, decline, ancestry)
        out = gone > luck[:, i][:, None]
        burden += np.where(out, 0.0, size)
        ever = out.any(axis=1)
        extinct[ever, i] = solution.times[out[ever].argmax(axis=1)]
    return burden, extinct


def _fate(start: Array, decline: Array, ancestry: Array) -> tuple[Array, Array]:
    """(P(extinct), mean size given survival) of a clone."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        log_gone = start * np.log1p(-np.exp(-np.maximum(ancestry, 0.0)))
        log_gone = np.where(start == 0, 0.0, log_gone)
        gone = np.exp(log_gone)
        left = -np.expm1(log_gone)
        size = start * np.exp(-decline) / left
    return gone, np.where(left > 0, size, 0.0)
