"""Immune and CAR-T models of BioModels (CC0) against courses that two other programs agree on.

The files are not part of this project: without ../shared these tests are skipped.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from carnk.solver.selftest import DEFAULT, TIGHT, published_case

SHARED = Path(__file__).parents[3] / "shared" / "reference" / "published_models"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not beside the project")


def cases() -> list[dict[str, str]]:
    """The rows of the manifest."""
    if not SHARED.is_dir():
        return []
    with (SHARED / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("accuracy", [DEFAULT, TIGHT], ids=["default", "tight"])
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_a_published_model_is_reproduced(case, accuracy):
    row = published_case(SHARED, case, *accuracy)
    assert row.holds, row.found
