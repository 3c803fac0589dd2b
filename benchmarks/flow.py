"""`carnk assay flow` on a simulated file of a million events: seconds of the whole command.

python -m benchmarks.flow
"""

import array
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from time import perf_counter

import flowio
import numpy as np

NAMES = ("FSC-A", "FSC-H", "SSC-A", "FITC-A", "PE-A", "APC-A", "LD-A", "BV421-A", "PerCP-A", "Time")
MARKERS = ("", "", "", "CAR", "CD56", "CD3", "Live/Dead", "CD16", "NKG2A", "")
SPILL = ((1.0, 0.12, 0.0, 0.02), (0.05, 1.0, 0.01, 0.0), (0.0, 0.02, 1.0, 0.08), (0.01, 0, 0.05, 1))
SPILLED = (3, 4, 5, 6)


@dataclass(frozen=True)
class Truth:
    """What a simulated file is made of; shares of all events but `car`, which is of live cells."""

    events: int = 1_000_000
    car: float = 0.45
    debris: float = 0.15
    doublets: float = 0.06
    dead: float = 0.10
    median: float = 9_000.0
    sd_log10: float = 0.35
    noise: float = 120.0


def cells(truth: Truth, seed: int = 1) -> np.ndarray:
    """Events x channels in linear units, with the spillover of SPILL."""
    rng = np.random.default_rng(seed)
    n = truth.events
    x = np.zeros((n, len(NAMES)))
    is_debris = rng.random(n) < truth.debris
    x[:, 1] = np.where(is_debris, 9e3 * rng.lognormal(0, 0.45, n), 7e4 * rng.lognormal(0, 0.13, n))
    x[:, 0] = x[:, 1] * rng.lognormal(0.05, 0.03, n)
    is_doublet = ~is_debris & (rng.random(n) < truth.doublets)
    x[is_doublet, 0] *= rng.normal(1.85, 0.08, is_doublet.sum())
    x[:, 2] = np.where(is_debris, 6e3, 2.4e4) * rng.lognormal(0, 0.3, n)
    dead = rng.random(n) < truth.dead
    x[:, 6] = np.where(dead, 2e4 * rng.lognormal(0, 0.4, n), rng.normal(150, 120, n))
    has_car = ~is_debris & (rng.random(n) < truth.car)
    x[:, 3] = rng.normal(60, truth.noise, n)
    positive = truth.median * 10 ** rng.normal(0, truth.sd_log10, n)
    x[has_car, 3] = positive[has_car] + rng.normal(60, truth.noise, has_car.sum())
    x[:, 4] = 1.5e4 * rng.lognormal(0, 0.35, n) * ~is_debris + rng.normal(0, 100, n)
    for i in (5, 7, 8):
        x[:, i] = rng.normal(80, 150, n)
    x[:, 9] = np.sort(rng.uniform(0, 1e5, n))
    x[:, SPILLED] = x[:, SPILLED] @ np.array(SPILL)
    return x


def write(path: Path, events: np.ndarray, keywords: dict[str, str] | None = None) -> None:
    """Write events as FCS 3.1 with their spillover."""
    values = array.array("f")
    values.frombytes(np.ascontiguousarray(events, "<f4").tobytes())
    named = ",".join(NAMES[i] for i in SPILLED)
    numbers = ",".join(str(each) for row in SPILL for each in row)
    spill = {"spillover": f"{len(SPILLED)},{named},{numbers}"}
    with path.open("wb") as stream:
        flowio.create_fcs(stream, values, NAMES, MARKERS, spill | (keywords or {}))


GATES = """<?xml version="1.0" encoding="UTF-8"?>
<gating:Gating-ML
 xmlns:gating="http://www.isac-net.org/std/Gating-ML/v2.0/gating"
 xmlns:transforms="http://www.isac-net.org/std/Gating-ML/v2.0/transformations"
 xmlns:data-type="http://www.isac-net.org/std/Gating-ML/v2.0/datatypes">
<transforms:transformation transforms:id="logicle">
 <transforms:logicle transforms:T="262144" transforms:W="0.5" transforms:M="4.5" transforms:A="0"/>
</transforms:transformation>
<gating:RectangleGate gating:id="cells">
 <gating:dimension gating:compensation-ref="uncompensated" gating:min="30000">
  <data-type:fcs-dimension data-type:name="FSC-A"/></gating:dimension>
</gating:RectangleGate>
<gating:RectangleGate gating:id="live" gating:parent_id="cells">
 <gating:dimension gating:compensation-ref="FCS" gating:max="3000">
  <data-type:fcs-dimension data-type:name="LD-A"/></gating:dimension>
</gating:RectangleGate>
<gating:RectangleGate gating:id="CAR_pos" gating:parent_id="live">
 <gating:dimension gating:compensation-ref="FCS" gating:transformation-ref="logicle"
  gating:min="0.45"><data-type:fcs-dimension data-type:name="FITC-A"/></gating:dimension>
</gating:RectangleGate>
</gating:Gating-ML>
"""


def _cpu() -> float:
    """Processor seconds of the commands so far: other work on the machine lengthens them little."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Time the command with found gates, with a control, and with a gate file."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write(place / "sample.fcs", cells(Truth()))
        write(place / "control.fcs", cells(Truth(car=0.0), seed=2))
        (place / "gates.xml").write_text(GATES, encoding="utf-8")
        size = (place / "sample.fcs").stat().st_size
        print(f"a million events, {len(NAMES)} channels, {size / 1e6:.0f} MB")
        for name, words in {
            "found gates, two bell curves": ["--dead", "LD-A"],
            "found gates, control": ["--dead", "LD-A", "--control", str(place / "control.fcs")],
            "GatingML": ["--gates", str(place / "gates.xml")],
        }.items():
            seconds, cpu = [], []
            for _ in range(3):
                began, used = perf_counter(), _cpu()
                subprocess.run(
                    [sys.executable, "-c", "from carnk.cli import main; main()", "assay", "flow",
                     str(place / "sample.fcs"), *words], check=True, capture_output=True,
                )  # fmt: skip
                seconds.append(perf_counter() - began)
                cpu.append(_cpu() - used)
            print(f"{name}: {min(seconds):.2f} s, {min(cpu):.2f} s of processor (best of 3)")


if __name__ == "__main__":
    main()
