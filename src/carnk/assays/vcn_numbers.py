"""The number `vcn` that counted copies give to other rooms: per CAR-positive cell."""

from __future__ import annotations

import hashlib
from math import exp, expm1, log

from ..library import OWN_DATA, Number, Spread, load
from .shrinkage import together
from .vcn import Copies
from .vcn_files import Report

NORMAL = 1.959964


def vcn_number(report: Report) -> Number | None:
    """Geometric mean over the file's samples (lots), their spread where there are two or more.

    Lots are drawn together by `shrinkage.py`. None where no share of CAR-positive cells was given,
    where targets are several, or where no copies were found.
    """
    found = [each.per_car.copies for each in report.results if each.per_car]
    one_target = len({each.target for each in report.results}) == 1
    if not found or not one_target or any(each.value <= 0 or each.low <= 0 for each in found):
        return None
    number = load()["vcn"]
    at = f"SHA-256 of the file: {hashlib.sha256(report.content).hexdigest()}"
    value, ends, spread = _over_lots(found)
    told = (number.id, value, number.unit, number.meaning, "measured", ends, spread)
    return Number(*told, source=OWN_DATA, at=at, checked="read")


def _over_lots(found: list[Copies]) -> tuple[float, tuple[float, float], Spread | None]:
    if len(found) == 1:
        return found[0].value, (found[0].low, found[0].high), None
    errors = [max(log(each.high / each.low) / (2 * NORMAL), 1e-3) for each in found]
    lots = together([log(each.value) for each in found], errors)
    middle, low, high = (exp(each) for each in lots.mean)
    cv = float(expm1(lots.spread**2)) ** 0.5
    return middle, (low, high), Spread("lognormal_cv", cv) if cv > 0 else None
