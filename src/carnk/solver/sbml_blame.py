"""Which numbers of a model are to blame where a rate is not finite."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from .mathml import names_in
from .sbml_model import Math, SbmlModel


def culprits(model: SbmlModel, values: Mapping[str, float], names: Iterable[str]) -> list[str]:
    """Sentences on the numbers that are not set, NaN or infinite and that the names depend on.

    `values` are those of all quantities now. Names and their definitions are followed backward.
    """
    needs = _needs(model)
    computed = {a.variable for a in model.assignment_rules} | {r.id for r in model.reactions}
    found: dict[str, None] = {}
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        value = values.get(name, 0.0)
        if name not in computed and not math.isfinite(value) and needs.get(name) is not None:
            found[_sentence(model, name, value)] = None
        waiting.extend(needs.get(name, ()))
    for reaction in model.reactions:
        for local in reaction.local if reaction.id in seen else ():
            if local.value is None or not math.isfinite(local.value):
                state = "has no value" if local.value is None else f"is {local.value}"
                found[f"the parameter '{local.id}' of reaction '{reaction.id}' {state}"] = None
    return sorted(found)


def _sentence(model: SbmlModel, name: str, value: float) -> str:
    kinds = {
        **{c.id: ("the size of compartment", c.size) for c in model.compartments},
        **{p.id: ("the parameter", p.value) for p in model.parameters},
        **{
            s.id: ("the species", s.amount if s.amount is not None else s.concentration)
            for s in model.species
        },
    }
    kind, given = kinds.get(name, ("the stoichiometry", 0.0))
    return f"{kind} '{name}' " + ("has no value" if given is None else f"is {value}")


def _needs(model: SbmlModel) -> dict[str, list[str]]:
    """The names that every quantity is computed from."""
    needs: dict[str, list[str]] = {p.id: [] for p in model.parameters}
    needs |= {c.id: [] for c in model.compartments}
    for s in model.species:
        factor = s.conversion_factor or model.conversion_factor
        needs[s.id] = [
            *([] if s.substance_only else [s.compartment]),
            *([factor] if factor else []),
        ]
    formulas: list[tuple[str, Math]] = [
        (a.variable, a.math) for a in (*model.assignment_rules, *model.rate_rules)
    ]
    for r in model.reactions:
        needs[r.id] = []
        if r.law is not None:
            local = {p.id for p in r.local}
            needs[r.id] = [n for n in names_in(r.law) if n not in local]
        for reference in (*r.reactants, *r.products):
            needs.setdefault(reference.species, []).append(r.id)
            if reference.id:
                needs[reference.species].append(reference.id)
                needs.setdefault(reference.id, [])
            if reference.math is not None:
                formulas.append((reference.species, reference.math))
    for name, formula in formulas:
        needs.setdefault(name, []).extend(names_in(formula))
    return needs
