"""Flow cytometry files (FCS 2.0, 3.0, 3.1) to events: checked against what their header says.

Reading is by flowio, of the extra `carnk[flow]`. No keyword of a file but the names of its channels
goes any further, so that names of people stay in it.
"""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import file_digest
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base import DataError, Problem, SpecError, did_you_mean

Array = NDArray[np.float64]
LARGEST_BYTES = 2_000_000_000
VERSIONS = (b"FCS2.0", b"FCS3.0", b"FCS3.1")
SPILL_KEYS = ("spillover", "spill")
INSTALL = "Install it: pip install 'carnk[flow]'."
READINGS: tuple[dict[str, bool], ...] = (
    {},
    {"ignore_offset_error": True},
    {"use_header_offsets": True},
    {"use_header_offsets": True, "ignore_offset_error": True},
    {"ignore_offset_discrepancy": True, "ignore_offset_error": True},
)


@dataclass(frozen=True)
class Sample:
    """Events of one file in linear units (gain and logarithmic amplifiers undone).

    events: events x channels. names: $PnN, markers: $PnS ('' for none), ranges: $PnR. `digest` is
    of the whole file, the key of pseudonyms. `data` is flowio's own object.
    """

    file: str
    version: str
    names: tuple[str, ...]
    markers: tuple[str, ...]
    ranges: tuple[float, ...]
    events: Array = field(repr=False)
    spill_text: str = field(repr=False)
    digest: bytes = field(repr=False)
    warnings: tuple[Problem, ...]
    data: Any = field(repr=False, compare=False)

    def index(self, word: str) -> int:
        """Position of a channel by $PnN or $PnS, in any case; DataError if none or several."""
        for find in (str, str.lower):
            for labels in (self.names, self.markers):
                found = [i for i, each in enumerate(labels) if each and find(each) == find(word)]
                if len(found) == 1:
                    return found[0]
                if len(found) > 1:
                    what = f"'{word}' names {len(found)} channels"
                    do = f"Use one of {', '.join(self.names[i] for i in found)}."
                    raise DataError(Problem(self.file, what, do))
        labels = (*self.names, *(m for m in self.markers if m))
        do = did_you_mean(word, labels) or f"Channels: {', '.join(self.titles)}."
        raise DataError(Problem(self.file, f"there is no channel '{word}'", do))

    @property
    def titles(self) -> list[str]:
        """Names as shown: 'FITC-A (CAR)'."""
        pairs = zip(self.names, self.markers)
        return [f"{name} ({marker})" if marker else name for name, marker in pairs]

    def channel(self, word: str, is_compensated: bool = True) -> Array:
        """Values of a channel, compensated by the file's own matrix where it has one."""
        place = self.index(word)
        if is_compensated and self.spill is not None and place in self.spill[0]:
            places, inverse = self.spill
            return np.asarray(self.events[:, places] @ inverse[:, places.index(place)])
        return np.ascontiguousarray(self.events[:, place])

    @cached_property
    def spill(self) -> tuple[list[int], Array] | None:
        """Channels of the file's spillover and its inverse; None if it has none."""
        if not self.spill_text.strip():
            return None
        where = f"{self.file}: $SPILLOVER"
        words = [word.strip() for word in re.split(r"[,\t]", self.spill_text)]
        count = int(words[0]) if words[0].isdigit() else 0
        names, cells = words[1 : count + 1], words[count + 1 :]
        if count < 1 or len(cells) != count * count:
            what = f"{len(cells)} values stand for {count} channels"
            raise DataError(Problem(where, what, "Export the file again."))
        try:
            matrix = np.array([float(cell) for cell in cells]).reshape(count, count)
            inverse = np.linalg.inv(matrix)
        except (ValueError, np.linalg.LinAlgError):
            raise DataError(Problem(where, "is no matrix that has an inverse")) from None
        return self._places(names), inverse

    def _places(self, names: Sequence[str]) -> list[int]:
        missing = [name for name in names if name not in self.names]
        if missing:
            raise DataError(
                Problem(f"{self.file}: $SPILLOVER", f"there is no channel '{name}'",
                        did_you_mean(name, self.names))
                for name in missing
            )  # fmt: skip
        return [self.names.index(name) for name in names]


