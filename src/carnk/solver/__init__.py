"""The solver: models of mechanisms, integrated for whole populations of patients.

A model's plain functions and a table of numbers per patient go in; courses, event times and the
reasons of failures come out, as do the model's equations and an SBML file.
Read `model.py` first, then `population.py`; `steps.py` writes what the two executors run.
"""

from .expression import exp, log, maximum, minimum, power, sqrt, where
from .model import Event, Model
from .population import Doses, Solution, solve

__all__ = [
    "Doses",
    "Event",
    "Model",
    "Solution",
    "exp",
    "log",
    "maximum",
    "minimum",
    "power",
    "solve",
    "sqrt",
    "where",
]
