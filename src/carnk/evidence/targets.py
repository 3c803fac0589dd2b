"""What the CAR binds: target names in a record, in the places and words where they mean a CAR."""

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache

from .kind import Decision, Line
from .words import compiled, context, rules


@dataclass(frozen=True)
class Mention:
    """Targets named in one breath at one place, and how surely they are what the CAR binds."""

    names: tuple[str, ...]
    joins: str
    sure: bool
    spared: bool
    line: Line
    words: str


def targets(found: list[Line], known: list[dict[str, str]]) -> list[Decision]:
    """Return one decision for each target and, if there is more than one, one for their logic.

    `known` are the products that the record names.
    """
    rows = _named_in("\n".join(line.told for line in found))
    heads = [m for line in found if line.kind in "NT" for m in _mentions(line, rows)]
    bodies = [m for line in found if line.kind in "DSLK" for m in _mentions(line, rows)]
    spared = [m for m in heads + bodies if m.spared]
    chosen = [m for m in heads if m.sure and not m.spared]
    why = "named as what the CAR binds"
    if chosen:
        seen = {name for m in chosen for name in m.names}
        chosen += [m for m in bodies if m.sure and not m.spared and _widens(m, seen)]
    else:
        chosen = [m for m in bodies if m.sure and not m.spared and m.line.kind != "K"]
    decisions = _decided(chosen, why)
    if not decisions:
        decisions = [each for row in known for each in _of_product(row)]
    if not decisions:
        loose = [m for m in heads if not m.spared]
        decisions = _decided(loose[:1], "the only antigen that title or product name")
    if not decisions:
        marked = [m for line in found if line.kind in "TSCD" for m in _marked(line, rows)]
        decisions = _decided(marked[:1], "the antigen that the disease must carry")
    not_these = {name for m in spared for name in m.names}
    decisions = list({d.value: d for d in decisions if d.value not in not_these}.values())
    return decisions + _logic(decisions, chosen, spared, found)


def _of_product(row: dict[str, str]) -> list[Decision]:
    why = f"{row['product']} is known to bind it ({row['fact_source']})"
    names = [name for name in row["target"].split("; ") if name]
    return [Decision("target", name, why, "", row["product"]) for name in names]


def _widens(mention: Mention, seen: set[str]) -> bool:
    return bool(set(mention.names) & seen) and len(mention.names) > len(set(mention.names) & seen)


def _decided(mentions: list[Mention], why: str) -> list[Decision]:
    return [
        Decision("target", name, why, m.line.path, m.words) for m in mentions for name in m.names
    ]


def _logic(
    decisions: list[Decision], chosen: list[Mention], spared: list[Mention], found: list[Line]
) -> list[Decision]:
    if len(decisions) < 2 and not spared:
        return []
    text = " ".join([m.joins for m in chosen] + [m.words for m in chosen])
    told = " ".join(line.told for line in found)
    word = "AND" if re.search(r"\band[- ]gate|\bif[- ]better|requires? both", told) else ""
    word = word or ("OR" if re.search(r"\bor\b|\bor[- ]gate", text) or "or-gate" in told else "")
    names = [d.value for d in decisions]
    logic = f" {word or '+'} ".join(names)
    first = chosen[0] if chosen else None
    if spared:
        away = list(dict.fromkeys(name for m in spared for name in m.names if name not in names))
        if away:
            logic += f", NOT {' NOR '.join(away)}"
            first = spared[0]
    place, words = (first.line.path, first.words) if first else ("", "")
    return [Decision("target_logic", logic, "how the targets are joined", place, words)]


def _named_in(text: str) -> tuple[int, ...]:
    """Rows of `rules/targets.csv` that a text may name."""
    rows = enumerate(rules("targets"))
    return tuple(i for i, row in rows if compiled(row["pattern"]).may_match(text))


def _mentions(line: Line, rows: tuple[int, ...]) -> list[Mention]:
    text = line.told
    found = [_mention(line, chain) for chain in _chains(text, rows)]
    result = [m for m in found if m is not None]
    for pattern, name in ((context("cd27"), "CD70"), (context("pd1"), "PD-L1")):
        match = pattern.search(text)
        if match:
            result.append(Mention((name,), "", True, False, line, match[0]))
    for match in context("car_number").finditer(text):
        names = tuple(n for n in (_by_number(g) for g in match.groups()) if n)
        if names:
            result.append(Mention(names, "", True, False, line, match[0]))
    return result


def _by_number(number: str | None) -> str:
    if number is None:
        return ""
    if number.replace(",", ".") == "18.2":
        return "CLDN18.2"
    return next((row["target"] for row in rules("targets")
                 if row["target"] == f"CD{number}"), "")  # fmt: skip


def _chains(text: str, rows: tuple[int, ...]) -> list[list[tuple[int, int, str]]]:
    chains: list[list[tuple[int, int, str]]] = []
    for match in _any(rows).finditer(text) if rows else ():
        name = rules("targets")[int(str(match.lastgroup)[1:])]["target"]
        if chains and context("join").fullmatch(text[chains[-1][-1][1] : match.start()]):
            chains[-1].append((match.start(), match.end(), name))
        else:
            chains.append([(match.start(), match.end(), name)])
    return chains


def _mention(line: Line, chain: list[tuple[int, int, str]]) -> Mention | None:
    text = line.told
    start, end = chain[0][0], chain[-1][1]
    before, after = text[max(0, start - 70) : start], text[end : end + 60]
    names = tuple(dict.fromkeys(name for _, _, name in chain))
    joins = " ".join(text[a[1] : b[0]] for a, b in itertools.pairwise(chain))
    words = text[max(0, start - 18) : end + 22].strip()
    if context("spare").search(before) or context("spared").search(after):
        return Mention(names, joins, False, True, line, words)
    positive = bool(context("before").search(before)) or bool(context("after").match(after))
    if context("not_before").search(before) or context("not_after").match(after):
        return None
    if names == ("NKG2D ligands",) and not positive and not re.search(r"chim|\bcar", text):
        return None
    if context("marker").match(after) and not context("before").search(before):
        return None
    return Mention(names, joins, positive, False, line, words)


def _marked(line: Line, rows: tuple[int, ...]) -> list[Mention]:
    found = []
    for chain in _chains(line.told, rows):
        end = chain[-1][1]
        if context("marker").match(line.told[end : end + 20]) and not context("not_before").search(
            line.told[: chain[0][0]]
        ):
            names = tuple(dict.fromkeys(name for _, _, name in chain))
            words = line.told[max(0, chain[0][0] - 5) : end + 14]
            found.append(Mention(names, "", False, False, line, words))
    return found


@lru_cache(maxsize=4096)
def _any(numbers: tuple[int, ...]) -> re.Pattern[str]:
    """One expression for some rows of `rules/targets.csv`, longer ones first."""
    rows = sorted(((i, rules("targets")[i]["pattern"]) for i in numbers), key=lambda r: -len(r[1]))
    either = "|".join(f"(?P<t{i}>{pattern})" for i, pattern in rows)
    end = r"(?!\d|\.\d|(?!car|t-?hank|bb|x\b|x-|targ|pos)[a-z])"
    return re.compile(rf"(?:(?<![a-z0-9])|(?<=car))(?:{either}){end}")
