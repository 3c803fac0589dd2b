"""Rates that several mechanisms share: IL-15 signal, expansion, renewal, loss, rejection, killing.

Every function takes the states `y` and the numbers `p` and returns a rate per day (or a fraction);
the solver keeps one copy of each expression, so sharing them costs nothing.
"""

from typing import Any

from ..solver import exp, minimum

CLONES = ("high", "low", "bare")  # antigen-high, antigen-low or negative, HLA-I-low
ONE_CELL = 1.0
A_TRACE = 1e-3  # cells; keeps averages over an empty pool finite


def saturating(x: Any, half: Any) -> Any:
    """Michaelis form: the fraction x / (half + x)."""
    return x / (half + x)


def alive(cells: Any) -> Any:
    """A smooth guard that stops the growth of a population below one cell."""
    return cells * cells / (cells * cells + ONE_CELL)


def car_cells(y: Any) -> Any:
    """CAR-positive NK cells that have left the lung."""
    return y.car_blood + y.car_tissue + y.car_exhausted


def plain_cells(y: Any) -> Any:
    """CAR-negative NK cells of the same lot that have left the lung."""
    return y.plain_blood + y.plain_tissue


def donor_cells(y: Any) -> Any:
    """Every infused NK cell still alive."""
    return y.lung + car_cells(y) + plain_cells(y)


def tumor_cells(y: Any) -> Any:
    """All three clones."""
    return y.tumor_high + y.tumor_low + y.tumor_bare


def il15_signal(y: Any, p: Any, own: Any) -> Any:
    """Fraction of the full IL-15 effect at a cell that adds `own` pg/mL to what it sees."""
    return saturating(y.il15 + y.agonist + own, p.il15_half)


def car_signal(y: Any, p: Any) -> Any:
    """IL-15 signal of a CAR-positive cell: serum and its own armor."""
    return il15_signal(y, p, p.armor_il15)


def plain_signal(y: Any, p: Any) -> Any:
    """IL-15 signal of a CAR-negative cell: serum and what its armored neighbors share."""
    return il15_signal(y, p, p.armor_il15 * p.armor_shared * p.car_positive)


def targets(y: Any, p: Any) -> Any:
    """Cells that engage the infused cells: tumor, and B cells or monocytes the CAR sees."""
    return tumor_cells(y) + p.b_cells_seen * y.b_cells + p.monocytes_seen * y.monocytes


def antigen(y: Any, p: Any) -> Any:
    """Cells within reach that carry the CAR's target at full density."""
    within = reach(p) * (y.tumor_high + y.tumor_bare)
    return within + p.b_cells_seen * y.b_cells + p.monocytes_seen * y.monocytes


def reach(p: Any) -> Any:
    """Share of tissue NK cells at the tumor; a chemokine receptor cannot bring more than all."""
    return minimum(1.0, p.access * p.homing)


def room(y: Any, p: Any) -> Any:
    """What crowding leaves of expansion."""
    return 1 / (1 + donor_cells(y) / p.cell_capacity)


def youth(y: Any, p: Any) -> Any:
    """What earlier divisions leave of expansion: one at none, one half at the division limit."""
    mean = y.generations / (car_cells(y) + A_TRACE)
    used = mean / p.division_limit
    fourth = used * used * used * used
    return 1 / (1 + fourth)


def il15_expansion(y: Any, p: Any) -> Any:
    """Division of NK cells on IL-15, more so with antigen; counts against the division limit."""
    boost = 1 + p.antigen_boost * met(y, p)
    payload = 1 + p.il21_gain * p.il21_payload
    return p.expansion * car_signal(y, p) * boost * payload * able_to_divide(y, p)


def antigen_expansion(y: Any, p: Any) -> Any:
    """Division of effector CAR-T cells on antigen; counts likewise."""
    return p.antigen_expansion * met(y, p) * (1 - memory_fraction(y)) * able_to_divide(y, p)


def met(y: Any, p: Any) -> Any:
    """Share of the full effect of antigen on division."""
    return saturating(antigen(y, p), p.antigen_half)


def able_to_divide(y: Any, p: Any) -> Any:
    """What steroid, crowding and earlier divisions leave of expansion."""
    return steroid_left(y, p) * room(y, p) * youth(y, p) * alive(car_cells(y))


def renewal(y: Any, p: Any) -> Any:
    """Homeostatic division into a limited niche; does not count against the division limit."""
    free = p.niche / (p.niche + car_cells(y))
    return p.renewal * car_signal(y, p) * free * alive(car_cells(y))


def survival_loss(p: Any, signal: Any) -> Any:
    """Natural loss, slowed by IL-15 and in memory-like cells."""
    return p.cell_loss * (1 - p.il15_survival * signal)


def memory_fraction(y: Any) -> Any:
    """Share of CAR-positive cells that are memory T cells; none of NK cells are."""
    return y.car_memory / (car_cells(y) + A_TRACE)


def rejection(y: Any, p: Any) -> Any:
    """Killing of donor cells by primed alloreactive T cells and, after B2M loss, by host NK."""
    seen = p.mismatch * p.visible_to_t
    by_t = p.rejection_max * seen * saturating(y.primed_t, p.rejection_half)
    by_nk = p.missing_self_kill * p.visible_to_nk * y.host_nk / p.host_nk_capacity
    return by_t + by_nk


def switch_kill(y: Any, p: Any) -> Any:
    """Apoptosis of iCasp9-sensitive cells while the dimerizer is there."""
    return p.switch_present * p.switch_kill * saturating(y.rimiducid, p.rimiducid_half)


