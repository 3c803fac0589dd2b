"""Growth in culture: lag, doubling under a stimulus that fades, crowding, an end of doublings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil, log

import numpy as np

from .batch import Array, Batch, Draw

LONGEST_STEP = 0.25  # days
FEEDERS = ("k562_mbil21", "pbmc_feeders")
CYTOKINES = ("cytokines", "cytokines_il21")
REFERENCE_RATIO = 2.0  # feeders per NK cell at which the doubling times were measured
VIABILITY_DAYS = 2.0  # a culture comes to the viability of its conditions within days


@dataclass(frozen=True)
class Growth:
    """What one expansion does to each lot, per day; made once, before the loop over days."""

    stimulated: Array  # rate of target cells under the stimulus
    basal: Array  # and without
    lag: Array  # days
    most_doublings: Array
    capacity: Array  # viable cells
    t_share: Array  # growth of residual T cells relative to target
    other_loss: Array
    feeder_loss: Array
    viability: Array


def expand(by: str, settings: Mapping[str, float], draw: Draw, batch: Batch) -> Batch:
    """Grow the batch for `days`, feeders added at the start and every `restimulate` days.

    At most `start_cells` target cells go into culture; the rest is set aside. A lot at its last
    doubling or at the culture's capacity stops growing; crowding costs viability.
    """
    growth = _growth(by, settings, draw)
    steps = ceil(settings["days"] / LONGEST_STEP)
    dt = settings["days"] / steps
    drives = draw["feeder_days"] if by in FEEDERS else np.inf
    restimulate = settings.get("restimulate", np.inf)
    batch = batch.thinned(np.minimum(settings["start_cells"] / np.maximum(batch.target, 1), 1.0))
    batch = replace(batch, open_steps=batch.open_steps + 1).noted()
    if by == "cd3_cd28" and batch.age == 0:
        batch = batch.using(beads=batch.target / 1e9)
    next_feeding = 0.0
    for k in range(steps):
        now = k * dt
        if by in FEEDERS and now >= next_feeding - 1e-9:
            batch = _fed(batch, settings["feeder_ratio"])
            next_feeding += restimulate
        since = now % restimulate if np.isfinite(restimulate) else now
        batch = _grown(batch, growth, dt, since < drives)
        if _day_ended(batch.day, dt):
            batch = batch.noted()
    batch = batch.noted()
    volume = np.minimum(settings["volume"], 50 + batch.all_cells / draw["culture_density"])
    return batch.using(medium=2 * volume / 1000, clean_room_day=settings["days"])


def _day_ended(day: float, dt: float) -> bool:
    """Whether a whole day ended within the last step of `dt` days."""
    return int(day + 1e-9) > int(day - dt + 1e-9)


def _growth(by: str, settings: Mapping[str, float], draw: Draw) -> Growth:
    run = draw.lots("run_growth", again=True)
    stimulated = log(2) / draw[f"doubling_{by}"] * run
    basal = stimulated
    if by in FEEDERS:
        basal = log(2) / draw["doubling_cytokines"] * run
        half = draw["feeder_half_ratio"]
        ratio = settings["feeder_ratio"]
        effect = ratio / (ratio + half) * (1 + half / REFERENCE_RATIO)
        stimulated = basal + effect * (stimulated - basal)
    t_product = by == "cd3_cd28"
    most = draw.lots("doublings_most_t" if t_product else "doublings_most_nk")
    return Growth(
        stimulated=stimulated,
        basal=basal,
        lag=draw.lots("lag_cytokines" if by in CYTOKINES else "lag_stimulated"),
        most_doublings=np.full(draw.size, np.inf) if by == "nk92" else most,
        capacity=settings["volume"] * draw.lots("culture_density"),
        t_share=np.ones(draw.size) if t_product else draw.lots("t_cell_growth"),
        other_loss=draw.lots("other_cell_loss"),
        feeder_loss=draw.lots("feeder_loss"),
        viability=draw.lots("culture_viability"),
    )


def _fed(batch: Batch, ratio: float) -> Batch:
    added = ratio * batch.target
    fed = replace(batch, feeders=batch.feeders + added)
    return fed.using(feeders=added / 1e9)


def _grown(batch: Batch, g: Growth, dt: float, is_stimulated: bool) -> Batch:
    """One step of culture; growth is the exact exponential at the rate of the step's start."""
    awake = np.clip((batch.age + dt - g.lag) / dt, 0, 1)
    crowd = batch.all_cells / g.capacity
    rate = np.where(is_stimulated, g.stimulated, g.basal) * batch.growth * awake
    rate = rate * np.clip(1 - crowd, 0, 1) * (batch.doublings < g.most_doublings)
    goal = g.viability * (1 - 0.2 * np.clip(crowd, 0, 1) ** 4)
    toward = 1 - np.exp(-dt / VIABILITY_DAYS)
    return replace(
        batch,
        target=batch.target * np.exp(rate * dt),
        t_cells=batch.t_cells * np.exp(rate * g.t_share * dt),
        others=batch.others * np.exp(-g.other_loss * dt),
        feeders=batch.feeders * np.exp(-g.feeder_loss * dt),
        viability=batch.viability + toward * (goal - batch.viability),
        doublings=batch.doublings + rate * dt / log(2),
        day=batch.day + dt,
        age=batch.age + dt,
    )


def differentiate(by: str, settings: Mapping[str, float], draw: Draw, batch: Batch) -> Batch:
    """Make NK cells of iPSC: a yield per iPSC and a purity, over weeks."""
    batch = batch.noted()
    target = batch.target * draw.lots("ipsc_yield")
    purity = draw.lots("ipsc_purity")
    made = replace(
        batch,
        target=target,
        others=target * (1 / purity - 1),
        day=batch.day + settings["days"],
        open_steps=batch.open_steps + 2,
    )
    liters = 2 * made.all_cells / draw["culture_density"] / 1000
    return made.noted().using(clean_room_day=settings["days"], medium=liters)
