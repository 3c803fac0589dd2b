"""A user's SBML model as it is offered to a fit: its parameters, every quantity as an output."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..assays.events import Events
from ..base import DataError, Problem, SpecError, did_you_mean, read_text
from ..solver.sbml_model import SbmlModel
from ..solver.sbml_population import OpenModel, open_model
from ..solver.sbml_read import LARGEST_FILE_BYTES, read_sbml
from .mixed.density import Samples
from .ode import Ode, padded
from .offers import Courses, Known, Offer
from .petab.export import Exported

Array = NDArray[np.float64]
SECONDS = 86_400.0  # in a day
SUFFIXES = (".xml", ".sbml", ".omex")


def sbml_offer(path: Path) -> Offer:
    """The model of a file. SpecError if it cannot be read or cannot be solved for a population."""
    model = read_sbml(path)
    assigned = {a.variable for a in (*model.assignment_rules, *model.rate_rules)}
    names = tuple(p.id for p in model.parameters if p.id not in assigned)
    opened = open_model(model, names)
    given = dict(zip(opened.varied, opened.given))
    per_day, note = _time(model)

    def bind(events: Events, samples: Samples, patients: tuple[str, ...]) -> Courses:
        return _ode(opened, per_day, events, samples, patients).courses(samples)

    return Offer(
        name=path.name,
        title=f"SBML model {model.id or path.name}",
        numbers={n: Known(v) for n, v in given.items() if np.isfinite(v)},
        fitted=tuple(n for n, v in given.items() if v > 0),
        outputs={},
        quantities=tuple(opened.symbols),
        bind=bind,
        export=lambda: Exported(_text(path), {n: n for n in names}, {n: n for n in opened.symbols}),
        notes=(note, "Numbers carry the units of the model file, which are not written here."),
    )


def _text(path: Path) -> str:
    if path.suffix.lower() == ".omex":
        what = "a model in an archive is not written into a PEtab problem"
        raise SpecError(Problem(path.name, what, "Unpack it and fit the SBML file."))
    return read_text(path, LARGEST_FILE_BYTES)


def _time(model: SbmlModel) -> tuple[float, str]:
    """(units of the model's time in a day, what is said about it)."""
    unit = model.units.get("time", "second" if model.level == 2 else "")
    if not unit:
        return 1.0, "The model does not say its unit of time: days were taken."
    size = 1.0
    if unit != "second":
        found = next((d.units for d in model.unit_definitions if d.id == unit), ())
        if len(found) != 1 or found[0].kind != "second" or found[0].exponent != 1:
            what = f"its unit of time, '{unit}', is not a number of seconds"
            raise SpecError(Problem(model.file, what, "Define it by the unit 'second'."))
        size = found[0].multiplier * 10.0 ** found[0].scale
    return SECONDS / size, f"The model's unit of time is {size:g} s, by its own definition."


def _ode(
    opened: OpenModel, per_day: float, events: Events, samples: Samples, patients: tuple[str, ...]
) -> Ode:
    """The model on the clock of the samples: its rates are those of a day."""

    def numbers_of(numbers: Mapping[str, Array]) -> Array:
        shape = next(iter(numbers.values())).shape
        columns = [numbers.get(n, np.full(shape, v)) for n, v in zip(opened.varied, opened.given)]
        return np.stack([*columns, np.full(shape, per_day)], axis=-1)

    def read(
        days: Array, states: Mapping[str, Array], numbers: Mapping[str, Array]
    ) -> Mapping[str, Array]:
        table = np.stack([states[n] for n in opened.model.states], axis=-1)
        rows = numbers_of(numbers)[..., :-1]
        return opened.quantities(list(opened.symbols), days * per_day, table, rows)

    return Ode(
        model=opened.faster(),
        parameters=numbers_of,
        initial=lambda numbers: opened.initial(numbers_of(numbers)[..., :-1]),
        doses=padded(_plans(opened, events, patients)),
        read=read,
        start=0.0,
        atol=np.full(len(opened.model.states), 1e-12),
    )


def _plans(
    opened: OpenModel, events: Events, patients: tuple[str, ...]
) -> list[list[tuple[float, int, float]]]:
    """(day, state, amount) of every patient; the compartment of a dose is the id of a species."""
    plans: dict[str, list[tuple[float, int, float]]] = {p: [] for p in patients}
    problems = []
    rows = events.doses.select("id", "line", "time_days", "amount", "compartment").rows()
    for patient, line, day, amount, target in rows:
        if target not in opened.states or target not in opened.species:
            what = f"the dose goes into '{target}', which is not a species that reactions change"
            do = did_you_mean(target, opened.states) or "Write the species' id as CMT."
            problems.append(Problem(f"{events.file}:{line}: CMT", what, do))
        elif patient in plans:
            plans[patient].append((day, opened.states.index(target), amount))
    if problems:
        raise DataError(problems, events.file)
    return [plans[p] for p in patients]
