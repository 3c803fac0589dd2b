"""The nouns of carnk: what a study file says, as frozen dataclasses without mathematics or numbers.

In go plain values already read and converted (days, cells, kg, mg); nothing comes out but the
nouns themselves. Read `nouns.py` first.
"""

from .nouns import (
    Arm,
    Calendar,
    Construct,
    Credibility,
    DrugDose,
    Given,
    Infusion,
    LimitingToxicity,
    Lots,
    Observation,
    ProcessFile,
    Product,
    Regimen,
    Rescue,
    Rule,
    Study,
    Trial,
)

__all__ = [
    "Arm",
    "Calendar",
    "Construct",
    "Credibility",
    "DrugDose",
    "Given",
    "Infusion",
    "LimitingToxicity",
    "Lots",
    "Observation",
    "ProcessFile",
    "Product",
    "Regimen",
    "Rescue",
    "Rule",
    "Study",
    "Trial",
]
