"""From enrollment to infusion: the wait, who is lost in it, and how the tumor grows meanwhile.

In a paired study every arm begins at enrollment, so that a product that is there at once can be
told from one that is first made. A study whose patients are in one arm meets them at treatment.
"""

from typing import Any

import numpy as np

from ..base.streams import uniforms
from .numbers import Array, Sampler

NO_BENEFIT = ("response", "complete_response", "best_response", "best_complete_response")
KEPT = (*NO_BENEFIT, "progression_day", "burden_before", "burden_response_day")
OUTLASTS = 0.9  # of the capacity: as far as a tumor grows before treatment


def waited(s: Sampler, drawn: dict[str, Array], capacity: Array, begins: float) -> dict[str, Array]:
    """The burden when the simulation begins, the days waited and the day of being lost (inf: none).

    begins: the day on which the simulation begins, at most 0; the wait is from enrollment to the
    infusion, so the days in between are simulated and not grown here. A patient for whom no lot can
    be made is lost on the day when it was due. Logistic growth in closed form, at what bridging
    leaves of the rate; untreated growth has no other cause.
    """
    autologous = s.study.product.source == "autologous_t"
    days = s.value("wait_autologous_t" if autologous else "wait_off_the_shelf", "wait")
    made, stays = uniforms(s.study.seed, s.ids, 2, "waiting").T
    gone = -np.log1p(-stays) / s.value("waiting_loss")
    lost = np.where(gone < days, gone, np.inf)
    if autologous:
        lost = np.where((made < s.value("failure_autologous_t")) & (lost > days), days, lost)
    held = s.value("bridging_hold") if autologous else 0.0
    before = np.maximum(days + begins, 0.0)
    return {
        "burden": _grown(drawn["burden"], capacity, (1 - held) * drawn["growth"] * before),
        "burden_enrolled": drawn["burden"],
        "wait_day": days,
        "lost_day": lost,
    }


def by_intention(columns: dict[str, Any], drawn: dict[str, Array]) -> dict[str, Any]:
    """Outcomes of patients enrolled.

    Benefit is by intention to treat: a patient who is lost has none, and progresses on the day of
    being lost. What infused cells do, wanted or not, is of the treated: it is NaN for the others.
    Progression is counted from enrollment; growth in the wait alone is none.
    """
    lost = np.isfinite(drawn["lost_day"])
    failed = np.isnan(columns["progression_day"]) & ~lost
    found = {n: np.where(lost, np.nan, c) for n, c in columns.items() if n not in KEPT}
    found |= {n: np.where(lost, 0.0, columns[n]) for n in NO_BENEFIT}
    until = np.where(lost, drawn["lost_day"], columns["progression_day"] + drawn["wait_day"])
    found |= {"progression_day": np.where(failed, np.nan, until)}
    waited_days = np.where(lost, np.nan, drawn["wait_day"])
    found |= {"treated": np.where(lost, 0.0, 1.0), "wait_day": waited_days}
    return columns | found


def _grown(burden: Array, capacity: Array, exponent: Any) -> Array:
    """Logistic growth from a burden, the exponent being rate times days."""
    times = np.exp(exponent)
    grown = burden * times / (1 + burden / capacity * (times - 1))
    return np.asarray(np.clip(grown, burden, np.maximum(OUTLASTS * capacity, burden)))
