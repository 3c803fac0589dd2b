"""Hostile and broken files end as a message with a place and the exit code of the user's file."""

from __future__ import annotations

import io
import os
import zipfile

import pytest

from carnk.base import SolveError, SpecError
from carnk.solver.mathml import MOST_PROBLEMS
from carnk.solver.sandbox import Request, solve_file
from carnk.solver.sbml_read import parse_sbml, read_sbml
from carnk.solver.sbml_settings import read_settings, until
from tests.unit.solver.test_sbml_features import PRODUCT, with_rate

MANIFEST = (
    '<omexManifest xmlns="http://identifiers.org/combine.specifications/omex-manifest">'
    '<content location="./m.xml" format="http://identifiers.org/combine.specifications/sbml"/>'
    "</omexManifest>"
)
FUNCTION = (
    '<functionDefinition id="f{0}"><math xmlns="http://www.w3.org/1998/Math/MathML"><lambda>'
    "<bvar><ci>x</ci></bvar>{1}</lambda></math></functionDefinition>"
)


def doubling() -> str:
    """Forty functions, each calling the one before twice: 2^39 sines if written out."""
    first = FUNCTION.format(0, "<apply><sin/><apply><plus/><ci>x</ci><cn>1</cn></apply></apply>")
    twice = "<apply><ci>f{0}</ci><apply><ci>f{0}</ci><ci>x</ci></apply></apply>"
    rest = "".join(FUNCTION.format(n, twice.format(n - 1)) for n in range(1, 40))
    text = with_rate("<apply><ci>f39</ci><ci>x</ci></apply>")
    functions = f"<listOfFunctionDefinitions>{first}{rest}</listOfFunctionDefinitions>"
    return text.replace("<listOfParameters>", functions + "<listOfParameters>")


