"""Interval coverage over simulated ELISA plates with known truth: python benchmarks/elisa.py 2000.

So many plates of the first scene, and a fifth of them of every other.

A plate has eight standards and zero in duplicate and 20 samples in duplicate, anywhere from the
second-lowest standard to just below the highest. Wells scatter by a constant and a proportional
part that the evaluation has to learn from the plate.
"""

import sys
from time import process_time

import numpy as np

from carnk.assays.cells import sheet_of
from carnk.assays.elisa import elisa
from carnk.assays.layout import Layout, LayoutWell
from carnk.assays.logistic import log_of, signal
from carnk.assays.plate import plates_of

FOUR = (0.06, 3.2, np.log(300.0), 1.2)
FIVE = (*FOUR, 0.5)
SCENES = {  # parameters, constant scatter, coefficient of variation, wells of each kind
    "4PL, CV 5 % and a constant part": (FOUR, 0.008, 0.05, 2),
    "4PL, CV 8 %": (FOUR, 0.0, 0.08, 2),
    "4PL, constant scatter": (FOUR, 0.03, 0.0, 2),
    "4PL, triplicates": (FOUR, 0.008, 0.05, 3),
    "5PL, CV 5 % and a constant part": (FIVE, 0.008, 0.05, 2),
}
STANDARDS = [1000 / 2**k for k in range(8)] + [0.0]
SAMPLES = 20
WORDS = dict.fromkeys(
    ("sample", "replicate", "effector", "target", "donor", "plate", "day", "group"), ""
)


def plate_of(scene, seed):
    """(readings as a list of wells, layout, truth by sample) of one plate of 384 wells."""
    b, constant, cv, replicates = SCENES[scene]
    rng = np.random.default_rng([seed, len(scene)])
    truth = dict(enumerate(np.exp(rng.uniform(np.log(16.0), np.log(900.0), SAMPLES))))
    wanted = [("standard", "", c) for c in STANDARDS]
    wanted += [("sample", f"s{i}", c) for i, c in truth.items()]
    wells, lines = {}, ["well,value"]
    names = (f"{chr(65 + r)}{c + 1}" for r in range(16) for c in range(24))
    for role, sample, concentration in wanted:
        for _ in range(replicates):
            well = next(names)
            mean = float(signal(log_of(np.array(concentration)), b))
            value = mean + rng.standard_normal() * np.hypot(constant, cv * mean)
            given = concentration if role == "standard" else None
            wells[well] = LayoutWell(well, role, given, 1.0, None, WORDS | {"sample": sample}, 1)
            lines.append(f"{well},{float(value)!r}")
    sheet = sheet_of("\n".join(lines), "simulated")
    (plate,) = plates_of(sheet).plates
    return plate, Layout(wells, "pg/mL", sheet), truth


def covered(scene, seed):
    """(intervals by delta, by profile that hold the truth, intervals) of one plate."""
    plate, layout, truth = plate_of(scene, seed)
    found = elisa(plate, layout)
    hits = [0, 0, 0]
    for each in found.measured:
        real = np.log(truth[int(each.wells.sample[1:])])
        for i, (low, high) in enumerate((each.estimate.delta, each.estimate.profile)):
            hits[i] += bool(low <= real <= high)
        hits[2] += 1
    return hits


def main(plates):
    for i, scene in enumerate(SCENES):
        began, count = process_time(), plates if i == 0 else plates // 5
        delta, profile, of = np.sum([covered(scene, seed) for seed in range(count)], axis=0)
        took = (process_time() - began) / count
        print(
            f"{scene:<34} delta {delta / of:.2%}  profile {profile / of:.2%}  of {of:,} intervals"
            f"  {1000 * took:.0f} ms of processor a plate",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
