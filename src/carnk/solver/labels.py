"""What an export says of a model besides its mathematics: units, meanings, sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .model import Model

Dose = tuple[float | str, str, float | str]  # day, state, amount; a name stands for a parameter


@dataclass(frozen=True)
class Label:
    """What is known of a state or a parameter: its unit, meaning, basis and source.

    source: a short citation. link: the address of the source, '' if there is none. checked: 'read'
    or 'unread'. why: the reason for a number that is assumed.
    """

    unit: str = ""
    meaning: str = ""
    basis: str = ""
    source: str = ""
    link: str = ""
    checked: str = ""
    why: str = ""

    def sentences(self) -> list[str]:
        """The label as text for people, a sentence each."""
        origin = ", ".join(filter(None, (self.basis, self.source, self.checked)))
        return [text for text in (self.meaning, origin, self.why) if text]


@dataclass(frozen=True)
class Document:
    """A model with the numbers of one patient, ready to be written in any format.

    parameters, initial: by name. doses: (time, state, amount). labels: of states and parameters.
    notes: paragraphs on what the numbers are. references: full citations of the sources. time: the
    unit of time.
    """

    id: str
    title: str
    model: Model
    parameters: Mapping[str, float]
    initial: Mapping[str, float]
    doses: tuple[Dose, ...] = ()
    labels: Mapping[str, Label] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    time: str = "day"

    def label(self, name: str) -> Label:
        """What is known of a name; an empty label if nothing is."""
        return self.labels.get(name, Label())

    def units(self) -> dict[str, str]:
        """The unit of every name that has one."""
        return {name: label.unit for name, label in self.labels.items() if label.unit}
