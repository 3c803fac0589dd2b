"""Rise to a peak and two declines: the cellular kinetics of Stein 2019 in closed form.

doi 10.1002/psp4.12388, equations 1 and 2: growth by `fold_expansion` until `tmax`, then a share
`memory_share` of `cmax` falls at `beta` and the rest at `alpha`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..assays.events import Events
from .mixed.density import Samples
from .offers import Courses, Known, Offer

Array = NDArray[np.float64]
NUMBERS = {  # the paper's typical patient; omega from the variances of its Table 1
    "fold_expansion": Known(3900.0, "1", omega=2.4**0.5),
    "tmax": Known(9.3, "day", omega=0.38**0.5),
    "cmax": Known(24_000.0, "copies/ug", omega=0.65**0.5),
    "alpha": Known(0.16, "1/day", omega=0.91**0.5),
    "memory_share": Known(0.0079, "1", omega=0.8**0.5),
    "beta": Known(0.0032, "1/day", omega=0.86**0.5),
}


def transgene(n: Mapping[str, Array], day: Array) -> Array:
    """The course at days after infusion, in the unit of cmax; nothing before day 0."""
    since = day - n["tmax"]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        rise = n["fold_expansion"] ** np.minimum(since / n["tmax"], 0.0)
        after = np.maximum(since, 0.0)
        share = n["memory_share"]
        fall = (1 - share) * np.exp(-n["alpha"] * after) + share * np.exp(-n["beta"] * after)
    return np.asarray(np.where(day < 0, 0.0, n["cmax"] * np.where(since < 0, rise, fall)))


def stein() -> Offer:
    """The model with the paper's numbers as the middle of wide priors."""
    return Offer(
        name="stein2019",
        title="Cellular kinetics of Stein 2019: rise to a peak, two declines",
        numbers=NUMBERS,
        fitted=tuple(NUMBERS),
        outputs={"copies/ug": "transgene", "cells/uL": "transgene"},
        quantities=("transgene",),
        bind=_bind,
    )


def _bind(events: Events, samples: Samples, ids: tuple[str, ...]) -> Courses:
    """Days count from each patient's first dose, from time 0 where the table has none."""
    doses = events.doses
    first = dict(zip(doses["id"].to_list()[::-1], doses["time_days"].to_list()[::-1]))
    day = samples.day - np.array([first.get(i, 0.0) for i in ids])[:, None]

    def courses(numbers: Mapping[str, Array], _near: bool) -> dict[str, Array]:
        each = {name: value[..., None] for name, value in numbers.items()}
        return {"transgene": transgene(each, day[:, None])}

    return courses
