"""3+3 in its two common forms (Storer 1989; Lin and Shih 2001)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .admissibility import Joined
from .boin import highest_allowed
from .outcomes import NONE, Counts, Flags, Tally
from .parts import OneLevelUp
from .protocol import Design
from .stopping import MaxPatients

TOXIC = 2  # DLT in up to six patients that show a dose to be too toxic
FULL = 6  # patients after which a dose is decided


@dataclass(frozen=True)
class FewerThanTwo(Joined):
    """Two DLT close a dose and all above it."""

    def allowed(self, tally: Tally) -> Flags:
        """Flags of shape (trials, doses)."""
        return ~np.logical_or.accumulate(tally.toxic >= TOXIC, axis=1)

    def describe(self) -> str:
        """The rule as a sentence."""
        return (
            "A dose with 2 or more DLT in up to 6 patients is too toxic, and so are all above it."
        )


@dataclass(frozen=True)
class ThreePlusThree:
    """Escalate after 0 of 3 or 1 of 6, expand after 1 of 3, stop or de-escalate after 2 DLT.

    deescalates: after a toxic dose the one below is filled up to six patients before it may be
    called the MTD; without it, that dose is the MTD as it stands.
    """

    deescalates: bool = False
    ends = "the MTD is found"

    def wanted(self, tally: Tally, allowed: Flags) -> Counts:
        """Next dose; -1 once the MTD is found or dose 1 is too toxic."""
        top = tally.doses - 1
        patients = tally.at(tally.patients, tally.current)
        toxic = tally.at(tally.toxic, tally.current)
        highest = highest_allowed(np.full(len(tally), top), allowed)
        clean = ((patients >= 3) & (toxic == 0)) | (patients >= FULL)
        up = np.where(tally.current < highest, tally.current + 1, NONE)
        # Where the dose above is known to be toxic, the current one must be full before it ends.
        capped = tally.current < top
        filling = (tally.current == highest) & capped & self.deescalates & (patients < FULL)
        go_on = np.where(clean, np.where(filling, tally.current, up), tally.current)
        below = tally.at(tally.patients, np.maximum(highest, 0))
        down = np.where((highest >= 0) & (below < FULL) & self.deescalates, highest, NONE)
        return np.where(toxic >= TOXIC, down, go_on)

    def explain(self, tally: Tally, allowed: Flags) -> str:
        """What was seen at the current dose."""
        dose = int(tally.current[0])
        patients, toxic = int(tally.patients[0, dose]), int(tally.toxic[0, dose])
        seen = f"{toxic} of {patients} with DLT at dose {dose + 1}"
        if toxic >= TOXIC:
            return f"{seen}: too toxic."
        if patients < 3 or (toxic == 1 and patients < FULL):
            return f"{seen}: treat more patients there."
        return f"{seen}: tolerated."

    def describe(self) -> str:
        """The rule as sentences."""
        below = (
            "the dose below is filled to 6 patients, and is the MTD if at most 1 of 6 has a DLT"
            if self.deescalates
            else "the trial stops and the dose below is the MTD"
        )
        return (
            "Escalate if 0 of 3 have a DLT; treat 3 more at the dose if 1 of 3 has; escalate if 1"
            f" of 6 has. If 2 or more have a DLT, {below}. If the highest dose is tolerated, it is"
            " the recommended dose."
        )

    def table(self, patients: int) -> list[dict[str, Any]]:
        """What follows each count of DLT in 3 and in 6 patients."""
        down = "fill the dose below to 6, or stop" if self.deescalates else "stop, MTD is below"
        rows = [(3, "0", "escalate"), (3, "1", "3 more at this dose"), (3, "2-3", down)]
        rows += [(6, "1", "escalate"), (6, "2-4", down)]
        return [{"n": n, "dlt": dlt, "decision": decision} for n, dlt, decision in rows]


@dataclass(frozen=True)
class HighestTolerated:
    """The highest tried dose below every toxic one."""

    def selected(self, tally: Tally, allowed: Flags) -> Counts:
        """Recommended dose per trial."""
        top = np.full(len(tally), tally.doses - 1)
        return highest_allowed(top, allowed & (tally.patients > 0))

    def describe(self) -> str:
        """The rule as a sentence."""
        return "The MTD is the highest tried dose with fewer than 2 DLT below every toxic dose."


@dataclass(frozen=True)
class ByThree:
    """Cohorts of three; an incomplete one is filled up."""

    def next_size(self, tally: Tally, dose: Counts) -> Counts:
        """Patients of the next cohort."""
        return np.asarray(3 - tally.at(tally.patients, dose) % 3)

    def describe(self) -> str:
        """The rule in words."""
        return "3 patients each"


def three_plus_three(doses: int, deescalates: bool = False) -> Design:
    """Return the 3+3 design; `deescalates` fills the dose below a toxic one to six patients."""
    return Design(
        "3+3 with de-escalation" if deescalates else "3+3",
        doses,
        ThreePlusThree(deescalates),
        FewerThanTwo(),
        HighestTolerated(),
        MaxPatients(FULL * doses),
        OneLevelUp(),
        ByThree(),
    )
