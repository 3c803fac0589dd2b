"""Gates of GatingML 2.0: every kind against plain arithmetic, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from carnk.assays.fcs import Sample, read_fcs
from carnk.assays.gatingml import gate
from carnk.assays.populations import Population
from carnk.base import DataError
from tests.unit.assays.fcs_files import written

NAMES = ("FSC-A", "SSC-A", "FITC-A", "PE-A", "Time")
SPILL = np.array([[1.0, 0.2], [0.05, 1.0]])
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<gating:Gating-ML
 xmlns:gating="http://www.isac-net.org/std/Gating-ML/v2.0/gating"
 xmlns:transforms="http://www.isac-net.org/std/Gating-ML/v2.0/transformations"
 xmlns:data-type="http://www.isac-net.org/std/Gating-ML/v2.0/datatypes">"""
SCALES = """
<transforms:transformation transforms:id="asinh"><transforms:fasinh transforms:T="10000"
 transforms:M="4" transforms:A="1"/></transforms:transformation>
<transforms:transformation transforms:id="logicle"><transforms:logicle transforms:T="10000"
 transforms:W="0.5" transforms:M="4.5" transforms:A="0"/></transforms:transformation>"""


def dimension(
    name: str, ends: str = "", compensation: str = "uncompensated", scale: str = ""
) -> str:
    scale = f'gating:transformation-ref="{scale}"' if scale else ""
    return f"""<gating:dimension gating:compensation-ref="{compensation}" {scale} {ends}>
    <data-type:fcs-dimension data-type:name="{name}"/></gating:dimension>"""


def rectangle(name: str, inner: str, parent: str = "") -> str:
    parent = f'gating:parent_id="{parent}"' if parent else ""
    return f'<gating:RectangleGate gating:id="{name}" {parent}>{inner}</gating:RectangleGate>'


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    rng = np.random.default_rng(5)
    events = np.column_stack([
        rng.normal(5000, 1500, 3000), rng.normal(3000, 900, 3000),
        rng.lognormal(5, 1.5, 3000), rng.lognormal(4, 1.5, 3000), np.arange(3000.0),
    ])  # fmt: skip
    events[:, 2:4] = events[:, 2:4] @ SPILL
    cells = ",".join(str(each) for each in SPILL.ravel())
    keywords = {"SPILLOVER": f"2,FITC-A,PE-A,{cells}"}
    path = tmp_path_factory.mktemp("fcs") / "a.fcs"
    return read_fcs(written(path, events, NAMES, "3.1", "<f8", keywords))


def gated(sample: Sample, folder: Path, body: str, scales: str = SCALES) -> dict[str, Population]:
    path = folder / "gates.xml"
    path.write_text(HEAD + scales + body + "</gating:Gating-ML>", encoding="utf-8")
    return {each.name: each for each in gate(sample, path)}


def test_rectangles_in_a_tree(sample: Sample, tmp_path: Path) -> None:
    body = rectangle("cells", dimension("FSC-A", 'gating:min="4000" gating:max="7000"'))
    body += rectangle("CAR_pos", dimension("FITC-A", 'gating:min="300"', "FCS"), "cells")
    found = gated(sample, tmp_path, body)
    cells = (sample.events[:, 0] >= 4000) & (sample.events[:, 0] < 7000)
    fitc = (sample.events[:, 2:4] @ np.linalg.inv(SPILL))[:, 0]
    assert np.array_equal(found["cells"].mask, cells)
    assert np.array_equal(found["CAR_pos"].mask, cells & (fitc >= 300))
    assert found["CAR_pos"].path == ("cells",)
    assert found["CAR_pos"].parent_count == cells.sum()
    assert found["cells"].parent_count == 3000


