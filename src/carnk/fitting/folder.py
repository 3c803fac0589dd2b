"""The folder of a fit: tables, a number file for runs, and fit.json, which says how it was made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ..assays.events import Events
from ..base import pseudonyms
from ..library import OWN_DATA, Number, Spread, load, number_file_text
from . import tables
from .mixed.result import Fit
from .offers import Offer
from .plan import Plan

ROUGH = 0.5  # of the log likelihood


@dataclass(frozen=True)
class Source:
    """What a fit was made from."""

    offer: Offer
    plan: Plan
    events: Events
    keep_ids: bool = False


def write_into(folder: Path, fit: Fit, source: Source) -> None:
    """Write every file of a fit but the report into a folder that is there."""
    names = pseudonyms(source.events.ids, source.events.content, keep=source.keep_ids)
    rows = {
        "estimates.csv": tables.estimates(fit),
        "individuals.csv": tables.individuals(fit, source.plan, names),
        "samples.csv": tables.samples(fit, names),
        "vpc.csv": tables.visual_checks(fit),
        "posterior.csv": tables.posterior_draws(fit),
        "profiles.csv": tables.profiles(fit),
    }
    for name, each in rows.items():
        if each:
            (folder / name).write_text(_csv(each), encoding="utf-8")
    (folder / "numbers.yaml").write_text(numbers_text(fit, source), encoding="utf-8")
    text = json.dumps(manifest(fit, source), indent=1) + "\n"
    (folder / "fit.json").write_text(text, encoding="utf-8")


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    return str(pl.DataFrame(rows, infer_schema_length=None).write_csv())


def manifest(fit: Fit, source: Source) -> dict[str, Any]:
    """How a fit was made and how well it went."""
    data, population = fit.study.samples, fit.study.population
    at_best = fit.found.at_best
    own = fit.individuals
    random = [population.quantities[i].name for i in population.random]
    return {
        "carnk": version("carnk"),
        "model": source.offer.name,
        "title": source.offer.title,
        "data": {
            "file": source.events.file,
            "sha256": sha256(source.events.content).hexdigest(),
            "patients": len(fit.study.ids),
            "samples": int(data.used.sum()),
            "not_seen": int((data.used & ~data.seen).sum()),
        },
        "outputs": [
            {"name": m.name, "formula": m.formula.text, "unit": m.unit, "error": m.error}
            for m in source.plan.outputs
        ],
        "fixed": dict(source.plan.fixed),
        "seed": fit.settings.seed,
        "draws": fit.settings.draws,
        "converged": True,
        "rounds": fit.found.rounds,
        "last_move_in_standard_errors": round(fit.found.moved, 4),
        "minus_two_log_likelihood": round(-2 * at_best.total, 3),
        "its_monte_carlo_error": round(2 * at_best.log_error, 3),
        "by_laplace": round(-2 * fit.laplace, 3),
        "least_effective_draws": round(float(at_best.effective.min()), 1),
        "posterior_effective_draws": round(fit.posterior.effective, 1),
        "eta_shrinkage": dict(zip(random, np.round(own.eta_shrinkage, 4).tolist())),
        "error_shrinkage": dict(
            zip(population.outputs, (_rounded(s) for s in own.error_shrinkage.tolist()))
        ),
        "not_identified": [
            n for n, fine in zip(population.names, fit.posterior.identified) if not fine
        ],
        "expansion_error": round(fit.expansion_error, 3),
        "notes": [*source.offer.notes, *_rough(fit)],
        "warnings": [str(w) for w in source.events.warnings],
    }  # fmt: skip


def _rough(fit: Fit) -> list[str]:
    """What is said where the expansion in numbers that all share does not hold."""
    if fit.expansion_error <= ROUGH:
        return []
    return [
        "Intervals and profiles of numbers that are the same in all patients are rough: the log "
        f"likelihood is off by {fit.expansion_error:.1f} at one standard deviation of one of them."
    ]


def _rounded(x: float) -> float | None:
    return round(x, 4) if np.isfinite(x) else None


def numbers_text(fit: Fit, source: Source) -> str:
    """Fitted numbers as a number file: typical value, spread between patients, 95 % interval."""
    digest = sha256(source.events.content).hexdigest()[:16]
    about = f"Fitted by carnk fit to {source.events.file}, model {source.offer.name}."
    return number_file_text(_numbers(fit, source, digest), about)


def _numbers(fit: Fit, source: Source, digest: str) -> Iterator[Number]:
    library = load()
    rows = {row["name"]: row for row in tables.estimates(fit)}
    for q in fit.study.population.quantities:
        number_id, row = source.offer.ids.get(q.name, q.name), rows[q.name]
        meaning = library[number_id].meaning if number_id in library else f"{q.name} of the model"
        spread = None
        if q.omega > 0:
            spread = Spread("lognormal_omega2", float(rows[f"omega_{q.name}"]["value"] ** 2))
        ends = min(row["low"], row["value"]), max(row["high"], row["value"])
        known = row["note"] or "identified"
        at = f"carnk fit, seed {fit.settings.seed}; data SHA-256 {digest}; {known}"
        yield Number(
            number_id, row["value"], q.unit, meaning, "fitted", ends, spread, source=OWN_DATA,
            at=at, checked="read",
        )  # fmt: skip
