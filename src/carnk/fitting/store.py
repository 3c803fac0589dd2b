"""Writes what was fitted: numbers with their uncertainty, worlds, the held-out table."""

import csv
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..base import write_text_atomic
from ..library import load
from .calibrate import Fit, priors
from .car_t import STUDY_T
from .crs import COEFFICIENTS
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
    """The YAML of one CRS coefficient: best value and the 95 % interval of posterior draws."""
    low, high = np.percentile(draws, (2.5, 97.5))
    lines = [
        f"{name}:",
        f"  value: {best:.4g}",
        '  unit: "1"',
        f"  range: [{min(low, best):.4g}, {max(high, best):.4g}]",
        f"  meaning: {MEANINGS[name]}",
        "  basis: fitted",
        "  source: zuma1",
        '  at: "make calibrate; nine arm-level rows, of which the CAR-T ones have most CRS"',
        "  checked: read",
    ]
    return "\n".join(lines)


def world_entry(name: str, unit: str, values: Array, source: str) -> str:
    """The YAML of a number fitted world by world: median and 95 % of the worlds."""
    low, middle, high = np.percentile(values, (2.5, 50, 97.5))
    lines = [
        f"{name}:",
        f"  value: {middle:.4g}",
        f'  unit: "{unit}"',
        f"  range: [{low:.4g}, {high:.4g}]",
        f"  meaning: {_text(MEANINGS[name])}",
        "  basis: fitted",
        f"  source: {source}",
        '  at: "make calibrate; in each plausible world"',
        "  checked: read",
    ]
    return "\n".join(lines)


def write_fitted(fit: Fit, best: Array, draws: Array, worlds: dict[str, Array]) -> None:
    """Write fitted.yaml; best (4,) and draws (n, 4) are the CRS coefficients."""
    entries = [fitted_entry(fit, i) for i in range(len(FITTED))]
    entries += [crs_entry(n, float(best[i]), draws[:, i]) for i, n in enumerate(COEFFICIENTS)]
    units = {"kill_car_t": "1/day", "icans_shift_t": "1"}
    entries += [world_entry(n, unit, worlds[n], STUDY_T) for n, unit in units.items()]
    head = "# Fitted numbers with their uncertainty. Written by `make calibrate`; do not edit.\n\n"
    write_text_atomic(LIBRARY / "numbers" / "fitted.yaml", head + "\n\n".join(entries) + "\n")


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
