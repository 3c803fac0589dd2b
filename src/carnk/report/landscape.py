"""The landscape page: a snapshot of the trial registry in one HTML file that needs no network."""

from collections import Counter
from pathlib import Path
from typing import Any

from ..base import write_text_atomic
from ..evidence.countries import tiles
from ..evidence.diseases import ontology
from ..evidence.query import Row, count, rows
from ..evidence.snapshot import Snapshot, snapshot
from ..evidence.store import is_counted, is_unread, values
from .rendering import TEMPLATES, render

AREAS = {
    "heme": "Blood cancer", "solid": "Solid tumor", "autoimmune": "Autoimmune",
    "infectious": "Infection",
}  # fmt: skip
GROUPS = (
    ("B-cell", ("bcell",)), ("T-cell", ("tcell",)), ("Other lymphoid", ("lymphoma", "all")),
    ("AML, MDS", ("myeloid",)), ("Myeloma", ("pcd",)), ("Other blood", ("heme",)),
    ("Gastrointestinal", ("gi",)), ("Lung", ("lung",)), ("Gynecologic", ("gyn",)),
    ("Breast", ("breast",)), ("Prostate", ("prostate",)), ("Kidney", ("kidney",)),
    ("Brain", ("glioma",)), ("Other solid", ("solid", "cancer")), ("Lupus", ("sle",)),
    ("Other autoimmune", ("autoimmune",)), ("Infection", ("infection",)),
)  # fmt: skip
TARGETS_SHOWN = 18
SHADES = 5


def write(path: Path, day: str | None = None) -> Path:
    """Write the page of a snapshot, whole or not at all, and return its path."""
    write_text_atomic(path, page(snapshot(day)))
    return Path(path)


def page(of: Snapshot) -> str:
    """The whole page as text."""
    from markupsafe import Markup

    every = rows(of, everything=True)
    counted = [row for row in every if is_counted(row)]
    return render(
        "landscape.html",
        ("page.css", "landscape.css"),
        date=of.date,
        tiles=_tiles(counted, every),
        growth=_growth(counted, of),
        matrix=_matrix(counted),
        bars=[_bars(counted, *each) for each in BARS],
        map=_map(counted),
        table=[_entry(row) for row in every],
        filters=_filters(every),
        doubtful=len(every) - len(counted),
        undated=sum(not row["as_of"] for row in counted),
        script=Markup((TEMPLATES / "landscape.js").read_text("utf-8")),
    )


BARS = (
    ("nk_source", "NK source"), ("phase", "Phase"), ("status", "Status"), ("armor", "Armor"),
    ("switch", "Safety switch"), ("edits", "Edits"),
)  # fmt: skip


def _tiles(counted: list[Row], every: list[Row]) -> list[dict[str, str]]:
    recruiting = sum(row["status"] == "RECRUITING" for row in counted)
    targets = count(counted, "target")
    countries = count(counted, "country")
    one = sum(row["phase"] in ("Phase 1", "Early Phase 1") for row in counted)
    return [
        {"value": str(len(counted)), "what": "registered CAR-NK trials",
         "note": f"{len(every) - len(counted)} more are doubtful or give other cells"},
        {"value": str(recruiting), "what": "said they were recruiting",
         "note": "ask the registry for today"},
        {"value": str(len(targets.values)), "what": "targets",
         "note": f"stated in {targets.trials - targets.unknown} of {targets.trials}"},
        {"value": str(len(countries.values)), "what": "countries",
         "note": f"stated in {countries.trials - countries.unknown} of {countries.trials}"},
        {"value": str(one), "what": "are phase 1 or earlier",
         "note": "a plan says nothing of success"},
    ]  # fmt: skip


def _growth(counted: list[Row], of: Snapshot) -> dict[str, Any]:
    """Columns by year, each split by area; the share counted by start year is told apart."""
    tally = Counter((row["year"], _area(row)) for row in counted)
    known = sorted({row["year"] for row in counted if row["year"]})
    years = [str(y) for y in range(int(known[0]), int(known[-1]) + 1)] if known else []
    totals = {y: sum(tally[y, a] for a in (*AREAS, "")) for y in years}
    most = max(totals.values(), default=1)
    columns = [
        {
            "year": y,
            "total": totals[y],
            "planned": y > of.date[:4],
            "parts": [_part(a, tally[y, a], most) for a in (*AREAS, "") if tally[y, a]],
            "height": f"{100 * totals[y] / most:.2f}",
        }
        for y in years
    ]  # fmt: skip
    return {
        "columns": columns,
        "areas": AREAS,
        "posted": sum(row["year_basis"] == "first posted" for row in counted),
        "start": sum(row["year_basis"] == "start" for row in counted),
        "undated": sum(not row["year"] for row in counted),
        "unread": sum(is_unread(row, "start_date") for row in counted),
        "unfinished": of.date[:4],
    }


