"""How often flags of killing assays are right: plates without fault, and with one known fault each.

`python benchmarks/assay_flags.py` prints the table of docs/assays.md.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from benchmarks.assay_plates import changed, plate_of, wells_of
from carnk.assays.lysis import judge
from carnk.assays.specific import READOUTS
from carnk.assays.wells import MAXIMUM, SPONTANEOUS, Well

PLATES = 200
CALCEIN = READOUTS["calcein"]
Rng = np.random.Generator


def plate(rng: Rng, share: tuple[float, float] = (0.1, 0.25), name: str = "1") -> list[Well]:
    """A plate of any lab: arms, signal, spontaneous release and scatter (2 to 8 %) at random."""
    arms = {
        "CAR-NK": (rng.uniform(70, 100), rng.uniform(0.4, 2.0)),
        "WT NK": (rng.uniform(50, 70), rng.uniform(2.0, 20.0)),
    }
    most = rng.uniform(300, 3000)
    levels = most * rng.uniform(*share), most
    return wells_of(rng, levels, arms, plate=name, cv=rng.uniform(0.02, 0.08))


def read(wells: list[Well]) -> dict[str, float]:
    return {w.name: float(w.signal[0]) for w in wells}


def outlier(rng: Rng) -> list[Well]:
    wells = plate(rng)
    name = rng.choice([w.name for w in wells if w.effector == "CAR-NK"])
    return changed(wells, {name: 1.6 * read(wells)[name]})


def impossible(rng: Rng) -> list[Well]:
    wells = plate(rng)
    most = np.mean([w.signal[0] for w in wells if w.kind == MAXIMUM])
    return changed(wells, {"C3": float(most * rng.uniform(1.4, 1.8))})


def near_maximum(rng: Rng) -> list[Well]:
    return plate(rng, (0.65, 0.95))


def reversed_arm(rng: Rng) -> list[Well]:
    wells = plate(rng)
    signal, turned = read(wells), dict(zip("BCDEFG", "GFEDCB"))
    return changed(wells, {f"{r}{c}": signal[f"{turned[r]}{c}"] for r in turned for c in (2, 3, 4)})


def swapped_arms(rng: Rng) -> list[Well]:
    other = {"CAR-NK": "WT NK", "WT NK": "CAR-NK"}
    return [replace(w, effector=other.get(w.effector, "")) for w in plate(rng)]


def swapped_controls(rng: Rng) -> list[Well]:
    other = {SPONTANEOUS: MAXIMUM, MAXIMUM: SPONTANEOUS}
    return [replace(w, kind=other.get(w.kind, w.kind)) for w in plate(rng)]


def pasted_block(rng: Rng) -> list[Well]:
    one, two = plate(rng), plate(rng, name="2")
    signal = read(one)
    return [*one, *changed(two, {f"{r}{c}": signal[f"{r}{c}"] for r in "CD" for c in (2, 3, 4)})]


def other_plate(rng: Rng) -> list[Well]:
    """An arm of plate 2 typed into plate 1, where plate 2 reads 1.5 to 4 times as high."""
    one, two = plate(rng), plate(rng, name="2")
    factor = rng.uniform(1.5, 4.0) * max(read(one).values()) / max(read(two).values())
    two = [replace(w, signal=w.signal * factor) for w in two]
    arm = {w.name: float(w.signal[0]) * 1.001 for w in two if w.effector == "CAR-NK"}
    return [*changed(one, arm), *two]


def edge(rng: Rng) -> list[Well]:
    """All wells moved one column to the left; column 1 reads 20 % higher."""

    def moved(w: Well) -> Well:
        column = int(w.name[1:])
        column = column - 1 if column < 8 else column
        return replace(w, name=f"{w.name[0]}{column}", signal=w.signal * (1 + 0.2 * (column == 1)))

    return [moved(w) for w in plate(rng)]


FAULTS: dict[str, tuple[Callable[[Rng], list[Well]], str]] = {
    "one replicate 60 % higher": (outlier, "replicate outlier|lysis over 100 %"),
    "one well at 150 to 210 % lysis": (impossible, "lysis over 100 %"),
    "spontaneous release 65 to 95 % of maximum": (near_maximum, "spontaneous release|controls"),
    "an arm reversed over E:T": (reversed_arm, "rises as E:T falls"),
    "CAR and wild type swapped": (swapped_arms, "swapped plates"),
    "controls swapped": (swapped_controls, "swapped controls"),
    "two rows of three wells pasted": (pasted_block, "reused block"),
    "an arm of another plate": (other_plate, "another plate's wells|lysis over 100 %"),
    "wells at one edge 20 % higher": (edge, "edge effect"),
}


def main() -> None:
    flagged = 0
    for seed in range(2 * PLATES):
        rng = np.random.default_rng([1, seed])
        found = judge(plate_of(plate(rng)), CALCEIN)
        flagged += any("Within the noise" not in str(flag) for flag in found)
    print("| plate | flagged |\n|---|---|")
    print(f"| without fault ({2 * PLATES} plates) | {flagged / (2 * PLATES):.1%} |")
    for name, (make, kinds) in FAULTS.items():
        seen = 0
        for seed in range(PLATES):
            rng = np.random.default_rng([2, seed])
            found = judge(plate_of(make(rng)), CALCEIN)
            seen += any(flag.kind in kinds.split("|") for flag in found)
        print(f"| {name} | {seen / PLATES:.0%} |", flush=True)


if __name__ == "__main__":
    main()
