"""Which numbers to read or measure next: those not verified whose uncertainty moves the answer."""

from typing import Any

from ..library import references
from .record import Row, unverified

SHOWN = 20


def reading_list(
    numbers: list[Row], sensitivity: list[Row], total: dict[str, float], shown: int = SHOWN
) -> list[Row]:
    """The unread and assumed numbers that move the answer most, the largest effect first.

    numbers, sensitivity: rows of a run's numbers.csv and sensitivity.csv. total: total Sobol
    indices by id, where there are some. The effect is the change of the answer from the low to the
    high end of a number's range: how much a unit of it does, times how far it is unknown.
    """
    known = {row["id"]: row for row in numbers if unverified(row)}
    moved = [row for row in sensitivity if row["id"] in known and effect(row) > 0]
    chosen = sorted(moved, key=lambda row: (-effect(row), row["id"]))[:shown]
    return [
        {
            "id": row["id"],
            "do": "measure this" if known[row["id"]]["basis"] == "assumed" else "open this source",
            **{key: known[row["id"]][key] for key in ("meaning", "value", "unit", "basis", "why")},
            **_where(known[row["id"]]),
            "low": row["low"],
            "high": row["high"],
            "effect_low": row["effect_low"],
            "effect_high": row["effect_high"],
            "effect": effect(row),
            "arm": row.get("arm", ""),
            "total": total.get(row["id"]),
        }
        for row in chosen
    ]


def effect(row: Row) -> float:
    """How far the answer moves over the range of a number, whichever the direction.

    Where both ends move it the same way, the larger of the two.
    """
    ends = row["effect_low"], row["effect_high"], 0.0
    return float(max(ends) - min(ends))


def shares(numbers: list[Row], sensitivity: list[Row]) -> Row:
    """How many numbers are unread or assumed, and how much of all effects rests on them."""
    doubtful = {row["id"] for row in numbers if unverified(row)}
    assumed = sum(row["basis"] == "assumed" for row in numbers)
    known = {row["id"] for row in numbers}
    effects = {row["id"]: effect(row) for row in sensitivity if row["id"] in known}
    whole = sum(effects.values())
    resting = sum(size for name, size in effects.items() if name in doubtful)
    return {
        "numbers": len(numbers),
        "assumed": assumed,
        "unread": len(doubtful) - assumed,
        "share": len(doubtful) / len(numbers) if numbers else None,
        "share_of_effects": resting / whole if whole > 0 else None,
    }


def _where(number: Row) -> dict[str, Any]:
    source = references().get(number["source"])
    return {
        "source": source.cite if source else number["source"],
        "url": source.url if source else "",
        "at": number["at"],
    }
