"""Own numbers in a run: range over worlds, spread over lots, source in numbers.csv, resumable."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from carnk.base import SpecError
from carnk.study.find import study_text
from carnk.study.folder import asked_for, study_of
from carnk.study.numbers import fresh_view, own_of, plausible, sampler
from carnk.study.own import unread, with_own
from carnk.study.patients import draw
from carnk.study.read import parse, read
from carnk.study.result import run

OWN = """\
{id}:
  value: {value}
  unit: {unit}
  range: [{low}, {high}]
{spread}  meaning: measured here
  basis: measured
  source: own data
  at: sha256 0123
  checked: read
"""
KILL = OWN.format(id="kill_car", value=2, unit="1/day", low=1.5, high=2.6, spread="")
ALIVE = OWN.format(id="viability_after_thaw", value=0.9, unit='"1"', low=0.8, high=0.95, spread="")
LYSIS = OWN.format(id="kd_car", value=5, unit="nM", low=4, high=6, spread="")


def drawn(study, count=4000, **more):
    return draw(study, fresh_view(study), np.arange(count), **more).drawn


def test_the_range_is_what_is_not_known_one_value_to_a_world():
    study = with_own(read("liu2020"), ALIVE + KILL)
    values = plausible(own_of(study)[1])
    assert np.percentile(values, [2.5, 50, 97.5]) == pytest.approx([1.5, 2, 2.6], rel=0.02)
    s = sampler(study, fresh_view(study), np.arange(400))
    kill = s.median("kill_car")
    assert np.array_equal(kill, values[np.arange(400) % values.size])
    shares = plausible(own_of(study)[0])
    assert np.percentile(shares, [2.5, 50, 97.5]) == pytest.approx([0.8, 0.9, 0.95], abs=0.01)
    assert 0 < shares.min() < shares.max() < 1


def test_without_uncertainty_the_value_itself_is_taken():
    study = with_own(read("liu2020"), ALIVE)
    s = sampler(study, fresh_view(study), np.arange(10), uncertain=False)
    assert (s.median("viability_after_thaw") == 0.9).all()


def test_the_spread_is_between_lots_and_the_librarys_where_the_file_has_none():
    spread = "  spread: {lognormal_cv: 0.2}\n"
    own = OWN.format(id="kill_car", value=2, unit="1/day", low=2, high=2, spread=spread)
    given = np.log(drawn(with_own(read("liu2020"), own))["kill_per_day"])
    assert given.std() == pytest.approx(np.sqrt(np.log(1.04)), rel=0.05)
    usual = np.log(drawn(with_own(read("liu2020"), KILL))["kill_per_day"])
    assert usual.std() > 0.8  # kill_spread of the library
    assert np.median(usual) == pytest.approx(np.log(2), abs=0.1)


def test_the_file_goes_before_the_studys_own_numbers():
    text = study_text("liu2020")[1] + "\nnumbers:\n  kill_car: 1 1/day\n"
    if "\nnumbers:" in study_text("liu2020")[1]:
        pytest.skip("the built-in study has numbers of its own")
    study = with_own(parse(text), KILL)
    assert "kill_car" not in study.numbers
    assert fresh_view(study)["kill_car"] == 2


def test_numbers_that_a_study_does_not_read_are_told():
    study = with_own(read("liu2020"), KILL + LYSIS)
    assert unread(study, own_of(study)) == ["kd_car"]
    with pytest.raises(SpecError, match="none of its numbers is one that this study reads"):
        with_own(read("liu2020"), LYSIS)


def test_numbers_that_a_process_sets_are_refused():
    study = read("liu2020")
    text = study_text("liu2020")[1].replace(
        "product:\n", "product:\n  process: cord_blood_mbil21\n"
    )
    made = parse(text)
    assert study.product.process is None
    with pytest.raises(SpecError, match="comes from the process 'cord_blood_mbil21'"):
        with_own(made, ALIVE)


def test_a_run_keeps_the_file_lists_the_source_and_can_be_read_back(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(KILL, encoding="utf-8")
    result = run("liu2020", patients=20, out=tmp_path / "run", numbers=path)
    rows = pl.read_csv(result.folder / "numbers.csv").filter(pl.col("id") == "kill_car")
    (row,) = rows.to_dicts()
    assert (row["value"], row["low"], row["high"]) == (2, 1.5, 2.6)
    assert (row["basis"], row["source"], row["at"]) == ("measured", "own data", "sha256 0123")
    assert study_of(result.folder).own_numbers == KILL
    assert (result.folder / "numbers.yaml").read_text(encoding="utf-8") == KILL
    assert "own data" not in (result.folder / "references.bib").read_text(encoding="utf-8")
    again = asked_for("liu2020", None, None, None, result.folder)
    assert again == replace(study_of(result.folder), patients=20)
    other = tmp_path / "other.yaml"
    other.write_text(KILL.replace("value: 2", "value: 2.1"), encoding="utf-8")
    with pytest.raises(SpecError, match="the number file has changed: line 2"):
        run("liu2020", out=tmp_path / "run", resume=True, numbers=other)
