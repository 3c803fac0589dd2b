"""Dose-finding designs by name, as the catalog of `designs` has them, and their settings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..base import Node, Problem
from ..domain import Rule, Trial
from .form import Amount, Choice, Form, Many, Optional

if TYPE_CHECKING:
    from ..designs import Design


@dataclass(frozen=True)
class Flag:
    """True or false."""

    meaning: str
    default: None = None

    def read(self, node: Node, problems: list[Problem]) -> bool:
        """Return the flag; anything else is a problem."""
        if not isinstance(node.value, bool):
            what = f"'{node.plain()}' is neither true nor false"
            problems.append(node.problem(what, "Write true, or leave it out."))
        return node.value is True

    def schema(self) -> dict[str, Any]:
        """JSON Schema of this field."""
        return {"type": "boolean", "description": self.meaning}


def _chances(meaning: str) -> Optional:
    return Optional(Many(meaning, Amount("a chance", high=1.0)))


def _numbers(meaning: str) -> Many:
    return Many(meaning, Amount("a number", low=-1e6, high=1e6))


ENOUGH = {
    "enough": Optional(
        Amount("patients at a dose that end the trial there", whole=True, low=1, high=500)
    )
}
CURVE = {
    "skeleton": _chances("prior guess of the chance of DLT at each dose"),
    "link": Optional(
        Choice("how it bends", ("empiric", "logistic", "two-parameter")),
    ),
    "scale": Optional(Amount("prior standard deviation of theta", high=10, above=True)),
    "intercept": Optional(Amount("of the logistic links", high=20, above=True)),
    "prior_mtd": Optional(Amount("the level guessed to be right", whole=True, low=1, high=20)),
} | ENOUGH
KEYS = {
    "half_width": Optional(Amount("half-width of the target interval", high=0.5, above=True))
} | ENOUGH
WORTH = {
    "least_response": Amount("the lowest acceptable response", high=1.0, above=True),
    "utility": Optional(_numbers("worth of response, of neither, of both, of DLT alone")),
} | ENOUGH
PRIOR = {
    "prior_mean": Optional(_numbers("prior means")),
    "prior_sd": Optional(_numbers("prior standard deviations")),
} | ENOUGH
RULES = {
    "3+3": Form("the 3+3 design", {}),
    "3+3-down": Form("3+3 that fills the dose below a toxic one to six patients", {}),
    "rolling-six": Form("the rolling six design", {}),
    "boin": Form(
        "the Bayesian optimal interval design",
        {"extra_safe": Flag("stop earlier for a toxic lowest dose")} | ENOUGH,
    ),
    "tite-boin": Form("BOIN that counts patients still followed", ENOUGH),
    "keyboard": Form("the keyboard design", KEYS),
    "mtpi": Form("the modified toxicity probability interval design", KEYS),
    "mtpi2": Form("the mTPI-2 design", KEYS),
    "crm": Form("the continual reassessment method", CURVE),
    "tite-crm": Form("CRM that counts patients still followed", CURVE),
    "blrm": Form(
        "the Bayesian logistic regression model with overdose control",
        {"interval": _chances("ends of the target interval")} | PRIOR,
    ),
    "boin12": Form("BOIN12: the optimal biological dose by toxicity and response", WORTH),
    "efftox": Form(
        "EffTox: toxicity against response on a contour",
        {
            "least_response": WORTH["least_response"],
            "contour": Optional(_numbers("response, DLT rate, then both of a third point")),
        }
        | PRIOR,
    ),
}
WHOLE = ("enough", "prior_mtd")
COHORTS_OF_THREE = ("3+3", "3+3-down")
ON_RESPONSE = ("boin12", "efftox")  # decide when the response is known


def design_of(rule: Rule, trial: Trial, amounts: tuple[float, ...]) -> "Design":
    """The design of a rule for dose levels of these amounts; SpecError with all that is wrong.

    The designs, which load much of SciPy, are imported only here and when trials are run.
    """
    from ..designs import Settings, build

    given: dict[str, Any] = dict(rule.settings)
    given |= {name: int(given[name]) for name in WHOLE if name in given}
    return build(
        rule.name,
        Settings(
            doses=len(amounts),
            target=trial.target,
            cohorts=trial.cohorts,
            size=trial.size,
            amounts=amounts,
            **given,
        ),
    )