def archive(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("manifest.xml", MANIFEST)
        out.writestr("m.xml", content)
    return packed.getvalue()


BAD = {
    "bomb": ('<!DOCTYPE a [<!ENTITY b "bbbb">]><sbml>&b;</sbml>', "document type"),
    "external": (
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc">]><a>&b;</a>',
        "document type",
    ),
    "deep": (with_rate("<apply><abs/>" * 60_000 + "<ci>x</ci>" + "</apply>" * 60_000), "deeper"),
    "wide": (with_rate("<apply><plus/>" + "<ci>x</ci>" * 210_000 + "</apply>"), "elements"),
    "doubling": (doubling(), "larger than can be solved"),
    "cut off": (with_rate(PRODUCT)[:-30], "not whole XML"),
    "garbage": (bytes(range(256)) * 40, "not whole XML"),
    "empty": ("", "the file is empty"),
    "html": ("<html><body/></html>", "root <html>"),
    "level 1": (
        '<sbml xmlns="http://www.sbml.org/sbml/level1" level="1" version="2"><model/></sbml>',
        "Level 1 Version 2 is not supported",
    ),
    "name": (with_rate(PRODUCT).replace('"k"', '"../k"'), "'../k' is not a name"),
    "python": (with_rate("<apply><ci>__import__</ci><cn>1</cn></apply>"), "not a function"),
    "number": (with_rate('<cn>__import__("os")</cn>'), "not a number"),
    "zip bomb": (archive(b" " * 64_000_000), "zip bomb"),
    "not a zip": (b"PK\x03\x04" + b"0" * 100, "archive cannot be read"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_its_place(name, tmp_path):
    content, says = BAD[name]
    path = tmp_path / "model.xml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SpecError, match=r"model\.xml") as caught:
        read_and_prepare(path)
    assert says in str(caught.value)


def read_and_prepare(path):
    from carnk.solver.simulate import prepare

    prepare(read_sbml(path), until(1, 2))


def test_of_many_problems_the_first_are_told():
    names = "".join(f'<parameter id="p{n}" value="x"/>' for n in range(30_000))
    text = with_rate("<cn>1</cn>").replace("<listOfParameters>", f"<listOfParameters>{names}")
    with pytest.raises(SpecError) as caught:
        parse_sbml(text.encode(), "model")
    assert len(caught.value.problems) == MOST_PROBLEMS


def test_unknown_names_in_a_large_model_are_told_at_once():
    count = 3_000
    names = "".join(f'<parameter id="p{n}" constant="false"/>' for n in range(count))
    rules = "".join(
        f'<rateRule variable="p{n}"><math xmlns="http://www.w3.org/1998/Math/MathML">'
        f"<ci>q{n}</ci></math></rateRule>"
        for n in range(count)
    )
    text = with_rate("<cn>1</cn>").replace("<listOfParameters>", f"<listOfParameters>{names}")
    text = text.replace("<listOfRules>", f"<listOfRules>{rules}")
    with pytest.raises(SpecError) as caught:
        parse_sbml(text.encode(), "model")
    assert len(caught.value.problems) == MOST_PROBLEMS


def test_a_child_process_reads_solves_and_hands_back(tmp_path):
    path = tmp_path / "model.omex"
    path.write_bytes(archive(with_rate(PRODUCT).encode()))
    lines = solve_file(Request(str(path), until=1.0, points=3)).csv.splitlines()
    assert lines[0] == "time,x"
    assert [float(line.split(",")[0]) for line in lines[1:]] == [0.0, 0.5, 1.0]
    assert float(lines[-1].split(",")[1]) == pytest.approx(2.718281828, rel=1e-5)


def test_errors_cross_from_the_child_as_they_were_raised(tmp_path):
    path = tmp_path / "model.xml"
    with pytest.raises(SpecError, match="there is no such file"):
        solve_file(Request(str(path), until=1.0))
    with pytest.raises(SpecError, match="is a folder"):
        solve_file(Request(str(tmp_path), until=1.0))
    path.write_text(with_rate(PRODUCT, 'value="NaN"'), "utf-8")
    with pytest.raises(SolveError, match="the parameter 'k' is nan"):
        solve_file(Request(str(path), until=1.0))


def test_a_child_that_dies_is_a_message(tmp_path, monkeypatch):
    monkeypatch.setattr("carnk.solver.sandbox.sys.executable", "/bin/false")
    with pytest.raises(SolveError, match="brought the solving process down"):
        solve_file(Request(str(tmp_path / "model.xml"), until=1.0))


def test_contradictory_units_are_refused(tmp_path):
    path = tmp_path / "model.xml"
    text = with_rate("<apply><plus/><ci>k</ci><ci>x</ci></apply>")
    text = text.replace('id="x"', 'id="x" units="second"').replace('id="k"', 'id="k" units="mole"')
    path.write_text(text, "utf-8")
    with pytest.raises(Exception, match="second") as caught:
        solve_file(Request(str(path), until=1.0))
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("end", "points"), [(float("nan"), 5), (-1.0, 5), (1e300, 5), (1.0, 1), (1.0, 10**9)]
)
def test_absurd_spans_are_refused(end, points):
    with pytest.raises(SpecError, match=r"--until|--points"):
        until(end, points)


def test_a_settings_file_is_read_and_its_mistakes_are_told(tmp_path):
    path = tmp_path / "case-settings.txt"
    path.write_text("start: 0\nduration: 5\nsteps: 50\nvariables: S1, S2\nabsolute: 1e-7\n")
    settings = read_settings(path)
    assert settings.times()[3] == 0.3
    assert (settings.variables, settings.absolute) == (("S1", "S2"), 1e-7)
    path.write_text("start: 0\nduration: x\nsteps: 1.5\nvariabels: S1\n")
    with pytest.raises(SpecError) as caught:
        read_settings(path)
    assert len(caught.value.problems) == 3
    assert "variables" in str(caught.value)


def test_no_file_is_touched_by_a_formula(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError):
        read_sbml(with_rate('<ci>__import__("os").mkdir("made")</ci>'))
    assert os.listdir(tmp_path) == []
