"""One typical patient of a study as a document that other simulators and people can read.

Typical means: at the median of every distribution of the study's population, with the library's
own values (or the study's) for the uncertain numbers, in one arm and with one disease. It is one
self-consistent patient, not the median of the courses of many.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..base import NumberError, Problem, SpecError, did_you_mean
from ..domain import Arm, Study
from ..kinetics import FROM_LIBRARY, MODEL, PARAMETERS, STATES, Luck
from ..kinetics.units import (
    PARAMETER_MEANINGS,
    PARAMETER_UNITS,
    STATE_MEANINGS,
    STATE_UNITS,
)
from ..library import Number, Reference, View, references
from ..solver.labels import Document, Label
from ..solver.unitcheck import check_units
from .fields import AGONISTS, ANTIBODIES
from .numbers import VARIATES, Sampler
from .patients import by_product, cohort_of, start_day
from .products import given_drug, is_t

# The library's numbers from which a parameter of the product or the patient is made; the braces
# are filled from the study. One that is not here is set by the study itself.
MADE_FROM = {
    "access": ("access_{disease}",),
    "antigen_expansion": ("antigen_expansion_{kind}",),
    "antigen_half": ("antigen_half", "antigen_half_{kind}"),
    "fatigue_per_kill": ("fatigue_per_kill", "fatigue_per_kill_{kind}"),
    "memory_formation": ("memory_formation_{kind}",),
    "memory_loss": ("memory_loss_{kind}",),
    "agonist_clearance": ("agonist_clearance_{agonist}",),
    "antibody_clearance": ("antibody_clearance_{antibody}",),
    "antibody_tumor_kill": ("antibody_tumor_kill",),
    "armor_il15": ("armor_{armor}",),
    "armor_secretion": ("armor_secretion_{armor}",),
    "bystander": ("bystander_{source}",),
    "car_positive": ("car_positive_{source}", "car_positive_{kind}"),
    "cell_capacity": ("nk_capacity", "capacity_{kind}"),
    "cell_loss": ("nk_loss_{source}", "effector_loss_{kind}"),
    "chemo_sensitivity": ("chemo_sensitivity_{disease}",),
    "expansion": ("expansion_{source}",),
    "growth": ("growth_{disease}",),
    "kill_adcc": ("{kill}", "adcc_share", "cd16_{source}"),
    "kill_car_high": ("{kill}", "density_{target}", "antigen_threshold", "antigen_steepness"),
    "kill_car_low": ("{kill}", "antigen_low_density", "antigen_threshold", "antigen_steepness"),
    "kill_natural": ("{kill}", "natural_share"),
    "kill_natural_bare": ("{kill}", "bare_share"),
    "renewal": ("renewal_{source}",),
    "suppression": ("suppression_{disease}",),
    "tumor_capacity": ("tumor_capacity_{disease}",),
    "visible_to_nk": ("visible_to_nk_b2m_loss", "visible_to_nk_hla_e"),
    "visible_to_t": ("visible_to_t_{source}",),
}


def typical(study: Study, view: View, arm: str = "", disease: str = "") -> Document:
    """The document of the study's typical patient; time 0 is the study's first day.

    arm: its name, else the first. disease: else the most frequent, the first of equals.

    Raises SpecError for an arm or a disease that the study does not have, NumberError if units of
    the model do not fit.
    """
    place, chosen = _arm(study, arm)
    disease = _disease(study, disease)
    study = replace(next(each for each, arms in by_product(study) if place in arms), paired=False)
    diseases = np.array([list(study.diseases).index(disease)])
    none = Luck(np.zeros((1, 3)), *np.zeros((3, 1)))
    patient = cohort_of(_median_sampler(study, view), np.array([place]), diseases, none)
    doses = patient.doses
    begun = start_day(study)
    used = {number.id: number for number in view.used}
    document = Document(
        id=re.sub(r"[^A-Za-z0-9_]", "_", f"carnk_{study.name}"),
        title=f"{study.title}: typical patient",
        model=MODEL,
        parameters=dict(zip(PARAMETERS, patient.parameters[0].tolist())),
        initial=dict(zip(STATES, patient.initial[0].tolist())),
        doses=tuple(_merged(doses.times[0], doses.states[0], doses.amounts[0], begun)),
        labels=MappingProxyType(_labels(study, used, disease)),
        notes=_notes(study, chosen, disease, begun),
        references=citations(used),
    )
    if problems := check_units(document.model, document.units(), document.time):
        raise NumberError(problems, "the units of the model")
    return document


def _arm(study: Study, name: str) -> tuple[int, Arm]:
    names = [each.name for each in study.arms]
    if name and name not in names:
        what = f"'{name}' is not an arm of {study.name}"
        do = did_you_mean(name, names) or f"Its arms: {', '.join(names)}."
        raise SpecError(Problem("--arm", what, do))
    place = names.index(name) if name else 0
    return place, study.arms[place]


def _disease(study: Study, name: str) -> str:
    if name and name not in study.diseases:
        what = f"'{name}' is not a disease of {study.name}"
        do = did_you_mean(name, study.diseases) or f"Its diseases: {', '.join(study.diseases)}."
        raise SpecError(Problem("--disease", what, do))
    return name or max(study.diseases, key=lambda each: study.diseases[each])


def _median_sampler(study: Study, view: View) -> Sampler:
    """A sampler of one patient at the median of everything that differs between patients."""
    middle = np.zeros(1)
    z = dict.fromkeys((*VARIATES, *study.numbers), middle)
    return Sampler(study, view, np.zeros(1, np.int64), np.array([-1]), z)


def _merged(
    days: NDArray[np.float64],
    states: NDArray[np.int64],
    amounts: NDArray[np.float64],
    begun: float,
) -> Iterator[tuple[float, str, float]]:
    """(time, state, amount) of every dose; those into one state at one time are one."""
    total: dict[tuple[float, str], float] = {}
    for day, state, amount in zip(days.tolist(), states.tolist(), amounts.tolist()):
        if np.isfinite(day) and amount:
            key = (day - begun, STATES[state])
            total[key] = total.get(key, 0.0) + amount
    for (time, name), amount in sorted(total.items()):
        yield time, name, amount


def _labels(study: Study, used: Mapping[str, Number], disease: str) -> dict[str, Label]:
    """What is known of every state and parameter, from the library's numbers that were used."""
    labels = {n: Label(unit=STATE_UNITS[n], meaning=STATE_MEANINGS[n]) for n in STATES}
    words = words_of(study, disease)
    for name in PARAMETERS:
        ids = [each.format(**words) for each in MADE_FROM.get(name, (name,))]
        label = _made(study, [used[i] for i in ids if i in used])
        if name in FROM_LIBRARY:
            labels[name] = replace(label, unit=used[name].unit, meaning=used[name].meaning)
        else:
            unit, meaning = PARAMETER_UNITS[name], PARAMETER_MEANINGS[name]
            labels[name] = replace(label, unit=unit, meaning=meaning)
    return labels


