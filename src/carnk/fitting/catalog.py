"""Which models can be fitted, by the word a user gives for one."""

from __future__ import annotations

from collections.abc import Callable

from ..base import Problem, SpecError, did_you_mean
from .offers import Offer
from .stein import stein

MODELS: dict[str, Callable[[], Offer]] = {"stein2019": stein}


def offer_of(word: str) -> Offer:
    """The model of a name. SpecError if there is none."""
    if word in MODELS:
        return MODELS[word]()
    what = f"'{word}' is not a model that can be fitted"
    do = did_you_mean(word, MODELS) or f"There are {', '.join(MODELS)}."
    raise SpecError(Problem("--model", what, do))
