"""Tables of digital and real-time PCR as instruments write them to copies per cell.

One row for each assay of a well: sample, target, and either positive and accepted droplets, or Cq
with the standards' quantity. Which target is the reference gene is told by its role, its name or
the user.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isnan, nan
from pathlib import Path

from ..base import DataError, Problem, SpecError, did_you_mean
from .delimited import Cells, Table, is_missing, read_table
from .qpcr import Curve, curve, none_found
from .qpcr import per_cell as by_curves
from .vcn import Copies, Droplets, PerCar, per_car_positive
from .vcn import per_cell as by_droplets

NAMES = {
    "sample": ("sample", "sample_name", "sample_id", "sample_description_1", "name"),
    "well": ("well", "well_position"),
    "target": ("target", "target_name", "assay", "gene", "detector"),
    "positive": ("positive", "positives", "positive_droplets", "partitions_positive"),
    "negative": ("negative", "negatives", "negative_droplets", "partitions_negative"),
    "total": ("total", "accepteddroplets", "accepted_droplets", "droplets", "partitions_valid"),
    "cq": ("cq", "ct", "cp"),
    "quantity": ("quantity", "starting_quantity", "starting_quantity_sq", "sq", "copies"),
    "role": ("role", "task", "content", "type", "targettype", "target_type", "sample_type"),
    "dilution": ("dilution",),
    "car": ("car_positive", "car", "car_pct", "car_percent"),
}
REFERENCES = ("rpp30", "rnasep", "alb", "albumin", "tert", "ptbp2", "hbb", "actb", "gapdh", "ref",
              "reference", "housekeeping")  # fmt: skip
BLANKS = ("ntc", "notemplate", "notemplatecontrol", "blank", "water", "h2o")
NOT_FOUND = ("undetermined", "und", "n/d", "nd")
BARE = 0.01  # copies of the reference per droplet, below which a control holds no cells

_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


@dataclass(frozen=True)
class Row:
    """One assay of one well; NaN for what its method has not."""

    line: int
    sample: str
    well: str
    target: str
    role: str
    positive: float
    total: float
    cq: float
    quantity: float
    dilution: float
    car: str


@dataclass(frozen=True)
class Vcn:
    """A sample's copies of one target per cell of all, and per CAR-positive cell if known."""

    sample: str
    target: str
    total: Copies
    per_car: PerCar | None
    car_share: tuple[float, float, float] | None
    wells: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """All samples of a file; `method` is 'ddPCR' or 'qPCR', curves are those of qPCR."""

    file: str
    method: str
    reference: str
    reference_copies: float
    results: tuple[Vcn, ...]
    curves: tuple[Curve, ...] = ()
    content: bytes = field(default=b"", repr=False)


def read_vcn(
    path: Path,
    reference: str = "",
    reference_copies: float = 2.0,
    car: str = "",
    decimal: str = "",
) -> Report:
    """Read a file and count; DataError with all that is wrong and its lines.

    reference: name of the reference assay, if its role or name does not tell. car: share of
    CAR-positive cells where the file has no column for it ('45 %', '45 % (42-48)').
    """
    table = read_table(path, decimal)
    rows, method = _rows(table)
    name = _reference(table.file, rows, reference)
    share = share_of(car, "--car-positive") if car else None
    cells = Cells(table.sheet)
    curves = _curves(table.file, rows) if method == "qPCR" else {}
    results: list[Vcn] = []
    blanks = _blanks(rows, method)
    samples = list(dict.fromkeys(row.sample for row in rows if not _is_standard(row)))
    if share and sum(_plain(each) not in BLANKS for each in samples) > 1:
        blanks = (*blanks, "one share of CAR+ cells is taken for all samples")
    for sample in samples:
        own = [row for row in rows if row.sample == sample and not _is_standard(row)]
        if _is_blank(sample, own, name):
            continue
        results += _sample(own, name, curves, (reference_copies, share, blanks), cells)
    if cells.problems:
        raise DataError(cells.problems, table.file)
    if not results:
        raise DataError(Problem(table.file, "there is no sample to count"))
    told = (table.file, method, name, reference_copies, tuple(results))
    return Report(*told, tuple(curves.values()), table.sheet.content)


