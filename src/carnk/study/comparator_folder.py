"""A published model's run as a folder, and one of its cases as a document for other programs."""

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from ..base import NumberError, Problem, SpecError, new_folder_atomic
from ..kinetics.comparators import Comparator, Courses
from ..kinetics.comparators.comparator import RTOL
from ..library import Number, View, bibtex, load
from ..solver.labels import Document, Label
from ..solver.unitcheck import check_units
from .comparators import (
    MOST_PATIENTS,
    PATIENTS,
    QUANTILES,
    Compared,
    Population,
    case_of,
    compared,
    courses_table,
    numbers_of,
    population,
    typical,
    unfitted,
    varies,
)
from .export import citations, origin
from .folder import by_reason, number_row, sha256_of
from .identity import versions
from .unfinished import There, refuse_taken, under_way


@dataclass(frozen=True)
class Asked:
    """What a user asks of a run beside the model: None and '' stand for what there is anyway."""

    patients: int | None = None
    seed: int | None = None
    disease: str = ""

    def drawn(self, varied: bool) -> dict[str, int]:
        """Patients and seed of the population, checked; nothing where patients do not differ."""
        patients, seed, problems = self.patients, self.seed, []
        if patients is not None and not 1 <= patients <= MOST_PATIENTS:
            do = f"Give a whole number from 1 to {MOST_PATIENTS:,}."
            problems.append(Problem("--patients", f"{patients} patients cannot be run", do))
        if seed is not None and not 0 <= seed < 2**32:
            problems.append(Problem("--seed", f"{seed} is no seed", "Give 0 to 4294967295."))
        for option, given in (("--patients", patients), ("--seed", seed)):
            if not varied and given is not None:
                what = "the paper prints no variance between patients, so there is nothing to draw"
                problems.append(Problem(option, what, "Leave it out: the paper's cases are run."))
        if problems:
            raise SpecError(problems)
        if not varied:
            return {}
        return {"patients": patients or PATIENTS, "seed": 1 if seed is None else seed}


