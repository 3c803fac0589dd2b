"""The fields of a study file: one table for reading, for errors and for the JSON Schema."""

from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

from ..base import Node, NumberError, Problem, did_you_mean, read_quantity
from ..domain import Given
from ..library import Number, limits, load
from .form import Amount, Choice, Either, Form, Many, Optional, Table, Text
from .trial_form import DESIGN

NK_SOURCES = ("cord_blood", "peripheral_blood", "ipsc", "nk92")
T_SOURCES = ("autologous_t", "allogeneic_t")
SOURCES = (*NK_SOURCES, *T_SOURCES)
ARMORS = ("none", "unknown", "il15_secreted", "il15_membrane", "il15_fusion")
DELIVERIES = ("retroviral", "lentiviral", "mrna", "knock_in")
EDITS = ("b2m_loss", "hla_e", "hncd16", "tcr_loss")
PAYLOADS = ("il21", "cxcr2", "cxcr4")
PER_DRUG = {  # how the dose of each drug is given
    "fludarabine": "m2",
    "cyclophosphamide": "m2",
    "rituximab": "m2",
    "cetuximab": "m2",
    "trastuzumab": "kg",
    "daratumumab": "kg",
    "n803": "kg",
    "rhil15": "kg",
    "il2": "units",
    "rimiducid": "kg",
    "tocilizumab": "kg",
    "dexamethasone": "flat",
}
DRUG_UNITS = {"m2": "mg/m2", "kg": "mg/kg", "units": "IU/m2", "flat": "mg"}
ANTIBODIES = ("rituximab", "cetuximab", "trastuzumab", "daratumumab")
B_LINEAGE = ("cll", "cll_richter", "follicular", "dlbcl", "mantle_cell", "b_all")
CARRY = {  # diseases whose cells carry what a CAR or an antibody sees
    "CD19": (*B_LINEAGE, "sle"),
    "CD20": (*(d for d in B_LINEAGE if d != "b_all"), "sle"),
    "BCMA": ("myeloma",),
    "CD33": ("aml",),
    "CD38": ("myeloma",),
    "HER2": ("glioblastoma", "ovarian", "colorectal"),
    "EGFR": ("glioblastoma", "colorectal"),
    "NKG2DL": ("aml", "myeloma", "glioblastoma", "ovarian", "colorectal"),
}
SEEN_BY = {
    "rituximab": CARRY["CD20"],
    "cetuximab": CARRY["EGFR"],
    "trastuzumab": CARRY["HER2"],
    "daratumumab": CARRY["CD38"],
}
AGONISTS = ("n803", "rhil15", "il2")
COUNTED = ("car_positive", "viable")
OUTCOMES = ("response", "complete_response", "crs", "crs_grade_3", "icans", "gvhd", "pfs")
LEVELS = ("low", "medium", "high")
MOST_CELLS, MOST_CELLS_PER_KG, MOST_PATIENTS = 1e12, 1e10, 10_000_000
FACTOR = Amount("a factor on the library's value, whose uncertainty stays", high=1000)


def _after(prefix: str) -> tuple[str, ...]:
    return tuple(sorted(i.removeprefix(prefix) for i in load() if i.startswith(prefix)))


@cache
def diseases() -> tuple[str, ...]:
    """Diseases that the library has numbers for."""
    return _after("growth_")


@cache
def targets() -> tuple[str, ...]:
    """Antigens that the library has a density for, in capitals."""
    return tuple(t.upper() for t in _after("density_") if "_" not in t)


