"""Every oracle that can be asked without other programs, each as one row of a table.

Own feature models with exact solutions, what has to be refused, the order of the method, and, where
a folder of reference cases is at hand, those too.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.errors import CarnkError, SpecError
from .oneoff import STAGES, B, Solver
from .oracles.answers import ORACLES, Oracle
from .oracles.refused import REFUSED
from .sbml_model import SbmlModel
from .sbml_read import parse_sbml, read_sbml
from .sbml_settings import Settings, read_settings, until
from .simulate import prepare, simulate

Array = npt.NDArray[np.float64]

FOLDER = Path(__file__).parent / "oracles"
RELATIVE, FLOOR = 1e-4, 1e-6  # of the value, and of the largest value of its column
DEFAULT, TIGHT = (1e-6, 1e-12, 1e-3), (1e-9, 1e-14, 1e-4)  # rtol, atol, accepted error


@dataclass(frozen=True)
class Row:
    """One oracle: whether it holds (None: it could not be asked), and in words how well."""

    group: str
    name: str
    holds: bool | None
    found: str


def shipped() -> Iterator[Row]:
    """Rows for all that comes with the package."""
    for name, oracle in ORACLES.items():
        yield feature(name, oracle)
    for name, text in REFUSED.items():
        yield refusal("refused", name, partial(parse_sbml, text.encode(), "model"))
    yield order()


def feature(name: str, oracle: Oracle) -> Row:
    """One of our own models against its exact solution."""
    times = until(oracle.until, oracle.points).times()
    answer = oracle.answer(times)
    settings = Settings(0.0, oracle.until, oracle.points - 1, tuple(answer))

    def solve() -> tuple[Array, Array]:
        course = simulate(read_sbml(FOLDER / f"{name}.xml"), settings)
        wanted = np.column_stack([np.broadcast_to(v, times.shape) for v in answer.values()])
        return course.values, wanted

    return _compared("exact solution", f"{name}: {oracle.shows}", solve, RELATIVE)


def refusal(group: str, name: str, read: Callable[[], SbmlModel]) -> Row:
    """A model that has to be refused."""
    try:
        prepare(read(), until(1.0, 2))
    except SpecError as error:
        return Row(group, name, True, error.problems[0].what)
    return Row(group, name, False, "was not refused")


def order() -> Row:
    """The order of convergence: logistic growth in fixed steps of 1/4 and 1/8."""
    ready = prepare(read_sbml(FOLDER / "logistic.xml"), until(4.0, 2))

    def error(parts: int) -> float:
        solver = Solver(ready.program, 1e-6, np.array([1e-12]), 4.0)
        solver.begin()
        for n in range(parts):
            jacobian, by_time = ready.program.jacobian(solver.t, solver.y.tolist(), solver.p, ())
            k = solver._stages(4.0 / parts, jacobian, by_time)
            solver.y, solver.t = solver.y + B @ k, (n + 1) * 4.0 / parts
            solver.begin()
        exact = ORACLES["logistic"].answer(np.array([4.0]))["x"][0]
        return abs(float(solver.y[0] - exact))

    seen = float(np.log2(error(16) / error(32)))
    text = f"order {seen:.2f} with {STAGES} stages, 5 by design"
    return Row("method", "order of convergence", 4.5 < seen < 5.8, text)


def reference(folder: Path) -> Iterator[Row]:
    """Rows for a folder of reference cases: SBML semantic tests and published models."""
    yield from _semantic(folder / "sbml_semantic")
    yield from _published(folder / "published_models")


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _semantic(folder: Path) -> Iterator[Row]:
    for case in _table(folder / "manifest.csv"):
        here = folder / "cases" / case["case"]
        for file in case["files"].split():
            model = here / file
            if case["expectation"] == "refuse":
                yield refusal("SBML Test Suite", file, partial(read_sbml, model))
            else:
                yield semantic_case(here, model)


def semantic_case(here: Path, model: Path) -> Row:
    """One case of the SBML Test Suite: |expected - found| <= absolute + relative * |expected|."""
    settings = read_settings(next(here.glob("*-settings.txt")))

    def solve() -> tuple[Array, Array]:
        course = simulate(read_sbml(model), settings)
        wanted = _columns(next(here.glob("*-results.csv")), course.names)
        return course.values, wanted

    accuracy = settings.relative or 0.0, settings.absolute or 0.0
    return _compared("SBML Test Suite", model.name, solve, *accuracy)


def _published(folder: Path) -> Iterator[Row]:
    for case in _table(folder / "manifest.csv"):
        for rtol, atol, accepted in (DEFAULT, TIGHT):
            yield published_case(folder, case, rtol, atol, accepted)


def published_case(
    folder: Path, case: Mapping[str, str], rtol: float, atol: float, accepted: float
) -> Row:
    """One published model, within `accepted` of the reference, which has no value below zero."""

    def solve() -> tuple[Array, Array]:
        expected = folder / "expected" / f"{case['id']}.csv"
        names = tuple(expected.read_text("utf-8").splitlines()[0].split(",")[1:])
        settings = Settings(0.0, float(case["t_end"]), int(case["points"]) - 1, names)
        model = read_sbml(folder / "models" / f"{case['id']}.xml")
        course = simulate(model, settings, rtol=rtol, atol=atol)
        wanted = _columns(expected, names)
        if (course.values.min(axis=0) < np.minimum(wanted.min(axis=0), 0.0) - 1e-9).any():
            return np.full_like(wanted, np.nan), wanted
        return course.values, wanted

    return _compared("published model", f"{case['id']}, rtol {rtol:g}", solve, accepted)


def _columns(path: Path, names: tuple[str, ...]) -> Array:
    """Columns of a table by name; a name may have spaces around it."""
    with path.open(newline="", encoding="utf-8") as stream:
        head, *rows = [[cell.strip() for cell in row] for row in csv.reader(stream) if row]
    places = [head.index(name) for name in names]
    return np.array([[float(row[place]) for place in places] for row in rows])


def _compared(
    group: str,
    name: str,
    solve: Callable[[], tuple[Any, Any]],
    relative: float,
    absolute: float | None = None,
) -> Row:
    """A row for found and wanted values; without `absolute` a floor by column is used."""
    try:
        found, wanted = solve()
    except CarnkError as error:
        return Row(group, name, False, str(error.problems[0]))
    if found.shape != wanted.shape:
        return Row(group, name, False, f"{found.shape} values instead of {wanted.shape}")
    largest = np.nan_to_num(np.abs(wanted), nan=0.0, posinf=0.0).max(axis=0)
    floor = FLOOR * largest + 1e-300 if absolute is None else absolute
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.abs(found - wanted) / (floor + relative * np.abs(wanted))
    same = (found == wanted) | (np.isnan(wanted) & np.isnan(found))
    share = np.where(same, 0.0, share)
    worst = float(np.max(share, initial=0.0)) if not np.isnan(share).any() else np.inf
    return Row(group, name, worst <= 1, f"error {worst:.1e} of allowed")
