"""`make calibrate`: fit, draw the plausible worlds, score the held-out trials, write it down."""

import numpy as np

from .calibrate import calibrate
from .crs import fit_crs, signals
from .heldout import all_laws_without, held_out, rows, without_rows
from .joint import joint
from .pages import Findings, write_page
from .persistence import both_ends
from .store import numbers_of, world_rows, write_fitted, write_table

DRAWS = 400


def main() -> None:
    """Run every step in order; minutes on two cores."""
    print("1 of 4: fitting four numbers to Marin 2024", flush=True)
    fit = calibrate()
    central = signals(numbers_of(fit), threads=2)[0]
    rng = np.random.default_rng(1)
    draws = np.array([fit_crs(central, rng=rng).law for _ in range(DRAWS)])
    print("2 of 4: weighing joint draws of all uncertain numbers, then CAR-T ones", flush=True)
    worlds = joint()
    write_fitted(fit, fit_crs(central).law, draws, worlds.values)
    write_table("worlds", world_rows(worlds.values))
    print("3 of 4: scoring the held-out trials", flush=True)
    laws = all_laws_without(worlds)
    scores = held_out(worlds, laws)
    write_table("heldout", rows(scores))
    write_table("crs_without", without_rows(laws))
    print("4 of 4: writing docs/calibration.md", flush=True)
    write_page(Findings(fit, worlds, scores, both_ends()))


if __name__ == "__main__":
    main()
