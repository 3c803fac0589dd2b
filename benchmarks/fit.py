"""A population fit of 40 patients: estimate, posterior, profiles and checks; seconds.

The patients are simulated here from the model of Stein 2019 with known truth: six numbers that
differ between patients, so thirteen estimates. "Ten parameters": five numbers, four of which
differ, and the error.

    python benchmarks/fit.py [draws]
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from carnk.assays.events import read_events
from carnk.fitting.bind import bind
from carnk.fitting.catalog import offer_of
from carnk.fitting.mixed.estimate import Settings
from carnk.fitting.mixed.result import fit
from carnk.fitting.plan import Asked, make_plan
from tests.unit.fitting.stein_cases import table

WANTED_SECONDS = 300.0
CASES = {
    "10 parameters": Asked(fit=("tmax", "cmax", "alpha", "memory_share", "beta"), shared=("beta",)),
    "13 parameters": Asked(),
}


def main() -> None:
    """Print seconds of a processor and of the clock; exit code 1 where a fit takes too long."""
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    offer = offer_of("stein2019")
    slow = False
    for name, asked in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            events = read_events(table(Path(folder) / "course.csv", 40, seed=1))
        study = bind(events, offer, make_plan(offer, events.outputs, events.value_unit, asked))
        processor, clock = time.process_time(), time.perf_counter()
        found = fit(study, Settings(draws), ("alpha",))
        processor, clock = time.process_time() - processor, time.perf_counter() - clock
        slow |= processor > WANTED_SECONDS
        count = int(np.sum(study.samples.used))
        print(
            f"{date.today()}: 40 patients, {count} samples, {name}, {draws} draws: "
            f"{processor:.0f} s of a processor, {clock:.0f} s by the clock; "
            f"{found.found.rounds} rounds, {found.posterior.effective:.0f} draws of the posterior, "
            f"-2 log L {-2 * found.found.at_best.total:.1f}"
        )
    sys.exit(1 if slow else 0)


if __name__ == "__main__":
    main()
