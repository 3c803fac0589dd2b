"""What was published, quantity by quantity: set beside a study, or left out with the reason."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import exp, log, sqrt
from typing import Any

from ..base import NumberError, Problem
from ..evidence.pooling import exact, shrunk
from ..evidence.results import (
    NK_92,
    NO_CAR,
    OUTCOMES,
    Report,
    Seen,
    chosen,
    pooled,
    report,
    reports,
)
from ..library import table
from ..study import read

RATES = (*OUTCOMES, "pfs", "detected_day_15", "detected_day_365")
RESPONDERS = {"responders": 1.0, "non-responders": 0.0}
NO_STUDY = "no built-in study"
CLASS_REASON = {NO_CAR: "NK without CAR", NK_92: "NK-92"}
WHOLE = "whole"
_SPREAD = re.compile(r"(?:95% CI )?(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)(?: \(IQR\))?")


@dataclass(frozen=True)
class Observed:
    """What a paper printed for one quantity.

    events, patients: the count and its denominator. value: the share, or an amount in the unit of
    its outcome. low, high: the exact interval of a count, the printed spread of an amount; None is
    an open end beside the other one, and no interval where both are None. shrunk: the share drawn
    toward the pooled rate of its class of evidence and scale, None where nothing can be pooled.
    """

    events: int | None = None
    patients: int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    shrunk: float | None = None
    scale: str = ""
    checked: str = "unread"
    note: str = ""


@dataclass(frozen=True)
class Published:
    """One published quantity and the place in a built-in study that predicts it."""

    id: str
    source_row: str
    study: str
    arms: tuple[str, ...]  # empty: all
    groups: tuple[str, ...]  # diseases, or one of RESPONDERS; empty: all
    outcome: str
    day: float | None
    role: str
    observed: Observed
    evidence_class: str

    @property
    def is_time(self) -> bool:
        """Whether it is a statistic of a day that the end of a study cuts off."""
        return self.outcome.endswith(("tlast_day", "progression_day"))

    @property
    def is_rate(self) -> bool:
        """Whether it is a proportion of patients; else it is a statistic over them."""
        return self.outcome in RATES


@dataclass(frozen=True)
class LeftOut:
    """A published quantity without a prediction, and why."""

    source_row: str
    what: str
    reason: str
    why: str


@cache
def published() -> tuple[Published, ...]:
    """Every quantity of the table validation_rows; NumberError with all that cannot be found."""
    problems: list[Problem] = []
    rows = []
    for row in table("validation_rows").to_dicts():
        try:
            rows.append(_published(row))
        except NumberError as error:
            problems += error.problems
    if problems:
        raise NumberError(problems, "validation_rows.csv")
    return tuple(rows)


def _published(row: dict[str, Any]) -> Published:
    arms, groups = (_split(row[name]) for name in ("arm", "disease"))
    key, outcome = str(row["source_row"]), str(row["outcome"])
    if key.startswith("K"):
        seen = _amount(row, _kinetics()[key])
    elif row["value"] is not None:
        seen = _by_hand(row)
    else:
        seen = _count(row, key, outcome)
    note = "; ".join(text for text in (row["note"], seen.note) if text)
    seen = Observed(**vars(seen) | {"note": note})
    day = None if row["day"] is None else float(row["day"])
    kind = _class(row)
    return Published(
        row["row_id"], key, row["study"], arms, groups, outcome, day, row["role"], seen, kind
    )


def _class(row: dict[str, Any]) -> str:
    """Class of evidence of the study's reports; of a kinetics row, of the study's other rows."""
    for other in table("validation_rows").to_dicts():
        if other["study"] == row["study"] and str(other["source_row"]).startswith("R"):
            return report(other["source_row"]).evidence_class
    return ""


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(filter(None, (text or "").split("; ")))


def _count(row: dict[str, Any], key: str, outcome: str) -> Observed:
    """A proportion: from results, else from the `observed` block of the study's own file."""
    found = report(key) if key.startswith("R") else None
    seen = found.seen.get(outcome) if found else None
    if found and seen:
        checked = "unread" if seen.unread else "read"
        if seen.events is None or not seen.patients or seen.interval is None:
            try:
                share = float(seen.stated.removesuffix(" %")) / 100
            except ValueError:
                what = f"'{seen.stated}' of {key} is no number"
                raise NumberError(Problem(row["row_id"], what, "Give value.")) from None
            return Observed(value=share, scale=seen.scale, checked=checked,
                            note="percentage without n: no interval, not judged")  # fmt: skip
        n, k = seen.patients, seen.events
        near = _shrunk(found, seen)
        several = f"{seen.least} to {seen.most} events print as {seen.stated}"
        note = several if seen.least < seen.most else ""
        return Observed(k, n, k / n, *seen.interval, near, seen.scale, checked, note)
    for o in read(row["study"]).observed:
        if (o.outcome, o.arm, o.disease) == (outcome, row["arm"] or "", row["disease"] or ""):
            ends = exact(o.events, o.patients)
            share = o.events / o.patients
            return Observed(o.events, o.patients, share, *ends, None, "", o.checked, o.note)
    what = f"neither {key} nor the study {row['study']} states '{outcome}'"
    raise NumberError(Problem(row["row_id"], what, "Give value and patients, or another row."))


