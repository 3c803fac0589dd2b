"""Effectors, targets and the law by the library's names and numbers."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

from ..base import Problem, SpecError, did_you_mean
from ..library import load, table
from .adcc import cd16_left
from .cells import Amount, Effector, Target
from .signal import Law

RECEPTOR_IDS = MappingProxyType(
    {
        "NKG2D": "nkg2d_per_cell",
        "NKp30": "nkp30_per_cell",
        "NKp44": "nkp44_per_cell",
        "NKp46": "nkp46_per_cell",
        "DNAM-1": "dnam1_per_cell",
        "2B4": "cd244_per_cell",
        "LFA-1": "lfa1_per_cell",
        "CD16": "cd16_per_cell",
    }
)
INHIBITOR_IDS = MappingProxyType(
    {
        "KIR2DL1": ("kir2dl1_per_cell", "kir2dl1_positive"),
        "KIR2DL2/3": ("kir_per_cell", "kir2dl23_positive"),
        "KIR3DL1": ("kir_per_cell", "kir3dl1_positive"),
        "NKG2A": ("nkg2a_per_cell", "nkg2a_positive"),
    }
)
KD_IDS = MappingProxyType(
    {
        "CAR": "kd_car", "NKG2D": "kd_nkg2d", "NKp30": "kd_nkp30", "NKp44": "kd_nkp44",
        "NKp46": "kd_nkp46", "DNAM-1": "kd_dnam1", "2B4": "kd_2b4", "LFA-1": "kd_lfa1",
        "CD16": "kd_cd16_158f", "KIR2DL1": "kd_kir2dl1", "KIR2DL2/3": "kd_kir2dl23",
        "KIR3DL1": "kd_kir3dl1", "NKG2A": "kd_nkg2a",
    }
)  # fmt: skip
WEIGHT_IDS = MappingProxyType(
    {
        "CAR": "signal_car", "NKG2D": "signal_nkg2d", "NKp30": "signal_nkp30",
        "NKp44": "signal_nkp44", "NKp46": "signal_nkp46", "DNAM-1": "signal_dnam1",
        "2B4": "signal_2b4", "LFA-1": "signal_lfa1", "CD16": "signal_cd16",
        "KIR2DL1": "inhibition_kir", "KIR2DL2/3": "inhibition_kir", "KIR3DL1": "inhibition_kir",
        "NKG2A": "inhibition_nkg2a",
    }
)  # fmt: skip
KINDS = ("aml", "solid", "b_lineage", "healthy")
BETWEEN_CELLS = 0.25  # log10; spread of receptors between cells where none is given
Read = Callable[[str], float]


def plain(name: str) -> str:
    """Return a name without case, spaces and marks, so that 'HL-60 (run 2)' is 'hl60'."""
    bare = re.sub(r"[^a-z0-9]", "", re.sub(r"\(.*?\)", "", name.lower()))
    return {"kasumi": "kasumi1", "monocytes": "monocyte", "bcells": "bcell"}.get(bare, bare)


def from_library(number_id: str) -> float:
    """Read a number's own value."""
    return load().number(number_id).value


def law(read: Read = from_library) -> Law:
    """The killing law; `read` gives a number by id, so that a draw of them makes another law."""
    kd = {name: read(number_id) for name, number_id in KD_IDS.items()}
    return Law(
        contact=read("contact_molecules"),
        kd_nm=MappingProxyType(kd),
        weight=MappingProxyType({name: read(n) for name, n in WEIGHT_IDS.items()}),
        threshold=read("signal_threshold"),
        softness=read("switch_softness"),
        hla_c=read("hla_c_share"),
        hla_b=read("hla_b_share"),
        hla_e=read("hla_e_share"),
        car_on=read("car_on_rate"),
        proofreading=read("proofreading_time"),
        kill_rate=read("kill_rate_max"),
        crowding=read("crowding"),
        delay=read("kill_delay"),
        non_killers=read("non_killers"),
        serial_kills=read("serial_kills"),
    )


def receptors(read: Read = from_library) -> dict[str, Amount]:
    """Receptors of an expanded NK cell; the inhibitory ones with their negative fraction."""
    found = {r: Amount(read(i), BETWEEN_CELLS) for r, i in RECEPTOR_IDS.items()}
    for name, (copies, positive) in INHIBITOR_IDS.items():
        found[name] = Amount(read(copies), BETWEEN_CELLS, 1 - read(positive))
    kept = read("cd16_after_thaw"), read("cd16_after_activation")
    found["CD16"] = Amount(cd16_left(read("cd16_per_cell"), *kept, cleavable=True), BETWEEN_CELLS)
    return found


