"""HLA nomenclature: from what a laboratory wrote to alleles, and from GL strings to genotypes.

Read are one to four fields, expression suffixes, G and P groups, XX and other multiple-allele
codes, the old names (Cw*0702, B*1501) and GL strings (^ between loci, | between genotypes, +
between copies, ~ in phase, / between alleles).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ..base import Problem, did_you_mean
from ..library import table

LOCI = ("A", "B", "C")
OTHER_LOCI = (
    *("E", "F", "G", "MICA", "MICB", "TAP1", "TAP2", "HFE", "DRA", "DRB", "DRB1", "DRB3", "DRB4"),
    *("DRB5", "DRB345", "DQA", "DQA1", "DQB", "DQB1", "DPA", "DPA1", "DPB", "DPB1"),
)
NO_HLA = ("NONE", "NULL")
BLANKS = ("", "-", "--", "X", "BLANK", "NT", "NA")  # copies that were not seen or not typed
NEVER_ON_CELLS = ("N", "S")  # null; secreted only
OPEN_ON_CELLS = ("C", "A", "Q")  # in the cytoplasm, aberrant, questionable
SLACK = 1.25  # numbers run a little ahead of the alleles counted, and releases add to them
SPARE = 10

_SPLIT = re.compile(r"([A-Z]+[0-9]{0,3})(?:\*|-)(.+)")
_NEW = re.compile(r"(\d{2,3})(?::(\d{2,4}))?(?::\d{2,4}){0,2}([NLSCAQ]?)[GP]?")
_CODE = re.compile(r"(\d{2,3}):?([A-Z]{2,5})")
_OLD = re.compile(r"(\d{2})(\d{2})(?:\d{2}){0,2}([NLSCAQ]?)")
_RENUMBERED = {("A", "92"): "02", ("B", "95"): "15"}  # A*92xx is A*02:1xx, B*95xx is B*15:1xx
_SEROLOGY = re.compile(r"(A|B|CW|C)\d{1,3}")
_SEROLOGY_OF_C = re.compile(r"CW\*?0?([1-8])")


@dataclass(frozen=True)
class Allele:
    """An allele of HLA-A, -B or -C as far as it was typed.

    `first` is the allele group ('07'), `second` the protein within it ('02', empty if not typed),
    `suffix` the expression letter (N, L, S, C, A, Q or empty).
    """

    locus: str
    first: str
    second: str = ""
    suffix: str = ""

    @property
    def group(self) -> str:
        """The allele group, as in 'C*07'."""
        return f"{self.locus}*{self.first}"

    @property
    def name(self) -> str:
        """The allele at two fields, or its group, as in 'C*07:02'."""
        return f"{self.group}:{self.second}" if self.second else self.group


Copy = tuple[Allele, ...]  # alleles that one copy may be
Genotype = tuple[Copy, ...]  # one or two copies
Genotypes = tuple[Genotype, ...]  # what the person may have at a locus


def read_alleles(text: str) -> tuple[dict[str, Genotypes], list[Problem]]:
    """Read the HLA types of one person: alleles separated by spaces or semicolons, or GL strings.

    Returns the possible genotypes of each typed locus of HLA-A, -B and -C, and every problem,
    without a place. One allele alone at a locus stands for both copies. 'none' stands for a cell
    without HLA class I.
    """
    if text.strip().upper() in NO_HLA:
        return dict.fromkeys(LOCI, ((),)), []
    problems: list[Problem] = []
    listed: dict[str, list[Copy]] = {}
    blocks: dict[str, list[Genotypes]] = {}
    for word in re.split(r"[\s;,]+", text.strip().upper()):
        if any(mark in word for mark in "^|+~"):
            for block in filter(None, word.split("^")):
                for locus, genotypes in _block(block, problems).items():
                    blocks.setdefault(locus, []).append(genotypes)
        elif word not in BLANKS:
            locus, copy = _copy(word, problems)
            if copy:
                listed.setdefault(locus, []).append(copy)
    for locus, copies in listed.items():
        blocks.setdefault(locus, []).append((tuple(copies),))
    found: dict[str, Genotypes] = {}
    for locus, parts in sorted(blocks.items()):
        if len(parts) > 1:
            problems.append(Problem("", f"HLA-{locus} is typed twice", "Write it once."))
        most = max(parts[0], key=len)
        if len(most) > 2:
            names = " ".join("/".join(a.name for a in copy) for copy in most)
            what = f"there are {len(most)} alleles at HLA-{locus} ({names}), but a person has two"
            problems.append(Problem("", what, "Remove one, or join what is unsure by '/'."))
        found[locus] = parts[0]
    return found, problems


def _block(block: str, problems: list[Problem]) -> dict[str, Genotypes]:
    """Read one block of a GL string: genotypes by '|', copies by '+', loci in phase by '~'."""
    found: dict[str, list[Genotype]] = {}
    for genotype in filter(None, block.split("|")):
        here: dict[str, list[Copy]] = {}
        for haplotype in filter(None, genotype.split("+")):
            for word in filter(None, haplotype.split("~")):
                locus, copy = _copy(word, problems)
                if copy:
                    here.setdefault(locus, []).append(copy)
        for locus, copies in here.items():
            found.setdefault(locus, []).append(tuple(copies))
    return {locus: tuple(genotypes) for locus, genotypes in found.items()}


def _copy(word: str, problems: list[Problem]) -> tuple[str, Copy]:
    """Read the alleles that one copy may be; 'B*15:01/02' and 'B*15:01/15:02' are both read."""
    alleles: list[Allele] = []
    for part in filter(None, word.split("/")):
        full = part
        if alleles and "*" not in part:
            head = alleles[0].locus if ":" in part else alleles[0].group
            full = f"{head}*{part}" if ":" in part else f"{head}:{part}"
        allele, problem = _allele(full)
        if problem:
            problems.append(problem)
        elif allele:
            alleles.append(allele)
    loci = {allele.locus for allele in alleles}
    if len(loci) > 1:
        problems.append(Problem("", f"'{word}' joins alleles of two loci", "Use '^' or a space."))
    return (alleles[0].locus if alleles else ""), tuple(alleles)


@lru_cache(maxsize=100_000)
def _allele(word: str) -> tuple[Allele | None, Problem | None]:
    """Read one allele; (None, None) for loci that carry no KIR ligand."""
    bare = word.removeprefix("HLA-")
    if (old := _SEROLOGY_OF_C.fullmatch(bare)) is not None:
        return Allele("C", f"{int(old[1]):02d}"), None
    split = _SPLIT.fullmatch(bare)
    if split is None:
        return None, _not_an_allele(word)
    locus, fields = {"CW": "C"}.get(split[1], split[1]), split[2]
    if locus in OTHER_LOCI:
        return None, None
    if locus not in LOCI:
        do = did_you_mean(locus, (*LOCI, *OTHER_LOCI)) or "Loci are A, B, C and class II."
        return None, Problem("", f"'{word}': there is no HLA locus '{locus}'", do)
    if (new := _NEW.fullmatch(fields)) is not None and (new[2] or len(new[1]) == 2):
        return _known(word, Allele(locus, new[1], new[2] or "", new[3]))
    if (code := _CODE.fullmatch(fields)) is not None:
        return _known(word, Allele(locus, code[1]))
    if (old := _OLD.fullmatch(fields)) is not None:
        return _known(word, _renumbered(locus, old[1], old[2], old[3]))
    return None, _not_an_allele(word)


def _renumbered(locus: str, first: str, second: str, suffix: str) -> Allele:
    if (locus, first) in _RENUMBERED:
        return Allele(locus, _RENUMBERED[locus, first], f"1{second}", suffix)
    return Allele(locus, first, second, suffix)


def _not_an_allele(word: str) -> Problem:
    if _SEROLOGY.fullmatch(word.removeprefix("HLA-")):
        do = "Write the allele group, as in 'A*02' or 'C*07'."
        return Problem("", f"'{word.title()}' is a serological type, not an allele", do)
    return Problem("", f"'{word}' is not an HLA allele", "Write it as in 'C*07:02'.")


def _known(word: str, allele: Allele) -> tuple[Allele | None, Problem | None]:
    """Return the allele, or the problem that no such group or number has been named."""
    groups = named()
    if allele.group not in groups:
        near = did_you_mean(allele.group, (g for g in groups if g[0] == allele.locus))
        what = f"'{word}' is unknown: there is no allele group {allele.group}"
        return None, Problem("", what, near)
    count = groups[allele.group]
    if allele.second and not 0 < int(allele.second) <= SLACK * count + SPARE:
        what = (
            f"'{word}' is unknown: {allele.group} has {count} named alleles,"
            f" and none is numbered {allele.second}"
        )
        return None, Problem("", what, "Check the typing.")
    return allele, None


@lru_cache(maxsize=1)
def named() -> dict[str, int]:
    """Alleles named in each group of HLA-A, -B and -C (IPD-IMGT/HLA 3.58)."""
    rows = table("hla_first_fields")
    return dict(zip(rows["first_field"], rows["named"]))
