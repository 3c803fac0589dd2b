"""The folder of a PEtab fit: estimates, simulations beside the measurements, fit.json."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from .fit import SAME, PetabFit
from .problem import from_scale

Row = dict[str, Any]
NINETY_FIVE = 1.959964


def estimates(found: PetabFit) -> list[Row]:
    """One row for every estimated parameter; the interval is that of the curvature (Wald)."""
    rows = []
    for k, p in enumerate(found.objective.petab.estimated):
        at, error = found.theta[k], found.standard_errors[k]
        ends = (at - NINETY_FIVE * error, at + NINETY_FIVE * error)
        value, low, high = (float(from_scale(p.scale, np.array(x))) for x in (at, *ends))
        note = "" if np.isfinite(error) else "not identified: the likelihood is flat"
        rows.append(
            {
                "name": p.id, "scale": p.scale, "value": _short(value), "low": _short(low),
                "high": _short(high), "se": _short(float(error)), "lower_bound": p.lower,
                "upper_bound": p.upper, "note": "at its bound" if found.at_bound[k] else note,
            }
        )  # fmt: skip
    return rows


def simulations(found: PetabFit) -> list[Row]:
    """One row for every measurement, with the course and the noise at the estimate."""
    objective = found.objective
    values = objective.values(found.theta[None])
    rows = []
    for run in objective.runs:
        for one, course, noise in objective.simulated(run, values, near=False):
            rows.append(
                {
                    "observableId": one.observable,
                    "preequilibrationConditionId": one.before,
                    "simulationConditionId": one.condition,
                    "time": one.time,
                    "measurement": one.value,
                    "simulation": _short(float(course[0])),
                    "noise": _short(float(noise[0])),
                }
            )
    return rows


def manifest(found: PetabFit) -> Row:
    """How the fit was made and how well it went."""
    petab = found.objective.petab
    best = float(found.ends.max())
    return {
        "carnk": version("carnk"),
        "model": petab.model.id or petab.model.file,
        "problem": petab.file,
        "measurements": len(petab.measurements),
        "conditions": len(found.objective.runs),
        "estimated": len(petab.estimated),
        "seed": found.seed,
        "log_likelihood": round(found.log_likelihood, 6),
        "log_prior": round(found.log_prior, 6),
        "starts": len(found.ends),
        "starts_that_found_it": int((found.ends > best - SAME).sum()),
        "ends": [round(float(e), 4) if np.isfinite(e) else None for e in np.sort(found.ends)[::-1]],
    }


def write_into(folder: Path, found: PetabFit) -> None:
    """Write every file of a fit but the report into a folder that is there."""
    (folder / "estimates.csv").write_text(_text(estimates(found), ","), encoding="utf-8")
    (folder / "simulations.tsv").write_text(_text(simulations(found), "\t"), encoding="utf-8")
    text = json.dumps(manifest(found), indent=1) + "\n"
    (folder / "fit.json").write_text(text, encoding="utf-8")


def _text(rows: Sequence[Row], delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _short(x: float) -> float | None:
    return float(f"{x:.8g}") if np.isfinite(x) else None
