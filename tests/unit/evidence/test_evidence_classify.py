"""The classifier on hand-labeled records, its explanations, and values that it must not make up."""

import pytest
from evidence_records import record

from carnk.evidence import classify, study
from carnk.evidence.kind import KINDS
from carnk.evidence.labeled import labeled, score

ROWS = labeled()
LEAST = 0.95


@pytest.mark.parametrize("each", score(ROWS), ids=lambda each: each.attribute)
def test_precision_and_recall_on_the_labeled_set(each):
    assert each.precision >= LEAST, each
    assert each.recall >= LEAST, each


def test_the_labeled_set_holds_every_trap():
    kinds = [row["labels"]["kind"] for row in ROWS]
    assert len(ROWS) >= 60
    assert set(KINDS) - {"unknown"} <= set(kinds)


def test_car_nk_rows_have_a_target():
    found = [classify(study(row["study"])) for row in ROWS]
    given = [each.value("target") != "unknown" for each in found if each.is_car_nk]
    assert sum(given) / len(given) >= LEAST


def test_each_value_says_which_rule_on_which_words():
    found = classify(study(record(1, "CD19 CAR-NK cells with soluble IL-15")))
    assert found.value("armor") == "IL-15"
    (why,) = found.why("armor")
    assert "interventions[0].name" in why
    assert "soluble il-15" in why
    assert all(d.rule for d in found.decisions)


def named(title, **changes):
    return classify(study(record(1, title, **changes)))


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("CD19-CAR-iNKT cells", "CAR-NKT"),
        ("CAR-T for extranodal NK/T-cell lymphoma", "CAR-T"),
        ("Donor NK cells without a CAR", "NK without CAR"),
        ("CAR-modified γδ T cells", "CAR-T"),
        ("Induced T-to-NK cells", "NK-like T"),
        ("Aspirin", "other"),
    ],
)
def test_traps(title, kind):
    found = named(title)
    assert found.value("kind") == kind
    assert found.value("target") == "unknown"


def test_eligibility_and_prior_therapy_decide_nothing():
    criteria = {"eligibilityCriteria": "Exclusion criteria: prior CAR-NK cells"}
    assert named("Rituximab", eligibility=criteria).value("kind") == "other"
    summary = {"briefSummary": "Patients who relapsed after CD19 CAR-NK therapy get an antibody."}
    assert not named("Rituximab", description=summary).is_car_nk


def test_a_record_without_text_is_unknown():
    found = classify(study({"protocolSection": {"identificationModule": {"nctId": "NCT00000001"}}}))
    assert found.value("kind") == "unknown"


def test_doses_and_schedule_are_taken_in_their_words():
    drug = "Fludarabine 30 mg/m2 on days -5 to -3."
    cells = "CAR-NK cells at 1×10⁶, 3×10^6 or 1e7 cells/kg on days 0, 7 and 14."
    arms = {
        "interventions": [{"name": "CD19 CAR-NK cells", "description": drug}],
        "armGroups": [{"label": "A", "description": cells}],
    }
    found = named("CD19 CAR-NK", armsInterventions=arms)
    assert "1e7 cells/kg" in found.value("dose")
    assert "10^6" in found.value("dose")
    assert found.value("schedule") == "on days 0, 7 and 14"
    assert found.value("conditioning") == "fludarabine"


def test_a_not_gate_is_no_target():
    found = named("CAR-NK against CD33 or FLT3 but not EMCN")
    assert found.values("target") == ("CD33", "FLT3")
    assert found.value("target_logic") == "CD33 OR FLT3, NOT EMCN"
