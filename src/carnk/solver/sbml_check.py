"""Whether the components of a read SBML model fit together: names, variables, functions.

Only what the standard demands and a solution depends on is checked; all problems come at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from ..base.errors import Problem, did_you_mean
from .mathml import calls_in, names_in
from .sbml_model import Assignment, FunctionDefinition, Math, Reaction, SbmlModel


def check_model(model: SbmlModel) -> list[Problem]:
    """All problems of a model; none if it can be made a system of equations."""
    problems = [*_repeated_ids(model), *_functions(model)]
    if problems:
        return problems
    known = symbols(model)
    return [*_references(model, known), *_formulas(model, known), *_variables(model)]


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


def _repeated_ids(model: SbmlModel) -> list[Problem]:
    found: Counter[str] = Counter()
    problems = []
    references = (s for r in model.reactions for s in (*r.reactants, *r.products))
    groups = (model.functions, model.compartments, model.species, model.parameters)
    for part in (*(c for g in groups for c in g), *model.reactions, *references, *model.events):
        if part.id:
            found[part.id] += 1
            if found[part.id] == 2:
                problems.append(Problem(part.where, f"the name '{part.id}' is used twice"))
    for reaction in model.reactions:
        counts = Counter(p.id for p in reaction.local)
        twice = [name for name, n in counts.items() if n > 1]
        problems += [Problem(reaction.where, f"its parameter '{n}' is given twice") for n in twice]
    return problems


def _functions(model: SbmlModel) -> list[Problem]:
    problems = []
    for f in model.functions:
        if len(set(f.arguments)) < len(f.arguments):
            problems.append(Problem(f.where, "an argument is named twice"))
        if f.body is not None:
            problems += [
                Problem(f.where, f"speaks of '{n}', which is not one of its arguments")
                for n in names_in(f.body)
                if n not in f.arguments
            ]
            problems += _calls(f.body, f.where, model.functions)
    calls = {f.id: [n for n, _ in calls_in(f.body)] if f.body else [] for f in model.functions}
    if chain := cycle(calls):
        where = next(f.where for f in model.functions if f.id == chain[0])
        problems.append(Problem(where, f"functions call each other in a circle: {arrows(chain)}"))
    return problems


def _calls(formula: Math, where: str, functions: Iterable[FunctionDefinition]) -> list[Problem]:
    sizes = {f.id: len(f.arguments) for f in functions}
    problems = []
    for name, count in dict.fromkeys(calls_in(formula)):
        if name not in sizes:
            do = did_you_mean(name, sizes)
            problems.append(
                Problem(where, f"calls '{name[:60]}', which is not a function here", do)
            )
        elif count != sizes[name]:
            what = f"calls '{name}' with {count} arguments instead of {sizes[name]}"
            problems.append(Problem(where, what))
    return problems


def _references(model: SbmlModel, known: Mapping[str, str]) -> list[Problem]:
    """Compartments of species, species of reactions, conversion factors."""
    wanted = [(s.where, s.compartment, "compartment") for s in model.species]
    for r in model.reactions:
        wanted += [(s.where, s.species, "species") for s in (*r.reactants, *r.products)]
        wanted += [(r.where, name, "species") for name in r.modifiers]
    factors = [(model.file, model.conversion_factor)]
    factors += [(s.where, s.conversion_factor) for s in model.species]
    wanted += [(where, name, "parameter") for where, name in factors if name]
    problems = []
    for where, name, kind in wanted:
        if known.get(name) != kind:
            do = did_you_mean(name, [n for n, k in known.items() if k == kind])
            problems.append(Problem(where, f"'{name[:60]}' is not a {kind} of the model", do))
    constant = {p.id for p in model.parameters if p.constant}
    for where, name in factors:
        if known.get(name) == "parameter" and name not in constant:
            problems.append(Problem(where, f"the conversion factor '{name}' is not constant"))
    return problems


def _formulas(model: SbmlModel, known: Mapping[str, str]) -> list[Problem]:
    """Every name and every call in a formula outside of function definitions."""
    everywhere: list[tuple[str, Math, Reaction | None]] = [
        (a.where, a.math, None)
        for a in (*model.initial_assignments, *model.assignment_rules, *model.rate_rules)
    ]
    for r in model.reactions:
        everywhere += [(r.where, r.law, r)] if r.law else []
        everywhere += [(s.where, s.math, None) for s in (*r.reactants, *r.products) if s.math]
    for e in model.events:
        formulas = (e.trigger, e.delay, e.priority, *(a.math for a in e.assignments))
        everywhere += [(e.where, f, None) for f in formulas if f is not None]
    problems = []
    for where, formula, reaction in everywhere:
        local = {p.id for p in reaction.local} if reaction else set()
        for name in names_in(formula):
            if name not in known and name not in local:
                do = did_you_mean(name, [*known, *local])
                what = f"'{name[:60]}' is not a name of the model"
                problems.append(Problem(where, what, do))
        problems += _calls(formula, where, model.functions)
    return problems


def _variables(model: SbmlModel) -> list[Problem]:
    """What rules, initial assignments and events set: it exists, may change, and is set once."""
    constant = {part.id: part.constant for part in model.compartments}
    constant |= {part.id: part.constant for part in model.species}
    constant |= {part.id: part.constant for part in model.parameters}
    for r in model.reactions:
        constant |= {s.id: s.constant for s in (*r.reactants, *r.products) if s.id}
    problems: list[Problem] = []

    def check(a: Assignment, varies: bool) -> None:
        if a.variable not in constant:
            do = did_you_mean(a.variable, constant)
            what = f"'{a.variable[:60]}' is not a variable of the model"
            problems.append(Problem(a.where, what, do))
        elif varies and constant[a.variable]:
            what = f"'{a.variable}' is constant, but its value is changed"
            problems.append(Problem(a.where, what, 'Give it constant="false".'))

    ruled: dict[str, str] = {}
    for a in (*model.assignment_rules, *model.rate_rules):
        check(a, varies=True)
        if a.variable in ruled:
            problems.append(Problem(a.where, f"'{a.variable}' has a second rule"))
        ruled[a.variable] = a.where
    assigned = {a.variable for a in model.assignment_rules}
    counts: Counter[str] = Counter()
    for a in model.initial_assignments:
        check(a, varies=False)
        counts[a.variable] += 1
        if counts[a.variable] > 1 or a.variable in assigned:
            problems.append(Problem(a.where, f"the value of '{a.variable}' is set twice"))
    for e in model.events:
        for a in e.assignments:
            check(a, varies=True)
            if a.variable in assigned:
                what = f"sets '{a.variable}', which has an assignment rule"
                problems.append(Problem(e.where, what))
        twice = Counter(a.variable for a in e.assignments)
        problems += [Problem(e.where, f"sets '{v}' twice") for v, n in twice.items() if n > 1]
    return [*problems, *_moved(model, ruled)]


def _moved(model: SbmlModel, ruled: Mapping[str, str]) -> list[Problem]:
    """A species cannot follow both reactions and a rule, nor change where it is constant."""
    species = {s.id: s for s in model.species}
    problems = []
    for r in model.reactions:
        for reference in (*r.reactants, *r.products):
            one = species.get(reference.species)
            if one is None or one.boundary:
                continue
            if one.id in ruled:
                what = f"'{one.id}' is changed by this reaction and has a rule"
                problems.append(Problem(reference.where, what, "One of them has to go."))
            if one.constant:
                what = f"'{one.id}' is constant, but this reaction changes it"
                problems.append(Problem(reference.where, what))
    return problems
