"""Simulated plates of killing assays, for tests and for benchmarks/assay_flags.py."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from carnk.assays.wells import MAXIMUM, SAMPLE, SPONTANEOUS, Well, Wells

ET = (10.0, 5.0, 2.5, 1.25, 0.625, 0.3125)
ARMS = {"CAR-NK": (92.0, 0.9), "WT NK": (75.0, 4.0)}  # Emax in percent, ET50
ROWS = "BCDEFG"
Curves = Mapping[str, tuple[float, float]]


def hyperbola(et: float, emax: float, et50: float) -> float:
    return emax * et / (et50 + et)


def wells_of(
    rng: np.random.Generator,
    levels: tuple[float, float],
    arms: Curves = ARMS,
    plate: str = "1",
    cv: float = 0.04,
    replicates: int = 3,
) -> list[Well]:
    """Wells on a 96-well plate: arms over columns, E:T over rows, controls in columns 10 and 11.

    levels: signal without lysis and with complete lysis; cv: scatter of a well.
    """
    least, most = levels

    def well(name: str, kind: str, effector: str, et: float, lysis: float) -> Well:
        level = least + lysis / 100 * (most - least)
        signal = np.array([level * (1 + cv * rng.standard_normal())])
        return Well(name, plate, kind, "", "K562", effector, et, signal)

    wells = [
        well(f"{ROWS[r]}{2 + replicates * a + k}", SAMPLE, arm, et, hyperbola(et, *curve))
        for a, (arm, curve) in enumerate(arms.items())
        for r, et in enumerate(ET)
        for k in range(replicates)
    ]
    wells += [well(f"{row}10", SPONTANEOUS, "", 0.0, 0.0) for row in ROWS]
    return wells + [well(f"{row}11", MAXIMUM, "", 0.0, 100.0) for row in ROWS]


def plate_of(wells: Sequence[Well], hours: Sequence[float] = (4.0,)) -> Wells:
    return Wells("plate.csv", np.array(hours), tuple(wells))


def changed(wells: Sequence[Well], signal: Mapping[str, float]) -> list[Well]:
    """The wells with other readings, by name."""
    return [replace(w, signal=np.array([signal[w.name]])) if w.name in signal else w for w in wells]


def written(folder: Path, wells: Sequence[Well]) -> tuple[Path, Path]:
    """Plate and layout as files."""
    own = {w.name: w for w in wells}
    lines = ["," + ",".join(map(str, range(1, 13)))]
    for row in "ABCDEFGH":
        cells = [own.get(f"{row}{column}") for column in range(1, 13)]
        lines.append(row + "," + ",".join(f"{w.signal[0]:.6g}" if w else "" for w in cells))
    plate, layout = folder / "plate.csv", folder / "map.csv"
    plate.write_text("\n".join(lines) + "\n")
    rows = [
        f"{w.name},{w.kind},{w.effector},{w.target},{'donor 7' if w.effector else ''},"
        + (f"{w.et:g}:1" if w.et else "")
        for w in wells
    ]
    layout.write_text("well,role,effector,target,donor,et\n" + "\n".join(rows) + "\n")
    return plate, layout


def course(
    rng: np.random.Generator, hours: Sequence[float], noise: float = 0.03, growth: float = 0.02
) -> list[Well]:
    """Cell indices of a killing course: targets grow, effectors kill in proportion to E:T."""
    t = np.array(hours)

    def well(name: str, kind: str, effector: str, et: float, kill: float) -> Well:
        drift = noise * np.cumsum(rng.standard_normal(t.size)) / np.sqrt(t.size)
        level = np.exp((growth - kill) * t + drift + noise * rng.standard_normal())
        return Well(name, "1", kind, "", "SKOV3", effector, et, 2 * level)

    rates = {"CAR-NK": 0.06, "WT NK": 0.015}
    wells = [
        well(f"{ROWS[r]}{2 + 3 * a + k}", SAMPLE, arm, et, rate * et / (1 + 0.2 * et))
        for a, (arm, rate) in enumerate(rates.items())
        for r, et in enumerate((5.0, 2.5, 1.25, 0.625))
        for k in range(3)
    ]
    return wells + [well(f"{row}10", SPONTANEOUS, "", 0.0, 0.0) for row in ROWS]
