"""A document as a LaTeX article that compiles by itself: states, equations, numbers, sources."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace

from .equations import LATEX, Printer
from .expression import Expr
from .labels import Document
from .model import trace
from .sbml import check_numbers
from .shared import abbreviate

STYLE = replace(LATEX, times=r" \cdot ")
LONGEST = 9  # symbols of a formula, so that it fits on a line
ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&", "#": r"\#",
    "_": r"\_\allowbreak{}", "$": r"\$", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "\N{NO-BREAK SPACE}": "~",
    "\N{MICRO SIGN}": r"$\mu$", "\N{GREEK SMALL LETTER MU}": r"$\mu$",
    "\N{GREEK SMALL LETTER ALPHA}": r"$\alpha$", "\N{GREEK SMALL LETTER BETA}": r"$\beta$",
    "\N{GREEK SMALL LETTER GAMMA}": r"$\gamma$", "\N{GREEK SMALL LETTER ZETA}": r"$\zeta$",
    "\N{EN DASH}": "--", "\N{EM DASH}": "---", "\N{HYPHEN}": "-",
    "\N{LEFT SINGLE QUOTATION MARK}": "`", "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": "``", "\N{RIGHT DOUBLE QUOTATION MARK}": "''",
    "\N{GREATER-THAN OR EQUAL TO}": r"$\geq$", "\N{LESS-THAN OR EQUAL TO}": r"$\leq$",
    "\N{MULTIPLICATION SIGN}": r"$\times$", "\N{PLUS-MINUS SIGN}": r"$\pm$",
}  # fmt: skip
HEAD = r"""\documentclass[10pt]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage[a4paper,landscape,margin=15mm]{geometry}
\usepackage{amsmath,longtable,array,graphicx}
\usepackage[hidelinks]{hyperref}
\setlength{\parindent}{0pt}
\setlength{\parskip}{2pt plus 1pt}
\setlength{\emergencystretch}{3em}
\newsavebox{\mathline}
% A formula on a line of its own, made smaller where it is wider than the line.
\newcommand{\fit}[1]{\sbox{\mathline}{$\displaystyle #1$}%
  \ifdim\wd\mathline>\linewidth\resizebox{\linewidth}{!}{\usebox{\mathline}}%
  \else\usebox{\mathline}\fi\par}
\newcolumntype{P}[1]{>{\raggedright\arraybackslash}p{#1}}
"""


def latex_text(document: Document) -> str:
    """The LaTeX text of a document.

    Raises SolveError if a number is missing, not finite, or a name is used twice.
    """
    check_numbers(document)
    return "\n".join([*_Writer(document).lines(), ""])


def escape(text: str) -> str:
    """Text in which nothing is a command; letters that LaTeX's fonts lack lose their marks."""
    return "".join(ESCAPES.get(letter) or _letter(letter) for letter in text)


def _letter(letter: str) -> str:
    if letter < "\u0180" and letter.isprintable():
        return letter
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return escape(plain) if plain else " " if letter.isspace() else "?"


class _Writer:
    """Writes the lines of one document."""

    def __init__(self, document: Document) -> None:
        self.document, self.model = document, document.model
        self.printer = Printer(STYLE)
        traced = trace(self.model)
        arrows = [(m, state, e) for m, flows in traced.arrows for state, e in flows.items()]
        effects = [(n, state, e) for n, f in enumerate(traced.effects) for state, e in f.items()]
        outputs = [e for *_, e in arrows] + list(traced.triggers) + [e for *_, e in effects]
        self.shared, outputs = abbreviate(outputs, LONGEST)
        rest = iter(outputs)
        self.arrows = [(m, state, next(rest)) for m, state, _ in arrows]
        self.triggers = [next(rest) for _ in traced.triggers]
        self.effects = [(n, state, next(rest)) for n, state, _ in effects]

    def lines(self) -> Iterator[str]:
        yield HEAD
        yield rf"\title{{{escape(self.document.title)}}}"
        yield r"\author{}\date{}" + "\n" + r"\begin{document}" + "\n" + r"\maketitle"
        yield from (f"{escape(note)}\n" for note in self.document.notes)
        yield from self._states()
        yield from self._equations()
        yield from self._events()
        yield from self._parameters()
        yield from self._references()
        yield r"\end{document}"

    def _states(self) -> Iterator[str]:
        yield r"\section{States}"
        rows = (
            (_code(n), escape(label.meaning), _value(self.document.initial[n]), escape(label.unit))
            for n in self.model.states
            for label in [self.document.label(n)]
        )
        yield from _table(
            (("State", "45mm"), ("Meaning", "120mm"), ("At the start", "35mm"), ("Unit", "35mm")),
            rows,
        )

    def _equations(self) -> Iterator[str]:
        yield r"\section{Equations}"
        yield "The rate of each state is the sum of what the mechanisms add to it."
        for state in self.model.states:
            own = [(m, e) for m, changed, e in self.arrows if changed == state]
            head = rf"\dfrac{{d\,{self.printer.name(state)}}}{{dt}}"
            yield rf"\subsection*{{{_code(state)}}}"
            if not own:
                yield rf"\fit{{{head} = 0}}"
            for k, (mechanism, e) in enumerate(own):
                said = rf"\qquad\textit{{({escape(mechanism.replace('_', ' '))})}}"
                term = self._term(e) if k else f"{head} = {self.printer.write(e)}"
                yield rf"\fit{{{term} {said}}}"
        if self.shared:
            yield r"\section{Abbreviations}"
            yield "Terms that several equations share, and parts of long ones."
            yield ""
        for name, e in self.shared.items():
            yield rf"\fit{{{self.printer.name(name)} = {self.printer.write(e)}}}"

    def _term(self, e: Expr) -> str:
        """What a further mechanism adds, with its sign."""
        sign, e = ("-", e.args[0]) if e.op == "neg" else ("+", e)
        text = self.printer.write(e)
        return rf"\qquad {sign}{STYLE.brackets.format(text) if e.op in ('add', 'sub') else text}"

    def _events(self) -> Iterator[str]:
        if not self.document.doses and not self.model.events:
            return
        yield r"\section{Doses and events}"
        rows = (
            (str(n + 1), _value(time), _code(state), _value(amount), escape(unit))
            for n, (time, state, amount) in enumerate(self.document.doses)
            for unit in [self.document.label(state).unit]
        )
        if self.document.doses:
            heads = ("Dose", "Time", "Into", "Amount", "Unit")
            time = escape(self.document.time)
            yield f"Time is in the unit {time}."
            yield from _table(tuple(zip(heads, ("20mm", "30mm", "60mm", "40mm", "40mm"))), rows)
        for n, (event, trigger) in enumerate(zip(self.model.events, self.triggers)):
            often = "once" if event.times == 1 else f"at most {event.times} times"
            yield rf"\textit{{{escape(event.name)}}}, {often}, when this rises above zero:\par"
            yield rf"\fit{{{self.printer.write(trigger)}}}"
            for state, e in ((s, e) for k, s, e in self.effects if k == n):
                change = rf"{self.printer.name(state)} \mathrel{{+}}= {self.printer.write(e)}"
                yield rf"\fit{{{change}}}"

    def _parameters(self) -> Iterator[str]:
        yield r"\section{Parameters}"
        rows = []
        for name in self.model.parameters:
            label = self.document.label(name)
            source = escape(label.source)
            if label.link:
                source = rf"\href{{{_address(label.link)}}}{{{source}}}"
            basis = ", ".join(filter(None, (label.basis, label.checked)))
            meaning = ". ".join(filter(None, (label.meaning, label.why)))
            value = _value(self.document.parameters[name])
            rows.append(
                (_code(name), value, escape(label.unit), escape(meaning), escape(basis), source)
            )
        heads = ("Parameter", "Value", "Unit", "Meaning", "Basis", "Source")
        widths = ("44mm", "27mm", "25mm", "88mm", "22mm", "34mm")
        yield from _table(tuple(zip(heads, widths)), rows)

    def _references(self) -> Iterator[str]:
        if not self.document.references:
            return
        yield r"\begin{thebibliography}{99}" + "\n" + r"\raggedright"
        for n, text in enumerate(self.document.references):
            broken = escape(text).replace("/", r"/\allowbreak{}")
            yield rf"\bibitem{{r{n + 1}}} {broken}"
        yield r"\end{thebibliography}"


def _table(heads: Iterable[tuple[str, str]], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A table that goes on over pages; heads are (word, width)."""
    heads = tuple(heads)
    columns = "".join(f"P{{{width}}}" for _, width in heads)
    yield rf"\begin{{longtable}}{{{columns}}}" + "\n" + r"\hline"
    yield " & ".join(rf"\textbf{{{word}}}" for word, _ in heads) + r" \\ \hline \endhead"
    for row in rows:
        yield " & ".join(row) + r" \\"
    yield r"\hline" + "\n" + r"\end{longtable}"


def _code(name: str) -> str:
    return rf"\texttt{{{escape(name)}}}"


def _value(value: float | str) -> str:
    """A number in six digits, or the name of a parameter."""
    if isinstance(value, str):
        return _code(value)
    text = f"{value:.6g}"
    if "e" not in text:
        return text
    digits, exponent = text.split("e")
    return rf"${digits} \times 10^{{{int(exponent)}}}$"


def _address(link: str) -> str:
    """An address inside of a link: what LaTeX reads as a command there is written as a code."""
    codes = {"%": r"\%", "#": r"\#", "{": r"\%7B", "}": r"\%7D", "\\": r"\%5C", "_": r"\_"}
    return "".join(codes.get(letter, letter) for letter in link)
