"""What moves the outcome: the ten numbers whose plausible range changes the tumor most."""

from typing import Any

from ...domain import Study
from ...study.answers import compares
from ..numerals import number, powers, quantity, signed, span, unit
from ..record import Record
from ..strips import Axis

SHOWN = 10


def content(record: Record) -> dict[str, Any]:
    """Bars around zero, one pair per number."""
    known = {row["id"]: row for row in record.numbers}
    moved = [
        row
        for row in record.sensitivity
        if row["id"] in known and (row["effect_low"] or row["effect_high"])
    ]
    shown = moved[:SHOWN]
    ends = [0.0, *(row[end] for row in shown for end in ("effect_low", "effect_high"))]
    edge = max(0.1, max(abs(end) for end in ends) * 1.05)
    axis = Axis(-edge, edge)
    return {
        "rows": [_row(row, known[row["id"]], axis) for row in shown],
        "ticks": [tick for tick in axis.ticks if 0 < tick[0] < 100],
        "zero": axis.at(0.0),
        "tried": len(record.sensitivity),
        "moved": len(moved),
        "day": number(record.study.response_day),
        "reference": reference(record.study),
    }


def reference(study: Study) -> str:
    """The first arm, from which the others differ; '' where the question is no difference."""
    return powers(study.arms[0].name) if compares(study) else ""


def _row(row: dict[str, Any], about: dict[str, Any], axis: Axis) -> dict[str, Any]:
    low, high = row["effect_low"], row["effect_high"]
    return {
        "id": row["id"],
        "meaning": about["meaning"],
        "basis": about["basis"],
        "value": quantity(about["value"], about["unit"]),
        "arm": powers(row.get("arm", "")),
        "range": f"{span(row['low'], row['high'])} {unit(about['unit'])}".strip(),
        "low": signed(low),
        "high": signed(high),
        "marks": [
            axis.bar("at-low", 0.0, low, f"at {number(row['low'], 2)}: {signed(low)}"),
            axis.bar("at-high", 0.0, high, f"at {number(row['high'], 2)}: {signed(high)}"),
        ],
    }
