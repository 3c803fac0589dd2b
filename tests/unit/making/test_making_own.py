"""Own numbers stand for the library's in making: value, spread between lots, range of influence."""

import numpy as np

from carnk.library import Number, Spread, load
from carnk.making import make, read


def own(number_id, value, spread=None):
    known = load()[number_id]
    return Number(
        number_id, value, known.unit, known.meaning, "measured", (value / 2, value * 2), spread,
        source="own data", room=known.room,
    )  # fmt: skip


def test_value_range_spread_and_source_are_those_of_the_file():
    process = read("cord_blood_mbil21")
    usual = make(process, 200, 1)
    name = "doubling_k562_mbil21"
    slow = own(name, load()[name].value * 2, Spread("lognormal_cv", 0.01))
    mine = make(process.with_own((slow,)), 200, 1)
    used = next(n for n in mine.numbers if n.id == name)
    assert used == slow
    assert np.median(mine.cells) < np.median(usual.cells)
    assert process.with_own((slow,)).given == process.given


def test_what_a_process_file_gives_is_replaced():
    process = read("cord_blood_mbil21").with_numbers(qc_days=3)
    assert "qc_days" in process.given
    mine = process.with_own((own("qc_days", 9.0),))
    assert "qc_days" not in mine.given
    assert mine.numbers["qc_days"] == 9.0
