"""Published models as text: a list for the terminal, objects for scripts, a page for the docs."""

import textwrap
from functools import cache
from typing import Any

import polars as pl

from ..kinetics.comparators import COMPARATORS, Case, Comparator
from ..library import Number, load, references
from ..solver.equations import equations
from ..study.comparators import Compared, compared, courses_table, numbers_of, typical, varies
from .comparator import cells, grouped, misses, panels, verdict
from .lines import sheet
from .numerals import NONE, SPACE, powers, unit
from .sections.mechanisms import first_line
from .words import DISEASES, words

WIDTH = 100
POPULATION = (
    "Patients of a population differ by the variances omega² below, each number by itself, without"
    " correlations. The report draws the bands that hold half and 90 % of them.\n"
)


@cache
def solved(name: str) -> tuple[pl.DataFrame, tuple[Compared, ...]]:
    """Lines of every case at the printed numbers, and the three columns."""
    comparator = COMPARATORS[name]
    courses = typical(comparator, load().view())
    return courses_table(comparator, courses), tuple(compared(comparator, courses))


def _numbers(comparator: Comparator) -> list[tuple[Case | None, Number]]:
    """The model's numbers, each once; the case of those that only one case has."""
    view = load().view()
    found: list[tuple[Case | None, Number]] = [(None, view.number(i)) for i in comparator.shared]
    for case in comparator.cases:
        known = numbers_of(comparator, case, view).values()
        found += [(case, number) for number in known if number.id in case.own]
    return found


def listing() -> list[str]:
    """Every model: what it is, its equations, its numbers and the figures it reproduces."""
    return [line for each in COMPARATORS.values() for line in [*_listed(each), ""]][:-1]


def _listed(comparator: Comparator) -> list[str]:
    paper = references()[comparator.name]
    facts = [
        ("paper", f"{paper.cite}, {paper.url}"),
        ("product", comparator.product),
        ("fitted to", comparator.fitted_to),
        ("diseases", ", ".join(words(d, DISEASES) for d in comparator.diseases)),
        ("cases", "; ".join(f"{case.name}: {case.title}" for case in comparator.cases)),
    ]
    lines = [f"{comparator.name}  {comparator.title}"]
    lines += [line for name, text in facts for line in _wrapped(f"  {name:<10}", text)]
    lines.append("  equations")
    for each in equations(comparator.model):
        lines += _wrapped("    ", each.text, "      ")
    lines.append("  numbers")
    for _, number in _numbers(comparator):
        value = f"{number.value:.6g} {'' if number.unit == '1' else number.unit}".strip()
        mark = "" if number.checked == "read" else " (unread)"
        lines += _wrapped(f"    {number.id} = {value}: ", number.meaning + mark, "      ")
    _, rows = solved(comparator.name)
    lines += ["  reproduces (in print | printed equations | ours)"]
    for row in rows:
        lines += _wrapped("    ", _row(comparator, row), "      ")
    return [*lines, *_wrapped("  ", f"{verdict(rows)} {misses(rows)}")]


def _row(comparator: Comparator, row: Compared) -> str:
    shown = {name: text.replace(SPACE, " ") for name, text in cells(row).items()}
    case = f"{row.case}, " if len(comparator.cases) > 1 else ""
    measure = f", {shown['unit']}" if shown["unit"] else ""
    return (
        f"{case}{shown['title']}{measure}: {shown['printed']} | {shown['equations']} |"
        f" {shown['ours']}"
    )


def _wrapped(first: str, text: str, later: str | None = None) -> list[str]:
    """A text in lines that fit the terminal."""
    indent = " " * len(first) if later is None else later
    plain = text.replace(SPACE, " ")
    return textwrap.wrap(plain, WIDTH, initial_indent=first, subsequent_indent=indent)


def told() -> list[dict[str, Any]]:
    """The same for scripts."""
    return [_told(each) for each in COMPARATORS.values()]


