"""Bill of materials and day plan of a process."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..library import table
from .lots import Lots
from .process import CULTURE, Process


@dataclass(frozen=True)
class Material:
    """One line of the bill: how much a median lot needs, 5th to 95th percentile; 0 if as needed."""

    item: str
    role: str
    supplier: str
    catalog: str
    amount: tuple[float, float, float]
    unit: str
    note: str


@dataclass(frozen=True)
class PlannedDay:
    """A day of the plan and what is done on it."""

    day: float
    action: str


def bill(lots: Lots) -> list[Material]:
    """What the process needs, makers side by side where there is a choice."""
    ways = {step.by for step in lots.process.steps}
    found = []
    for row in table("materials").iter_rows(named=True):
        if not ways & set(row["used_by"].split()):
            continue
        used = lots.used_amounts.get(row["amount_of"] or "")
        amount = (0.0, 0.0, 0.0)
        if used is not None:
            low, middle, high = np.percentile(row["per_unit"] * used, (5, 50, 95))
            amount = (float(low), float(middle), float(high))
        elif row["per_unit"]:
            amount = (row["per_unit"],) * 3
        found.append(
            Material(
                row["item"], row["role"], row["supplier"], row["catalog"] or "", amount,
                _times(row["unit"] or ""), row["note"] or "",
            )
        )  # fmt: skip
    return found


def _times(unit: str) -> str:
    """'1e9 cells' after an amount reads '× 1e9 cells'."""
    return f"× {unit}" if unit[:1].isdigit() else unit


def day_plan(process: Process, qc_days: float) -> list[PlannedDay]:
    """Day by day: each step at its start, feedings between, freezing and the earliest release."""
    day, plan = 0.0, []
    for step in process.steps:
        settings = step.settings
        plan.append(PlannedDay(day, _action(step.kind, step.by, settings.get("moi"))))
        length = settings.get("days", 0.0) if step.kind in CULTURE else 0.0
        again = settings.get("restimulate")
        if again and step.kind == "expand":
            feedings = np.arange(again, length - 1e-9, again)
            plan += [PlannedDay(day + float(at), "add fresh feeders") for at in feedings]
        day += length
    return [*plan, PlannedDay(day + qc_days, "earliest release, all tests in")]


def _action(kind: str, by: str, moi: float | None) -> str:
    words = by.replace("_", " ")
    at_moi = f" at MOI {moi:g}" if moi is not None else ""
    return f"{kind}: {words}{at_moi}"
