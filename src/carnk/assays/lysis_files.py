"""Files of killing assays as wells: plates with a layout, instruments' exports, lists of wells."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..base import DataError, Problem, SpecError, pseudonyms
from .cells import read_sheet
from .delimited import Cells, Table, read_table
from .incucyte import is_incucyte, traces_of
from .layout import Layout, LayoutWell, check_match, read_layout
from .plate import PlateFile, plates_of
from .rtca import read_rtca
from .traces import Traces
from .wells import (
    BACKGROUND,
    EFFECTOR,
    EMPTY,
    MAXIMUM,
    SAMPLE,
    SPONTANEOUS,
    Well,
    Wells,
    et_ratio,
    kind_of,
    named,
)

ROLES = {
    "sample": SAMPLE, "spontaneous": SPONTANEOUS, "target": SPONTANEOUS, "maximum": MAXIMUM,
    "blank": BACKGROUND, "medium": BACKGROUND, "effector": EFFECTOR,
}  # fmt: skip
SIGNALS = ("signal", "value", "count", "counts", "cpm", "rlu", "dead_pct", "area")
KINDS = ("kind", "role")
WORKBOOK = b"PK\x03\x04"
FLAT = 0.05  # cell index below which a well holds no attached cells

_NAMED = re.compile(r"(.*?)[\s,;_@]*(\d+(?:\.\d+)?\s*:\s*\d+(?:\.\d+)?)\s*(?:E:?T)?", re.I)


@dataclass(frozen=True)
class Asked:
    """How to read a file. read: which reading of several; leave_out: wells not to be used."""

    decimal: str = ""
    read: str = ""
    leave_out: tuple[str, ...] = ()
    keep_ids: bool = False


AS_IT_IS = Asked()


def read_wells(
    path: Path | str, layout: Path | str | None = None, asked: Asked = AS_IT_IS
) -> list[Wells]:
    """Read a plate, an instrument's export or a list of wells; one entry for each set of hours.

    layout: the CSV that says what is in each well; a list of wells with the columns kind and signal
    needs none, a workbook whose own layout names the wells ('CAR 5:1', 'target alone') neither.
    Donors and plates become pseudonyms unless `asked` keeps their names. Raises SpecError for files
    and options, DataError for their content, with every place.
    """
    path = Path(path)
    found = _read(path, read_layout(layout, asked.decimal) if layout else None, asked)
    return [_private(_left_out(each, asked.leave_out), asked.keep_ids) for each in found]


def _read(path: Path, layout: Layout | None, asked: Asked) -> list[Wells]:
    if _starts_with(path, WORKBOOK):
        return [_of_traces(read_rtca(path), layout)]
    if layout is None and is_of_wells(path):
        return _of_list(read_table(path, asked.decimal))
    sheet = read_sheet(path, asked.decimal)
    if is_incucyte(sheet):
        return [_of_traces(traces_of(sheet), layout)]
    if layout is None:
        do = "Give --layout, or a list of wells with the columns kind, effector, et and signal."
        raise SpecError(Problem(path.name, "nothing says what is in the wells", do))
    return [_of_plates(plates_of(sheet), layout, asked.read)]


def _starts_with(path: Path, mark: bytes) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(mark)) == mark
    except OSError:
        return False  # told by who reads it


def is_of_wells(path: Path) -> bool:
    """Whether a file is a list of wells with their kind and signal, by its header."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as stream:
            heads = re.split(r"[,;\t]", stream.readline().strip().lower())
    except OSError:
        return False
    heads = [head.strip(' "') for head in heads]
    return bool({*KINDS} & {*heads}) and bool({*SIGNALS} & {*heads})


def _of_plates(file: PlateFile, layout: Layout, read: str) -> Wells:
    timed = [p for p in file.plates if p.hours is not None]
    plates = [file.one(read)] if read or len(timed) < len(file.plates) else timed
    check_match(plates[0], layout)
    empty = [w for w in layout.empty_on(plates[0]) if layout.wells[w].role in ROLES]
    if empty:
        what = f"the layout fills {', '.join(empty[:12])}, but the plate has no reading there"
        raise DataError(Problem(file.sheet.file, what, "Correct the plate, or name them 'empty'."))
    flagged = [
        Problem(f"{file.sheet.file}:{r.line}: well {w}", f"the reading is {r.flag} the range")
        for p in plates for w, r in p.readings.items() if r.flag and w in layout.wells
        and layout.wells[w].role in ROLES
    ]  # fmt: skip
    if flagged:
        do = "Read the plate at another gain, or name the wells 'empty'."
        raise DataError([replace(p, do=do) for p in flagged], file.sheet.file)
    ordered = sorted(plates, key=lambda p: p.hours or 0.0)
    hours = np.array([p.hours or 0.0 for p in ordered])
    signal = {
        well: np.array([p.readings[well].value if well in p.readings else np.nan for p in ordered])
        for well in plates[0].readings
    }
    traces = Traces(file.sheet.file, hours, signal, content=file.sheet.content)
    return _of_traces(traces, layout)


