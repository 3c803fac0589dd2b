"""Write course.csv: twelve simulated patients with known truth, for the tutorial of docs/fit.md.

Truth: cmax 20,000 copies/ug, tmax 10 days, alpha 0.2 per day; standard deviations between patients
0.6, 0.25 and 0.4 on the log scale, error 0.3; all else as in Stein 2019.
"""

import sys
from pathlib import Path

import numpy as np

TYPICAL = {"cmax": 20_000.0, "tmax": 10.0, "alpha": 0.2}
OMEGA = {"cmax": 0.6, "tmax": 0.25, "alpha": 0.4}
ERROR, LIMIT = 0.3, 50.0
DAYS = np.array([1.0, 3.0, 5.0, 7.0, 10.0, 14.0, 21.0, 28.0, 42.0, 60.0, 90.0, 180.0])


def course(cmax: float, tmax: float, alpha: float) -> np.ndarray:
    """Copies per ug on DAYS: growth until tmax, then two declines."""
    rise = cmax * 3900.0 ** (np.minimum(DAYS, tmax) / tmax - 1)
    after = np.maximum(DAYS - tmax, 0.0)
    return rise * ((1 - 0.0079) * np.exp(-alpha * after) + 0.0079 * np.exp(-0.0032 * after))


def main() -> None:
    """Write the file beside this one, or where the first argument says."""
    rng = np.random.default_rng(2)
    lines = ["ID,TIME (day),DV (copies/ug),CENS"]
    for i in range(12):
        own = {n: v * np.exp(OMEGA[n] * rng.standard_normal()) for n, v in TYPICAL.items()}
        seen = course(**own) * np.exp(ERROR * rng.standard_normal(DAYS.size))
        for day, value in zip(DAYS, seen):
            below = int(value < LIMIT)
            lines.append(f"P{i + 1:02d},{day:g},{LIMIT if below else value:.4g},{below}")
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("course.csv")
    place.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
