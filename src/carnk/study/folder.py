"""A run as a folder, whole or not at all: what was asked, every number, every outcome."""

import hashlib
import json
import platform
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from ..base import Problem, SpecError, new_folder_atomic
from ..domain import Given, Study
from ..library import Number, View, bibtex
from .backends import backend
from .bands import SCHEMA as BANDS
from .bands import bands
from .find import study_text
from .identity import differences, identity, versions
from .lots import made
from .numbers import fresh_view
from .own import FILE as OWN
from .own import with_own, with_own_file
from .read import parse, read
from .run import (
    CHUNK,
    RTOL,
    Progress,
    Tally,
    difference_at_half_tolerance,
    run_chunks,
)
from .sensitivity import sensitivity
from .tables import write_tables
from .unfinished import There, hidden_folder, read_begun, under_way

OUTPUTS = (
    "outcomes.csv",
    "courses.parquet",
    "patients.parquet",
    "numbers.csv",
    "sensitivity.csv",
    "bands.csv",
    "trial.json",
)
CHUNKS_PER_WORKER = 4  # at least, so that none waits long for the last one


def run_to_folder(
    asked: str | Path,
    study: Study,
    out: Path,
    *,
    jobs: int | str = 1,
    there: There = "refuse",
    chunk: int | None = None,
    progress: Progress = lambda tally: None,
) -> Tally:
    """Run a study and write its folder, which appears at `out` when it is whole.

    asked: the name or path the study was read from, whose text is kept; study: as read, perhaps
    with other patients or seed. jobs: as in `backends.backend`. there: what to do with what is at
    `out`: 'refuse' it, 'replace' an earlier run, or 'resume' the one that was stopped. chunk:
    patients per chunk, left out: as many as suits. Ctrl-C keeps the finished chunks, says so in
    run.json, and the run can be resumed, as it can when it ends in an error or is killed.
    """
    began = perf_counter()
    text = study_text(asked)[1]
    wanted = {"text": text, "patients": study.patients, "seed": study.seed, "rtol": RTOL}
    process = study.product.process
    if process is not None and process.text:
        wanted["process"] = process.text
    if study.own_numbers:
        wanted["own_numbers"] = study.own_numbers
    if there == "resume" and (done := _whole_already(out, wanted)):
        return done
    tally, view = Tally(), fresh_view(study)

    def told(done: int, of: int) -> None:
        tally.trials = done, of
        progress(tally)

    with backend(jobs) as workers:
        size = chunk or min(CHUNK, -(-study.patients // (CHUNKS_PER_WORKER * workers.count)))
        settings = wanted | {"chunk": size} | identity()
        with under_way(out, settings, there) as unfinished, finishing_chunks(tally):
            tally.tolerance_check = difference_at_half_tolerance(study, fresh_view(study))
            run_chunks(study, unfinished, workers, tally, progress)
            whole = not tally.interrupted
            if tally.done == 0:
                raise SpecError(Problem("run", "interrupted before the first chunk was done"))
            for number_id in unfinished.used():
                view.number(number_id)
            with new_folder_atomic(unfinished.folder / "run") as folder:
                (folder / "study.yaml").write_text(text, encoding="utf-8")
                if process is not None and process.text:
                    (folder / process.name).write_text(process.text, encoding="utf-8")
                if study.own_numbers:
                    (folder / OWN).write_text(study.own_numbers, encoding="utf-8")
                write_tables(unfinished, folder)
                _write_analyses(study, view, folder, workers.threads if whole else 0, told)
                _write_numbers(study, view, folder)
                manifest = _manifest(study, tally, folder, whole)
                manifest |= {"backend": workers.name, "threads": workers.count}
                manifest["seconds"]["all"] = round(perf_counter() - began, 3)
                _write_manifest(manifest, tally, folder)
            unfinished.publish(out, whole)
    tally.interrupted = not whole
    return tally


def _whole_already(out: Path, wanted: dict[str, Any]) -> Tally | None:
    """The tally of a whole run that has nothing left to resume; SpecError if it is another run."""
    if read_begun(out) is not None or not (out / "run.json").is_file():
        return None
    manifest = json.loads((out / "run.json").read_text(encoding="utf-8"))
    if not manifest["complete"]:
        return None
    text = (out / "study.yaml").read_text(encoding="utf-8")
    then = {"text": text, "patients": manifest["patients"], "seed": manifest["seed"]}
    then["rtol"] = manifest["solver"]["rtol"]
    if process := study_of(out).product.process:
        then["process"] = process.text
    if own := own_begun(out):
        then["own_numbers"] = own
    do = f"It is whole; begin another with --out, or replace it (--out {out} --force)."
    if problems := differences(str(out), then, wanted, do):
        raise SpecError(problems, str(out))
    done = manifest["patients_done"]
    return Tally(done, done, {int(i): why for i, why in manifest["failed"].items()})


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
    "arm": pl.String,
}


def _write_analyses(
    study: Study, view: View, folder: Path, threads: int, told: Callable[[int, int], None]
) -> None:
    """What is worked out once for the whole study; none of it without threads."""
    rows = sensitivity(study, view, threads) if threads else []
    table = pl.DataFrame(rows, schema=SENSITIVITY, orient="row")
    (folder / "sensitivity.csv").write_text(table.write_csv(), encoding="utf-8")
    layers = bands(study, view, threads) if threads else pl.DataFrame(schema=BANDS)
    (folder / "bands.csv").write_text(layers.write_csv(), encoding="utf-8")
    if study.trial and threads:
        from .trial_run import write_trials  # loads the designs, which few runs need

        write_trials(study, view, folder, told)


def _write_numbers(study: Study, view: View, folder: Path) -> None:
    """Every number the run read, with where it comes from; the study's own say so."""
    rows = []
    process = made(study).process if study.product.process else None
    own = {name: Given(process.numbers[name]) for name in process.given} if process else {}
    for number in sorted(view.used, key=lambda n: n.id):
        given = study.numbers.get(number.id) or own.get(number.id)
        file = "study.yaml" if number.id in study.numbers or process is None else process.name
        rows.append(number_row(number))
        if given:
            said = {"basis": "study", "source": file, "at": "numbers", "checked": "", "why": ""}
            rows[-1] |= _ends(number, given) | said
        told = rows[-1]["at"], *_in_arms(study, number.id)
        rows[-1]["at"] = "; ".join(filter(None, told))
    table = pl.DataFrame(rows, infer_schema_length=None).write_csv()
    (folder / "numbers.csv").write_text(table, encoding="utf-8")
    cited = {n.source for n in view.used if n.source and not n.is_own} | set(study.references)
    cited |= {seen.source for seen in study.observed}
    (folder / "references.bib").write_text(bibtex(sorted(cited)), encoding="utf-8")


def _ends(number: Number, given: Given) -> dict[str, Any]:
    """Value and range of a number that the study gives, in its own words or as a factor."""
    if not given.is_factor:
        return {"value": given.value, "low": given.low, "high": given.high}
    low, high = (given.value * end for end in number.range or (number.value, number.value))
    return {"value": given.value * number.value, "low": low, "high": high}


def _in_arms(study: Study, number_id: str) -> Iterator[str]:
    """What arms have in the place of a number, in the words of the study file."""
    for arm in study.arms:
        if given := arm.numbers.get(number_id):
            yield f"{'times ' if given.is_factor else ''}{given.value:g} in arm '{arm.name}'"


def number_row(number: Number) -> dict[str, Any]:
    """A number of the library as a row of numbers.csv."""
    low, high = number.range or (None, None)
    return {
        "id": number.id,
        "value": number.value,
        "unit": number.unit,
        "low": low,
        "high": high,
        "meaning": number.meaning,
        "basis": number.basis,
        "source": number.source,
        "at": number.at,
        "checked": number.checked,
        "why": number.why,
    }


def _manifest(study: Study, tally: Tally, folder: Path, whole: bool) -> dict[str, Any]:
    return {
        "carnk": version("carnk"),
        "study": study.name,
        "patients": study.patients,
        "seed": study.seed,
        "complete": whole,
        "patients_done": tally.done,
        "patients_kept": tally.kept,
        "failures_by_reason": by_reason(tally.failures),
        "solver": {
            "method": "Rodas5P",
            "rtol": RTOL,
            "largest_difference_at_half_tolerance": tally.tolerance_check,
        },
        "seconds": {"simulation": round(tally.seconds, 3)},
        "versions": versions(),
        "code": identity()["code"],
        "numbers": identity()["numbers"],
        "machine": platform.machine(),
        "study_sha256": sha256_of(folder / "study.yaml"),
        "output_sha256": {
            name: sha256_of(folder / name) for name in OUTPUTS if (folder / name).exists()
        },
    }


def _write_manifest(manifest: dict[str, Any], tally: Tally, folder: Path) -> None:
    """Write run.json; the patients who failed, perhaps many, come last."""
    failed = {str(patient): reason for patient, reason in sorted(tally.failures.items())}
    text = json.dumps(manifest | {"failed": failed}, indent=1)
    (folder / "run.json").write_text(text + "\n", encoding="utf-8")


def sha256_of(path: Path) -> str:
    """Check sum of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def by_reason(failures: dict[int, str]) -> dict[str, int]:
    """How many failed for each reason, whatever the day, the most frequent first."""
    return dict(Counter(re.sub(r"^day \S+: ", "", why) for why in failures.values()).most_common())


def free_name(parent: Path, name: str) -> Path:
    """`parent/name`, or with a number behind it when that is taken."""
    path, i = parent / name, 2
    while path.exists() or hidden_folder(path).exists():
        path, i = parent / f"{name}-{i}", i + 1
    return path


def as_begun(out: Path, patients: int | None, seed: int | None) -> tuple[int | None, int | None]:
    """Patients and seed as given, or else as the run that was stopped at `out` has them."""
    path = out / "run.json"
    begun = read_begun(out) or (json.loads(path.read_text("utf-8")) if path.is_file() else {})
    return (
        begun.get("patients") if patients is None else patients,
        begun.get("seed") if seed is None else seed,
    )


def asked_for(
    study: str | Path,
    patients: int | None,
    seed: int | None,
    numbers: str | Path | None = None,
    stopped: Path | None = None,
) -> Study:
    """The study of this name or file, with patients, seed and number file where they are given.

    stopped: a run to go on with, whose patients, seed and own numbers stand where none are given.
    """
    if stopped is not None:
        patients, seed = as_begun(stopped, patients, seed)
    asked = read(study, patients, seed)
    if numbers is not None:
        return with_own_file(asked, numbers)
    own = own_begun(stopped) if stopped is not None else ""
    return with_own(asked, own) if own else asked


def own_begun(out: Path) -> str:
    """Text of the number file of the run that is at `out` or was stopped there; '' without one."""
    begun, path = read_begun(out), out / OWN
    if begun is not None:
        return str(begun.get("own_numbers", ""))
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def study_of(folder: Path) -> Study:
    """The study of a run folder, with the patients and seed it was run with.

    Raises SpecError for the run of a published model, which has no study.
    """
    manifest = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    if "comparator" in manifest:
        what = f"is a run of the published model {manifest['comparator']}, not of a study"
        raise SpecError(Problem(str(folder), what, "Name the folder of a study's run."))
    study = parse((folder / "study.yaml").read_text(encoding="utf-8"), folder=folder)
    if own := own_begun(folder):
        study = with_own(study, own)
    return replace(study, patients=manifest["patients"], seed=manifest["seed"])
