"""In the body: infused cells, tumor, host, cytokines and safety switch, from infusion to relapse.

Rows of numbers, initial amounts and doses go in, one per patient; courses and outcomes by the
field's names come out. Read `model.py` first, then `rates.py`, which says how everything is killed.
"""

from .courses import Assay, Courses, Luck, simulate, time_grid
from .model import FROM_LIBRARY, MODEL, PARAMETERS, STATES
from .outcomes import Outcomes, outcomes
from .response import RULES, Rule
from .toxicity import astct_crs, astct_icans, grade, grade_probabilities

__all__ = [
    "FROM_LIBRARY",
    "MODEL",
    "PARAMETERS",
    "RULES",
    "STATES",
    "Assay",
    "Courses",
    "Luck",
    "Outcomes",
    "Rule",
    "astct_crs",
    "astct_icans",
    "grade",
    "grade_probabilities",
    "outcomes",
    "simulate",
    "time_grid",
]
