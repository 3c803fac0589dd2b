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


@pytest.mark.parametrize(
    "sentence",
    [
        "Patients who had received CAR-NK or other cells are not eligible.",
        "CAR-NK cell therapy within three months is an exclusion.",
        "Washout from CAR-NK therapy of four weeks.",
        "Patients must not have had chimeric antigen receptor NK therapy.",
    ],
)
def test_a_sentence_about_who_may_not_take_part_decides_nothing(sentence):
    assert not named("NK cells", description={"briefSummary": sentence}).is_car_nk
    assert not named("Antibody", description={"detailedDescription": sentence}).is_car_nk
    given = "Patients ineligible for a transplant receive CAR-NK cells. " + sentence
    assert named("Cells", description={"briefSummary": given}).is_car_nk


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


@pytest.mark.parametrize(
    ("title", "summary", "kind"),
    [
        (
            "Redirected haploidentical natural killer cell infusions",
            "NK cells carry a receptor, anti-CD19-BB-zeta.",
            "CAR-NK",
        ),
        (
            "Genetically modified natural killer cell infusions",
            "NK cells are transduced with anti-CD19-BB-zeta, which binds CD19.",
            "CAR-NK",
        ),
        ("NKR-2 cells", "Autologous T cells express a chimeric receptor of NKG2D.", "CAR-T"),
        ("CM-CS1", "T cells with a chimeric natural killer group 2D receptor.", "CAR-T"),
        ("CAR-T with an NK receptor (KIR-CAR)", "Autologous T cells.", "CAR-T"),
        ("NY-ESO-1 TCR/IL-15 NK cells", "Cord blood NK cells with a T-cell receptor.", ""),
        ("anti-HER2 oNK cells", "NK cells conjugated to trastuzumab.", ""),
    ],
)
def test_receptors_of_nk_cells_make_no_nk_cells(title, summary, kind):
    found = named(title, description={"briefSummary": summary})
    assert found.value("kind") == (kind or "NK without CAR")
    assert found.value("target") == ("CD19" if kind == "CAR-NK" else "unknown")


def test_a_drug_beside_the_cells_is_no_armor_and_its_antigen_no_target():
    found = named("CD19 CAR-NK + IL-2 with rituximab (anti-CD20)")
    assert found.value("armor") == "unknown"
    assert found.value("target") == "CD19"
    assert named("CD19 CAR-NK with membrane-bound IL-15 plus IL-2").value("armor") == "IL-15"


@pytest.mark.parametrize(
    ("condition", "disease"),
    [
        ("Sezary Syndrome", "cutaneous T-cell lymphoma"),
        ("MCL", "mantle cell lymphoma"),
        ("Pemphigus Vulgaris", "pemphigus"),
        ("Graves' Disease", "Graves disease"),
        ("Malignant Pleural Effusion", "malignant effusion"),
        ("Leptomeningeal Metastases", "metastases of the central nervous system"),
        ("Granulomatosis With Polyangiitis", "ANCA-associated vasculitis"),
    ],
)
def test_names_of_diseases(condition, disease):
    found = named("CD19 CAR-NK cells", conditions={"conditions": [condition]})
    assert found.value("disease") == disease
