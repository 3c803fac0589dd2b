"""The nouns of carnk: what a study file says, as frozen dataclasses without mathematics or numbers.

In go plain values already read and converted (days, cells, kg, mg); nothing comes out but the
nouns themselves. Read `nouns.py` first.
"""

from .nouns import (
    Arm,
    Construct,
    DrugDose,
    Given,
    Infusion,
    Observation,
    Product,
    Regimen,
    Rescue,
    Study,
)

__all__ = [
    "Arm",
    "Construct",
    "DrugDose",
    "Given",
    "Infusion",
    "Observation",
    "Product",
    "Regimen",
    "Rescue",
    "Study",
]
