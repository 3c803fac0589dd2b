"""Simon 1989, doi:10.1016/0197-2456(89)90015-9: optimal and minimax two-stage designs.

Tables 1 and 2 of the paper as r1/n1, r/n; two of them also in the vignette of R clinfun 1.1.5.
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
