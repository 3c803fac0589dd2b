"""Parts of an SBML file that are not mathematics: unit definitions, notes, annotations."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from fractions import Fraction
from xml.etree import ElementTree as Xml

from .labels import Label
from .units import COUNTS, Unit, Word, same_dimension, same_scale

XHTML = "http://www.w3.org/1999/xhtml"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
BIOLOGY = "http://biomodels.net/biology-qualifiers/"
DOI = re.compile(r"https://doi\.org/(.+)")
PUBMED = re.compile(r"https://pubmed\.ncbi\.nlm\.nih\.gov/(\d+)/")
# SBML's kind for a base unit, and how much of the base unit it is.
KINDS = {
    "second": ("second", 1.0, 1),
    "kilogram": ("gram", 1e-3, 1),
    "metre": ("litre", 1e-3, 3),
    "mole": ("mole", 1.0, 1),
    **dict.fromkeys(COUNTS, ("item", 1.0, 1)),
}

Part = tuple[str, Fraction, int, float]  # kind, exponent, scale, multiplier


class UnitTable:
    """The unit definitions of a file, each with an id; equal units share one."""

    def __init__(self) -> None:
        self.ids: dict[str, Unit] = {}

    def id_of(self, unit: Unit) -> str:
        """The id of a unit, which is defined if it is new."""
        if not unit.dimension and abs(unit.factor - 1) < 1e-12:
            return "dimensionless"
        for known, other in self.ids.items():
            if same_dimension(unit, other) and same_scale(unit, other):
                return known
        name = unit_id(unit)
        self.ids[name] = unit
        return name

    def element(self) -> Xml.Element:
        """The list of all definitions."""
        made = Xml.Element("listOfUnitDefinitions")
        for name, unit in sorted(self.ids.items()):
            definition = Xml.SubElement(made, "unitDefinition", {"id": name, "name": str(unit)})
            units = Xml.SubElement(definition, "listOfUnits")
            for kind, exponent, scale, multiplier in parts(unit):
                fields = {"kind": kind, "exponent": _number(float(exponent)), "scale": str(scale)}
                Xml.SubElement(units, "unit", {**fields, "multiplier": _number(multiplier)})
        return made


def unit_id(unit: Unit) -> str:
    """A name for a unit, such as 'pg_per_mL'."""
    over = [_joined(word, power) for word, power in unit.words if power > 0]
    under = [f"per_{_joined(word, -power)}" for word, power in unit.words if power < 0]
    return "unit_" + "_".join([*over, *under])


def _joined(word: Word, power: Fraction) -> str:
    return word.name if power == 1 else f"{word.name}{str(power).replace('/', '_over_')}"


def parts(unit: Unit) -> list[Part]:
    """(kind, exponent, scale, multiplier) of every factor of a unit."""
    return [part for word, power in unit.words for part in _of_word(word, power)]


def _of_word(word: Word, power: Fraction) -> list[Part]:
    if len(word.powers) != 1:  # such as M, which is mol/L, and percent
        kinds = [(KINDS[base], p) for base, p in word.powers]
        size = math.prod(factor ** float(p / times) for (_, factor, times), p in kinds)
        found = [(kind, p * power / times, 0, 1.0) for (kind, _, times), p in kinds]
        return [*found, ("dimensionless", power, 0, float(f"{word.factor / size:.12g}"))]
    base, inner = word.powers[0]
    kind, factor, times = ("metre", 1.0, 1) if base == "metre" and inner % 3 else KINDS[base]
    exponent = inner / times
    size = float(f"{(word.factor ** (1 / float(exponent))) / factor:.12g}")
    tens = round(math.log10(size))
    scale, multiplier = (tens, 1.0) if math.isclose(size, 10.0**tens) else (0, size)
    return [(kind, exponent * power, scale, multiplier)]


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def notes(paragraphs: Iterable[str]) -> Xml.Element:
    """Paragraphs for people."""
    made = Xml.Element("notes")
    body = Xml.SubElement(made, "body", {"xmlns": XHTML})
    for text in paragraphs:
        Xml.SubElement(body, "p").text = legible(text)
    return made


def legible(text: str) -> str:
    """Text on one line without the characters that XML cannot hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def annotation(about: str, label: Label) -> Xml.Element:
    """A MIRIAM annotation: the thing with this metaid is described by the source of its label."""
    made = Xml.Element("annotation")
    spaces = {"xmlns:rdf": RDF, "xmlns:bqbiol": BIOLOGY}
    description = Xml.SubElement(
        Xml.SubElement(made, "rdf:RDF", spaces), "rdf:Description", {"rdf:about": f"#{about}"}
    )
    described = Xml.SubElement(description, "bqbiol:isDescribedBy")
    fields = {"rdf:resource": identifier(label.link)}
    Xml.SubElement(Xml.SubElement(described, "rdf:Bag"), "rdf:li", fields)
    return made


def identifier(link: str) -> str:
    """The address of a work at identifiers.org where it has a doi or PubMed number."""
    if found := DOI.fullmatch(link):
        return f"https://identifiers.org/doi:{found[1]}"
    if found := PUBMED.fullmatch(link):
        return f"https://identifiers.org/pubmed:{found[1]}"
    return link