def words_of(study: Study, disease: str) -> dict[str, str]:
    """What fills the braces of MADE_FROM."""
    construct = study.product.construct
    return {
        "agonist": given_drug(study, AGONISTS),
        "antibody": given_drug(study, ANTIBODIES),
        "armor": construct.armor,
        "disease": disease,
        "kind": "t" if is_t(study) else "nk",
        "kill": "kill_car_t" if is_t(study) else "kill_car",
        "source": study.product.source,
        "target": construct.target.lower(),
    }


def _made(study: Study, numbers: list[Number]) -> Label:
    """Basis and source of a parameter: those of its one number, or a list where it has several."""
    if not numbers:
        return Label(basis="set by the study")
    given = [n.id for n in numbers if n.id in study.numbers]
    if given:
        return Label(basis="set by the study", why=f"Given in its file: {', '.join(given)}")
    label = origin(numbers[0])
    if len(numbers) == 1:
        return label
    made = ", ".join(f"{n.id} ({n.basis})" for n in numbers)
    return replace(label, basis="derived", why=f"Made from {made}")


def origin(number: Number) -> Label:
    """Basis, source and check of a number, without its unit and meaning."""
    known = references().get(number.source)
    return Label(
        basis=number.basis,
        source=known.cite if known else "",
        link=known.url if known else "",
        checked=number.checked,
        why=number.why,
    )


def _notes(study: Study, arm: Arm, disease: str, begun: float) -> tuple[str, ...]:
    """What the numbers of the document are."""
    first = f"Time 0 is day {begun:g} of the study; day 0 is the first infusion." if begun else ""
    return tuple(
        filter(
            None,
            (
                f"In-vivo CAR-NK model of carnk for the study {study.name}: {study.title}.",
                f"One typical patient of arm '{arm.name}' with disease '{disease}': at the median "
                "of every distribution of the population, with the library's own values, or the "
                "study's, for uncertain numbers. It is not the median of the courses of many.",
                f"Time is in days. {first}".strip(),
                "Cells are counts of the whole body or pool; SBML calls their unit 'item'.",
                "A research tool: no medical advice.",
            ),
        )
    )


def citations(used: Mapping[str, Number]) -> tuple[str, ...]:
    """Full citations of the sources of the numbers that were used, sorted."""
    known = references()
    keys = {n.source for n in used.values() if n.source}
    return tuple(sorted(_citation(known[key]) for key in keys))


def _citation(reference: Reference) -> str:
    fields = reference.fields
    place = ", ".join(filter(None, (fields.get("journal"), fields.get("volume"))))
    title = fields.get("title") or fields.get("note", "")
    return ". ".join(filter(None, (reference.cite, title.rstrip("."), place, reference.url)))