@dataclass(frozen=True)
class GivenNumbers:
    """Numbers that the study gives: `id: value`, value and range, or times the library's value."""

    meaning: str = "numbers instead of the library's, by id"
    default: MappingProxyType[str, Given] = field(default_factory=lambda: MappingProxyType({}))

    def read(self, node: Node, problems: list[Problem]) -> MappingProxyType[str, Given]:
        """Return the numbers in the library's units."""
        given: dict[str, Given] = {}
        if not isinstance(node.value, dict):
            problems.append(node.problem("this is not a mapping", "Write 'id: value' lines."))
        for name, child in node.fields.items():
            if name in self.names():
                given[name] = self.one(child, load()[name], problems)
            else:
                what = f"'{name}' is not the id of a number that a study reads"
                problems.append(child.problem(what, did_you_mean(name, self.names())))
        return MappingProxyType(given)

    def names(self) -> tuple[str, ...]:
        """Ids that a study can give: none of the well, priors, a trial's settings, or making."""
        elsewhere = ("killing", "priors", "trials", "making", "planning", "comparators")
        return tuple(name for name, number in load().items() if number.room not in elsewhere)

    def one(self, node: Node, number: Number, problems: list[Problem]) -> Given:
        """Read a value, a value and the range of 95 % of patients or lots, or a factor."""
        problems.extend(node.unknown_keys(("value", "range", "times")))
        if (times := node.get("times")) is not None:
            if node.get("value") or node.get("range"):
                problems.append(times.problem("'times' does not go with 'value' or 'range'"))
            return Given(FACTOR.read(times, problems), is_factor=True)
        amount = self.amount(node.get("value") or node, number, problems)
        ends = node.get("range")
        if ends is None:
            return Given(amount)
        if len(ends.entries) != 2:
            problems.append(ends.problem("a range is [low, high]"))
            return Given(amount)
        low, high = (self.amount(end, number, problems) for end in ends.entries)
        if not low <= amount <= high:
            what = f"{amount:g} lies outside its own range, {low:g} to {high:g}{_shown(number)}"
            problems.append(ends.problem(what))
        return Given(amount, low, high)

    def amount(self, node: Node, number: Number, problems: list[Problem]) -> float:
        """Read one value; what the library's range makes absurd is a problem at the node."""
        try:
            value = read_quantity(str(node.plain()), number.unit)
        except NumberError as error:
            problems.extend(node.problem(p.what, p.do) for p in error.problems)
            return 0.0
        least, most = limits(number)
        if not least <= value <= most:
            low, high = number.range or (number.value, number.value)
            usual = f"{low:g} to {high:g}{_shown(number)}"
            what = f"{value:g}{_shown(number)} is absurd where the library has {usual}"
            problems.append(node.problem(what, f"Give a value from {least:g} to {most:g}."))
        return value

    def schema(self) -> dict[str, Any]:
        """JSON Schema of this field."""
        value = {"type": ["number", "string"]}
        entry = {
            "type": "object",
            "properties": {
                "value": value,
                "range": {"type": "array", "items": value},
                "times": FACTOR.schema(),
            },
            "anyOf": [{"required": ["value"]}, {"required": ["times"]}],
            "additionalProperties": False,
        }
        named = {
            name: {"anyOf": [value, entry], "description": f"{number.meaning}; in {number.unit}"}
            for name, number in load().items()
            if name in self.names()
        }
        return {"type": "object", "properties": named, "additionalProperties": False}


def _shown(number: Number) -> str:
    return "" if number.unit == "1" else f" {number.unit}"


def _days(meaning: str, default: tuple[float, ...] | None = None) -> Many:
    day = Amount("a day; 0 is the first infusion", low=-60, high=3650)
    return Many(meaning, day, least=1, default=default)


DOSE = Either(
    "the dose of each infusion; 0 for an arm without cells",
    {
        "kg": Amount("dose", "cells/kg", low=1e3, high=MOST_CELLS_PER_KG, or_none=True),
        "flat": Amount("dose", "cells", low=1e5, high=MOST_CELLS, or_none=True),
    },
)
DRUG = Form(
    "a drug",
    {
        "drug": Choice("which drug", tuple(PER_DRUG)),
        "dose": Either(
            "the dose of each day",
            {
                "m2": Amount("dose", "mg/m2", above=True, high=10_000),
                "kg": Amount("dose", "mg/kg", above=True, high=1_000),
                "units": Amount("dose", "IU/m2", above=True, high=1e8),
                "flat": Amount("dose", "mg", above=True, high=10_000),
            },
        ),
        "days": _days("the days on which it is given"),
    },
)
RESCUE = Form(
    "drugs given once, when serum IL-6 rises through a level",
    {
        "il6": Amount("the level of serum IL-6", "pg/mL", above=True, high=1e6),
        "tocilizumab": Amount("tocilizumab", "mg/kg", high=20, default=0.0),
        "dexamethasone": Amount("dexamethasone", "mg", high=200, default=0.0),
        "rimiducid": Amount(
            "rimiducid, which fires the safety switch", "mg/kg", high=10, default=0.0
        ),
    },
)
REGIMEN = Form(
    "what a patient gets",
    {
        "dosing": Choice("whether cell doses are per body weight or flat", ("per_kg", "flat")),
        "counts": Choice("which cells the dose counts", COUNTED),
        "dose": Optional(DOSE),
        "days": _days("the days of infusion", (0.0,)),
        "drugs": Many("conditioning, antibody and other drugs", DRUG, default=()),
        "rescue": Optional(RESCUE),
    },
)
OBSERVED = Form(
    "a published proportion of patients",
    {
        "outcome": Choice("what was counted", OUTCOMES),
        "events": Amount("patients with the outcome", whole=True, high=1e6),
        "of": Amount("patients in all", whole=True, low=1, high=1e6),
        "day": Optional(Amount("the day; left out: ever or best", high=36_500)),
        "disease": Text("only this disease", default=""),
        "arm": Text("only this arm", default=""),
        "source": Text("key of the reference"),
        "at": Text("where in the source", default=""),
        "checked": Choice("whether the source was opened for it", ("read", "unread")),
        "note": Text("what else to know", default=""),
    },
)
CREDIBILITY = Form(
    "what the answer is for, as the credibility page asks",
    {
        "question": Text("the question of interest that a decision hangs on", default=""),
        "context": Text("context of use: what of the model answers it, beside what else",
                        default=""),
        "influence": Optional(Choice("how much the model weighs in the decision", LEVELS)),
        "consequence": Optional(Choice("how grave a wrong decision would be", LEVELS)),
    },
)  # fmt: skip


