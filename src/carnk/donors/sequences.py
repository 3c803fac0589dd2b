"""Rules from HLA protein sequences that the user supplies, such as hla_prot.fasta of IPD-IMGT/HLA.

The file is read where it lies and not kept. Numbers of residues are those of the mature protein;
a sequence is placed by a stretch that all HLA class I proteins share.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..base import DataError, Problem, SpecError, read_text
from .hla import LOCI
from .ligands import Rules, built_in_rules, ligand_of_residues

LARGEST_FILE_BYTES = 500_000_000
WANTED = (76, 77, 80, 81, 82, 83)
LEADER = 24  # residues of the leader of HLA-A, -B and -C; -21 is the fourth
MINUS_21 = 3
ANCHORS = (  # (stretch of class I proteins, number of its first residue)
    (re.compile("SHS[ML][RK]YF"), 2),
    (re.compile("G[YF]VDDT[QLR]F"), 26),
    (re.compile("PW[IVM]E[QR][EK]"), 50),
    (re.compile("YW[DEN][RGE]+[EQN]T"), 59),
    (re.compile("YNQSEA"), 85),
)

_NAME = re.compile(r"\b(?:HLA-)?([ABC])\*(\d{2,3}):(\d{2,4})(?::\d+)*([NLSCAQ]?)\b")


def rules_from_sequences(path: Path | str) -> Rules:
    """Return the rules of this package with every allele of a FASTA file decided by its residues.

    An allele group may then carry what its alleles in the file carry. Raises DataError if no HLA-A,
    -B or -C sequence with residues 76-83 is found.
    """
    path = Path(path)
    ligands: dict[str, set[int]] = {}
    leaders: dict[str, set[str]] = {}
    for (locus, first, second), sequence in _records(path):
        residues, leader = _residues(sequence)
        group = f"{locus}*{first}"
        for name in (group, f"{group}:{second}"):
            if residues:
                ligands.setdefault(name, set()).add(ligand_of_residues(locus, group, residues))
            if leader in ("M", "T"):
                leaders.setdefault(name, set()).add(leader)
    if not ligands:
        what = "holds no HLA-A, -B or -C protein with residues 76 to 83"
        do = "Give a FASTA file of proteins, such as hla_prot.fasta."
        raise DataError(Problem(path.name, what, do))
    built_in = built_in_rules()
    found = {name: frozenset(bits) for name, bits in ligands.items()}
    said = {name: frozenset(letters) for name, letters in leaders.items()}
    return Rules(
        {**built_in.groups, **{name: bits for name, bits in found.items() if ":" not in name}},
        {**built_in.alleles, **{name: bits for name, bits in found.items() if ":" in name}},
        {**built_in.leaders, **said},
    )


def _records(path: Path) -> Iterator[tuple[tuple[str, str, str], str]]:
    """Yield ((locus, first, second), sequence) of the class I alleles that are expressed."""
    try:
        text = read_text(path, LARGEST_FILE_BYTES)
    except SpecError as error:
        if not path.is_file():
            raise
        raise DataError(error.problems) from None
    for record in text.split(">")[1:]:
        title, _, sequence = record.partition("\n")
        name = _NAME.search(title)
        if name and name[1] in LOCI and name[4] != "N":
            yield (name[1], name[2], name[3]), "".join(sequence.split()).upper()


def _residues(sequence: str) -> tuple[dict[int, str], str]:
    """Residues 76-83 by number, and leader residue -21; empty where the sequence lacks them."""
    for stretch, number in ANCHORS:
        hit = stretch.search(sequence)
        if hit is None:
            continue
        start = hit.start() - (number - 1)  # place of residue 1
        places = {number: start + number - 1 for number in WANTED}
        if min(places.values()) < 0 or max(places.values()) >= len(sequence):
            return {}, ""
        leader = sequence[start - LEADER + MINUS_21] if start >= LEADER else ""
        return {number: sequence[place] for number, place in places.items()}, leader
    return {}, ""
