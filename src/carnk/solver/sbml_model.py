"""What an SBML file says: its components as frozen records, its formulas as trees.

Nothing here computes. `sbml_read.py` makes these records from a file, `sbml_system.py` makes a
system of equations of them, `unitcheck.py` looks at their units. `where` is the place of a
component for messages, as in "model.xml:12: species 'S1'". A value of None is not set in the file.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Math:
    """One node of a formula.

    `op` is the MathML element ('plus', 'divide', 'sin', 'lt', 'true', 'pi' ...) or one of 'cn' (a
    number: `value`, `units`), 'ci' (a symbol: `name`), 'call' (a function definition: `name`),
    'time', 'avogadro' and 'rateOf' (one 'ci'). 'piecewise' holds value, condition, value, condition
    ..., and at an odd end the value otherwise. 'root' holds (degree, x), 'log' (base, x); a degree
    or base that is not given stands there as the number 2 or 10.
    """

    op: str
    args: tuple[Math, ...] = ()
    value: float = 0.0
    name: str = ""
    units: str = ""


@dataclass(frozen=True)
class Unit:
    """One factor of a unit: (multiplier * 10^scale * kind)^exponent."""

    kind: str
    exponent: float
    scale: float
    multiplier: float


@dataclass(frozen=True)
class UnitDefinition:
    """A unit of the model, the product of its factors."""

    id: str
    units: tuple[Unit, ...]
    where: str


@dataclass(frozen=True)
class FunctionDefinition:
    """A function; `body` is None if it has no mathematics."""

    id: str
    arguments: tuple[str, ...]
    body: Math | None
    where: str


@dataclass(frozen=True)
class Compartment:
    """A place with a size; in its own `units`, else in those of the model."""

    id: str
    size: float | None
    dimensions: float | None
    constant: bool
    units: str
    where: str


@dataclass(frozen=True)
class Species:
    """What a compartment holds.

    Its symbol stands for the amount if `substance_only`, else for amount over compartment size.
    """

    id: str
    compartment: str
    amount: float | None
    concentration: float | None
    substance_only: bool
    boundary: bool
    constant: bool
    substance_units: str
    conversion_factor: str
    where: str


@dataclass(frozen=True)
class Parameter:
    """A number with a name, of the model or of one kinetic law."""

    id: str
    value: float | None
    constant: bool
    units: str
    where: str


@dataclass(frozen=True)
class SpeciesReference:
    """How much of a species one reaction takes or makes; `math` is Level 2's stoichiometryMath."""

    id: str
    species: str
    stoichiometry: float | None
    math: Math | None
    constant: bool
    where: str


@dataclass(frozen=True)
class Reaction:
    """A reaction; `law` is its rate in extent per time, None if the file gives none."""

    id: str
    reactants: tuple[SpeciesReference, ...]
    products: tuple[SpeciesReference, ...]
    modifiers: tuple[str, ...]
    law: Math | None
    local: tuple[Parameter, ...]
    where: str


@dataclass(frozen=True)
class Assignment:
    """`variable` gets the value of `math`: an initial assignment, a rule or an event's change."""

    variable: str
    math: Math
    where: str


@dataclass(frozen=True)
class Event:
    """Assignments made when the trigger becomes true; a trigger of None never does."""

    id: str
    trigger: Math | None
    delay: Math | None
    priority: Math | None
    assignments: tuple[Assignment, ...]
    values_from_trigger_time: bool
    initial_value: bool
    persistent: bool
    where: str


@dataclass(frozen=True)
class SbmlModel:
    """A whole file. `units` holds the model's own units by attribute, as in {'time': 'second'}.

    Its keys are 'substance', 'time', 'volume', 'area', 'length' and 'extent'; a key that the file
    does not set is missing. `notes` are remarks for the user about what was read but has no effect.
    """

    id: str
    file: str
    level: int
    version: int
    units: dict[str, str]
    conversion_factor: str
    unit_definitions: tuple[UnitDefinition, ...]
    functions: tuple[FunctionDefinition, ...]
    compartments: tuple[Compartment, ...]
    species: tuple[Species, ...]
    parameters: tuple[Parameter, ...]
    initial_assignments: tuple[Assignment, ...]
    assignment_rules: tuple[Assignment, ...]
    rate_rules: tuple[Assignment, ...]
    reactions: tuple[Reaction, ...]
    events: tuple[Event, ...]
    notes: tuple[str, ...]
