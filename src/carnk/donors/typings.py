"""A CSV file of typings in; people with ligands and KIR out, or every problem with its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..base import DataError, Problem, SpecError, did_you_mean, read_text
from .hla import read_alleles
from .kir import KirTyping, read_kir
from .ligands import Ligands, Rules, built_in_rules, ligands_of

LARGEST_FILE_BYTES = 200_000_000


@dataclass(frozen=True)
class Typing:
    """One person: ligands of the HLA types, and KIR (None where not typed)."""

    id: str
    ligands: Ligands
    kir: KirTyping | None

    @property
    def educated(self) -> tuple[str, ...]:
        """Inhibitory KIR that meet a ligand of the own HLA."""
        return self.kir.educated(self.ligands.present) if self.kir else ()

    @property
    def ambiguous(self) -> tuple[str, ...]:
        """What the typing leaves open: ligands that may be there, 'minus21', 'cen', 'tel'."""
        leaders = ("minus21",) if "|" in self.ligands.minus21 else ()
        return self.ligands.open + leaders + (self.kir.open if self.kir else ())


def read_typings(
    path: Path | str, needs_kir: bool = True, rules: Rules | None = None
) -> list[Typing]:
    """Read people from a CSV file with the columns id, hla and kir.

    Without `needs_kir` the column kir may be missing. `rules` are those of this package unless
    given. Raises DataError with every problem of the file, each with its line.
    """
    path, rules = Path(path), rules or built_in_rules()
    wanted = ("id", "hla", "kir") if needs_kir else ("id", "hla")
    problems: list[Problem] = []
    people: list[Typing] = []
    lines: dict[str, int] = {}
    for line, row in read_rows(path, wanted, problems):
        where = f"{path.name}:{line}"
        loci, wrong = read_alleles(row["hla"])
        kir, wrong_kir = read_kir(row.get("kir", ""))
        problems += [problem.at(f"{where}: hla") for problem in wrong]
        problems += [problem.at(f"{where}: kir") for problem in wrong_kir]
        name = row["id"]
        if name in lines:
            what = f"'{name}' stands on line {lines[name]} already"
            problems.append(Problem(f"{where}: id", what, "Give each person one row."))
        elif not name:
            problems.append(Problem(f"{where}: id", "there is no id", "Name the person."))
        lines.setdefault(name, line)
        if not (wrong or wrong_kir):
            people.append(Typing(name, ligands_of(loci, rules), kir))
    if problems:
        raise DataError(sorted(problems, key=_line), path.name)
    return people


def read_rows(
    path: Path, wanted: tuple[str, ...], problems: list[Problem]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, cells by column) of a CSV file; problems of rows are gathered.

    Raises DataError at once if the file is empty, no CSV, or lacks a wanted column.
    """
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        _check_header(path.name, header, wanted)
        some = False
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            some = True
            if len(row) != len(header):
                what = f"there are {len(row)} cells, but {len(header)} columns"
                where = f"{path.name}:{reader.line_num}"
                problems.append(Problem(where, what, "Quote cells that hold a comma."))
                continue
            yield reader.line_num, dict(zip(header, (cell.strip() for cell in row)))
    except csv.Error as error:
        where = f"{path.name}:{reader.line_num}"
        raise DataError(Problem(where, f"this is not CSV: {error}")) from None
    if not some:
        raise DataError(Problem(path.name, "there are no rows", "Give one row a person."))


def _text(path: Path) -> str:
    try:
        text = read_text(path, LARGEST_FILE_BYTES)
    except SpecError as error:
        if not path.is_file():
            raise
        raise DataError(error.problems) from None
    if "\0" in text:
        raise DataError(Problem(path.name, "this is not text", "Save the table as CSV."))
    return text


def _check_header(file: str, header: list[str], wanted: tuple[str, ...]) -> None:
    listed = ",".join(wanted)
    if not any(header):
        raise DataError(Problem(file, "the file is empty", f"Its first line is '{listed}'."))
    if len(header) == 1 and (mark := next((m for m in ";\t|" if m in header[0]), "")):
        do = "Save the table with commas; a list within a cell is separated by ';'."
        raise DataError(Problem(f"{file}:1", f"the columns are separated by {mark!r}", do))
    problems = [
        Problem(f"{file}:1", f"the column '{name}' is missing", _nearest(name, header, listed))
        for name in wanted
        if name not in header
    ]
    problems += [
        Problem(f"{file}:1", f"the column '{name}' stands twice", "Remove one.")
        for name in dict.fromkeys(header)
        if name and header.count(name) > 1
    ]
    if problems:
        raise DataError(problems, file)


def _nearest(name: str, header: list[str], listed: str) -> str:
    near = did_you_mean(name, header)
    return (
        near.replace("Did you mean", "Rename").replace("?", ".")
        if near
        else (f"The first line holds '{listed}'.")
    )


def _line(problem: Problem) -> int:
    parts = problem.where.split(":")
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0
