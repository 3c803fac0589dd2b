"""Mechanisms of the infused cells, each alone on plain floats."""

import pytest

from carnk.kinetics import product, rates

CELLS = ("car_blood", "car_tissue", "car_exhausted")
POOL = {"car_blood": 3e8, "car_tissue": 2e9, "car_exhausted": 4e8}
TAGS = {"generations": 6e9, "car_expressed": 2e9, "switch_sensitive": 2.5e9}
TOTAL = sum(POOL.values())


def lost(flows):
    return -sum(flows[name] for name in CELLS)


def test_distribution_moves_cells_and_makes_none(body, numbers):
    y = body(lung=1e9, car_blood=2e8, car_tissue=5e8, plain_blood=1e8, plain_tissue=7e8)
    p = numbers(car_positive=0.3, switch_resistant=0.1)
    flows = product.distribution(y, p)
    moved = ("lung", "car_blood", "car_tissue", "plain_blood", "plain_tissue")
    assert sum(flows[name] for name in moved) == pytest.approx(0.0, abs=1.0)
    out = p.lung_exit * y.lung
    assert flows["lung"] == -out
    assert flows["car_blood"] + flows["car_tissue"] == pytest.approx(0.3 * out)
    assert flows["car_expressed"] == pytest.approx(0.3 * out)
    assert flows["switch_sensitive"] == pytest.approx(0.27 * out)


def test_blood_and_tissue_exchange_both_ways(body, numbers):
    p = numbers()
    into = product.distribution(body(car_blood=1e6, plain_blood=1e6), p)
    back = product.distribution(body(car_tissue=1e6, plain_tissue=1e6), p)
    for kind in ("car", "plain"):
        assert into[f"{kind}_tissue"] == pytest.approx(p.to_tissue * 1e6)
        assert into[f"{kind}_tissue"] == -into[f"{kind}_blood"]
        assert back[f"{kind}_blood"] == pytest.approx(p.to_blood * 1e6)


def test_daughters_carry_one_division_more(body, numbers):
    """Two daughters of generation g + 1: the mean generation grows at twice the division rate."""
    mean = 3.0
    y = body(il15=50.0, car_blood=1e8, car_tissue=9e8, generations=mean * 1e9)
    p = numbers(renewal=0.0)
    flows = product.division(y, p)
    rate = rates.il15_expansion(y, p)
    made = flows["car_blood"] + flows["car_tissue"]
    assert rate > 0
    assert made == pytest.approx(rate * 1e9)
    growth_of_mean = (flows["generations"] - mean * made) / 1e9
    assert growth_of_mean == pytest.approx(2 * rate, rel=1e-6)


def test_renewal_is_not_counted_against_the_division_limit(body, numbers):
    mean = 3.0
    y = body(il15=50.0, car_tissue=1e9, generations=mean * 1e9)
    flows = product.division(y, numbers(expansion=0.0))
    assert flows["car_tissue"] > 0
    assert flows["generations"] == pytest.approx(mean * flows["car_tissue"], rel=1e-6)


def test_all_car_cells_divide_at_one_rate(body, numbers):
    """Fatigue stops killing, not growth: otherwise better killers would be fewer."""
    flows = product.division(body(il15=50.0, **POOL, **TAGS), numbers())
    rate = flows["car_blood"] / POOL["car_blood"]
    assert rate > 0
    for name in ("car_tissue", "car_exhausted"):
        assert flows[name] / POOL[name] == pytest.approx(rate)


def test_an_integrated_car_is_copied_and_a_transient_one_diluted(body, numbers):
    y = body(il15=50.0, car_tissue=1e9, car_expressed=1e9, switch_sensitive=9e8)
    copied = product.division(y, numbers())
    assert copied["car_expressed"] == pytest.approx(copied["car_tissue"], rel=1e-6)
    assert copied["switch_sensitive"] == pytest.approx(0.9 * copied["car_tissue"], rel=1e-6)
    assert product.division(y, numbers(car_transient=1.0))["car_expressed"] == 0


def test_expansion_needs_il15_and_is_helped_by_antigen_and_il21(body, numbers):
    p = numbers()
    plain = rates.il15_expansion(body(il15=30.0, car_tissue=1e8), p)
    assert rates.il15_expansion(body(car_tissue=1e8), p) == 0
    assert rates.il15_expansion(body(il15=60.0, car_tissue=1e8), p) > plain > 0
    assert rates.il15_expansion(body(il15=30.0, car_tissue=1e8, tumor_high=1e11), p) > 1.5 * plain
    with_payload = rates.il15_expansion(body(il15=30.0, car_tissue=1e8), numbers(il21_payload=1.0))
    assert with_payload == pytest.approx((1 + p.il21_gain) * plain)


