"""A run as a folder, whole or not at all: what was asked, every number, every outcome."""

import hashlib
import json
import platform
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from ..base import Problem, SpecError, new_folder_atomic
from ..domain import Study
from ..library import View, bibtex
from .read import parse, study_text
from .run import RTOL, Chunk, Tally, chunks, fresh_view
from .sensitivity import sensitivity

PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "polars", "pyarrow")
OUTPUTS = ("outcomes.csv", "courses.parquet", "patients.parquet", "numbers.csv", "sensitivity.csv")
Progress = Callable[[Tally], None]


def run_to_folder(
    asked: str | Path,
    study: Study,
    out: Path,
    *,
    threads: int = 1,
    progress: Progress = lambda tally: None,
) -> Tally:
    """Run a study and write its folder; nothing is left at `out` when it fails.

    asked: the name or path the study was read from, whose text is kept; study: as read, perhaps
    with other patients or seed. Ctrl-C keeps the finished chunks and says so in run.json.
    """
    began = perf_counter()
    view, tally = fresh_view(), Tally()
    _make_parent(out)
    with new_folder_atomic(out) as folder, finishing_chunks(tally):
        _file, text = study_text(asked)
        (folder / "study.yaml").write_text(text, encoding="utf-8")
        _write_chunks(study, view, tally, folder, threads, progress)
        if tally.done == 0:
            raise SpecError(Problem("run", "interrupted before the first chunk was done"))
        rows = [] if tally.interrupted else sensitivity(study, view, threads)
        pl.DataFrame(rows, schema=SENSITIVITY, orient="row").write_csv(folder / "sensitivity.csv")
        _write_numbers(study, view, folder)
        manifest = _manifest(study, text, tally, folder, threads)
        manifest["seconds"]["all"] = round(perf_counter() - began, 3)
        (folder / "run.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return tally


def _make_parent(out: Path) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"its folder cannot be made: {(error.strerror or str(error)).lower()}"
        raise SpecError(Problem(str(out), what, "Choose another folder.")) from None


@contextmanager
def finishing_chunks(tally: Tally) -> Iterator[None]:
    """Let the first Ctrl-C end the run after the chunk at hand; the second ends it at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: object) -> None:
        tally.interrupted = True
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


SENSITIVITY = {
    "id": pl.String,
    "low": pl.Float64,
    "high": pl.Float64,
    "effect_low": pl.Float64,
    "effect_high": pl.Float64,
}


def _write_chunks(
    study: Study, view: View, tally: Tally, folder: Path, threads: int, progress: Progress
) -> None:
    from pyarrow import parquet

    writers: dict[str, Any] = {}
    with (folder / "outcomes.csv").open("wb") as outcomes:
        for i, chunk in enumerate(chunks(study, view, tally, threads)):
            pl.DataFrame(chunk.outcomes).write_csv(outcomes, include_header=i == 0)
            for name, columns in _tables(chunk).items():
                table = pl.DataFrame(columns).to_arrow()
                if name not in writers:
                    writers[name] = parquet.ParquetWriter(folder / name, table.schema)
                writers[name].write_table(table)
            progress(tally)
    for writer in writers.values():
        writer.close()


def _tables(chunk: Chunk) -> dict[str, Any]:
    tables = {"patients.parquet": chunk.patients}
    if len(chunk.courses["patient"]):
        tables["courses.parquet"] = chunk.courses
    return tables


def _write_numbers(study: Study, view: View, folder: Path) -> None:
    """Every number the run read, with where it comes from; the study's own say so."""
    rows = []
    for number in sorted(view.used, key=lambda n: n.id):
        given = study.numbers.get(number.id)
        rows.append(
            {
                "id": number.id,
                "value": given.value if given else number.value,
                "unit": number.unit,
                "low": given.low if given else (number.range or (None, None))[0],
                "high": given.high if given else (number.range or (None, None))[1],
                "meaning": number.meaning,
                "basis": "study" if given else number.basis,
                "source": "study.yaml" if given else number.source,
                "at": "numbers" if given else number.at,
                "checked": "" if given else number.checked,
                "why": "" if given else number.why,
            }
        )
    pl.DataFrame(rows, infer_schema_length=None).write_csv(folder / "numbers.csv")
    cited = {n.source for n in view.used if n.source} | set(study.references)
    cited |= {seen.source for seen in study.observed}
    (folder / "references.bib").write_text(bibtex(sorted(cited)), encoding="utf-8")


def _manifest(study: Study, text: str, tally: Tally, folder: Path, threads: int) -> dict[str, Any]:
    return {
        "carnk": version("carnk"),
        "study": study.name,
        "patients": study.patients,
        "seed": study.seed,
        "complete": not tally.interrupted,
        "patients_done": tally.done,
        "failed": {str(patient): reason for patient, reason in sorted(tally.failures.items())},
        "failures_by_reason": _by_reason(tally.failures),
        "solver": {
            "method": "Rodas5P",
            "rtol": RTOL,
            "largest_difference_at_half_tolerance": tally.tolerance_check,
        },
        "seconds": {"simulation": round(tally.seconds, 3)},
        "threads": threads,
        "versions": {"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
        "machine": platform.machine(),
        "study_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "output_sha256": {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in OUTPUTS
            if (folder / name).exists()
        },
    }


def _by_reason(failures: dict[int, str]) -> dict[str, int]:
    reasons = sorted(failures.values())
    return {reason: reasons.count(reason) for reason in dict.fromkeys(reasons)}


def free_name(parent: Path, name: str) -> Path:
    """`parent/name`, or with a number behind it when that is taken; makes the parent."""
    parent.mkdir(parents=True, exist_ok=True)
    path, i = parent / name, 2
    while path.exists():
        path, i = parent / f"{name}-{i}", i + 1
    return path


@contextmanager
def replace_run(path: Path, force: bool) -> Iterator[Path]:
    """Yield where to write a run meant for `path`; with `force` an earlier run there gives way.

    The earlier run is set aside, removed when the new one is there, and put back if it fails.
    Anything that is not a run folder is refused.
    """
    if not (force and path.exists()):
        yield path
        return
    if not (path / "run.json").is_file():
        what = "is there already and is not a run of carnk"
        raise SpecError(Problem(str(path), what, "Choose another name."))
    aside = free_name(path.parent, f".{path.name}.old")
    path.rename(aside)
    try:
        yield path
    except BaseException:
        aside.rename(path)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def study_of(folder: Path) -> Study:
    """The study of a run folder, with the patients and seed it was run with."""
    manifest = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    study = parse((folder / "study.yaml").read_text(encoding="utf-8"))
    return replace(study, patients=manifest["patients"], seed=manifest["seed"])
