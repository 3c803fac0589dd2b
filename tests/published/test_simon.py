"""Simon 1989, doi:10.1016/0197-2456(89)90015-9: optimal and minimax two-stage designs.

Tables 1 and 2 of the paper as r1/n1, r/n; two of them also in the vignette of R clinfun 1.1.5.
All of both tables, as known and not read again, and some rows with their expected sizes.
"""

import pytest

from carnk.designs import simon
from carnk.designs.simon import rejects

PRINTED = [
    # p0, p1, alpha, beta, optimal, minimax: (r1, n1, r, n, EN, PET)
    (0.05, 0.20, 0.10, 0.10, (0, 12, 3, 37, 23.5, 0.54), (0, 18, 3, 32, 26.4, 0.40)),
    (0.05, 0.25, 0.05, 0.20, (0, 9, 2, 17, 12.0, 0.63), (0, 12, 2, 16, 13.8, 0.54)),
    (0.10, 0.30, 0.05, 0.10, (2, 18, 6, 35, 22.5, 0.73), (2, 22, 6, 33, 26.2, 0.62)),
    (0.20, 0.40, 0.05, 0.20, (3, 13, 12, 43, 20.6, 0.75), (4, 18, 10, 33, 22.3, 0.72)),
    (0.30, 0.50, 0.05, 0.10, (8, 24, 24, 63, 34.7, 0.73), (7, 24, 21, 53, 36.6, 0.56)),
    (0.40, 0.60, 0.05, 0.20, (7, 16, 23, 46, 24.5, 0.72), (17, 34, 20, 39, 34.4, 0.91)),
    (0.20, 0.35, 0.05, 0.20, (5, 22, 19, 72, 35.4, 0.73), (6, 31, 15, 53, 40.4, 0.57)),
]
# (p0, p1): optimal and minimax as r1/n1 r/n, with each pair of errors
ERRORS = ((0.10, 0.10), (0.05, 0.20), (0.05, 0.10))
TABLES = {
    (0.05, 0.25): "0/9 2/24 0/13 2/20, 0/9 2/17 0/12 2/16, 0/9 3/30 0/15 3/25",
    (0.10, 0.30): "1/12 5/35 1/16 4/25, 1/10 5/29 1/15 5/25, 2/18 6/35 2/22 6/33",
    (0.20, 0.40): "3/17 10/37 3/19 10/36, 3/13 12/43 4/18 10/33, 4/19 15/54 5/24 13/45",
    (0.30, 0.50): "7/22 17/46 7/28 15/39, 5/15 18/46 6/19 16/39, 8/24 24/63 7/24 21/53",
    (0.40, 0.60): "7/18 22/46 11/28 20/41, 7/16 23/46 17/34 20/39, 11/25 32/66 12/29 27/54",
    (0.50, 0.70): "11/21 26/45 11/23 23/39, 8/15 26/43 12/23 23/37, 13/24 36/61 14/27 32/53",
    (0.60, 0.80): "6/11 26/38 18/27 24/35, 7/11 30/43 8/13 25/35, 12/19 37/53 15/26 32/45",
    (0.70, 0.90): "6/9 22/28 11/16 20/25, 4/6 22/27 19/23 21/26, 11/15 29/36 13/18 26/32",
    (0.05, 0.20): "0/12 3/37 0/18 3/32, 0/10 3/29 0/13 3/27, 1/21 4/41 1/29 4/38",
    (0.10, 0.25): "2/21 7/50 2/27 6/40, 2/18 7/43 2/22 7/40, 2/21 10/66 3/31 9/55",
    (0.20, 0.35): "5/27 16/63 6/33 15/58, 5/22 19/72 6/31 15/53, 8/37 22/83 8/42 21/77",
    (0.30, 0.45): "9/30 29/82 16/50 25/69, 9/27 30/81 16/46 25/65, 13/40 40/110 27/77 33/88",
    (0.40, 0.55): "16/38 40/88 18/45 34/73, 11/26 40/84 28/59 34/70, 19/45 49/104 24/62 45/94",
    (0.50, 0.65): "18/35 47/84 19/40 41/72, 15/28 48/83 39/66 40/68, 22/42 60/105 28/57 54/93",
    (0.60, 0.75): "21/34 47/71 25/43 43/64, 17/27 46/67 18/30 43/62, 21/34 64/95 48/72 57/84",
    (0.70, 0.85): "14/20 45/59 15/22 40/52, 14/19 46/59 16/23 39/49, 18/25 61/79 33/44 53/68",
}


def written(design):
    return f"{design.r1}/{design.n1} {design.r}/{design.n}"


@pytest.mark.parametrize("rates", TABLES)
def test_tables_1_and_2(rates):
    for (alpha, beta), cell in zip(ERRORS, TABLES[rates].split(", ")):
        found = simon(*rates, alpha, beta)
        assert f"{written(found[0])} {written(found[-1])}" == cell, (alpha, beta)


@pytest.mark.parametrize(("p0", "p1", "alpha", "beta", "optimal", "minimax"), PRINTED)
def test_printed_designs(p0, p1, alpha, beta, optimal, minimax):
    found = simon(p0, p1, alpha, beta)
    for design, printed, kind in ((found[0], optimal, "optimal"), (found[-1], minimax, "minimax")):
        assert design.type == kind
        assert (design.r1, design.n1, design.r, design.n) == printed[:4]
        assert design.expected == pytest.approx(printed[4], abs=0.05)
        assert design.stops_early == pytest.approx(printed[5], abs=0.006)
        assert design.alpha <= alpha
        assert design.power >= 1 - beta
        assert design.alpha == pytest.approx(rejects(*printed[:4], p0), abs=1e-12)


def test_admissible_designs_lie_between():
    found = simon(0.3, 0.5, 0.05, 0.1)
    sizes = [each.n for each in found]
    assert sizes == sorted(sizes, reverse=True)
    assert [each.type for each in found[1:-1]] == ["admissible"] * (len(found) - 2)
    for each in found:
        q = sum(each.weights) / 2
        scores = [q * other.n + (1 - q) * other.expected for other in found]
        assert min(scores) == pytest.approx(q * each.n + (1 - q) * each.expected)


def test_where_one_design_is_both():
    optimal, minimax = simon(0.2, 0.9, 0.1, 0.1)[0], simon(0.2, 0.9, 0.1, 0.1)[-1]
    assert (optimal.type, minimax.type) == ("optimal", "minimax")
