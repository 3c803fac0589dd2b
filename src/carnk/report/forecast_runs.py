"""Forecasts shipped with the package: `python -m carnk.report.forecast_runs FOLDER`.

FOLDER holds a run folder of each study named below; a forecast that the table holds already stays
as it is.
"""

import sys
from pathlib import Path
from typing import Any

from ..base import write_text_atomic
from ..evidence.forecast import Forecast, as_csv, forecasts, make
from ..library.table import FOLDER as TABLES
from .predictions import Predicted, predicted

OUTCOMES = ("response", "crs")
PLAN = (  # trial, study, diseases of the study, how the trial departs from it
    ("NCT06707259", "marin2024", ("follicular", "dlbcl"),
     "also IL-10 armor; B-cell lymphoma of any kind, taken as follicular and large-cell"),
    ("NCT06464861", "lei2025", ("dlbcl",),
     "mantle-cell and mediastinal lymphoma too; dose and schedule not stated"),
    ("NCT04796675", "marin2024", (), "IL-15 not stated; ALL, CLL and lymphoma in unknown shares"),
    ("NCT05950334", "ft596", ("follicular", "dlbcl"), "FT522, which has a further edit"),
    ("NCT05379647", "ft596", ("dlbcl",), "another iPSC product; B-ALL too; dose not stated"),
    ("NCT05645601", "nkx019", (), "another adult-blood product; dose, armor, diseases not stated"),
    ("NCT04887012", "nkx019", (), "another adult-blood product; dose and armor not stated"),
)  # fmt: skip


def forecast(
    folder: Path, trial: str, outcome: str, diseases: tuple[str, ...], differs: str
) -> Forecast:
    """Make the forecast of a trial's outcome from a run folder."""
    found = predicted(folder, outcome, diseases)
    return make(trial, (found.law.a, found.law.b), identity(found), differs)


def identity(found: Predicted) -> dict[str, Any]:
    """What tells one run from another, as a forecast writes it down."""
    return {
        "outcome": found.outcome, "study": found.study, "study_sha256": found.study_sha256[:16],
        "outcomes_sha256": found.outcomes_sha256[:16], "carnk": found.carnk,
        "patients": found.patients, "seed": found.seed,
    }  # fmt: skip


def main(folder: Path) -> None:
    """Add what is not yet forecast to the table."""
    kept = list(forecasts())
    there = {(each.trial, each.outcome) for each in kept}
    for trial, study, diseases, differs in PLAN:
        for outcome in OUTCOMES:
            if (trial, outcome) not in there:
                kept.append(forecast(folder / study, trial, outcome, diseases, differs))
    write_text_atomic(TABLES / "forecasts.csv", as_csv(kept))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
