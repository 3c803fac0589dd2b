"""Decision tables and simulated characteristics of trial designs as a page of the manual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .boin import boundaries
from .boin12 import Boin12, Final, boin12
from .catalog import Settings, build
from .operating import summarize
from .patients import Calendar, Truth, draw
from .simulate import simulate
from .stopping import EnoughAtAnyDose, MaxPatients
from .tite_boin import tite_boin

TRIALS, SEED = 2000, 6
TARGET = 0.30
SCENARIOS = {
    "MTD at dose 1": (0.30, 0.45, 0.55, 0.65, 0.75),
    "MTD at dose 2": (0.15, 0.30, 0.45, 0.55, 0.65),
    "MTD at dose 3": (0.05, 0.15, 0.30, 0.45, 0.60),
    "MTD at dose 4": (0.03, 0.08, 0.15, 0.30, 0.45),
    "MTD at dose 5": (0.02, 0.04, 0.08, 0.15, 0.30),
}
RARE = Truth((0.01, 0.02, 0.04), (0.30, 0.55, 0.55))


def page(note: str) -> str:
    """Return the page as Markdown."""
    parts = [
        f"# Tables of trial designs\n\n{note}",
        "## BOIN boundaries, target 0.30\n",
        _markdown(
            [row for row in boundaries(TARGET, 30, lowest_certainty=0.90) if row["n"] % 3 == 0]
        ),
        "Columns: patients at the current dose; escalate at or below, de-escalate at or above,"
        " eliminate at or above so many DLT; extra-safe: stop at dose 1.\n",
        "## TITE-BOIN, target 0.20, 9 patients at the dose\n",
        _markdown(
            [r for r in tite_boin(0.2, 3).rule.table(9) if r["n"] == 9 and r["dlt"] in (1, 2, 3)]
        ),
        "## 3+3, BOIN, keyboard and CRM\n",
        f"Percent of {TRIALS:,} trials of 30 patients that select the right dose / percent of"
        f" patients above it; target {TARGET:g}, the same patients for all designs, standard error"
        " of a selection at most 1.1 %. CRM's skeleton has its MTD at dose 3.\n",
        _markdown(_scenarios()),
        "## Rare toxicity and a plateau of response, three doses\n",
        "P(DLT) 0.01, 0.02, 0.04; P(response) 0.30, 0.55, 0.55. Percent of trials that select each"
        " dose. BOIN climbs to the top, BOIN12 weighs response against DLT.\n",
        _markdown(_plateau()),
        "## BOIN12: which reading gives which published result\n",
        _markdown(_readings()),
    ]
    return "\n".join(parts)


def _markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    names = list(rows[0])
    lines = [" | ".join(names), " | ".join("---" for _ in names)]
    lines += [" | ".join("" if row[k] is None else str(row[k]) for k in names) for row in rows]
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def _scenarios() -> list[dict[str, Any]]:
    rows = []
    for name, toxicity in SCENARIOS.items():
        patients = draw(Truth(toxicity), TRIALS, 30, SEED, Calendar())
        row: dict[str, Any] = {"scenario": name}
        for design in ("3+3", "boin", "keyboard", "crm"):
            made = build(design, Settings(5, TARGET))
            found = summarize(simulate(made, patients), TARGET, toxicity)
            row[made.name] = f"{found.correct:.0f} / {found.over:.0f}"
        rows.append(row)
    return rows


def _plateau() -> list[dict[str, Any]]:
    patients = draw(RARE, TRIALS, 30, SEED)
    rows = []
    for name in ("boin", "boin12"):
        found = summarize(simulate(build(name, Settings(3, TARGET)), patients))
        shares = {f"dose {k}": f"{p:.0f}" for k, p in enumerate(found.selected, 1)}
        rows.append({"design": found.design, **shares, "none": f"{found.none:.0f}"})
    return rows


def _readings() -> list[dict[str, Any]]:
    truth = Truth((0.03, 0.17, 0.35, 0.5, 0.65), (0.12, 0.39, 0.43, 0.55, 0.65))
    patients = draw(truth, 5 * TRIALS, 36, SEED)
    published: tuple[tuple[int | None, Final, str], ...] = (
        (None, "mean utility", "trialdesign.org: 57.3, 21.3"),
        (9, "next dose", "escalation: 49.6, 23.7"),
        (9, "desirability", ""),
        (9, "mean utility", "the default here"),
    )
    rows = []
    for explore, final, said in published:
        stopping = MaxPatients(36) | EnoughAtAnyDose(12)
        design = boin12(Boin12(0.35, explore=explore), 5, stopping, final=final)
        selected = summarize(simulate(design, patients)).selected
        rows.append(
            {
                "exploration after": explore or "never",
                "recommended by": final,
                "dose 2": f"{selected[1]:.1f}",
                "dose 3": f"{selected[2]:.1f}",
                "published": said,
            }
        )
    return rows
