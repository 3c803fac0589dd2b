"""Registry text made plain, so that one rule reads every spelling; and the rules themselves."""

import csv
import html
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

_parser: Any = import_module("re._parser")
RULES = Path(__file__).parent / "rules"

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_CRITERIA = re.compile(r"\b(?:key |main |major )?(?:inclusion|exclusion) criteria\b.*", re.S | re.I)
_SPACES = re.compile(r"[ \t\r\f\v]+")
_BRITISH = re.compile(r"(?:o|\b)(?:esophag)|aemia|aemato|tumour|leukaem|haem|oedema")
_EXPONENT = re.compile(r"(?<=10)\s?\^?([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("×✕⨯∙·•", " "),
        **dict.fromkeys("’‘`´", "'"),
        "×": "x", "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ζ": "zeta",
        "κ": "kappa", "μ": "u", "，": ", ", "；": "; ", "。": ". ", "（": " (", "）": ") ",
        "\u00a0": " ", "\u200b": "", "\ufeff": "", "®": "", "™": "",
    }
)  # fmt: skip
_AMERICAN = {"oesophag": "esophag", "esophag": "esophag", "aemia": "emia", "aemato": "emato",
             "tumour": "tumor", "leukaem": "leukem", "haem": "hem", "oedema": "edema"}  # fmt: skip


def clean(text: str) -> str:
    """Return registry text without tags and entities, in one spelling of dashes and exponents."""
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "&" in text:
        text = html.unescape(html.unescape(text))
    if text.isascii():
        text = text.replace("`", "'")
    else:
        text = _EXPONENT.sub(lambda m: "^" + m[1].translate(_SUPERSCRIPTS), text)
        text = text.translate(_SUPERSCRIPTS).translate(_SIGNS)
    return _SPACES.sub(" ", text).strip()


def plain(text: str) -> str:
    """Return cleaned text in lower case, without accents, in American spelling."""
    text = clean(text)
    if not text.isascii():
        parts = unicodedata.normalize("NFKD", text)
        text = "".join(sign for sign in parts if not unicodedata.combining(sign))
        text = unicodedata.normalize("NFC", text)
    text = text.lower()
    if not ("ae" in text or "oe" in text or "tumour" in text):
        return text
    return _BRITISH.sub(lambda m: _AMERICAN[m[0]], text)


def without_criteria(text: str) -> str:
    """Return a description without the eligibility criteria that some sponsors put into it."""
    return _CRITERIA.sub("", text) if "riteria" in text or "RITERIA" in text else text


@cache
def rules(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of `rules/<name>.csv`, in their order."""
    with (RULES / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))


class Pattern:
    """A rule's regular expression, tried only on texts that hold a literal part of it.

    `needs` are strings of which every match contains at least one, read off the expression, so
    that a hundred rules over a long text cost a hundred searches for a word.
    """

    def __init__(self, pattern: str) -> None:
        self.regex = re.compile(pattern)
        self.needs = tuple(sorted(_needed(_parser.parse(pattern)) or ()))

    def may_match(self, text: str) -> bool:
        """Whether a text holds what every match needs."""
        for need in self.needs:  # a plain loop: this is asked a thousand times for each record
            if need in text:
                return True
        return not self.needs

    def search(self, text: str) -> re.Match[str] | None:
        """As of a regular expression."""
        return self.regex.search(text) if self.may_match(text) else None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """As of a regular expression."""
        return self.regex.finditer(text) if self.may_match(text) else iter(())


def _needed(items: Any) -> frozenset[str] | None:
    """Literals of which every match of these parsed items holds one; None if there are none."""
    found: list[frozenset[str]] = []
    run = ""
    for kind, value in [*items, (None, None)]:
        if str(kind) == "LITERAL":
            run += chr(value)
            continue
        if len(run) > 1:
            found.append(frozenset({run}))
        run = ""
        inner: frozenset[str] | None = None
        if str(kind) == "SUBPATTERN":
            inner = _needed(value[3])
        elif str(kind) == "BRANCH":
            branches = [_needed(each) for each in value[1]]
            if all(branches):
                inner = frozenset().union(*(each for each in branches if each))
        elif str(kind) in ("MAX_REPEAT", "MIN_REPEAT") and value[0] > 0:
            inner = _needed(value[2])
        if inner:
            found.append(inner)
    return max(found, key=_rarity, default=None)


def _rarity(needs: frozenset[str]) -> tuple[int, int, int]:
    shortest = min(map(len, needs))
    return min(shortest, 4), any(map(str.isdigit, "".join(needs))), -len(needs)


@cache
def compiled(pattern: str) -> Pattern:
    """Return a rule's pattern, compiled once."""
    return Pattern(pattern)


@cache
def context(name: str) -> re.Pattern[str]:
    """Return a pattern of `rules/contexts.csv`: what words around a mention make of it."""
    return next(re.compile(row["pattern"]) for row in rules("contexts") if row["name"] == name)