def test_expansion_falls_with_crowding_divisions_and_steroid(body, numbers):
    p = numbers()

    def rate(numbers_=p, **given):
        return rates.il15_expansion(body(**({"il15": 30.0, "car_tissue": 1e8} | given)), numbers_)

    usual = rate()
    assert rate(plain_tissue=p.cell_capacity) == pytest.approx(usual / 2, rel=0.02)
    old = p.division_limit * 1e8
    assert rate(generations=old) == pytest.approx(usual / 2, rel=0.01)
    assert rate(numbers(suppression=0.5)) == usual  # acts at the tumor alone
    assert rate(steroid=p.steroid_half) == pytest.approx(usual / 2)
    assert rate(car_tissue=1e-3) < 1e-5 * usual


def test_the_niche_holds_a_limited_pool(body, numbers):
    p = numbers()
    few = rates.renewal(body(il15=50.0, car_tissue=1e3), p)
    full = rates.renewal(body(il15=50.0, car_tissue=p.niche), p)
    assert few == pytest.approx(2 * full, rel=1e-3)
    assert rates.renewal(body(car_tissue=1e3), p) == 0


def test_loss_takes_every_tag_with_the_cells(body, numbers):
    """Mean generation, CAR level and the sensitive share stay as cells die."""
    y, p = body(il15=20.0, primed_t=1e10, donor_t=1e5, **POOL, **TAGS), numbers(fratricide=0.1)
    flows = product.loss(y, p)
    assert all(value <= 0 for value in flows.values())
    for tag, amount in TAGS.items():
        assert -flows[tag] / lost(flows) == pytest.approx(amount / TOTAL, rel=1e-6)


def test_rejection_takes_donor_t_cells_too(body, numbers):
    y, p = body(primed_t=1e10, donor_t=1e5, lung=1e6), numbers()
    flows = product.loss(y, p)
    assert flows["donor_t"] == pytest.approx(-rates.rejection(y, p) * 1e5)
    assert flows["lung"] == pytest.approx(-(p.cell_loss + rates.rejection(y, p)) * 1e6)


def test_il15_slows_loss(body, numbers):
    p = numbers()
    starved, fed = rates.survival_loss(p, 0.0), rates.survival_loss(p, 1.0)
    assert starved == p.cell_loss
    assert fed == pytest.approx((1 - p.il15_survival) * starved)
    y = body(car_tissue=1e9)
    armored = product.loss(y, numbers(armor_il15=500.0))["car_tissue"]
    assert product.loss(y, p)["car_tissue"] < armored < 0


def test_exhausted_cells_die_faster(body, numbers):
    y, p = body(car_tissue=1e9, car_exhausted=1e9), numbers()
    flows = product.loss(y, p)
    assert flows["car_exhausted"] == pytest.approx(flows["car_tissue"] - p.exhausted_loss * 1e9)


def test_fatigue_moves_cells_by_kills_and_il15_brings_them_back(body, numbers):
    p = numbers()
    tired = product.fatigue(body(car_tissue=1e9, car_expressed=1e9, tumor_high=1e11), p)
    assert tired["car_exhausted"] == -tired["car_tissue"] > 0
    idle = product.fatigue(body(car_tissue=1e9, car_expressed=1e9), p)
    assert idle["car_exhausted"] == 0
    rested = product.fatigue(body(il15=50.0, car_exhausted=1e9), p)
    assert rested["car_tissue"] == pytest.approx(0.5 * p.fatigue_recovery * 1e9)
    assert rested["car_exhausted"] == -rested["car_tissue"]


def test_every_kill_costs_the_same_share_of_a_cell(body, numbers):
    y, p = body(car_tissue=1e9, car_expressed=1e9, tumor_high=1e11), numbers()
    kills = rates.hazard(y, p, "high") * y.tumor_high
    tired = product.fatigue(y, p)["car_exhausted"]
    assert tired == pytest.approx(p.fatigue_per_kill * kills, rel=1e-6)


