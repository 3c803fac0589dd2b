"""Fits and predictions as files: fit.json, predicted.csv."""

import csv
import io
import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ..assays.curves import Curve
from ..base import DataError, Problem, read_text, write_text_atomic
from ..library import load, table
from .lysis import Fit, Predicted

FORMAT = 1
LARGEST_BYTES = 50_000_000
COLUMNS = ("donor", "target", "effector", "hours", "ET", "lysis_pct", "low", "high")


def fingerprint() -> str:
    """Which numbers and levels a fit stands on."""
    numbers = [(n.id, n.value, n.range) for n in load().values() if n.room == "killing"]
    levels = [table(name).rows() for name in ("target_ligands", "target_cells")]
    return sha256(repr((numbers, levels)).encode()).hexdigest()[:16]


def write_fit(path: Path, found: Fit, flags: Sequence[Problem]) -> None:
    """Write a fit, with the flags of what was left out of it."""
    seen = [
        {"donor": c.donor, "target": c.target, "effector": c.effector, "antigen": c.antigen,
         "hours": c.hours, "et": c.et.tolist(), "rows": list(c.rows)}
        for c in found.seen
    ]  # fmt: skip
    content = {
        "carnk_kill_fit": FORMAT,
        "numbers": fingerprint(),
        "seed": found.seed,
        "residual_pct": round(found.residual, 3),
        "factors": list(found.names),
        "best": found.best.round(5).tolist(),
        "draws": found.draws.round(5).tolist(),
        "seen": seen,
        "left_out": [str(flag) for flag in flags],
    }
    write_text_atomic(path, json.dumps(content, indent=1) + "\n")


def read_fit(path: Path) -> Fit:
    """Read a fit; DataError if it is none, or stands on other numbers than the library's."""
    try:
        content: dict[str, Any] = json.loads(read_text(path, LARGEST_BYTES))
        if content["carnk_kill_fit"] != FORMAT:
            raise ValueError("another format")
        fit = Fit(
            tuple(content["factors"]),
            np.array(content["best"], float),
            np.array(content["draws"], float).reshape(-1, len(content["factors"])),
            int(content["seed"]),
            float(content["residual_pct"]),
            tuple(_seen(c) for c in content["seen"]),
        )
    except (ValueError, KeyError, TypeError):
        what = "this is not a fit that `carnk kill fit` wrote"
        raise DataError(Problem(path.name, what, "Fit again.")) from None
    if content["numbers"] != fingerprint():
        what = "the fit stands on other numbers than this version's"
        raise DataError(Problem(path.name, what, "Fit again with this version."))
    return fit


def _seen(c: dict[str, Any]) -> Curve:
    et = np.array(c["et"], float)
    none = np.zeros(et.size)
    return Curve(
        c["donor"], c["target"], c["effector"], c["antigen"], float(c["hours"]), et, none, none,
        none + 1, tuple(c["rows"]),
    )  # fmt: skip


def predicted_csv(found: Sequence[Predicted]) -> str:
    """Predictions as CSV, one row per E:T; percent, low and high hold 95 % of new measurements."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for p in found:
        c = p.curve
        for et, lysis, low, high in zip(c.et, p.lysis, p.low, p.high):
            numbers = (f"{x:.2f}" for x in (lysis, low, high))
            writer.writerow((c.donor, c.target, c.effector, f"{c.hours:g}", f"{et:g}:1", *numbers))
    return text.getvalue()
