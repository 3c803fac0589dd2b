"""What moves an answer when all wide numbers vary together: its folder, its page, its lines."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from ..base import Problem, SpecError, new_folder_atomic
from ..study.global_sensitivity import Sensitivity
from .numerals import count, number, percent, signed, span, unit
from .rendering import render
from .strips import Axis

Row = dict[str, Any]
METHODS = {"sobol": "Sobol indices", "morris": "Morris effects"}


def write_sensitivity(found: Sensitivity, text: str, path: Path) -> None:
    """Write a folder, whole or not at all: table, facts, picture and the study's text."""
    with new_folder_atomic(path) as folder:
        write_into(found, folder)
        (folder / "study.yaml").write_text(text, encoding="utf-8")


def write_into(found: Sensitivity, folder: Path) -> None:
    """Write table, facts and picture into a folder that is there."""
    (folder / "sensitivity.csv").write_text(table_text(found), encoding="utf-8")
    facts = json.dumps({"facts": found.facts, "rows": found.rows}, indent=1) + "\n"
    (folder / "sensitivity.json").write_text(facts, encoding="utf-8")
    (folder / "sensitivity.html").write_text(page(found), encoding="utf-8")


def read_sensitivity(folder: Path) -> Sensitivity | None:
    """What `write_sensitivity` wrote; None if it is not there, SpecError if it cannot be read."""
    path = folder / "sensitivity.json"
    if not path.is_file():
        return None
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Sensitivity(kept["rows"], kept["facts"])
    except (ValueError, KeyError, TypeError):
        what = "is not what carnk wrote there"
        raise SpecError(Problem(str(path), what, "Remove its folder.")) from None


def table_text(found: Sensitivity) -> str:
    """The rows as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(found.rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(found.rows)
    return text.getvalue()


def page(found: Sensitivity) -> str:
    """The picture as one page that needs no network."""
    return render("sensitivity.html", s=content(found), version=found.facts["carnk"])


def content(found: Sensitivity, shown: int | None = None) -> Row:
    """What the table and the bars show of the first `shown` numbers, or of all."""
    facts = found.facts
    sobol = facts["method"] == "sobol"
    axis = _axis(found)
    return {
        "study": facts["study"],
        "meaning": facts["meaning"],
        "method": METHODS[facts["method"]],
        "summary": _summary(found),
        "legend": [
            ("first", "first: the number alone"),
            ("total", "total: with all it does together with others"),
        ]
        if sobol
        else [
            ("size", "mean size of the effect"),
            ("spread", "its spread, from bends and company"),
        ],
        "rows": [_row(row, axis, sobol) for row in found.rows[:shown]],
        "more": len(found.rows[shown:]) if shown else 0,
        "ticks": [tick for tick in axis.ticks if 0 <= tick[0] <= 100],
        "zero": axis.at(0.0),
        "caption": _caption(found),
    }


def _axis(found: Sensitivity) -> Axis:
    if found.facts["method"] == "sobol":
        ends = [max(row["first"], row["total"] + row["total_error"]) for row in found.rows]
        return Axis(0.0, min(max(0.1, *ends), 1.5))
    ends = [max(row["size"] + row["size_error"], row["spread"]) for row in found.rows]
    return Axis(0.0, max(*ends, 1e-6) * 1.02)


def _row(row: Row, axis: Axis, sobol: bool) -> Row:
    text, marks = (_shares if sobol else _effects)(row, axis)
    kept = ("id", "meaning", "basis", "checked")
    return {key: row[key] for key in kept} | {"range": _range(row), "text": text, "marks": marks}


def _range(row: Row) -> str:
    return f"{span(row['low'], row['high'])} {unit(row['unit'])}".strip()


def _shares(row: Row, axis: Axis) -> tuple[str, list[Any]]:
    first, total = max(row["first"], 0.0), row["total"]
    text = f"first {_of(row, 'first')}, total {_of(row, 'total')}"
    ends = max(total - row["total_error"], 0.0), total + row["total_error"]
    return text, [
        axis.bar("total", 0.0, total, text),
        axis.bar("first", 0.0, first, text),
        axis.bar("error", *ends, f"95 % interval of the total: {span(*ends)}"),
    ]


def _effects(row: Row, axis: Axis) -> tuple[str, list[Any]]:
    text = f"effect {_of(row, 'mean', signs=True)}, size {_of(row, 'size')}"
    ends = max(row["size"] - row["size_error"], 0.0), row["size"] + row["size_error"]
    return text, [
        axis.bar("size", 0.0, row["size"], text),
        axis.bar("error", *ends, f"95 % interval of the size: {span(*ends)}"),
        axis.dot("spread", row["spread"], f"spread {number(row['spread'], 2)}"),
    ]


def _of(row: Row, key: str, signs: bool = False) -> str:
    rounded = round(row[key], 2) + 0.0  # no -0.00
    value = f"{rounded:+.2f}" if signs else f"{rounded:.2f}"
    error = row.get(f"{key}_error")
    return (value if error is None else f"{value} ± {error:.2f}").replace("-", "−")


def _summary(found: Sensitivity) -> str:
    facts = found.facts
    about = (
        f"{count(facts['runs'])} runs of the same {count(facts['patients'])} patients. Of "
        f"{facts['tried']} uncertain numbers tried one by one, the {len(found.rows)} that move the "
        "answer most vary here together; all others stay at the middle of their range."
    )
    if facts["method"] == "morris":
        return f"{about} An effect is the change of the answer over a number's whole range."
    if not facts["variance"]:
        return f"{about} None of them moves the answer."
    alone = min(max(sum(row["first"] for row in found.rows), 0.0), 1.0)
    error = sum(row["first_error"] ** 2 for row in found.rows) ** 0.5
    spread = number(facts["variance"] ** 0.5, 2)
    middle = number(facts["mean"], 3)
    if facts["answer"] in ("response", "complete_response", "crs"):
        points = f"{signed(100 * facts['mean'])} percentage points"
        middle = points if facts.get("arms") else percent(facts["mean"])
        spread = f"{100 * facts['variance'] ** 0.5:.2g} percentage points"
    return (
        f"{about} The answer is {middle} on average, with a standard deviation of {spread} over "
        f"the numbers. Acting alone they make up about {percent(alone)} of its variance "
        f"(± {100 * error:.0f} percentage points); "
        "the rest is what they do together."
    )


def _caption(found: Sensitivity) -> str:
    text = (
        "Each number follows its own law over the plausible worlds, independently of the others: "
        "correlations that the fit left between numbers are not kept. The range is that of 90 % of "
        "the worlds. Patients are the same in every run, so differences are of the numbers alone."
    )
    if found.facts["method"] == "sobol":
        wide = max(row["total_error"] for row in found.rows)
        return f"{text} Lines are 95 % intervals (bootstrap), up to ± {wide:.2f}; more runs narrow."
    return f"{text} Lines are 95 % intervals of the size (bootstrap)."


def lines(found: Sensitivity, shown: int) -> list[tuple[str, ...]]:
    """Rows for the terminal: the head, then the first numbers."""
    sobol = found.facts["method"] == "sobol"
    head = ("number", "range", *(("first", "total") if sobol else ("mean", "size")))
    keys = ("first", "total") if sobol else ("mean", "size")
    rows = [
        (row["id"], _range(row),
         *(_of(row, key, signs=not sobol and key == "mean") for key in keys), _basis(row))
        for row in found.rows[:shown]
    ]  # fmt: skip
    return [(*head, "basis"), *rows]


def _basis(row: Row) -> str:
    return f"{row['basis']}, {row['checked']}" if row["checked"] else row["basis"]
