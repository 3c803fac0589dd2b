"""Seconds of a trial of virtual patients: the population once, then every design on its draws.

    python benchmarks/trial.py [study] [trials]

The population is what a run simulates; draws and designs are timed alone, best of three.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from carnk.designs import simulate
from carnk.library import load
from carnk.study import read
from carnk.study.run import CHUNK, one_chunk
from carnk.study.trial import settled
from carnk.study.trial_draw import draw_trials, population, schedules
from carnk.study.trial_rules import design_of

ROUNDS = 3


def best(action: Callable[[], Any]) -> tuple[float, Any]:
    """Fewest seconds of a few rounds, and what came out."""
    seconds, found = [], None
    for _ in range(ROUNDS):
        began = perf_counter()
        found = action()
        seconds.append(perf_counter() - began)
    return min(seconds), found


def main(name: str, trials: int) -> None:
    study, view = read(name), load().view()
    trial = replace(settled(study, view), trials=trials)
    one_chunk(study, view, np.arange(10), 1)  # compiles the kernel
    began, tables = perf_counter(), []
    for first in range(0, study.patients, CHUNK):
        ids = np.arange(first, min(first + CHUNK, study.patients))
        tables.append(pl.DataFrame(one_chunk(study, view, ids, 1).limiting))
    seconds = perf_counter() - began
    rows = study.patients * len(study.arms)
    print(f"{name}: {study.patients:,} patients at {len(study.arms)} arms, one thread")
    print(f"population        {seconds:7.2f} s  {rows / seconds:,.0f} patients/s")
    people = population(study, trial, pl.concat(tables))
    for schedule in schedules(study):
        taken, drawn = best(lambda s=schedule: draw_trials(people, study, trial, s))
        print(f"draw {trials:,} trials {taken:7.2f} s  {schedule.name}")
        amounts = tuple(study.arms[i].regimen.infusion.amount for i in schedule.arms)
        for rule in trial.rules:
            design = design_of(rule, trial, amounts)
            taken, run = best(lambda d=design, p=drawn.patients: simulate(d, p))
            treated = int(run.patients.sum())
            text = f"{treated:,} patients, {treated / rows:.1f} for each one solved"
            print(f"  {design.name:<15} {taken:7.2f} s  {text}")


if __name__ == "__main__":
    main(*(sys.argv[1:2] or ["dose_schedule"]), *map(int, sys.argv[2:3] or [10_000]))
