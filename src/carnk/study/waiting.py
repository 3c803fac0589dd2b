"""From enrollment to infusion: the wait, who is lost in it, and how the tumor grows meanwhile.

In a paired study every arm begins at enrollment, so that a product that is there at once can be
told from one that is first made. A study whose patients are in one arm meets them at treatment.
"""

from typing import Any

import numpy as np

from ..base.streams import uniforms
from .numbers import Array, Sampler

NEVER_HAPPENS = (  # to a patient who was not treated
    "response", "complete_response", "best_response", "best_complete_response", "crs_grade",
    "crs_probability_1", "crs_probability_2", "crs_probability_3", "icans", "icans_grade",
    "icans_probability", "gvhd", "gvhd_probability", "cmax_per_ul", "auc_0_28d", "tlast_day",
    "detected_day_15", "detected_day_365",
)  # fmt: skip
OUTLASTS = 0.9  # of the capacity: as far as a tumor grows before treatment


def waited(s: Sampler, drawn: dict[str, Array], capacity: Array) -> dict[str, Array]:
    """The burden at treatment, the days waited and the day of being lost (inf: treated).

    A patient for whom no lot can be made is lost on the day when it was due. Logistic growth in
    closed form, at what bridging leaves of the rate; untreated growth has no other cause.
    """
    autologous = s.study.product.source == "autologous_t"
    days = s.value("wait_autologous_t" if autologous else "wait_off_the_shelf", "wait")
    made, stays = uniforms(s.study.seed, s.ids, 2, "waiting").T
    gone = -np.log1p(-stays) / s.value("waiting_loss")
    lost = np.where(gone < days, gone, np.inf)
    if autologous:
        lost = np.where((made < s.value("failure_autologous_t")) & (lost > days), days, lost)
    held = s.value("bridging_hold") if autologous else 0.0
    return {
        "burden": _grown(drawn["burden"], capacity, (1 - held) * drawn["growth"] * days),
        "burden_enrolled": drawn["burden"],
        "wait_day": days,
        "lost_day": lost,
    }


def by_intention(columns: dict[str, Any], drawn: dict[str, Array]) -> dict[str, Any]:
    """Outcomes by intention to treat: an untreated patient has none, and is counted.

    Progression is counted from enrollment, and is on the day of being lost where a patient was.
    """
    lost = np.isfinite(drawn["lost_day"])
    failed = np.isnan(columns["progression_day"]) & ~lost
    found = {n: np.where(lost, 0.0, columns[n]) for n in NEVER_HAPPENS}
    until = np.where(lost, drawn["lost_day"], columns["progression_day"] + drawn["wait_day"])
    found |= {"progression_day": np.where(failed, np.nan, until)}
    found |= {"treated": np.where(lost, 0.0, 1.0), "wait_day": drawn["wait_day"]}
    return columns | found


def _grown(burden: Array, capacity: Array, exponent: Any) -> Array:
    """Logistic growth from a burden, the exponent being rate times days."""
    times = np.exp(exponent)
    grown = burden * times / (1 + burden / capacity * (times - 1))
    return np.asarray(np.clip(grown, burden, np.maximum(OUTLASTS * capacity, burden)))