def _of_traces(traces: Traces, layout: Layout | None) -> Wells:
    """Wells of one plate; those that the layout calls empty are left out."""
    problems: list[Problem] = []
    wells: list[Well] = []
    if layout is None:
        if not traces.names:
            do = "Give --layout: a CSV with the columns well, role, effector, target, et."
            raise SpecError(Problem(traces.file, "nothing says what is in the wells", do))
        for name, text in traces.names.items():
            if name in traces.signal:
                wells += _by_name(name, text, traces, problems)
    else:
        absent = [w for w, e in layout.wells.items() if e.role in ROLES and w not in traces.signal]
        if absent:
            what = f"the layout fills {', '.join(absent[:12])}, but {traces.file} has no such wells"
            problems.append(Problem(layout.sheet.file, what, "Give the layout of this plate."))
        for name, entry in layout.wells.items():
            if name in traces.signal and entry.role != "empty":
                wells += _by_layout(entry, traces, layout, problems)
    if problems:
        raise DataError(problems, traces.file)
    content = traces.content + (layout.sheet.content if layout else b"")
    return Wells(traces.file, traces.hours, tuple(wells), traces.notes, content)


def _by_layout(
    entry: LayoutWell, traces: Traces, layout: Layout, problems: list[Problem]
) -> Iterator[Well]:
    where = f"{layout.sheet.file}:{entry.line}: well {entry.well}"
    if entry.role not in ROLES:
        do = f"A killing assay has {', '.join(ROLES)} and empty."
        problems.append(Problem(where, f"a role '{entry.role}' has no use here", do))
        return
    kind, words = ROLES[entry.role], entry.words
    effector = words["effector"] or words["sample"]
    if kind == SAMPLE and entry.et is None:
        problems.append(Problem(where, "a sample needs its E:T", "Write 10:1 or 10 under et."))
        return
    if kind == SAMPLE and not effector:
        problems.append(Problem(where, "a sample needs its effector", "Name it under effector."))
        return
    if kind == SAMPLE and entry.et == 0:
        kind, effector = SPONTANEOUS, ""
    donor = words["donor"] if kind in (SAMPLE, EFFECTOR) else ""
    plate = words["plate"] or "1"
    own = effector if kind in (SAMPLE, EFFECTOR) else ""
    yield Well(
        entry.well, plate, kind, donor, words["target"], own, entry.et or 0.0,
        traces.signal[entry.well], entry.line,
    )  # fmt: skip


def _by_name(name: str, text: str, traces: Traces, problems: list[Problem]) -> Iterator[Well]:
    """A well by what the instrument's layout calls it: 'CAR 5:1', 'target alone', 'max'."""
    if text.lower() in EMPTY:
        return
    found = _NAMED.fullmatch(text)
    signal = traces.signal[name]
    if found is not None and found[1].strip():
        et = et_ratio(re.sub(r"\s", "", found[2]))
        yield Well(name, "1", SAMPLE, "", "", found[1].strip(), et, signal)
        return
    try:
        kind = kind_of(text)
    except ValueError:
        do = "Write it as in 'CAR 5:1' or 'target alone', or give --layout."
        problems.append(
            Problem(f"{traces.file}: Layout, well {name}", f"'{text}' says not what is in it", do)
        )
        return
    yield Well(name, "1", kind, "", "", "", 0.0, signal)


def _of_list(table: Table) -> list[Wells]:
    """Wells of a list: kind (or role), signal and, for samples, effector and et.

    Known beside these: plate (or sheet), well, donor, target, hours. Controls are told by kind, or
    by kind 'control' with the word under effector. A well named at several hours has a course.
    """
    heads = [head.lower() for head in table.header]
    at = {head: i for i, head in enumerate(heads)}
    kind_at = next(at[k] for k in KINDS if k in at)
    signal_at = next(at[k] for k in SIGNALS if k in at)
    lines = _Lines(table, at, kind_at, signal_at, Cells(table.sheet))
    read = [each for each in (lines.well(k) for k in range(len(table.rows))) if each is not None]
    if lines.cells.problems:
        raise DataError(lines.cells.problems, table.file)
    return _by_hours(table.file, read, table.sheet.content)


