"""Writes what was fitted: numbers with their uncertainty, worlds, the held-out table."""

import csv
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..base import write_text_atomic
from ..evidence.results import report
from ..library import load
from .calibrate import Fit, priors
from .car_t import STUDY_T
from .crs import COEFFICIENTS, CRS_ROWS
from .data import FITTED, STUDY

Array = NDArray[np.float64]
LIBRARY = Path(__file__).parents[1] / "library"
MEANINGS = {
    "crs_slope": "Change of the log-odds of CRS per tenfold rise of peak IL-6",
    "crs_threshold_1": "Log-odds threshold of CRS grade 1 or higher at baseline IL-6",
    "crs_threshold_2": "Log-odds threshold of CRS grade 2 or higher at baseline IL-6",
    "crs_threshold_3": "Log-odds threshold of CRS grade 3 or higher at baseline IL-6",
    "kill_car_t": "Targets killed per CAR-T cell and day",
    "icans_shift_t": "How much less likely ICANS is than CRS of any grade after CAR-T, log-odds",
}


def fitted_entry(fit: Fit, i: int) -> str:
    """The YAML of one fitted number: posterior median and 95 % interval."""
    number, name = priors()[i], FITTED[i]
    low, middle, high = np.percentile(fit.posterior[:, i], (2.5, 50, 97.5))
    known = "identified" if fit.identified()[i] else "not identified by the data"
    spread = load()[name].spread
    lines = [
        f"{name}:",
        f"  value: {middle:.4g}",
        f"  unit: {_text(number.unit)}",
        *([f"  spread: {{{spread.law}: {spread.size:g}}}"] if spread else []),
        f"  range: [{low:.4g}, {high:.4g}]",
        f"  meaning: {_text(_sentence(number.meaning.removeprefix(f'Prior of {name}: ')))}",
        "  basis: fitted",
        f"  source: {STUDY}",
        f'  at: "make calibrate; {known}"',
        "  checked: read",
    ]
    return "\n".join(lines)


def crs_entry(name: str, best: float, draws: Array) -> str:
    """The YAML of one CRS coefficient: best of the average trial, 95 % of draws of a new one."""
    low, high = np.percentile(draws, (2.5, 97.5))
    lines = [
        f"{name}:",
        f"  value: {best:.4g}",
        '  unit: "1"',
        f"  range: [{min(low, best):.4g}, {max(high, best):.4g}]",
        f"  meaning: {MEANINGS[name]}",
        "  basis: fitted",
        "  source: zuma1",
        '  at: "make calibrate; nine arm-level rows, of which the CAR-T ones have most CRS;'
        ' the range is that of a new trial"',
        f"  checked: {_checked('crs')}",
    ]
    return "\n".join(lines)


def world_entry(name: str, unit: str, values: Array, checked: str) -> str:
    """The YAML of a number fitted world by world: median and 95 % of the worlds."""
    low, middle, high = np.percentile(values, (2.5, 50, 97.5))
    lines = [
        f"{name}:",
        f"  value: {middle:.4g}",
        f'  unit: "{unit}"',
        f"  range: [{low:.4g}, {high:.4g}]",
        f"  meaning: {_text(MEANINGS[name])}",
        "  basis: fitted",
        f"  source: {STUDY_T}",
        '  at: "make calibrate; in each plausible world"',
        f"  checked: {checked}",
    ]
    return "\n".join(lines)


def write_fitted(fit: Fit, best: Array, draws: Array, worlds: dict[str, Array]) -> None:
    """Write fitted.yaml; best (4,) and draws (n, 4) are the CRS coefficients."""
    entries = [fitted_entry(fit, i) for i in range(len(FITTED))]
    entries += [crs_entry(n, float(best[i]), draws[:, i]) for i, n in enumerate(COEFFICIENTS)]
    entries.append(world_entry("kill_car_t", "1/day", worlds["kill_car_t"], "read"))
    entries.append(world_entry("icans_shift_t", "1", worlds["icans_shift_t"], _checked("icans")))
    head = "# Fitted numbers with their uncertainty. Written by `make calibrate`; do not edit.\n\n"
    write_text_atomic(LIBRARY / "numbers" / "fitted.yaml", head + "\n\n".join(entries) + "\n")


def _checked(outcome: str) -> str:
    """Unread if nobody has opened the source of one of the counts that a law is fitted to."""
    rows = [row for row in CRS_ROWS if outcome == "crs" or row.icans is not None]
    return "unread" if any(report(row.row_id).seen[outcome].unread for row in rows) else "read"


def write_table(name: str, rows: list[dict[str, object]]) -> None:
    """Write a CSV table of the library; its about.yaml is kept by hand."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text_atomic(LIBRARY / "tables" / f"{name}.csv", text.getvalue())


def world_rows(values: dict[str, Array]) -> list[dict[str, object]]:
    """Joint values, (worlds,) by id, as rows of world, id and value."""
    return [
        {"world": i, "id": number_id, "value": f"{value:.4g}"}
        for number_id, column in values.items()
        for i, value in enumerate(column)
    ]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _text(text: str) -> str:
    return f'"{text}"' if text == "1" or ":" in text else text


def numbers_of(fit: Fit) -> dict[str, Array]:
    """Posterior medians as one trial's values."""
    return {name: np.median(fit.posterior[:, [i]], axis=0) for i, name in enumerate(FITTED)}