def _part(area: str, n: int, most: int) -> dict[str, Any]:
    name = AREAS.get(area, "Not stated")
    return {"area": area, "n": n, "name": name, "height": f"{100 * n / most:.2f}"}


def _area(row: Row) -> str:
    first = row["disease_class"].split("; ")[0]
    return first if first in AREAS else ""


def _matrix(counted: list[Row]) -> dict[str, Any]:
    """Targets against groups of diseases; a trial counts once in each cell that it touches."""
    cells: Counter[tuple[str, str]] = Counter()
    unread: Counter[tuple[str, str]] = Counter()
    for row in counted:
        for target in values(row, "target"):
            for group in _groups(row):
                cells[target, group] += 1
                unread[target, group] += is_unread(row, "target")
    order = [v.value for v in count(counted, "target").values]
    shown = order[:TARGETS_SHOWN]
    most = max((cells[t, g] for t in shown for g, _ in GROUPS), default=1)
    lines = [
        {
            "name": t,
            "cells": [
                {"n": cells[t, g], "unread": unread[t, g], "shade": _shade(cells[t, g], most)}
                for g, _ in GROUPS
            ],
        }
        for t in [*shown, "unknown"]
    ]
    return {"groups": [g for g, _ in GROUPS], "lines": lines, "more": len(order) - len(shown)}


def _groups(row: Row) -> list[str]:
    known = ontology()
    ids = {each.name: each.id for each in known.by_id.values()}
    found = []
    for name in values(row, "disease"):
        if name in ids:
            line = [ids[name], *known.parents(ids[name])]
            found += [label for label, roots in GROUPS if set(roots) & set(line)][:1]
    return list(dict.fromkeys(found))


def _shade(n: int, most: int) -> int:
    """0 for none, then 1 to SHADES by the root of the count, so that single trials stay visible."""
    return 0 if not n else 1 + round((SHADES - 1) * ((n - 1) / max(most - 1, 1)) ** 0.5)


def _bars(counted: list[Row], field: str, title: str) -> dict[str, Any]:
    found = count(counted, field)
    most = max((v.trials for v in found.values), default=1)
    return {
        "title": title,
        "known": found.trials - found.unknown,
        "trials": found.trials,
        "rows": [
            {
                "name": v.value.lower().replace("_", " ") if field == "status" else v.value,
                "n": v.trials,
                "unread": v.unread,
                "width": f"{100 * (v.trials - v.unread) / most:.1f}",
                "rest": f"{100 * v.unread / most:.1f}",
            }
            for v in found.values[:9]
        ],
        "more": max(0, len(found.values) - 9),
    }


def _map(counted: list[Row]) -> dict[str, Any]:
    """One tile per country, placed roughly as on a map, shaded by the number of trials."""
    found = count(counted, "country")
    number = {v.value: v.trials for v in found.values}
    most = max(number.values(), default=1)
    placed = tiles()
    return {
        "tiles": [
            {"name": name, "code": code, "column": column + 1, "row": row + 1,
             "n": number.get(name, 0), "shade": _shade(number.get(name, 0), most)}
            for name, (code, column, row) in placed.items()
        ],
        "others": [(name, n) for name, n in number.items() if name not in placed],
        "unknown": found.unknown,
        "ranked": [(v.value, v.trials) for v in found.values],
    }  # fmt: skip


def _entry(row: Row) -> dict[str, Any]:
    marks = {name for name in ("target", "nk_source", "armor", "switch") if is_unread(row, name)}
    return {
        **row,
        "counted": is_counted(row),
        "areas": row["disease_class"],
        "status_text": row["status"].lower().replace("_", " "),
        "when": f"{row['year'] or 'not known'}",
        "marks": marks,
        "whole_unread": is_unread(row, "all"),
        "https": row["url"] if row["url"].startswith("https://") else "",
    }


def _filters(every: list[Row]) -> list[dict[str, Any]]:
    asked = (("target", "Target"), ("disease", "Disease"), ("nk_source", "NK source"),
             ("phase", "Phase"), ("country", "Country"), ("status", "Status"))  # fmt: skip
    found = {name: {v for row in every for v in values(row, name)} for name, _ in asked}
    return [
        {"name": name, "label": label, "values": sorted(found[name], key=str.lower)}
        for name, label in asked
    ]
