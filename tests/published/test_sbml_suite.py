"""Cases of the SBML Test Suite (https://github.com/sbmlteam/sbml-test-suite, LGPL-2.1).

The files are not part of this project: without ../shared these tests are skipped.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from carnk.solver.sbml_read import read_sbml
from carnk.solver.selftest import refusal, semantic_case

SHARED = Path(__file__).parents[3] / "shared" / "reference" / "sbml_semantic"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not beside the project")


def cases() -> list[tuple[str, str, str]]:
    """(case, file, expectation) of every file."""
    if not SHARED.is_dir():
        return []
    with (SHARED / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return [(r["case"], file, r["expectation"]) for r in rows for file in r["files"].split()]


@pytest.mark.parametrize(("case", "file", "expectation"), cases())
def test_a_case_matches_or_is_refused(case, file, expectation):
    model = SHARED / "cases" / case / file
    if expectation == "refuse":
        row = refusal("", file, lambda: read_sbml(model))
    else:
        row = semantic_case(model.parent, model)
    assert row.holds, row.found
