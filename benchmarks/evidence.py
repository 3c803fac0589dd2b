"""Seconds and memory of the trial registry: queries over the shipped snapshot, and a large ingest.

The ingest reads generated API v2 records from one file: a share of them are the hand-labeled
records of the package under new numbers, the others ordinary trials with about 3 kB of text each.

    python benchmarks/evidence.py [records] [share of labeled records]
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

ROUNDS = 7
WORDS = (
    "patients with advanced disease receive the study drug by mouth every day for two weeks and"
    " visits are planned at month three six and twelve to measure response safety and quality of"
    " life blood samples are taken before each cycle while adverse events are graded by the"
    " investigator randomized placebo surgery radiotherapy hypertension diabetes asthma vaccine"
)


def ordinary(number: int, chance: random.Random) -> dict[str, Any]:
    """A trial of something else, with the modules that most records have."""

    def text(words: int) -> str:
        return " ".join(chance.choices(WORDS.split(), k=words)).capitalize() + "."

    year = chance.randint(2000, 2026)
    return {
        "protocolSection": {
            "identificationModule": {"nctId": f"NCT{number:08d}", "briefTitle": text(12)},
            "statusModule": {
                "overallStatus": chance.choice(("RECRUITING", "COMPLETED", "UNKNOWN")),
                "startDateStruct": {"date": f"{year}-03"},
                "studyFirstPostDateStruct": {"date": f"{year}-02-11", "type": "ACTUAL"},
            },
            "sponsorCollaboratorsModule": {"leadSponsor": {"name": text(4), "class": "OTHER"}},
            "descriptionModule": {"briefSummary": text(90), "detailedDescription": text(230)},
            "conditionsModule": {
                "conditions": [chance.choice(("Asthma", "Hypertension", "Stroke"))]
            },
            "designModule": {
                "phases": ["PHASE2"],
                "enrollmentInfo": {"count": chance.randint(5, 900)},
            },
            "armsInterventionsModule": {
                "armGroups": [{"label": "Drug", "description": text(40)}],
                "interventions": [{"type": "DRUG", "name": text(3), "description": text(30)}],
            },
            "contactsLocationsModule": {"locations": [{"country": "France"}, {"country": "Japan"}]},
            "eligibilityModule": {"eligibilityCriteria": text(60)},
        }
    }


def generate(path: Path, records: int, share: float) -> None:
    """Write one page of the API with so many records."""
    from carnk.evidence.labeled import labeled

    chance = random.Random(7)
    known = [json.dumps(row["study"]) for row in labeled()]
    with path.open("w", encoding="utf-8") as stream:
        stream.write(f'{{"totalCount": {records}, "studies": [\n')
        for number in range(records):
            record = ordinary(number, chance)
            if chance.random() < share:
                labeled_one = json.loads(chance.choice(known))["protocolSection"]
                labeled_one["identificationModule"]["nctId"] = f"NCT{number:08d}"
                record["protocolSection"] |= labeled_one
            stream.write(json.dumps(record) + (",\n" if number < records - 1 else "\n"))
        stream.write("]}")


def best(ask: Callable[[], object]) -> float:
    """Best of several rounds, in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        ask()
        times.append(time.perf_counter() - begun)
    return 1e3 * min(times)


def queries() -> None:
    """Time every kind of query over the newest snapshot, warm."""
    from carnk.evidence import counts, find, frame, overview, show, snapshot

    asked: dict[str, Callable[[], object]] = {
        "overview": overview,
        "counts by disease": lambda: counts("disease"),
        "find a disease, recruiting, country": lambda: find(
            "diffuse large B-cell lymphoma", recruiting=True, country="Germany"
        ),
        "find by words": lambda: find("TGFBR2"),
        "show one": lambda: show("NCT03056339"),
        "data frame": lambda: frame(everything=True),
    }
    overview()
    print(f"snapshot of {snapshot().date}")
    for name, ask in asked.items():
        print(f"  {name:<38} {best(ask):7.1f} ms")


def ingest(records: int, share: float) -> None:
    """Time an ingest and say the highest memory of this process."""
    from carnk.evidence import read_pages, update

    with tempfile.TemporaryDirectory() as folder:
        os.environ["CARNK_DATA"] = folder
        path = Path(folder) / "studies.json"
        generate(path, records, share)
        size = path.stat().st_size / 1e6
        begun, busy = time.perf_counter(), time.process_time()
        made = update(read_pages(path), "2026-12-31")
        seconds, busy = time.perf_counter() - begun, time.process_time() - busy
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{made.records:,} records ({size:.0f} MB, {share:.0%} labeled):"
            f" {seconds:.1f} s ({busy:.1f} s of CPU), {most:.2f} GiB"
        )
        begun = time.perf_counter()
        queries()
        print(f"  all queries on it, with opening: {time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    os.environ.setdefault("CARNK_DATA", "no such folder")
    queries()
    ingest(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, float((sys.argv[2:] or ["0.1"])[0]))
