"""Getting the CAR in: vectors that integrate, mRNA, and edits of T cells.

One law joins efficiency and copies. A share of cells is permissive; among them the copies of a cell
are Poisson about a mean that varies by a gamma law of shape k (small k: over-dispersed). So the
share with a copy and the copies per such cell follow from the same three numbers, and a value of
either per total cell and per CAR-positive cell can never drift apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from .batch import Array, Batch, Draw


def share_with_copy(permissive: Array, mean: Array, shape: Array | float) -> Array:
    """Share of all cells with at least one copy; `mean` copies per permissive cell."""
    return np.asarray(-permissive * np.expm1(-shape * np.log1p(mean / shape)))


def copies_per_positive(mean: Array, shape: Array | float) -> Array:
    """Copies per cell with at least one; m / (1 - e^-m) where the shape is large; 1 at m = 0."""
    hit = -np.expm1(-shape * np.log1p(mean / shape))
    return np.divide(mean, hit, out=np.ones_like(hit), where=hit > 0)


def cells_by_copies(permissive: float, mean: float, shape: float, most: int) -> Array:
    """Shares of all cells with 0, 1, ..., `most` copies."""
    from scipy.stats import nbinom

    shares = permissive * nbinom.pmf(np.arange(most + 1), shape, shape / (shape + mean))
    shares[0] += 1 - permissive
    return np.asarray(shares)


def entry(by: str, cells: str, draw: Draw) -> Array:
    """Copies per unit of MOI in a permissive cell."""
    if by == "lentiviral_baev":
        return draw.lots("entry_vsvg_nk") * draw["entry_baev_ratio"]
    if by == "retroviral_rd114":
        return draw.lots("entry_rd114_nk")
    return draw.lots("entry_vsvg_t" if cells == "t" else "entry_vsvg_nk")


def transduce(
    by: str, settings: Mapping[str, float], draw: Draw, batch: Batch, cells: str
) -> Batch:
    """Add a vector at an MOI; cells stimulated for longer are more permissive, MOI costs cells."""
    moi = settings["moi"]
    rest = draw["permissive_resting"]
    ready = rest + (1 - rest) * (1 - np.exp(-batch.age / draw["permissive_days"]))
    permissive = draw.lots("permissive") * ready
    mean = moi * entry(by, cells, draw)
    shape = draw["vector_dispersion"]
    added = permissive * mean
    new = share_with_copy(permissive, mean, shape)
    kind = "retroviral" if by.startswith("retroviral") else "lentiviral"
    used = moi * batch.target / 1e9
    alive = np.exp(-moi / draw["moi_toxicity"])
    hit = replace(
        batch.thinned(alive),
        viability=batch.viability * alive,
        car_positive=1 - (1 - batch.car_positive) * (1 - new),
        copies=batch.copies + added,
        near_oncogene=batch.near_oncogene + added * draw[f"oncogene_share_{kind}"],
        open_steps=batch.open_steps + 1,
    )
    return _passed(hit, settings["days"]).using(vector=used)


def electroporate(by: str, settings: Mapping[str, float], draw: Draw, batch: Batch) -> Batch:
    """Give an mRNA CAR, which nobody inherits and which fades from the day it is given."""
    new = draw.lots(f"mrna_efficiency_{by}")
    alive = draw.lots(f"mrna_survival_{by}")
    faded = 0.5 ** (settings["days"] / draw.lots("mrna_half_life"))
    given = replace(
        batch.thinned(alive),
        viability=batch.viability * alive,
        car_positive=1 - (1 - batch.car_positive) * (1 - new * faded),
        open_steps=batch.open_steps + 1,
    )
    return _passed(given, settings["days"]).using(mrna=batch.target / 1e9)


def edit(by: str, settings: Mapping[str, float], draw: Draw, batch: Batch) -> Batch:
    """Knock out the TCR of T cells, and HLA-I too by `tcr_hla`; those that keep a TCR are counted.

    Cells without a TCR but with HLA-I stay in the product and count against its purity.
    """
    alive = draw.lots("editing_survival")
    out = draw.lots("editing_tcr")
    living = batch.target * alive
    edited = replace(
        batch,
        target=living * out,
        t_cells=batch.t_cells * alive + living * (1 - out),
        others=batch.others * alive,
        edited=draw.lots("editing_hla") if by == "tcr_hla" else batch.edited,
        viability=batch.viability * alive,
        open_steps=batch.open_steps + 1,
    )
    return _passed(edited, settings["days"]).using(editing=batch.target / 1e9)


def prime(by: str, settings: Mapping[str, float], draw: Draw, batch: Batch) -> Batch:
    """IL-12, IL-15 and IL-18 overnight, then rest: memory-like NK cells."""
    kept = draw.lots("memory_like_survival")
    primed = replace(
        batch.thinned(kept),
        memory_like=np.ones(batch.target.size),
        open_steps=batch.open_steps + 1,
    )
    return _passed(primed, settings["days"]).using(priming=batch.target / 1e9)


def _passed(batch: Batch, days: float) -> Batch:
    later = replace(batch, day=batch.day + days, age=batch.age + days)
    return later.noted().using(clean_room_day=days)