def run_to_folder(
    comparator: Comparator,
    out: Path,
    asked: Asked,
    *,
    threads: int = 1,
    there: There = "refuse",
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> None:
    """Run a published model and write its folder, whole or not at all.

    Its cases at the printed numbers, and a population where the paper prints variances. A disease
    that the model was never fitted to is warned of in the folder. Raises SpecError for what is
    asked in vain and for what is in the way at `out`.
    """
    began = perf_counter()
    view = load().view()
    told = _manifest(comparator, asked, drawn := asked.drawn(varies(comparator, view)))
    refuse_taken(out, there)
    courses = typical(comparator, view)
    rows = compared(comparator, courses)
    people = None
    if drawn:
        people = population(comparator, view, **drawn, threads=threads, progress=progress)
    with under_way(out, {"patients": told["patients"]}, there) as unfinished:
        with new_folder_atomic(unfinished.folder / "run") as folder:
            _write_tables(folder, comparator, courses, rows)
            if people is not None:
                _write_population(folder, people)
            _write_numbers(folder, comparator, view)
            failed = list(people.failed.values()) if people else []
            told["failures_by_reason"] = by_reason(dict(enumerate(failed)))
            told["output_sha256"] = {p.name: sha256_of(p) for p in sorted(folder.iterdir())}
            told["seconds"] = {"all": round(perf_counter() - began, 3)}
            (folder / "run.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        unfinished.publish(out, complete=True)


def _manifest(comparator: Comparator, asked: Asked, drawn: dict[str, int]) -> dict[str, Any]:
    warning = unfitted(comparator, asked.disease)
    return {
        "carnk": version("carnk"),
        "comparator": comparator.name,
        "patients": drawn.get("patients", 0),
        "seed": drawn.get("seed"),
        "disease": asked.disease,
        "warnings": [warning] if warning else [],
        "complete": True,
        "solver": {"method": "Rodas5P", "rtol": RTOL},
        "versions": versions(),
        "machine": platform.machine(),
    }


def _write_tables(
    folder: Path, comparator: Comparator, courses: Courses, rows: list[Compared]
) -> None:
    """figures.csv: the three columns; courses.parquet: lines of every case at printed numbers."""
    shown = [
        {**vars(row), "difference": row.difference, "against_print": row.against_print}
        for row in rows
    ]
    text = pl.DataFrame(shown, infer_schema_length=None).write_csv()
    (folder / "figures.csv").write_text(text, encoding="utf-8")
    courses_table(comparator, courses).write_parquet(folder / "courses.parquet")


def _write_population(folder: Path, people: Population) -> None:
    """patients.parquet: numbers and figures of each; bands.parquet: quantiles over days."""
    ids = np.arange(people.patients)
    cases = dict.fromkeys(case for case, _ in people.figures)
    frames = [
        pl.DataFrame(
            {"patient": ids, "case": [case] * ids.size}
            | dict(people.varied)
            | {f"figure_{name}": x for (c, name), x in people.figures.items() if c == case}
        )
        for case in cases
    ]
    pl.concat(frames).write_parquet(folder / "patients.parquet")
    bands = [
        pl.DataFrame(
            {"case": [case] * people.days.size, "line": [line] * people.days.size}
            | {"day": people.days}
            | {f"q{round(100 * q):02d}": row for q, row in zip(QUANTILES, values)}
            | _measured(people, case, line)
        )
        for (case, line), values in people.bands.items()
    ]
    pl.concat(bands).write_parquet(folder / "bands.parquet")


def _measured(people: Population, case: str, line: str) -> dict[str, Any]:
    """The 5 % and 95 % of single measurements, NaN where the paper has no such error."""
    found = people.measured.get((case, line))
    low, high = np.full((2, people.days.size), np.nan) if found is None else found
    return {"measured05": low, "measured95": high}


def _write_numbers(folder: Path, comparator: Comparator, view: View) -> None:
    used = sorted(view.used, key=lambda number: number.id)
    table = pl.DataFrame([number_row(number) for number in used], infer_schema_length=None)
    (folder / "numbers.csv").write_text(table.write_csv(), encoding="utf-8")
    sources = {number.source for number in used} | {comparator.name}
    (folder / "references.bib").write_text(bibtex(sources), encoding="utf-8")


def document(comparator: Comparator, view: View, case: str = "", disease: str = "") -> Document:
    """A case at its printed numbers, ready to be written in any format; time 0 is the infusion.

    case: its name, else the first. Raises SpecError for a case that the model does not have or an
    unknown disease, NumberError if the units of its equations do not fit.
    """
    chosen = case_of(comparator, case)
    numbers = numbers_of(comparator, chosen, view)
    values = {name: np.array([number.value]) for name, number in numbers.items()}
    start = comparator.start(values)

    def known(value: float | str) -> float | str:
        """A parameter of the equations stays a name, so that changing it there moves the dose."""
        if isinstance(value, str) and value not in comparator.model.parameters:
            return numbers[value].value
        return value

    warning = unfitted(comparator, disease)
    made = Document(
        id=f"carnk_{comparator.name}_{chosen.name}",
        title=f"{comparator.title}: {chosen.title}",
        model=comparator.model,
        parameters={name: numbers[name].value for name in comparator.model.parameters},
        initial={s: float(start[s][0]) if s in start else 0.0 for s in comparator.model.states},
        doses=tuple((known(day), state, known(amount)) for day, state, amount in comparator.doses),
        labels=_labels(comparator, numbers),
        notes=(
            *((warning,) if warning else ()),
            f"Published model as carnk solves it, fitted to {comparator.fitted_to}.",
            *comparator.choices,
            "Time is in days from the infusion. A research tool: no medical advice.",
        ),
        references=citations({number.id: number for number in numbers.values()}),
    )
    if problems := check_units(made.model, made.units(), made.time):
        raise NumberError(problems, f"the units of {comparator.name}")
    return made


def _labels(comparator: Comparator, numbers: Mapping[str, Number]) -> dict[str, Label]:
    """Unit and meaning of every state and parameter, and where the parameters come from."""
    labels = {
        state: Label(unit=comparator.units[state], meaning=comparator.meanings[state])
        for state in comparator.model.states
    }
    for name in comparator.model.parameters:
        number = numbers[name]
        labels[name] = replace(origin(number), unit=number.unit, meaning=number.meaning)
    return labels
