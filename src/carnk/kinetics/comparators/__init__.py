"""Published CAR-T models to set beside our own: equations as printed, solved by our solver.

Numbers by name go in, one row per patient; courses, and figures to compare with the paper, come
out. Read `comparator.py` first, then one paper's file.
"""

from types import MappingProxyType

from .comparator import Case, Comparator, Courses, Figure, Line, simulate
from .hardiansyah2019 import HARDIANSYAH
from .kimmel2021 import KIMMEL
from .singh2021 import SINGH
from .stein2019 import STEIN

COMPARATORS = MappingProxyType({each.name: each for each in (STEIN, HARDIANSYAH, SINGH, KIMMEL)})

__all__ = [
    "COMPARATORS",
    "Case",
    "Comparator",
    "Courses",
    "Figure",
    "Line",
    "simulate",
]
