"""The arms side by side on the same virtual patients, and their differences from the first arm."""

from typing import Any

import numpy as np

from ...domain import Arm, Study
from ...evidence.diseases import ontology
from ...evidence.results import BY_SOURCE, CAR_NK, chosen
from ...study.paired import Difference, differences, endpoints, values
from ...study.supply import Supply, supply
from ..chances import chance_of
from ..numerals import NONE, count, number, percent, powers, span
from ..record import Record
from ..strips import Axis, Mark, Ticks
from ..words import DISEASES, words

Row = dict[str, Any]
GAPS = Axis(-1.0, 1.0)
GAP_TICKS: Ticks = [(0, "−100"), (25, ""), (50, "0"), (75, ""), (100, "+100")]


def content(record: Record) -> Row:
    """A table of arms, figures of differences, what a lot treats, what was observed of survival."""
    study = record.study
    found = differences(study, record.outcomes)
    figures = [_figure(label, found, outcome) for outcome, label, _ in endpoints(study)]
    return {
        "arms": [powers(arm.name) for arm in study.arms],
        "rows": rows(record),
        "figures": [figure for figure in figures if figure["rows"]],
        "reference": powers(study.arms[0].name),
        "ticks": GAP_TICKS,
        "patients": number(record.patients),
        "supply": _supplies(study, record),
        "survival": _survival(study),
    }


def rows(record: Record) -> list[Row]:
    """Every endpoint with a cell (value, range) for each arm."""
    return [_row(record, *each) for each in endpoints(record.study)]


def _row(record: Record, outcome: str, label: str, unit: str) -> Row:
    cells = []
    for arm in record.study.arms:
        part = record.of_arm(arm.name)
        flags = values(part, outcome, record.study)
        if outcome == "gvhd" and (arm.product or record.study.product).source == "autologous_t":
            cells.append((NONE, "own cells"))
        elif unit == "share":
            each = chance_of(flags, part)
            cells.append((each.text, each.interval) if each else (NONE, ""))
        else:
            kept = flags[np.isfinite(flags)]
            if kept.size:
                low, middle, high = np.quantile(kept, (0.05, 0.5, 0.95))
            cells.append((number(middle), span(low, high)) if kept.size else (NONE, ""))
    return {"label": label, "unit": unit, "cells": cells}


def _figure(label: str, found: list[Difference], outcome: str) -> Row:
    """Differences from the first arm in one endpoint, every other arm a line."""
    mine = [each for each in found if each.outcome == outcome and each.low == each.low]
    days = mine[0].unit == "days" if mine else False
    top = max((max(abs(d.low), abs(d.high)) for d in mine), default=1.0) or 1.0
    axis = Axis(-top, top) if days else GAPS
    ticks = axis.ticks if days else GAP_TICKS
    title = f"{label}, {'days' if days else 'percentage points'}"
    return {"title": title, "rows": [_line(each, axis) for each in mine], "ticks": ticks}


def _line(each: Difference, axis: Axis) -> Row:
    scale = 100 if each.unit == "share" else 1
    ends = signed(each.low * scale), signed(each.high * scale)
    text = signed(each.mean * scale)
    hint = f"{each.arm} less {each.reference}: {text}, 95 % {ends[0]} to {ends[1]}"
    marks: list[Mark] = [
        Mark("tick zero", axis.at(0.0)),
        axis.bar("world", each.low, each.high, hint),
        axis.dot("predicted", each.mean, hint),
    ]
    return {
        "name": powers(each.arm), "marks": marks, "text": text, "range": f"{ends[0]} to {ends[1]}",
    }  # fmt: skip


def signed(value: float) -> str:
    """'+12', '−3.4', '0'."""
    text = number(value, 2)
    return f"+{text}" if value > 0 and text != "0" else text


def _survival(study: Study) -> list[Row]:
    """What trials of the arms' kinds of cells observed of survival; nothing of it is predicted."""
    sources = [(arm.product or study.product).source for arm in study.arms]
    rows = []
    for kind in dict.fromkeys(BY_SOURCE.get(source, CAR_NK) for source in sources):
        for disease in study.diseases:
            found = chosen(kind, "response", ontology().named(words(disease, DISEASES)))
            rows += [
                {"kind": kind, "name": each.name, "seen": each.afterwards, "how": how}
                for each, how in found
                if each.afterwards
            ]
    return [row for i, row in enumerate(rows) if row not in rows[:i]]


def _supplies(study: Study, record: Record) -> list[Row]:
    return [_supplied(arm, supply(arm.product or study.product, arm.regimen.infusion), record)
            for arm in study.arms if arm.regimen.infusion.amount]  # fmt: skip


def _supplied(arm: Arm, found: Supply, record: Record) -> Row:
    """Patients per lot, released lots, and money per responder where a price has a source."""
    part = record.of_arm(arm.name)
    treated = part.filter(part["treated"] > 0)
    response = chance_of(values(treated, "response", record.study), treated)
    cost = NONE
    if found.prices and response:
        low, high = response.ends
        middle = _money(*(price / max(response.prediction.mean, 1e-3) for price in found.prices))
        ends = found.prices[0] / max(high, 1e-3), found.prices[-1] / max(low, 1e-3)
        cost = f"{middle} ({_money(*ends)})"
    return {
        "name": powers(arm.name),
        "process": found.process,
        "patients": f"{number(found.patients)} ({span(found.low, found.high)})",
        "released": percent(found.released),
        "price": _money(*found.prices) if found.prices else "no price in a source",
        "cost": cost,
    }


def _money(*amounts: float) -> str:
    """'373,000 to 475,000', to thousands."""
    return " to ".join(dict.fromkeys(count(round(each, -3)) for each in amounts))
