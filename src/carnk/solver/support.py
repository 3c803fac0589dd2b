"""What of SBML is supported, as a page for the documentation, made from the oracles themselves."""

from __future__ import annotations

from functools import partial

from .mathml import ARITY, CONSTANTS
from .oracles.answers import ORACLES
from .oracles.refused import REFUSED
from .sbml_read import VERSIONS, parse_sbml
from .selftest import refusal

INTRODUCTION = """\
`carnk solve model.xml --until 100` solves models of SBML core: {versions}.
A model is solved exactly as the standard defines it or refused with the line that is not supported.

Species are in the unit of their symbol in formulas: an amount if `hasOnlySubstanceUnits` is true,
else amount over compartment size. A settings file of the SBML Test Suite can ask for either. What
has no value is `nan`. What a file leaves out or what has no effect (constraints, layout, notes) is
told in a note. Between events of equal priority a lot decides, with a fixed seed.

Each row of the first table is a model of our own with an exact solution: `carnk selftest`.
"""


def support_page(note: str) -> str:
    """The page as Markdown, `note` under its title."""
    levels = "; ".join(
        f"Level {level} Version {', '.join(map(str, versions))}"
        for level, versions in VERSIONS.items()
    )
    parts = [f"# SBML\n\n{note}", INTRODUCTION.format(versions=levels)]
    parts += ["## Supported\n", "| feature | model |\n|---|---|"]
    for name, oracle in ORACLES.items():
        parts.append(f"| {oracle.shows} | `{name}` |")
    operators = ", ".join(f"`{name}`" for name in (*ARITY, *CONSTANTS, "piecewise"))
    parts.append(f"\nMathML: {operators}; the symbols time, avogadro and rateOf.\n")
    parts += ["## Refused\n", "| what | message |\n|---|---|"]
    for name, text in REFUSED.items():
        row = refusal("", name, partial(parse_sbml, text.encode(), "model"))
        parts.append(f"| {name} | {row.found.partition(': ')[0]} |")
    return "\n".join(parts) + "\n"