def test_scales(sample: Sample, tmp_path: Path) -> None:
    ends = 'gating:min="0.5"'
    body = rectangle("on_asinh", dimension("PE-A", ends, scale="asinh"))
    body += rectangle("on_logicle", dimension("PE-A", ends, scale="logicle"))
    found = gated(sample, tmp_path, body)
    pe, ln10 = sample.events[:, 3], np.log(10)
    asinh = (np.arcsinh(pe * np.sinh(4 * ln10) / 10000) + ln10) / (5 * ln10)
    assert np.array_equal(found["on_asinh"].mask, asinh >= 0.5)
    edge = 10000 * biexponential(0.5, 0.5, 4.5) / biexponential(1.0, 0.5, 4.5)
    assert 10 < edge < 1000
    assert np.array_equal(found["on_logicle"].mask, pe >= edge)


def biexponential(y: float, width: float, decades: float) -> float:
    """Moore and Parks 2012, doi 10.1002/cyto.a.22030, up to its factor, for A = 0."""
    w, b = width / decades, decades * np.log(10)
    low, high = 0.0, b
    for _ in range(200):
        d = (low + high) / 2
        low, high = (d, high) if 2 * np.log(d / b) + w * (b + d) < 0 else (low, d)
    c = np.exp(2 * w * (b + d))
    zero = np.exp(b * w) - c * np.exp(-d * w)
    return float(np.exp(b * y) - c * np.exp(-d * y) - zero)


