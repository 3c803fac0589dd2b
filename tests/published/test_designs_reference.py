"""Every row of ../shared/reference/designs, where that folder is beside the project.

Rows that were run, read or derived in closed form, and rows computed for the project and so far
unverified, hold alike; the tolerance of each file is its printed digits, but for four columns whose
own error is larger (see the tests of BLRM and EffTox, and R's integration of one CRM row).
"""

import csv
from pathlib import Path

import numpy as np
import pytest

from carnk.designs import (
    Boin12,
    Cohort,
    CrmModel,
    Patient,
    Tally,
    boundaries,
    clopper_pearson,
    enumerate_trials,
    simon,
    skeleton,
    three_plus_three,
)
from carnk.designs.blrm import Blrm, BlrmModel
from carnk.designs.boin12 import desirability_table
from carnk.designs.crm import Crm
from carnk.designs.exact import fewest_above
from carnk.designs.keyboard import UnitMass
from carnk.designs.tite_boin import TiteBoin

SHARED = Path(__file__).parents[3] / "shared" / "reference" / "designs"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not beside the project")


def rows(name):
    with (SHARED / name).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def several(text):
    return [float(part) for part in text.split(";")]


def whole(text):
    return int(text) if text else None


def test_boin_boundaries():
    for row in rows("boin_boundaries.csv"):
        found = boundaries(float(row["target"]), int(row["n"]), lowest_certainty=0.9)[-1]
        names = ("escalate_if_le", "deescalate_if_ge", "eliminate_if_ge")
        assert [found[name] for name in names] == [whole(row[name]) for name in names], row
        assert found["stop_dose_1_if_ge"] == whole(row["extrasafe_stop_lowest_if_ge"]), row


def test_mtpi_and_keyboard():
    for row in rows("mtpi_keyboard_tables.csv"):
        n, toxic, target = int(row["n"]), int(row["dlt"]), float(row["target"])
        gone = n >= 3 and toxic >= fewest_above(target, 0.95, n)[n]
        for column, kind in (("mTPI", "mTPI"), ("mTPI2", "mTPI-2"), ("keyboard", "keyboard")):
            rule = UnitMass(kind, target, float(row["eps1"]), float(row["eps2"]))
            word = "DU" if gone else "DSE"[int(rule.moves(n)[n, toxic]) + 1]
            assert word == row[column], (kind, row)


def test_tite_boin_actions():
    known = rows("tite_boin.csv")
    tables = {
        target: {
            (each["n"], each["dlt"], each["pending"]): each
            for each in TiteBoin(target).table(max(int(row["n"]) for row in known))
        }
        for target in {float(row["target"]) for row in known}
    }
    for row in known:
        key = (int(row["n"]), int(row["dlt"]), int(row["pending"]))
        found = tables[float(row["target"])][key]
        assert found["decision"] == row["decision"].replace(
            "suspend accrual (>50% pending)", "suspend"
        )
        for name, column in (
            ("escalate_if_stft_ge", "STFT_escalate_ge"),
            ("deescalate_if_stft_le", "STFT_deescalate_le"),
        ):
            if row[column]:
                assert found[name] == pytest.approx(float(row[column]), abs=1.1e-4)
            else:
                assert found[name] is None


def test_three_plus_three():
    for row in rows("three_plus_three_exact.csv"):
        truth = several(row["p_true"])
        design = three_plus_three(len(truth), row["variant"].startswith("with"))
        found = enumerate_trials(design, truth)
        assert found.none == pytest.approx(float(row["P_select_none"]), abs=1e-8)
        assert found.selected == pytest.approx(several(row["P_select_by_dose"]), abs=1e-8)
        assert found.patients == pytest.approx(several(row["E_n_by_dose"]), abs=1e-6)
        assert found.toxic.sum() == pytest.approx(float(row["E_dlt_total"]), abs=1e-6)
    for row in rows("three_plus_three_escalation_prob.csv"):
        found = enumerate_trials(three_plus_three(1), [float(row["p"])])
        assert 1 - found.none == pytest.approx(float(row["P_escalate"]), abs=1e-6)


