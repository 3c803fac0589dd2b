"""The tables of a fit: what was estimated, whose numbers, every sample, what was simulated."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .mixed.result import Fit
from .plan import Plan

Array = NDArray[np.float64]
Row = dict[str, Any]
NOT_IDENTIFIED = "not identified: as wide as its prior"


def estimates(fit: Fit) -> list[Row]:
    """One row for every entry of theta, on its natural scale.

    value: at the maximum of the posterior. low, high: 2.5 and 97.5 % of the posterior. se: standard
    error on the scale on which it was estimated (`scale`); rse_pct: of the value, delta method.
    """
    population = fit.study.population
    low, _, high = fit.posterior.interval()
    middle, below, above = population.prior
    rows = []
    for i, name in enumerate(population.names):
        kind, scale, unit = _kind(fit, i)
        value, ends, prior = (
            [_natural(x, scale) for x in each]
            for each in (
                (fit.found.theta[i],), (low[i], high[i]),
                (middle[i], middle[i] - 1.96 * below[i], middle[i] + 1.96 * above[i]),
            )
        )  # fmt: skip
        error = fit.found.standard_errors[i]
        rows.append(
            {
                "name": name, "kind": kind, "value": _short(value[0]), "unit": unit,
                "low": _short(ends[0]), "high": _short(ends[1]), "scale": scale,
                "se": _short(error),
                "rse_pct": _short(100 * (error if scale == "log" else error / abs(value[0]))),
                "prior": _short(prior[0]), "prior_low": _short(prior[1]),
                "prior_high": _short(prior[2]),
                "width_over_prior": _short(fit.posterior.width[i]),
                "note": "" if fit.posterior.identified[i] else NOT_IDENTIFIED,
            }
        )  # fmt: skip
    return rows


def _kind(fit: Fit, i: int) -> tuple[str, str, str]:
    """(what an entry of theta is, its scale, its unit)."""
    population = fit.study.population
    typical, effects, omegas, corrs, _ = population.blocks
    if i < typical.stop:
        q = population.quantities[i]
        return ("typical" if q.omega > 0 else "same in all"), q.scale, q.unit
    if i < effects.stop:
        return "effect of a covariate", "lin", "1"
    if i < omegas.stop:
        return "between patients, sd of the logarithm", "log", "1"
    if i < corrs.stop:
        return "correlation, before scaling", "lin", "1"
    return "error", "log", "1"


def _natural(x: float, scale: str) -> float:
    return math.exp(x) if scale == "log" else x


def _short(x: float) -> float | None:
    """Six digits; None where there is no number."""
    return float(f"{x:.6g}") if math.isfinite(x) else None


def individuals(fit: Fit, plan: Plan, names: dict[str, str]) -> list[Row]:
    """One row for every patient: its most likely numbers, and the spread of their logarithms."""
    population, own = fit.study.population, fit.individuals
    natural = population.natural(own.scaled)
    rows = []
    for i, patient in enumerate(fit.study.ids):
        row: Row = {"patient": names[patient]}
        row |= {q.name: _short(x) for q, x in zip(population.quantities, natural[i])}
        row |= {
            f"sd_log_{population.quantities[place].name}": _short(own.sd[i, k])
            for k, place in enumerate(population.random)
        }
        rows.append(row)
    return rows


def samples(fit: Fit, names: dict[str, str]) -> list[Row]:
    """One row for every sample: seen or between which ends, typical and own course, residuals."""
    data, own, outputs = fit.study.samples, fit.individuals, fit.study.population.outputs
    rows = []
    for i, m in zip(*np.nonzero(data.used)):
        seen = bool(data.seen[i, m])
        rows.append(
            {
                "patient": names[fit.study.ids[i]],
                "day": _short(data.day[i, m]),
                "output": outputs[data.output[i, m]],
                "value": _short(data.low[i, m]) if seen else None,
                "above": None if seen else _short(data.low[i, m]),
                "below": None if seen else _short(data.high[i, m]),
                "typical": _short(own.population_course[i, m]),
                "own": _short(own.course[i, m]),
                "iwres": _short(own.iwres[i, m]),
                "npde": _short(fit.npde[i, m]),
            }
        )
    return rows


def visual_checks(fit: Fit) -> list[Row]:
    """Percentiles of samples and of simulated studies, by bin of time."""
    rows = []
    for output, check in zip(fit.study.population.outputs, fit.checks):
        for b, day in enumerate(check.day):
            row: Row = {"output": output, "day": _short(day)}
            for p, name in enumerate(("p5", "p50", "p95")):
                row[f"seen_{name}"] = _short(check.seen[p, b])
                ends = zip(("low", "middle", "high"), check.band[p, b])
                row |= {f"model_{name}_{end}": _short(x) for end, x in ends}
            row["below_limit"] = _short(check.below[b])
            ends = zip(("low", "middle", "high"), check.below_band[b])
            rows.append(row | {f"model_below_{end}": _short(x) for end, x in ends})
    return rows


def profiles(fit: Fit) -> list[Row]:
    """Profiles: the best log posterior without its own prior for each value of one entry."""
    scales = {n: _kind(fit, i)[1] for i, n in enumerate(fit.study.population.names)}
    return [
        {
            "name": p.name, "value": _short(_natural(float(x), scales[p.name])),
            "log_likelihood": _short(float(v)), "closed": p.closed,
        }
        for p in fit.profiles for x, v in zip(p.grid, p.value)
    ]  # fmt: skip


def posterior_draws(fit: Fit) -> list[Row]:
    """Draws of the posterior, on the natural scale."""
    population = fit.study.population
    scales = [_kind(fit, i)[1] for i in range(len(population.names))]
    return [
        {n: _short(_natural(float(x), s)) for n, x, s in zip(population.names, row, scales)}
        for row in fit.posterior.theta
    ]
