"""Own numbers stand for the library's in the killing room: curve, band and what is fitted."""

import numpy as np
import pytest

from carnk.base import SpecError
from carnk.killing import kill
from carnk.library import Number, Spread, load
from carnk.report.kill import kill as verb


def own(number_id, value, low, high, spread=None):
    known = load()[number_id]
    return Number(
        number_id, value, known.unit, known.meaning, "measured", (low, high), spread,
        source="own data", room=known.room,
    )  # fmt: skip


def test_a_weaker_kill_rate_lyses_less_though_it_is_one_of_the_fitted():
    usual = kill("cd33_gen2", "kasumi1")
    rate = load()["kill_rate_max"].value
    less = kill(
        "cd33_gen2", "kasumi1", own=(own("kill_rate_max", rate / 20, rate / 21, rate / 19),)
    )
    assert (less.lysis_pct < usual.lysis_pct).all()
    assert (less.band[1] < usual.band[1]).any()


def test_the_range_and_the_spread_widen_the_band():
    value = load()["kill_rate_max"].value / 4
    sure = kill("cd33_gen2", "kasumi1", own=(own("kill_rate_max", value, value, value),))
    wide = kill(
        "cd33_gen2", "kasumi1",
        own=(own("kill_rate_max", value, value / 3, value * 3, Spread("lognormal_cv", 0.5)),),
    )  # fmt: skip
    assert np.mean(np.subtract(*wide.band[::-1])) > np.mean(np.subtract(*sure.band[::-1]))


def test_a_file_without_a_number_of_killing_is_refused(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "kill_car: {value: 2, unit: 1/day, range: [1, 3], meaning: x, basis: fitted, "
        "source: own data, at: x, checked: read}\n"
    )
    with pytest.raises(SpecError, match="none of its numbers is one that `kill` reads"):
        verb("cd33_gen2", "kasumi1", numbers=path)
