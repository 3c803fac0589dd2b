"""Simulated plates of killing assays, without fault or with a known one."""

from collections.abc import Mapping, Sequence

import numpy as np

from carnk.assays.wells import MAXIMUM, SAMPLE, SPONTANEOUS, Well, Wells

ET = (10.0, 5.0, 2.5, 1.25, 0.625, 0.3125)
ARMS = {"CAR-NK": (92.0, 0.9), "WT NK": (75.0, 4.0)}  # Emax in percent, ET50


def hyperbola(et: float, emax: float, et50: float) -> float:
    return emax * et / (et50 + et)


def released(
    rng: np.random.Generator,
    plate: str = "1",
    arms: Mapping[str, tuple[float, float]] = ARMS,
    controls: tuple[float, float] = (100.0, 400.0),
    cv: float = 0.04,
    et: Sequence[float] = ET,
    replicates: int = 3,
) -> list[Well]:
    """Wells of released dye on a 96-well plate: arms over columns, E:T over rows, controls last."""
    least, most = controls

    def well(name: str, kind: str, effector: str, ratio: float, level: float) -> Well:
        signal = np.array([level * (1 + cv * rng.standard_normal())])
        return Well(name, plate, kind, "", "K562", effector, ratio, signal)

    wells = []
    for a, (arm, curve) in enumerate(arms.items()):
        for r, ratio in enumerate(et):
            level = least + hyperbola(ratio, *curve) / 100 * (most - least)
            wells += [
                well(f"{'BCDEFG'[r]}{2 + replicates * a + k}", SAMPLE, arm, ratio, level)
                for k in range(replicates)
            ]
    wells += [well(f"{'BCDEFG'[k]}10", SPONTANEOUS, "", 0.0, least) for k in range(6)]
    wells += [well(f"{'BCDEFG'[k]}11", MAXIMUM, "", 0.0, most) for k in range(6)]
    return wells


def plate_of(wells: Sequence[Well], hours: Sequence[float] = (4.0,)) -> Wells:
    return Wells("plate.csv", np.array(hours), tuple(wells))
