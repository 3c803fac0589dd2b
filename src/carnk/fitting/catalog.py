"""Which models can be fitted, by the word a user gives for one."""

from __future__ import annotations

from pathlib import Path

from ..base import Problem, SpecError, did_you_mean
from ..kinetics.comparators import COMPARATORS
from .comparator_model import comparator_offer
from .offers import Offer
from .sbml_offer import SUFFIXES, sbml_offer
from .stein import stein
from .study_model import study_offer

STUDY = "study:"


def offer_of(word: str) -> Offer:
    """The model of a word: a comparator's name, 'study:' and a study, or the path of an SBML file.

    SpecError if there is none.
    """
    if word.startswith(STUDY):
        return study_offer(word.removeprefix(STUDY))
    if word == "stein2019":
        return stein()
    if word.partition("/")[0] in COMPARATORS:
        return comparator_offer(word)
    if Path(word).suffix.lower() in SUFFIXES:
        return sbml_offer(Path(word))
    what = f"'{word}' is not a model that can be fitted"
    do = did_you_mean(word, COMPARATORS) or f"There are {', '.join(COMPARATORS)}, or an SBML file."
    raise SpecError(Problem("--model", what, do))