def test_the_switch_kills_only_sensitive_cells(body, numbers):
    y, p = body(rimiducid=500.0, **POOL, **TAGS), numbers()
    flows = product.safety_switch(y, p)
    kill = p.switch_kill * 500 / (500 + p.rimiducid_half)
    assert flows["switch_sensitive"] == pytest.approx(-kill * TAGS["switch_sensitive"])
    assert lost(flows) == pytest.approx(-flows["switch_sensitive"], rel=1e-6)
    for tag in ("generations", "car_expressed"):
        assert -flows[tag] / lost(flows) == pytest.approx(TAGS[tag] / TOTAL, rel=1e-6)
    resistant = product.safety_switch(body(rimiducid=500.0, **POOL), p)
    assert lost(resistant) == 0


def test_the_switch_needs_the_gene_and_the_drug(body, numbers):
    y = body(rimiducid=500.0, **POOL, **TAGS)
    assert lost(product.safety_switch(y, numbers(switch_present=0.0))) == 0
    without = product.safety_switch(body(**POOL, **TAGS), numbers())
    assert lost(without) == 0
    assert without["rimiducid"] == 0


def test_only_a_transient_car_fades(body, numbers):
    y = body(car_expressed=1e9)
    assert product.transient_car(y, numbers())["car_expressed"] == 0
    p = numbers(car_transient=1.0)
    assert product.transient_car(y, p)["car_expressed"] == pytest.approx(-p.mrna_decay * 1e9)


def test_gvhd_hazard_is_near_zero_at_few_t_cells_and_rises(body, numbers):
    p = numbers(weight=70.0)

    def hazard(per_kg):
        return product.donor_t_cells(body(donor_t=per_kg * 70), p)["gvhd_hazard"]

    assert hazard(0) == 0
    assert 0 < hazard(1e4) < 1e-4  # under 1 % in 100 days
    assert hazard(1e4) < hazard(5e4) < hazard(1e6) < p.gvhd_hazard_max
    assert hazard(p.gvhd_half) == pytest.approx(p.gvhd_hazard_max / 2)
    assert product.donor_t_cells(body(donor_t=7e5), p)["donor_t"] == -p.donor_t_loss * 7e5


def test_fratricide_needs_cells_and_a_car(body, numbers):
    p = numbers(fratricide=0.5)
    many = body(car_tissue=1e9, car_expressed=1e9)
    assert rates.fratricide(many, p) == pytest.approx(0.25, rel=1e-6)
    assert rates.fratricide(many, numbers()) == 0
    assert rates.fratricide(body(car_tissue=1e9), p) == 0
    assert rates.fratricide(body(car_tissue=1e6, car_expressed=1e6), p) < 0.001


def test_t_cells_divide_on_antigen_alone(body, numbers):
    t = numbers(expansion=0.0, renewal=0.0, antigen_expansion=0.9)
    meets = body(il15=50.0, car_tissue=1e8, tumor_high=1e11)
    assert rates.antigen_expansion(meets, t) == pytest.approx(0.9, rel=0.05)
    assert rates.antigen_expansion(body(il15=50.0, car_tissue=1e8), t) == 0
    assert product.division(meets, t)["plain_tissue"] == 0


def test_memory_forms_without_antigen_lasts_and_does_not_divide(body, numbers):
    t = numbers(antigen_expansion=0.9, memory_formation=0.01, memory_loss=0.003, cell_loss=0.2)
    rest = body(car_tissue=1e8)
    assert product.memory(rest, t)["car_memory"] == pytest.approx(1e6)
    crowd = body(car_tissue=1e8, tumor_high=1e12)
    assert product.memory(crowd, t)["car_memory"] < 2e3
    old = body(car_tissue=1e8, car_memory=1e8, tumor_high=1e12)
    assert rates.antigen_expansion(old, t) == pytest.approx(0, abs=1e-9)
    assert rates.car_loss(old, t) == pytest.approx(0.003, rel=0.05)
    lost = product.loss(old, t)
    assert lost["car_memory"] == pytest.approx(lost["car_tissue"], rel=1e-6)


def test_memory_flows_keep_effectors_and_memory_apart(body, numbers):
    """What all cells lose is what effectors and memory cells lose at their own rates."""
    t = numbers(memory_loss=0.003, cell_loss=0.2)
    y = body(car_tissue=1e8, car_memory=4e7)
    flows = product.loss(y, t)
    effector = rates.survival_loss(t, rates.car_signal(y, t))
    assert flows["car_tissue"] == pytest.approx(-(6e7 * effector + 4e7 * 0.003), rel=1e-6)
    assert flows["car_memory"] == pytest.approx(-4e7 * 0.003, rel=1e-6)
