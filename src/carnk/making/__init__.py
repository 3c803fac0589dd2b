"""From source cells to released, frozen doses: a process of steps, run for many lots at once.

A process (a built-in name or a file) and a seed go in; `Lots` come out, one row a lot: doses,
cells, CAR+ share, copies per total and per CAR+ cell, residual T cells, release, days, cost.
Read `make.py` first, the one loop, then `steps.py`, which lists the steps and their settings.
"""

from .lots import Lots
from .make import make
from .process import Dose, Process, Specification, Step
from .read import built_in, parse, read

__all__ = [
    "Dose",
    "Lots",
    "Process",
    "Specification",
    "Step",
    "built_in",
    "make",
    "parse",
    "read",
]
