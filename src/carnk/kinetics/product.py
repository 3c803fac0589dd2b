"""The infused cells: distribution, expansion, loss, memory, fatigue, switch, mRNA, donor T cells.

Each mechanism is one plain function: states and numbers in, arrows out (cells per day).
"""

from typing import Any

from . import rates


def distribution(y: Any, p: Any) -> dict[str, Any]:
    """Infused cells pass the lung, then exchange between blood and tissue [brand2004]."""
    out = p.lung_exit * y.lung
    car, plain = p.car_positive * out, (1 - p.car_positive) * out
    car_in = p.to_tissue * y.car_blood - p.to_blood * y.car_tissue
    plain_in = p.to_tissue * y.plain_blood - p.to_blood * y.plain_tissue
    return {
        "lung": -out,
        "car_blood": car - car_in,
        "car_tissue": car_in,
        "plain_blood": plain - plain_in,
        "plain_tissue": plain_in,
        "car_expressed": car,
        "switch_sensitive": (1 - p.switch_resistant) * car,
    }


def division(y: Any, p: Any) -> dict[str, Any]:
    """Expansion on IL-15 and antigen, and homeostatic renewal in a limited niche.

    Two daughters each carry one division more than their mother; renewal is not counted, because
    holding a pool for a year at the measured turnover would take 36 doublings [zhang2007]. An
    integrated CAR is copied, a transient one diluted. Exhausted cells divide too: fatigue stops
    killing, not growth, or better killers would be fewer.
    """
    on_il15, renewing = rates.il15_expansion(y, p), rates.renewal(y, p)
    expanding = on_il15 + rates.antigen_expansion(y, p)
    both = expanding + renewing
    plain = on_il15 * p.plain_expansion
    return {
        "car_blood": both * y.car_blood,
        "car_tissue": both * y.car_tissue,
        "car_exhausted": both * y.car_exhausted,
        "plain_blood": plain * y.plain_blood,
        "plain_tissue": plain * y.plain_tissue,
        "generations": both * y.generations + 2 * expanding * rates.car_cells(y),
        "car_expressed": (1 - p.car_transient) * both * y.car_expressed,
        "switch_sensitive": both * y.switch_sensitive,
        "car_memory": renewing * y.car_memory,
    }


def loss(y: Any, p: Any) -> dict[str, Any]:
    """Natural loss, host rejection and fratricide."""
    car = rates.car_loss(y, p)
    spent = p.exhausted_loss * y.car_exhausted / (rates.car_cells(y) + rates.A_TRACE)
    lost = rates.rejection(y, p)
    plain = rates.survival_loss(p, rates.plain_signal(y, p)) + lost
    return {
        "lung": -(p.cell_loss + lost) * y.lung,
        "car_blood": -car * y.car_blood,
        "car_tissue": -car * y.car_tissue,
        "car_exhausted": -(car + p.exhausted_loss) * y.car_exhausted,
        "plain_blood": -plain * y.plain_blood,
        "plain_tissue": -plain * y.plain_tissue,
        "generations": -(car + spent) * y.generations,
        "car_expressed": -(car + spent) * y.car_expressed,
        "switch_sensitive": -(car + spent) * y.switch_sensitive,
        "car_memory": -(p.memory_loss + rates.other_loss(y, p) + spent) * y.car_memory,
        "donor_t": -lost * y.donor_t,
    }


def memory(y: Any, p: Any) -> dict[str, Any]:
    """T cells turn to memory where there is little antigen [stein2019].

    A sum carried with the cells, as the switch is: memory cells are lost slowly, which gives the
    second, long half-life of CAR-T cells. NK cells form none.
    """
    effectors = rates.car_cells(y) - y.car_memory
    return {"car_memory": p.memory_formation * (1 - rates.met(y, p)) * effectors}


def fatigue(y: Any, p: Any) -> dict[str, Any]:
    """Serial killing exhausts a cell; IL-15 restores it [bhat2007]."""
    tired = p.fatigue_per_kill * rates.kills_per_car_cell(y, p) * y.car_tissue
    restored = p.fatigue_recovery * rates.car_signal(y, p) * y.car_exhausted
    return {"car_tissue": restored - tired, "car_exhausted": tired - restored}


def safety_switch(y: Any, p: Any) -> dict[str, Any]:
    """Rimiducid kills cells with much iCasp9; low expressers survive [zhou2015, zhou2016]."""
    kill = rates.switch_kill(y, p)
    hit = kill * rates.sensitive_fraction(y)
    return {
        "car_blood": -hit * y.car_blood,
        "car_tissue": -hit * y.car_tissue,
        "car_exhausted": -hit * y.car_exhausted,
        "generations": -hit * y.generations,
        "car_expressed": -hit * y.car_expressed,
        "switch_sensitive": -kill * y.switch_sensitive,
        "car_memory": -hit * y.car_memory,
        "rimiducid": -p.rimiducid_clearance * y.rimiducid,
    }


def transient_car(y: Any, p: Any) -> dict[str, Any]:
    """A CAR made from mRNA fades as the message decays."""
    return {"car_expressed": -p.car_transient * p.mrna_decay * y.car_expressed}


def donor_t_cells(y: Any, p: Any) -> dict[str, Any]:
    """Residual donor T cells: loss, and the hazard of GvHD that rises with their number per kg."""
    per_kg = y.donor_t / p.weight
    risk = per_kg * per_kg / (per_kg * per_kg + p.gvhd_half * p.gvhd_half)
    return {"donor_t": -p.donor_t_loss * y.donor_t, "gvhd_hazard": p.gvhd_hazard_max * risk}


MECHANISMS = (
    distribution, division, loss, memory, fatigue, safety_switch, transient_car, donor_t_cells,
)  # fmt: skip
