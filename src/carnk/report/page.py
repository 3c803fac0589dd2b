"""The page: every section's content through its template into one file that needs no network."""

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from ..base import write_text_atomic
from . import record as records
from .rendering import TEMPLATES, render
from .sections import (
    arms,
    comparison,
    courses,
    influence,
    lots,
    mechanisms,
    numbers,
    opening,
    paired,
    repeat,
    safety,
    trial,
    uncertainty,
)

TITLES = {
    "paired": "Arms on the same patients",
    "trial": "The trial",
    "comparison": "Predicted against observed",
    "courses": "Courses",
    "arms": "By dose and disease",
    "uncertainty": "What is not known, and what differs",
    "lots": "Lots against patients",
    "influence": "What moves the outcome",
    "safety": "Safety",
    "numbers": "The numbers",
    "mechanisms": "The equations",
    "repeat": "Failures and repetition",
}
SHORT = {
    "paired": "Arms",
    "trial": "Trial",
    "comparison": "Comparison",
    "courses": "Courses",
    "arms": "Doses",
    "uncertainty": "Uncertainty",
    "lots": "Lots",
    "influence": "Influence",
    "safety": "Safety",
    "numbers": "Numbers",
    "mechanisms": "Equations",
    "repeat": "Repeat",
}


def write_page(folder: Path) -> Path:
    """Write report.html into a run folder, whole or not at all, and return its path."""
    path = folder / "report.html"
    write_text_atomic(path, page(records.read(folder)))
    return path


def page(record: records.Record) -> str:
    """The whole page as text."""
    from markupsafe import Markup

    found = contents(record)
    figure = found["courses"]["figure"]
    return render(
        "page.html",
        sections=found,
        titles={name: title for name, title in TITLES.items() if name in found},
        short={name: title for name, title in SHORT.items() if name in found},
        script=Markup((TEMPLATES / "page.js").read_text(encoding="utf-8")),
        plotly=Markup(_plotly()) if figure else "",
        figure=Markup(script_data(figure)),
        written=datetime.now(UTC).strftime("%Y-%m-%d"),
        version=record.manifest["carnk"],
    )


def contents(record: records.Record) -> dict[str, Any]:
    """What every section shows, by section."""
    parts = {"trial": trial.content(record)} if record.study.trial else {}
    if record.study.paired and len(record.study.arms) > 1 and len(record.outcomes):
        parts["paired"] = paired.content(record)
    if record.study.product.process and len(record.outcomes):
        parts["lots"] = lots.content(record)
    return parts | {
        "opening": opening.content(record),
        "comparison": comparison.content(record),
        "courses": courses.content(record),
        "arms": arms.content(record),
        "uncertainty": uncertainty.content(record),
        "influence": influence.content(record),
        "safety": safety.content(record),
        "numbers": numbers.content(record),
        "mechanisms": mechanisms.content(),
        "repeat": repeat.content(record),
    }


def script_data(data: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("&", "\\u0026").replace("\u2028", "\\u2028")


@cache
def _plotly() -> str:
    """The text of the plotting library, which stands in the page once."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())
