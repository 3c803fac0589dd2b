"""YAML in, with the line of every key and value; text, bytes and folders out, whole or not at all.

Plain YAML only: no aliases, tags, several documents or values of hidden type. Numbers are read as
in YAML 1.2, so `1e6` is a number, `no` and `2024-01-01` are text.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from .errors import Problem, SpecError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST_FILE_BYTES = 1_000_000
DEEPEST_NESTING = 30
DISK_TROUBLE = {
    errno.ENOSPC: "Free some space or choose another disk.",
    errno.EDQUOT: "Free some space or choose another disk.",
    errno.EROFS: "Choose another folder.",
}

Scalar: TypeAlias = str | int | float | bool | None

_INTEGER = re.compile(r"[+-]?[0-9]{1,300}")
_FLOAT = re.compile(r"[+-]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True)
class Node:
    """A value of a YAML file with its place: a scalar, a list of nodes or a mapping of nodes.

    `path` is the way to it ('regimen.dose'), `line` the line of its key, or of the value itself
    where there is none, and `value_line` the line on which the value begins.
    """

    value: Scalar | list[Node] | dict[str, Node]
    file: str
    path: str
    line: int
    value_line: int

    @property
    def where(self) -> str:
        """Place for a Problem: 'study.yaml:6: regimen.dose'."""
        return f"{self.file}:{self.line}: {self.path}" if self.path else f"{self.file}:{self.line}"

    def problem(self, what: str, do: str = "") -> Problem:
        """Return a problem at this place."""
        return Problem(self.where, what, do)

    @property
    def fields(self) -> dict[str, Node]:
        """The nodes of a mapping by key; empty for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def entries(self) -> list[Node]:
        """The nodes of a list; empty for anything else."""
        return self.value if isinstance(self.value, list) else []

    def get(self, key: str) -> Node | None:
        """Return the node under a key, or None where there is none."""
        return self.fields.get(key)

    def unknown_keys(self, known: Iterable[str]) -> list[Problem]:
        """Return one problem for each key that is not among the known ones."""
        names = tuple(known)
        listed = ", ".join(f"'{name}'" for name in names)
        return [
            child.problem(
                f"'{key}' is not a key here; the keys are {listed}", did_you_mean(key, names)
            )
            for key, child in self.fields.items()
            if key not in names
        ]

    def plain(self) -> Any:
        """Return the value without places, as ordinary dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value


def read_yaml(path: Path | str) -> Node:
    """Read a YAML file; SpecError with all problems if it cannot be read as plain YAML."""
    path = Path(path)
    return parse_yaml(read_text(path), path.name)


def read_text(path: Path | str, largest_bytes: int = LARGEST_FILE_BYTES) -> str:
    """Read a UTF-8 text file that is not too large; SpecError says why it cannot be read."""
    content = read_bytes(path, largest_bytes)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        place = f"{Path(path).name}:{line}"
        what = "the text is not UTF-8 here"
        raise SpecError(Problem(place, what, "Save the file as UTF-8.")) from None


def read_bytes(path: Path | str, largest_bytes: int) -> bytes:
    """Read a file that is not too large, and no more of it than that; SpecError says why not."""
    path = Path(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(largest_bytes + 1)
    except FileNotFoundError:
        beside = [each.name for each in path.parent.glob("*")] if path.parent.is_dir() else []
        raise SpecError(
            Problem(str(path), "there is no such file", did_you_mean(path.name, beside))
        ) from None
    except (OSError, ValueError) as error:
        raise SpecError(Problem(str(path), f"cannot be read: {_reason(error)}")) from None
    if len(content) > largest_bytes:
        what = f"is larger than {largest_bytes / 1e6:g} MB"
        raise SpecError(Problem(str(path), what, "Split it or shorten it."))
    return content


def parse_yaml(text: str, file: str) -> Node:
    """Read YAML text; `file` is the name for messages. SpecError with all problems."""
    import yaml

    tree = _Tree(file, [])
    try:
        node = tree.document(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{file}:{mark.line + 1}" if mark else file
        what = " ".join(part for part in (error.context, error.problem) if part)
        tree.problems.append(Problem(place, f"this is not YAML: {what}"))
    except yaml.YAMLError as error:
        first = str(error).splitlines()[0]
        tree.problems.append(Problem(file, f"this is not YAML: {first}"))
    if tree.problems:
        raise SpecError(tree.problems, file)
    return node


@dataclass
class _Tree:
    """Builds nodes from parser events and gathers what is refused on the way."""

    file: str
    problems: list[Problem]

    def document(self, events: Iterator[Any]) -> Node:
        root: Node | None = None
        for event in events:
            if type(event).__name__ != "DocumentStartEvent":
                continue
            if root is not None:
                place = f"{self.file}:{event.start_mark.line + 1}"
                self.problems.append(Problem(place, "a second document begins", "Remove '---'."))
                break
            root = self.node(next(events), events, "", 0, 0)
        return root or Node(None, self.file, "", 1, 1)

    def node(self, event: Any, events: Iterator[Any], path: str, depth: int, line: int) -> Node:
        value_line = event.start_mark.line + 1
        line = line or value_line
        kind = type(event).__name__
        hollow = Node(None, self.file, path, line, value_line)
        if depth > DEEPEST_NESTING:
            place = f"{self.file}:{value_line}"
            raise SpecError(Problem(place, f"is nested deeper than {DEEPEST_NESTING} levels"))
        if kind == "AliasEvent":
            self.problems.append(hollow.problem("aliases (*) are not read", "Write the value out."))
            return hollow
        if event.tag is not None and event.tag != "!":
            self.problems.append(hollow.problem(f"tags ('{event.tag}') are not read", "Remove it."))
        value: Scalar | list[Node] | dict[str, Node]
        if kind == "MappingStartEvent":
            value = self.mapping(events, path, depth)
        elif kind == "SequenceStartEvent":
            value = self.sequence(events, path, depth)
        else:
            value = _scalar(event.value) if event.implicit[0] else event.value
        return Node(value, self.file, path, line, value_line)

    def mapping(self, events: Iterator[Any], path: str, depth: int) -> dict[str, Node]:
        fields: dict[str, Node] = {}
        while type(key_event := next(events)).__name__ != "MappingEndEvent":
            line = key_event.start_mark.line + 1
            if type(key_event).__name__ != "ScalarEvent":
                place = f"{self.file}:{line}: {path}".removesuffix(": ")
                raise SpecError(Problem(place, "a key must be a word", "Write 'key: value'."))
            key = key_event.value
            child = self.node(next(events), events, _joined(path, key), depth + 1, line)
            if key in fields:
                what = f"'{key}' stands twice, first on line {fields[key].line}"
                self.problems.append(child.problem(what, "Remove one of them."))
            else:
                fields[key] = child
        return fields

    def sequence(self, events: Iterator[Any], path: str, depth: int) -> list[Node]:
        entries: list[Node] = []
        while type(event := next(events)).__name__ != "SequenceEndEvent":
            entries.append(self.node(event, events, f"{path}[{len(entries)}]", depth + 1, 0))
        return entries


def write_text_atomic(path: Path | str, text: str) -> None:
    """Write a UTF-8 file so that it is either the old one or the whole new one."""
    write_bytes_atomic(path, text.encode())


def write_bytes_atomic(path: Path | str, content: bytes) -> None:
    """Write a file that is either the old one or the whole new one; SpecError if it cannot.

    The content is on the disk before it gets the name, so that a power cut tears nothing either. A
    device or a pipe is written into and not replaced.
    """
    path = Path(path)
    hidden = _hidden_sibling(path)
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            path.write_bytes(content)
            return
        hidden.write_bytes(content)
        _flush(hidden)
        hidden.replace(path)
        _flush(path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        with suppress(OSError):
            hidden.unlink()


def _remove_empty(folders: list[Path]) -> None:
    """Take back folders that were made, the innermost first, as long as they are empty."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


