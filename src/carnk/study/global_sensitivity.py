"""All wide numbers at once: which of them the answer hangs on, by Sobol or Morris."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..base import Problem, SolveError, SpecError, did_you_mean
from ..domain import Study
from ..library import View
from .answers import ANSWERS, Question, compares, evaluate, two_arms
from .ensemble import free, typical
from .identity import identity
from .indices import morris, sobol, sobol_points
from .numbers import Array, fresh_view
from .patients import draw

LOW, HIGH = 5, 95  # percentiles of the plausible worlds
FEWEST_TRAJECTORIES = 4
Stage = Callable[[str, int, int], None]  # what is counted, how many are done, of how many
COLUMNS = {
    "sobol": ("first", "first_error", "total", "total_error"),
    "morris": ("mean", "size", "size_error", "spread"),
}


@dataclass(frozen=True)
class Asked:
    """What is asked: the answer, and how many numbers, runs and patients it may take."""

    study: Study
    answer: str = "response"
    method: str = "sobol"  # or morris
    numbers: int = 30
    runs: int = 10_000
    patients: int = 200
    arm: str = ""  # of a paired study, set against the first; the second unless named


@dataclass(frozen=True)
class Sensitivity:
    """What moves an answer: one row per number, and what the analysis stood on."""

    rows: list[dict[str, Any]]
    facts: dict[str, Any]


def analyze(
    asked: Asked,
    text: str,
    jobs: int = 1,
    stage: Stage = lambda what, done, of: None,
) -> Sensitivity:
    """Choose the numbers whose range moves the answer most, then vary all of them together.

    First each uncertain number alone is set to the 5th and 95th percentile of its plausible worlds,
    all others at their medians; those with the largest change are kept. These are then drawn
    independently of each other, each from its own law over the worlds. The patients are the same in
    every run; of a paired study the answer is the difference between two arms in each of them.
    text: of the study file, hashed into the facts. Raises SpecError if the runs do not
    suffice, SolveError if a run gives no answer.
    """
    size = _design_size(asked)
    study = two_arms(asked.study, asked.arm)
    question = Question(typical(study), asked.answer, asked.patients)
    laws = _laws(study, question)
    if len(laws) < 2:
        what = f"it leaves {len(laws)} of the numbers that it reads uncertain"
        raise SpecError(Problem(asked.study.name, what, "Give fewer of them in the study."))
    screened = _screen(question, laws, jobs, stage)
    chosen = sorted(screened, key=lambda name: _order(name, *screened[name], laws[name]))
    chosen = chosen[: asked.numbers]

    def answers(places: Array) -> Array:
        values = {name: _value(asked, laws[name], places[:, i]) for i, name in enumerate(chosen)}
        return _finite(evaluate(question, values, jobs, lambda *done: stage("runs", *done)))

    facts: dict[str, Any] = {"answer": asked.answer, "meaning": question.meaning}
    facts |= {"method": asked.method, "tried": len(laws), "patients": asked.patients}
    if compares(study):
        facts |= {"arms": [arm.name for arm in study.arms]}
    if asked.method == "sobol":
        found: Any = sobol(answers, len(chosen), size, asked.study.seed)
        facts |= {"runs": size * (len(chosen) + 2), "mean": found.mean, "variance": found.variance}
        rank = found.total
    else:
        found = morris(answers, len(chosen), size, asked.study.seed)
        facts |= {"runs": size * (len(chosen) + 1)}
        rank = found.size
    columns = {name: asdict(found)[name] for name in COLUMNS[asked.method]}
    rows = list(_rows(fresh_view(asked.study), chosen, screened, laws, columns))
    order = sorted(range(len(rows)), key=lambda i: (-rank[i], rows[i]["id"]))
    own = identity()
    facts |= {"study": asked.study.name, "seed": asked.study.seed}
    facts |= {"study_sha256": hashlib.sha256(text.encode()).hexdigest()}
    facts |= {key: own[key] for key in ("carnk", "code", "numbers")}
    return Sensitivity([rows[i] for i in order], facts)


def _design_size(asked: Asked) -> int:
    """Base points or trajectories; SpecError, with all problems, if the wish makes no sense."""
    problems = _arm_problems(asked)
    if asked.answer not in ANSWERS:
        do = did_you_mean(asked.answer, ANSWERS) or f"There are {', '.join(ANSWERS)}."
        problems.append(Problem("--outcome", f"'{asked.answer}' cannot be asked", do))
    if asked.method not in COLUMNS:
        do = did_you_mean(asked.method, COLUMNS) or "There are sobol and morris."
        problems.append(Problem("--method", f"'{asked.method}' is not a method", do))
    if asked.numbers < 2:
        problems.append(Problem("--numbers", f"{asked.numbers} is too few", "Give 2 or more."))
    if asked.patients < 1:
        problems.append(Problem("--patients", f"{asked.patients} is too few", "Give 1 or more."))
    if asked.method == "morris":
        size = asked.runs // (asked.numbers + 1)
        least = FEWEST_TRAJECTORIES * (asked.numbers + 1)
    else:
        size = sobol_points(asked.runs, asked.numbers)
        least = 2 * (asked.numbers + 2)
    if asked.runs < least:
        what = f"{asked.runs:,} runs are too few for {asked.numbers} numbers"
        problems.append(Problem("--runs", what, f"Give {least:,} or more."))
    if problems:
        raise SpecError(problems)
    return size


def _arm_problems(asked: Asked) -> list[Problem]:
    """An arm is one of a paired study, and not the first."""
    if not asked.arm:
        return []
    if not compares(asked.study):
        what = f"arms of '{asked.study.name}' are not compared in the same patients"
        return [Problem("--arm", what, "Leave it out, or set 'allocation: every_arm'.")]
    others = [arm.name for arm in asked.study.arms[1:]]
    if asked.arm in others:
        return []
    what = f"'{asked.arm}' is no arm to set against the first, '{asked.study.arms[0].name}'"
    do = did_you_mean(asked.arm, others) or f"There are {', '.join(others)}."
    return [Problem("--arm", what, do)]


def _laws(study: Study, question: Question) -> dict[str, Array]:
    """The worlds of every uncertain number that this study reads."""
    view = fresh_view(study)
    ids, arm = question.rows
    draw(study, view, ids, arm=arm)
    read = {number.id for number in view.used}
    return {name: column for name, column in free(study).items() if name in read}


def _screen(
    question: Question, laws: dict[str, Array], jobs: int, stage: Stage
) -> dict[str, tuple[float, float]]:
    """Change of the answer at the low and the high end of every number alone, by id."""
    names = list(laws)
    values = {name: np.full(2 * len(names) + 1, np.median(column)) for name, column in laws.items()}
    for i, name in enumerate(names):
        values[name][[2 * i + 1, 2 * i + 2]] = np.percentile(laws[name], (LOW, HIGH))
    found = evaluate(question, values, jobs, lambda *done: stage("numbers tried", *done))
    moved = _finite(found)[1:] - found[0]
    return {name: (float(moved[2 * i]), float(moved[2 * i + 1])) for i, name in enumerate(names)}


def _order(name: str, low: float, high: float, law: Array) -> tuple[float, float, str]:
    """The largest change first; among equals the widest range."""
    first, last = np.percentile(law, (LOW, HIGH))
    return -abs(high - low), -(last - first) / max(abs(float(np.median(law))), 1e-300), name


def _value(asked: Asked, law: Array, place: Array) -> Array:
    """Values of a number at places in [0, 1]; Morris keeps off the outermost worlds."""
    if asked.method == "morris":
        place = (LOW + (HIGH - LOW) * place) / 100
    return np.asarray(np.quantile(law, place))


def _finite(answers: Array) -> Array:
    failed = int((~np.isfinite(answers)).sum())
    if failed:
        what = f"{failed} of {answers.size} runs have no patient that could be simulated"
        raise SolveError(Problem("sensitivity", what, "Ask for more patients."))
    return answers


def _rows(
    view: View,
    chosen: list[str],
    screened: dict[str, tuple[float, float]],
    laws: dict[str, Array],
    columns: dict[str, Array],
) -> Iterator[dict[str, Any]]:
    for i, name in enumerate(chosen):
        number = view.number(name)
        low, high = np.percentile(laws[name], (LOW, HIGH))
        yield {
            "id": name,
            "meaning": number.meaning,
            "unit": number.unit,
            "basis": number.basis,
            "checked": number.checked,
            "low": float(low),
            "high": float(high),
            "alone_low": screened[name][0],
            "alone_high": screened[name][1],
        } | {key: float(column[i]) for key, column in columns.items()}
