"""Kendall 1948: a birth-and-death process dies out by t with probability (I / (1 + I)) ** B0.

Source: D. G. Kendall, On the generalized birth-and-death process, Ann. Math. Statist. 19:1-15,
doi:10.1214/aoms/1177730285. Here with R' = death - birth and L' = death exp(R - L), against the
closed form for constant rates and a direct seeded simulation of single cells.
"""

import numpy as np
import pytest
from scipy.stats import binomtest

from carnk.kinetics.courses import _fate
from carnk.kinetics.tumor import extinction
from carnk.solver import Model, exp, solve


def constant(y, p):
    return {"decline": p.death - p.birth, "ancestry": p.death * exp(y.decline - y.ancestry)}


def dying(y, p):
    """Death falls with time: killing wanes."""
    death = p.death * exp(-y.clock)
    return {
        "clock": 1.0,
        "decline": death - p.birth,
        "ancestry": death * exp(y.decline - y.ancestry),
    }


def chance(model, birth, death, start, day):
    atol = [1e-12] * len(model.states)
    s = solve(
        model, [[birth, death]], [[0.0] * len(model.states)], [day], rtol=1e-9, atol=atol,
        engine="interpreter",
    )  # fmt: skip
    decline, ancestry = s.values[0, -1, -2:]
    gone, size = _fate(np.array([[start]]), np.array([[decline]]), np.array([[ancestry]]))
    return gone.item(), size.item()


CONSTANT = Model(("decline", "ancestry"), ("birth", "death"), (constant,))
DYING = Model(("clock", "decline", "ancestry"), ("birth", "death"), (dying,))


@pytest.mark.parametrize(("birth", "death"), [(0.3, 0.1), (0.1, 0.3), (0.5, 0.45)])
@pytest.mark.parametrize("start", [1.0, 20.0])
def test_constant_rates_have_a_closed_form(birth, death, start):
    day = 6.0
    grown = np.exp((birth - death) * day)
    wanted = (death * (grown - 1) / (birth * grown - death)) ** start
    gone, size = chance(CONSTANT, birth, death, start, day)
    assert gone == pytest.approx(wanted, rel=1e-6)
    assert size * (1 - gone) == pytest.approx(start * grown, rel=1e-6)


def simulated(birth, death, start, day, runs, seed):
    """Runs that died out, by thinning against the largest death rate; death wanes as exp(-t)."""
    rng = np.random.default_rng(seed)
    cells, clock = np.full(runs, start), np.zeros(runs)
    while (live := (cells > 0) & (clock < day)).any():
        rate = (birth + death) * cells[live]
        clock[live] += rng.exponential(1 / rate)
        u = rng.random(live.sum()) * (birth + death)
        born, lost = u < birth, (u >= birth) & (u < birth + death * np.exp(-clock[live]))
        cells[live] += np.where(clock[live] < day, born.astype(int) - lost, 0)
    return int((cells == 0).sum())


@pytest.mark.parametrize(("birth", "death"), [(0.2, 2.0), (0.05, 3.0)])
def test_waning_killing_agrees_with_single_cells(birth, death):
    start, day, runs = 5, 6.0, 4000
    gone, _ = chance(DYING, birth, death, float(start), day)
    assert 0.02 < gone < 0.98
    died = simulated(birth, death, start, day, runs, seed=1)
    assert binomtest(died, runs, gone).pvalue > 0.001


def test_more_turnover_at_the_same_net_growth_means_more_extinction():
    slow, fast = (chance(CONSTANT, 0.1 + d, d, 10.0, 20.0)[0] for d in (0.05, 0.5))
    assert slow < fast


def test_the_room_uses_these_equations():
    assert "Kendall" in extinction.__doc__