@contextmanager
def new_folder_atomic(path: Path | str) -> Iterator[Path]:
    """Yield a hidden folder to fill; it gets its name at the end, or vanishes on an exception.

    Folders above it that are missing are made, and vanish with it. Raises SpecError if something
    stands there already or nothing can be written there, be it only half-way, as on a full disk.
    """
    path = Path(path)
    if path.exists() or path.is_symlink():
        raise SpecError(Problem(str(path), "is there already", "Choose another name or remove it."))
    hidden = _hidden_sibling(path)
    above = [folder for folder in path.parents if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        hidden.mkdir()
    except OSError as error:
        _remove_empty(above)
        raise _cannot_write(path, error) from None
    try:
        yield hidden
        for inner in (*hidden.rglob("*"), hidden):
            _flush(inner)
        hidden.rename(path)
        _flush(path.parent)
    except BaseException as error:
        import shutil

        shutil.rmtree(hidden, ignore_errors=True)
        _remove_empty(above)
        if isinstance(error, OSError):
            raise _cannot_write(path, error) from error
        raise


@contextmanager
def locked(path: Path | str) -> Iterator[None]:
    """Hold a file for this process alone; SpecError if another one has it.

    The lock goes with the process, however that ends. Where there are no such locks, none is taken.
    """
    path = Path(path)
    try:
        import fcntl
    except ImportError:  # not a POSIX system
        yield
        return
    with path.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            what = "another process is at work here"
            raise SpecError(Problem(str(path.parent), what, "Let it end, or end it.")) from None
        except OSError:  # a file system without locks
            pass
        yield


def _flush(path: Path) -> None:
    """Have the operating system put a file or a folder's entries on the disk."""
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR
    with suppress(PermissionError, IsADirectoryError):  # a folder cannot be opened everywhere
        descriptor = os.open(path, flags)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # no such promise here
                raise
        finally:
            os.close(descriptor)


def _hidden_sibling(path: Path) -> Path:
    if path.name in ("", ".."):
        raise SpecError(Problem(str(path), "is not a name to write to", "Name a new one."))
    return path.with_name(f".{path.name[:100]}.{os.urandom(4).hex()}")


def _cannot_write(path: Path, error: OSError) -> SpecError:
    parent = path.parent
    if not parent.is_dir():
        what = "is not a folder" if parent.exists() else "does not exist"
        return SpecError(Problem(str(path), f"the folder '{parent}' {what}", "Make it first."))
    if isinstance(error, PermissionError):
        do = "Choose another folder or change its permissions."
        return SpecError(Problem(str(path), f"nothing can be written in '{parent}'", do))
    do = DISK_TROUBLE.get(error.errno or 0, "")
    return SpecError(Problem(str(path), f"cannot be written: {_reason(error)}", do))


def _reason(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    return (reason or str(error)).lower()


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _scalar(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return float(text) if _FLOAT.fullmatch(text) else text
