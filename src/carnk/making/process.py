"""What a process is: its steps in order, its dose, its release tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from ..base import Problem, SpecError
from ..library import Number

Counts = Literal["car_positive", "viable"]


@dataclass(frozen=True)
class Step:
    """One step: its kind, how it is done (`by`), and its settings in the units of `steps.KINDS`."""

    kind: str
    by: str
    settings: Mapping[str, float] = field(default_factory=dict)
    where: str = ""  # place in the file, for messages

    @property
    def label(self) -> str:
        """Words for tables: 'expand, k562 mbil21'."""
        return f"{self.kind}, {self.by.replace('_', ' ')}" if self.by else self.kind


@dataclass(frozen=True)
class Dose:
    """A dose as the label counts it: cells per kg or flat, CAR-positive or viable target cells."""

    amount: float  # cells/kg or cells
    per: Literal["kg", "flat"]
    counts: Counts


@dataclass(frozen=True)
class Specification:
    """A release test and its limits; copy numbers say per what by the name of the test.

    `et` is the E:T at which potency is tested; `source` says who uses this limit.
    """

    test: str
    low: float | None = None
    high: float | None = None
    et: float | None = None
    source: str = ""


@dataclass(frozen=True)
class Process:
    """A way to make doses; frozen, so that `with_setting` returns another one.

    `numbers` replaces values of the library, `prices` those of `price_...` in USD; `own` are the
    user's own numbers, with their range and spread, whose values stand in `numbers` too.
    """

    name: str
    about: str
    evidence: str
    steps: tuple[Step, ...]
    dose: Dose
    release: tuple[Specification, ...]
    numbers: Mapping[str, float] = field(default_factory=dict)
    prices: Mapping[str, float] = field(default_factory=dict)
    own: tuple[Number, ...] = ()

    def find(self, kind: str) -> int | None:
        """Place of the first step of a kind, or None."""
        return next((i for i, step in enumerate(self.steps) if step.kind == kind), None)

    @property
    def start(self) -> str:
        """The source step's way: 'apheresis', 'cord_unit', 'ipsc_bank', 'nk92_bank', 'patient'."""
        return self.steps[0].by

    @property
    def cells(self) -> str:
        """'t' where T cells are grown or edited, 'nk' otherwise."""
        ways = {step.by for step in self.steps}
        return "t" if ways & {"patient", "t_selection", "cd3_cd28"} else "nk"

    @property
    def source(self) -> str:
        """The domain's word for the source, or 't_cells'."""
        if self.cells == "t":
            return "t_cells"
        return {
            "cord_unit": "cord_blood",
            "apheresis": "peripheral_blood",
            "ipsc_bank": "ipsc",
            "nk92_bank": "nk92",
        }[self.start]

    @property
    def delivery(self) -> str:
        """The domain's word for how the CAR gets in, or '' if no cell gets one."""
        at, rna = self.find("transduce"), self.find("electroporate")
        if at is not None:
            return "retroviral" if self.steps[at].by.startswith("retroviral") else "lentiviral"
        if rna is not None:
            return "mrna"
        return {"ipsc_bank": "knock_in", "nk92_bank": "lentiviral"}.get(self.start, "")

    @property
    def has_integrating_vector(self) -> bool:
        """Whether copies stand in the genome."""
        return self.delivery in ("retroviral", "lentiviral", "knock_in")

    @property
    def autologous(self) -> bool:
        """Whether a lot is for the one patient whose cells it is made of."""
        return self.start == "patient"

    @property
    def days_of_culture(self) -> float:
        """Planned days from the start to freezing."""
        return sum(step.settings.get("days", 0.0) for step in self.steps if step.kind in CULTURE)

    def with_step(self, index: int, **settings: float) -> Process:
        """The same process with other settings of one step; SpecError for a setting it lacks."""
        step = self.steps[index]
        strange = set(settings) - set(step.settings)
        if strange:
            what = f"{step.label} has no setting '{sorted(strange)[0]}'"
            raise SpecError(Problem(self.name, what, f"It has {', '.join(step.settings)}."))
        new = replace(step, settings={**step.settings, **settings})
        return replace(self, steps=(*self.steps[:index], new, *self.steps[index + 1 :]))

    def with_numbers(self, **numbers: float) -> Process:
        """The same process with other values of the library's numbers."""
        return replace(self, numbers={**self.numbers, **numbers})

    def with_own(self, own: tuple[Number, ...]) -> Process:
        """The same process with the user's own numbers in the place of the library's."""
        return replace(self.with_numbers(**{n.id: n.value for n in own}), own=(*self.own, *own))

    @property
    def given(self) -> frozenset[str]:
        """Ids of the numbers that the process file gives."""
        return frozenset(self.numbers) - {number.id for number in self.own}


CULTURE = ("differentiate", "expand", "transduce", "electroporate", "edit", "prime")
