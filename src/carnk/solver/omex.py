"""The bytes of a model file: plain, or taken out of a COMBINE archive (.omex) with limits.

An archive is a zip file. What unpacks to more than the limit, or to more than a hundred times its
packed size, is refused before it is unpacked.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

from ..base.errors import Problem, SpecError, did_you_mean
from .xml_tree import parse_xml

LARGEST_RATIO = 100
MOST_ENTRIES = 1_000
_ARCHIVE = b"PK\x03\x04"


def model_bytes(path: Path, largest: int) -> bytes:
    """The SBML text of a file or of the one model in an archive, at most `largest` bytes."""
    content = _read(path, largest)
    return _from_archive(content, path.name, largest) if content.startswith(_ARCHIVE) else content


def _read(path: Path, largest: int) -> bytes:
    where = str(path)
    try:
        if path.is_dir():
            raise SpecError(Problem(where, "is a folder, not a file", "Name an SBML file."))
        if path.exists() and not path.is_file():
            raise SpecError(Problem(where, "is not a plain file", "Name an SBML file."))
        with path.open("rb") as stream:
            content = stream.read(largest + 1)
    except FileNotFoundError:
        beside = [e.name for e in path.parent.glob("*")] if path.parent.is_dir() else []
        do = did_you_mean(path.name, beside)
        raise SpecError(Problem(where, "there is no such file", do)) from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise SpecError(Problem(where, f"cannot be read: {reason}")) from None
    if len(content) > largest:
        raise SpecError(Problem(where, f"the file has more than {largest / 1e6:g} MB"))
    if not content.strip():
        raise SpecError(Problem(where, "the file is empty"))
    return content


def _from_archive(content: bytes, file: str, largest: int) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if len(archive.infolist()) > MOST_ENTRIES:
                raise SpecError(
                    Problem(file, f"the archive has more than {MOST_ENTRIES:,} entries")
                )
            name = _model_name(archive, file, largest)
            return _unpack(archive, name, file, largest)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise SpecError(Problem(file, f"the archive cannot be read: {error}")) from None


def _unpack(archive: zipfile.ZipFile, name: str, file: str, largest: int) -> bytes:
    where = f"{file}: {name[:80]}"
    try:
        entry = archive.getinfo(name)
    except KeyError:
        raise SpecError(Problem(where, "the archive has no such entry")) from None
    limit = min(largest, max(1, entry.compress_size) * LARGEST_RATIO)
    what = f"unpacks to more than {limit / 1e6:.3g} MB (from {entry.compress_size / 1e6:.3g} MB)"
    if entry.file_size > limit:
        raise SpecError(Problem(where, what, "It looks like a zip bomb; unpack it yourself."))
    with archive.open(entry) as stream:
        unpacked = stream.read(limit + 1)
    if len(unpacked) > limit:  # the archive lied about the size
        raise SpecError(Problem(where, what, "It looks like a zip bomb; unpack it yourself."))
    return unpacked


def _model_name(archive: zipfile.ZipFile, file: str, largest: int) -> str:
    """The entry that the manifest gives the format SBML; exactly one."""
    root = parse_xml(_unpack(archive, "manifest.xml", file, largest), f"{file}: manifest.xml")
    names = [
        e.attributes.get("location", "").removeprefix("./")
        for e in root.children
        if "specifications/sbml" in e.attributes.get("format", "")
    ]
    if len(names) != 1:
        what = f"the archive holds {len(names)} SBML models, but one is needed"
        raise SpecError(Problem(file, what, "Unpack it and name a model."))
    return names[0]
