"""Writes the pages that come from the program itself; `make docs`."""

import inspect
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from typer.main import get_command
from typer.testing import CliRunner

from carnk.base import read_yaml
from carnk.cli.app import app
from carnk.fitting.published import left_out
from carnk.kinetics import MODEL
from carnk.kinetics.comparators import COMPARATORS
from carnk.kinetics.host import MECHANISMS as HOST
from carnk.kinetics.product import MECHANISMS as PRODUCT
from carnk.kinetics.tumor import MECHANISMS as TUMOR
from carnk.library import Number, load, references, share_unverified, table
from carnk.report.comparator_text import drawing, markdown
from carnk.solver.equations import equations
from carnk.solver.support import support_page
from carnk.study import scenarios
from carnk.study.new import schema_text
from carnk.study.numbers import worlds

HERE = Path(__file__).parent
TABLES = HERE.parent / "src/carnk/library/tables"
NOTE = "Written by `make docs`; do not edit.\n"


def commands() -> str:
    """Help of every command and of the commands of every group."""
    runner = CliRunner()
    parts = [f"# Commands\n\n{NOTE}"]
    for words in _paths(get_command(app), ()):
        asked = [*words, "--help"]
        shown = runner.invoke(app, asked, prog_name="carnk", terminal_width=90).output
        parts.append(f"## carnk {' '.join(words)}\n\n```\n{shown.strip()}\n```\n")
    return "\n".join(parts)


def _paths(command: Any, above: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The words of every command under a group, groups before their own."""
    found = []
    for name, inner in getattr(command, "commands", {}).items():
        found += [(*above, name), *_paths(inner, (*above, name))]
    return found


def numbers() -> str:
    """Every number of the library, by room."""
    library = load()
    unread, assumed, total = share_unverified(library.values())
    parts = [
        f"# Numbers\n\n{NOTE}",
        f"{total} numbers: {assumed} assumed, {unread} with a source that nobody has opened for"
        " them. An assumed number says why; its range says how little is known.\n",
    ]
    for room in sorted({n.room for n in library.values()}):
        rows = [_number(n) for n in library.values() if n.room == room]
        head = "| id | value | range | meaning | basis | source or why |\n|---|---|---|---|---|---|"
        parts.append(f"## {room}\n\n{head}\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _number(number: Number) -> str:
    low, high = number.range or (number.value, number.value)
    unit = "" if number.unit == "1" else f" {number.unit}"
    origin = number.why
    if number.source:
        reference = references()[number.source]
        link = f"[{number.source}]({reference.url})" if reference.url else number.source
        read = "" if number.checked == "read" else ", **unread**"
        origin = f"{link}: {number.at}{read}"
    return (
        f"| `{number.id}` | {number.value:g}{unit} | {low:g} - {high:g} | {number.meaning} |"
        f" {number.basis} | {origin} |"
    )


def plausible() -> str:
    """What the plausible worlds hold for every uncertain number."""
    parts = [
        f"# Plausible worlds\n\n{NOTE}",
        "Every uncertain number over the 100 joint draws that runs take their patients from:"
        " 5th percentile, median, 95th. A fitted number can lie elsewhere than its library value,"
        " which was fitted with all other numbers held at theirs.\n",
        "| id | library value | worlds: 5 % | 50 % | 95 % |\n|---|---|---|---|---|",
    ]
    for name, values in worlds().items():
        low, middle, high = np.percentile(values, (5, 50, 95))
        parts.append(
            f"| `{name}` | {load()[name].value:g} | {low:.3g} | {middle:.3g} | {high:.3g} |"
        )
    return "\n".join(parts) + "\n"


def model() -> str:
    """Mechanisms, what each says of itself, and which states it changes."""
    changed: dict[str, list[str]] = {}
    for equation in equations(MODEL):
        changed.setdefault(equation.mechanism, []).append(f"`{equation.state}`")
    parts = [
        f"# The in-vivo model\n\n{NOTE}",
        f"{len(MODEL.states)} states, {len(MODEL.parameters)} numbers. Cells are totals, cytokines"
        " pg/mL, days. The rate of a state is the sum of what the mechanisms add; every report"
        " prints the equations from the traced model itself.\n",
    ]
    for room, mechanisms in (("Product", PRODUCT), ("Tumor", TUMOR), ("Host", HOST)):
        rows = [_mechanism(m, changed[m.__name__]) for m in mechanisms]
        head = "| mechanism | what it says | changes |\n|---|---|---|"
        parts.append(f"## {room}\n\n{head}\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def sbml() -> str:
    """What of SBML is supported and what is refused."""
    return support_page(NOTE)


def _mechanism(mechanism: Callable[..., object], states: list[str]) -> str:
    text = " ".join((inspect.getdoc(mechanism) or "").split())
    return f"| `{mechanism.__name__}` | {text} | {', '.join(states)} |"


def design_tables() -> str:
    """Decision tables and simulated characteristics of trial designs."""
    from carnk.designs.page import page

    return page(NOTE)


def validation() -> str:
    """The last full validation, from the library's tables."""
    from carnk.report.validation_docs import docs_page

    about = read_yaml(TABLES / "validation.about.yaml").plain()
    made = about["meaning"].split("; ")[1]
    left = [asdict(each) for each in left_out()]
    rows, bars = (table(name).to_dicts() for name in ("validation", "validation_verdicts"))
    return docs_page(rows, bars, left, made, "Written by `make validation`; do not edit.\n")


def validation_plot() -> str:
    """The calibration plot of the last full validation."""
    from carnk.report.validation_plot import figure

    return figure(table("validation").to_dicts())


@cache
def scenario_pages() -> dict[str, str]:
    """The page of the scenarios and its pictures, from the stored tables."""
    sys.path.insert(0, str(HERE))
    from scenarios import pages

    return pages()


def scenario_page(name: str) -> str:
    """One of them."""
    return scenario_pages()[name]


PAGES = {
    "commands.md": commands,
    "numbers.md": numbers,
    "model.md": model,
    "worlds.md": plausible,
    "sbml.md": sbml,
    "design_tables.md": design_tables,
    "validation.md": validation,
    "validation.svg": validation_plot,
    "study.schema.json": schema_text,
    **{f"comparators/{name}.md": partial(markdown, name, NOTE) for name in COMPARATORS},
    **{f"comparators/{name}.svg": partial(drawing, name) for name in COMPARATORS},
    "scenarios.md": partial(scenario_page, "scenarios.md"),
    **{f"scenarios/{n}.svg": partial(scenario_page, f"scenarios/{n}.svg") for n in scenarios()},
}


def main() -> None:
    """Write every generated page."""
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
