"""A study file in, a frozen Study out, or one error with every problem and its line."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..base import (
    Node,
    NumberError,
    Problem,
    SpecError,
    did_you_mean,
    parse_yaml,
    read_quantity,
)
from ..domain import (
    Arm,
    Construct,
    Credibility,
    DrugDose,
    Infusion,
    Observation,
    ProcessFile,
    Product,
    Regimen,
    Rescue,
    Study,
)
from ..library import references
from .fields import (
    AGONISTS,
    ANTIBODIES,
    DRUG_UNITS,
    MOST_PATIENTS,
    PER_DRUG,
    SEEN_BY,
    study_form,
)
from .find import folder_of, study_text
from .lots import made, process_problems
from .product_form import product_problems, with_own
from .trial import refused_patients
from .trial_form import design_problems, trial_of

DOSING = {"per_kg": "kg", "flat": "flat"}


def read(name_or_path: str | Path, patients: int | None = None, seed: int | None = None) -> Study:
    """Return the study of a built-in name or a file, with other patients or seed where given.

    Raises SpecError with all problems of the file, each with its line.
    """
    file, text = study_text(name_or_path)
    study = parse(text, file, folder_of(name_or_path))
    if patients is not None:
        if not 1 <= patients <= MOST_PATIENTS:
            do = f"Give a whole number from 1 to {MOST_PATIENTS:,}."
            raise SpecError(Problem("--patients", f"{patients} patients cannot be run", do))
        study = replace(study, patients=patients)
        if wrong := refused_patients(study):
            raise SpecError(Problem("--patients", *wrong))
    if seed is not None:
        if not 0 <= seed < 2**32:
            raise SpecError(Problem("--seed", f"{seed} is no seed", "Give 0 to 4294967295."))
        study = replace(study, seed=seed)
    return study


def parse(text: str, file: str = "study.yaml", folder: Path = Path()) -> Study:
    """Return the study that a text describes; `file` names it in messages.

    folder: where files that it names are looked for.
    """
    node = parse_yaml(text, file)
    problems: list[Problem] = []
    values = study_form().read(node, problems)
    process, wrong = process_problems(node, values, folder)
    problems.extend(wrong)
    if node.get("regimen") and values["arms"] is not None:
        problems.extend(_beyond_fields(node, values))
    if problems:
        raise SpecError(sorted(problems, key=_line), file)
    study = _study(values, process)
    if process is not None:
        _check_lots(study, node.fields["product"].fields["process"], file)
    return study


def _check_lots(study: Study, place: Node, file: str) -> None:
    """SpecError, at the process, if it yields no lot for the highest dose."""
    try:
        made(study)
    except SpecError as error:
        raise SpecError([each.at(place.where) for each in error.problems], file) from None


def _line(problem: Problem) -> int:
    parts = problem.where.split(":")
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0


def _beyond_fields(node: Node, values: dict[str, Any]) -> list[Problem]:
    """Problems that only two fields together show; fields wrong by themselves are passed over."""
    regimens = [(node.fields["regimen"], values["regimen"])]
    regimens += list(zip(_entries(node, "arms"), values["arms"]))
    problems = [
        *_doses(regimens),
        *_no_cells(node, regimens, values),
        *_drugs(regimens),
        *_sources(node),
        *_days(node, values),
    ]
    problems += [
        *product_problems(node, values),
        *_alike(node, values),
        *design_problems(node, values),
    ]
    problems += _kinds(node.fields["regimen"], regimens, tuple(values["diseases"] or ()))
    names = [arm["name"] for arm in values["arms"]]
    for entry, name in zip(_entries(node, "arms"), names):
        if name and names.count(name) > 1:
            problems.append(entry.problem(f"two arms are named '{name}'", "Rename one."))
    diseases = tuple(values["diseases"] or ())
    for entry, seen in zip(_entries(node, "observed"), values["observed"]):
        problems += _observed(entry, seen, tuple(filter(None, names)), diseases)
    return problems


def _observed(
    entry: Node, seen: dict[str, Any], arms: tuple[str, ...], diseases: tuple[str, ...]
) -> list[Problem]:
    """Events are among patients; an arm and a disease are the study's own."""
    problems = []
    if seen["events"] is not None and seen["of"] is not None and seen["events"] > seen["of"]:
        what = f"{seen['events']:g} events among {seen['of']:g} patients"
        problems.append(entry.problem(what, "Events cannot be more than patients."))
    for word, known, kind in ((seen["arm"], arms, "arm"), (seen["disease"], diseases, "disease")):
        if word and word not in known:
            what = f"'{word}' is not {'an' if kind == 'arm' else 'a'} {kind} of this study"
            problems.append(entry.problem(what, did_you_mean(word, known)))
    return problems


