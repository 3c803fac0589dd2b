"""The ground floor: errors, units, files, random streams; it knows nothing of cells or trials.

Text and paths go in; plain floats, nodes with line numbers and numpy arrays come out, or one error
that lists all problems. Read `errors.py` first: every other room speaks in its shape. (Random
streams are imported from `carnk.base.streams`, so that numpy is loaded only where it is needed.)
"""

from .errors import (
    CarnkError,
    DataError,
    NumberError,
    Problem,
    SolveError,
    SpecError,
    did_you_mean,
)
from .files import (
    Node,
    new_folder_atomic,
    parse_yaml,
    read_bytes,
    read_text,
    read_yaml,
    write_bytes_atomic,
    write_text_atomic,
)
from .privacy import pseudonyms
from .units import convert, dimension_of, is_plain, is_unit, read_quantity

__all__ = [
    "CarnkError",
    "DataError",
    "Node",
    "NumberError",
    "Problem",
    "SolveError",
    "SpecError",
    "convert",
    "did_you_mean",
    "dimension_of",
    "is_plain",
    "is_unit",
    "new_folder_atomic",
    "parse_yaml",
    "pseudonyms",
    "read_bytes",
    "read_quantity",
    "read_text",
    "read_yaml",
    "write_bytes_atomic",
    "write_text_atomic",
]