def test_polygon_ellipsoid_and_quadrants(sample: Sample, tmp_path: Path) -> None:
    corners = ((3000, 2000), (7000, 2000), (5000, 5000))
    points = "".join(
        f'<gating:vertex><gating:coordinate data-type:value="{x}"/>'
        f'<gating:coordinate data-type:value="{y}"/></gating:vertex>' for x, y in corners
    )  # fmt: skip
    scatter = dimension("FSC-A") + dimension("SSC-A")
    rows = "".join(
        f'<gating:row><gating:entry data-type:value="{a}"/><gating:entry data-type:value="{b}"/>'
        "</gating:row>" for a, b in ((1e6, 2e5), (2e5, 5e5))
    )  # fmt: skip
    body = f"""<gating:PolygonGate gating:id="triangle">{scatter}{points}</gating:PolygonGate>
    <gating:EllipsoidGate gating:id="round">{scatter}
    <gating:mean><gating:coordinate data-type:value="5000"/>
    <gating:coordinate data-type:value="3000"/></gating:mean>
    <gating:covarianceMatrix>{rows}</gating:covarianceMatrix>
    <gating:distanceSquare data-type:value="2"/></gating:EllipsoidGate>
    <gating:QuadrantGate gating:id="quad">
    <gating:divider gating:id="f" gating:compensation-ref="uncompensated">
    <data-type:fcs-dimension data-type:name="FITC-A"/><gating:value>200</gating:value>
    </gating:divider>
    <gating:divider gating:id="p" gating:compensation-ref="uncompensated">
    <data-type:fcs-dimension data-type:name="PE-A"/><gating:value>100</gating:value>
    </gating:divider>
    <gating:Quadrant gating:id="both"><gating:position gating:divider_ref="f"
    gating:location="300"/><gating:position gating:divider_ref="p" gating:location="300"/>
    </gating:Quadrant>
    <gating:Quadrant gating:id="neither"><gating:position gating:divider_ref="f"
    gating:location="0"/><gating:position gating:divider_ref="p" gating:location="0"/>
    </gating:Quadrant></gating:QuadrantGate>
    <gating:BooleanGate gating:id="not_round"><gating:not>
    <gating:gateReference gating:ref="round"/></gating:not></gating:BooleanGate>
    <gating:BooleanGate gating:id="join"><gating:or><gating:gateReference gating:ref="triangle"/>
    <gating:gateReference gating:ref="round"/></gating:or></gating:BooleanGate>"""
    found = gated(sample, tmp_path, body)
    x, y, fitc, pe, _ = sample.events.T
    inside = np.ones(3000, bool)
    for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0])):
        inside &= (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0
    assert np.array_equal(found["triangle"].mask, inside)
    off = np.column_stack([x - 5000, y - 3000])
    square = np.einsum("ij,jk,ik->i", off, np.linalg.inv([[1e6, 2e5], [2e5, 5e5]]), off)
    assert np.array_equal(found["round"].mask, square <= 2)
    assert np.array_equal(found["both"].mask, (fitc >= 200) & (pe >= 100))
    assert np.array_equal(found["neither"].mask, (fitc < 200) & (pe < 100))
    assert np.array_equal(found["not_round"].mask, square > 2)
    assert np.array_equal(found["join"].mask, inside | (square <= 2))


def test_matrix_of_the_gate_file(sample: Sample, tmp_path: Path) -> None:
    matrix = """<transforms:spectrumMatrix transforms:id="mine"><transforms:fluorochromes>
    <data-type:fcs-dimension data-type:name="CAR"/><data-type:fcs-dimension data-type:name="CD56"/>
    </transforms:fluorochromes><transforms:detectors>
    <data-type:fcs-dimension data-type:name="FITC-A"/>
    <data-type:fcs-dimension data-type:name="PE-A"/></transforms:detectors>
    <transforms:spectrum><transforms:coefficient transforms:value="1"/>
    <transforms:coefficient transforms:value="0.2"/></transforms:spectrum>
    <transforms:spectrum><transforms:coefficient transforms:value="0.05"/>
    <transforms:coefficient transforms:value="1"/></transforms:spectrum>
    </transforms:spectrumMatrix>"""
    body = rectangle("high", dimension("CAR", 'gating:min="300"', "mine"))
    found = gated(sample, tmp_path, body, matrix)
    fitc = (sample.events[:, 2:4] @ np.linalg.inv(SPILL))[:, 0]
    assert np.array_equal(found["high"].mask, fitc >= 300)


def test_a_broken_spillover_that_no_gate_needs(tmp_path: Path) -> None:
    events = np.column_stack([np.arange(100.0)] * 5)
    path = written(tmp_path / "a.fcs", events, NAMES, keywords={"SPILLOVER": "2,FITC-A,PE-A,1"})
    body = rectangle("high", dimension("FITC-A", 'gating:min="50"'))
    assert gated(read_fcs(path), tmp_path, body)["high"].count == 50
    with pytest.raises(DataError, match="SPILLOVER"):
        gated(read_fcs(path), tmp_path, rectangle("high", dimension("FITC-A", "", "FCS")))


def test_wrong_channels_all_at_once(sample: Sample, tmp_path: Path) -> None:
    body = rectangle("a", dimension("FITC-H", 'gating:min="3"'))
    body += rectangle("b", dimension("Ssc-A", 'gating:min="3"'))
    with pytest.raises(DataError) as caught:
        gated(sample, tmp_path, body)
    told = [str(each) for each in caught.value.problems]
    assert len(told) == 2
    assert "no channel 'FITC-H' in a.fcs. Did you mean 'FITC-A'?" in told[0]
    assert "Did you mean 'SSC-A'?" in told[1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<a>", "not XML"),
        ("<a/>", "neither GatingML"),
        (HEAD.replace("<gating:Gating-ML", "<!DOCTYPE x><gating:Gating-ML") + "</gating:Gating-ML>",
         "document types"),
        (HEAD + rectangle("CAR+", dimension("FITC-A", 'gating:min="1"')) + "</gating:Gating-ML>",
         r"has no '\+' or space"),
        (HEAD + rectangle("a", dimension("FITC-A", 'gating:min="1"'), "none") +
         "</gating:Gating-ML>", "cannot be used"),
        (HEAD + rectangle("a", dimension("FITC-A", 'gating:min="1"', scale="none")) +
         "</gating:Gating-ML>", "cannot be used"),
    ],
)  # fmt: skip
def test_broken_gate_files(sample: Sample, tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "gates.xml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        gate(sample, path)