def _doses(regimens: list[tuple[Node, dict[str, Any]]]) -> list[Problem]:
    """A dose is there for every arm, and it is per kg or flat as the regimen says."""
    (regimen, main), *arms = regimens
    wanted = DOSING.get(str(main["dosing"]))
    problems = []
    for entry, each in regimens:
        dose = entry.get("dose")
        if dose is not None and wanted and each["dose"] and each["dose"][1] != wanted:
            problems += _wrong_dose(dose, "cells/kg" if wanted == "kg" else "cells")
        alone = entry is not regimen or not arms
        if dose is None and regimen.get("dose") is None and alone:
            problems.append(entry.problem("'dose' is missing", "Give the dose of each infusion."))
    return problems


def _no_cells(
    node: Node, regimens: list[tuple[Node, dict[str, Any]]], values: dict[str, Any]
) -> list[Problem]:
    """An arm without cells stands beside arms with cells, and is no dose level of a design."""
    (regimen, main), *arms = regimens
    given = [(entry, each["dose"] or main["dose"]) for entry, each in arms or [(regimen, main)]]
    without = [entry for entry, dose in given if dose is not None and dose[0] == 0]
    if values["design"]:
        what, do = "a dose level of a design is not 0", "Give it cells, or leave it out."
        return [entry.problem(what, do) for entry in without]
    if without and len(without) == len(given):
        return [regimen.problem("no arm gets cells", "Give at least one arm a dose above 0.")]
    return []


def _wrong_dose(dose: Node, unit: str) -> list[Problem]:
    try:
        read_quantity(str(dose.value), unit)
    except NumberError as error:
        return [
            dose.problem(each.what, f"{each.do} Or change 'dosing'.") for each in error.problems
        ]
    return []


def _drugs(regimens: list[tuple[Node, dict[str, Any]]]) -> list[Problem]:
    """Every drug is dosed in its own way."""
    problems = []
    for entry, each in regimens:
        drugs = [d for d in each["drugs"] or () if d["dose"] and d["drug"] in PER_DRUG]
        for place, drug in zip(_entries(entry, "drugs"), drugs):
            wanted = PER_DRUG[drug["drug"]]
            if drug["dose"][1] != wanted:
                dose = place.fields["dose"]
                what = f"'{dose.value}' of {drug['drug']} is not in {DRUG_UNITS[wanted]}"
                problems.append(dose.problem(what, f"Give it in {DRUG_UNITS[wanted]}."))
    return problems


def _kinds(
    regimen: Node, regimens: list[tuple[Node, dict[str, Any]]], diseases: tuple[str, ...]
) -> list[Problem]:
    """One antibody and one IL-15 agonist in all arms, and an antibody that finds its target."""
    given = {d["drug"] for _, each in regimens for d in each["drugs"] or ()}
    problems = []
    for kind, members in (("antibodies", ANTIBODIES), ("IL-15 agonists", AGONISTS)):
        found = sorted(given & set(members))
        if len(found) > 1:
            what = f"two {kind} in one study ({', '.join(found)}) are not in the model"
            problems.append(regimen.problem(what, "Keep one, or make two studies."))
    for antibody in sorted(given & set(ANTIBODIES) - {"rituximab"}):
        if not set(SEEN_BY[antibody]) & set(diseases):
            what = f"no disease of this study carries what {antibody} sees"
            known = ", ".join(SEEN_BY[antibody]) or "none in the library yet"
            problems.append(regimen.problem(what, f"Diseases that do: {known}."))
    return problems


