"""What is to be fitted, as the user says it: a plan file, words of the command line, or defaults.

```yaml
numbers:
  cmax: {value: 20000, range: [1000, 400000], omega: 1.0}
  beta: {omega: 0}            # the same in all patients
  tmax: {fix: 9.3}            # not fitted
outputs:
  1: {of: transgene, unit: copies/ug, error: lognormal, sizes: [0.4]}
covariates:
  - {column: weight, on: cmax}
correlations: true
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import log
from pathlib import Path

from ..base import CarnkError, Node, Problem, SpecError, convert, did_you_mean, is_unit, read_yaml
from .infix import Formula, parse
from .mixed.density import KINDS
from .mixed.population import Quantity
from .offers import Known, Offer

TOP = ("numbers", "outputs", "covariates", "correlations")
OF_NUMBER = ("value", "range", "omega", "fix")
OF_OUTPUT = ("of", "unit", "error", "sizes")
SIZES = {"lognormal": (0.4,), "proportional": (0.4,), "additive": (1.0,), "combined": (1.0, 0.4)}


@dataclass(frozen=True)
class Measured:
    """One output: its name in the data, formula, unit, and error with the middles of its priors."""

    name: str
    formula: Formula
    unit: str
    error: str = "lognormal"
    sizes: tuple[float, ...] = (0.4,)


@dataclass(frozen=True)
class Wish:
    """A covariate, by its column in the data, on a number."""

    column: str
    on: str


@dataclass(frozen=True)
class Plan:
    """quantities: the numbers that are fitted; fixed: all others by name."""

    quantities: tuple[Quantity, ...]
    fixed: Mapping[str, float]
    outputs: tuple[Measured, ...]
    covariates: tuple[Wish, ...] = ()
    full: bool = False


@dataclass(frozen=True)
class Asked:
    """Words of the command line; each stands above the plan file, that above the defaults.

    fit: names of the numbers to fit, () for the model's own. shared: of those, names of what is the
    same in all patients. of: the formula of the one output.
    """

    fit: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    of: str = ""
    unit: str = ""
    error: str = ""
    covariates: tuple[Wish, ...] = ()
    full: bool = False
    file: Path | None = field(default=None)


def make_plan(offer: Offer, outputs: list[str], unit: str, asked: Asked) -> Plan:
    """The plan for a model and the outputs in the data; unit: of values, as the data say it.

    Raises SpecError with all that does not fit together.
    """
    top = read_yaml(asked.file) if asked.file else Node({}, "", "", 1, 1)
    problems = list(top.unknown_keys(TOP))
    numbers, fixed = _numbers(offer, top, asked, problems)
    measured = _outputs(offer, outputs, unit, top, asked, problems)
    wishes = (*_covariates(top, problems), *asked.covariates)
    random = [q.name for q in numbers if q.omega > 0]
    for wish in wishes:
        if wish.on not in random:
            what = f"'{wish.on}' is not a fitted number that differs between patients"
            problems.append(Problem("covariate", what, did_you_mean(wish.on, random)))
    if not random:
        what = "no number differs between patients"
        problems.append(Problem("fit", what, "Give at least one number an omega."))
    correlations = top.get("correlations")
    if correlations is not None and not isinstance(correlations.value, bool):
        problems.append(correlations.problem("this is neither true nor false"))
    if problems:
        raise SpecError(problems)
    full = asked.full or (correlations is not None and correlations.value is True)
    return Plan(tuple(numbers), fixed, tuple(measured), wishes, full)


def _numbers(
    offer: Offer, top: Node, asked: Asked, problems: list[Problem]
) -> tuple[list[Quantity], dict[str, float]]:
    said = top.get("numbers")
    entries = said.fields if said else {}
    for name in (*entries, *asked.fit, *asked.shared):
        if name not in offer.numbers:
            where = entries[name].where if name in entries else "--estimate"
            what = f"'{name}' is not a number of {offer.name}"
            problems.append(Problem(where, what, did_you_mean(name, offer.numbers)))
    wanted = asked.fit or (*offer.fitted, *(n for n in entries if n not in offer.fitted))
    for name in asked.shared:
        if name in offer.numbers and name not in wanted:
            what = f"'{name}' is not fitted"
            problems.append(Problem("--shared", what, "Name it in --estimate, too."))
    quantities, fixed = [], {}
    for name, given in offer.numbers.items():
        known, fix = _known(given, entries.get(name), problems)
        if name not in wanted or fix is not None:
            fixed[name] = known.value if fix is None else fix
            continue
        below, above = known.sides()
        omega = 0.0 if name in asked.shared else known.omega
        if known.value <= 0:
            what = f"'{name}' is {known.value:g}; what is fitted has to be above 0"
            problems.append(Problem("fit", what, "Give it a value, or do not fit it."))
            continue
        quantities.append(Quantity(name, known.value, below, above, omega, "log", known.unit))
    return quantities, fixed


def _known(known: Known, node: Node | None, problems: list[Problem]) -> tuple[Known, float | None]:
    """What a plan says of a number, over what is known of it; and the value it is fixed at."""
    if node is None:
        return known, None
    problems += node.unknown_keys(OF_NUMBER)
    found: dict[str, float] = {}
    for key in ("value", "omega", "fix"):
        child = node.get(key)
        if child is not None:
            found[key] = _number(child, problems, 0.0 if key == "omega" else None)
    ends = node.get("range")
    low, high = known.low, known.high
    if ends is not None:
        pair = [_number(end, problems) for end in ends.entries]
        if len(pair) != 2 or not 0 < pair[0] < pair[1]:
            problems.append(ends.problem("this is not a range", "Write [low, high], above 0."))
        else:
            low, high = pair
    value = found.get("value", known.value)
    if ends is not None and low is not None and high is not None and not low < value < high:
        value = float((low * high) ** 0.5) if "value" not in found else value
        if "value" in found:
            problems.append(node.problem(f"{value:g} does not lie within its range"))
    new = replace(known, value=value, low=low, high=high, omega=found.get("omega", known.omega))
    return new, found.get("fix")


def _number(node: Node, problems: list[Problem], least: float | None = None) -> float:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        problems.append(node.problem(f"'{value}' is not a number"))
        return 1.0
    if least is not None and value < least:
        problems.append(node.problem(f"{value:g} is below {least:g}"))
    return float(value)


def _outputs(
    offer: Offer, names: list[str], unit: str, top: Node, asked: Asked, problems: list[Problem]
) -> list[Measured]:
    said = top.get("outputs")
    entries = said.fields if said else {}
    for name, node in entries.items():
        problems += node.unknown_keys(OF_OUTPUT)
        if name not in names:
            what = f"the data have no output '{name}'; they have {_listed(names)}"
            problems.append(node.problem(what, "Its name is what stands in DVID."))
    if len(names) > 1 and (missing := [n for n in names if n not in entries]):
        what = f"the data have {len(names)} outputs; of {_listed(missing)} nothing is said"
        problems.append(Problem("outputs", what, "Say in the plan's `outputs` what each one is."))
        return []
    return [_output(offer, name, entries.get(name), unit, asked, problems) for name in names]


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{n}'" for n in names)


def _output(
    offer: Offer, name: str, node: Node | None, unit: str, asked: Asked, problems: list[Problem]
) -> Measured:
    def word(key: str) -> str:
        child = node.get(key) if node else None
        return "" if child is None else str(child.value)

    where = f"output '{name}'" if name else "unit"
    unit = asked.unit or word("unit") or unit
    error = asked.error or word("error") or "lognormal"
    if error not in KINDS:
        what = f"'{error}' is not one of {_listed(list(KINDS))}"
        problems.append(Problem("error", what, did_you_mean(error, KINDS)))
        error = "lognormal"
    text = asked.of or word("of")
    if text and not unit:
        _by_unit(offer, unit, where, problems)
    text = text or _by_unit(offer, unit, where, problems)
    sizes = _sizes(node, error, problems)
    try:
        formula = parse(text or "0", where)
    except SpecError as wrong:
        problems += wrong.problems
        formula = parse("0", where)
    allowed = (*offer.quantities, *offer.numbers, "time")
    for each in formula.names:
        if each not in allowed:
            what = f"'{each}' is neither a quantity nor a number of {offer.name}"
            problems.append(Problem(where, what, did_you_mean(each, allowed)))
    return Measured(name, formula, unit, error, sizes)


def _sizes(node: Node | None, error: str, problems: list[Problem]) -> tuple[float, ...]:
    child = node.get("sizes") if node else None
    if child is None:
        return SIZES[error]
    sizes = tuple(_number(each, problems) for each in child.entries)
    if len(sizes) != len(KINDS[error]) or min(sizes, default=0.0) <= 0:
        what = f"the error '{error}' has {len(KINDS[error])} sizes above 0"
        problems.append(child.problem(what, f"They are {', '.join(KINDS[error])}."))
        return SIZES[error]
    return sizes


def _by_unit(offer: Offer, unit: str, where: str, problems: list[Problem]) -> str:
    """The formula of a model's output in a unit."""
    known = ", ".join(offer.outputs)
    if not unit:
        do = "Write 'DV (copies/ug)' in the header, or give --unit."
        problems.append(Problem(where, "the unit of the values is not given", do))
        return ""
    if not is_unit(unit):
        problems.append(Problem(where, f"'{unit}' is not a known unit", f"Known here: {known}."))
        return ""
    for mine, formula in offer.outputs.items():
        try:
            factor = convert(1.0, mine, unit)
        except CarnkError:
            continue
        return formula if abs(log(factor)) < 1e-12 else f"({formula}) * {factor!r}"
    what = f"{offer.name} gives no values in {unit}; it gives {known}"
    problems.append(Problem(where, what, "Convert the values, or write the formula in a plan."))
    return ""


def _covariates(top: Node, problems: list[Problem]) -> list[Wish]:
    node = top.get("covariates")
    found = []
    for entry in node.entries if node else []:
        problems += entry.unknown_keys(("column", "on"))
        column, on = entry.get("column"), entry.get("on")
        if column is None or on is None:
            problems.append(entry.problem("a covariate needs 'column' and 'on'"))
            continue
        found.append(Wish(str(column.value), str(on.value)))
    return found