def _by_hand(row: dict[str, Any]) -> Observed:
    """A value that stands in the words of a row of results, written out in the table."""
    found = report(row["source_row"])
    checked = "unread" if found.is_unread("") else "read"
    value, n = float(row["value"]), row["patients"]
    if row["outcome"] in RATES and n:
        return Observed(int(value), n, value / n, *exact(int(value), n), checked=checked)
    note = "" if n or row["low"] or row["high"] else "printed without n: not judged"
    ends = row["low"], row["high"]
    return Observed(None, n, value, *ends, checked=checked, note=note)


@cache
def _kinetics() -> dict[str, dict[str, Any]]:
    return {str(row["row_id"]): row for row in table("kinetics").to_dicts()}


def _amount(row: dict[str, Any], source: dict[str, Any]) -> Observed:
    value, low, high = row["value"], row["low"], row["high"]
    if value is None and low is None and high is None:
        try:
            value = float(source["value"])
        except ValueError:
            what = f"'{source['value']}' of {source['row_id']} is no number"
            do = "Give value, low or high, and the words in `printed`."
            raise NumberError(Problem(row["row_id"], what, do)) from None
        low, high = _spread(value, source["spread_or_range"] or "")
    checked = "read" if str(source["checked"]).startswith("read") else "unread"
    return Observed(
        None, row["patients"] or source["n"], value, low, high, scale=source["method"] or "",
        checked=checked,
    )  # fmt: skip


def _spread(value: float, printed: str) -> tuple[float | None, float | None]:
    """The interval of a printed spread: 95 % of patients for a CV or an SD, else as printed."""
    kind, _, size = printed.partition(" ")
    if kind == "CV":
        reach = 1.96 * sqrt(log(1 + (float(size.removesuffix("%")) / 100) ** 2))
        return value * exp(-reach), value * exp(reach)
    if kind == "SD":
        return max(value - 1.96 * float(size), 0.0), value + 1.96 * float(size)
    found = _SPREAD.fullmatch(printed)
    return (float(found[1]), float(found[2])) if found else (None, None)


def _shrunk(found: Report, seen: Seen) -> float | None:
    """Drawn toward the reports of its class, design, outcome and scale; None without two such."""
    for group in pooled(chosen(found.evidence_class, seen.outcome), seen.outcome):
        if (group.design, group.scale) == (found.design, seen.scale):
            like = (each.seen[seen.outcome] for each in group.reports)
            counts = tuple((s.events or 0, s.patients or 0) for s in like)
            return shrunk(seen.events or 0, seen.patients or 0, counts)
    return None


def left_out() -> list[LeftOut]:
    """Every published quantity that has no row, in the order of the tables.

    Quantities of one row that are left out for one reason stand together.
    """
    mapped = {(row.source_row, _quantity(row)) for row in published()}
    given = {(str(row["source_row"]), row["quantity"] or ""): row
             for row in table("validation_left_out").to_dicts()}  # fmt: skip
    found: dict[tuple[str, str, str], list[str]] = {}
    for key, kind, quantities in _rows():
        more = {q: q for (row, q) in given if row == key and q not in (*quantities, WHOLE)}
        for quantity, words in (quantities | more).items():
            if (key, quantity) in mapped:
                continue
            row = given.get((key, quantity)) or given.get((key, WHOLE))
            why = (row["reason"], row["why"]) if row else (CLASS_REASON.get(kind, NO_STUDY), "")
            found.setdefault((key, *why), []).append(words)
    return [LeftOut(key, "; ".join(words), *why) for (key, *why), words in found.items()]


def _quantity(row: Published) -> str:
    """The quantity of its source row that a mapped row stands for."""
    if row.source_row.startswith("K"):
        return ""
    return "survival" if row.outcome in ("pfs", "median_progression_day") else row.outcome


def _rows() -> Iterator[tuple[str, str, dict[str, str]]]:
    """(row, class, its quantities in words) of results and kinetics."""
    for each in reports():
        said = {outcome: OUTCOMES[outcome] for outcome in each.seen}
        for name, column in (("survival", "PFS_OS"), ("persistence", "persistence")):
            if each.row[column]:
                said[name] = each.row[column]
        yield each.id, each.evidence_class, said or {"": "no figure"}
    for key, row in _kinetics().items():
        cell = str(row["cell_type"])
        kind = NK_92 if "NK-92" in cell else NO_CAR if cell.startswith("NK") else ""
        yield key, kind, {"": str(row["parameter"])}