def sensitive_fraction(y: Any) -> Any:
    """Share of CAR-positive cells that still answers the safety switch."""
    return y.switch_sensitive / (car_cells(y) + A_TRACE)


def car_level(y: Any) -> Any:
    """CAR on the surface relative to the fresh product: 1 when integrated, falling for mRNA."""
    return y.car_expressed / (car_cells(y) + A_TRACE)


def steroid_left(y: Any, p: Any) -> Any:
    """What a steroid leaves of NK function."""
    return 1 / (1 + y.steroid / p.steroid_half)


def fratricide(y: Any, p: Any) -> Any:
    """Loss of CAR-NK to CAR-NK that carry the target, by nature or by trogocytosis."""
    return p.fratricide * car_level(y) * saturating(y.car_tissue, p.fratricide_half)


def car_loss(y: Any, p: Any) -> Any:
    """Everything that removes a CAR-positive cell, but for the safety switch."""
    memory = memory_fraction(y)
    natural = (1 - memory) * survival_loss(p, car_signal(y, p)) + memory * p.memory_loss
    return natural + other_loss(y, p)


def other_loss(y: Any, p: Any) -> Any:
    """Loss that falls on effector and memory cells alike: rejection and fratricide."""
    return rejection(y, p) + fratricide(y, p)


def effectors(y: Any, p: Any) -> tuple[Any, Any]:
    """(CAR-positive, CAR-negative) cells at the targets, after homing and suppression."""
    working = reach(p) * (1 - p.suppression) * steroid_left(y, p)
    return working * y.car_tissue, working * y.plain_tissue


def contact(y: Any, p: Any) -> Any:
    """One over the crowd of targets and effectors: saturates in both, as 4-h E:T curves do."""
    car, plain = effectors(y, p)
    return 1 / (targets(y, p) + p.effector_half * (car + plain) + p.target_half)


def adcc(y: Any, p: Any) -> Any:
    """Kills per effector and day through CD16 and the antibody."""
    return p.kill_adcc * saturating(y.antibody, p.antibody_half)


def natural(p: Any, clone: str) -> Any:
    """Kills per effector and day without the CAR; HLA-I loss lifts the inhibition."""
    return p.kill_natural_bare if clone == "bare" else p.kill_natural


def car_kill(y: Any, p: Any, clone: str) -> Any:
    """Kills per CAR-positive effector and day through the CAR."""
    per_day = p.kill_car_low if clone == "low" else p.kill_car_high
    return car_level(y) * per_day


def hazard(y: Any, p: Any, clone: str) -> Any:
    """Killing of one cell of a clone per day, by all arms."""
    car, plain = effectors(y, p)
    innate = natural(p, clone) + adcc(y, p)
    return ((car_kill(y, p, clone) + innate) * car + innate * plain) * contact(y, p)


def b_cell_hazard(y: Any, p: Any) -> Any:
    """Killing of one B cell per day: on-target aplasia, and the antibody where it sees B cells."""
    car, plain = effectors(y, p)
    antibody = p.antibody_sees_b * (adcc(y, p) * (car + plain) * contact(y, p))
    direct = p.antibody_sees_b * p.antibody_b_kill * saturating(y.antibody, p.antibody_half)
    return p.b_cells_seen * car_kill(y, p, "high") * car * contact(y, p) + antibody + direct


def monocyte_hazard(y: Any, p: Any) -> Any:
    """Killing of one monocyte per day by a CAR whose target is on monocytes."""
    car, _ = effectors(y, p)
    return p.monocytes_seen * car_kill(y, p, "high") * car * contact(y, p)


def chemotherapy(y: Any, p: Any) -> Any:
    """Killing of one host lymphocyte per day by the conditioning drugs."""
    return p.fludarabine_kill * y.fludarabine + p.cyclophosphamide_kill * y.cyclophosphamide


def tumor_birth(y: Any, p: Any) -> Any:
    """Net growth per day, falling to zero at the carrying capacity."""
    return p.growth * (1 - tumor_cells(y) / p.tumor_capacity)


def tumor_death(y: Any, p: Any, clone: str) -> Any:
    """Every cause of death of a tumor cell per day."""
    alone = p.antibody_tumor_kill * saturating(y.antibody, p.antibody_half)
    return hazard(y, p, clone) + p.chemo_sensitivity * chemotherapy(y, p) + alone


def engaged(y: Any, p: Any) -> Any:
    """Effectors in contact with a target."""
    car, plain = effectors(y, p)
    return (car + plain) * targets(y, p) * contact(y, p)


def kills_per_car_cell(y: Any, p: Any) -> Any:
    """Targets killed per CAR-positive tissue cell and day."""
    working = reach(p) * (1 - p.suppression) * steroid_left(y, p)
    healthy = p.b_cells_seen * y.b_cells + p.monocytes_seen * y.monocytes
    seen = car_kill(y, p, "high") * healthy
    for clone, cells in zip(CLONES, (y.tumor_high, y.tumor_low, y.tumor_bare), strict=True):
        seen = seen + (car_kill(y, p, clone) + natural(p, clone) + adcc(y, p)) * cells
    return working * contact(y, p) * seen


def survivors(log_decline: Any, log_ancestry: Any) -> Any:
    """exp(R - L), the weight of a death now in Kendall's integral."""
    return exp(log_decline - log_ancestry)
