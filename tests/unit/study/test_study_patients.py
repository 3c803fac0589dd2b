"""Drawing patients: distributions of the library, products, regimens and doses."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from scipy.stats import binomtest

from carnk.domain import Given
from carnk.kinetics import PARAMETERS, STATES
from carnk.library import load
from carnk.study import parse, read, study_text
from carnk.study.patients import READING, draw, join, start_day
from carnk.study.run import assay

COUNT = 4000
LOGNORMAL = ("weight", "vcn", "t_cells_per_kg")
LOGIT = ("mismatch", "car_positive", "viability", "recovery")
IDS = {
    "car_positive": "car_positive_cord_blood",
    "viability": "viability_after_thaw",
    "recovery": "recovery_after_thaw",
}


def text(name, *changes):
    found = study_text(name)[1]
    for old, new in changes:
        assert old in found
        found = found.replace(old, new)
    return found


def given(**numbers):
    pairs = {k: Given(*v) if isinstance(v, tuple) else Given(v) for k, v in numbers.items()}
    return MappingProxyType(pairs)


def cohort_of(study, count=5, uncertain=False):
    return draw(study, load().view(), np.arange(count), uncertain=uncertain)


def parameter(cohort, name):
    return cohort.parameters[:, PARAMETERS.index(name)]


@pytest.fixture(scope="module")
def many():
    return cohort_of(read("marin2024"), COUNT)


def meets(z, mean, spread):
    """Sample mean and spread within four standard errors."""
    assert abs(z.mean() - mean) < 4 * spread / np.sqrt(z.size)
    assert abs(z.std() / spread - 1) < 4 / np.sqrt(2 * z.size)


@pytest.mark.parametrize("name", LOGNORMAL)
def test_lognormal_numbers_have_the_librarys_median_and_spread(many, name):
    number = load()[name]
    meets(
        np.log(many.drawn[name]), np.log(number.value), np.sqrt(np.log(1 + number.spread.size**2))
    )


@pytest.mark.parametrize("name", LOGIT)
def test_shares_have_the_librarys_median_and_spread(many, name):
    number = load()[IDS.get(name, name)]
    drawn = many.drawn[name]
    meets(
        np.log(drawn / (1 - drawn)), np.log(number.value / (1 - number.value)), number.spread.size
    )


def test_killing_varies_by_kill_spread(many):
    z = np.log(many.drawn["kill_per_day"])
    meets(z, np.log(load()["kill_car"].value), load()["kill_spread"].value)


def test_diseases_have_their_own_burden_and_growth(many):
    names = list(read("marin2024").diseases)
    for quantity in ("burden", "growth"):
        for i, name in enumerate(names):
            number = load()[f"{quantity}_{name}"]
            z = np.log(many.drawn[quantity][many.disease == i])
            meets(z, np.log(number.value), np.sqrt(np.log(1 + number.spread.size**2)))


def test_burden_goes_with_growth(many):
    one = many.disease == list(read("marin2024").diseases).index("dlbcl")
    r = np.corrcoef(np.log(many.drawn["burden"][one]), np.log(many.drawn["growth"][one]))[0, 1]
    wanted = load()["correlation_burden_growth"].value
    assert abs(r - wanted) < 4 / np.sqrt(one.sum())


def test_shares_of_diseases_and_arms_are_met(many):
    study = read("marin2024")
    shares = np.array(list(study.diseases.values())) / sum(study.diseases.values())
    for i, share in enumerate(shares):
        assert binomtest(int((many.disease == i).sum()), COUNT, share).pvalue > 1e-4
    for i in range(len(study.arms)):
        assert binomtest(int((many.arm == i).sum()), COUNT, 1 / 3).pvalue > 1e-4


def test_initial_clones_sum_to_the_burden(many):
    clones = [STATES.index(f"tumor_{c}") for c in ("high", "low", "bare")]
    initial = many.initial[:, clones]
    assert initial.sum(axis=1) == pytest.approx(many.drawn["burden"], rel=1e-9)
    low = initial[:, 1] / many.drawn["burden"]
    assert low == pytest.approx(many.drawn["antigen_low_fraction"])


def test_without_uncertainty_nobody_lives_in_a_world(many):
    assert (many.world == -1).all()
    worlds = cohort_of(read("marin2024"), 250, uncertain=True).world
    assert set(worlds) == set(range(100))


def test_a_given_number_replaces_the_librarys_and_keeps_its_spread():
    base = cohort_of(read("liu2020"), 500)
    heavy = cohort_of(replace(read("liu2020"), numbers=given(weight=156.0)), 500)
    assert heavy.drawn["weight"] == pytest.approx(2 * base.drawn["weight"])
    assert heavy.drawn["burden"] == pytest.approx(base.drawn["burden"])


def test_a_given_range_holds_95_percent_of_patients():
    study = replace(
        read("liu2020"), numbers=given(weight=(70.0, 60.0, 90.0), lung_exit=(2.0, 1.0, 3.0))
    )
    made = cohort_of(study, COUNT)
    for drawn, low, high in ((made.drawn["weight"], 60, 90), (parameter(made, "lung_exit"), 1, 3)):
        for outside in ((drawn < low).sum(), (drawn > high).sum()):
            assert binomtest(int(outside), COUNT, 0.025).pvalue > 1e-4
    assert np.median(made.drawn["weight"]) == pytest.approx(70, rel=0.01)


def test_a_given_number_rules_in_every_world():
    study = replace(read("liu2020"), numbers=given(lung_exit=2.0))
    assert set(parameter(cohort_of(study, 120, uncertain=True), "lung_exit")) == {2.0}
    free = parameter(cohort_of(read("liu2020"), 120, uncertain=True), "lung_exit")
    assert len(set(free)) > 50


def test_a_range_of_the_kill_rate_is_used():
    narrow = replace(read("liu2020"), numbers=given(kill_car=(3.0, 2.9, 3.1)))
    kill = cohort_of(narrow, 200).drawn["kill_per_day"]
    assert np.log(kill).std() < 0.1


def test_edits_hide_cells_from_t_cells_and_show_them_to_nk_cells():
    source = "  source: cord_blood\n"
    plain = cohort_of(parse(text("liu2020")))
    b2m = cohort_of(parse(text("liu2020", (source, source + "  edits: [b2m_loss]\n"))))
    both = cohort_of(parse(text("liu2020", (source, source + "  edits: [b2m_loss, hla_e]\n"))))
    assert (parameter(b2m, "visible_to_t") < 0.5 * parameter(plain, "visible_to_t")).all()
    assert (parameter(plain, "visible_to_nk") == 0).all()
    assert (parameter(both, "visible_to_nk") > 0).all()
    assert (parameter(both, "visible_to_nk") < parameter(b2m, "visible_to_nk")).all()
    assert (parameter(both, "visible_to_t") == parameter(b2m, "visible_to_t")).all()


def test_armor_switch_delivery_and_payloads_reach_the_model():
    base = cohort_of(parse(text("liu2020")))
    assert (parameter(base, "armor_il15") > 0).all()
    assert (parameter(base, "switch_present") == 1).all()
    assert (parameter(base, "b_cells_seen") == 1).all()
    assert (parameter(base, "myeloid_target") == 0).all()
    other = cohort_of(
        parse(
            text(
                "liu2020", ("armor: il15_secreted", "armor: none"),
                ("switch: icasp9", "switch: none"),
                ("delivery: retroviral", "delivery: mrna\n    payloads: [il21, cxcr4]"),
                ("target: CD19", "target: CD33"),
                ("{cll: 4, cll_richter: 1, follicular: 4, dlbcl: 2}", "{aml: 1}"),
            )
        )
    )  # fmt: skip
    for name in ("armor_il15", "armor_secretion", "switch_present", "b_cells_seen"):
        assert (parameter(other, name) == 0).all()
    for name in ("car_transient", "il21_payload"):
        assert (parameter(other, name) == 1).all()
    assert (parameter(other, "homing") > 1).all()
    assert (parameter(other, "myeloid_target") > 0).all()


def test_memory_like_cells_kill_more_and_live_longer():
    source = "  source: cord_blood\n"
    base = cohort_of(parse(text("liu2020")))
    memory = cohort_of(parse(text("liu2020", (source, source + "  memory_like_fraction: 0.8\n"))))
    assert (memory.drawn["kill_per_day"] > base.drawn["kill_per_day"]).all()
    assert (parameter(memory, "cell_loss") < parameter(base, "cell_loss")).all()


def test_a_dimmer_antigen_is_killed_less():
    study = read("liu2020")
    made = cohort_of(study, 2000)
    names = list(study.diseases)
    share = parameter(made, "kill_car_high") / made.drawn["kill_per_day"]
    assert ((share > 0) & (share < 1)).all()
    cll, dlbcl = (share[made.disease == names.index(n)] for n in ("cll", "dlbcl"))
    assert np.median(cll) < np.median(dlbcl)
    assert (parameter(made, "kill_car_low") < 0.2 * made.drawn["kill_per_day"]).all()


def test_bystander_activation_by_source():
    cord, blood = (parameter(cohort_of(read(n)), "bystander")[0] for n in ("liu2020", "nkx019"))
    assert 0 < cord < blood < 1


def test_adcc_only_where_the_disease_carries_what_the_antibody_sees():
    made = cohort_of(read("ft596"))
    assert (parameter(made, "kill_adcc") > 0).all()
    assert (parameter(made, "antibody_sees_b") == 1).all()
    none = cohort_of(read("liu2020"))
    assert (parameter(none, "kill_adcc") == 0).all()
    bright = text("ft596").split("observed:")[0].replace("{follicular: 1, dlbcl: 2}", "{b_all: 1}")
    assert (parameter(cohort_of(parse(bright)), "kill_adcc") == 0).all()


def doses_of(cohort, row, state):
    doses = cohort.doses
    chosen = np.isfinite(doses.times[row]) & (doses.states[row] == STATES.index(state))
    return doses.times[row][chosen], doses.amounts[row][chosen]


def test_doses_per_kg_count_what_they_say():
    study = replace(read("lei2025"), arms=read("lei2025").arms[:1])
    made = cohort_of(study)
    d = made.drawn
    for row in range(5):
        days, amounts = doses_of(made, row, "lung")
        assert days.tolist() == [0, 7, 14]
        alive = (
            2e6
            * d["weight"][row]
            / d["car_positive"][row]
            * d["viability"][row]
            * d["recovery"][row]
        )
        assert amounts == pytest.approx(alive)
        assert doses_of(made, row, "donor_t")[1] == pytest.approx(
            d["t_cells_per_kg"][row] * d["weight"][row]
        )
    assert doses_of(made, 0, "cyclophosphamide")[1].tolist() == [300.0] * 3


def test_a_flat_dose_of_viable_cells_does_not_know_weight():
    study = replace(read("ft596"), arms=read("ft596").arms[:1])
    made = cohort_of(study)
    alive = 3e8 * made.drawn["viability"] * made.drawn["recovery"]
    assert [doses_of(made, i, "lung")[1][0] for i in range(5)] == pytest.approx(alive)


def test_drugs_become_concentrations():
    heart = "    - {drug: fludarabine, dose: 30 mg/m2, days: [-5, -4, -3]}\n"
    own = (
        "    - {drug: rituximab, dose: 375 mg/m2, days: [-4]}\n"
        "    - {drug: n803, dose: 0.015 mg/kg, days: [1]}\n"
        "    - {drug: rimiducid, dose: 0.4 mg/kg, days: [14]}\n"
        "    - {drug: tocilizumab, dose: 8 mg/kg, days: [5]}\n"
        "    - {drug: dexamethasone, dose: 10 mg, days: [5]}\n"
    )
    made = cohort_of(parse(text("liu2020", (heart, heart + own))))
    number, weight = load(), made.drawn["weight"][0]
    surface = number["body_surface"].value * np.sqrt(weight / number["weight"].value)
    wanted = {
        "antibody": 375 * surface / (number["antibody_volume_rituximab"].value / 1000),
        "agonist": 0.015 * number["agonist_per_n803"].value,
        "rimiducid": 0.4 * number["rimiducid_per_dose"].value,
        "tocilizumab": 8 / (number["tocilizumab_volume"].value / 1000),
        "steroid": 10.0,
    }
    for state, amount in wanted.items():
        assert doses_of(made, 0, state)[1] == pytest.approx([amount]), state


def test_the_rescue_is_the_arms_own_amount():
    rescue = "dosing: flat\n  rescue: {il6: 50 pg/mL, tocilizumab: 8 mg/kg, dexamethasone: 10 mg}\n"
    made = cohort_of(parse(text("cd33_aml", ("dosing: flat\n", rescue))))
    assert set(parameter(made, "rescue_il6")) == {50.0}
    assert set(parameter(made, "rescue_steroid")) == {10.0}
    litres = load()["tocilizumab_volume"].value / 1000
    assert parameter(made, "rescue_tocilizumab") == pytest.approx(8 / litres)
    assert parameter(cohort_of(read("cd33_aml")), "rescue_il6").min() > 1e8


def test_a_rescue_can_fire_the_switch():
    rescue = "dosing: flat\n  rescue: {il6: 50 pg/mL, rimiducid: 0.4 mg/kg}\n"
    made = cohort_of(parse(text("cd33_aml", ("dosing: flat\n", rescue))))
    expected = 0.4 * load()["rimiducid_per_dose"].value
    assert parameter(made, "rescue_rimiducid") == pytest.approx(expected)
    assert (parameter(made, "rescue_tocilizumab") == 0).all()
    assert (parameter(cohort_of(read("cd33_aml")), "rescue_rimiducid") == 0).all()


def test_a_study_starts_with_its_first_drug():
    assert start_day(read("liu2020")) == -5.0


def test_unknown_armor_is_there_in_half_of_the_worlds():
    made = cohort_of(read("lei2025"), 100, uncertain=True)
    armored = (parameter(made, "armor_il15") > 0).mean()
    assert 0.2 < armored < 0.8


def test_cohorts_join_row_by_row():
    one, two = cohort_of(read("liu2020"), 3), cohort_of(read("liu2020"), 4)
    every = join([one, two])
    assert every.parameters.tobytes() == one.parameters.tobytes() + two.parameters.tobytes()
    assert every.ids.tolist() == [0, 1, 2, 0, 1, 2, 3]
    assert set(every.reading) == set(READING)
    assert assay(every).vcn.tolist() == [*one.drawn["vcn"], *two.drawn["vcn"]]


def test_nobody_starts_above_the_carrying_capacity():
    made = cohort_of(read("cd33_aml"), 2000, uncertain=True)
    assert (made.drawn["burden"] < parameter(made, "tumor_capacity")).all()
