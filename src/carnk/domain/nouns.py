"""Construct, Product, Population, Regimen, Study and what they are made of."""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Source = Literal[
    "cord_blood", "peripheral_blood", "ipsc", "nk92", "autologous_t", "allogeneic_t"
]  # fmt: skip
Armor = Literal["none", "unknown", "il15_secreted", "il15_membrane", "il15_fusion"]
Delivery = Literal["retroviral", "lentiviral", "mrna", "knock_in"]
Switch = Literal["none", "icasp9"]
Edit = Literal["b2m_loss", "hla_e", "hncd16", "tcr_loss"]
Payload = Literal["il21", "cxcr2", "cxcr4"]
Level = Literal["low", "medium", "high"]


@dataclass(frozen=True)
class Construct:
    """A chimeric antigen receptor with its armor, safety switch and payloads."""

    target: str
    domains: str = ""
    armor: Armor = "none"
    switch: Switch = "none"
    delivery: Delivery = "retroviral"
    payloads: tuple[Payload, ...] = ()


@dataclass(frozen=True)
class Given:
    """A number that the study gives instead of the library's, in the library's unit.

    `low` and `high` hold 95 % of patients or lots; without them it is the same for all, but for the
    spread that the library gives it. A factor multiplies the library's value in every plausible
    world, so that what is uncertain about the number stays.
    """

    value: float
    low: float | None = None
    high: float | None = None
    is_factor: bool = False


@dataclass(frozen=True)
class ProcessFile:
    """The making process of a product's lots: a built-in one's name, or a file's with its text."""

    name: str
    text: str = ""


@dataclass(frozen=True)
class Product:
    """A construct in the cells of a source; its lots are as the library has them, or as made."""

    name: str
    construct: Construct
    source: Source
    edits: tuple[Edit, ...] = ()
    memory_like_fraction: float = 0.0
    process: ProcessFile | None = None


@dataclass(frozen=True)
class DrugDose:
    """One drug on given days: mg/m2, mg/kg, IU/m2 ('units') or mg ('flat'), as `per` says."""

    drug: str
    amount: float
    per: Literal["m2", "kg", "units", "flat"]
    days: tuple[float, ...]


@dataclass(frozen=True)
class Infusion:
    """Infused cells: per kg or flat, counted as CAR-positive or as viable cells."""

    amount: float  # cells
    per: Literal["kg", "flat"]
    days: tuple[float, ...]
    counts: Literal["car_positive", "viable"]


@dataclass(frozen=True)
class Rescue:
    """Drugs given once, when serum IL-6 rises through a level; rimiducid fires the switch."""

    il6: float  # pg/mL
    tocilizumab: float = 0.0  # mg/kg
    dexamethasone: float = 0.0  # mg
    rimiducid: float = 0.0  # mg/kg


@dataclass(frozen=True)
class Regimen:
    """What a patient gets and when; day 0 is the first infusion."""

    infusion: Infusion
    drugs: tuple[DrugDose, ...] = ()
    rescue: Rescue | None = None


@dataclass(frozen=True)
class Arm:
    """A dose level or arm with its share of the patients.

    product, numbers: the arm's own, where it does not get the study's product under its numbers.
    """

    name: str
    share: float
    regimen: Regimen
    product: Product | None = None
    numbers: MappingProxyType[str, Given] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Observation:
    """A published proportion of patients, kept beside the prediction, never inside it."""

    outcome: Literal["response", "complete_response", "crs", "crs_grade_3", "icans", "gvhd", "pfs"]
    events: int
    patients: int
    day: float | None  # None: best or ever
    source: str
    at: str
    checked: Literal["read", "unread"]
    disease: str = ""
    arm: str = ""
    note: str = ""


@dataclass(frozen=True)
class LimitingToxicity:
    """What counts as a dose-limiting toxicity, from the first infusion to the end of the window."""

    counts: tuple[Literal["crs", "icans", "gvhd"], ...] = ("crs", "icans", "gvhd")
    crs_grade: int = 3  # the lowest grade that counts
    icans_grade: int = 3
    window_days: float | None = None


@dataclass(frozen=True)
class Lots:
    """How product reaches the patients of a trial."""

    doses: int | None = None  # infusions that one lot yields
    failure: float | None = None  # chance that a lot is not released
    days_apart: float | None = None
    fills: tuple[float, ...] = ()  # share of released lots that can fill each dose level; empty: 1


@dataclass(frozen=True)
class Calendar:
    """When patients come and when they may be treated."""

    arrival_days: float | None = None  # mean days between patients, while the trial is open
    sentinel_days: float | None = None  # from the first patient of a cohort to the second


@dataclass(frozen=True)
class Rule:
    """A dose-finding design by its name, with the settings that the file gives it."""

    name: str
    settings: MappingProxyType[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Trial:
    """A dose-finding trial on virtual patients; None is the library's number.

    The arms of the study are its dose levels; arms on different days are different schedules, each
    with dose levels of its own.
    """

    rules: tuple[Rule, ...]
    cohorts: int
    size: int
    trials: int
    target: float | None = None  # chance of a dose-limiting toxicity that the rules aim at
    margin: float | None = None  # response may lie so far below the best on the plateau
    bound: float | None = None  # toxicity to be excluded
    limiting: LimitingToxicity = field(default_factory=LimitingToxicity)
    lots: Lots = field(default_factory=Lots)
    calendar: Calendar = field(default_factory=Calendar)

    @property
    def patients(self) -> int:
        """Most patients of a trial."""
        return self.cohorts * self.size


@dataclass(frozen=True)
class Credibility:
    """What the answer is for, as a credibility page asks; empty or None: not declared."""

    question: str = ""
    context: str = ""  # of use
    influence: Level | None = None  # of the model on the decision, beside other evidence
    consequence: Level | None = None  # of a wrong decision


@dataclass(frozen=True)
class Study:
    """One protocol: who gets what, how many, for how long, and what was seen.

    paired: every patient is treated in every arm, from enrollment on; else each is in one arm, and
    is met as treated.
    """

    name: str
    title: str
    product: Product
    diseases: MappingProxyType[str, float]  # shares of the patients
    arms: tuple[Arm, ...]
    patients: int
    seed: int
    days: float
    response_day: float
    registry: str = ""
    about: str = ""
    references: tuple[str, ...] = ()
    numbers: MappingProxyType[str, Given] = field(default_factory=lambda: MappingProxyType({}))
    observed: tuple[Observation, ...] = ()
    trial: Trial | None = None
    credibility: Credibility = Credibility()
    own_numbers: str = ""  # text of a number file, whose numbers stand for the library's
    paired: bool = False

    @property
    def is_comparison(self) -> bool:
        """Whether arms are too unlike, or patients in all of them, for one rate over all."""
        return self.paired or any(arm.product or arm.numbers for arm in self.arms)