def _construct() -> dict[str, Any]:
    return {
        "target": Choice("the antigen", targets()),
        "domains": Text("parts of the receptor", default=""),
        "armor": Choice("IL-15 armor", ARMORS, default="none"),
        "switch": Choice("safety switch", ("none", "icasp9"), default="none"),
        "delivery": Choice("gene delivery", DELIVERIES),
        "payloads": Many("extra genes", Choice("a gene", PAYLOADS), default=()),
    }


def _product() -> dict[str, Any]:
    return {
        "name": Text("its name"),
        "source": Choice("where the cells come from", SOURCES),
        "edits": Many("gene edits", Choice("an edit", EDITS), default=()),
        "memory_like_fraction": Amount("share of memory-like cells", high=1, default=0.0),
    }


def _arm() -> Form:
    construct = Form("parts other than the study's construct has", _all_optional(_construct()))
    product = _all_optional(_product()) | {"construct": Optional(construct)}
    return Form(
        "an arm or dose level; what it leaves out is as in the regimen and the product",
        {
            "name": Text("its name"),
            "share": Amount("its share of the patients, in any scale", above=True, default=1.0),
            "dose": Optional(DOSE),
            "counts": Optional(Choice("which cells the dose counts", COUNTED)),
            "days": Optional(_days("the days of infusion")),
            "drugs": Optional(Many("drugs instead of the regimen's", DRUG)),
            "rescue": Optional(RESCUE),
            "product": Optional(Form("cells other than the study's product", product)),
            "numbers": GivenNumbers("numbers of this arm alone, by id"),
        },
    )


def _all_optional(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: Optional(kind) for name, kind in fields.items()}


@cache
def study_form() -> Form:
    """The fields of a study file."""
    product = _product() | {
        "construct": Form("the receptor and what it carries", _construct()),
        "process": Text("the process that makes its lots: built-in, or a file beside this one",
                        default=""),
    }  # fmt: skip
    fields = {
        "study": Text("a short name"),
        "title": Text("one line"),
        "registry": Text("registration number", default=""),
        "about": Text("what to know about it", default=""),
        "references": Many("keys of references", Text("a key"), default=()),
        "patients": Amount("virtual patients", low=1, high=MOST_PATIENTS, whole=True),
        "seed": Amount("seed of all random numbers", whole=True, high=2**32 - 1, default=1.0),
        "days": Amount("days to follow", low=1, high=3650, default=365.0),
        "response_day": Amount("day of the response", low=1, high=3650, default=30.0),
        "diseases": Table("shares of the patients", Amount("a share", above=True), diseases()),
        "product": Form("the cells", product),
        "regimen": REGIMEN,
        "arms": Many("arms or dose levels", _arm(), default=()),
        "allocation": Choice(
            "whether a patient is in one arm or, as only a virtual one can be, in every arm",
            ("one_arm", "every_arm"),
            default="one_arm",
        ),
        "numbers": GivenNumbers(),
        "observed": Many("what was seen in patients", OBSERVED, default=()),
        "design": Optional(DESIGN),
        "credibility": Optional(CREDIBILITY),
    }
    return Form("a carnk study", fields)
