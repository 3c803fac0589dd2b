"""Rows of the table of validation as the credibility page shows them: words, units and marks."""

from typing import Any

from ..study.summary import LABELS
from .numerals import NONE, number, percent, percents, powers, signed, span
from .strips import SHARE_TICKS, SHARES, Mark
from .words import DISEASES, sentence, words

Row = dict[str, Any]
NAMES = LABELS | {"icans_grade_3": "ICANS, grade 3 or higher"}
STATISTICS = {
    "median": "median", "geomean": "geometric mean", "mean": "mean", "maximum": "largest",
    "minimum": "smallest",
}  # fmt: skip
QUANTITIES = {  # of a statistic over patients: words, unit
    "cmax_per_ul": ("Cmax", "cells/µL"),
    "cmax_copies": ("Cmax", "copies/µg"),
    "auc_0_28d": ("AUC0–28d", "cells/µL × day"),
    "auc_copies": ("AUC0–28d", "copies/µg × day"),
    "tmax_day": ("Tmax", "days"),
    "tlast_day": ("Tlast", "days"),
    "half_life_day": ("half-life", "days"),
    "progression_day": ("time to progression", "days"),
}


def shown(found: Row, own: list[str]) -> Row:
    """Tables by class of evidence, the study's own first; held out before the others."""
    rows = found["rows"]
    known = list(dict.fromkeys(row["evidence_class"] for row in rows))
    groups = []
    for each in sorted(known, key=lambda name: (name not in own, name)):
        mine = [row for row in rows if row["evidence_class"] == each]
        held = [row for row in mine if row["role"] == "held out"]
        rest = [row for row in mine if row["role"] != "held out"]
        parts = (("held out", held), ("fitted to, or a number was set from it", rest))
        tables = [
            (f"{each}, {title}", _tally(part), [shown_row(row) for row in part])
            for title, part in parts
            if part
        ]
        groups.append({"name": each, "own": each in own, "tables": tables})
    return {
        "made": found["made"].replace("`", ""),
        "ticks": SHARE_TICKS,
        "groups": groups,
        "verdicts": [_verdict(each) for each in found["verdicts"]],
    }


def _tally(rows: list[Row]) -> str:
    says = [row["says"] for row in rows]
    unjudged = says.count("not judged")
    text = (
        f"Judged: {len(rows) - unjudged}. Missed, the two intervals lie apart: "
        f"{says.count('missed')}. Outside what a trial of that size would see: "
        f"{says.count('outside')}."
    )
    return text + (f" Without an interval to judge by: {unjudged}." if unjudged else "")


def shown_row(row: Row) -> Row:
    """One row in words; a statistic over patients has a unit and no marks on the axis of shares."""
    name, unit = named(row["outcome"])
    share = unit is None
    parts = [row["study"], powers(row["arm"] or "")]
    parts += [words(each, DISEASES) for each in (row["disease"] or "").split("; ") if each]
    parts.append(unit or "")
    counted = row["observed_events"] is not None
    error = row["standardized_error"]
    return {
        "name": name + ("" if row["day"] is None else f", day {number(row['day'])}"),
        "part": ", ".join(each for each in parts if each),
        "predicted": _value(row["predicted"], unit),
        "interval": _interval(row["predicted_low"], row["predicted_high"], share),
        "observed": f"{row['observed_events']} of {row['observed_patients']}"
        if counted
        else _value(row["observed"], unit),
        "exact": _interval(row["observed_low"], row["observed_high"], share),
        "says": row["says"],
        "error": "" if error is None else f"{signed(error)} sd",
        "checked": row["checked"],
        "note": row["note"] or "",
        "marks": _marks(row) if share else [],
    }


def named(outcome: str) -> tuple[str, str | None]:
    """(words, unit) of an outcome; None for the unit of a share."""
    statistic, _, rest = outcome.partition("_")
    if statistic in STATISTICS:
        what, unit = QUANTITIES.get(rest, (rest.replace("_", " "), ""))
        return sentence(f"{what}, {STATISTICS[statistic]}"), unit
    return NAMES.get(outcome, outcome.replace("_", " ")), None


def _value(value: float | None, unit: str | None) -> str:
    if value is None:
        return NONE
    return percent(value) if unit is None else number(value, 2)


def _interval(low: float | None, high: float | None, share: bool) -> str:
    if low is not None and high is not None:
        return percents(low, high) if share else span(low, high)
    if low is None and high is None:
        return ""
    return f"from {number(low)}" if high is None else f"to {number(high)}"


def _marks(row: Row) -> list[Mark]:
    """Predictive interval and mean above, observed with its interval below."""
    marks = []
    if row["predicted_low"] is not None and row["predicted_high"] is not None:
        marks.append(SHARES.bar("trial", row["predicted_low"], row["predicted_high"]))
    marks.append(SHARES.dot("predicted", row["predicted"]))
    if row["observed_low"] is not None and row["observed_high"] is not None:
        marks.append(SHARES.bar("exact", row["observed_low"], row["observed_high"]))
    if row["observed"] is not None:
        marks.append(SHARES.dot("observed", row["observed"]))
    return marks


def _verdict(each: Row) -> Row:
    least, most = each["least"], each["most"]
    wanted = f"at least {number(least)}" if most is None else f"at most {number(most)}"
    group = each.get("evidence_class")
    return {
        "words": each["words"] + (f" ({group})" if group else ""),
        "kind": each["kind"],
        "measured": number(each["measured"], 3),
        "wanted": wanted,
        "holds": {"yes": "holds", "no": "does not hold"}.get(each["holds"] or "", "not measured"),
        "why": each["why"],
    }
