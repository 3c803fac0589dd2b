"""Five published models of donor choice, side by side, for every donor and patient at once.

Each model is a hypothesis with evidence for and against (table donor_models); none is summed into
another. What a typing leaves open is carried as 'may be' beside 'is'.

ligand_ligand: ligands of the donor that the patient lacks. receptor_ligand: donor receptors whose
ligand the patient lacks, of C1, C2 and Bw4 (`receptor_ligand_3dl2` adds KIR3DL2 and A3/A11).
missing_ligand: ligands that the patient lacks, whoever gives. education: receptors that met self in
the donor and whose ligand the patient lacks. haplotype: B content of the donor's KIR.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..library import table
from .kir import RECEPTORS
from .ligands import A3_A11, BW4, C1, C2
from .typings import Typing

MODELS = ("ligand_ligand", "receptor_ligand", "missing_ligand", "education", "haplotype")
MERGED = {"C1": C1, "C2": C2, "Bw4": BW4, "A3/A11": A3_A11}
FINDINGS = (*MODELS[:2], "receptor_ligand_3dl2", *MODELS[2:])
KIR_LIGANDS = 3  # C1, C2 and Bw4; A3/A11 counts for KIR3DL2 alone
ALL_LIGANDS = np.uint8(0b1111)
CLASSIC = np.uint8(0b1111)  # the receptors of C1, C2 and Bw4
CATEGORIES = ("neutral", "better", "best")

Bits = NDArray[np.uint8]


@dataclass(frozen=True)
class Comparison:
    """What each model says of every donor (rows) for every patient (columns).

    `sure` and `maybe` hold bits by finding: of C1, C2, Bw4 for ligand_ligand and missing_ligand, of
    the receptors KIR2DL1, 2DL2, 2DL3, 3DL1, 3DL2 for receptor_ligand and education. `category` is
    the donor's place in CATEGORIES, -1 where open or not typed.
    """

    donors: tuple[str, ...]
    patients: tuple[str, ...]
    sure: dict[str, Bits]
    maybe: dict[str, Bits]
    category: NDArray[np.int8]

    def words(self, model: str) -> NDArray[Any]:
        """What the model finds, in words: 'C2;Bw4', with '?' after what only may be."""
        if model == "haplotype":
            names = np.array([*CATEGORIES, "?"])
            return np.broadcast_to(names[self.category][:, None], self.shape)
        names_of_bits = LETTERS[model]
        sure, maybe = self.sure[model].astype(np.intp), self.maybe[model].astype(np.intp)
        found: NDArray[Any] = _phrases(names_of_bits)[sure, maybe & ~sure]
        return found

    def counts(self, model: str) -> NDArray[np.int8]:
        """How much the model finds for sure: ligands, or receptors by the ligand they see."""
        if model == "haplotype":
            return np.broadcast_to(self.category[:, None], self.shape)
        return _COUNTS[model][self.sure[model]]

    def ranks(self, model: str) -> NDArray[np.int32]:
        """Place of each donor among the donors of a patient under one model; equals share one."""
        counts = self.counts(model).astype(np.intp) + 1
        levels = int(counts.max(initial=0)) + 1
        tally = np.zeros((len(self.patients), levels + 1), np.int32)
        column = np.broadcast_to(np.arange(len(self.patients)), counts.shape)
        np.add.at(tally, (column, counts), 1)
        above = tally[:, ::-1].cumsum(1)[:, ::-1]
        ranks: NDArray[np.int32] = above[column, counts + 1] + 1
        return ranks

    @property
    def shape(self) -> tuple[int, int]:
        """(donors, patients)."""
        return len(self.donors), len(self.patients)


LETTERS = {
    "ligand_ligand": tuple(MERGED)[:KIR_LIGANDS],
    "missing_ligand": tuple(MERGED)[:KIR_LIGANDS],
    "receptor_ligand": tuple(RECEPTORS),
    "receptor_ligand_3dl2": tuple(RECEPTORS),
    "education": tuple(RECEPTORS),
}


def compare(donors: Sequence[Typing], patients: Sequence[Typing]) -> Comparison:
    """Compare every donor with every patient under all models.

    A donor without KIR typing may carry any receptor; an untyped locus may carry any ligand.
    """
    has, may_have = _ligands(donors)
    held, may_hold = _ligands(patients)
    lacks, may_lack = ALL_LIGANDS ^ may_hold, ALL_LIGANDS ^ held
    shape = (len(donors), len(patients))
    low = np.uint8((1 << KIR_LIGANDS) - 1)
    free, may_be_free = _receptors_of(lacks), _receptors_of(may_lack)
    there, may_be_there = _receptors(donors)
    taught = there & _receptors_of(has)
    may_be_taught = may_be_there & _receptors_of(may_have)
    sure = {
        "ligand_ligand": has[:, None] & lacks & low,
        "missing_ligand": np.broadcast_to(lacks & low, shape),
        "receptor_ligand": there[:, None] & free & CLASSIC,
        "receptor_ligand_3dl2": there[:, None] & free,
        "education": taught[:, None] & free,
    }
    maybe = {
        "ligand_ligand": may_have[:, None] & may_lack & low,
        "missing_ligand": np.broadcast_to(may_lack & low, shape),
        "receptor_ligand": may_be_there[:, None] & may_be_free & CLASSIC,
        "receptor_ligand_3dl2": may_be_there[:, None] & may_be_free,
        "education": may_be_taught[:, None] & may_be_free,
    }
    category = [
        CATEGORIES.index(d.kir.category) if d.kir and d.kir.category else -1 for d in donors
    ]
    return Comparison(
        tuple(d.id for d in donors),
        tuple(p.id for p in patients),
        sure,
        maybe,
        np.array(category, np.int8),
    )


def evidence() -> list[dict[str, Any]]:
    """What speaks for and against each model, as rows of the table donor_models."""
    return table("donor_models").to_dicts()


def _ligands(people: Sequence[Typing]) -> tuple[Bits, Bits]:
    """Ligands that are there and that may be there, Bw4 merged, as bits of MERGED."""
    sure = [_merged(person.ligands.present) for person in people]
    maybe = [_merged(person.ligands.possible_with_untyped) for person in people]
    return np.array(sure, np.uint8), np.array(maybe, np.uint8)


def _merged(bits: int) -> int:
    return sum(1 << place for place, seen in enumerate(MERGED.values()) if bits & seen)


def _receptors(people: Sequence[Typing]) -> tuple[Bits, Bits]:
    """Receptors that are there on cells and that may be there, as bits of RECEPTORS."""
    every = (1 << len(RECEPTORS)) - 1
    sure = [
        sum(
            1 << place
            for place, gene in enumerate(RECEPTORS)
            if person.kir and gene in person.kir.genes and gene not in person.kir.silent
        )
        for person in people
    ]
    maybe = [bits if person.kir else every for person, bits in zip(people, sure)]
    return np.array(sure, np.uint8), np.array(maybe, np.uint8)


def _receptors_of(ligands: Bits) -> Bits:
    """Receptors that see any of the ligands, bit by bit."""
    places = {seen: 1 << place for place, seen in enumerate(MERGED.values())}
    seen_by = np.zeros(16, np.uint8)
    for bits in range(16):
        seen_by[bits] = sum(
            1 << place for place, seen in enumerate(RECEPTORS.values()) if bits & places[seen]
        )
    found: Bits = seen_by[ligands]
    return found


def _phrases(names: Sequence[str]) -> NDArray[Any]:
    """Phrase for every pair of sure and open bits."""
    size = 1 << len(names)
    return np.array(
        [
            [
                ";".join(
                    name if sure >> place & 1 else f"{name}?"
                    for place, name in enumerate(names)
                    if (sure | maybe) >> place & 1
                )
                for maybe in range(size)
            ]
            for sure in range(size)
        ]
    )


def _ligands_seen(receptors: int) -> int:
    """How many ligands a set of receptors sees: KIR2DL2 and 2DL3 see the same one."""
    return len({seen for place, seen in enumerate(RECEPTORS.values()) if receptors >> place & 1})


_ONES = np.array([bits.bit_count() for bits in range(1 << KIR_LIGANDS)], np.int8)
_SEEN = np.array([_ligands_seen(bits) for bits in range(1 << len(RECEPTORS))], np.int8)
_COUNTS = {
    "ligand_ligand": _ONES,
    "missing_ligand": _ONES,
    "receptor_ligand": _SEEN,
    "receptor_ligand_3dl2": _SEEN,
    "education": _SEEN,
}
