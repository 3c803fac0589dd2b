"""The numbers: every value the science rooms stand on, with its unit, its spread and its source.

YAML files of numbers, CSV tables and a bibliography go in; checked `Numbers`, a `View` that
remembers what was asked, tables and citations come out. Read `number.py` first, then one file of
`numbers/`.
"""

from .bibliography import Reference, bibtex, references
from .loader import load
from .number import OWN_DATA, Number, Numbers, Spread, View, share_unverified
from .own import limits, number_file_text, parse_number_file
from .table import table

__all__ = [
    "OWN_DATA",
    "Number",
    "Numbers",
    "Reference",
    "Spread",
    "View",
    "bibtex",
    "limits",
    "load",
    "number_file_text",
    "parse_number_file",
    "references",
    "share_unverified",
    "table",
]
