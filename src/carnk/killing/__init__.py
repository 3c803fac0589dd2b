"""Recognition and killing: which receptors meet which ligands, what signal, what lysis.

Cells go in (receptors of an effector, ligands of a target, as molecules per cell) with the numbers
of the law; lysis over E:T and hours, the share of each arm, kill rates relative to a reference and
the price for healthy cells come out. Read `signal.py` first, then `lysis.py`.
"""

from .adcc import antibody_on_cell, cd16_kd, cd16_left
from .binding import bond_survival, complexes
from .cells import Amount, Effector, Target
from .curve import Assay, KillCurve, beside, kill, self_kill
from .healthy import Choice, choices, fratricide
from .lysis import Course, kills_per_killer, lysis, mean_rate
from .reference import effector, law, products, target, targets
from .signal import ARMS, INHIBITORS, Law, Rates, pair_rates, shares, vav

__all__ = [
    "ARMS",
    "INHIBITORS",
    "Amount",
    "Assay",
    "Choice",
    "Course",
    "Effector",
    "KillCurve",
    "Law",
    "Rates",
    "Target",
    "antibody_on_cell",
    "beside",
    "bond_survival",
    "cd16_kd",
    "cd16_left",
    "choices",
    "complexes",
    "effector",
    "fratricide",
    "kill",
    "kills_per_killer",
    "law",
    "lysis",
    "mean_rate",
    "pair_rates",
    "products",
    "self_kill",
    "shares",
    "target",
    "targets",
    "vav",
]
