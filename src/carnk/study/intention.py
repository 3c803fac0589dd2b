"""By intention to treat, as an expectation: the chance of being treated at all after the wait."""

import numpy as np

from .numbers import Array, Sampler


def treated_chance(s: Sampler, days: Array) -> Array:
    """Chance that each patient is still there when the lot is, and that a lot can be made.

    days: waited. What `waiting.waited` draws as yes or no, so that small changes of its numbers
    tell in few patients too.
    """
    stays = np.exp(-s.value("waiting_loss") * days)
    if s.study.product.source == "autologous_t":
        stays = stays * (1 - s.value("failure_autologous_t"))
    return np.asarray(stays)
