"""Is it CAR-NK? Words of a record become tokens (`rules/masks.csv`), tokens decide the kind."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from .record import Study
from .words import Pattern, compiled, context, plain, rules

CAR_NK = ("CAR-NK", "CAR-NK-92", "CAR-NK with CAR-T")
KINDS = (
    *CAR_NK,
    "CAR-NKT",
    "NK-like T",
    "CAR-T",
    "other CAR",
    "NK without CAR",
    "other",
    "unknown",
)

_ASIAN = re.compile("[\u0400-\u9fff\uac00-\ud7af]")
# What stands in every text that the longer expression accepts: a quick look first. The expressions
# begin with a literal, which makes them as quick as a search for a word.
_CAR_HINT = re.compile(r"car(?:[-. /,)1257s]|t|nk)")
_NK_HINT = re.compile(
    r"nk(?:(?<=[-. /(\n]nk)|(?<=hank)|(?<=cbnk)|(?<=pnk)|(?<=itnk)|(?<=ink)(?=[- ])|92|-9)"
)
HINTS = (
    "chim", "killer", "killl", "natur", "asesin", "tueus", "-cel", "leucel", "cik", "axicab",
)  # fmt: skip
_TOKEN = re.compile(r"~(\w+)~")
_FIRST_MARK = 0xE000  # tokens stand in a text as signs of the private area, which no rule matches


@dataclass(frozen=True)
class Decision:
    """Why a record got a value: which rule, on which words, at which field."""

    attribute: str
    value: str
    rule: str
    place: str
    words: str

    def __str__(self) -> str:
        place = f" ({self.place}: \u201c{self.words}\u201d)" if self.place else ""
        return f"{self.attribute} = {self.value}: {self.rule}{place}"


Mask = tuple[str, str, str, Pattern]  # rule, token, kinds of text, pattern


@dataclass(frozen=True)
class Line:
    """One text of a record in plain words, and without what says nothing of this trial."""

    kind: str
    path: str
    plain: str
    told: str
    found: tuple[tuple[str, str, str], ...]  # (token, rule, words)


def lines(study: Study) -> list[Line]:
    """Return every text of a record with its tokens, if it speaks of cells or CARs at all."""
    raw = "\n".join(text.words for text in study.texts).lower()
    if raw.isascii() and not ("&" in raw or "<" in raw or _speaks_of_cells(raw)):
        return [Line(t.kind, t.path, t.words.lower(), t.words.lower(), ()) for t in study.texts]
    texts = [(text.kind, text.path, plain(text.words)) for text in study.texts]
    whole = "\n".join(text for _, _, text in texts)
    if not (_speaks_of_cells(whole) and context("cells_or_car").search(whole)):
        return [Line(kind, path, text, text, ()) for kind, path, text in texts]
    masks = [mask for mask in _masks() if mask[3].may_match(whole)]
    return [_line(*each, masks) for each in texts]


def _speaks_of_cells(text: str) -> bool:
    if not text.isascii() and _ASIAN.search(text):
        return True
    if text.startswith("nk") or _CAR_HINT.search(text) or _NK_HINT.search(text):
        return True
    return any(hint in text for hint in HINTS)


def kind(found: list[Line], known: list[dict[str, str]], gives: bool = True) -> Decision:
    """Return what kind of cell the trial gives, as one of KINDS, and why.

    `known` are the products that the record names. Where a trial gives no drug or cell (`gives`),
    only names and titles can say that it does.
    """
    if not any(line.plain for line in found if line.kind in "NTDS"):
        return Decision("kind", "unknown", "no title, intervention or summary to read", "", "")
    tokens = {kinds: _tokens(found, kinds) for kinds in ("N", "T", "DSL", "K")}
    if not gives:
        tokens["DSL"] = {}
    product = _product(found, known, "DSL") if gives else None
    return (
        _direct(tokens)
        or _product(found, known, "NT")
        or _described(tokens, product)
        or _else(tokens)
    )


Tokens = dict[str, tuple[str, str, str]]  # token -> rule, place, words


def _direct(tokens: dict[str, Tokens]) -> Decision | None:
    """What the names of interventions and arms say, then what the titles say."""
    names, titles = tokens["N"], tokens["T"]
    for here, other in ((names, titles), (titles, names)):
        line = "carnk92" if "carnk92" in here else "carnk" if "carnk" in here else ""
        if line:
            if "cart" in names and (
                "carnk" in names or "carnk92" in names or ("carnk" in titles and "nk" in names)
            ):
                return _said("CAR-NK with CAR-T", names["cart"], "CAR-NK and CAR-T are both given")
            cell_line = (
                line == "carnk92" or "carnk92" in other or "nk92" in names or "nk92" in titles
            )
            value = "CAR-NK-92" if cell_line else "CAR-NK"
            conflict = "; an intervention is called CAR-T" if "cart" in names else ""
            return _said(value, here[line], f"{here[line][0]}{conflict}")
    return None


def _product(found: list[Line], known: list[dict[str, str]], kinds: str) -> Decision | None:
    for line in found if known else ():
        if line.kind not in kinds:
            continue
        for row in known:
            match = compiled(row["pattern"]).search(line.told)
            if match is None:
                continue
            why = f"{row['product']} is known as {row['kind']} ({row['fact_source']})"
            return Decision("kind", row["kind"], why, line.path, match[0])
    return None


def products(found: list[Line]) -> list[dict[str, str]]:
    """Return the rows of `rules/products.csv` that names, titles or summaries speak of."""
    text = "\n".join(line.told for line in found if line.kind in "NTDS")
    for need in _product_needs():
        if need in text:
            break
    else:
        return []
    return [row for row in rules("products") if compiled(row["pattern"]).search(text)]


@cache
def _product_needs() -> tuple[str, ...]:
    """What the patterns of all products need, for one quick look; '' where one needs nothing."""
    needs = [compiled(row["pattern"]).needs or ("",) for row in rules("products")]
    return tuple(dict.fromkeys(need for each in needs for need in each))


def _described(tokens: dict[str, Tokens], product: Decision | None) -> Decision | None:
    """Where names and titles do not say CAR-NK: other cells by name, then what descriptions say."""
    names, titles, told = tokens["N"], tokens["T"], tokens["DSL"]
    head = {**titles, **names}
    if "nkliket" in head:
        return _said("NK-like T", head["nkliket"])
    if "carnkt" in head or ("nkt" in head and ("car" in head or "car" in told or "carnkt" in told)):
        return _said("CAR-NKT", head.get("carnkt") or head["nkt"])
    if "cart" in head and "nk" not in names:
        return _said("CAR-T", head["cart"])
    if "carother" in head and "nk" not in names:
        return _said("other CAR", head["carother"])
    for token in ("carnk92", "carnk"):
        if token in told and "nkt" not in head and "nocar" not in head:
            cell_line = token == "carnk92" or "nk92" in head or "nk92" in told
            value = "CAR-NK-92" if cell_line else "CAR-NK"
            if "cart" in told and "nk" not in head and "car" not in head and names:
                continue
            return _said(value, told[token])
    if "cart" in head:
        return _said("CAR-T", head["cart"])
    if "car" in head and "nocar" not in head and "cart" not in told:
        nk = head.get("nk92") or head.get("nk") or told.get("nk92") or told.get("nk")
        if nk:
            value = "CAR-NK-92" if "nk92" in head or "nk92" in told else "CAR-NK"
            return _said(value, head["car"], "a CAR in one field and NK cells in another")
    if "nk" in head and "car" in told and "nocar" not in {**head, **told}:
        return _said("CAR-NK", told["car"], "NK cells by name, and a CAR in the description")
    return product


def _else(tokens: dict[str, Tokens]) -> Decision:
    every = {**tokens["K"], **tokens["DSL"], **tokens["T"], **tokens["N"]}
    if "carnk" in tokens["K"] and not {"cart", "nkt", "carother", "nocar"} & set(every):
        return _said("CAR-NK", tokens["K"]["carnk"], "only the keywords say CAR-NK")
    for token, value in (("nkliket", "NK-like T"), ("carnkt", "CAR-NKT"), ("cart", "CAR-T"),
                         ("carother", "other CAR")):  # fmt: skip
        if token in every and "nk" not in tokens["N"]:
            return _said(value, every[token])
    for token in ("nk", "nk92"):
        if token in every:
            return _said("NK without CAR", every[token])
    return Decision("kind", "other", "no word of NK cells or of a CAR", "", "")


def _said(value: str, found: tuple[str, str, str], why: str = "") -> Decision:
    rule, place, words = found
    return Decision("kind", value, why or rule, place, words)


def _tokens(found: list[Line], kinds: str) -> Tokens:
    first: Tokens = {}
    tally: Counter[str] = Counter()
    for line in found:
        if line.kind in kinds:
            for token, rule, words in line.found:
                first.setdefault(token, (rule, line.path, words))
                tally[token.rstrip("92")] += 1
    if tally["cart"] > tally["carnk"]:
        first["more cart"] = first["cart"]
    return first


def _line(kind: str, path: str, text: str, masks: Sequence[Mask]) -> Line:
    if not _speaks_of_cells(text):
        return Line(kind, path, text, text, ())
    found: list[tuple[str, str, str]] = []
    told = masked = text
    kept = ""
    for rule, token, fields, pattern in masks:
        if kind not in fields:
            continue
        if token == "~keep~":
            kept = "~prior~" if pattern.search(text) else ""
            continue
        if token == kept:
            continue
        names = _TOKEN.findall(token)
        matches = list(pattern.finditer(masked))
        if not matches:
            continue
        for match in matches:
            found += [(name, rule, match[0].strip()[:90]) for name in names]
        masked = pattern.regex.sub(f" {''.join(map(_mark, names))} ", masked)
        if names[0] in ("prior", "contrast", "nocar", "background"):
            told = masked
    pair = _near().search(masked)
    if pair and _mark("nocar") not in masked[max(0, pair.start() - 60) : pair.end() + 60]:
        near = text if len(text) < 90 else _around(found)
        token = "carnk92" if _mark("nk92") in pair[0] else "carnk"
        found.append((token, "a CAR and NK cells in one clause", near))
    return Line(kind, path, text, told, tuple(found))


@cache
def _mark(token: str) -> str:
    tokens = [name for row in rules("masks") for name in _TOKEN.findall(row["token"])]
    return chr(_FIRST_MARK + tokens.index(token))


@cache
def _near() -> re.Pattern[str]:
    """A CAR and NK cells in one clause with no other cell between them."""
    car, nk = _mark("car"), f"[{_mark('nk')}{_mark('nk92')}]"
    between = "[^.;\ue000-\ue0ff]{0,110}"
    return re.compile(f"{car}{between}{nk}|{nk}{between}{car}")


def _around(found: list[tuple[str, str, str]]) -> str:
    words = [words for token, _, words in found if token in ("car", "nk", "nk92")]
    return " ... ".join(dict.fromkeys(words))[:90]


@cache
def _masks() -> tuple[Mask, ...]:
    return tuple(
        (r["rule"], r["token"], r["fields"], compiled(r["pattern"])) for r in rules("masks")
    )
