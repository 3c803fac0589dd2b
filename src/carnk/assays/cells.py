"""A text file from a lab as rows of cells: separator, decimal mark and out-of-range words known."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ..base import DataError, Problem, SpecError, did_you_mean, read_bytes

LARGEST_BYTES = 20_000_000
DECIMALS = ("comma", "point")
SEPARATORS = ("\t", ";", ",")
EMPTY = ("", "-", "--", "empty", "na", "n/a", "#n/a", "nan")
OVER = ("over", "ovr", "ovrflw", "ovflw", "overflw", "overflow", "ovfl", "sat", "#sat", "saturated")
UNDER = ("under", "undrflw", "underflw", "underflow", "unfl")
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")

_EXPONENT = r"(?:[eE][+-]?\d+)?"
_POINT = re.compile(rf"[+-]?(?:\d+\.?\d*|\.\d+){_EXPONENT}")
_COMMA = re.compile(rf"[+-]?(?:\d+,?\d*|,\d+){_EXPONENT}")
_GROUPED = {
    "point": re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?"),
    "comma": re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?"),
}
_LIMIT = re.compile(r"([<>])\s*=?\s*(.+)")


@dataclass(frozen=True)
class Reading:
    """What stands in a well: a value, or with `flag` 'over' or 'under' the limit it lies beyond.

    The limit is infinite where the file names none. `line` is the line of the file.
    """

    value: float
    flag: str = ""
    line: int = 0


@dataclass(frozen=True)
class Sheet:
    """Rows of a text file as (line, cells); content: its bytes, the key of pseudonyms.

    decimal: 'point' or 'comma'; stated: whether the user said so.
    """

    file: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    separator: str
    decimal: str
    stated: bool
    content: bytes

    @property
    def sha256(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.content).hexdigest()

    def number(self, cell: str) -> float:
        """Return the number in a cell; ValueError says what is wrong with it."""
        text = _plain(cell)
        pattern = _POINT if self.decimal == "point" else _COMMA
        if pattern.fullmatch(text):
            return _finite(text.replace(",", "."), cell)
        if not _GROUPED[self.decimal].fullmatch(text):
            raise ValueError(f"'{cell}' is not a number")
        group, mark = (",", ".") if self.decimal == "point" else (".", ",")
        if text.count(group) == 1 and mark not in text and not self.stated:
            raise ValueError(f"'{cell}' may have a decimal mark or group its thousands")
        return _finite(text.replace(group, "").replace(mark, "."), cell)

    def reading(self, cell: str, line: int) -> Reading | None:
        """Return what a cell says of a well, None if it is empty; ValueError if it is no number."""
        word = _plain(cell).lower()
        if word in EMPTY:
            return None
        if word in OVER or re.fullmatch(r"\*{3,}", word):
            return Reading(math.inf, "over", line)
        if word in UNDER:
            return Reading(-math.inf, "under", line)
        limit = _LIMIT.fullmatch(_plain(cell))
        if limit:
            return Reading(self.number(limit[2]), "over" if limit[1] == ">" else "under", line)
        return Reading(self.number(cell), "", line)


def read_sheet(path: Path | str, decimal: str = "") -> Sheet:
    """Read a CSV, TSV or other export as text; SpecError if it is too large, a workbook or empty.

    decimal: 'comma' or 'point' where the file leaves open which one it uses.
    """
    path = Path(path)
    if decimal not in ("", *DECIMALS):
        what = f"'{decimal}' is not comma or point"
        raise SpecError(Problem("--decimal", what, did_you_mean(decimal, DECIMALS)))
    content = read_bytes(path, LARGEST_BYTES)
    if content.startswith(WORKBOOKS):
        do = "Save the sheet as CSV or text in the spreadsheet program, and give that file."
        raise SpecError(Problem(path.name, "this is an Excel workbook, not text", do))
    return sheet_of(_decoded(content), path.name, content, decimal)


def sheet_of(text: str, file: str, content: bytes = b"", decimal: str = "") -> Sheet:
    """Return the rows of a text; DataError if there is nothing in it or its numbers are unclear."""
    separator = _separator(text)
    rows = tuple(_rows(text, separator, file))
    if not any(cell for _, cells in rows for cell in cells):
        raise DataError(Problem(file, "there is nothing in this file"))
    found = decimal or _decimal(rows, file)
    return Sheet(file, rows, separator, found, bool(decimal), content or text.encode())


def _plain(cell: str) -> str:
    return cell.replace("\u00a0", "").replace("\u202f", "").replace("\u2212", "-").strip()


def _finite(text: str, cell: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"'{cell}' is not a finite number")
    return value


def _decoded(content: bytes) -> str:
    """The text: UTF-8, UTF-16 by its mark, or else Windows western, as readers' programs write."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _separator(text: str) -> str:
    """The first of tab, semicolon and comma that stands in half as many lines as the commonest."""
    lines = text.splitlines()
    count = {each: sum(each in line for line in lines) for each in SEPARATORS}
    most = max(count.values())
    if most == 0:
        return " "
    return next(each for each in SEPARATORS if 2 * count[each] >= most and count[each])


def _rows(text: str, separator: str, file: str) -> list[tuple[int, tuple[str, ...]]]:
    if separator == " ":
        return [(i, tuple(line.split())) for i, line in enumerate(text.splitlines(), 1)]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows, line = [], 1
    try:
        for cells in reader:
            rows.append((line, tuple(cell.strip() for cell in cells)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(Problem(f"{file}:{line}", f"this is not a table: {error}")) from None
    return rows


def _decimal(rows: tuple[tuple[int, tuple[str, ...]], ...], file: str) -> str:
    """The decimal mark that most numbers of a file use; DataError where it cannot be told."""
    cells = [_plain(c.split()[0]).lstrip("<>=") for _, row in rows for c in row if c]
    commas = [c for c in cells if "," in c and _COMMA.fullmatch(c)]
    points = [c for c in cells if "." in c and _POINT.fullmatch(c)]
    if not commas:
        return "point"
    unclear = Counter(_GROUPED["point"].fullmatch(c) is not None for c in commas)
    if not unclear[False] and not points:
        what = f"'{commas[0]}' may be {commas[0].replace(',', '')} or {commas[0].replace(',', '.')}"
        raise DataError(Problem(file, what, "Say which: --decimal point or --decimal comma."))
    return "comma" if len(commas) > len(points) else "point"
