"""The two executors of a plan: compiled SIMD code, and plain NumPy that needs no compiler.

Both run the same driver text (`kernel_driver.py`) over the same tapes. The compiled one is written
as a module into a cache directory, named after everything it depends on.
"""

from __future__ import annotations

import atexit
import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

import numpy as np

from .lanes import NOT_A_NUMBER, TOO_MANY, TOO_SMALL, empty_seats, plain_seats
from .method import RODAS5P
from .model import Model
from .steps import GROWTH, Plan, plan

HERE = Path(__file__).parent
DRIVER = HERE / "kernel_driver.py"
KERNEL = HERE / "kernel.py"
INTERPRETER_LANES = 64  # fixed, so that a patient's numbers do not hang on the size of the batch
JIT = "@njit(nogil=True, _nrt=False)"  # not counting references: it cost a quarter of the time

NUMPY = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "neg": "-{0}",
    "inv": "1.0 / {0}",
    "fma": "{0} * {1} + {2}",
    "fms": "{0} * {1} - {2}",
    "fnma": "{2} - {0} * {1}",
    "exp": "np.exp({0})",
    "log": "np.log({0})",
    "max": "np.where({0} > {1}, {0}, {1})",
    "where": "np.where({0} > 0.0, {1}, {2})",
    "rough": "rough({0})",
}
_LOADING = Lock()


@dataclass(frozen=True)
class Executor:
    """One model, ready to run: the namespace of its driver and the size of its work buffer."""

    functions: dict[str, Any]
    lanes: int
    rows: dict[str, int]
    threaded: bool

    def seats(self) -> Any:
        """Empty seats for the lanes."""
        return empty_seats(self.lanes) if self.threaded else plain_seats(self.lanes)

    def memory(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """A work buffer of zeros whose rows start on a cache line."""
        size = self.rows["end"] * self.lanes
        room = np.zeros(size + 8)
        skip = -(room.ctypes.data // 8) % 8
        return room[skip : skip + size]


@lru_cache(maxsize=32)
def executor(model: Model, engine: str) -> Executor:
    """The executor of a model: engine 'kernel' or 'interpreter'. Built once per process."""
    made = plan(model, RODAS5P)
    if engine == "kernel":
        return compile_plan(made)
    return interpret_plan(made)


def compile_plan(made: Plan, lanes: int | None = None) -> Executor:
    """Machine code for a plan, from the cache if it holds the same text, versions and processor."""
    from . import kernel

    lanes = lanes or kernel.best_lanes()
    text = _header(made, lanes) + "from carnk.solver.kernel import kernel, take\n"
    text += "from numba import intp, njit\n"
    for name, tape in made.kernels.items():
        text += f'\n{name}_lanes = kernel("""\n{tape}\n""", LANES)\n\n'
        text += f"{JIT}\ndef {name}(w, src, dst):\n    {name}_lanes(w, src, dst)\n"
    text += f"\n{JIT}\n{_step(made)}{DRIVER.read_text(encoding='utf-8')}"
    parts = (text, KERNEL.read_text(encoding="utf-8"), kernel.fingerprint(), _version())
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
    module = load_module(f"carnk_solver_{digest}", text)
    return Executor(vars(module), lanes, made.rows, threaded=True)


def interpret_plan(made: Plan) -> Executor:
    """The same plan as NumPy functions; nothing is compiled, numba is not imported."""
    text = _header(made, INTERPRETER_LANES)
    for name, tape in made.kernels.items():
        text += f"\ndef {name}(w, src, dst):\n{numpy_body(tape)}\n"
    text += _step(made) + DRIVER.read_text(encoding="utf-8")
    functions: dict[str, Any] = {"njit": _plain, "intp": int, "take": _take, "rough": _rough}
    functions |= {"inf": np.inf, "nan": np.nan}  # constants of a tape
    exec(compile(text, "<carnk interpreter>", "exec"), functions)
    return Executor(functions, INTERPRETER_LANES, made.rows, threaded=False)


def numpy_body(tape: str) -> str:
    """A tape as the body of a Python function over rows of lanes; stores come last."""
    lines, stores = ["rows = w.reshape(-1, LANES)"], []
    for line in tape.splitlines():
        name, op, *args = line.split()
        if op == "load":
            lines.append(f"{name} = rows[{args[0]}]")
        elif op == "store":
            stores.append((name, args[0]))
        else:
            lines.append(f"{name} = {NUMPY[op].format(*args)}")
    lines += [f"rows[{place}] = {value}" for place, value in stores]
    return "\n".join(f"    {line}" for line in lines)


def _header(made: Plan, lanes: int) -> str:
    """The constants that the driver needs."""
    constants = {name.upper(): row for name, row in made.rows.items()} | {
        "LANES": lanes,
        "STATES": made.states,
        "EVENTS": made.events,
        "POSITIVE": made.positive,
        "EFFECTS": made.effects or ((0, 0),),
        "GROWTH": GROWTH,
        "TOO_MANY": TOO_MANY,
        "TOO_SMALL": TOO_SMALL,
        "NOT_A_NUMBER": NOT_A_NUMBER,
    }
    lines = [f"{name} = {value}" for name, value in constants.items()]
    return "\n".join(["import numpy as np", *lines, ""])


def _step(made: Plan) -> str:
    """The function that makes one step; intp keeps numba from compiling a copy per number."""
    calls = [f"    {name}(w, intp({src}), intp({dst}))" for name, src, dst in made.step]
    return "\n".join(["def step(w):", *calls, "", ""])


def load_module(name: str, text: str) -> ModuleType:
    """Import the generated text as a module, from a file that numba can keep its cache beside."""
    with _LOADING:
        return sys.modules.get(name) or _write_and_import(name, text)


def _write_and_import(name: str, text: str) -> ModuleType:
    path = _cache_directory() / f"{name}.py"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        partial = path.with_suffix(f".{os.getpid()}.{id(text)}")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: numba's cache looks the module up by name
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _cache_directory() -> Path:
    """$CARNK_CACHE or ~/.cache/carnk/solver; a private temporary one if it cannot be used."""
    chosen = os.environ.get("CARNK_CACHE")
    try:
        path = Path(chosen) if chosen else Path.home() / ".cache" / "carnk" / "solver"
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except (OSError, RuntimeError):
        return _temporary_directory()


@lru_cache(maxsize=1)
def _temporary_directory() -> Path:
    path = tempfile.mkdtemp(prefix="carnk-solver-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return Path(path)


def _version() -> str:
    """The version of the installed package; empty where it runs from its source folder."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("carnk")
    except PackageNotFoundError:
        return ""


def _plain(**_: Any) -> Any:
    """Stands in for numba's decorator: the function stays as it is."""
    return lambda function: function


def _take(counter: np.ndarray[Any, np.dtype[np.int64]]) -> int:
    """The counter's next value; the interpreter runs on one thread."""
    counter[0] += 1
    return int(counter[0]) - 1


def _rough(x: Any) -> Any:
    """1/x within 0.5 %, the same bits as the compiled kernel's up to rounding."""
    bits = np.int64(0x7FDE623822FC16E6) - np.ascontiguousarray(x).view(np.int64)
    guess = bits.view(np.float64)
    e = 1.0 - x * guess
    return guess + guess * (e + e * e)
