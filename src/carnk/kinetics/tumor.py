"""The tumor: three clones, their killing by arm, and the chance that a clone dies out."""

from typing import Any

from . import rates


def growth(y: Any, p: Any) -> dict[str, Any]:
    """Logistic growth of every clone, stopped below one cell."""
    birth = rates.tumor_birth(y, p)
    return {
        "tumor_high": birth * rates.alive(y.tumor_high) * y.tumor_high,
        "tumor_low": birth * rates.alive(y.tumor_low) * y.tumor_low,
        "tumor_bare": birth * rates.alive(y.tumor_bare) * y.tumor_bare,
    }


def killing(y: Any, p: Any) -> dict[str, Any]:
    """Death by CAR, natural and antibody-dependent killing and by the conditioning drugs."""
    return {
        "tumor_high": -rates.tumor_death(y, p, "high") * y.tumor_high,
        "tumor_low": -rates.tumor_death(y, p, "low") * y.tumor_low,
        "tumor_bare": -rates.tumor_death(y, p, "bare") * y.tumor_bare,
    }


def extinction(y: Any, p: Any) -> dict[str, Any]:
    """Kendall's birth-death process: decline R and log ancestry L = log(1 + I) of every clone.

    P(extinct by t) = (I / (1 + I)) ** initial cells; birth is net growth [kendall1948].
    """
    birth = rates.tumor_birth(y, p)
    flows: dict[str, Any] = {}
    pairs = zip(
        rates.CLONES,
        ((y.decline_high, y.ancestry_high), (y.decline_low, y.ancestry_low),
         (y.decline_bare, y.ancestry_bare)),
        strict=True,
    )  # fmt: skip
    for clone, (decline, ancestry) in pairs:
        death = rates.tumor_death(y, p, clone)
        flows[f"decline_{clone}"] = death - birth
        flows[f"ancestry_{clone}"] = death * rates.survivors(decline, ancestry)
    return flows


MECHANISMS = (growth, killing, extinction)
