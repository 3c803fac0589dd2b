"""What cannot be: steps in an impossible order, bags that overflow, a CAR where there is none."""

from __future__ import annotations

from itertools import pairwise

from ..base import Problem
from ..library import load
from .isolation import OF_NK
from .process import Process, Step
from .steps import KINDS

ONLY_FOR = {  # ways of steps that need a source
    "nk92": ("nk92_bank",),
    "ipsc": ("ipsc_bank",),
    "ten_gray": ("nk92_bank",),
    "t_selection": ("apheresis", "patient"),
    "tcr_depletion": ("apheresis", "patient"),
    "cd3_cd28": ("apheresis", "patient"),
    "tcr": ("apheresis", "patient"),
    "tcr_hla": ("apheresis", "patient"),
}


def problems_of_order(process: Process) -> list[Problem]:
    """Every problem of the steps as a whole, each at its step's place."""
    return [*problems_of_sequence(process), *_fitting(process), *_bags(process), *_car(process)]


def _problem(step: Step, what: str, do: str) -> Problem:
    return Problem(step.where, what, do)


def problems_of_sequence(process: Process) -> list[Problem]:
    """Steps that stand in the wrong place, twice or not at all."""
    steps, problems = process.steps, []
    for before, after in pairwise(steps):
        if KINDS[after.kind].stage < KINDS[before.kind].stage:
            what = f"'{after.kind}' stands after '{before.kind}'"
            do = f"Put it before: the order is {', '.join(_order())}."
            problems.append(_problem(after, what, do))
    for name, kind in KINDS.items():
        found = [step for step in steps if step.kind == name]
        if kind.is_needed and not found:
            what = f"there is no step '{name}'"
            problems.append(_problem(steps[0], what, "A process for frozen doses has it."))
        if kind.stage != 1 and len(found) > 1:
            problems.append(_problem(found[1], f"'{name}' stands twice", "Remove one of them."))
    return problems


def _order() -> list[str]:
    return ["source", "culture", "irradiate", "harvest", "formulate", "freeze", "store", "thaw"]


def _fitting(process: Process) -> list[Problem]:
    problems = []
    for step in process.steps:
        needs = ONLY_FOR.get(step.by)
        if needs and process.start not in needs:
            what = f"'{step.by}' does not go with the source '{process.start}'"
            problems.append(_problem(step, what, f"It goes with {' or '.join(needs)}."))
        if step.by in OF_NK and (
            process.cells == "t" or process.start in ("ipsc_bank", "nk92_bank")
        ):
            what = f"'{step.by}' takes NK cells out of blood, which is not the source here"
            problems.append(_problem(step, what, "Remove it."))
    kinds = [step.kind for step in process.steps]
    if process.start == "ipsc_bank" and "differentiate" not in kinds:
        what = "iPSC are never made into NK cells"
        problems.append(_problem(process.steps[0], what, "Add '- step: differentiate'."))
    if "electroporate" in kinds and "expand" in kinds[kinds.index("electroporate") :]:
        step = process.steps[kinds.index("electroporate")]
        what = "cells are expanded after they got mRNA, which fades within days"
        problems.append(_problem(step, what, "Give mRNA after the last expansion."))
    first = next((k for k in kinds if k in ("expand", "transduce")), "")
    if first == "transduce":
        step = process.steps[kinds.index("transduce")]
        what = "resting cells are transduced: nothing has stimulated them"
        problems.append(_problem(step, what, "Put an 'expand' before it."))
    return problems


def _bags(process: Process) -> list[Problem]:
    at = process.find("formulate")
    if at is None:
        return []
    step = process.steps[at]
    most = step.settings["volume"] * process.numbers.get("bag_density", load()["bag_density"].value)
    if step.settings["cells_per_bag"] <= most:
        return []
    what = (
        f"{step.settings['cells_per_bag']:g} cells do not go into a bag of"
        f" {step.settings['volume']:g} mL, which holds {most:g}"
    )
    return [_problem(step, what, "Fill fewer cells or take a larger volume.")]


def _car(process: Process) -> list[Problem]:
    tests = {spec.test for spec in process.release}
    counted = process.dose.counts == "car_positive" or "car_positive" in tests
    if counted and not process.delivery:
        what = "the dose or a test counts CAR-positive cells, but no step brings a CAR"
        do = "Add 'transduce' or 'electroporate', or count viable cells."
        return [_problem(process.steps[-1], what, do)]
    if {"vcn_total", "vcn_car_positive"} & tests and not process.has_integrating_vector:
        what = "a test counts vector copies, but nothing here goes into the genome"
        return [_problem(process.steps[-1], what, "Remove the test.")]
    return []
