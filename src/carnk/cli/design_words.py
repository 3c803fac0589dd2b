"""Options that several `design` commands share, and the designs and truths they spell."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

if TYPE_CHECKING:
    from ..base import Problem
    from ..designs import Design, Settings, Truth

Text = str | None
KEYWORD_ONLY = inspect.Parameter.KEYWORD_ONLY


@dataclass(frozen=True)
class Words:
    """The design as words of the command line."""

    target: Annotated[float | None, typer.Option(help="DLT rate aimed at, 0.05 to 0.60.")] = None
    doses: Annotated[int | None, typer.Option(help="Dose levels.")] = None
    cohorts: Annotated[int, typer.Option(help="Most cohorts.")] = 10
    size: Annotated[int, typer.Option(help="Patients per cohort.")] = 3
    enough: Annotated[
        int | None, typer.Option(help="Stop when so many patients have the dose to stay at.")
    ] = None
    extra_safe: Annotated[
        bool, typer.Option("--extra-safe", help="BOIN: stop earlier for a toxic dose 1.")
    ] = False
    skeleton: Annotated[Text, typer.Option(help="CRM: prior P(DLT) by dose, 0.1,0.2,...")] = None
    link: Annotated[str, typer.Option(help="CRM model: empiric, logistic or two-parameter.")] = (
        "empiric"
    )
    prior_mtd: Annotated[int | None, typer.Option(help="CRM: dose guessed to be the MTD.")] = None
    scale: Annotated[float, typer.Option(help="CRM: prior sd of theta.")] = sqrt(1.34)
    intercept: Annotated[float, typer.Option(help="CRM, logistic links: intercept.")] = 3.0
    half_width: Annotated[
        float, typer.Option(help="mTPI, mTPI-2, keyboard: half-width of the target interval.")
    ] = 0.05
    amounts: Annotated[Text, typer.Option(help="BLRM, EffTox: dose amounts, 1,2,4,...")] = None
    reference: Annotated[float | None, typer.Option(help="BLRM: reference amount.")] = None
    prior_mean: Annotated[Text, typer.Option(help="BLRM: 2 numbers; EffTox: 6.")] = None
    prior_sd: Annotated[Text, typer.Option(help="BLRM: 2 numbers; EffTox: 6.")] = None
    interval: Annotated[str, typer.Option(help="BLRM: target interval.")] = "0.16,0.33"
    least_response: Annotated[
        float, typer.Option(help="BOIN12, EffTox: lowest acceptable response rate.")
    ] = 0.25
    utility: Annotated[str, typer.Option(help="BOIN12: of response, neither, both, DLT alone.")] = (
        "100,40,60,0"
    )
    contour: Annotated[Text, typer.Option(help="EffTox: response, DLT, third point.")] = None
    cap: Annotated[int, typer.Option(help="Backfill: most patients at a dose.")] = 12

    def settings(self, doses: int | None = None) -> tuple[Settings | None, list[Problem]]:
        """Return the settings, or none, and every problem of lists and numbers.

        doses: number of dose levels that something else gives, such as the truth.
        """
        from ..base import Problem
        from ..designs import Settings

        problems: list[Problem] = []
        lists = {
            name: numbers(f"--{name.replace('_', '-')}", getattr(self, name), problems)
            for name in (
                "skeleton",
                "amounts",
                "prior_mean",
                "prior_sd",
                "interval",
                "utility",
                "contour",
            )
        }
        known = self.doses or doses or len(lists["skeleton"] or lists["amounts"] or ())
        if not known:
            do = "Give --doses 5."
            problems.append(Problem("--doses", "the number of dose levels is missing", do))
        if doses and self.doses and doses != self.doses:
            what = f"{self.doses}, but the truth has {doses} doses"
            problems.append(Problem("--doses", what, "Leave it out."))
        links = ("empiric", "logistic", "two-parameter")
        if self.link not in links:
            problems.append(Problem("--link", f"'{self.link}' is not one of {', '.join(links)}"))
        if problems:
            return None, problems
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in lists}
        return Settings(**(plain | lists | {"doses": known})), []

    def design(self, name: str) -> Design:
        """Return one design; SpecError with every problem."""
        from ..base import SpecError
        from ..designs import build

        settings, problems = self.settings()
        if settings is None:
            raise SpecError(problems, "design")
        return build(name, settings)


@dataclass(frozen=True)
class Shape:
    """How a result is printed or written."""

    style: Annotated[str, typer.Option("--format", help="text or csv.")] = "text"
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False
    out: Annotated[Path | None, typer.Option(help="Write to a file instead.")] = None


@dataclass(frozen=True)
class World:
    """The truth to simulate, and on how many trials."""

    truth: Annotated[Text, typer.Option(help="True P(DLT) by dose, 0.05,0.15,...")] = None
    efficacy: Annotated[Text, typer.Option(help="True P(response) by dose.")] = None
    correlation: Annotated[float, typer.Option(help="Of DLT and response (latent normal).")] = 0.0
    trials: Annotated[int, typer.Option(help="Trials to simulate.")] = 10_000
    seed: Annotated[int, typer.Option(help="Of the virtual patients.")] = 1
    arrival: Annotated[float, typer.Option(help="Mean days between patients.")] = 10.0
    window: Annotated[float, typer.Option(help="DLT window, days.")] = 28.0

    def read(self) -> tuple[Truth | None, list[Problem]]:
        """Return the truth, or none, and every problem."""
        from ..base import Problem, SpecError
        from ..designs import Truth

        problems: list[Problem] = []
        toxicity = numbers("--truth", self.truth, problems)
        efficacy = numbers("--efficacy", self.efficacy, problems)
        if self.truth is None:
            do = "Give P(DLT) by dose, --truth 0.05,0.15,0.30."
            problems.append(Problem("--truth", "is missing", do))
        for where, value, low, high in (
            ("--trials", self.trials, 1, 1_000_000),
            ("--seed", self.seed, 0, 2**63 - 1),
        ):
            if not low <= value <= high:
                problems.append(Problem(where, f"{value} is not from {low} to {high}"))
        for where, days in (("--arrival", self.arrival), ("--window", self.window)):
            if not 0 < days <= 3650:
                problems.append(Problem(where, f"{days:g} days is not above 0 and up to ten years"))
        if toxicity is None:
            return None, problems
        try:
            return Truth(toxicity, efficacy, self.correlation), problems
        except SpecError as error:
            return None, [*problems, *error.problems]


def numbers(where: str, text: str | None, problems: list[Problem]) -> tuple[float, ...] | None:
    """Read `0.1,0.2`; append a problem for each part that is not a finite number."""
    from math import isfinite

    from ..base import Problem

    if text is None:
        return None
    found = []
    for part in text.split(","):
        try:
            value = float(part)
        except ValueError:
            value = float("nan")
        if isfinite(value):
            found.append(value)
        else:
            do = "Write numbers with commas between, such as 0.05,0.15,0.30."
            problems.append(Problem(where, f"'{part.strip()}' is not a number", do))
    return tuple(found) if len(found) == text.count(",") + 1 else None


def takes(*groups: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of whole groups, handed over as `words`, `shape` and `world`.

    An option that the command has itself is left out of the group.
    """

    def wrap(command: Callable[..., None]) -> Callable[..., None]:
        names = {group: group.__name__.lower() for group in groups}
        own = inspect.signature(command, eval_str=True).parameters
        parameters = [p for p in own.values() if p.name not in names.values()]
        for group in groups:
            hints = get_type_hints(group, include_extras=True)
            parameters += [
                inspect.Parameter(f.name, KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
                for f in fields(group)
                if f.name not in own
            ]

        def called(**given: Any) -> None:
            for group, name in names.items():
                of_group = [f.name for f in fields(group) if f.name not in own]
                given[name] = group(**{each: given.pop(each) for each in of_group})
            command(**given)

        called.__name__, called.__doc__ = command.__name__, command.__doc__
        called.__annotations__ = {p.name: p.annotation for p in parameters}
        signature = inspect.Signature(sorted(parameters, key=lambda p: p.kind))
        setattr(called, "__signature__", signature)  # noqa: B010 - functions declare no such field
        return called

    return wrap
