"""A whole fit through its verb: the folder, its promises, and what bad data are told."""

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from carnk.base import CarnkError, DataError, SpecError
from carnk.cli.app import app
from carnk.fitting.petab.objective import Objective, check
from carnk.fitting.petab.read import read_petab
from carnk.library import parse_number_file
from tests.unit.fitting.stein_cases import table

RUNNER = CliRunner()


def carnk(*words):
    """Run a command as in the terminal; errors of carnk come through."""
    found = RUNNER.invoke(app, [str(w) for w in words])
    if isinstance(found.exception, CarnkError):
        raise found.exception
    return found


@pytest.fixture(scope="module")
def early(tmp_path_factory):
    """Ten patients whose last sample comes long before the slow decline."""
    folder = tmp_path_factory.mktemp("early")
    days = (2.0, 5.0, 8.0, 10.0, 12.0, 15.0, 18.0)
    return table(folder / "course.csv", 10, days=days, limit=1.0)


@pytest.fixture(scope="module")
def words(early):
    fit = ("fit", early, "--model", "stein2019", "--estimate", "cmax,tmax,alpha,beta")
    return (*fit, "--shared", "tmax,beta", "--draws", "64")


@pytest.fixture(scope="module")
def fitted(words, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fits") / "mine"
    petab = folder.parent / "petab"
    said = carnk(*words, "--out", folder, "--profile", "beta", "--export-petab", petab)
    assert said.exit_code == 0, said.output
    return folder, said.output


def test_the_folder_has_everything(fitted):
    folder, said = fitted
    wanted = {
        "estimates.csv", "individuals.csv", "samples.csv", "vpc.csv", "posterior.csv",
        "profiles.csv", "numbers.yaml", "fit.json", "report.html",
    }  # fmt: skip
    assert {p.name for p in folder.iterdir()} == wanted
    facts = json.loads((folder / "fit.json").read_text())
    assert facts["data"]["patients"] == 10
    assert facts["converged"] is True
    assert abs(facts["by_laplace"] - facts["minus_two_log_likelihood"]) < 5
    page = (folder / "report.html").read_text()
    assert "<svg" in page
    assert "src=" not in page
    assert "Written:" in said


def test_names_of_patients_stay_in_the_file(fitted):
    folder, _ = fitted
    for path in folder.iterdir():
        assert "P03" not in path.read_text(), path.name
    assert pl.read_csv(folder / "individuals.csv")["patient"][0].startswith("id-")


def test_what_the_data_do_not_tell_is_said(fitted):
    folder, said = fitted
    rows = {row["name"]: row for row in pl.read_csv(folder / "estimates.csv").to_dicts()}
    assert rows["beta"]["note"] == "not identified: as wide as its prior"
    assert not rows["cmax"]["note"]
    assert "not identified" in said
    profile = pl.read_csv(folder / "profiles.csv")
    assert not profile["closed"].any()


def test_numbers_are_a_number_file(fitted):
    folder, _ = fitted
    text = (folder / "numbers.yaml").read_text()
    numbers = {n.id: n for n in parse_number_file(text)}
    assert numbers["stein2019_cmax"].basis == "fitted"
    assert numbers["stein2019_cmax"].spread.law == "lognormal_omega2"
    assert numbers["stein2019_beta"].spread is None
    assert "not identified" in numbers["stein2019_beta"].at


def test_the_same_seed_gives_the_same_bytes(fitted, words, tmp_path):
    folder, _ = fitted
    carnk(*words, "--out", tmp_path / "again", "--profile", "beta")
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_petab_comes_back_as_the_same_curve(fitted):
    folder, _ = fitted
    objective = Objective(read_petab(folder.parent / "petab" / "problem.yaml"), "interpreter")
    check(objective)
    assert [p.id for p in objective.petab.estimated] == [
        "tmax",
        "cmax",
        "alpha",
        "beta",
        "error_log_sd",
    ]
    samples = pl.read_csv(folder / "samples.csv").sort("day")
    values = objective.values(objective.start()[None])
    simulated = sorted(
        (m.time, float(c[0])) for m, c, _ in objective.simulated(objective.runs[0], values, False)
    )
    for (_, found), wanted in zip(simulated, samples["typical"]):
        assert found == pytest.approx(wanted, rel=2e-3)


HEAD = "ID,TIME (day),DV (copies/ug),CENS,LLOQ"


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("ID,TIME (day),DV\na,1,5\na,2,4\n", (), "unit of the values is not given"),
        ("ID,TIME (day),DV (kg)\na,1,5\na,2,4\n", (), "gives no values in kg"),
        ("ID,TIME,DV (copies/ug)\na,1,5\na,2,4\n", (), "unit of time is not given"),
        (f"{HEAD}\na,1,high,0,1\na,2,4,0,1\n", (), "'high' is not a number"),
        (f"{HEAD}\na,1,5,0,1\nb,1,4,0,1\nc,2,3,0,1\nd,2,3,0,1\n", (), "no patient has two values"),
        (f"{HEAD}\na,1,5,0,1\na,2,4,0,1\n", (), "differences between them need"),
        (f"{HEAD}\na,1,5,0,1\na,2,4,0,1\n", ("--estimate", "cmaxx"), "Did you mean 'cmax'"),
        (f"{HEAD}\na,1,5,0,1\na,2,4,0,1\n", ("--covariate", "age:cmax"), "'age' is not a column"),
        (f"{HEAD}\na,1,5,0,1\na,2,4,0,1\n", ("--error", "poisson"), "'poisson' is not one of"),
        (f"{HEAD}\na,1,5,0,1\na,2,4,0,1\n", ("--estimate", "cmax", "--shared", "beta"), "not fit"),
        (f"{HEAD}\na,1,5,0,1\na,2,4,0,1\n", ("--draws", "100"), "not a power of two"),
        (f"{HEAD}\na,1,0,0,.\na,2,4,0,.\n", (), "has no logarithm"),
        (f"{HEAD},AMT\na,1,5,0,1,.\na,2,4,0,1,.\na,9,.,.,.,1e8\n", (), "after the last sample"),
    ],
)  # fmt: skip
def test_bad_data_are_told(tmp_path, text, options, said):
    data = tmp_path / "course.csv"
    rows = text.splitlines()
    single = [r for r in rows[1:] if r.startswith("a,")]
    if options[:1] == ("--covariate",) or "logarithm" in said or "after the last" in said:
        rows += [r.replace("a,", f"{name},", 1) for name in "efg" for r in single]
    data.write_text("\n".join(rows) + "\n")
    with pytest.raises((SpecError, DataError)) as error:
        carnk("fit", data, "--model", "stein2019", "--out", tmp_path / "fit", *options)
    assert said in str(error.value)
    assert not (tmp_path / "fit").exists()


def test_what_petab_cannot_say_is_refused(tmp_path):
    data = table(tmp_path / "course.csv", 5)
    with pytest.raises(SpecError, match="lie beyond a limit"):
        carnk("fit", data, "--model", "stein2019", "--out", tmp_path / "fit",
              "--export-petab", tmp_path / "petab")  # fmt: skip
    assert not (tmp_path / "fit").exists()
