"""Kills per single mouse NK cell in 12 h, ElephesSung/Sharks, Expe_2/organised_data.csv (MIT).

Counts of cells by number of kills, transcribed from the file. Mouse cells on mouse lines: for human
products they are borrowed. Guldevall 2016 and Vanherberghen 2013 found about half (activated) to
three quarters (resting) of human NK cells not to kill; these mouse cells show no such share.
"""

import numpy as np
import pytest

from carnk.killing import kills_per_killer

COUNTS = {  # line: cells with 0, 1, 2, ... kills
    "RMA-MULT": (21, 22, 12, 4, 1),
    "RMA-RAE": (31, 26, 9, 4),
}


def kills(name: str) -> list[int]:
    return [k for k, cells in enumerate(COUNTS[name]) for _ in range(cells)]


@pytest.mark.parametrize(("name", "cells", "mean"), [("RMA-MULT", 60, 1.03), ("RMA-RAE", 70, 0.80)])
def test_counts_and_means_as_published(name: str, cells: int, mean: float) -> None:
    assert len(kills(name)) == cells
    assert np.mean(kills(name)) == pytest.approx(mean, abs=0.005)


@pytest.mark.parametrize("name", list(COUNTS))
def test_a_poisson_number_leaves_no_room_for_cells_that_never_kill(name: str) -> None:
    share, mean = kills_per_killer(kills(name))
    assert share == pytest.approx(0, abs=0.02)
    assert mean == pytest.approx(np.mean(kills(name)), rel=0.02)
