"""The table of a validation, and the shipped one in `library/tables`; `make validation`."""

import csv
import io
from importlib.metadata import version
from pathlib import Path

from ..base import write_text_atomic
from .bars import WORDS, Verdict, judged, stated
from .store import LIBRARY
from .validation import Checked, validate

PATIENTS, SEED = 10_000, 1
COLUMNS = {  # name: meaning, unit
    "row_id": ("Row of validation_rows", "text"),
    "source_row": ("Row of results (R), of kinetics (K), or key of the reference", "text"),
    "study": ("Built-in study that predicts it", "text"),
    "arm": ("Only these arms; empty: all", "text"),
    "disease": ("Only these diseases, or responders or non-responders; empty: all", "text"),
    "outcome": ("A proportion, such as crs, or a statistic, such as median_tmax_day", "text"),
    "day": ("Day of the outcome; empty: best or ever", "day"),
    "role": ("calibration, set from (a number was set from it) or held out", "text"),
    "observed_events": ("Patients with the outcome; empty: no count", "count"),
    "observed_patients": ("Patients in all; empty: not printed", "count"),
    "observed": ("Share, or amount in the unit that the outcome's name ends in", "1"),
    "observed_low": ("Low end: exact 95 % of a count, printed spread of an amount", "1"),
    "observed_high": ("High end, likewise; one empty end is open", "1"),
    "shrunk": ("Share drawn toward reports of its class, design, outcome and scale", "1"),
    "predicted": ("Predicted share (mean) or amount (median)", "1"),
    "predicted_low": ("Low end of 95 % of trials of that size; of the rate if n is unknown", "1"),
    "predicted_high": ("High end, likewise", "1"),
    "overlap": ("Whether the two intervals meet: yes or no; empty: not judged", "text"),
    "standardized_error": ("Predicted less observed over their combined sd; amounts in logs", "1"),
    "log_score": ("Log of the chance that the model gave to the count", "1"),
    "log_score_null": ("The same for the calibration trial's own rate of the outcome", "1"),
    "scale": ("Grading scale, criteria or assay of the source; empty: not found", "text"),
    "checked": ("read or unread: has somebody opened the source for the figure?", "text"),
    "note": ("What to bear in mind", "text"),
    "evidence_class": ("Class of evidence; classes are never pooled", "text"),
}  # fmt: skip
VERDICT_COLUMNS = {
    "name": ("Measure", "text"),
    "evidence_class": ("Class of evidence of the rows", "text"),
    "kind": ("bar (decides the exit code) or aim (reported)", "text"),
    "words": ("What is measured", "text"),
    "measured": ("What was measured; empty: nothing to measure it on", "1"),
    "least": ("Least value that holds", "1"),
    "most": ("Largest value that holds", "1"),
    "holds": ("yes or no; empty: not measured", "text"),
    "why": ("Why it stands there", "text"),
}


def table_rows(found: list[Checked]) -> list[dict[str, object]]:
    """Checked rows by column, numbers rounded to four decimals; None is an empty cell."""
    return [_row(each) for each in found]


def _row(each: Checked) -> dict[str, object]:
    row, seen = each.published, each.published.observed
    values = (
        row.id, row.source_row, row.study, "; ".join(row.arms), "; ".join(row.groups),
        row.outcome, row.day, row.role, seen.events, seen.patients, seen.value, seen.low,
        seen.high, seen.shrunk, each.predicted, each.low, each.high, _yes(each.overlap),
        each.standardized_error, each.log_score, each.log_score_null, seen.scale, seen.checked,
        seen.note, row.evidence_class,
    )  # fmt: skip
    return dict(zip(COLUMNS, map(_rounded, values)))


def verdict_rows(found: list[Verdict]) -> list[dict[str, object]]:
    """Bars and aims by column."""
    rows = []
    for each in found:
        bar = each.bar
        values = (
            bar.name, bar.evidence_class, bar.kind, WORDS[bar.name], each.measured, bar.least,
            bar.most, _yes(each.holds), bar.why,
        )  # fmt: skip
        rows.append(dict(zip(VERDICT_COLUMNS, map(_rounded, values))))
    return rows


def _yes(flag: bool | None) -> str | None:
    return None if flag is None else "yes" if flag else "no"


def _rounded(value: object) -> object:
    return round(value, 4) + 0.0 if isinstance(value, float) else value


def csv_of(rows: list[dict[str, object]], columns: dict[str, tuple[str, str]]) -> str:
    """Rows as CSV; whole numbers without a decimal point."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([f"{v:.10g}" if isinstance(v, float) else v for v in row.values()])
    return text.getvalue()


def _about(meaning: str, columns: dict[str, tuple[str, str]]) -> str:
    lines = [
        f'meaning: "{meaning}"',
        'source: "the publication that each row of validation_rows names"',
        "checked: by row",
        "licence: Apache-2.0",
        "columns:",
        *(f'  {n}: {{meaning: "{m}", unit: "{u}"}}' for n, (m, u) in columns.items()),
    ]
    return "\n".join(lines) + "\n"


def made_by(patients: int, seed: int) -> str:
    """Version, patients and seed in words."""
    return f"carnk {version('carnk')}, {patients:,} virtual patients of each study, seed {seed}"


def main(folder: Path = LIBRARY / "tables") -> None:
    """Validate with many patients and write the shipped tables; minutes on two cores."""
    found = validate(PATIENTS, SEED)
    made = made_by(PATIENTS, SEED)
    for name, rows, columns, what in (
        ("validation", table_rows(found), COLUMNS, "Published quantities beside predictions"),
        ("validation_verdicts", verdict_rows(judged(found, stated())), VERDICT_COLUMNS,
         "Bars and aims of the validation, measured"),
    ):  # fmt: skip
        write_text_atomic(folder / f"{name}.csv", csv_of(rows, columns))
        about = _about(f"{what}; {made}; written by `make validation`", columns)
        write_text_atomic(folder / f"{name}.about.yaml", about)


if __name__ == "__main__":
    main()
