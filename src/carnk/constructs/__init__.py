"""Constructs: CAR parts to a checked construct, its protein and DNA, and a GenBank file.

A construct file or the name of a built-in construct goes in; a design, the verdict of every rule,
the coding sequence and an annotated record come out. A part whose sequence nobody has read says so,
and one without a sequence can be designed with but not built. Read `design.py` first.
"""

from .design import Design, Part, cistrons, parts
from .read import built_in, read
from .rules import Verdict, check, sizes

__all__ = [
    "Design",
    "Part",
    "Verdict",
    "built_in",
    "check",
    "cistrons",
    "parts",
    "read",
    "sizes",
]
