"""Designs by name, from plain settings; every problem of the settings at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, sqrt

from ..base.errors import Problem, SpecError, did_you_mean
from .backfill import backfill_boin
from .blrm import BlrmModel, blrm
from .boin import boin
from .boin12 import Boin12, Utility, boin12
from .crm import CrmModel, Link, crm, skeleton, tite_crm
from .efftox import Contour, EffToxModel, efftox
from .keyboard import keyboard, mtpi, mtpi2
from .parts import FixedSize
from .protocol import Design
from .rolling_six import rolling_six
from .stopping import EnoughAtAnyDose, EnoughAtDose, MaxPatients, Stopping
from .three_plus_three import three_plus_three
from .tite_boin import tite_boin

LOWEST_TARGET, HIGHEST_TARGET = 0.05, 0.60
MOST_DOSES, MOST_PATIENTS = 20, 500


@dataclass(frozen=True)
class Settings:
    """What a design is made from; None means the design's default.

    doses: dose levels. target: DLT rate aimed at (BOIN12: the highest acceptable). cohorts, size:
    number and size of cohorts. enough: stop when a dose that the trial would stay at (BOIN12: any
    dose) has so many patients. extra_safe: BOIN stops earlier for a toxic dose 1. skeleton, link:
    CRM; without a skeleton it is made with half-width target/4 around `prior_mtd` (the middle
    dose). scale: prior sd of CRM's theta; intercept: of its logistic links. half_width: of the
    target interval of mTPI, mTPI-2 and keyboard. amounts: dose amounts (BLRM, EffTox); reference:
    BLRM's. prior_mean, prior_sd: 2 numbers for BLRM, 6 for EffTox. interval: target interval of
    BLRM. least_response, utility: BOIN12; least_response and target also EffTox's acceptable rates.
    contour: EffTox, (response, DLT rate, response and DLT rate of the third point). cap: backfill
    patients per dose.
    """

    doses: int
    target: float | None = None
    cohorts: int = 10
    size: int = 3
    enough: int | None = None
    extra_safe: bool = False
    skeleton: tuple[float, ...] | None = None
    link: Link = "empiric"
    prior_mtd: int | None = None
    scale: float = sqrt(1.34)
    intercept: float = 3.0
    half_width: float = 0.05
    amounts: tuple[float, ...] | None = None
    reference: float | None = None
    prior_mean: tuple[float, ...] | None = None
    prior_sd: tuple[float, ...] | None = None
    interval: tuple[float, ...] = (0.16, 0.33)
    least_response: float = 0.25
    utility: tuple[float, ...] = (100.0, 40.0, 60.0, 0.0)
    contour: tuple[float, ...] | None = None
    cap: int = 12


def build(name: str, settings: Settings) -> Design:
    """Return a design by its name; SpecError with every problem of its settings."""
    problems = problems_of(name, settings)
    if problems:
        raise SpecError(problems, name)
    return DESIGNS[name](settings)


def problems_of(name: str, s: Settings) -> list[Problem]:
    """Return what is wrong with a name and its settings."""
    if name not in DESIGNS:
        listed = ", ".join(f"'{each}'" for each in DESIGNS)
        what = f"'{name}' is not one of {listed}"
        return [Problem("design", what, did_you_mean(name, DESIGNS))]
    problems = [
        Problem(where, f"{value} is not from {low} to {high}", "Give a whole number in that range.")
        for where, value, low, high in (
            ("doses", s.doses, 1, MOST_DOSES),
            ("cohorts", s.cohorts, 1, MOST_PATIENTS),
            ("size", s.size, 1, 20),
            ("prior MTD", s.prior_mtd or 1, 1, max(1, s.doses)),
        )
        if not low <= value <= high
    ]
    if not problems and s.cohorts * s.size > MOST_PATIENTS:
        what = f"{s.cohorts * s.size} patients are more than {MOST_PATIENTS}"
        problems.append(Problem("cohorts", what, "Give fewer or smaller cohorts."))
    if s.enough is not None and s.enough < 1:
        problems.append(Problem("stop at", f"{s.enough} patients", "Give 1 or more."))
    problems += _target_problems(name, s)
    problems += _number_problems(name, s)
    problems += _list_problems(name, s)
    return problems


def _target_problems(name: str, s: Settings) -> list[Problem]:
    if name in WITHOUT_TARGET:
        return []
    if s.target is None:
        return [Problem("target", f"{name} needs a target DLT rate", "Give one, such as 0.30.")]
    if not LOWEST_TARGET <= s.target <= HIGHEST_TARGET:
        what = f"{s.target:g} is not from {LOWEST_TARGET:g} to {HIGHEST_TARGET:g}"
        return [Problem("target", what, "Give the DLT rate aimed at, such as 0.30.")]
    return []


def _number_problems(name: str, s: Settings) -> list[Problem]:
    """Scale and intercept of CRM, half-width of the target interval."""
    problems = []
    if name in WITH_SKELETON:
        for where, value, most in (("scale", s.scale, 10.0), ("intercept", s.intercept, 20.0)):
            if not 0 < value <= most:
                problems.append(Problem(where, f"{value:g} is not above 0 and up to {most:g}"))
    room = 0.5 if s.target is None else min(s.target, 1 - s.target)
    if name in WITH_KEYS and not 0 < s.half_width < room - 1e-9:
        what = f"{s.half_width:g} around the target leaves no rate below or above the interval"
        problems.append(Problem("half-width", what, "Give a smaller one, such as 0.02."))
    return problems


def _list_problems(name: str, s: Settings) -> list[Problem]:
    """Lists of the wrong length, not increasing, or missing."""
    problems = []
    amounts = s.amounts if name in WITH_AMOUNTS else None
    curve = s.skeleton if name in WITH_SKELETON else None
    for where, values in (("skeleton", curve), ("amounts", amounts)):
        if values is None:
            continue
        if len(values) != s.doses:
            what = f"{len(values)} values for {s.doses} doses"
            problems.append(Problem(where, what, "Give one per dose."))
        if any(low >= high for low, high in pairwise(values)):
            what = f"{_listed(values)} is not increasing"
            problems.append(Problem(where, what, "Write them from the lowest dose to the highest."))
    if curve is not None and not all(0 < p < 1 for p in curve):
        what = f"{_listed(curve)} is not all between 0 and 1"
        problems.append(Problem("skeleton", what, "Give probabilities."))
    if amounts is not None and min(amounts, default=1.0) <= 0:
        problems.append(Problem("amounts", f"{_listed(amounts)} is not all above 0"))
    if name in WITH_AMOUNTS and amounts is None:
        what = f"{name} needs the dose amounts"
        problems.append(Problem("amounts", what, "Give them from low to high, such as 1,2,4."))
    return problems + _prior_problems(name, s)


def _prior_problems(name: str, s: Settings) -> list[Problem]:
    problems = []
    count = {"blrm": 2, "efftox": 6}.get(name)
    for where, values in (("prior mean", s.prior_mean), ("prior sd", s.prior_sd)):
        if count is not None and values is not None and len(values) != count:
            what = f"{len(values)} numbers, but {name} has {count}"
            problems.append(Problem(where, what, "Give them all."))
    if name == "efftox":
        for where, asked in (
            ("prior mean", s.prior_mean),
            ("prior sd", s.prior_sd),
            ("contour", s.contour),
        ):
            if asked is None:
                what = "EffTox has no default for it"
                problems.append(Problem(where, what, "Choose it for the trial; see the docs."))
        if s.contour is not None and len(s.contour) != 4:
            what = f"{len(s.contour)} numbers instead of 4"
            do = "Give response, DLT rate, then both of the third point: 0.5,0.65,0.7,0.25."
            problems.append(Problem("contour", what, do))
    if name == "boin12" and len(s.utility) != 4:
        what = f"{len(s.utility)} numbers instead of 4"
        do = "Give response, neither, both, DLT alone, such as 100,40,60,0."
        problems.append(Problem("utility", what, do))
    if name in ("boin12", "efftox") and not 0 < s.least_response < 1:
        what = f"{s.least_response:g} is not between 0 and 1"
        problems.append(Problem("least response", what, "Give a probability."))
    if name == "blrm" and (len(s.interval) != 2 or not 0 < s.interval[0] < s.interval[-1] < 1):
        what = f"{_listed(s.interval)} is not two increasing probabilities"
        problems.append(Problem("interval", what, "Give such as 0.16,0.33."))
    return problems


def _listed(values: tuple[float, ...]) -> str:
    return ",".join(f"{each:g}" for each in values)


def _stopping(s: Settings) -> Stopping:
    most = MaxPatients(s.cohorts * s.size)
    return most if s.enough is None else most | EnoughAtDose(s.enough)


def _goal(s: Settings) -> float:
    assert s.target is not None  # checked by `problems_of`
    return s.target


def _curve(s: Settings) -> CrmModel:
    target = _goal(s)
    mtd = s.prior_mtd or ceil(s.doses / 2)
    made = s.skeleton or skeleton(target / 4, target, mtd, s.doses, s.link, s.intercept)
    return CrmModel(made, s.link, s.scale, s.intercept)


def _keys(make: Callable[..., Design], s: Settings) -> Design:
    size = FixedSize(s.size)
    return make(_goal(s), s.doses, _stopping(s), size, half_width=s.half_width)


def _boin(s: Settings) -> Design:
    return boin(_goal(s), s.doses, _stopping(s), FixedSize(s.size), extra_safe=s.extra_safe)


def _boin12(s: Settings) -> Design:
    rule = Boin12(_goal(s), least_response=s.least_response, utility=Utility(*s.utility))
    most = MaxPatients(s.cohorts * s.size)
    stopping = most if s.enough is None else most | EnoughAtAnyDose(s.enough)
    return boin12(rule, s.doses, stopping, FixedSize(s.size))


def _blrm(s: Settings) -> Design:
    assert s.amounts is not None  # checked by `problems_of`
    low, high = s.interval
    plain = BlrmModel(s.amounts, s.reference or s.amounts[-1], cuts=(low, high))
    mean = plain.mean if s.prior_mean is None else (s.prior_mean[0], s.prior_mean[1])
    sd = plain.sd if s.prior_sd is None else (s.prior_sd[0], s.prior_sd[1])
    model = BlrmModel(s.amounts, plain.reference, mean, sd, cuts=(low, high))
    return blrm(model, _stopping(s), FixedSize(s.size))


def _efftox(s: Settings) -> Design:
    response, toxic, *third = s.contour or ()
    a, b, c, d, e, psi = s.prior_mean or ()
    sa, sb, sc, sd, se, spsi = s.prior_sd or ()
    model = EffToxModel(
        s.amounts or (),
        (a, b, c, d, e, psi),
        (sa, sb, sc, sd, se, spsi),
        s.least_response,
        _goal(s),
        Contour(response, toxic, (third[0], third[1])),
    )
    return efftox(model, _stopping(s), FixedSize(s.size))


DESIGNS: dict[str, Callable[[Settings], Design]] = {
    "3+3": lambda s: three_plus_three(s.doses),
    "3+3-down": lambda s: three_plus_three(s.doses, deescalates=True),
    "rolling-six": lambda s: rolling_six(s.doses),
    "boin": _boin,
    "tite-boin": lambda s: tite_boin(_goal(s), s.doses, _stopping(s), FixedSize(s.size)),
    "backfill-boin": lambda s: backfill_boin(
        _goal(s), s.doses, _stopping(s), FixedSize(s.size), cap=s.cap
    ),
    "keyboard": lambda s: _keys(keyboard, s),
    "mtpi": lambda s: _keys(mtpi, s),
    "mtpi2": lambda s: _keys(mtpi2, s),
    "crm": lambda s: crm(_goal(s), _curve(s), _stopping(s), FixedSize(s.size)),
    "tite-crm": lambda s: tite_crm(_goal(s), _curve(s), _stopping(s), FixedSize(s.size)),
    "blrm": _blrm,
    "boin12": _boin12,
    "efftox": _efftox,
}
WITHOUT_TARGET = ("3+3", "3+3-down", "rolling-six", "blrm")
WITH_SKELETON = ("crm", "tite-crm")
WITH_KEYS = ("keyboard", "mtpi", "mtpi2")
WITH_AMOUNTS = ("blrm", "efftox")
WITH_EFFICACY = ("boin12", "efftox")
WITH_DAYS = ("tite-boin", "tite-crm", "rolling-six", "backfill-boin")
