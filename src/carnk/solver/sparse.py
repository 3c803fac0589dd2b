"""Sparse linear algebra on expressions: an elimination order, LU factors, triangular solves.

A matrix is {(row, column): expression} of its nonzero entries. Nothing pivots: I/(h gamma) - J
is dominated by its diagonal once h is small enough, and a step that is not gets rejected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .expression import Expr

Place = tuple[int, int]


def elimination_order(pattern: Iterable[Place], size: int) -> list[int]:
    """Markowitz order: the diagonal pivot that can fill in least comes first."""
    left, order, filled = set(range(size)), [], set(pattern)
    while left:

        def fill(k: int) -> int:
            rows = sum((i, k) in filled for i in left if i != k)
            return rows * sum((k, j) in filled for j in left if j != k)

        k = min(sorted(left), key=fill)
        left.discard(k)
        order.append(k)
        below = [i for i in left if (i, k) in filled]
        filled.update((i, j) for i in below for j in left if (k, j) in filled)
    return order


def factorize(matrix: Mapping[Place, Expr], order: Sequence[int]) -> dict[Place, Expr]:
    """LU factors without pivoting; the diagonal holds its inverse."""
    a = dict(matrix)
    for n, k in enumerate(order):
        a[k, k] = 1 / a[k, k]
        rest = order[n + 1 :]
        across = [j for j in rest if (k, j) in a]
        for i in (i for i in rest if (i, k) in a):
            a[i, k] = a[i, k] * a[k, k]
            for j in across:
                product = a[i, k] * a[k, j]
                a[i, j] = a[i, j] - product if (i, j) in a else -product
    return a


def solve_sparse(
    factors: Mapping[Place, Expr], right: Sequence[Expr], order: Sequence[int]
) -> list[Expr]:
    """The solution x of A x = right from the factors of A."""
    x = list(right)
    for n, k in enumerate(order):
        for j in order[:n]:
            if (k, j) in factors:
                x[k] = x[k] - factors[k, j] * x[j]
    for n, k in reversed(list(enumerate(order))):
        for j in reversed(order[n + 1 :]):  # what was solved last comes last: short waits
            if (k, j) in factors:
                x[k] = x[k] - factors[k, j] * x[j]
        x[k] = x[k] * factors[k, k]
    return x
