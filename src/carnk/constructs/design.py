"""What a construct is: typed parts in the order of one open reading frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import get_args

from ..base import Problem, SpecError
from ..domain import Construct
from ..domain.nouns import Armor, Delivery, Payload, Switch
from ..library import table

KINDS = (
    *("leader", "vh", "vl", "linker", "binder", "hinge", "transmembrane", "costimulation"),
    *("signal", "cleavage", "secreted", "membrane", "switch"),
)
DELIVERIES: tuple[Delivery, ...] = get_args(Delivery)
PLATFORMS = (*DELIVERIES, "transposon")
START, STOP = "ATG", "TAA"
KOZAK = "GCCACC"
ARMORS: dict[str, Armor] = {
    "IL15_PRECURSOR": "il15_secreted",
    "MBIL15": "il15_membrane",
    "IL15_IL15RA": "il15_fusion",
}
PAYLOADS: dict[str, Payload] = {
    "IL21": "il21",
    "MBIL21": "il21",
    "CXCR2": "cxcr2",
    "CXCR4": "cxcr4",
}


@dataclass(frozen=True)
class Part:
    """A part of a construct: a protein with a task, and where it is known from.

    `sequence` is empty where it is not known; `checked` is 'read' or 'unread'.
    """

    name: str
    kind: str
    sequence: str
    checked: str
    meaning: str = ""
    accession: str = ""
    range: str = ""
    source: str = ""
    note: str = ""


@dataclass(frozen=True)
class Design:
    """A construct: its parts from the start codon to the stop codon, and how it is delivered."""

    name: str
    target: str
    platform: str
    parts: tuple[Part, ...]
    about: str = ""
    avoid_sites: tuple[str, ...] = ()

    @property
    def unknown(self) -> tuple[Part, ...]:
        """Parts without a sequence."""
        return tuple(part for part in self.parts if not part.sequence)

    @property
    def protein(self) -> str:
        """The whole reading frame in one-letter residues, without the stop; gaps left out."""
        return "".join(part.sequence for part in self.parts)

    def noun(self) -> Construct:
        """The construct as studies speak of it; SpecError for a platform that they do not know."""
        delivery = next((word for word in DELIVERIES if word == self.platform), None)
        if delivery is None:
            what = f"studies know no delivery by {self.platform}"
            raise SpecError(Problem(self.name, what, f"They know {', '.join(DELIVERIES)}."))
        return Construct(
            self.target, self.domains, self.armor, self.switch, delivery, self.payloads
        )

    @property
    def armor(self) -> Armor:
        """The IL-15 that the construct adds, in the noun's words."""
        return next((ARMORS[part.name] for part in self.parts if part.name in ARMORS), "none")

    @property
    def switch(self) -> Switch:
        """The safety switch, in the noun's words."""
        return "icasp9" if any(part.name == "ICASP9" for part in self.parts) else "none"

    @property
    def payloads(self) -> tuple[Payload, ...]:
        """What else it adds, in the noun's words."""
        return tuple(
            dict.fromkeys(PAYLOADS[part.name] for part in self.parts if part.name in PAYLOADS)
        )

    @property
    def domains(self) -> str:
        """Binder, hinge, transmembrane, costimulation and signal, in words."""
        told = ("binder", "vh", "vl", "hinge", "transmembrane", "costimulation", "signal")
        return ", ".join(part.meaning or part.name for part in self.parts if part.kind in told)


@cache
def parts() -> dict[str, Part]:
    """Return the parts of the library by name."""
    return {
        row["name"]: Part(**{key: str(value or "") for key, value in row.items()})
        for row in table("car_parts").to_dicts()
        if row["kind"] != "reserve"
    }


def cistrons(design: Design) -> list[tuple[Part, ...]]:
    """Return the runs of parts between cleavage peptides; a linker before one goes with it."""
    runs: list[list[Part]] = [[]]
    for part in design.parts:
        if part.kind == "cleavage":
            while runs[-1] and runs[-1][-1].kind == "linker":
                runs[-1].pop()
            runs.append([])
        else:
            runs[-1].append(part)
    return [tuple(run) for run in runs]
