"""A run under way: its finished chunks on disk, in a hidden folder beside the name it will have.

Every chunk is a file that is whole or not there, so that a run goes on from any end, and the run
folder is put together from the chunks in the order of patients, whoever worked on them and when.
"""

import io
import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import polars as pl

from ..base import CarnkError, Problem, SpecError, write_bytes_atomic, write_text_atomic
from ..base.files import locked
from .identity import differences

There = Literal["refuse", "replace", "resume"]  # what to do with what is at a run's name
BEGUN = "begun.json"


@dataclass(frozen=True)
class Packed:
    """A finished chunk as the content of its file; failures: reasons by patient."""

    first: int
    patients: int
    failures: dict[int, str]
    content: bytes


def pack(
    first: int, tables: Mapping[str, pl.DataFrame], failures: dict[int, str], used: list[str]
) -> Packed:
    """Tables by name, failures and the ids of numbers used, as one archive with check sums."""
    patients = tables["outcomes.csv"]["patient"].n_unique()
    about = {"patients": patients, "failures": failures, "used": used}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("about.json", json.dumps(about))
        for name, table in tables.items():
            column = io.BytesIO()
            table.write_ipc(column)
            archive.writestr(name, column.getvalue())
    return Packed(first, patients, failures, stream.getvalue())


@dataclass(frozen=True)
class Unfinished:
    """The hidden folder of a run; `begun` is what was asked for when it was begun."""

    folder: Path
    begun: dict[str, Any]

    def keep(self, chunk: Packed) -> None:
        """Put a finished chunk on the disk; SpecError if that cannot be."""
        path = self.folder / "chunks" / f"{chunk.first:010d}.zip"
        if not path.parent.is_dir():
            what = "the run's working folder has vanished while it was at work"
            raise SpecError(Problem(str(self.folder), what, "Run it again."))
        write_bytes_atomic(path, chunk.content)

    def chunks(self) -> list[Path]:
        """The files of the finished chunks in the order of patients."""
        return sorted((self.folder / "chunks").glob("[0-9]*.zip"))

    def kept(self) -> Iterator[Packed]:
        """Finished chunks without their content; a file that is no longer whole is removed."""
        for path in self.chunks():
            try:
                with zipfile.ZipFile(path) as archive:
                    whole = archive.testzip() is None
                    about = json.loads(archive.read("about.json")) if whole else {}
            except (zipfile.BadZipFile, KeyError):
                whole = False
            if not whole:
                path.unlink()
                continue
            failures = {int(patient): why for patient, why in about["failures"].items()}
            yield Packed(int(path.stem), about["patients"], failures, b"")

    def used(self) -> list[str]:
        """Ids of the numbers that the chunks read, in the order of first reading."""
        ids: dict[str, None] = {}
        for path in self.chunks():
            with zipfile.ZipFile(path) as archive:
                ids |= dict.fromkeys(json.loads(archive.read("about.json"))["used"])
        return list(ids)

    def frames(self, name: str) -> Iterator[pl.DataFrame]:
        """One table of every chunk that has it, in the order of patients."""
        for path in self.chunks():
            with zipfile.ZipFile(path) as archive:
                if name in archive.namelist():
                    yield pl.read_ipc(archive.read(name))

    def publish(self, out: Path, complete: bool) -> None:
        """Give the folder 'run' its name, in the place of what is there; drop chunks if complete.

        Ended anywhere, `under_way` finds either the old or the new folder under the name.
        """
        old = self.folder / "old"
        try:
            if out.exists():
                out.rename(old)
            (self.folder / "run").rename(out)
        except OSError as error:
            with suppress(OSError):
                old.rename(out)
            what = f"the run cannot be given its name: {(error.strerror or str(error)).lower()}"
            raise SpecError(Problem(str(out), what)) from error
        shutil.rmtree(old, ignore_errors=True)
        if complete:
            remove(self.folder)


def hidden_folder(out: Path) -> Path:
    """Where a run that is to be named `out` is worked on."""
    if out.name in ("", ".."):
        raise SpecError(Problem(str(out), "is not a name to write to", "Name a new one."))
    return out.with_name(f".{out.name}.unfinished")


