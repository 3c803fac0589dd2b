"""The traced rates of a model as lines that people read: plain text and LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .expression import Expr
from .model import Model, trace

SUM, PRODUCT, POWER, ATOM = range(4)  # how tightly an expression holds together


@dataclass(frozen=True)
class Equation:
    """What one mechanism adds to the rate of one state."""

    mechanism: str
    state: str
    text: str
    latex: str


def equations(model: Model) -> tuple[Equation, ...]:
    """One equation per arrow, in the order of the mechanisms."""
    text, latex = Printer(TEXT), Printer(LATEX)
    return tuple(
        Equation(
            mechanism,
            state,
            f"d {state}/dt gets {text.write(arrow)}",
            rf"\frac{{d\,{latex.name(state)}}}{{dt}} \mathrel{{+}}= {latex.write(arrow)}",
        )
        for mechanism, arrows in trace(model).arrows
        for state, arrow in arrows.items()
    )


@dataclass(frozen=True)
class Style:
    """The forms of a notation; numbers in braces are the parts of an expression."""

    name: str
    underscore: str
    brackets: str
    times: str
    fraction: str
    bar: bool  # fractions and exponents are set apart by layout, not by brackets
    power: str
    exp: str
    log: str
    max: str
    where: str
    scientific: str


TEXT = Style(
    name="{0}",
    underscore="_",
    brackets="({0})",
    times=" * ",
    fraction="{0} / {1}",
    bar=False,
    power="{0}^{1}",
    exp="exp({0})",
    log="ln({0})",
    max="max({0}, {1})",
    where="({1} if {0} > 0 else {2})",
    scientific="{0}e{1}",
)
LATEX = Style(
    name=r"\mathrm{{{0}}}",
    underscore=r"\_",
    brackets=r"\left({0}\right)",
    times=r" \, ",
    fraction=r"\frac{{{0}}}{{{1}}}",
    bar=True,
    power="{0}^{{{1}}}",
    exp=r"\exp\left({0}\right)",
    log=r"\ln\left({0}\right)",
    max=r"\max\left({0}, {1}\right)",
    where=r"\begin{{cases}} {1} & \text{{if }} {0} > 0 \\ {2} & \text{{else}} \end{{cases}}",
    scientific=r"{0} \times 10^{{{1}}}",
)


class Printer:
    """Writes expressions in one style, with no more brackets than needed."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self.known: dict[Expr, tuple[str, int]] = {}

    def write(self, e: Expr) -> str:
        return self._known(e)[0]

    def name(self, name: str) -> str:
        return self.style.name.format(name.replace("_", self.style.underscore))

    def _known(self, e: Expr) -> tuple[str, int]:
        if e not in self.known:
            self.known[e] = self._form(e)
        return self.known[e]

    def _within(self, e: Expr, least: int) -> str:
        text, holds = self._known(e)
        return text if holds >= least else self.style.brackets.format(text)

    def _form(self, e: Expr) -> tuple[str, int]:
        match e.op:
            case "state" | "parameter":
                return self.name(e.args[0]), ATOM
            case "const":
                return self._number(e.args[0])
            case "add":
                return f"{self._within(e.args[0], SUM)} + {self._within(e.args[1], SUM)}", SUM
            case "sub":
                return f"{self._within(e.args[0], SUM)} - {self._within(e.args[1], PRODUCT)}", SUM
            case "neg":
                return f"-{self._within(e.args[0], PRODUCT)}", SUM
            case "mul" | "inv":
                return self._product(e), PRODUCT
            case "power":
                least = SUM if self.style.bar else ATOM
                parts = self._within(e.args[0], ATOM), self._within(e.args[1], least)
                return self.style.power.format(*parts), POWER
        return getattr(self.style, e.op).format(*map(self.write, e.args)), ATOM

    def _product(self, e: Expr) -> str:
        parts = list(powers(e))
        over = [(base, n) for base, n, below in parts if not below]
        under = [(base, n) for base, n, below in parts if below]
        if not under:
            return self._line(over, POWER)
        alone = SUM if self.style.bar else POWER  # under a bar a single factor needs no brackets
        above = self._line(over, alone if len(over) == 1 else POWER) if over else "1"
        below_line = self._line(under, alone if len(under) == 1 else POWER)
        if not self.style.bar and len(under) > 1:
            below_line = self.style.brackets.format(below_line)
        return self.style.fraction.format(above, below_line)

    def _line(self, parts: list[tuple[Expr, int]], least: int) -> str:
        return self.style.times.join(self._raised(base, n, least) for base, n in parts)

    def _raised(self, base: Expr, exponent: int, least: int) -> str:
        if exponent == 1:
            return self._within(base, least)
        return self.style.power.format(self._within(base, ATOM), exponent)

    def _number(self, value: float) -> tuple[str, int]:
        text = f"{value:.12g}"
        holds = SUM if value < 0 else ATOM
        if "e" not in text:
            return text, holds
        digits, exponent = text.split("e")
        return self.style.scientific.format(digits, int(exponent)), min(holds, PRODUCT)


def powers(e: Expr) -> Iterator[tuple[Expr, int, bool]]:
    """The factors of a product: (base, how often, whether it divides), each base once per side."""
    counts: dict[tuple[Expr, bool], int] = {}
    for base, below in factors(e):
        counts[base, below] = counts.get((base, below), 0) + 1
    for (base, below), count in counts.items():
        yield base, count, below


def factors(
    e: Expr, below: bool = False, keep: Callable[[Expr], bool] = lambda _: False
) -> Iterator[tuple[Expr, bool]]:
    """The factors of a product and whether each divides; those that `keep` names stay whole."""
    if e.op == "mul" and not keep(e):
        yield from factors(e.args[0], below, keep)
        yield from factors(e.args[1], below, keep)
    elif e.op == "inv" and not keep(e):
        yield from factors(e.args[0], not below, keep)
    else:
        yield e, below
