"""Rolling six: 3+3 that lets up to six patients enter before it waits (Skolnik 2008)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .boin import highest_allowed
from .outcomes import NONE, Counts, Flags, Tally
from .parts import FixedSize, OneLevelUp
from .protocol import Design
from .stopping import MaxPatients
from .three_plus_three import FULL, TOXIC, FewerThanTwo, HighestTolerated


@dataclass(frozen=True)
class RollingSix:
    """Each patient is assigned on arrival by enrolled, DLT and pending patients at the dose."""

    rolls = True
    ends = "the MTD is found"

    def _home(self, tally: Tally, allowed: Flags) -> Counts:
        """The current dose, or once it is too toxic the highest allowed below it; -1 for none."""
        return highest_allowed(tally.current, allowed)

    def _cleared(self, tally: Tally, dose: Counts) -> Flags:
        """At least 3 seen and none with DLT, or 6 enrolled and at most 1 can still have one."""
        patients, toxic = tally.at(tally.patients, dose), tally.at(tally.toxic, dose)
        pending = tally.at(tally.pending, dose)
        clean = (patients >= 3) & (toxic == 0) & (pending == 0)
        return np.asarray(clean | ((patients >= FULL) & (toxic + pending < TOXIC)))

    def waits(self, tally: Tally) -> Flags:
        """Six are enrolled at the dose and it is not decided yet."""
        home = self._home(tally, FewerThanTwo().allowed(tally))
        full = tally.at(tally.patients, home) >= FULL
        return np.asarray((home >= 0) & full & ~self._cleared(tally, home))

    def wanted(self, tally: Tally, allowed: Flags) -> Counts:
        """The same dose until it is cleared, then one up; -1 once the MTD is found."""
        home = self._home(tally, allowed)
        top = highest_allowed(np.full(len(tally), tally.doses - 1), allowed)
        capped = (home == top) & (top < tally.doses - 1)  # the dose above is too toxic
        full = tally.at(tally.patients, home) >= FULL
        cleared = self._cleared(tally, home)
        up = np.where(home < top, home + 1, NONE)
        decided = np.where(capped, np.where(full, NONE, home), up)
        return np.where(home < 0, NONE, np.where(cleared, decided, home))

    def explain(self, tally: Tally, allowed: Flags) -> str:
        """What was seen at the current dose."""
        dose = int(tally.current[0])
        counts = (tally.patients, tally.toxic, tally.pending)
        patients, toxic, pending = (int(each[0, dose]) for each in counts)
        seen = f"{toxic} of {patients} with DLT at dose {dose + 1}, {pending} pending"
        if toxic >= TOXIC:
            return f"{seen}: too toxic."
        if bool(self._cleared(tally, tally.current)[0]):
            return f"{seen}: tolerated."
        return f"{seen}: not decided."

    def describe(self) -> str:
        """The rule as sentences."""
        return (
            "Each patient is assigned on arrival. Escalate once at least 3 patients at the dose are"
            " evaluated, none is pending and none has a DLT, or once 6 are enrolled and at most 1"
            " can still have a DLT. De-escalate as soon as 2 have a DLT; the dose below is then"
            " filled to 6. Accrual waits while 6 are enrolled and the dose is not decided."
        )

    def table(self, patients: int) -> list[dict[str, Any]]:
        """Decision by enrolled, DLT and pending patients at a dose, dose above untried."""
        rows = []
        for n in range(1, FULL + 1):
            for toxic in range(min(n, TOXIC) + 1):
                for pending in range(n - toxic + 1):
                    rows.append(
                        {
                            "n": n,
                            "dlt": f"{toxic}" if toxic < TOXIC else f"{TOXIC} or more",
                            "pending": pending,
                            "decision": self._decision(n, toxic, pending),
                        }
                    )
        return rows

    def _decision(self, n: int, toxic: int, pending: int) -> str:
        if toxic >= TOXIC:
            return "de-escalate"
        if (n >= 3 and toxic == 0 and pending == 0) or (n == FULL and toxic + pending < TOXIC):
            return "escalate"
        return "wait" if n == FULL else "same dose"


def rolling_six(doses: int) -> Design:
    """Return the rolling six design; simulate it with patients that have days (`Calendar`)."""
    return Design(
        "rolling six",
        doses,
        RollingSix(),
        FewerThanTwo(),
        HighestTolerated(),
        MaxPatients(FULL * doses),
        OneLevelUp(),
        FixedSize(1),
    )
