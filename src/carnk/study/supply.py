"""What an arm takes of a plant: doses per lot, patients per lot, and prices where one is known."""

from dataclasses import dataclass, replace

import numpy as np

from ..domain import Infusion, Product
from ..library import load

PROCESSES = {
    "cord_blood": "cord_blood_mbil21",
    "peripheral_blood": "peripheral_feeder_free",
    "ipsc": "ipsc_bank",
    "nk92": "nk92",
    "autologous_t": "carT_autologous",
    "allogeneic_t": "carT_allogeneic",
}
PRICES = {"autologous_t": ("price_axi_cel", "price_tisa_cel")}  # listed products of the kind
LOTS = 500


@dataclass(frozen=True)
class Supply:
    """Patients that a released lot treats (median, 90 % of lots), and how many lots are released.

    prices: of one treatment, USD, from low to high; none where no price was found in a source.
    """

    process: str
    patients: float
    low: float
    high: float
    released: float
    prices: tuple[float, ...]


def supply(product: Product, infusion: Infusion, seed: int = 1) -> Supply:
    """Simulate the built-in process of the product's source at the arm's dose and schedule."""
    from ..making import Dose, make, read

    name = PROCESSES[product.source]
    dose = Dose(infusion.amount, infusion.per, infusion.counts)
    lots = make(replace(read(name), dose=dose), LOTS, seed)
    prices = tuple(sorted(load()[each].value for each in PRICES.get(product.source, ())))
    released = lots.index_released
    if not released.size:
        return Supply(name, 0.0, 0.0, 0.0, 0.0, prices)
    patients = np.clip(lots.doses[released] // len(infusion.days), 0, None)
    low, middle, high = np.percentile(patients, (5, 50, 95))
    share = released.size / LOTS
    return Supply(name, float(middle), float(low), float(high), share, prices)
