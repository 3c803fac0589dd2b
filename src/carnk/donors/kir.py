"""KIR genes to centromeric and telomeric haplotypes, B content and receptors for self.

Genes are counted as there or not there; how many copies there are is not inferred. Haplotype rules
by gene content as in midasHLA; B content and its categories after cooley2010.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ..base import Problem, did_you_mean
from .ligands import A3_A11, BW4, C1, C2

FRAMEWORK = ("KIR2DL4", "KIR3DL2", "KIR3DL3", "KIR3DP1")
GENES = (
    *("KIR2DL1", "KIR2DL2", "KIR2DL3", "KIR2DL4", "KIR2DL5", "KIR2DP1", "KIR2DS1", "KIR2DS2"),
    *("KIR2DS3", "KIR2DS4", "KIR2DS5", "KIR3DL1", "KIR3DL2", "KIR3DL3", "KIR3DP1", "KIR3DS1"),
)
B_GENES = ("KIR2DL2", "KIR2DL5", "KIR2DS1", "KIR2DS2", "KIR2DS3", "KIR2DS5", "KIR3DS1")
RECEPTORS = {  # inhibitory receptors and the ligands that hold them off; weak 2DL2-C2 left out
    "KIR2DL1": C2,
    "KIR2DL2": C1,
    "KIR2DL3": C1,
    "KIR3DL1": BW4,
    "KIR3DL2": A3_A11,
}
SAME_GENE = {"KIR2DL5A": "KIR2DL5", "KIR2DL5B": "KIR2DL5", "KIR1D": "KIR2DS4"}
NOT_ON_CELLS = {  # alleles whose protein does not reach the surface
    "KIR3DL1": ("004",),
    "KIR2DS4": ("003", "004", "006", "007", "008", "009", "010", "012", "013"),
}
NOT_TYPED = ("NT", "NA", "-")

_WORD = re.compile(r"(?:KIR)?([123]D[LSPX]?\d?[A-Z]{0,3})(?:\*(\d{3})\d*([NQ]?))?")


@dataclass(frozen=True)
class KirTyping:
    """KIR genes of one person.

    `genes` are those that are there, `silent` those of them whose typed alleles do not reach the
    surface, `cen` and `tel` the haplotypes ('AA', 'AB', 'BB', or '?' where no rule fits) and
    `notes` what is odd about the gene content, by part ('cen', 'tel' or 'framework').
    """

    genes: frozenset[str]
    silent: frozenset[str]
    cen: str
    tel: str
    notes: tuple[tuple[str, str], ...]

    @property
    def open(self) -> tuple[str, ...]:
        """Haplotypes that the genes do not settle: 'cen', 'tel'."""
        return tuple(part for part in ("cen", "tel") if part in dict(self.notes))

    @property
    def genotype(self) -> str:
        """'AA' or 'Bx'."""
        return "Bx" if self.genes & set(B_GENES) else "AA"

    @property
    def b_content(self) -> str:
        """B motifs, 0 to 4; a range such as '0-2' where a haplotype is open."""
        low = sum(MOTIFS[part][0] for part in (self.cen, self.tel))
        high = sum(MOTIFS[part][1] for part in (self.cen, self.tel))
        return str(low) if low == high else f"{low}-{high}"

    @property
    def category(self) -> str:
        """'best' (Cen-B/B), 'better' (two or more B motifs), 'neutral', or '' where open."""
        if "?" in (self.cen, self.tel):
            return ""
        if self.cen == "BB":
            return "best"
        return "better" if int(self.b_content) >= 2 else "neutral"

    def educated(self, ligands: int) -> tuple[str, ...]:
        """Inhibitory receptors that meet a ligand of the own HLA, given as bits of LIGANDS."""
        return tuple(
            gene
            for gene, seen in RECEPTORS.items()
            if gene in self.genes and gene not in self.silent and ligands & seen
        )


MOTIFS = {"AA": (0, 0), "AB": (1, 1), "BB": (2, 2), "?": (0, 2)}


def read_kir(text: str) -> tuple[KirTyping | None, list[Problem]]:
    """Read the KIR genes of one person, separated by ';', ',' or spaces; None if not typed.

    Alleles ('KIR3DL1*004') are read for whether they reach the surface. Returns every problem,
    without a place.
    """
    words = [word for word in re.split(r"[\s;,]+", text.strip().upper()) if word]
    if not words or (len(words) == 1 and words[0] in NOT_TYPED):
        return None, []
    problems: list[Problem] = []
    variants: dict[str, set[bool]] = {}
    for word in words:
        gene, reaches, problem = _gene(word)
        if problem:
            problems.append(problem)
        else:
            variants.setdefault(gene, set()).add(reaches)
    silent = (gene for gene, reach in variants.items() if reach == {False})
    return kir_typing(variants, silent), problems


@lru_cache(maxsize=10_000)
def _gene(word: str) -> tuple[str, bool, Problem | None]:
    """Read one gene or allele: its gene and whether it reaches the surface."""
    deleted = word.endswith(("2DS4DEL", "2DS4N", "1D"))
    bare = re.sub(r"(?<=2DS4)(DEL|N|INS|FULL|F|WT)$", "", word)
    shape = _WORD.fullmatch(bare)
    gene = f"KIR{shape[1]}" if shape else bare
    gene = SAME_GENE.get(gene, gene)
    if shape is None or gene not in GENES:
        near = did_you_mean(gene, GENES)
        return "", False, Problem("", f"there is no KIR gene '{word}'", near)
    allele, suffix = shape[2] or "", shape[3] or ""
    reaches = not (deleted or suffix == "N" or allele in NOT_ON_CELLS.get(gene, ()))
    return gene, reaches, None


def kir_typing(genes: Iterable[str], silent: Iterable[str] = ()) -> KirTyping:
    """Return the haplotypes of genes that are there."""
    there = frozenset(genes)
    cen, cen_note = _centromeric(there)
    tel, tel_note = _telomeric(there)
    notes = [(part, note) for part, note in (("cen", cen_note), ("tel", tel_note)) if note]
    lacking = [gene for gene in FRAMEWORK if gene not in there]
    if lacking and len(lacking) < len(FRAMEWORK):
        note = f"{', '.join(lacking)} not listed, though nearly everyone carries them"
        notes.append(("framework", note))
    return KirTyping(there, frozenset(silent), cen, tel, tuple(notes))


def _centromeric(genes: frozenset[str]) -> tuple[str, str]:
    l2, l3, s2 = (gene in genes for gene in ("KIR2DL2", "KIR2DL3", "KIR2DS2"))
    if not l2 and not l3:
        return "?", "neither KIR2DL2 nor KIR2DL3"
    odd = "KIR2DL2 and KIR2DS2 usually come together" if l2 != s2 else ""
    if not l3:
        return "BB", odd
    return ("AB" if l2 or s2 else "AA"), odd


def _telomeric(genes: frozenset[str]) -> tuple[str, str]:
    s1, x1, s4, l1 = (gene in genes for gene in ("KIR2DS1", "KIR3DS1", "KIR2DS4", "KIR3DL1"))
    odd = ""
    if s1 != x1:
        odd = "KIR2DS1 and KIR3DS1 usually come together"
    elif not (l1 or x1):
        odd = "neither KIR3DL1 nor KIR3DS1: a shortened telomeric part"
    elif s1 and s4 != l1:
        odd = "KIR2DS4 and KIR3DL1 usually come together"
    if not s1 and not x1:
        return "AA", odd
    return ("BB" if s1 and not s4 else "AB"), odd
