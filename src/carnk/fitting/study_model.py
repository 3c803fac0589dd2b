"""Our own in-vivo model, in the situation of a study, as it is offered to a fit.

The patients are typical patients of the study but for what is fitted and for their doses: infusions
are those of the event table, drugs those of the study. Offered are the library's numbers that the
model takes as they are.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..assays.events import Events
from ..base import CarnkError, DataError, Problem, convert
from ..domain import Study
from ..kinetics import FROM_LIBRARY, MODEL, PARAMETERS, STATES
from ..kinetics.courses import UL_PER_ML, tolerances
from ..library import View, load
from ..solver.labels import Document
from ..study.export import MADE_FROM, typical, words_of
from ..study.patients import start_day
from ..study.read import read
from .mixed.density import Samples
from .ode import Ode, padded, table_of
from .offers import Courses, Known, Offer, known

Array = NDArray[np.float64]
AT_START = (  # numbers that also set what a patient starts from, which the fit leaves as it is
    "b_capacity", "host_nk_capacity", "host_t_capacity", "ifng_base", "il15_depleted",
    "il15_reference_cells", "il15_uptake", "il6_base", "monocyte_capacity", "tnf_base", "weight",
)  # fmt: skip
FITTED = ("expansion", "renewal", "nk_loss_product")
INFUSED, WITH_IT = "lung", "donor_t"
SAME = 1e-9


def study_offer(word: str) -> Offer:
    """The model of a study, by name or path."""
    study = read(word)
    view = load().view()
    document = typical(study, view)
    ids = _offered(study, document)
    numbers = {i: known(load()[i]) for i in ids.values()}
    values = {i: document.parameters[n] for n, i in ids.items()}
    given = {i: Known(values[i], n.unit, n.low, n.high, n.omega) for i, n in numbers.items()}
    blood = _blood(view, document)

    def bind(events: Events, samples: Samples, patients: tuple[str, ...]) -> Courses:
        return _ode(study, document, ids, blood, events, samples, patients).courses(samples)

    return Offer(
        name=study.name,
        title=f"In-vivo model of carnk for the study {study.name}",
        numbers={i: n for i, n in given.items() if n.value > 0},
        fitted=tuple(ids[n] for n in FITTED if n in ids),
        outputs={"copies/ug": "copies_per_ug", "cells/uL": "car_per_ul"},
        quantities=("copies_per_ug", "car_per_ul", *STATES),
        bind=bind,
        needs_doses=True,
        ids={i: i for i in given},
        notes=(
            "Patients are the study's typical patient but for what is fitted and for their "
            "infusions; drugs are those of the study, on its days.",
            f"Copies are read with {blood['vcn']:.3g} vector copies per cell and "
            f"{blood['white_cells']:.3g} leukocytes per mL in every patient.",
        ),
    )


def _offered(study: Study, document: Document) -> dict[str, str]:
    """Ids of library numbers by the parameter that has just their value."""
    fill = words_of(study, max(study.diseases, key=lambda each: study.diseases[each]))
    found = {}
    for name in PARAMETERS:
        ids = [each.format(**fill) for each in MADE_FROM.get(name, (name,))]
        if len(ids) != 1 or name in AT_START or ids[0] not in load():
            continue
        given = study.numbers.get(ids[0])
        value = load()[ids[0]].value if given is None else given.value
        same = abs(document.parameters[name] - value) <= SAME * abs(value)
        if (name in FROM_LIBRARY or name in MADE_FROM) and same:
            found[name] = ids[0]
    return found


def _blood(view: View, document: Document) -> dict[str, float]:
    """How CAR-NK cells are counted in the typical patient's blood."""
    names = ("blood_per_kg", "white_cells", "dna_per_cell", "vcn")
    found = {name: view[name] for name in names}
    return found | {"ml": found["blood_per_kg"] * document.parameters["weight"]}


def _ode(
    study: Study, document: Document, ids: Mapping[str, str], blood: Mapping[str, float],
    events: Events, samples: Samples, patients: tuple[str, ...],
) -> Ode:  # fmt: skip
    parameters = table_of(PARAMETERS, document.parameters)

    def own(numbers: Mapping[str, Array]) -> Array:
        return parameters({n: numbers[i] for n, i in ids.items() if i in numbers} or numbers)

    def read_off(
        _days: Array, states: Mapping[str, Array], _numbers: Mapping[str, Array]
    ) -> Mapping[str, Array]:
        per_ml = states["car_blood"] / blood["ml"]
        dna = blood["white_cells"] * blood["dna_per_cell"]
        copies = per_ml * (blood["vcn"] / dna)
        return dict(states) | {"car_per_ul": per_ml / UL_PER_ML, "copies_per_ug": copies}

    return Ode(
        model=MODEL,
        parameters=own,
        initial=table_of(STATES, document.initial),
        doses=padded(_plans(study, document, events, patients)),
        read=read_off,
        start=min(start_day(study), float(samples.day.min())),
        atol=tolerances(),
    )


def _plans(
    study: Study, document: Document, events: Events, patients: tuple[str, ...]
) -> list[list[tuple[float, int, float]]]:
    """(day, state, amount) of every patient's doses."""
    begun = start_day(study)
    of_study = [
        (float(day) + begun, STATES.index(s), float(amount)) for day, s, amount in document.doses
    ]
    if events.doses.is_empty():
        return [of_study for _ in patients]
    infused, beside = STATES.index(INFUSED), STATES.index(WITH_IT)
    drugs = [dose for dose in of_study if dose[1] not in (infused, beside)]
    first = {
        state: next((d[2] for d in of_study if d[1] == state), 0.0) for state in (infused, beside)
    }
    label = _label(study, document)
    factor = _cells(events, document)
    plans = {patient: list(drugs) for patient in patients}
    for patient, day, amount in events.doses.select("id", "time_days", "amount").rows():
        if patient in plans:
            share = amount * factor / label
            plans[patient] += [(day, s, share * whole) for s, whole in first.items() if whole]
    return [plans[patient] for patient in patients]


def _label(study: Study, document: Document) -> float:
    """Cells of one infusion as the study's first arm counts them."""
    infusion = study.arms[0].regimen.infusion
    return infusion.amount * (document.parameters["weight"] if infusion.per == "kg" else 1.0)


def _cells(events: Events, document: Document) -> float:
    """Cells in one unit of the table's amounts; DataError where the unit is missing or wrong."""
    unit = events.amount_unit
    for wanted, factor in (("cell", 1.0), ("cell/kg", document.parameters["weight"])):
        try:
            return convert(1.0, unit, wanted) * factor if unit else _no_unit(events)
        except CarnkError:
            if not unit:
                raise
    what = f"amounts in '{unit}' are not cells or cells per kg"
    raise DataError(Problem(f"{events.file}:1: AMT", what, "Write 'AMT (cells)'."))


def _no_unit(events: Events) -> float:
    do = "Write 'AMT (cells)' or 'AMT (cells/kg)' in the header."
    raise DataError(Problem(f"{events.file}:1: AMT", "the unit of the doses is not given", do))
