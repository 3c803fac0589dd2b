"""Wells read over time by an instrument: one array for each well."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ..base import Problem
from .wells import Array


@dataclass(frozen=True)
class Traces:
    """What an instrument wrote. signal: by well ('B3'), each (times,), not a number where nothing
    was read; names: what the instrument's own layout calls the wells."""

    file: str
    hours: Array
    signal: Mapping[str, Array]
    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[Problem, ...] = ()
    content: bytes = b""
