"""Fit and predict from files to files, for any names."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from carnk.assays.curves import read_curves
from carnk.base import CarnkError
from carnk.cli.app import app
from carnk.fitting.lysis import asked_for, fit, for_donors, predict, r_squared
from carnk.fitting.lysis_store import read_fit, write_fit
from carnk.fitting.stains import Inputs

RATIOS = (10.0, 5.0, 2.5, 1.25, 0.6)
SHAPES = {"WT NK": (50.0, 4.0), "CAR-NK Z9": (85.0, 1.8)}  # Emax, ET50


def lysis_file(folder: Path, target: str = "Oddline-7") -> Path:
    rows = ["donor,target,effector,hours,ET,lysis_pct,sd,n,car_antigen"]
    for donor, lift in (("Q1", 1.0), ("Q2", 1.15)):
        for effector, (top, half) in SHAPES.items():
            for et in RATIOS:
                lysis = lift * top * et / (half + et)
                rows.append(f"{donor},{target},{effector},4,{et:g}:1,{lysis:.2f},3,3,CD33")
    path = folder / "lysis.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory):
    curves = read_curves(lysis_file(tmp_path_factory.mktemp("fit")))
    return fit(curves, Inputs(), draws=20)


def test_unknown_names_are_fitted(fitted) -> None:
    assert fitted.residual < 5
    assert "natural:Q2" in fitted.names
    assert fitted.draws.shape == (20, len(fitted.names))


def test_what_was_fitted_is_predicted(fitted) -> None:
    for p, curve in zip(predict(fitted, fitted.seen, Inputs()), fitted.seen, strict=True):
        assert r_squared(curve.lysis, p.lysis) > 0.8
        assert np.all((p.low < curve.lysis) & (curve.lysis < p.high))


def test_an_unseen_target_and_donor_are_less_certain(fitted) -> None:
    own = asked_for(fitted, Inputs(), "Oddline-7", None, None)
    other = asked_for(fitted, Inputs(), "hl60", None, None)
    stranger = for_donors(other, ["Q9"])
    assert [c.donor for c in stranger] == ["Q9", "Q9"]
    width = [
        np.mean([p.high - p.low for p in predict(fitted, curves, Inputs())])
        for curves in (own, other, stranger)
    ]
    assert width[0] < width[1] < width[2] + 5


def test_a_fit_keeps_its_meaning_on_disk(fitted, tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    write_fit(path, fitted, [])
    again = read_fit(path)
    asked = asked_for(fitted, Inputs(), "hl60", [4.0, 1.0], 24.0)
    for a, b in zip(predict(fitted, asked, Inputs()), predict(again, asked, Inputs()), strict=True):
        assert a.lysis == pytest.approx(b.lysis, abs=0.02)
        assert a.low == pytest.approx(b.low, abs=0.05)


def test_the_terminal_fits_and_predicts(tmp_path: Path) -> None:
    path, fit_json, out = lysis_file(tmp_path), tmp_path / "fit.json", tmp_path / "p.csv"
    run = CliRunner().invoke
    done = run(app, ["kill", "fit", str(path), "--out", str(fit_json), "--draws", "20"])
    assert done.exit_code == 0, done.output
    assert "4 curves fitted" in done.output
    done = run(app, ["kill", "predict", str(fit_json), "--target", "hl60", "--out", str(out)])
    assert done.exit_code == 0, done.output
    lines = out.read_text().splitlines()
    assert lines[0] == "donor,target,effector,hours,ET,lysis_pct,low,high"
    assert len(lines) == 1 + 4 * len(RATIOS)
    assert lines[1].startswith("Q1,hl60,WT NK,4,10:1,")


def test_the_terminal_draws_a_picture(tmp_path: Path) -> None:
    out = tmp_path / "a.html"
    ask = ["kill", "--product", "cd33_gen2", "--target", "kasumi1"]
    done = CliRunner().invoke(app, [*ask, "--healthy", "monocyte", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert all(len(line) <= 100 for line in done.output.splitlines())
    page = out.read_text()
    assert "<script src=" not in page
    done = CliRunner().invoke(app, [*ask, "--json"])
    assert '"lost_without"' in done.output


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["kill", "--product", "nope", "--target", "kasumi1"], 2),
        (["kill", "--product", "cd33_gen2", "--target", "kasumi1", "--et", "10;1"], 2),
        (["kill", "--product", "cd33_gen2", "--target", "kasumi1", "--hours", "0"], 2),
        (["kill", "fit", "missing.csv"], 2),
        (["kill", "predict", "missing.json", "--target", "hl60"], 2),
    ],
)
def test_the_terminal_refuses(words: list[str], code: int) -> None:
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, CarnkError)
    assert done.exception.exit_code == code


def test_nothing_left_to_fit_is_told(tmp_path: Path) -> None:
    path = lysis_file(tmp_path)
    done = CliRunner().invoke(app, ["kill", "fit", str(path), "--target", "hl60"])
    assert isinstance(done.exception, CarnkError)
    assert "no curve is on 'hl60'" in str(done.exception)


def test_an_unknown_target_is_refused(fitted) -> None:
    with pytest.raises(CarnkError, match="hl60"):
        asked_for(fitted, Inputs(), "hl6o", None, None)
