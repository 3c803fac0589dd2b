"""Trial designs: outcomes so far in, the next dose and why out; statistics without biology.

A `Design` is put together from small frozen parts (rule, admissibility, increments, cohort size,
stopping with `&` and `|`, selection); cohorts or pre-drawn virtual patients go in, decisions,
tables, protocol prose and simulated trials come out. Read `protocol.py` first, then `boin.py`.
"""

from .backfill import backfill_boin
from .blrm import BlrmModel, blrm
from .boin import boin, boundaries
from .boin12 import Boin12, Utility, boin12
from .catalog import DESIGNS, Settings, build
from .crm import CrmModel, crm, skeleton, tite_crm
from .efftox import Contour, EffToxModel, efftox
from .enumerate import Exact, enumerate_trials, paths
from .exact import clopper_pearson
from .keyboard import keyboard, mtpi, mtpi2
from .monitoring import Monitored, bop2, predictive
from .operating import Characteristics, difference, summarize
from .outcomes import Cohort, Patient, Tally, read_cohorts, write_cohorts
from .patients import Calendar, Patients, Truth, draw
from .protocol import Decision, Design, Step
from .rolling_six import rolling_six
from .simon import TwoStage, simon
from .simulate import Trials, simulate
from .three_plus_three import three_plus_three
from .tite_boin import tite_boin

__all__ = [
    "DESIGNS",
    "BlrmModel",
    "Boin12",
    "Calendar",
    "Characteristics",
    "Cohort",
    "Contour",
    "CrmModel",
    "Decision",
    "Design",
    "EffToxModel",
    "Exact",
    "Monitored",
    "Patient",
    "Patients",
    "Settings",
    "Step",
    "Tally",
    "Trials",
    "Truth",
    "TwoStage",
    "Utility",
    "backfill_boin",
    "blrm",
    "boin",
    "boin12",
    "bop2",
    "boundaries",
    "build",
    "clopper_pearson",
    "crm",
    "difference",
    "draw",
    "efftox",
    "enumerate_trials",
    "keyboard",
    "mtpi",
    "mtpi2",
    "paths",
    "predictive",
    "read_cohorts",
    "rolling_six",
    "simon",
    "simulate",
    "skeleton",
    "summarize",
    "three_plus_three",
    "tite_boin",
    "tite_crm",
    "write_cohorts",
]
