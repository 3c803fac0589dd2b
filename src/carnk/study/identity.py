"""What the bytes of a run hang on beside its study, patients and seed."""

import hashlib
import platform
import sys
from functools import cache
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ..base import Problem

PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "polars", "pyarrow")
CODE, NUMBERS = (".py",), (".yaml", ".csv", ".bib")
WORDS = {"code": "carnk's code", "numbers": "the library's numbers", "rtol": "the tolerance"}
FILES = {"text": "the study file", "process": "the process file", "own_numbers": "the number file"}
PACKAGE = Path(__file__).parents[1]


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that compute and write."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


@cache
def identity() -> dict[str, str]:
    """Versions, and hashes of carnk's own code and numbers; equal ones give equal bytes."""
    mine = {"carnk": version("carnk"), "code": _hash(CODE), "numbers": _hash(NUMBERS)}
    python = ".".join(map(str, sys.version_info[:2]))
    return mine | versions() | {"python": python, "machine": platform.machine()}


def _hash(endings: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in endings:
            digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def differences(
    where: str, then: dict[str, Any], now: dict[str, Any], do: str = ""
) -> list[Problem]:
    """One problem for everything that is not as it was where the run was begun."""
    return [
        Problem(where, _difference(key, then.get(key), value), do)
        for key, value in now.items()
        if then.get(key) != value
    ]


def _difference(key: str, then: Any, now: Any) -> str:
    if key not in FILES:
        return f"{WORDS.get(key, key)}: {now} here, but {then} where the run was begun"
    lines = zip_longest((then or "").splitlines(), now.splitlines(), fillvalue="")
    changed = ((i, a.strip(), b.strip()) for i, (a, b) in enumerate(lines, 1) if a != b)
    line, was, is_now = next(changed, (0, "", ""))
    return f"{FILES[key]} has changed: line {line} was '{was}' and is '{is_now}' now"