@dataclass(frozen=True)
class _Lines:
    """Lines of a list as wells with their hours; what is wrong is gathered in `cells`."""

    table: Table
    at: Mapping[str, int]
    kind_at: int
    signal_at: int
    cells: Cells

    def text(self, k: int, *names: str) -> str:
        row = self.table.rows[k]
        return next((row[self.at[n]].strip() for n in names if n in self.at), "")

    def well(self, k: int) -> tuple[float, Well] | None:
        row, line = self.table.rows[k], self.table.lines[k]
        word = row[self.kind_at].strip()
        effector = self.text(k, "effector", "arm")
        if word.lower() in EMPTY:
            return None
        if word.lower() == "control":
            word, effector = effector, ""
        try:
            kind = kind_of(word)
        except ValueError as error:
            self.cells.wrong(line, "kind", f"'{word}' is no kind of well", str(error))
            return None
        et = self.et(k, line) if kind == SAMPLE else 0.0
        if kind == SAMPLE and not effector:
            self.cells.wrong(line, "effector", "a sample needs its effector")
        signal = self.cells.number(line, "signal", row[self.signal_at])
        if not np.isfinite(signal) and row[self.signal_at].strip() == "":
            self.cells.wrong(
                line, "signal", "the well is empty", "Remove the line, or name it 'empty'."
            )
        hours = 0.0
        if text := self.text(k, "hours", "time_h", "time"):
            hours = self.cells.number(line, "hours", text)
        donor, target = self.text(k, "donor"), self.text(k, "target")
        plate = self.text(k, "plate", "sheet") or donor or "1"
        name = self.text(k, "well") or f"row {line}"
        own = effector if kind in (SAMPLE, EFFECTOR) else ""
        donor = donor if kind in (SAMPLE, EFFECTOR) else ""
        return hours, Well(name, plate, kind, donor, target, own, et, np.array([signal]), line)

    def et(self, k: int, line: int) -> float:
        text = self.text(k, "et", "e:t")
        try:
            return et_ratio(text.replace(",", ".") if self.table.sheet.decimal == "comma" else text)
        except ValueError:
            self.cells.wrong(
                line, "et", f"'{text}' is not an E:T ratio above 0", "Write 10:1 or 2.5."
            )
            return 1.0


def _by_hours(file: str, read: Sequence[tuple[float, Well]], content: bytes) -> list[Wells]:
    """Courses where a well stands at several hours; else wells of each length of assay."""
    series: dict[tuple[str, str], list[tuple[float, Well]]] = defaultdict(list)
    for hours, well in read:
        series[well.plate, well.name].append((hours, well))
    twice = [each for each in series.values() if len({h for h, _ in each}) < len(each)]
    if twice:
        problems = [
            Problem(
                f"{file}:{each[-1][1].row}: {each[-1][1].name}",
                "the well stands twice",
                "Correct one.",
            )
            for each in twice
        ]
        raise DataError(problems, file)
    sets: dict[tuple[float, ...], list[Well]] = defaultdict(list)
    for each in series.values():
        ordered = sorted(each, key=lambda hw: hw[0])
        signal = np.concatenate([w.signal for _, w in ordered])
        sets[tuple(h for h, _ in ordered)].append(replace(ordered[0][1], signal=signal))
    return [
        Wells(file, np.array(hours), tuple(wells), content=content) for hours, wells in sets.items()
    ]


def _left_out(wells: Wells, names: Sequence[str]) -> Wells:
    """The wells but those that the user leaves out; SpecError for names there are not."""
    have = {w.name for w in wells.wells}
    unknown = [name for name in names if name not in have]
    if unknown:
        what = f"there are no wells {', '.join(unknown)}"
        raise SpecError(Problem("--leave-out", what, "Name wells as in the file: B3,C4."))
    return replace(wells, wells=tuple(w for w in wells.wells if w.name not in names))


def _private(wells: Wells, keep: bool) -> Wells:
    """Pseudonyms for donors, numbers for plates."""
    if keep:
        return wells
    donors = pseudonyms((w.donor for w in wells.wells), wells.content)
    plates = {name: str(k) for k, name in enumerate(dict.fromkeys(w.plate for w in wells.wells), 1)}
    return replace(
        wells,
        wells=tuple(replace(w, donor=donors[w.donor], plate=plates[w.plate]) for w in wells.wells),
    )


def normalized(wells: Wells, added: float | None) -> Wells:
    """Each well of a course divided by its reading when effectors were added, hours since then.

    added: hours at which that was, the first reading if None. A well without cells there is noted
    and left out. DataError where nothing was read from then on.
    """
    start = wells.hours[0] if added is None else added
    before = np.flatnonzero(wells.hours <= start)
    if not before.size or wells.hours[before[-1]] == wells.hours[-1]:
        span = f"{wells.hours[0]:g} to {wells.hours[-1]:g} h"
        what = f"effectors at {start:g} h, but readings run from {span}"
        raise DataError(Problem("--added", what, "Give the last hour before effectors were added."))
    first = int(before[-1])
    level = np.array([w.signal[first] for w in wells.wells])
    usual = float(np.nanmedian(level))
    bare = [w for w, x in zip(wells.wells, level) if not x > FLAT * usual]
    kept = tuple(
        replace(w, signal=w.signal[first:] / x)
        for w, x in zip(wells.wells, level) if x > FLAT * usual
    )  # fmt: skip
    notes = list(wells.notes)
    bare = [w for w in bare if w.kind not in (BACKGROUND, EFFECTOR)]
    if bare:
        what = "there are no cells, or no reading, when effectors are added"
        notes.append(Problem(f"{wells.file}: {named(bare)}", what, "Left out."))
    hours = wells.hours[first:] - wells.hours[first]
    return replace(wells, hours=hours, wells=kept, notes=tuple(notes))