def test_simon():
    for row in rows("simon_two_stage.csv"):
        found = simon(*(float(row[name]) for name in ("p0", "p1", "alpha", "beta")))
        made = found[0] if row["type"] == "optimal" else found[-1]
        for name in ("r1", "n1", "r", "n"):
            assert getattr(made, name) == int(row[name]), row
        assert made.expected == pytest.approx(float(row["EN_p0"]), abs=1e-4)
        assert made.stops_early == pytest.approx(float(row["PET_p0"]), abs=1e-6)
        assert made.alpha == pytest.approx(float(row["exact_alpha"]), abs=1e-6)
        assert made.power == pytest.approx(float(row["exact_power"]), abs=1e-6)


def test_clopper_pearson():
    for row in rows("clopper_pearson.csv"):
        low, high = clopper_pearson(int(row["x"]), int(row["n"]), float(row["conf"]))
        assert (low, high) == pytest.approx((float(row["lower"]), float(row["upper"])), abs=1e-8)


def test_crm():
    for row in rows("crm_skeletons.csv"):
        known = several(row["skeleton"])
        link, size = row["model"], int(row["nlevel"])
        found = skeleton(
            float(row["halfwidth"]), float(row["target"]), int(row["nu"]), size, link,
            float(row["intcpt"]),
        )  # fmt: skip
        assert found == pytest.approx(known, abs=1e-8)
    for row in rows("crm_examples.csv"):
        prior = tuple(several(row["skeleton"]))
        model = CrmModel(prior, row["model"], float(row["scale"]), float(row["intcpt"]))
        levels, toxic = several(row["level"]), several(row["tox"])
        shares = several(row["weights"]) if row["weights"] != "NA" else [1.0] * len(levels)
        cohorts = [
            Cohort(int(level), (Patient(bool(dlt), followed=share),))
            for level, dlt, share in zip(levels, toxic, shares)
        ]
        rule, tally = Crm(model, float(row["target"])), Tally.of(cohorts, len(prior))
        fit, tolerance = rule.fit(tally), 1e-5 if row["id"] == "crm_small" else 1e-7
        assert fit.theta == pytest.approx(float(row["estimate"]), abs=tolerance)
        assert fit.variance == pytest.approx(float(row["post_var"]), abs=tolerance)
        for name, column in (("rates", "ptox"), ("low", "ptoxL"), ("high", "ptoxU")):
            assert getattr(fit, name) == pytest.approx(several(row[column]), abs=tolerance)
        everywhere = np.ones((1, len(prior)), dtype=bool)
        assert rule.wanted(tally, everywhere)[0] + 1 == int(row["mtd"])


def test_blrm():
    known = [row for row in rows("blrm_neuenschwander2008.csv") if row["model"].startswith("two")]
    amounts = (1, 2.5, 5, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 250)
    tally = Tally.empty(1, len(amounts))
    for row in known:
        at = amounts.index(float(row["dose"]))
        tally.patients[0, at], tally.toxic[0, at] = int(row["n"]), int(row["dlt"])
    columns = ("P_under_0_20", "P_target_20_35", "P_excess_35_60", "P_unacc_60_100")
    for row in known:
        tied = 0.134 / (0.84 * 0.80) if row["case"].startswith("correlated") else 0.0
        model = BlrmModel(amounts, 250.0, (2.15, 0.52), (0.84, 0.80), tied, (0.2, 0.35, 0.6))
        fit, at = Blrm(model).fit(tally), amounts.index(float(row["dose"]))
        assert fit.mean[at] == pytest.approx(float(row["quadrature_mean"]), abs=1e-6)
        assert fit.sd[at] == pytest.approx(float(row["quadrature_sd"]), abs=1e-6)
        chances = [float(row[column]) for column in columns]
        assert [each[at] for each in fit.intervals] == pytest.approx(chances, abs=3e-4)


def test_boin12_scores():
    known = rows("boin12_rds.csv")
    first = known[0]
    rule = Boin12(float(first["phi_T"]), least_response=float(first["phi_E"]))
    sizes = tuple(sorted({int(row["n"]) for row in known}))
    found = {(r["n"], r["dlt"], r["responses"]): r for r in desirability_table(rule, sizes)}
    for row in known:
        made = found[int(row["n"]), int(row["n_tox"]), int(row["n_eff"])]
        assert made["admissible"] == (row["admissible"] == "True"), row
        assert made["desirability"] == pytest.approx(float(row["P_u_gt_ub"]), abs=1.1e-8)
        rank = float(row["RDS_rank"]) if row["RDS_rank"] else None
        assert made["rds"] == rank, row
