"""A thousand donors for a hundred patients: seconds to read, compare and write all pairs.

python benchmarks/donors.py [donors] [patients]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench import heading
from carnk.cli.donors import rank
from carnk.donors import compare, read_typings
from carnk.donors.kir import GENES
from carnk.library import table

LIMIT_SECONDS, REPEATS = 10.0, 3


def people(number: int, rng: np.random.Generator) -> str:
    """A CSV file of people with alleles and genes drawn at random."""
    alleles = table("hla_alleles")["allele"].to_list()
    by_locus = [[name for name in alleles if name[0] == locus] for locus in "ABC"]
    lines = ["id,hla,kir"]
    for i in range(number):
        hla = " ".join(str(rng.choice(names)) for names in by_locus for _ in range(2))
        kir = ";".join(gene for gene in GENES if rng.random() < 0.7)
        lines.append(f"{i},{hla},{kir}")
    return "\n".join(lines) + "\n"


def main() -> None:
    donors = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    patients = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("donors.csv", "patients.csv")]
        for file, number in zip(files, (donors, patients)):
            file.write_text(people(number, rng))
        read, matched, whole = [], [], []
        for _ in range(REPEATS):
            began = time.perf_counter()
            typed = [read_typings(file) for file in files]
            read.append(time.perf_counter() - began)
            began = time.perf_counter()
            compare(*typed).ranks("education")
            matched.append(time.perf_counter() - began)
            began = time.perf_counter()
            rank(files[0], files[1], form="csv", out=Path(folder) / "pairs.csv")
            whole.append(time.perf_counter() - began)
    print(heading())
    print(
        f"{donors} donors x {patients} patients: read {min(read):.3f} s, compared and ranked under "
        f"one model {min(matched):.3f} s; the command, all pairs and models written, "
        f"{min(whole):.2f} s, limit {LIMIT_SECONDS:g} s: "
        f"{'met' if min(whole) < LIMIT_SECONDS else 'NOT MET'}"
    )


if __name__ == "__main__":
    main()
