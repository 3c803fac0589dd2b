"""Chances of an outcome over plausible worlds, ready to be shown; None where nobody was judged."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ..designs import clopper_pearson
from ..study.summary import Array, Prediction, happened, predict
from .numerals import percent, percents
from .strips import SHARES, Axis, Mark


@dataclass(frozen=True)
class Chance:
    """A predicted proportion, read off so many virtual patients."""

    prediction: Prediction
    patients: int

    @property
    def ends(self) -> tuple[float, float]:
        """Where 95 % of plausible worlds lie, never narrower than so many patients can tell.

        No event in 300 virtual patients is not a chance of 0, however much the worlds agree.
        """
        low, high = self.prediction.interval()
        events = round(self.prediction.mean * (self.patients + 1) - 0.5)
        least, most = clopper_pearson(min(max(events, 0), self.patients), self.patients)
        return min(low, least), max(high, most)

    @property
    def text(self) -> str:
        """'58 %'."""
        return percent(self.prediction.mean)

    @property
    def interval(self) -> str:
        """'10–98 %'."""
        return percents(*self.ends)

    def marks(self, axis: Axis = SHARES) -> list[Mark]:
        """The interval as a bar and the mean as a dot."""
        hint = f"predicted {self.text}, 95 % of plausible worlds {self.interval}"
        bar = axis.bar("world", *self.ends, hint)
        return [bar, axis.dot("predicted", self.prediction.mean, hint)]


def chance(outcomes: pl.DataFrame, outcome: str, day: float | None = None) -> Chance | None:
    """The chance of an outcome, named as in a study's `observed` or as a column of flags."""
    return chance_of(happened(outcomes, outcome, day), outcomes)


def chance_of(flags: Array, outcomes: pl.DataFrame) -> Chance | None:
    """The chance of flags (0, 1 or NaN), one per row of `outcomes`."""
    judged = int(np.isfinite(flags).sum())
    if judged == 0:
        return None
    return Chance(predict(flags, outcomes["world"].to_numpy()), judged)
