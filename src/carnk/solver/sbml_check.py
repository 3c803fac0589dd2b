"""Whether the components of a read SBML model fit together: names, variables, functions.

Only what the standard demands and a solution depends on is checked; all problems come at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice

from ..base.errors import Problem, did_you_mean
from .mathml import MOST_PROBLEMS, calls_in, names_in, rated_in
from .sbml_model import Assignment, Math, Reaction, SbmlModel

MOST_NAMES = 500  # in which a name that was meant is looked for


def check_model(model: SbmlModel) -> list[Problem]:
    """The problems of a model, the first of many; none if it can be made a system of equations."""
    sizes = {f.id: None if f.body is None else len(f.arguments) for f in model.functions}
    found = chain(_repeated_ids(model), _functions(model, sizes))
    if problems := list(islice(found, MOST_PROBLEMS)):
        return problems
    known = symbols(model)
    found = chain(_references(model, known), _formulas(model, known, sizes), _variables(model))
    return list(islice(found, MOST_PROBLEMS))


def formulas(model: SbmlModel) -> Iterator[tuple[str, Math, Reaction | None]]:
    """Every formula outside of function definitions: (where, formula, reaction of a law)."""
    for a in (*model.initial_assignments, *model.assignment_rules, *model.rate_rules):
        yield a.where, a.math, None
    for r in model.reactions:
        if r.law is not None:
            yield r.where, r.law, r
        for s in (*r.reactants, *r.products):
            if s.math is not None:
                yield s.where, s.math, None
    for e in model.events:
        for formula in (e.trigger, e.delay, e.priority, *(a.math for a in e.assignments)):
            if formula is not None:
                yield e.where, formula, None


def symbols(model: SbmlModel) -> dict[str, str]:
    """What kind of thing every name stands for that a formula may speak of."""
    return {
        **{c.id: "compartment" for c in model.compartments},
        **{s.id: "species" for s in model.species},
        **{p.id: "parameter" for p in model.parameters},
        **{r.id: "reaction" for r in model.reactions},
        **{
            reference.id: "species reference"
            for r in model.reactions
            for reference in (*r.reactants, *r.products)
            if reference.id
        },
    }


def cycle(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """A closed chain of names where each needs the next; empty if there is none."""
    done: set[str] = set()
    for start in needs:
        path: dict[str, Iterator[str]] = {} if start in done else {start: iter(needs[start])}
        while path:
            name, rest = next(reversed(path.items()))
            following = next((n for n in rest if n in needs and n not in done), None)
            if following is None:
                done.add(name)
                del path[name]
            elif following in path:
                chain = list(path)
                return [*chain[chain.index(following) :], following]
            else:
                path[following] = iter(needs[following])
    return []


def arrows(chain: Iterable[str]) -> str:
    """A chain of names for a message."""
    names = list(chain)
    shown = names if len(names) <= 8 else [*names[:4], "...", *names[-3:]]
    return " -> ".join(f"'{n}'" if n != "..." else n for n in shown)


def _hint(name: str, choices: Iterable[str]) -> str:
    """What was meant; nothing in a model so large that looking for it would take seconds."""
    names = list(choices)
    return did_you_mean(name[:60], names) if len(names) <= MOST_NAMES else ""


def _repeated_ids(model: SbmlModel) -> Iterator[Problem]:
    found: Counter[str] = Counter()
    references = (s for r in model.reactions for s in (*r.reactants, *r.products))
    groups = (model.functions, model.compartments, model.species, model.parameters)
    for part in (*(c for g in groups for c in g), *model.reactions, *references, *model.events):
        if part.id:
            found[part.id] += 1
            if found[part.id] == 2:
                yield Problem(part.where, f"the name '{part.id}' is used twice")
    for reaction in model.reactions:
        counts = Counter(p.id for p in reaction.local)
        for name in (name for name, n in counts.items() if n > 1):
            yield Problem(reaction.where, f"its parameter '{name}' is given twice")


def _functions(model: SbmlModel, sizes: Mapping[str, int | None]) -> Iterator[Problem]:
    for f in model.functions:
        if len(set(f.arguments)) < len(f.arguments):
            yield Problem(f.where, "an argument is named twice")
        if f.body is not None:
            for name in names_in(f.body):
                if name not in f.arguments:
                    what = f"speaks of '{name[:60]}', which is not one of its arguments"
                    yield Problem(f.where, what)
            for name in rated_in(f.body):
                what = f"rateOf of '{name[:60]}', an argument of a function, is not supported"
                yield Problem(f.where, what, "Write rateOf where the function is called.")
            yield from _calls(f.body, f.where, sizes)
    calls = {f.id: [n for n, _ in calls_in(f.body)] if f.body else [] for f in model.functions}
    if circle := cycle(calls):
        where = next(f.where for f in model.functions if f.id == circle[0])
        yield Problem(where, f"functions call each other in a circle: {arrows(circle)}")


def _calls(formula: Math, where: str, sizes: Mapping[str, int | None]) -> Iterator[Problem]:
    for name, count in dict.fromkeys(calls_in(formula)):
        if name not in sizes:
            what = f"calls '{name[:60]}', which is not a function here"
            yield Problem(where, what, _hint(name, sizes))
        elif sizes[name] not in (count, None):
            what = f"calls '{name}' with {count} arguments instead of {sizes[name]}"
            yield Problem(where, what)


def _references(model: SbmlModel, known: Mapping[str, str]) -> Iterator[Problem]:
    """Compartments of species, species of reactions, conversion factors."""
    wanted = [(s.where, s.compartment, "compartment") for s in model.species]
    for r in model.reactions:
        wanted += [(s.where, s.species, "species") for s in (*r.reactants, *r.products)]
        wanted += [(r.where, name, "species") for name in r.modifiers]
        for s in (*r.reactants, *r.products):
            if s.stoichiometry is None and s.math is None and not s.id and r.law is not None:
                yield Problem(s.where, "has no stoichiometry", "Give it a number or an id.")
    factors = [(model.file, model.conversion_factor)]
    factors += [(s.where, s.conversion_factor) for s in model.species]
    wanted += [(where, name, "parameter") for where, name in factors if name]
    for where, name, kind in wanted:
        if known.get(name) != kind:
            do = _hint(name, (n for n, k in known.items() if k == kind))
            yield Problem(where, f"'{name[:60]}' is not a {kind} of the model", do)
    constant = {p.id for p in model.parameters if p.constant}
    for where, name in factors:
        if known.get(name) == "parameter" and name not in constant:
            yield Problem(where, f"the conversion factor '{name}' is not constant")


def _formulas(
    model: SbmlModel, known: Mapping[str, str], sizes: Mapping[str, int | None]
) -> Iterator[Problem]:
    """Every name and every call in a formula outside of function definitions."""
    for where, formula, reaction in formulas(model):
        local = {p.id for p in reaction.local} if reaction else set()
        for name in names_in(formula):
            if name not in known and name not in local:
                what = f"'{name[:60]}' is not a name of the model"
                yield Problem(where, what, _hint(name, (*known, *local)))
        yield from _calls(formula, where, sizes)


def _variables(model: SbmlModel) -> Iterator[Problem]:
    """What rules, initial assignments and events set: it exists, may change, and is set once."""
    constant = {part.id: part.constant for part in model.compartments}
    constant |= {part.id: part.constant for part in model.species}
    constant |= {part.id: part.constant for part in model.parameters}
    for r in model.reactions:
        constant |= {s.id: s.constant for s in (*r.reactants, *r.products) if s.id}

    def check(a: Assignment, varies: bool) -> Iterator[Problem]:
        if a.variable not in constant:
            do = _hint(a.variable, constant)
            what = f"'{a.variable[:60]}' is not a variable of the model"
            yield Problem(a.where, what, do)
        elif varies and constant[a.variable]:
            what = f"'{a.variable}' is constant, but its value is changed"
            yield Problem(a.where, what, 'Give it constant="false".')

    ruled: dict[str, str] = {}
    for a in (*model.assignment_rules, *model.rate_rules):
        yield from check(a, varies=True)
        if a.variable in ruled:
            yield Problem(a.where, f"'{a.variable}' has a second rule")
        ruled[a.variable] = a.where
    assigned = {a.variable for a in model.assignment_rules}
    counts: Counter[str] = Counter()
    for a in model.initial_assignments:
        yield from check(a, varies=False)
        counts[a.variable] += 1
        if counts[a.variable] > 1 or a.variable in assigned:
            yield Problem(a.where, f"the value of '{a.variable}' is set twice")
    for e in model.events:
        for a in e.assignments:
            yield from check(a, varies=True)
            if a.variable in assigned:
                yield Problem(e.where, f"sets '{a.variable}', which has an assignment rule")
        twice = Counter(a.variable for a in e.assignments)
        for name in (name for name, n in twice.items() if n > 1):
            yield Problem(e.where, f"sets '{name}' twice")
    yield from _moved(model, ruled)


def _moved(model: SbmlModel, ruled: Mapping[str, str]) -> Iterator[Problem]:
    """A species cannot follow both reactions and a rule, nor change where it is constant."""
    species = {s.id: s for s in model.species}
    for r in model.reactions:
        for reference in (*r.reactants, *r.products):
            one = species.get(reference.species)
            if one is None or one.boundary:
                continue
            if one.id in ruled:
                what = f"'{one.id}' is changed by this reaction and has a rule"
                yield Problem(reference.where, what, "One of them has to go.")
            if one.constant:
                what = f"'{one.id}' is constant, but this reaction changes it"
                yield Problem(reference.where, what)
