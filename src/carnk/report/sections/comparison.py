"""Predicted against observed: each published count beside what the model expects for it."""

from typing import Any

from ...designs import clopper_pearson
from ...library import Reference
from ...study.summary import Comparison, compare
from ..chances import Chance
from ..numerals import number, percent, percents, plural, powers
from ..record import Record
from ..strips import SHARE_TICKS, SHARES, Mark
from ..words import DISEASES, words
from .opening import heldout_rows

Row = dict[str, Any]


def content(record: Record) -> dict[str, Any]:
    """Rows with something published, rows without, and a sentence on how strict the test is."""
    found = compare(record.study, record.outcomes) if len(record.outcomes) else []
    rows = [_row(each, record.cited) for each in found]
    seen = [row for row in rows if row["observed"]]
    return {
        "seen": seen,
        "unseen": [row for row in rows if not row["observed"]],
        "ticks": SHARE_TICKS,
        "summary": _summary(found),
        "sources": len({each.seen.source for each in found if each.seen}),
        "heldout": _heldout(),
    }


def _row(each: Comparison, cited: dict[str, Reference]) -> Row:
    part = [powers(each.arm)] if each.arm else []
    part += [words(each.disease, DISEASES)] if each.disease else []
    predicted = Chance(each.prediction, each.patients)
    row: Row = {
        "label": label(each),
        "part": ", ".join(part),
        "predicted": predicted.text,
        "interval": predicted.interval,
        "marks": predicted.marks(),
        "observed": "",
    }
    if each.seen is None or each.seen.patients < 1:
        return row
    return row | _observed(each, cited)


def _observed(each: Comparison, cited: dict[str, Reference]) -> Row:
    seen = each.seen
    assert seen is not None
    low, high = each.prediction.predictive(seen.patients)
    exact = clopper_pearson(seen.events, seen.patients)
    share = seen.events / seen.patients
    hint = f"a trial of {seen.patients} would see {low} to {high}"
    trial = SHARES.bar("trial", low / seen.patients, high / seen.patients, hint)
    told = f"observed {seen.events} of {seen.patients}, exact interval {percents(*exact)}"
    marks: list[Mark] = [
        SHARES.bar("exact", *exact, told),
        SHARES.dot("observed", share, told),
    ]
    source = cited.get(seen.source)
    return {
        "marks": [trial, *Chance(each.prediction, each.patients).marks(), *marks],
        "expected": f"{expected(each)} of {seen.patients}",
        "range": f"{low}–{high}",
        "observed": f"{seen.events} of {seen.patients}",
        "exact": percents(*exact),
        "inside": low <= seen.events <= high,
        "source": source.cite if source else seen.source,
        "url": source.url if source else "",
        "at": seen.at,
        "checked": seen.checked,
        "note": seen.note,
    }


def label(each: Comparison) -> str:
    """The outcome in words; a response without a day is the best of all visits."""
    best = each.day is None and each.outcome in ("response", "complete_response")
    return f"{each.label}, best" if best else each.label


def expected(each: Comparison) -> str:
    """Mean number of events in a trial of the published size."""
    assert each.seen is not None
    return f"{each.prediction.mean * each.seen.patients:.1f}".replace("0.0", "under 0.1")


def _summary(found: list[Comparison]) -> str:
    """How many counts lie where the model expects them, and how much that says."""
    rows = [each for each in found if each.seen and each.seen.patients]
    if not rows:
        return ""
    inside, width = 0, 0.0
    for each in rows:
        seen = each.seen
        assert seen is not None
        low, high = each.prediction.predictive(seen.patients)
        inside += low <= seen.events <= high
        width += (high - low + 1) / (seen.patients + 1) / len(rows)
    counts = plural(len(rows), "published count")
    text = f"{inside} of {counts} {'lies' if inside == 1 else 'lie'} in the range expected."
    wide = f" On average the range admits {percent(width)} of all counts a trial could show"
    return text + wide + (", so agreement rules out little." if width > 0.5 else ".")


def _heldout() -> list[Row]:
    """The library's held-out predictions, if they have been made."""
    rows = heldout_rows()
    if rows is None:
        return []
    return [
        {
            "study": row["study"],
            "outcome": str(row["outcome"]).replace("_", " "),
            "part": ", ".join(
                part
                for part in (powers(row["arm"] or ""), words(row["disease"] or "", DISEASES))
                if part
            ),
            "observed": f"{row['events']:g} of {row['patients']:g}",
            "predicted": percent(row["predicted"]),
            "range": f"{row['low']:g}–{row['high']:g}",
            "score": number(row["log_score"]),
            "null": number(row["log_score_null"]),
        }
        for row in rows.to_dicts()
    ]
