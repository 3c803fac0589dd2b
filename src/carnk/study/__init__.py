"""Studies: read a study file, draw its patients, carry them through the science rooms, in chunks.

A study file or the name of a built-in study goes in; a run folder with outcomes of every patient
comes out. Read `run.py` first: it is the one loop.
"""

from .find import built_in, scenarios, study_text
from .read import parse, read
from .result import Result, run

__all__ = ["Result", "built_in", "parse", "read", "run", "scenarios", "study_text"]