def _days(node: Node, values: dict[str, Any]) -> list[Problem]:
    """Day 0 is the first infusion, and the response is judged within the study, on one day."""
    problems = []
    places = [(node.fields["regimen"], values["regimen"])]
    places += list(zip(_entries(node, "arms"), values["arms"]))
    for entry, each in places:
        if each["days"] and min(each["days"]) != 0 and (child := entry.get("days")):
            what = f"the first infusion is on day {min(each['days']):g}"
            problems.append(child.problem(what, "Count the days from the first infusion, day 0."))
    day, last = values["response_day"], values["days"]
    if day is not None and last is not None and day > last:
        where = node.get("response_day") or node
        problems.append(where.problem(f"day {day:g} comes after the last day, {last:g}"))
    for entry, seen in zip(_entries(node, "observed"), values["observed"]):
        judged = seen["outcome"] in ("response", "complete_response")
        if judged and seen["day"] is not None and seen["day"] != day:
            what = f"a response on day {seen['day']:g} is not predicted; response_day is {day:g}"
            problems.append(entry.problem(what, "Leave 'day' out for the best response."))
    return problems


def _alike(node: Node, values: dict[str, Any]) -> list[Problem]:
    """What goes with patients in every arm, and with arms that have products of their own."""
    problems = []
    place = node.get("allocation")
    if place and values["allocation"] == "every_arm" and values["design"]:
        do = "Leave 'allocation' out; a design gives its virtual patients every dose anyway."
        problems.append(place.problem("'every_arm' does not go with 'design'", do))
    if not (values["product"] or {}).get("process"):
        return problems
    for entry, arm in zip(_entries(node, "arms"), values["arms"]):
        if arm["product"] and (child := entry.get("product")):
            what = "an arm's own product does not go with the 'process' of the study's product"
            problems.append(child.problem(what, "Leave one of them out."))
    return problems


def _sources(node: Node) -> list[Problem]:
    """Keys of references exist."""
    known = tuple(references())
    places = [(e, e.value) for e in _entries(node, "references")]
    seen = [e.get("source") for e in _entries(node, "observed")]
    places += [(e, e.value) for e in seen if e is not None]
    return [
        place.problem(f"'{key}' is not a key of the references", did_you_mean(str(key), known))
        for place, key in places
        if key not in known
    ]


def _entries(node: Node, key: str) -> list[Node]:
    child = node.get(key)
    return child.entries if child else []


def _study(values: dict[str, Any], process: ProcessFile | None) -> Study:
    regimen = values["regimen"]
    listed: tuple[dict[str, Any], ...] = values["arms"] or ({"name": "all", "share": 1.0},)
    arms = []
    main = values["product"]
    for arm in listed:
        given = {name: value for name, value in arm.items() if value is not None}
        own = given.get("product")
        product = _built(with_own(main, own), None) if own else None
        numbers = given.get("numbers", MappingProxyType({}))
        arms.append(Arm(arm["name"], arm["share"], _regimen(regimen | given), product, numbers))
    return Study(
        name=values["study"],
        title=values["title"],
        product=_built(main, process),
        diseases=MappingProxyType(values["diseases"]),
        arms=tuple(arms),
        patients=int(values["patients"]),
        seed=int(values["seed"]),
        days=values["days"],
        response_day=values["response_day"],
        registry=values["registry"],
        about=values["about"],
        references=values["references"],
        numbers=values["numbers"],
        observed=tuple(_observation(each) for each in values["observed"]),
        trial=trial_of(values["design"]),
        credibility=Credibility(**values["credibility"] or {}),
        paired=values["allocation"] == "every_arm",
    )


def _built(values: dict[str, Any], process: ProcessFile | None) -> Product:
    return Product(**values | {"construct": Construct(**values["construct"]), "process": process})


def _regimen(values: dict[str, Any]) -> Regimen:
    amount, per = values["dose"]
    infusion = Infusion(amount, per, tuple(sorted(values["days"])), values["counts"])
    drugs = tuple(_drug_dose(each) for each in values["drugs"])
    rescue = values["rescue"]
    return Regimen(infusion, drugs, Rescue(**rescue) if rescue else None)


def _drug_dose(values: dict[str, Any]) -> DrugDose:
    amount, per = values["dose"]
    return DrugDose(values["drug"], amount, per, tuple(sorted(values["days"])))


def _observation(values: dict[str, Any]) -> Observation:
    counts = {"events": int(values["events"]), "patients": int(values["of"])}
    kept = {name: value for name, value in values.items() if name not in ("events", "of")}
    return Observation(**kept | counts)
