"""KIR ligands of HLA types, by residues 76-83 and leader residue -21.

HLA-C with Asn at 80 is C1, with Lys at 80 C2. HLA-A and -B with Leu 82 and Arg 83 are Bw4, with
Ile or Thr at 80. B*46:01 and B*73:01 carry Val 76 and Asn 80 and are C1. A*03 and A*11 are seen by
KIR3DL2. Leader residue -21 of HLA-B, Met or Thr, decides whether it feeds HLA-E.
Sources: residues of IPD-IMGT/HLA (barker2023), the tables hla_first_fields and hla_alleles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from ..library import table
from .hla import LOCI, NEVER_ON_CELLS, OPEN_ON_CELLS, Allele, Genotype, Genotypes

LIGANDS = ("C1", "C2", "Bw4-80I", "Bw4-80T", "A3/A11")
C1, C2, BW4_80I, BW4_80T, A3_A11 = (1 << place for place in range(5))
BW4 = BW4_80I | BW4_80T
NOTHING = 0
OF_LOCUS = {"A": BW4_80I | A3_A11, "B": BW4, "C": C1 | C2}  # what an untyped locus may carry
A3_A11_GROUPS = ("A*03", "A*11")


def ligand_of_residues(locus: str, group: str, residues: Mapping[int, str]) -> int:
    """Return the ligand that residues 76-83 make, as a bit of LIGANDS; 0 for none.

    `residues` maps positions of the mature protein to one-letter residues.
    """
    if locus == "C":
        return {"N": C1, "K": C2}.get(residues.get(80, ""), NOTHING)
    if group in A3_A11_GROUPS:
        return A3_A11
    if residues.get(82) == "L" and residues.get(83) == "R":
        return {"I": BW4_80I, "T": BW4_80T}.get(residues.get(80, ""), NOTHING)
    if locus == "B" and residues.get(76) == "V" and residues.get(80) == "N":
        return C1
    return NOTHING


@dataclass(frozen=True)
class Rules:
    """What each allele group and allele may carry: sets of ligand bits, and leaders M or T.

    An allele that is not among `alleles` may carry anything that its group may.
    """

    groups: Mapping[str, frozenset[int]]
    alleles: Mapping[str, frozenset[int]]
    leaders: Mapping[str, frozenset[str]]

    def of(self, allele: Allele) -> frozenset[int]:
        """Ligands that the allele may carry: one if settled, several if open, {0} if none."""
        if allele.suffix in NEVER_ON_CELLS:
            return frozenset((NOTHING,))
        found = self.alleles.get(allele.name, self.groups[allele.group])
        return found | {NOTHING} if allele.suffix in OPEN_ON_CELLS else found

    def leader(self, allele: Allele) -> frozenset[str]:
        """Residue -21 that the allele may carry; empty for a null allele."""
        if allele.suffix == "N":
            return frozenset()
        return self.leaders.get(allele.name, self.leaders[allele.group])


@cache
def built_in_rules() -> Rules:
    """The rules of this package: allele groups, and the alleles settled at two fields."""
    first, second = table("hla_first_fields"), table("hla_alleles")
    return Rules(
        {
            group: frozenset(map(_bit, possible.split(";")))
            for group, possible in zip(first["first_field"], first["possible"])
        },
        {
            allele: frozenset((_bit(ligand),))
            for allele, ligand in zip(second["allele"], second["ligand"])
        },
        {group: frozenset(m) for group, m in zip(first["first_field"], first["minus21"])},
    )


def _bit(ligand: str) -> int:
    return 1 << LIGANDS.index(ligand) if ligand in LIGANDS else NOTHING


@dataclass(frozen=True)
class Ligands:
    """KIR ligands of one person.

    `present` and `possible` are bits of LIGANDS: what is there whatever the typing leaves open, and
    what may be there. `minus21` is the HLA-B leader genotype ('M/T'; several by '|' if open; empty
    if HLA-B is not typed), `untyped` the loci without a typing.
    """

    present: int
    possible: int
    minus21: str
    untyped: tuple[str, ...]
    open_alleles: tuple[str, ...] = field(default=())

    @property
    def names(self) -> tuple[str, ...]:
        """Ligands that are there."""
        return names_of(self.present)

    @property
    def open(self) -> tuple[str, ...]:
        """Ligands that typed loci may or may not carry."""
        return names_of(self.possible & ~self.present)

    @property
    def possible_with_untyped(self) -> int:
        """What may be there, with all that untyped loci may carry."""
        bits = self.possible
        for locus in self.untyped:
            bits |= OF_LOCUS[locus]
        return bits


def names_of(bits: int) -> tuple[str, ...]:
    """Names of the ligands whose bits are set."""
    return tuple(name for place, name in enumerate(LIGANDS) if bits >> place & 1)


def ligands_of(loci: Mapping[str, Genotypes], rules: Rules) -> Ligands:
    """Return the ligands of a person's genotypes, with what they leave open."""
    present = possible = NOTHING
    open_alleles: list[str] = []
    for genotypes in loci.values():
        certain = ~NOTHING
        for genotype in genotypes:
            sure, may = _of_genotype(genotype, rules)
            certain, possible = certain & sure, possible | may
        present |= certain
        open_alleles += _open(genotypes, rules)
    untyped = tuple(locus for locus in LOCI if locus not in loci)
    leaders = _leaders(loci.get("B", ()), rules)
    return Ligands(present, possible, "|".join(leaders), untyped, tuple(open_alleles))


def _of_genotype(genotype: Genotype, rules: Rules) -> tuple[int, int]:
    """Bits that a genotype carries for sure, and those that it may carry."""
    sure = may = NOTHING
    for copy in genotype:
        choices = frozenset().union(*(rules.of(allele) for allele in copy))
        always = ~NOTHING
        for bits in choices:
            always, may = always & bits, may | bits
        sure |= always
    return sure, may


def _open(genotypes: Genotypes, rules: Rules) -> list[str]:
    """Alleles, or allele strings, whose ligand is open, in the order of typing."""
    copies = dict.fromkeys(copy for genotype in genotypes for copy in genotype)
    return [
        "/".join(allele.name for allele in copy)
        for copy in copies
        if len(frozenset().union(*(rules.of(allele) for allele in copy))) > 1
    ]


def _leaders(genotypes: Genotypes, rules: Rules) -> list[str]:
    """Leader genotypes that HLA-B may have, M before T."""
    found: set[str] = set()
    for genotype in genotypes:
        options = [""]
        for copy in genotype:
            letters = sorted(frozenset().union(*(rules.leader(allele) for allele in copy)))
            options = [option + letter for option in options for letter in letters or [""]]
        found |= {"/".join(sorted(option)) for option in options}
    return sorted(filter(None, found))