@cache
def _cells() -> dict[str, dict[str, Any]]:
    return {plain(row["target"]): row for row in table("target_cells").iter_rows(named=True)}


@cache
def _levels() -> dict[tuple[str, str], dict[str, Any]]:
    rows = table("target_ligands").iter_rows(named=True)
    return {(plain(row["target"]), row["molecule"]): row for row in rows}


def targets() -> tuple[str, ...]:
    """Targets that have a row of their own."""
    return tuple(row["target"] for row in _cells().values())


def known(where: str, name: str, given: Sequence[str]) -> str:
    """Return a name as the library writes it; SpecError with the nearest one if it has none."""
    by_plain = {plain(each): each for each in given}
    if plain(name) not in by_plain:
        do = did_you_mean(name, given) or f"Known are {', '.join(given)}."
        raise SpecError(Problem(where, f"'{name}' is not in the library", do))
    return by_plain[plain(name)]


def level_basis(target: str, molecule: str) -> str:
    """Basis of a molecule's level on a target: measured, or assumed where it is a prior."""
    row = _levels().get((target, molecule))
    return str(row["basis"]) if row else "assumed"


def target(name: str, z: Mapping[tuple[str, str], float] | None = None) -> Target:
    """A target by name; what its own row lacks comes from its kind of cell.

    z: how far each (target or kind, molecule) median lies from the table's, in units of how well
    it is known. SpecError with the nearest name if there is no such target.
    """
    return fill(plain(known("target", name, targets())), {}, z or {})


def fill(name: str, measured: Mapping[str, Amount], z: Mapping[tuple[str, str], float]) -> Target:
    """A target with its measured amounts, and the library's rows and priors for the rest.

    A line that the library does not know is filled from its antigens' kind: see `kind_of`.
    """
    row = _cells().get(name) or _cells()[kind_of(name, measured)]
    ligands = dict(measured)
    for source in (name, plain(row["kind"])):
        for (owner, molecule), level in _levels().items():
            if owner != source or molecule in ligands:
                continue
            shift = level["known_log10"] * z.get((owner, molecule), 0.0)
            median = level["median"] * 10**shift
            ligands[molecule] = Amount(median, level["sd_log10"], level["negative"])
    return Target(str(row["name"]), MappingProxyType(ligands), row["c1"], row["c2"], row["bw4"])


def kind_of(name: str, measured: Mapping[str, Amount]) -> str:
    """Which kind of cell fills an unknown line: by what it was stained for."""
    if name in _cells():
        return str(_cells()[name]["kind"])
    if "HER2" in measured or "EGFR" in measured:
        return "solid"
    return "blineage" if "CD19" in measured or "CD20" in measured else "aml"


def unknowns() -> tuple[tuple[str, str], ...]:
    """Every (target or kind, molecule) of the table, in its order."""
    return tuple(_levels())


@cache
def _products() -> dict[str, dict[str, Any]]:
    return {row["product"]: row for row in table("kill_products").iter_rows(named=True)}


def products() -> tuple[str, ...]:
    """Products that the library knows."""
    return tuple(_products())


def effector(name: str, read: Read = from_library) -> Effector:
    """A product by name; SpecError with the nearest name if there is none such."""
    row = _products()[known("product", name, products())]
    surface = receptors(read)
    source = str(row["source_cells"])
    if source == "nk92":  # no CD16 and, but for a little, no KIR
        surface |= {r: Amount(0.0) for r in ("CD16", "KIR2DL1", "KIR2DL2/3", "KIR3DL1")}
    if row["hncd16"]:
        surface["CD16"] = Amount(read("cd16_per_cell"), BETWEEN_CELLS)
    costimulation = row["costimulation"]
    gain = read(f"costimulation_{costimulation}") if costimulation else 1.0
    memory = float(row["memory_like"])
    return Effector(
        name=str(row["name"]),
        receptors=MappingProxyType(surface),
        antigen=row["antigen"] or "",
        car=Amount(row["car_median"], row["car_sd_log10"], 1 - row["car_positive"]),
        car_kd_nm=row["kd_nm"] or read("kd_car"),
        car_gain=gain * row["car_gain"],
        natural_gain=row["natural_gain"],
        inhibition=1 - memory * (1 - read("ciml_inhibition")),
    )
