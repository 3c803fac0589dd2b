"""Donors: KIR genes and HLA types to ligands, education and missing self; cord-unit quality.

Typings go in (a CSV file with id, hla and kir); ligand groups, KIR haplotypes, the verdicts of five
published models beside their evidence, and the reach of a donor bank come out. Nothing is guessed:
what a typing leaves open comes out as open. Read `ligands.py` first.
"""

from .bank import Reach, populations, reach
from .cord import CordUnit, read_units
from .hla import Allele, read_alleles
from .kir import KirTyping, read_kir
from .ligands import LIGANDS, Ligands, Rules, built_in_rules
from .models import FINDINGS, MODELS, Comparison, compare, evidence
from .sequences import rules_from_sequences
from .typings import Typing, read_typings

__all__ = [
    "FINDINGS",
    "LIGANDS",
    "MODELS",
    "Allele",
    "Comparison",
    "CordUnit",
    "KirTyping",
    "Ligands",
    "Reach",
    "Rules",
    "Typing",
    "built_in_rules",
    "compare",
    "evidence",
    "populations",
    "reach",
    "read_alleles",
    "read_kir",
    "read_typings",
    "read_units",
    "rules_from_sequences",
]
