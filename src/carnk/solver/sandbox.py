"""Reads and solves a model file in a child process with limits on memory and time.

The parent sends one JSON request, the child answers with one JSON line and, if all went well, the
table as CSV text. Nothing but text passes between them. The parent needs neither NumPy nor the
model; whatever a hostile file does to the child ends as a problem with a place.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

from ..base import errors

READ_BYTES = 500_000_000  # of address space, while a file is read
SOLVE_BYTES = 4_000_000_000
READ_SECONDS = 20  # of processor time
SOLVE_SECONDS = 3_600
PATIENCE = 2.0  # seconds before progress is shown


@dataclass(frozen=True)
class Request:
    """What is to be solved: a model file, and a settings file or a span with a number of points."""

    model: str
    settings: str | None = None
    until: float | None = None
    points: int = 101
    rtol: float = 1e-6
    atol: float = 1e-12


@dataclass(frozen=True)
class Table:
    """The course as CSV text, and remarks on what of the file had no effect."""

    csv: str
    notes: tuple[str, ...]


def solve_file(request: Request) -> Table:
    """Read and solve in a child process; errors come back as they were raised there."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    command = [sys.executable, "-P", "-m", "carnk.solver.sandbox"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | threads
    ) as child:
        try:
            answer, _ = child.communicate(
                json.dumps(asdict(request)).encode(), READ_SECONDS + SOLVE_SECONDS
            )
        except BaseException as error:
            child.kill()
            if isinstance(error, subprocess.TimeoutExpired):
                raise _ended(request, f"was not solved within {SOLVE_SECONDS:,} s") from None
            raise
    head, _, csv = answer.decode("utf-8", "replace").partition("\n")
    try:
        said = json.loads(head)
    except ValueError:
        raise _ended(request, _death(child.returncode)) from None
    if "problems" in said:
        kind: type[errors.CarnkError] = getattr(errors, said["kind"])
        raise kind([errors.Problem(*each) for each in said["problems"]], said["file"])
    return Table(csv, tuple(said["notes"]))


def _ended(request: Request, what: str) -> errors.SolveError:
    do = "Ask for fewer points or a shorter time."
    return errors.SolveError(errors.Problem(Path(request.model).name, what, do))


def _death(code: int) -> str:
    """Why a child that said nothing is gone."""
    import signal

    if code == -signal.SIGXCPU:
        return f"took more than {READ_SECONDS} s to read or {SOLVE_SECONDS:,} s to solve"
    return f"brought the solving process down (exit code {code}); most likely it ran out of memory"


def main() -> None:
    """The child: limits first, then the request, then the answer."""
    _limit(READ_BYTES, READ_SECONDS)
    output, sys.stdout = sys.stdout, sys.stderr
    try:
        answer = _answer(Request(**json.load(sys.stdin)))
    except errors.CarnkError as error:
        problems = [(p.where, p.what, p.do) for p in error.problems]
        said = {"kind": type(error).__name__, "problems": problems, "file": error.file}
        answer = json.dumps(said) + "\n"
    except MemoryError:
        limit = f"{READ_BYTES / 1e6:g} MB to read or {SOLVE_BYTES / 1e9:g} GB to solve"
        said = {"kind": "SpecError", "problems": [("", f"the model needs more than {limit}", "")]}
        answer = json.dumps({**said, "file": ""}) + "\n"
    output.write(answer)


def _answer(request: Request) -> str:
    from .sbml_read import read_sbml
    from .sbml_settings import read_settings, until
    from .sbml_units import check_sbml_units
    from .simulate import prepare

    if request.settings is not None:
        settings = read_settings(Path(request.settings))
    else:
        settings = until(request.until or 0.0, request.points)
    model = read_sbml(Path(request.model))
    try:
        units = check_sbml_units(model)
    except RecursionError:
        doubt = "units were not checked: formulas are nested too deep for that"
    else:
        units.refuse()
        doubt = units.note
    ready = prepare(model, settings, request.rtol, request.atol)
    _limit(SOLVE_BYTES, SOLVE_SECONDS)
    course = ready.solve(progress=_progress())
    head = ",".join(("time", *course.names))
    rows = (
        ",".join(map(repr, [time, *row]))
        for time, row in zip(course.times.tolist(), course.values.tolist())
    )
    return "\n".join(
        [json.dumps({"notes": [*model.notes, *filter(None, [doubt])]}), head, *rows, ""]
    )


def _limit(memory: int, seconds: int) -> None:
    """Limits of this process, where the system has them."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (memory, most))
        used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used) + seconds, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _progress() -> Callable[[float], None] | None:
    """Shows the share that is done and the time left, on a terminal, after some patience."""
    if not sys.stderr.isatty():
        return None
    began = shown = perf_counter()

    def show(share: float) -> None:
        nonlocal shown
        now = perf_counter()
        if now - began > PATIENCE and now - shown > 0.2 and share > 0:
            shown = now
            left = (now - began) * (1 / share - 1)
            text = f"{'█' * int(30 * share):<30} {share:4.0%} of the time span, {left:,.0f} s left"
            sys.stderr.write(f"\r{text} " if share < 1 else f"\r{'':<80}\r")
            sys.stderr.flush()

    return show


if __name__ == "__main__":
    main()
