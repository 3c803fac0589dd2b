"""Rise to a peak and two declines: the cellular kinetics of Stein 2019 in closed form.

doi 10.1002/psp4.12388, equations 1 and 2: growth by `fold_expansion` until `tmax`, then a share
`memory_share` of `cmax` falls at `beta` and the rest at `alpha`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..assays.events import Events
from ..library import load
from ..solver import Model, where
from ..solver.labels import Document
from ..solver.sbml import sbml_text
from .mixed.density import Samples
from .offers import Courses, Offer, known
from .petab.export import Exported

Array = NDArray[np.float64]
CLOSED_FORM = (
    "cmax * fold_expansion^(risen - 1)"
    " * ((1 - memory_share) * exp(-alpha * since) + memory_share * exp(-beta * since))"
)
NUMBERS = ("fold_expansion", "tmax", "cmax", "alpha", "memory_share", "beta")


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
    numbers = load()
    return Offer(
        name="stein2019",
        title="Cellular kinetics of Stein 2019: rise to a peak, two declines",
        numbers={name: known(numbers[f"stein2019_{name}"]) for name in NUMBERS},
        fitted=NUMBERS,
        outputs={"copies/ug": "transgene", "cells/uL": "transgene"},
        quantities=("transgene",),
        bind=_bind,
        ids={name: f"stein2019_{name}" for name in NUMBERS},
        export=_exported,
    )


def _rise(y: Any, p: Any) -> dict[str, Any]:
    """`risen` goes from 0 to 1 until tmax; `since` counts the days after it."""
    before = p.tmax > y.clock
    return {"clock": 1.0, "risen": where(before, 1 / p.tmax, 0.0), "since": where(before, 0.0, 1.0)}


def _exported() -> Exported:
    """The closed form on two clocks, for programs that read SBML."""
    numbers = load()
    states = ("clock", "risen", "since")
    document = Document(
        id="stein2019", title="Cellular kinetics of Stein 2019",
        model=Model(states, NUMBERS, (_rise,)),
        parameters={n: numbers[f"stein2019_{n}"].value for n in NUMBERS},
        initial=dict.fromkeys(states, 0.0),
    )  # fmt: skip
    return Exported(sbml_text(document), {n: n for n in NUMBERS}, {"transgene": CLOSED_FORM})


def _bind(events: Events, samples: Samples, ids: tuple[str, ...]) -> Courses:
    """Days count from each patient's first dose, from time 0 where the table has none."""
    doses = events.doses
    first = dict(zip(doses["id"].to_list()[::-1], doses["time_days"].to_list()[::-1]))
    day = samples.day - np.array([first.get(i, 0.0) for i in ids])[:, None]

    def courses(numbers: Mapping[str, Array], _near: bool) -> dict[str, Array]:
        each = {name: value[..., None] for name, value in numbers.items()}
        return {"transgene": transgene(each, day[:, None])}

    return courses
