"""From a protein to its coding sequence: codons of human genes, sites and GC kept (DNA Chisel)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..base import Problem, SpecError
from ..library import View
from .design import START, STOP, Design
from .rules import FAIL, OK, Verdict

WINDOW = 100  # bases over which GC is held
SPECIES = "h_sapiens"
LONGEST_RUN = 9  # of one base


def coding_sequence(design: Design, view: View, seed: int = 1) -> str:
    """Return the DNA of a design from its start to its stop codon; the same seed, the same DNA.

    Codons are those that human genes use most, as far as the sites to avoid, runs of one base and
    GC allow. Raises SpecError if parts have no sequence, or if no sequence keeps the limits.
    """
    if design.unknown:
        names = ", ".join(part.name for part in design.unknown)
        what = f"no sequence is known for {names}: protein and DNA cannot be built"
        do = "Give your own part with a 'sequence'; 'carnk construct show' works without."
        raise SpecError(Problem(design.name, what, do))
    import dnachisel

    limits = {"mini": view["dna_gc_least"], "maxi": view["dna_gc_most"], "window": WINDOW}
    try:
        with _seeded(seed):
            problem = dnachisel.DnaOptimizationProblem(
                dnachisel.reverse_translate(design.protein) + STOP,
                constraints=[
                    dnachisel.EnforceTranslation(translation=f"{design.protein}*"),
                    *(dnachisel.AvoidPattern(f"{site}_site") for site in design.avoid_sites),
                    *(dnachisel.AvoidPattern(f"{LONGEST_RUN}x{base}") for base in "ACGT"),
                    dnachisel.EnforceGCContent(**limits),
                ],
                objectives=[dnachisel.CodonOptimize(species=SPECIES)],
                logger=None,
            )
            problem.resolve_constraints()
            problem.optimize()
    except dnachisel.NoSolutionError as error:
        what = f"no DNA keeps all limits: {str(error).splitlines()[0]}"
        do = "Avoid fewer sites, or other ones."
        raise SpecError(Problem(design.name, what, do)) from None
    sequence: str = problem.sequence
    if not sequence.startswith(START):
        what = f"the reading frame begins with {sequence[:3]}, not {START}"
        raise SpecError(Problem(design.name, what, "Begin with a leader."))
    return sequence


def check_dna(design: Design, coding: str) -> list[Verdict]:
    """Return the verdicts of the rules that a coding sequence is held to."""
    from Bio import Restriction
    from Bio.Seq import Seq

    protein = str(Seq(coding).translate())
    stops = [place for place, residue in enumerate(protein, 1) if residue == "*"]
    enzymes = Restriction.RestrictionBatch(list(design.avoid_sites))
    cut = sorted(str(enzyme) for enzyme, cuts in enzymes.search(Seq(coding)).items() if cuts)
    asked = ", ".join(design.avoid_sites)
    found = [
        ("frame", len(coding) % 3 == 0, f"{len(coding):,} bases, {len(coding) // 3:,} codons"),
        ("start", coding.startswith(START), coding[:3]),
        ("stop", stops == [len(protein)], f"at codon {', '.join(map(str, stops))}"),
        ("protein", protein == f"{design.protein}*", "translated and compared with the design"),
        (
            "sites",
            not cut,
            f"cut by {', '.join(cut)}" if cut else f"free of {asked or 'any asked'}",
        ),
        ("GC", True, f"{gc_share(coding):.1%}"),
    ]
    return [Verdict(rule, OK if is_kept else FAIL, why) for rule, is_kept, why in found]


def gc_share(sequence: str) -> float:
    """Share of G and C."""
    return sum(base in "GC" for base in sequence) / len(sequence)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed the global generator that DNA Chisel draws from, and give it back as it was."""
    import numpy as np

    before: Any = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
