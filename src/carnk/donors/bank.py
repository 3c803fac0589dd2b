"""How many patients of a population a bank of k donors serves, under each model.

Patients and donors are types: HLA-C genotype, Bw4, A3/A11, KIR3DL1, KIR2DL1, Cen and Tel, from the
frequencies of Allele Frequency Net (gonzalezgalarza2020). Loci are taken as independent and in
Hardy-Weinberg proportion, which leaves linkage out: an approximation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base import Problem, SpecError, did_you_mean
from ..library import table
from .kir import kir_typing
from .ligands import A3_A11, BW4_80I, C1, C2, Ligands
from .models import MODELS, compare
from .typings import Typing

DRAWS = 400
HLA_CLASSES = (
    *(("HLA-C", "C2"), ("HLA-A", "Bw4-80I"), ("HLA-A", "A3/A11")),
    *(("HLA-B", "Bw4-80I"), ("HLA-B", "Bw4-80T")),
)
KIR_CLASSES = ("KIR2DL1", "KIR2DL2", "KIR2DL3", "KIR3DL1", "KIR2DS1")
CENS = {"AA": ("KIR2DL3",), "AB": ("KIR2DL2", "KIR2DL3", "KIR2DS2"), "BB": ("KIR2DL2", "KIR2DS2")}
TELS = {
    "AA": ("KIR3DL1", "KIR2DS4"),
    "AB": ("KIR3DL1", "KIR2DS4", "KIR3DS1", "KIR2DS1"),
    "BB": ("KIR3DS1", "KIR2DS1"),
}

Floats = NDArray[np.float64]
Frequencies = dict[Any, tuple[float, int]]  # share, and alleles or people typed
HlaType = tuple[str, bool, bool]  # HLA-C genotype, Bw4, A3/A11
DonorKind = tuple[int, str, str, bool]  # place of the HLA type, Cen, Tel, KIR2DL1


@dataclass(frozen=True)
class Reach:
    """Share of patients with at least one donor whom a model calls favorable.

    `drawn` is for k donors drawn at random from the population, `chosen` for the k donor types that
    together serve most; low and high hold 95 % of what the number of people typed leaves open.
    """

    model: str
    drawn: float
    low: float
    high: float
    chosen: float


def populations() -> tuple[list[str], list[str]]:
    """Names of the populations with all HLA classes, and of those with all KIR genes needed."""
    hla, kir = table("hla_ligand_frequencies"), table("kir_carriers")
    return (
        _complete(zip(hla["population"], zip(hla["locus"], hla["ligand"])), HLA_CLASSES),
        _complete(zip(kir["population"], kir["gene"]), KIR_CLASSES),
    )


def reach(size: int, population: str, kir_population: str, seed: int = 1) -> list[Reach]:
    """Return what a bank of `size` donors serves of a population, by model.

    `kir_population` gives the KIR genes, since few populations have both. Raises SpecError for
    names that the tables do not know.
    """
    known_hla, known_kir = populations()
    problems = [
        *_unknown("population", population, known_hla),
        *_unknown("kir-population", kir_population, known_kir),
    ]
    if problems:
        raise SpecError(problems)
    hla, kir = _hla(population), _kir(kir_population)
    people, hla_types = _patients()
    donors, kinds = _donors(people)
    favorable = _favorable(donors, people)
    patients, givers = _shares(hla, kir, hla_types, kinds)
    middle = _served(size, patients, givers, favorable)
    rng = np.random.default_rng(seed)
    drawn = np.array(
        [
            _served(
                size, *_shares(_shaken(hla, rng), _shaken(kir, rng), hla_types, kinds), favorable
            )
            for _ in range(DRAWS)
        ]
    )
    low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
    return [
        Reach(model, middle[i], low[i], high[i], _chosen(size, favorable[model], patients))
        for i, model in enumerate(MODELS)
    ]


def _complete(rows: Any, wanted: Sequence[Any]) -> list[str]:
    found: dict[str, set[Any]] = {}
    for name, what in rows:
        found.setdefault(name, set()).add(what)
    return sorted(name for name, has in found.items() if set(wanted) <= has)


def _unknown(where: str, name: str, known: list[str]) -> list[Problem]:
    if name in known:
        return []
    near = did_you_mean(name, known)
    flag = " --kir" if where == "kir-population" else ""
    do = f"{near} 'carnk donors populations{flag}' lists them.".strip()
    what = f"'{name}' has not all the frequencies needed for --{where}"
    return [Problem(f"--{where}", what, do)]


def _hla(population: str) -> Frequencies:
    """(frequency, alleles typed) of the HLA classes of a population."""
    rows = table("hla_ligand_frequencies").filter(population=population).to_dicts()
    found = {(r["locus"], r["ligand"]): (r["frequency"], 2 * r["people"]) for r in rows}
    return {what: found[what] for what in HLA_CLASSES}


def _kir(population: str) -> Frequencies:
    """(share of carriers, people typed) of the KIR genes of a population."""
    rows = table("kir_carriers").filter(population=population).to_dicts()
    found = {r["gene"]: (r["percent"] / 100, r["people"]) for r in rows}
    return {gene: found[gene] for gene in KIR_CLASSES}


def _shaken(shares: Frequencies, rng: np.random.Generator) -> Frequencies:
    """Shares drawn again from what their number of people leaves open (Jeffreys' beta law)."""
    return {
        what: (float(rng.beta(share * n + 0.5, (1 - share) * n + 0.5)), n)
        for what, (share, n) in shares.items()
    }


def _patients() -> tuple[list[Typing], list[HlaType]]:
    """People of all HLA types that matter here: HLA-C genotype, Bw4, A3/A11."""
    types = list(product(("C1C1", "C1C2", "C2C2"), (False, True), (False, True)))
    people = []
    for c, bw4, a3 in types:
        bits = (C1 if "C1" in c else 0) | (C2 if "C2" in c else 0)
        bits |= (BW4_80I if bw4 else 0) | (A3_A11 if a3 else 0)
        people.append(Typing(f"{c} {bw4} {a3}", Ligands(bits, bits, "", ()), None))
    return people, types


def _donors(people: list[Typing]) -> tuple[list[Typing], list[DonorKind]]:
    """Donors of all types: HLA type (by place), Cen, Tel, KIR2DL1."""
    kinds = list(product(range(len(people)), CENS, TELS, (False, True)))
    donors = [
        Typing(
            f"{i}",
            people[hla].ligands,
            kir_typing((*CENS[cen], *TELS[tel], *(("KIR2DL1",) if l1 else ()))),
        )
        for i, (hla, cen, tel, l1) in enumerate(kinds)
    ]
    return donors, kinds


def _favorable(donors: list[Typing], people: list[Typing]) -> dict[str, NDArray[np.bool_]]:
    """Whether each model favors each donor (rows) for each patient (columns)."""
    seen = compare(donors, people)
    return {model: seen.counts(model) > 0 for model in MODELS}


def _hla_shares(hla: Frequencies, types: list[HlaType]) -> Floats:
    """Share of people of each HLA type, loci independent, each in Hardy-Weinberg proportion."""
    c2, a_bw4, a3, b_i, b_t = (share for share, _ in hla.values())
    of_c = {"C1C1": (1 - c2) ** 2, "C1C2": 2 * c2 * (1 - c2), "C2C2": c2**2}
    no_b = (1 - min(b_i + b_t, 1.0)) ** 2
    rest = max(1 - a_bw4 - a3, 0.0)
    of_a = {  # HLA-A genotypes by whether they carry Bw4 and A3/A11
        (False, False): rest**2,
        (True, False): a_bw4 * (a_bw4 + 2 * rest),
        (False, True): a3 * (a3 + 2 * rest),
        (True, True): 2 * a_bw4 * a3,
    }
    shares = [
        of_c[c] * ((of_a[True, a] + of_a[False, a] * (1 - no_b)) if bw4 else of_a[False, a] * no_b)
        for c, bw4, a in types
    ]
    return np.array(shares) / sum(shares)


def _kir_shares(kir: Frequencies, kinds: list[DonorKind]) -> Floats:
    """Share of each (Cen, Tel, KIR2DL1) of the donor types, before their HLA type."""
    l1, l2, l3, x1, s1 = (share for share, _ in kir.values())
    cen = _normal({"AA": 1 - l2, "BB": 1 - l3, "AB": max(l2 + l3 - 1, 0.0)})
    tel = _normal({"AA": 1 - s1, "BB": 1 - x1, "AB": max(s1 + x1 - 1, 0.0)})
    lack = min((1 - l1) / max(cen["BB"], 1e-9), 1.0)  # KIR2DL1 is lacking mostly in Cen-B/B
    with_l1 = {"AA": 1.0, "AB": 1.0, "BB": 1 - lack}
    return np.array(
        [cen[c] * tel[t] * (with_l1[c] if has else 1 - with_l1[c]) for _, c, t, has in kinds]
    )


def _normal(shares: dict[str, float]) -> dict[str, float]:
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items()}


def _shares(
    hla: Frequencies, kir: Frequencies, types: list[HlaType], kinds: list[DonorKind]
) -> tuple[Floats, Floats]:
    """Shares of the patient types and of the donor types."""
    patients = _hla_shares(hla, types)
    return patients, patients[[kind[0] for kind in kinds]] * _kir_shares(kir, kinds)


def _served(
    size: int, patients: Floats, donors: Floats, favorable: dict[str, NDArray[np.bool_]]
) -> list[float]:
    """Share of patients with a favorable donor among `size` drawn at random, by model."""
    return [float(patients @ (1 - (1 - donors @ favorable[model]) ** size)) for model in MODELS]


def _chosen(size: int, favorable: NDArray[np.bool_], patients: Floats) -> float:
    """Share of patients served by donor types taken one by one, each adding the most."""
    left = patients.copy()
    for _ in range(size):
        best = favorable @ left
        left = left * ~favorable[int(best.argmax())]
    return float(1 - left.sum())