def share_of(text: str, where: str) -> tuple[float, float, float]:
    """'45 %', '0.45' or '45 % (42-48)' as share and its ends; SpecError for anything else."""
    numbers = [float(each.replace(",", ".")) for each in _NUMBER.findall(text)]
    if "%" in text or any(each > 1 for each in numbers):
        numbers = [each / 100 for each in numbers]
    if len(numbers) == 1:
        numbers = [numbers[0]] * 3
    if len(numbers) != 3 or not 0 < numbers[1] <= numbers[0] <= numbers[2] <= 1:
        do = "Write '45 %', or with its interval '45 % (42-48)'."
        raise SpecError(Problem(where, f"'{text}' is no share of CAR-positive cells", do))
    return numbers[0], numbers[1], numbers[2]


def _key(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _places(table: Table) -> dict[str, int]:
    keys = [_key(title) for title in table.header]
    return {
        name: keys.index(alias)
        for name, aliases in NAMES.items()
        for alias in reversed(aliases)
        if alias in keys
    }


def _rows(table: Table) -> tuple[list[Row], str]:
    """Rows of either method; a cell that is no number is named."""
    places = _places(table)
    method = "qPCR" if "cq" in places else "ddPCR"
    needed = ["sample", "target", *(["cq"] if method == "qPCR" else ["positive"])]
    missing = [name for name in needed if name not in places]
    if method == "ddPCR" and not {"total", "negative"} & set(places):
        missing.append("total")
    if missing:
        what = f"no column {' or '.join(missing)}"
        raise DataError(Problem(f"{table.file}:1", what, f"Found: {', '.join(table.header)}."))
    cells = Cells(table.sheet)
    rows = [_row(cells, places, table, i) for i in range(len(table.rows))]
    if cells.problems:
        raise DataError(cells.problems, table.file)
    return rows, method


def _row(cells: Cells, places: Mapping[str, int], table: Table, index: int) -> Row:
    line, row = table.lines[index], table.rows[index]

    def text(name: str) -> str:
        cell = row[places[name]] if name in places else ""
        return "" if is_missing(cell) else cell

    def number(name: str) -> float:
        cell = text(name)
        if not cell or cell.lower() in NOT_FOUND:
            return nan
        return cells.number(line, table.header[places[name]], cell)

    positive, total = number("positive"), number("total")
    if isnan(total):
        total = positive + number("negative")
    dilution = number("dilution")
    found = Row(
        line, text("sample"), text("well"), text("target"), text("role"), positive, total,
        number("cq"), number("quantity") if "cq" in places else nan,
        1.0 if isnan(dilution) else dilution, text("car"),
    )  # fmt: skip
    if found.car and re.search("%|pct|percent", table.header[places["car"]], re.IGNORECASE):
        found = replace(found, car=f"{found.car} %")
    _check(cells, places, found)
    return found


def _check(cells: Cells, places: Mapping[str, int], row: Row) -> None:
    for name in ("sample", "target"):
        if not getattr(row, name):
            cells.wrong(row.line, name, f"the {name} is missing")
    if row.dilution <= 0:
        cells.wrong(row.line, "dilution", f"{row.dilution:g} is not above 0")
    if "positive" not in places or "cq" in places:
        return
    if isnan(row.positive) or isnan(row.total):
        if not cells.problems:
            cells.wrong(row.line, "droplets", "positive or accepted droplets are missing")
    elif row.positive % 1 or row.total % 1 or row.positive < 0:
        cells.wrong(row.line, "droplets", "droplets are counted in whole numbers from 0")
    elif row.total < 1 or row.positive > row.total:
        what = f"{row.positive:g} of {row.total:g} droplets cannot be positive"
        cells.wrong(row.line, "droplets", what)
    elif row.positive == row.total:
        do = "Dilute the DNA and count again."
        cells.wrong(row.line, "droplets", "all droplets are positive: no count", do)


def _is_standard(row: Row) -> bool:
    if row.role:
        return row.role.lower().startswith(("std", "standard"))
    return not isnan(row.quantity)


def _is_blank(sample: str, rows: Sequence[Row], reference: str) -> bool:
    """Whether a sample is a control without DNA; one that holds the reference gene is not."""
    is_named = _plain(sample) in BLANKS or any(_plain(row.role) in BLANKS for row in rows)
    genes = [r for r in rows if r.target == reference]
    if any(not isnan(r.positive) and r.positive / r.total > BARE for r in genes):
        return False
    return is_named


def _blanks(rows: Sequence[Row], method: str) -> tuple[str, ...]:
    """What controls without DNA show of each target."""
    notes = []
    for target in dict.fromkeys(row.target for row in rows):
        own = [r for r in rows if r.target == target
               and (_plain(r.sample) in BLANKS or _plain(r.role) in BLANKS)]  # fmt: skip
        if method == "ddPCR" and sum(r.positive for r in own) > 0:
            n, of = sum(r.positive for r in own), sum(r.total for r in own)
            notes.append(f"no-template wells: {n:g} of {of:,.0f} droplets positive for {target}")
        if method == "qPCR" and any(not isnan(r.cq) for r in own):
            first = min(r.cq for r in own if not isnan(r.cq))
            notes.append(f"no-template wells: {target} at Cq {first:.1f}")
    return tuple(notes)


def _reference(file: str, rows: Sequence[Row], asked: str) -> str:
    targets = list(dict.fromkeys(row.target for row in rows))
    if asked:
        found = [each for each in targets if _plain(each) == _plain(asked)]
    else:
        by_role = {row.target for row in rows if "ref" in row.role.lower()}
        found = [each for each in targets if each in by_role]
        found = found or [each for each in targets if _plain(each) in REFERENCES]
    if len(found) != 1 or len(targets) < 2:
        what = "which target is the reference gene is not told"
        if asked:
            what = f"there is no target '{asked}'"
        do = (did_you_mean(asked, targets) if asked else "") or f"Targets: {', '.join(targets)}."
        raise DataError(Problem(f"{file}: --reference", what, do))
    return found[0]


def _curves(file: str, rows: Sequence[Row]) -> dict[str, Curve]:
    """A standard curve for each target; all that lack one are named."""
    found: dict[str, Curve] = {}
    problems: list[Problem] = []
    for target in dict.fromkeys(row.target for row in rows):
        own = [r for r in rows if r.target == target and _is_standard(r)]
        own = [r for r in own if r.quantity > 0 and not isnan(r.cq)]
        try:
            pairs = [r.quantity for r in own], [r.cq for r in own]
            found[target] = curve(target, *pairs, f"{file}: standards of {target}")
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(problems, file)
    return found


def _sample(
    rows: Sequence[Row],
    reference: str,
    curves: Mapping[str, Curve],
    told: tuple[float, tuple[float, float, float] | None, tuple[str, ...]],
    cells: Cells,
) -> list[Vcn]:
    """All targets of one sample against the reference."""
    reference_copies, share, blanks = told
    genes = [row for row in rows if row.target == reference]
    found: list[Vcn] = []
    for target in dict.fromkeys(r.target for r in rows if r.target != reference):
        own = [row for row in rows if row.target == target]
        copies = _copies(own, genes, curves, reference_copies, cells)
        if copies is None:
            continue
        written = next((r.car for r in own if r.car), "")
        mine = _share(written, own[0].line, cells) if written else share
        per_car = per_car_positive(copies, *mine) if mine else None
        notes = per_car.copies.notes if per_car else copies.notes
        notes = (*notes, *blanks)
        found.append(Vcn(rows[0].sample, target, copies, per_car, mine, len(own), notes))
    return found


def _share(text: str, line: int, cells: Cells) -> tuple[float, float, float] | None:
    try:
        return share_of(text, "")
    except SpecError as error:
        cells.wrong(line, "CAR+", error.problems[0].what, error.problems[0].do)
        return None


def _copies(
    own: Sequence[Row],
    genes: Sequence[Row],
    curves: Mapping[str, Curve],
    reference_copies: float,
    cells: Cells,
) -> Copies | None:
    line, sample = own[0].line, own[0].sample
    dilutions = [{row.dilution for row in each} for each in (own, genes)]
    if not genes:
        cells.wrong(line, "reference", f"sample {sample} has no well of the reference gene")
    elif any(len(each) > 1 for each in dilutions):
        cells.wrong(line, "dilution", f"the wells of {sample} have several dilutions")
    elif curves:
        seen = [[r.cq for r in each if not isnan(r.cq)] for each in (own, genes)]
        if not seen[1]:
            cells.wrong(line, "Cq", f"the reference gene has no Cq in sample {sample}")
            return None
        pairs = [(curves[r[0].target], cq) for r, cq in zip((own, genes), seen)]
        dilution = own[0].dilution / genes[0].dilution
        if not seen[0]:
            return none_found(pairs[0], pairs[1], dilution, reference_copies)
        return by_curves(pairs[0], pairs[1], dilution, reference_copies)
    elif not sum(row.positive for row in genes):
        cells.wrong(line, "reference", f"sample {sample} has no droplet of the reference gene")
    else:
        drops = [[Droplets(int(r.positive), int(r.total), r.dilution, r.line) for r in each]
                 for each in (own, genes)]  # fmt: skip
        return by_droplets(drops[0], drops[1], reference_copies)
    return None
