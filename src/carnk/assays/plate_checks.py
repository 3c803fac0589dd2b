"""What is wrong with a plate as a whole: standards out of order, edges that read differently."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .distributions import t_two_sided
from .layout import named
from .logistic import Array
from .noise import Noise
from .plate import Plate

CLEAR = 3.0  # standard errors by which a standard is on the wrong side of the next
FEWEST = 4  # groups of replicates with wells at the edge and inside
EDGE_SIZE, EDGE_CHANCE = 0.05, 0.01


def order_flags(
    standards: Sequence[tuple[float, tuple[str, ...], Array]], noise: Noise
) -> list[str]:
    """One flag for every two neighbors in concentration whose signals are clearly reversed.

    standards: (concentration, wells, raw signals). The scatter is that of all their replicates.
    """
    ordered = sorted(standards, key=lambda each: each[0])
    means = np.array([signals.mean() for _, _, signals in ordered])
    sizes = np.array([signals.size for _, _, signals in ordered])
    relative = noise.variance(means)
    squares = sum(float(((s - s.mean()) ** 2).sum() / v) for (_, _, s), v in zip(ordered, relative))
    spare = int((sizes - 1).sum())
    if spare < 1 or len(ordered) < 3:
        return []
    error = np.sqrt(relative * squares / spare / sizes)
    rises = np.sign(means[-2:].mean() - means[:2].mean())
    flags = []
    for i in range(len(ordered) - 1):
        fall = -rises * (means[i + 1] - means[i])
        if fall > CLEAR * math.hypot(error[i], error[i + 1]):
            wells = named([*ordered[i][1], *ordered[i + 1][1]])
            flags.append(
                f"wells {wells}: standards {ordered[i][0]:g} and {ordered[i + 1][0]:g} are out of "
                "order; swapped?"
            )
    return flags


def edge_flags(plate: Plate, groups: Sequence[tuple[tuple[str, ...], float]]) -> list[str]:
    """A flag if wells at the edge read higher or lower than replicates inside.

    groups: (wells of one group of replicates, blank). By a t test over the groups that have both,
    at 1 %, and only a difference of 5 % or more.
    """
    differences, wells = [], []
    for names, blank in groups:
        inside = [w for w in names if not plate.is_at_edge(w) and not plate.readings[w].flag]
        edge = [w for w in names if plate.is_at_edge(w) and not plate.readings[w].flag]
        if not inside or not edge:
            continue
        at_edge, within = (
            float(np.mean([plate.readings[w].value for w in some])) - blank
            for some in (edge, inside)
        )
        middle = (at_edge + within) / 2
        if middle > 0:
            differences.append((at_edge - within) / middle)
            wells += edge
    if len(differences) < FEWEST:
        return []
    values = np.array(differences)
    mean, error = (
        float(values.mean()),
        float(values.std(ddof=1)) / math.sqrt(values.size),
    )
    chance = t_two_sided(mean / error, values.size - 1) if error > 0 else 0.0
    if abs(mean) < EDGE_SIZE or chance > EDGE_CHANCE:
        return []
    return [f"wells {named(wells)}: at the edge, {mean:+.0%} against replicates inside"]