def _told(comparator: Comparator) -> dict[str, Any]:
    _, rows = solved(comparator.name)
    return {
        "model": comparator.name,
        "title": comparator.title,
        "paper": references()[comparator.name].url,
        "product": comparator.product,
        "fitted_to": comparator.fitted_to,
        "diseases": list(comparator.diseases),
        "cases": {case.name: case.title for case in comparator.cases},
        "equations": [each.text for each in equations(comparator.model)],
        "numbers": [
            {"id": n.id, "case": case.name if case else "", "value": n.value, "unit": n.unit}
            | {"meaning": n.meaning, "basis": n.basis, "source": n.source, "at": n.at}
            | {"checked": n.checked, "omega2": n.spread.size if n.spread else None}
            for case, n in _numbers(comparator)
        ],
        "figures": [
            {"case": r.case, "figure": r.figure, "unit": r.unit, "printed": r.printed}
            | {"printed_at": r.printed_at, "equations": r.equations, "ours": r.ours}
            | {"difference": r.difference, "holds": r.holds, "against_print": r.against_print}
            for r in rows
        ],
        "readings": list(comparator.choices),
    }


def drawing(name: str) -> str:
    """The courses of a model at its printed numbers as one SVG file."""
    comparator = COMPARATORS[name]
    courses, rows = solved(name)
    return sheet(
        panels(comparator, courses, rows), [powers(case.title) for case in comparator.cases]
    )


def markdown(name: str, note: str) -> str:
    """The page of a model for the docs; `note` says who writes it."""
    comparator = COMPARATORS[name]
    paper = references()[name]
    _, rows = solved(name)
    varied = varies(comparator, load().view())
    drawn = " --patients 1000 --seed 7" if varied else ""
    parts = [
        f"# {comparator.title}\n\n{note}",
        f"[{paper.cite}]({paper.url}). {paper.fields['title']}.\n",
        f"- Product: {comparator.product}\n- Fitted to {comparator.fitted_to}.\n- It says nothing"
        " about other diseases: `--disease` warns of them, and nothing in it changes with them.\n",
        f"```sh\ncarnk run {name}{drawn}\n"
        f"carnk export {name} --format sbml --out {name}.xml\n```\n",
        *([POPULATION] if varied else []),
        "## In print, by the printed equations, ours\n\n"
        f"{verdict(rows)} {misses(rows)}\n\n{_columns(comparator, rows)}",
        f"## Courses\n\n![Courses at the printed numbers]({name}.svg)\n",
        "## How the paper was read\n\n" + "\n".join(f"- {c}" for c in comparator.choices) + "\n",
        f"## Equations\n\n{_mechanisms(comparator)}",
        f"## Numbers\n\n{_number_table(comparator)}",
    ]
    return "\n".join(parts).replace(SPACE, " ")


def _columns(comparator: Comparator, rows: tuple[Compared, ...]) -> str:
    head = (
        "| figure | in print | printed equations | ours | ours against equations | ours against"
        " print | where in print |\n|---|---:|---:|---:|---:|---:|---|"
    )
    lines = []
    for title, shown in grouped(comparator, rows):
        if shown and len(comparator.cases) > 1:
            lines.append(f"| **{title}** |" + " |" * 6)
        for c in shown:
            name = f"{c['title']}, {c['unit']}" if c["unit"] else c["title"]
            numbers = (c["printed"], c["equations"], c["ours"], c["difference"], c["against"])
            lines.append(f"| {name} | {' | '.join(numbers)} | {c['at'] or NONE} |")
    return "\n".join([head, *lines]) + "\n"


def _mechanisms(comparator: Comparator) -> str:
    told = {mechanism.__name__: first_line(mechanism) for mechanism in comparator.model.mechanisms}
    parts = []
    for name, about in told.items():
        lines = [e.text for e in equations(comparator.model) if e.mechanism == name]
        parts.append(
            f"**{name.replace('_', ' ')}**: {about}\n\n```\n" + "\n".join(lines) + "\n```\n"
        )
    return "\n".join(parts)


def _number_table(comparator: Comparator) -> str:
    head = "| number | value | omega² | meaning | basis | where | read |\n" + "|---" * 7 + "|"
    lines = [
        f"| `{n.id}` | {n.value:.6g} {unit(n.unit)} | {f'{n.spread.size:g}' if n.spread else ''} |"
        f" {n.meaning} | {n.basis} | {n.at} | {n.checked} |"
        for _, n in _numbers(comparator)
    ]
    return "\n".join([head, *lines]) + "\n"
