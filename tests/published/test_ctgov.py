"""ClinicalTrials.gov: real API v2 records, and facts of registered trials in its own words.

Source: clinicaltrials.gov API v2 (records NCT00763412 and NCT04207047); the registry pages of the
trials named below, as collected in the shipped snapshot of 2026-08-22.
"""

from pathlib import Path

import pytest

from carnk.evidence import classify, read_pages, show, study

FOLDER = Path(__file__).parents[3] / "shared" / "reference" / "ctgov"
SHIPPED = "2026-08-22"


@pytest.mark.skipif(not FOLDER.is_dir(), reason="../shared is not beside the project")
@pytest.mark.parametrize("name", ["NCT00763412", "NCT04207047"])
def test_a_real_record_is_read_without_a_problem(name):
    (raw,) = read_pages(FOLDER / f"{name}.json")
    found = study(raw)
    assert (found.id, found.problems) == (name, ())
    assert found.title
    assert found.conditions
    assert not classify(found).is_car_nk


@pytest.mark.parametrize(
    ("nct", "target", "source", "status", "enrollment"),
    [
        ("NCT03056339", "CD19", "cord blood", "COMPLETED", "49"),
        ("NCT04245722", "CD19", "iPSC", "TERMINATED", "98"),
        ("NCT05336409", "CD19", "iPSC", "TERMINATED", "28"),
        ("NCT05020015", "CD19", "cord blood", "ACTIVE_NOT_RECRUITING", "27"),
    ],
)
def test_facts_of_known_trials(nct, target, source, status, enrollment):
    row = show(nct, SHIPPED)
    assert (row["target"], row["nk_source"]) == (target, source)
    assert (row["status"], row["enrollment"]) == (status, enrollment)


def title_only(row):
    """A record of the API that holds what the registry says in title, products, conditions."""
    products = [{"name": name} for name in row["product"].split("; ")]
    section = {
        "identificationModule": {"nctId": row["id"], "briefTitle": row["title"]},
        "armsInterventionsModule": {"interventions": products},
        "conditionsModule": {"conditions": row["conditions"].split("; ")},
    }
    return study({"protocolSection": section})


def test_titles_and_products_of_real_trials_are_classified_as_people_did():
    """Of 194 real CAR-NK rows and 4 CAR-NKT rows, by title, products and conditions alone."""
    from carnk.evidence import frame
    from carnk.evidence.kind import CAR_NK

    rows = frame(SHIPPED, everything=True).rows(named=True)
    found = [(row, classify(title_only(row))) for row in rows if row["id"].startswith("NCT")]
    right = sum(each.is_car_nk == (row["kind"] in CAR_NK) for row, each in found)
    assert right / len(found) >= 0.98
    stated = [(row, each) for row, each in found if each.is_car_nk and row["target"] != "unknown"]
    given = [
        (set(row["target"].split("; ")), set(each.values("target")))
        for row, each in stated
        if each.value("target") != "unknown"
    ]
    assert sum(bool(want & have) for want, have in given) / len(given) >= 0.97
