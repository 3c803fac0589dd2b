"""A 52-state model for the benchmarks, of the size of the larger immune models. Numbers made up.

Four tissues with eight kinds of cells and four mediators each, and four drugs in blood. Cells
traffic within days, mediators turn over in minutes to hours.
"""

from __future__ import annotations

import numpy as np

from carnk.solver import Doses, Model

TISSUES = ("blood", "node", "marrow", "tumor")
CELLS = ("resting", "active", "memory", "tired", "helper", "myeloid", "stroma", "cancer")
MEDIATORS = ("growth", "alarm", "brake", "toxin")
DRUGS = ("antibody", "cytokine", "blocker", "steroid")
STATES = (*(f"{x}_{t}" for t in TISSUES for x in (*CELLS, *MEDIATORS)), *DRUGS)
NUMBERS = {
    "activation": 0.8, "rest": 0.2, "growth": 0.9, "capacity": 1e4, "loss": 0.1, "tiring": 0.05,
    "memory": 0.02, "recall": 0.3, "source": 50.0, "cancer_growth": 0.04, "cancer_room": 1e5,
    "kill": 0.9, "kill_half": 800.0, "out": 2.0, "back": 0.5, "half_growth": 30.0,
    "half_alarm": 20.0, "half_brake": 40.0, "make_growth": 0.5, "make_alarm": 0.3,
    "make_brake": 0.2, "make_toxin": 0.1, "lose_growth": 12.0, "lose_alarm": 25.0,
    "lose_brake": 8.0, "lose_toxin": 90.0, "basal": 20.0, "antibody_loss": 0.03,
    "cytokine_loss": 6.0, "blocker_loss": 0.4, "steroid_loss": 4.0, "half_drug": 5.0,
}  # fmt: skip
TIMES = np.linspace(0.0, 365.0, 74)


def part(y, name, tissue):
    return getattr(y, f"{name}_{tissue}")


def life_in(tissue):
    """Cells of a tissue: activation by cancer, growth by a mediator, tiring, memory, killing."""

    def mechanism(y, p):
        resting, active, memory, tired, helper, myeloid, stroma, cancer = (
            part(y, name, tissue) for name in CELLS
        )
        growth, alarm, brake, toxin = (part(y, name, tissue) for name in MEDIATORS)
        seen = cancer / (p.kill_half + cancer)
        brake_on = brake / (p.half_brake * (1 + y.blocker / p.half_drug) + brake)
        total = resting + active + memory + helper
        room = (1 - total / p.capacity) * growth / (p.half_growth + growth)
        woken = p.activation * resting * seen * (1 - brake_on)
        recalled = p.recall * memory * seen
        settled = p.rest * active
        spent = p.tiring * active * (1 + brake_on)
        lysed = p.kill * cancer * active / (p.kill_half + cancer + active) * (1 + y.antibody / 50)
        turned = 0.2 * myeloid * alarm / (p.half_alarm + alarm)
        return {
            f"resting_{tissue}": p.source - woken + 0.8 * settled - p.loss * resting,
            f"active_{tissue}": woken + recalled + p.growth * active * room
            - settled - spent - toxin * active / 100,
            f"memory_{tissue}": 0.2 * settled - recalled + p.memory * memory * room,
            f"tired_{tissue}": spent - p.loss * tired,
            f"helper_{tissue}": p.source / 5 + 0.3 * helper * room * seen - p.loss * helper,
            f"myeloid_{tissue}": p.source - turned - p.loss * myeloid,
            f"stroma_{tissue}": 5.0 - 0.01 * stroma,
            f"cancer_{tissue}": p.cancer_growth * cancer * (1 - cancer / p.cancer_room) - lysed,
            f"growth_{tissue}": p.basal + p.make_growth * helper + 30 * y.cytokine
            - p.lose_growth * growth - 0.01 * total * growth / (p.half_growth + growth),
            f"alarm_{tissue}": p.make_alarm * (active + turned) / (1 + y.steroid)
            - p.lose_alarm * alarm,
            f"brake_{tissue}": p.basal + p.make_brake * stroma - p.lose_brake * brake,
            f"toxin_{tissue}": p.make_toxin * (active + lysed) - p.lose_toxin * toxin,
        }  # fmt: skip

    return mechanism


def traffic(y, p):
    """Mobile cells leave blood for the tissues and come back."""
    flows = {}
    for name in ("resting", "active", "memory", "helper"):
        blood, total = part(y, name, "blood"), 0.0
        for n, tissue in enumerate(TISSUES[1:]):
            there = part(y, name, tissue)
            net = p.out / (n + 1) * blood - p.back * there
            flows[f"{name}_{tissue}"] = net
            total = total + net
        flows[f"{name}_blood"] = -total
    return flows


def drugs(y, p):
    return {name: -getattr(p, f"{name}_loss") * getattr(y, name) for name in DRUGS}


MODEL = Model(
    states=STATES,
    parameters=tuple(NUMBERS),
    mechanisms=(*(life_in(t) for t in TISSUES), traffic, drugs),
    positive=STATES,
)


def population(patients: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, Doses]:
    """Patients who vary by 20 % in every parameter; three active-cell doses and two drugs."""
    draws = np.random.default_rng(seed)
    typical = np.array(list(NUMBERS.values()))
    parameters = typical * np.exp(0.2 * draws.standard_normal((patients, len(typical))))
    first = dict.fromkeys(STATES, 0.0)
    for t in TISSUES:
        first |= {f"resting_{t}": 400.0, f"helper_{t}": 100.0, f"myeloid_{t}": 300.0}
        first |= {f"stroma_{t}": 400.0, f"growth_{t}": 5.0, f"brake_{t}": 10.0}
        first |= {f"cancer_{t}": 5000.0 if t == "tumor" else 50.0}
    initial = np.tile(list(first.values()), (patients, 1))
    plan = [(day, "active_blood", 500.0) for day in (0.0, 7.0, 14.0)]
    plan += [(7.0, "antibody", 40.0), (14.0, "blocker", 10.0), (15.0, "steroid", 8.0)]
    plan.sort()
    days = np.tile([day for day, *_ in plan], (patients, 1))
    amounts = np.tile([amount for *_, amount in plan], (patients, 1))
    return (
        parameters,
        initial,
        Doses(days, np.array([STATES.index(n) for _, n, _ in plan]), amounts),
    )
