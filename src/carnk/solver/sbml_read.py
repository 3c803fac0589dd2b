"""Reads SBML Level 2 (Versions 1-5) and Level 3 (Versions 1-2) core into an `SbmlModel`.

What cannot be solved exactly is refused with its line: algebraic rules, delays, fast reactions,
required packages. What has no effect on the solution (constraints, layout) is left out with a note.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from ..base.errors import Problem, SpecError
from . import sbml_model as m
from .mathml import MathReader
from .sbml_check import check_model
from .xml_tree import Element, parse_xml

LARGEST_FILE_BYTES = 16_000_000
SBML = re.compile(r"http://www\.sbml\.org/sbml/level([0-9])(?:/version([0-9])(?:/core)?)?")
VERSIONS = {2: (1, 2, 3, 4, 5), 3: (1, 2)}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DOUBLE = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_WORDS = {"INF": math.inf, "+INF": math.inf, "-INF": -math.inf, "NaN": math.nan}
_UNITS = {2: {n: n for n in ("substance", "time", "volume", "area", "length")}}
ENTRIES = {
    "listOfUnitDefinitions": ("unitDefinition",),
    "listOfUnits": ("unit",),
    "listOfFunctionDefinitions": ("functionDefinition",),
    "listOfCompartments": ("compartment",),
    "listOfSpecies": ("species",),
    "listOfParameters": ("parameter",),
    "listOfLocalParameters": ("localParameter",),
    "listOfInitialAssignments": ("initialAssignment",),
    "listOfRules": ("assignmentRule", "rateRule", "algebraicRule"),
    "listOfReactions": ("reaction",),
    "listOfReactants": ("speciesReference",),
    "listOfProducts": ("speciesReference",),
    "listOfModifiers": ("modifierSpeciesReference",),
    "listOfEvents": ("event",),
    "listOfEventAssignments": ("eventAssignment",),
}
OWN_PACKAGES = ("l3v2extendedmath",)  # the functions of Level 3 Version 2, which are read anyway
_NO_EFFECT = {
    "listOfConstraints": "constraints are not checked",
    "listOfCompartmentTypes": "compartment types have no effect",
    "listOfSpeciesTypes": "species types have no effect",
}
_PACKAGED = {  # what changes the meaning of a model though its package says it is not required
    "listOfSubmodels": "models composed of others (the package 'comp')",
    "listOfObjectives": "flux balance models (the package 'fbc')",
}
_OLD = "is not supported: units are never converted on the way"


def read_sbml(source: Path | str) -> m.SbmlModel:
    """Read a model from the path of a file or from a text that begins with '<'.

    Files may be SBML or a COMBINE archive (.omex) that holds one SBML model. Raises SpecError with
    all problems and their lines. To read a file that may be hostile, use `sandbox.solve_file`.
    """
    if isinstance(source, str) and source.lstrip("\ufeff \t\r\n").startswith("<"):
        return parse_sbml(source.encode(), "model")
    from .omex import model_bytes

    path = Path(source)
    return parse_sbml(model_bytes(path, LARGEST_FILE_BYTES), path.name)


def parse_sbml(content: bytes, file: str) -> m.SbmlModel:
    """Read the bytes of an SBML document; `file` is its name for messages."""
    if len(content) > LARGEST_FILE_BYTES:
        what = f"the file has more than {LARGEST_FILE_BYTES / 1e6:g} MB"
        raise SpecError(Problem(file, what))
    reader = _Reader(file, parse_xml(content, file))
    model = reader.model()
    problems = reader.problems or check_model(model)
    if problems:
        raise SpecError(problems, file)
    return model


class _Reader:
    """Reads the components of one document; gathers all problems and notes."""

    def __init__(self, file: str, root: Element) -> None:
        self.file, self.root = file, root
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.math = MathReader(file, self.problems)
        self.level, self.version = self._level()
        self.body = self._body()
        self._packages()

    def refuse(self, e: Element, what: str, do: str = "") -> None:
        self.math.add(Problem(self.where(e), what, do))

    def where(self, e: Element) -> str:
        name = e.attributes.get("id") or e.attributes.get("variable") or e.attributes.get("symbol")
        return f"{self.file}:{e.line}: {e.tag}" + (f" '{name[:60]}'" if name else "")

    def _level(self) -> tuple[int, int]:
        where = f"{self.file}:{self.root.line}"
        known = SBML.fullmatch(self.root.namespace)
        if self.root.tag != "sbml" or known is None:
            what = f"this is XML with the root <{self.root.tag[:60]}>, not SBML"
            raise SpecError(Problem(where, what, "Name an SBML file."))
        given = (self.root.attributes.get(name, "") for name in ("level", "version"))
        level, version = (int(text) if text.isdecimal() and len(text) < 3 else 0 for text in given)
        if version not in VERSIONS.get(level, ()) or str(level) != known[1]:
            what = f"SBML Level {level} Version {version} is not supported"
            do = "Convert it to Level 2 (Versions 1-5) or Level 3 (Versions 1-2)."
            raise SpecError(Problem(where, what, do))
        return level, version

    def _body(self) -> Element:
        body = self.root.find("model")
        if body is None:
            raise SpecError(Problem(f"{self.file}:{self.root.line}", "there is no <model> in it"))
        return body

    def _packages(self) -> None:
        """Required packages change the mathematics: refused. Others have no effect: noted."""
        for name, value in self.root.attributes.items():
            namespace, _, word = name.rpartition(" ")
            if word == "required" and namespace:
                package = namespace.split("/")[-2 if "version" in namespace.split("/")[-1] else -1]
                if package in OWN_PACKAGES:
                    continue
                if value.strip() in ("true", "1"):
                    what = f"the package '{package}' is required by this model and not supported"
                    self.refuse(self.root, what, "Solve this model with another program.")
                else:
                    self.notes.append(f"the package '{package}' was left out; it is not required")
        for child in self.body.children:
            if child.tag in _PACKAGED and child.namespace != self.root.namespace and child.children:
                do = "Solve this model with another program."
                self.refuse(child, f"{_PACKAGED[child.tag]} are not supported", do)

    def model(self) -> m.SbmlModel:
        body = self.body
        for child in body.children:
            if child.tag in _NO_EFFECT and child.children:
                self.notes.append(_NO_EFFECT[child.tag])
        rules = list(self.items(body, "listOfRules"))
        units = dict(_UNITS.get(self.level, {}))
        for name in ("substance", "time", "volume", "area", "length", "extent"):
            units |= {name: self.text(body, f"{name}Units")} if self.level == 3 else {}
        return m.SbmlModel(
            id=self.text(body, "id"),
            file=self.file,
            level=self.level,
            version=self.version,
            units={name: unit for name, unit in units.items() if unit},
            conversion_factor=self.text(body, "conversionFactor"),
            unit_definitions=tuple(
                map(self.unit_definition, self.items(body, "listOfUnitDefinitions"))
            ),
            functions=tuple(map(self.function, self.items(body, "listOfFunctionDefinitions"))),
            compartments=tuple(map(self.compartment, self.items(body, "listOfCompartments"))),
            species=tuple(map(self.one_species, self.items(body, "listOfSpecies"))),
            parameters=tuple(map(self.parameter, self.items(body, "listOfParameters"))),
            initial_assignments=self.assignments(body, "listOfInitialAssignments", "symbol"),
            assignment_rules=self.rules(rules, "assignmentRule"),
            rate_rules=self.rules(rules, "rateRule"),
            reactions=tuple(map(self.reaction, self.items(body, "listOfReactions"))),
            events=tuple(map(self.event, self.items(body, "listOfEvents"))),
            notes=tuple(dict.fromkeys(self.notes)),
        )

    def items(self, parent: Element, tag: str) -> Iterator[Element]:
        """The entries of a list in the namespace of the document; others are refused."""
        for child in parent.children:
            if child.tag != tag or child.namespace != self.root.namespace:
                continue
            for e in child.children:
                if e.tag in ENTRIES[tag] and e.namespace == self.root.namespace:
                    yield e
                elif e.namespace == self.root.namespace:
                    self.refuse(e, f"<{e.tag[:60]}> does not belong into <{tag}>")

    def text(self, e: Element, name: str) -> str:
        return e.attributes.get(name, "").strip()

    def name(self, e: Element, name: str = "id", *, needed: bool = True) -> str:
        value = self.text(e, name)
        if (needed or value) and not _NAME.fullmatch(value):
            what = f"'{value[:60]}' is not a name" if value else f"has no {name}"
            self.refuse(e, what, f"Give it a {name} of letters, digits and underscores.")
        return value

    def number(self, e: Element, name: str) -> float | None:
        value = self.text(e, name)
        if not value:
            return None
        if value in _WORDS:
            return _WORDS[value]
        if not _DOUBLE.fullmatch(value):
            self.refuse(e, f"the {name} '{value[:40]}' is not a number")
            return None
        return float(value)

    def flag(self, e: Element, name: str, default: bool) -> bool:
        value = self.text(e, name)
        if value not in ("", "true", "false", "1", "0"):
            self.refuse(e, f"the {name} '{value[:40]}' is neither true nor false")
        return value in ("true", "1") if value else default

    def unit_definition(self, e: Element) -> m.UnitDefinition:
        units = []
        for unit in self.items(e, "listOfUnits"):
            factors = (self.number(unit, name) for name in ("exponent", "scale", "multiplier"))
            given = [d if f is None else f for f, d in zip(factors, (1.0, 0.0, 1.0))]
            units.append(m.Unit(self.text(unit, "kind"), *given))
            if self.number(unit, "offset"):
                self.refuse(e, "units with an offset are not supported")
        return m.UnitDefinition(self.name(e), tuple(units), self.where(e))

    def function(self, e: Element) -> m.FunctionDefinition:
        arguments, body = self.math.function(e)
        return m.FunctionDefinition(self.name(e), arguments, body, self.where(e))

    def compartment(self, e: Element) -> m.Compartment:
        dimensions = self.number(e, "spatialDimensions")
        return m.Compartment(
            id=self.name(e),
            size=self.number(e, "size"),
            dimensions=3.0 if dimensions is None and self.level == 2 else dimensions,
            constant=self.flag(e, "constant", True),
            units=self.text(e, "units"),
            where=self.where(e),
        )

    def one_species(self, e: Element) -> m.Species:
        return m.Species(
            id=self.name(e),
            compartment=self.name(e, "compartment"),
            amount=self.number(e, "initialAmount"),
            concentration=self.number(e, "initialConcentration"),
            substance_only=self.flag(e, "hasOnlySubstanceUnits", False),
            boundary=self.flag(e, "boundaryCondition", False),
            constant=self.flag(e, "constant", False),
            substance_units=self.text(e, "substanceUnits"),
            conversion_factor=self.text(e, "conversionFactor"),
            where=self.where(e),
        )

    def parameter(self, e: Element) -> m.Parameter:
        constant = self.flag(e, "constant", True)
        value, units = self.number(e, "value"), self.text(e, "units")
        return m.Parameter(self.name(e), value, constant, units, self.where(e))

    def assignments(self, parent: Element, tag: str, variable: str) -> tuple[m.Assignment, ...]:
        """Entries without mathematics change nothing (Level 3 Version 2)."""
        found = []
        for e in self.items(parent, tag):
            formula = self.math.formula(e)
            name = self.name(e, variable)
            if formula is None:
                self._no_math(e)
            else:
                found.append(m.Assignment(name, formula, self.where(e)))
        return tuple(found)

    def _no_math(self, e: Element) -> None:
        if (self.level, self.version) < (3, 2):
            self.refuse(e, "has no mathematics")
        self.notes.append(f"{self.where(e)} has no mathematics and no effect")

    def rules(self, rules: list[Element], tag: str) -> tuple[m.Assignment, ...]:
        """The rules of one kind; anything that is no assignment or rate rule is refused once."""
        found = []
        for e in rules:
            if e.tag == tag:
                formula = self.math.formula(e)
                name = self.name(e, "variable")
                if formula is None:
                    self._no_math(e)
                else:
                    found.append(m.Assignment(name, formula, self.where(e)))
            elif tag == "rateRule" and e.tag != "assignmentRule":
                do = "Solve this model with another program."
                self.refuse(e, "algebraic rules are not supported", do)
        return tuple(found)

    def reaction(self, e: Element) -> m.Reaction:
        if self.flag(e, "fast", False):
            self.refuse(e, "fast reactions are not supported", "Give it an ordinary rate.")
        law, local = None, []
        for element in (c for c in e.children if c.tag == "kineticLaw"):
            law = self.math.formula(element)
            if law is None:
                self._no_math(element)
            for name, default in (("timeUnits", "time"), ("substanceUnits", "substance")):
                if self.text(element, name) not in ("", default):
                    self.refuse(e, f"the attribute {name} of a kinetic law {_OLD}")
            for tag in ("listOfParameters", "listOfLocalParameters"):
                local += [self.parameter(p) for p in self.items(element, tag)]
        if law is None:
            self.notes.append(f"{self.where(e)} has no rate and changes nothing")
        return m.Reaction(
            id=self.name(e),
            reactants=tuple(map(self.reference, self.items(e, "listOfReactants"))),
            products=tuple(map(self.reference, self.items(e, "listOfProducts"))),
            modifiers=tuple(self.name(s, "species") for s in self.items(e, "listOfModifiers")),
            law=law,
            local=tuple(local),
            where=self.where(e),
        )

    def reference(self, e: Element) -> m.SpeciesReference:
        given = self.number(e, "stoichiometry")
        inner = e.find("stoichiometryMath")
        return m.SpeciesReference(
            id=self.name(e, needed=False),
            species=self.name(e, "species"),
            stoichiometry=1.0 if given is None and self.level == 2 else given,
            math=self.math.formula(inner) if inner is not None else None,
            constant=self.flag(e, "constant", self.level == 2),
            where=f"{self.where(e)} of '{self.text(e, 'species')[:60]}'",
        )

    def event(self, e: Element) -> m.Event:
        if self.text(e, "timeUnits") not in ("", "time"):
            self.refuse(e, f"the attribute timeUnits of an event {_OLD}")
        trigger, delay, priority = (e.find(tag) for tag in ("trigger", "delay", "priority"))
        formulas = [None if c is None else self.math.formula(c) for c in (trigger, delay, priority)]
        if formulas[0] is None:
            self._no_math(e if trigger is None else trigger)
        starts = trigger if trigger is not None else e
        return m.Event(
            id=self.name(e, needed=False),
            trigger=formulas[0],
            delay=formulas[1],
            priority=formulas[2],
            assignments=self.assignments(e, "listOfEventAssignments", "variable"),
            values_from_trigger_time=self.flag(e, "useValuesFromTriggerTime", True),
            initial_value=self.flag(starts, "initialValue", True),
            persistent=self.flag(starts, "persistent", True),
            where=self.where(e),
        )
