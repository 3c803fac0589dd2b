"""Student's t and Fisher's F by the incomplete beta function.

scipy has them too, but loading it takes longer than a whole plate may: an assay is done in under a
second. Tests hold these beside scipy's.
"""

from __future__ import annotations

import math
from functools import lru_cache

SMALL, ENOUGH, MOST_TERMS = 1e-300, 3e-16, 500


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularized incomplete beta function for a, b > 0 and 0 <= x <= 1."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    log_front += a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1)
    d = 1.0 / (d or SMALL)
    value = d
    for m in range(1, MOST_TERMS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / ((1.0 + term * d) or SMALL)
            c = (1.0 + term / c) or SMALL
            value *= c * d
        if abs(c * d - 1.0) < ENOUGH:
            break
    return value


def t_two_sided(t: float, freedom: float) -> float:
    """Chance that Student's t is further from 0 than t."""
    return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


@lru_cache(maxsize=1000)
def t_quantile(level: float, freedom: float) -> float:
    """The t within which a share `level` lies, both sides together: 2.228 for 0.95 and 10."""
    low, high = 0.0, 1.0
    while t_two_sided(high, freedom) > 1 - level:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if t_two_sided(middle, freedom) > 1 - level:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def f_above(f: float, first: float, second: float) -> float:
    """Chance that Fisher's F with these degrees of freedom is above f."""
    return incomplete_beta(second / 2, first / 2, second / (second + first * f)) if f > 0 else 1.0
