"""Runs behind the claims that a simulation can test: `python -m carnk.report.claim_runs FOLDER`.

FOLDER holds one run folder for each command below, under its name; the table claim_runs is written
from what the runs themselves predict, with their hashes.
"""

import csv
import io
import sys
from datetime import date
from pathlib import Path

from ..base import write_text_atomic
from ..library.table import FOLDER as TABLES
from ..study.summary import LABELS
from .numerals import percent, percents
from .predictions import last_seen, predicted

BARE = "carnk new no_il15 --from liu2020; set armor: none in its study.yaml; "
COMMANDS = {
    "liu2020": "carnk run liu2020 --patients 1000 --seed 1",
    "no_il15": f"{BARE}carnk run no_il15/study.yaml --patients 1000 --seed 1",
    "marin2024": "carnk run marin2024 --patients 1000 --seed 1",
    "ft596": "carnk run ft596 --patients 1000 --seed 1",
    "nkx019": "carnk run nkx019 --patients 1000 --seed 1",
    "cd33_aml": "carnk run cd33_aml --patients 1000 --seed 1",
    "dose_schedule": "carnk run dose_schedule --patients 6000 --seed 1",
}
LAST = "last_day"
PLAN = (  # claim, run, arm, outcome, row beside it, remark
    ("liu-responses", "liu2020", "", "response", "results:R001:response",
     "the model is calibrated on a later cut of this trial: no independent test"),
    ("short-persistence", "no_il15", "", LAST, "kinetics:K009", "the armor taken out of liu2020"),
    ("il15-persistence", "liu2020", "", LAST, "kinetics:K001", "with secreted IL-15"),
    ("il15-persistence", "no_il15", "", LAST, "kinetics:K009", "the armor taken out"),
    ("il15-persistence", "ft596", "", LAST, "kinetics:K006",
     "iPSC with an IL-15 fusion; its loss rate is set from this very row"),
    ("repeat-dosing", "dose_schedule", "1e7 once", "response", "results:R004:response", "one dose"),
    ("repeat-dosing", "dose_schedule", "1e7 weekly", "response", "results:R021:response",
     "three weekly doses; the trial beside it gave another product"),
    ("crs-by-source", "marin2024", "", "crs", "results:R004:crs", "cord blood, CD19"),
    ("crs-by-source", "cd33_aml", "", "crs", "results:R024:crs", "cord blood, CD33"),
    ("crs-by-source", "ft596", "3e8 with rituximab", "crs", "results:R014:crs", "iPSC, CD19"),
    ("crs-by-source", "nkx019", "1e9 x3", "crs", "results:R020:crs", "adult blood, CD19"),
    ("low-crs", "marin2024", "", "crs_grade_3", "results:R004:crs_grade_3", ""),
    ("low-crs", "cd33_aml", "", "crs", "results:R024:crs", ""),
)  # fmt: skip
COLUMNS = (
    "claim", "study", "arm", "outcome", "predicted", "patients", "seed", "carnk", "study_sha256",
    "outcomes_sha256", "ran", "command", "beside", "remark",
)  # fmt: skip


def rows(folder: Path, ran: str) -> list[dict[str, object]]:
    """Read the runs in a folder into rows of the table claim_runs."""
    found: list[dict[str, object]] = []
    for claim, name, arm, outcome, beside, remark in PLAN:
        law = predicted(folder / name, "crs" if outcome == LAST else outcome, arm=arm)
        if outcome == LAST:
            middle, low, high = last_seen(folder / name)
            text = f"day {middle:g} in the median patient ({low:g} to {high:g} in 90 % of them)"
        else:
            text = f"{percent(law.law.mean)} ({percents(*law.law.interval())})"
        label = "Last day with cells in blood" if outcome == LAST else LABELS[outcome]
        values = (
            claim, name, arm, label, text.replace("\u00a0", " "), law.patients, law.seed,
            law.carnk, law.study_sha256[:16], law.outcomes_sha256[:16], ran, COMMANDS[name], beside,
            remark,
        )  # fmt: skip
        found.append(dict(zip(COLUMNS, values)))
    return found


def main(folder: Path) -> None:
    """Write the table claim_runs from the runs in a folder."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows(folder, date.today().isoformat()))
    write_text_atomic(TABLES / "claim_runs.csv", stream.getvalue())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
