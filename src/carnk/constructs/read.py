"""A construct file in, a design out, or one error with every problem and its line."""

from __future__ import annotations

from pathlib import Path

from ..base import Node, Problem, SpecError, did_you_mean, parse_yaml, read_text
from .design import KINDS, PLATFORMS, Design, Part, parts

BUILT_IN = Path(__file__).parent / "built_in"
KEYS = ("construct", "about", "target", "platform", "parts", "avoid_sites")
PART_KEYS = ("name", "kind", "sequence", "meaning", "accession", "source", "note", "checked")
REQUIRED = ("construct", "target", "platform", "parts")
RESIDUES = frozenset("ACDEFGHIKLMNPQRSTVWY")
LONGEST = 5000  # residues of one part


def built_in() -> tuple[str, ...]:
    """Names of the constructs that come with the package."""
    return tuple(sorted(path.stem for path in BUILT_IN.glob("*.yaml")))


def read(name_or_path: str | Path) -> Design:
    """Return the design of a built-in name or a file.

    Raises SpecError with all problems of the file, each with its line.
    """
    path = Path(name_or_path)
    if str(name_or_path) in built_in():
        path = BUILT_IN / f"{name_or_path}.yaml"
    elif path.suffix not in (".yaml", ".yml") and not path.exists():
        what = f"'{name_or_path}' is neither a file nor a built-in construct"
        near = did_you_mean(str(name_or_path), built_in())
        do = near or f"Built in: {', '.join(built_in())}."
        raise SpecError(Problem("construct", what, do))
    return parse(read_text(path), path.name)


def parse(text: str, file: str = "construct.yaml") -> Design:
    """Return the design that a text describes; `file` names it in messages."""
    top = parse_yaml(text, file)
    if not isinstance(top.value, dict):
        do = f"Write the keys {', '.join(KEYS)}."
        raise SpecError(top.problem("the file holds no mapping", do))
    problems = top.unknown_keys(KEYS)
    problems += [top.problem(f"'{key}' is missing") for key in REQUIRED if not top.get(key)]
    platform = _word(top.get("platform"), problems)
    if platform and platform not in PLATFORMS:
        node, listed = top.fields["platform"], ", ".join(PLATFORMS)
        near = did_you_mean(platform, PLATFORMS)
        problems.append(node.problem(f"'{platform}' is not one of {listed}", near))
    design = Design(
        _word(top.get("construct"), problems),
        _word(top.get("target"), problems),
        platform,
        _parts(top.get("parts"), problems),
        _word(top.get("about"), problems),
        _sites(top.get("avoid_sites"), problems),
    )
    if problems:
        raise SpecError(sorted(problems, key=_line), file)
    return design


def _word(node: Node | None, problems: list[Problem]) -> str:
    if node is None:
        return ""
    if isinstance(node.value, dict | list | bool) or node.value in (None, ""):
        problems.append(node.problem("this is not text", "Write a word or a sentence."))
        return ""
    return str(node.value).strip()


def _parts(node: Node | None, problems: list[Problem]) -> tuple[Part, ...]:
    if node is None:
        return ()
    if not node.entries:
        do = "Write '- SP_CD8A' and so on; see 'carnk construct parts'."
        problems.append(node.problem("this is not a list of parts", do))
    found = (_part(entry, problems) for entry in node.entries)
    return tuple(part for part in found if part)


def _part(entry: Node, problems: list[Problem]) -> Part | None:
    """Read a name of the library, or a mapping that describes the user's own part."""
    if isinstance(entry.value, dict):
        return _own(entry, problems)
    known, name = parts(), str(entry.plain())
    if name in known:
        return known[name]
    near = did_you_mean(name, known) or "'carnk construct parts' lists them."
    problems.append(entry.problem(f"there is no part '{name}'", near))
    return None


def _own(entry: Node, problems: list[Problem]) -> Part | None:
    before = len(problems)
    problems += entry.unknown_keys(PART_KEYS)
    problems += [
        entry.problem(f"'{key}' is missing") for key in ("name", "kind") if not entry.get(key)
    ]
    told = {key: _word(entry.get(key), problems) for key in PART_KEYS}
    if told["kind"] and told["kind"] not in KINDS:
        what = f"'{told['kind']}' is not one of {', '.join(KINDS)}"
        problems.append(entry.fields["kind"].problem(what, did_you_mean(told["kind"], KINDS)))
    told["sequence"] = "".join(told["sequence"].split()).upper()
    if told["sequence"]:
        problems += _letters(entry.fields["sequence"], told["sequence"])
    if told["checked"] not in ("", "read", "unread"):
        what = f"'{told['checked']}' is not 'read' or 'unread'"
        problems.append(entry.fields["checked"].problem(what))
    if len(problems) > before:
        return None
    told["checked"] = told["checked"] or "unread"
    told["source"] = told["source"] or "the construct file gives no source"
    return Part(**told)


def _letters(node: Node, sequence: str) -> list[Problem]:
    """Problems of a protein sequence: stops, DNA, other letters, absurd length."""
    if "*" in sequence:
        place = sequence.index("*") + 1
        do = "Leave it out: the stop codon is added at the end."
        return [node.problem(f"there is a stop (*) at residue {place}", do)]
    if set(sequence) <= set("ACGTN") and len(sequence) >= 12:
        return [node.problem("this is DNA, but a protein is needed", "Translate it first.")]
    strange = sorted(set(sequence) - RESIDUES)
    if strange:
        place = next(i for i, letter in enumerate(sequence, 1) if letter not in RESIDUES)
        what = f"'{''.join(strange)}' are not residues (first at {place})"
        return [node.problem(what, "Use the 20 one-letter residues.")]
    if len(sequence) > LONGEST:
        return [node.problem(f"{len(sequence)} residues are more than {LONGEST}")]
    return []


def _sites(node: Node | None, problems: list[Problem]) -> tuple[str, ...]:
    """Restriction enzymes whose sites the DNA must not hold."""
    if node is None:
        return ()
    from Bio.Restriction import AllEnzymes

    known = {str(enzyme) for enzyme in AllEnzymes}
    if not isinstance(node.value, list):
        problems.append(node.problem("this is not a list of enzymes", "Write [EcoRI, XhoI]."))
    names = [str(entry.plain()) for entry in node.entries]
    problems += [
        entry.problem(f"there is no restriction enzyme '{name}'", did_you_mean(name, known))
        for entry, name in zip(node.entries, names)
        if name not in known
    ]
    return tuple(names)


def _line(problem: Problem) -> int:
    place = problem.where.split(":")
    return int(place[1]) if len(place) > 1 and place[1].isdigit() else 0
