"""Both ends of the persistence law: what each product leaves in blood, and what was seen."""

from dataclasses import dataclass, replace

import numpy as np

from ..domain import Study
from ..library import load
from ..study import read
from ..study.patients import draw
from ..study.run import assay, courses_of

PATIENTS = 200


@dataclass(frozen=True)
class Ends:
    """Copies per ug of blood DNA of a product on a day, over patients at library values."""

    product: str
    day: float
    copies: float  # median
    limit: float
    detected: float  # share of patients above the limit
    wanted: str  # what was published


def both_ends() -> list[Ends]:
    """FT596 and unarmored cells at day 15, the cord product at day 365."""
    cord, ipsc = read("liu2020"), read("ft596")
    once = replace(ipsc, arms=tuple(a for a in ipsc.arms if a.name == "3e8 alone"))
    bare = replace(cord.product.construct, armor="none")
    unarmored = replace(cord, product=replace(cord.product, construct=bare))
    return [
        end(once, 15.0, "FT596, one dose of 3e8", "peak on day 1, seen up to about day 15"),
        end(unarmored, 15.0, "cord product without its armor", "unarmored cells gone by day 7-10"),
        end(cord, 365.0, "cord product, secreted IL-15", "seen at 12 months and more"),
    ]


def end(study: Study, day: float, product: str, wanted: str) -> Ends:
    """Simulate a study at library values and read its cells off on a day."""
    view = load().view()
    cohort = draw(study, view, np.arange(PATIENTS), uncertain=False)
    courses = courses_of(replace(study, days=max(day, 30.0)), cohort)
    blood = assay(cohort)
    at = int(np.argmin(np.abs(courses.times - day)))
    copies = courses.copies_per_ug(blood)[:, at]
    above = copies >= blood.limit_copies_per_ug
    limit = float(np.median(blood.limit_copies_per_ug))
    return Ends(product, day, float(np.median(copies)), limit, float(above.mean()), wanted)
