"""The trial landscape and the evidence: which CAR-NK trials are registered, and what each gives.

ClinicalTrials.gov API v2 records and dated CSV snapshots go in; classified rows, counts, answers to
`find`, differences between dates and data frames come out, every row with its source and whether
somebody has read it there. Read `snapshot.py` first, then `classify.py`, whose rules stand in
`rules/*.csv`.
"""

from .classify import Classification, classify
from .diff import Difference, diff
from .diseases import Disease, ontology
from .fetch import fetch
from .kind import Decision
from .query import Count, Found, counts, find, frame, overview, show
from .record import Study, read_pages, study
from .snapshot import Snapshot, snapshot, snapshots
from .update import Update, update

__all__ = [
    "Classification",
    "Count",
    "Decision",
    "Difference",
    "Disease",
    "Found",
    "Snapshot",
    "Study",
    "Update",
    "classify",
    "counts",
    "diff",
    "fetch",
    "find",
    "frame",
    "ontology",
    "overview",
    "read_pages",
    "show",
    "snapshot",
    "snapshots",
    "study",
    "update",
]