def read_fcs(path: Path) -> Sample:
    """Read a file; DataError if it is cut short, empty or not what its header says.

    A data segment whose place header and text tell differently, or whose end is off by one, is read
    where the count of events comes out as the text says, with a warning.
    """
    flowio = module("flowio")
    data, notes = _parsed(flowio, path, _checked(path))
    if str(data.text.get("mode", "L")).upper() != "L":
        what = f"holds histograms ($MODE {data.text['mode']}), not a list of events"
        raise DataError(Problem(path.name, what, "Export list mode."))
    told, channels = int(data.event_count), int(data.channel_count)
    found = len(data.events) / channels if channels else 0.0
    if told == 0 or channels == 0:
        raise DataError(Problem(path.name, "there are no events in this file"))
    if found != told:
        what = f"the header tells of {told:,} events, but the data hold {found:,.6g}"
        raise DataError(Problem(path.name, what, "Export the file again."))
    names = tuple(str(name).strip() for name in data.pnn_labels)
    if len(names) != channels or len(set(names)) != channels:
        what = f"its {channels} channels have {len(set(names))} names"
        raise DataError(Problem(path.name, what, "Export the file again with one name each."))
    try:
        events = data.as_array()
    except ValueError as error:
        raise DataError(Problem(path.name, f"its events cannot be scaled: {error}")) from None
    if not np.isfinite(events).all():
        count = int((~np.isfinite(events)).any(axis=1).sum())
        raise DataError(Problem(path.name, f"{count:,} events have values that are no numbers"))
    spill = next((data.text[key] for key in SPILL_KEYS if key in data.text), "")
    with path.open("rb") as stream:
        digest = file_digest(stream, "blake2b").digest()
    markers = tuple(str(marker).strip() for marker in data.pns_labels)
    ranges = tuple(float(value) for value in data.pnr_values)
    told_of = (str(data.version), names, markers, ranges)
    return Sample(path.name, *told_of, events, spill, digest, tuple(notes), data)


def module(name: str) -> ModuleType:
    """A package of the extra; SpecError with the line that installs it where it is absent."""
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        what = f"flow cytometry needs the package {name}, which is not installed"
        raise SpecError(Problem("", what, INSTALL)) from None


def _checked(path: Path) -> int:
    """Size of a file that begins as FCS and is not too large."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            magic = stream.read(6)
    except FileNotFoundError:
        near = [each.name for each in path.parent.glob("*")] if path.parent.is_dir() else []
        do = did_you_mean(path.name, near)
        raise SpecError(Problem(str(path), "there is no such file", do)) from None
    except OSError as error:
        raise SpecError(Problem(str(path), f"cannot be read: {error.strerror}".lower())) from None
    if size > LARGEST_BYTES:
        what = f"has {size / 1e9:.1f} GB; files up to {LARGEST_BYTES / 1e9:g} GB are read"
        raise DataError(Problem(path.name, what, "Export fewer events or channels."))
    if magic not in VERSIONS:
        shown = f"FCS {magic[3:].decode('latin-1')}" if magic[:3] == b"FCS" else "no FCS file"
        what = f"this is {shown}, not one of version 2.0, 3.0 or 3.1"
        raise DataError(Problem(path.name, what, "Export it as FCS 3.1."))
    return size


def _parsed(flowio: ModuleType, path: Path, size: int) -> tuple[Any, list[Problem]]:
    """Flowio's reading of a file, and what is odd about it."""
    faults, first = flowio.exceptions, None
    for options in READINGS:
        try:
            with path.open("rb") as stream, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                data = flowio.FlowData(stream, **options)
        except (faults.FCSParsingError, faults.DataOffsetDiscrepancyError) as error:
            first = first or error
            continue
        except faults.MultipleDataSetsError:
            what = "holds several data sets"
            raise DataError(Problem(path.name, what, "Export each to a file of its own.")) from None
        except (ValueError, KeyError, IndexError, EOFError, OverflowError, NotImplementedError,
                TypeError, MemoryError, struct.error) as error:  # fmt: skip
            raise _unreadable(path, error) from None
        if data.events is None:
            raise DataError(Problem(path.name, "its integers have an odd width", "Export floats."))
        if options and len(data.events) != data.event_count * data.channel_count:
            continue
        what = "header and text place the data differently; read where the count of events agrees"
        return data, [Problem(path.name, what)] if options else []
    where = "cut short" if "greater than file size" in str(first) else "not as its header says"
    what = f"the file ({size:,} bytes) is {where}"
    raise DataError(Problem(path.name, what, "Copy or export it again."))


def _unreadable(path: Path, error: Exception) -> DataError:
    if isinstance(error, KeyError):
        what = f"the keyword ${str(error.args[0]).upper()} is missing"
    elif isinstance(error, EOFError):
        what = "the file is cut short"
    else:
        what = "the header or text of the file cannot be read"
    return DataError(Problem(path.name, what, "Copy or export it again."))
