"""From culture to the bedside: irradiation, harvest, bags, freezing, storage, thaw and wash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import log2

import numpy as np

from .batch import Array, Batch, Draw, shifted


def irradiate(by: str, settings: Mapping[str, float], draw: Draw, batch: Batch) -> Batch:
    """Ten gray stop NK-92 from dividing in a patient."""
    kept = draw.lots("irradiation_survival")
    return replace(batch.thinned(kept), viability=batch.viability * kept).using(clean_room_day=0.5)


def harvest(by: str, settings: Mapping[str, float], draw: Draw, batch: Batch) -> Batch:
    """Collect, wash and concentrate; feeders that were not arrested show here."""
    escaped = draw.happens(draw["feeder_escape"] * ("feeders" in batch.used), "feeder escape")
    share = np.where(escaped, np.minimum(draw.lots("feeder_escape_share"), 0.5), 0.0)
    feeders = batch.feeders + batch.target * share
    aged = batch.potency * np.exp(-draw["potency_per_doubling"] * batch.doublings)
    kept = replace(batch, feeders=feeders, potency=aged).thinned(draw.lots("harvest_recovery"))
    done = replace(kept, at_harvest=batch.viability, open_steps=batch.open_steps + 1)
    return done.noted().using(clean_room_day=1.0)


def formulate(by: str, settings: Mapping[str, float], draw: Draw, batch: Batch) -> Batch:
    """Fill bags of one size; what does not fill a bag is lost, some bags stay with the plant."""
    filled = np.floor(batch.target / settings["cells_per_bag"])
    bags = np.maximum(filled - settings["retained"], 0)
    done = replace(batch, bags=bags, bag_cells=settings["cells_per_bag"])
    return replace(done, open_steps=batch.open_steps + 1).using(bag=filled)


def freeze(by: str, settings: Mapping[str, float], draw: Draw, batch: Batch, cells: str) -> Batch:
    """Freeze with DMSO at a cooling rate; NK cells stand it less well than T cells.

    The share viable right after thaw is of the label's cells, which are counted before freezing.
    """
    suffix = "_t" if cells == "t" else ""
    fast = max(log2(settings["cooling"]), 0.0) * draw["freezing_fast_penalty"]
    thin = max(5.0 - settings["dmso"], 0.0) * draw["freezing_dmso_penalty"]
    thawed = shifted(draw.lots(f"viability_after_thaw{suffix}"), -(fast + thin))
    recovery = shifted(draw.lots(f"recovery_after_thaw{suffix}"), -(fast + thin))
    killing = draw.lots(f"killing_after_thaw{suffix}")
    return replace(batch, thawed=thawed, recovery=recovery, killing=killing)


def store(by: str, settings: Mapping[str, float], draw: Draw, batch: Batch) -> Batch:
    """Keep in vapor of liquid nitrogen; what is lost grows with the years."""
    return replace(batch, thawed=_thawed(batch) * _stored(settings["days"], draw))


def thaw(by: str, settings: Mapping[str, float], draw: Draw, batch: Batch) -> Batch:
    """Thaw, wash if asked, and hold for hours: delayed death goes on, killing returns."""
    thawed = _thawed(batch)
    recovery = batch.recovery if batch.recovery is not None else np.ones(draw.size)
    killing = batch.killing if batch.killing is not None else np.ones(draw.size)
    if settings["wash"]:
        thawed = thawed * draw.lots("wash_recovery")
    held = settings["hold"]
    back = 1 - np.exp(-held / draw["killing_return_days"])
    return replace(
        batch,
        thawed=thawed * recovery**held,
        recovery=recovery ** max(1 - held, 0.0),
        killing=killing + (1 - killing) * back,
    )


def _stored(days: float, draw: Draw) -> float:
    return float((1 - draw["storage_loss"]) ** (days / 365.25))


def _thawed(batch: Batch) -> Array:
    return batch.thawed if batch.thawed is not None else np.ones(batch.target.size)
