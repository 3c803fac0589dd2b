"""A stiff cytokine model of ten states for the benchmarks. All numbers are made up.

Receptors bind within seconds, transcripts turn over in hours, cells in weeks: rates span six
orders of magnitude, and a positive loop makes a burst.
"""

from __future__ import annotations

import numpy as np

from carnk.solver import Doses, Model

NUMBERS = {
    "bind": 2e3, "release": 4e3, "take_in": 40.0, "make_receptor": 50.0, "lose_receptor": 5.0,
    "phosphorylate": 5e3, "strip": 2e4, "half_signal": 0.2, "transcribe": 60.0, "decay": 20.0,
    "translate": 30.0, "clear": 12.0, "make_brake": 15.0, "brake_loss": 8.0, "half_brake": 3.0,
    "grow": 0.4, "die": 0.25, "capacity": 500.0, "prime": 3.0, "lag": 30.0, "soluble": 2.0,
    "soluble_loss": 1.5, "trap": 500.0, "part": 100.0,
}  # fmt: skip
STATES = (
    "ligand", "receptor", "bound", "signal", "message", "stored", "brake", "cells", "trap_free",
    "trapped",
)  # fmt: skip
TIMES = np.linspace(0.0, 60.0, 61)


def binding(y, p):
    on, off = p.bind * y.ligand * y.receptor / 50, p.release * y.bound / 50
    caught, freed = p.trap * y.ligand * y.trap_free / 50, p.part * y.trapped / 50
    return {
        "ligand": off - on - caught + freed - p.clear * y.ligand,
        "receptor": off - on + p.make_receptor - p.lose_receptor * y.receptor,
        "bound": on - off - p.take_in * y.bound,
        "trap_free": freed - caught + p.soluble - p.soluble_loss * y.trap_free,
        "trapped": caught - freed - p.soluble_loss * y.trapped,
    }


def signaling(y, p):
    level = y.bound / (1 + y.bound)
    on = y.signal * y.signal / (p.half_signal * p.half_signal + y.signal * y.signal)
    return {
        "signal": p.phosphorylate * level * (1 - y.signal) / (1 + y.brake / p.half_brake)
        - p.strip * y.signal * 0.05,
        "message": p.transcribe * on * y.cells / 10 - p.decay * y.message,
        "brake": p.make_brake * on - p.brake_loss * y.brake,
        "stored": p.translate * y.message - p.lag * y.stored,
        "ligand": p.lag * y.stored / 10,
    }


def cells(y, p):
    level = y.bound / (1 + y.bound)
    return {
        "cells": p.prime * 0.1 + y.cells * (p.grow * level * (1 - y.cells / p.capacity) - p.die)
    }


MODEL = Model(STATES, tuple(NUMBERS), (binding, signaling, cells), positive=STATES)


def population(patients: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, Doses]:
    """Patients who vary by 20 % in every parameter; a bolus of ligand on days 1 and 20."""
    draws = np.random.default_rng(seed)
    typical = np.array(list(NUMBERS.values()))
    parameters = typical * np.exp(0.2 * draws.standard_normal((patients, len(typical))))
    first = dict.fromkeys(STATES, 0.0) | {"receptor": 10.0, "cells": 5.0, "trap_free": 1.0}
    initial = np.tile(list(first.values()), (patients, 1))
    days, amounts = np.tile([1.0, 20.0], (patients, 1)), np.tile([20.0, 5.0], (patients, 1))
    return parameters, initial, Doses(days, np.array([0, 0]), amounts)
