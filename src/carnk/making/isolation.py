"""Taking the wanted cells out: purity, recovery and depletion of T cells of each scheme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from .batch import Batch, Draw

OF_NK = ("cd3_depletion", "cd3_depletion_cd56", "cd3_cd19_depletion")


def isolate_nk(by: str, draw: Draw, batch: Batch) -> Batch:
    """Isolate NK cells by a scheme with measured purity, recovery and log T depletion.

    Purity, recovery and depletion are drawn apart, as their correlation was not published; what is
    neither NK nor T cell follows from the three.
    """
    target = batch.target * draw.lots(f"isolation_recovery_{by}")
    purity = draw.lots(f"isolation_purity_{by}")
    strangers = target * (1 / purity - 1)
    t_cells = np.minimum(batch.t_cells * 10 ** -draw.lots(f"isolation_log_t_{by}"), strangers)
    isolated = replace(batch, target=target, t_cells=t_cells, others=strangers - t_cells)
    return _handled(isolated, by)


def select_t(by: str, draw: Draw, batch: Batch) -> Batch:
    """Select CD4- and CD8-positive T cells."""
    target = batch.target * draw.lots("isolation_recovery_t_selection")
    others = target * (1 / draw.lots("isolation_purity_t_selection") - 1)
    return _handled(replace(batch, target=target, others=np.minimum(others, batch.others)), by)


def deplete_tcr(by: str, draw: Draw, batch: Batch) -> Batch:
    """Take out T cells that kept their TCR after editing."""
    left = batch.t_cells * 10 ** -draw.lots("isolation_log_tcr")
    kept = batch.target * draw.lots("isolation_recovery_tcr_depletion")
    return _handled(replace(batch, target=kept, t_cells=left), by)


def isolate(by: str, settings: Mapping[str, float], draw: Draw, batch: Batch) -> Batch:
    """Isolate by any of the schemes."""
    way = {"t_selection": select_t, "tcr_depletion": deplete_tcr}.get(by, isolate_nk)
    return way(by, draw, batch)


def _handled(batch: Batch, by: str) -> Batch:
    return replace(batch, open_steps=batch.open_steps + 1).using(**{by: 1.0})
