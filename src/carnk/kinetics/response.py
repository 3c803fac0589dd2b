"""Response and progression by disease, each a one-line rule on the tumor burden."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """What a criterion measures and where its lines are.

    The measured size is burden ** power: a sum of products goes with the power 2/3 of a volume, a
    diameter with 1/3. For leukemia response is complete remission; for an autoimmune disease it is
    B cells at or below `partial` of their count before treatment, complete at a tenth of that.
    """

    name: str
    power: float
    partial: float  # response: size at most this share of the size before treatment
    progression: float  # progression: size at least this multiple of the nadir
    marrow: bool = False  # response below 5 % blasts; complete without measurable disease
    b_cells: bool = False  # what counts is depletion of B cells, not of a tumor
    source: str = ""


LUGANO = Rule("Lugano 2014", 2 / 3, 0.5, 1.5, source="cheson2014")
IWCLL = Rule("iwCLL 2018", 1.0, 0.5, 1.5, source="hallek2018")
ELN = Rule("ELN 2022", 1.0, 0.5, 1.5, marrow=True, source="dohner2022")
IMWG = Rule("IMWG 2016", 1.0, 0.5, 1.25, source="kumar2016")
RECIST = Rule("RECIST 1.1", 1 / 3, 0.7, 1.2, source="eisenhauer2009")
RANO = Rule("RANO", 2 / 3, 0.5, 1.25, source="wen2010")
DEPLETION = Rule("B-cell depletion", 1.0, 0.1, 10.0, b_cells=True, source="gao2025")
RULES = {
    "cll": IWCLL,
    "cll_richter": LUGANO,
    "follicular": LUGANO,
    "dlbcl": LUGANO,
    "mantle_cell": LUGANO,
    "b_all": ELN,
    "aml": ELN,
    "myeloma": IMWG,
    "glioblastoma": RANO,
    "ovarian": RECIST,
    "colorectal": RECIST,
    "sle": DEPLETION,
}
BLASTS = 0.05  # of marrow cells


def responses(
    burden: Array, before: Array, rule: Rule, limit: Array, marrow: Array
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(response, complete response) at each time; burden (patients, times), before (patients,).

    `limit` is what imaging sees and `marrow` the marrow's cells, one per patient. For leukemia
    response means under 5 % blasts and complete response no measurable residual disease, both after
    a fall by half at least, so that few blasts at the start are no response.
    """
    complete = burden <= limit[:, None]
    fallen = burden <= rule.partial * before[:, None]
    if rule.marrow:
        return fallen & (burden <= BLASTS * marrow[:, None]), fallen & complete
    with np.errstate(divide="ignore", invalid="ignore"):
        size = (burden / before[:, None]) ** rule.power
    return complete | (size <= rule.partial), complete


def progression_day(
    burden: Array, times: Array, rule: Rule, limit: Array, first_visit: float
) -> Array:
    """First day from `first_visit` on which a tumor that imaging sees has outgrown its nadir.

    Infinite if there is none. The nadir counts from the first time, never below what imaging sees.
    """
    seen = np.maximum(burden, limit[:, None]) ** rule.power
    nadir = np.minimum.accumulate(seen, axis=1)
    visits = times >= first_visit
    grown = (seen >= rule.progression * nadir) & (burden > limit[:, None]) & visits
    first = np.where(grown.any(axis=1), times[grown.argmax(axis=1)], np.inf)
    return np.asarray(first)
