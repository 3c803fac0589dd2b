"""The hand-labeled records inside the package, and how well the classifier does on them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .classify import UNKNOWN, classify
from .kind import CAR_NK
from .record import study
from .words import RULES


@dataclass(frozen=True)
class Score:
    """Counts of one attribute's values over labeled records: right, wrong and missed ones."""

    attribute: str
    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Share of the values given that are right; 1 where none was given."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Share of the labels that were found; 1 where there are none."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def labeled() -> list[dict[str, Any]]:
    """Return the records of the package: each has `labels` and a `study` of the API."""
    rows: list[dict[str, Any]] = json.loads((RULES / "labeled.json").read_text(encoding="utf-8"))
    return rows


def score(rows: Iterable[dict[str, Any]]) -> list[Score]:
    """Score 'CAR-NK or not' first, then every attribute that labels name, value by value."""
    tally: dict[str, list[int]] = {}
    for row in rows:
        found = classify(study(row["study"]))
        for attribute, label in row["labels"].items():
            truth = {v for v in label.split("; ") if v not in ("", UNKNOWN)}
            said = {v for v in found.values(attribute) if v != UNKNOWN}
            if attribute == "kind":
                _count(
                    tally,
                    "CAR-NK or not",
                    {label} & set(CAR_NK) and {Y},
                    {Y} if found.is_car_nk else set(),
                )
            _count(tally, attribute, truth, said)
    return [Score(attribute, *counts) for attribute, counts in tally.items()]


Y = "yes"


def _count(tally: dict[str, list[int]], attribute: str, truth: set[str], said: set[str]) -> None:
    counts = tally.setdefault(attribute, [0, 0, 0])
    counts[0] += len(truth & said)
    counts[1] += len(said - truth)
    counts[2] += len(truth - said)
