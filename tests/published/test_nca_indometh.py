"""Phoenix WinNonlin's results for the indomethacin courses, as shipped with NonCompart.

Kim et al. 2018, doi 10.12793/tcp.2018.26.1.10: linear up, log down, extravascular (so that 0 is
taken at the dose and Cmax is not part of the slope). Courses: R's data set Indometh, from Kwan et
al. 1976, doi 10.1007/BF01063617. Subjects 1 to 4; hours there, days here.
"""

from pathlib import Path

import pytest

from carnk.assays.events import read_events
from carnk.assays.nca import nca

HOURS = (0.25, 0.5, 0.75, 1, 1.25, 2, 3, 4, 5, 6, 8)
COURSES = {
    "1": (1.50, 0.94, 0.78, 0.48, 0.37, 0.19, 0.12, 0.11, 0.08, 0.07, 0.05),
    "2": (2.03, 1.63, 0.71, 0.70, 0.64, 0.36, 0.32, 0.20, 0.25, 0.12, 0.08),
    "3": (2.72, 1.49, 1.16, 0.80, 0.80, 0.39, 0.22, 0.12, 0.11, 0.08, 0.08),
    "4": (1.85, 1.39, 1.02, 0.89, 0.59, 0.40, 0.16, 0.11, 0.10, 0.07, 0.07),
}
PHOENIX = {  # points, adjusted R2, lambda_z, half-life, AUClast, AUCinf, MRTinf
    "1": (3, 0.994133455, 0.158320482, 4.378127012, 1.71936529, 2.035180396, 3.841359133),
    "2": (9, 0.94019327, 0.30228002, 2.29306317, 2.8891436, 3.153798869, 2.980860433),
    "3": (10, 0.860304308, 0.421892649, 1.642946808, 2.881711339, 3.071333036, 2.279715874),
    "4": (10, 0.850507677, 0.42907615, 1.615440942, 2.444245862, 2.607387067, None),
}


@pytest.mark.parametrize("subject", PHOENIX)
def test_as_phoenix(subject: str, tmp_path: Path) -> None:
    path = tmp_path / "indometh.csv"
    rows = (f"{subject},{hour},{value}\n" for hour, value in zip(HOURS, COURSES[subject]))
    path.write_text("id,time (h),dv\n" + "".join(rows), encoding="utf-8")
    row = nca(read_events(path)).row(0, named=True)
    points, r2, rate, half_life, last, total, mrt = PHOENIX[subject]
    assert row["lambda_z_points"] == points
    assert row["lambda_z_adjusted_r2"] == pytest.approx(r2, rel=1e-8)
    assert row["lambda_z_per_day"] / 24 == pytest.approx(rate, rel=1e-8)
    assert row["half_life_days"] * 24 == pytest.approx(half_life, rel=1e-8)
    assert row["auc_last"] * 24 == pytest.approx(last, rel=1e-8)
    assert row["auc_inf"] * 24 == pytest.approx(total, rel=1e-8)
    assert row["tmax_days"] * 24 == 0.25
    if mrt:
        assert row["mrt_days"] * 24 == pytest.approx(mrt, rel=1e-8)