def remove(folder: Path) -> None:
    """Remove a hidden folder; what is left of it when that is interrupted says nothing."""
    with suppress(FileNotFoundError):
        (folder / BEGUN).unlink()
    shutil.rmtree(folder, ignore_errors=True)


def read_begun(out: Path) -> dict[str, Any] | None:
    """What was asked for of the unfinished run of this name; None if there is none."""
    path = hidden_folder(out) / BEGUN
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


@contextmanager
def under_way(out: Path, asked: dict[str, Any], there: There) -> Iterator[Unfinished]:
    """The hidden folder of a run, new or as it was left, for this process alone.

    asked: what the bytes hang on. Finished chunks stay when the body fails; the error says so.
    Raises SpecError for what is in the way, and if another run was begun there than is asked for.
    """
    folder = hidden_folder(out)
    begun = read_begun(out)
    if begun is not None:
        with locked(folder / BEGUN):
            _put_back(out, folder)
            _refuse(out, begun, asked, there)
            if there == "replace":
                remove(folder)
    elif there == "resume":
        raise _nothing_to_resume(out)
    if there == "resume":
        asked = begun or asked
    else:
        refuse_taken(out, there)
        _make(folder, asked)
    with locked(folder / BEGUN):
        made = Unfinished(folder, asked)
        try:
            yield made
        except CarnkError as error:
            raise (_resumable(error, out) if made.chunks() else error) from error
        finally:
            if not made.chunks():
                remove(folder)


def _put_back(out: Path, folder: Path) -> None:
    """Undo a renaming that was cut short."""
    old = folder / "old"
    if old.exists() and not out.exists():
        old.rename(out)
    shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(folder / "run", ignore_errors=True)


def _refuse(out: Path, begun: dict[str, Any], asked: dict[str, Any], there: There) -> None:
    """Refuse what would lose an unfinished run or mix it with another."""
    if there == "refuse":
        what = f"an unfinished run of {begun['patients']:,} patients is there"
        do = f"Go on with it (--resume {out}), or begin anew (--out {out} --force)."
        raise SpecError(Problem(str(out), what, do))
    if there == "resume":
        wanted = {key: value for key, value in asked.items() if key != "chunk"}
        do = f"Go on with what it was begun with, or begin anew (--out {out} --force)."
        if problems := differences(str(out), begun, wanted, do):
            raise SpecError(problems, str(out))


def refuse_taken(out: Path, there: There) -> None:
    """Refuse to write over anything, but for an earlier run that is to be replaced."""
    if not (out.exists() or out.is_symlink()):
        return
    if there == "refuse":
        raise SpecError(Problem(str(out), "is there already", "Choose another name or remove it."))
    if not (out / "run.json").is_file():
        what = "is there already and is not a run of carnk"
        raise SpecError(Problem(str(out), what, "Choose another name."))


def _make(folder: Path, asked: dict[str, Any]) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # what was left before anything was begun
    try:
        (folder / "chunks").mkdir(parents=True)
    except OSError as error:
        what = f"its folder cannot be made: {(error.strerror or str(error)).lower()}"
        raise SpecError(Problem(str(folder), what, "Choose another folder.")) from None
    try:
        write_text_atomic(folder / BEGUN, json.dumps(asked, indent=1) + "\n")
    except SpecError:
        remove(folder)
        raise


def _nothing_to_resume(out: Path) -> SpecError:
    if (out / "run.json").is_file():
        what = f"its finished chunks are gone: '{hidden_folder(out).name}' is not beside it"
        return SpecError(Problem(str(out), what, f"Begin anew: --out {out} --force."))
    what = "there is no unfinished run of this name"
    return SpecError(Problem(str(out), what, f"Begin one with --out {out}."))


def _resumable(error: CarnkError, out: Path) -> CarnkError:
    """The same error, which says how to go on."""
    how = f"Go on with --resume {out}: finished chunks are kept."
    told = [replace(p, do=f"{p.do} {how}" if p.do else how) for p in error.problems]
    return type(error)(told, error.file)
