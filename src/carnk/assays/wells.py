"""Wells of a killing assay: what is in each, and its signal over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from ..base import Problem, did_you_mean

Array = NDArray[np.float64]
SAMPLE, SPONTANEOUS, MAXIMUM, BACKGROUND, EFFECTOR = KINDS = (
    "sample", "spontaneous", "maximum", "background", "effector",
)  # fmt: skip
WORDS = {
    SAMPLE: ("sample", "experimental", "experiment", "test", "coculture", "effectorandtarget"),
    SPONTANEOUS: (
        "spontaneous", "spont", "spontaneousrelease", "minimum", "min", "target", "targets",
        "targetalone", "targetonly", "targetsalone", "targetsonly", "negative", "noeffector",
    ),
    MAXIMUM: (
        "maximum", "max", "maximumrelease", "total", "totalrelease", "lysed", "lysis", "triton",
        "detergent", "fulllysis", "positive",
    ),
    BACKGROUND: ("background", "blank", "medium", "media", "mediumalone", "mediumonly"),
    EFFECTOR: ("effector", "effectors", "effectoralone", "effectoronly", "effectorsalone"),
}  # fmt: skip
EMPTY = ("", "empty", "unused", "none", "na", "n/a", "-")


@dataclass(frozen=True)
class Well:
    """One well. signal: (times,), not a number where nothing was read; et: 0 without effectors.

    name: 'B3', or 'row 12' where a file names no wells; row: its line in that file, or 0.
    """

    name: str
    plate: str
    kind: str
    donor: str
    target: str
    effector: str
    et: float
    signal: Array
    row: int = 0

    @property
    def treatment(self) -> tuple[str, str, str, str, str, float]:
        """What replicates share."""
        return self.plate, self.kind, self.donor, self.target, self.effector, self.et


@dataclass(frozen=True)
class Wells:
    """Wells of a file, read at the same hours; content: the files' bytes, the key of pseudonyms."""

    file: str
    hours: Array
    wells: tuple[Well, ...]
    notes: tuple[Problem, ...] = ()
    content: bytes = b""

    @property
    def is_course(self) -> bool:
        """Whether the signal was read more than once."""
        return self.hours.size > 1


def kind_of(word: str) -> str:
    """Return the kind of well that a word of a layout means; ValueError with a hint for others."""
    bare = "".join(c for c in word.lower() if c.isalnum())
    for kind, words in WORDS.items():
        if bare in words:
            return kind
    near = did_you_mean(word, KINDS) or f"The kinds are {', '.join(KINDS)}."
    raise ValueError(near)


def _spans(rows: Sequence[int]) -> str:
    """'8-13, 20' for rows in order."""
    ends: list[list[int]] = []
    for row in rows:
        if ends and row == ends[-1][1] + 1:
            ends[-1][1] = row
        else:
            ends.append([row, row])
    return ", ".join(f"{a}-{b}" if b > a else f"{a}" for a, b in ends)


def et_ratio(text: str) -> float:
    """'10:1', '1:2' or '2.5' as effectors per target; ValueError for anything else."""
    left, mark, right = text.strip().partition(":")
    try:
        value = float(left) / (float(right) if mark else 1.0)
    except ZeroDivisionError:
        raise ValueError(text) from None
    if not (isfinite(value) and value > 0):
        raise ValueError(text)
    return value


def named(wells: Sequence[Well], most: int = 12) -> str:
    """Wells as a message names them: 'wells B3, B4', 'rows 8-13'."""
    names = [well.name for well in wells]
    if names and all(name.startswith("row ") for name in names):
        return f"row{'s' if len(names) > 1 else ''} {_spans(sorted(w.row for w in wells))}"
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"well{'s' if len(names) > 1 else ''} {', '.join(names[:most])}{more}"
