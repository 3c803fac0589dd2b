"""Products and targets of the library: curves, bands, attribution, healthy cells, ratios."""

from dataclasses import fields

import numpy as np
import pytest

import carnk
from carnk.base import SpecError
from carnk.killing import Assay, beside, kill, products, self_kill, targets
from carnk.killing.arms import REFERENCE, REFERENCE_KIND, Build, build, rates_of, relative

ET = (10.0, 5.0, 2.5, 1.25, 0.6)


def test_every_product_lyses_every_target_within_bounds() -> None:
    for product in products():
        for target in targets():
            curve = kill(product, target)
            assert np.all((curve.lysis_pct >= 0) & (curve.lysis_pct <= 100))
            assert np.all(np.diff(curve.lysis_pct) <= 0)


def test_the_course_ends_where_the_assay_does() -> None:
    curve = kill("cd33_gen2", "kasumi1")
    course = curve.over_time([0.0, 1.0, 4.0])
    assert np.all(course[:, 0] == 0)
    assert np.all(np.diff(course, axis=1) > 0)
    assert course[:, -1] == pytest.approx(curve.lysis_pct)


def test_the_band_holds_the_typical_donor() -> None:
    curve = kill("cd33_gen2", "kasumi1")
    low, high = curve.band
    assert np.all((low < curve.lysis_pct) & (curve.lysis_pct < high))


def test_an_antibody_needs_cd16() -> None:
    coated = Assay("CD20", 10.0)
    assert (
        kill("wild_type", "nalm6", assay=coated).lysis_pct[0]
        > 1.5 * (kill("wild_type", "nalm6").lysis_pct[0])
    )
    alone, with_it = kill("nk92_cd33", "nalm6"), kill("nk92_cd33", "nalm6", assay=coated)
    assert with_it.lysis_pct == pytest.approx(alone.lysis_pct)


def test_serum_and_the_158f_form_weaken_the_antibody() -> None:
    thin = Assay("CD20", 0.02)
    best, serum, phenylalanine = (
        kill("wild_type", "nalm6", assay=Assay("CD20", 0.02, form, igg)).lysis_pct[0]
        for form, igg in (("158V", False), ("158V", True), ("158F", False))
    )
    assert serum < best
    assert phenylalanine < best
    assert kill("wild_type", "nalm6", assay=thin).lysis_pct[0] == pytest.approx(phenylalanine)


def test_an_mrna_car_fades() -> None:
    fresh, old = (
        kill("cd33_gen4", "kasumi1", assay=Assay(mrna_hours=h)).lysis_pct for h in (0.0, 168.0)
    )
    assert fresh == pytest.approx(kill("cd33_gen4", "kasumi1").lysis_pct)
    assert np.all(old < fresh)


def test_fratricide_only_through_what_nk_cells_carry() -> None:
    assert self_kill("cd33_gen2") == pytest.approx(0, abs=1e-9)
    assert self_kill("cd19_il15_icasp9") == pytest.approx(0, abs=1e-9)
    for product in ("cd38_car", "cd7_car", "nkg2d_car"):
        assert self_kill(product) > 0.001


def test_memory_like_cells_are_less_inhibited() -> None:
    held = kill("wild_type", "nalm6").lysis_pct
    assert np.all(kill("memory_like", "nalm6").lysis_pct > held)


def test_healthy_cells_pay_for_density() -> None:
    choice = beside(kill("cd33_gen2", "kasumi1"), "monocyte", [300.0, 3_000.0, 30_000.0], 2.5)
    assert np.all(np.diff(choice.tumor) > 0)
    assert np.all(np.diff(choice.healthy) > 0)
    assert choice.efficient.all()


def test_assumed_ligands_are_named() -> None:
    assert "CD48" in kill("cd33_gen2", "hl60").assumed
    assert "CD33" not in kill("cd33_gen2", "hl60").assumed
    assert kill("cd33_gen2", "monocyte").assumed[0] == "CD33"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"product": "cd33_gen3"}, "Did you mean 'cd33_gen2'|Did you mean 'cd33_gen4'"),
        ({"target": "kasumi"}, ""),
        ({"target": "hl61"}, "Did you mean 'hl60'"),
        ({"et": (0.0,)}, "0 effectors per target"),
        ({"hours": 0.0}, "0 hours"),
        ({"hours": float("nan")}, "nan hours"),
        ({"assay": Assay("CD20")}, "dose above 0"),
        ({"assay": Assay(cd16="158G")}, "158G"),
    ],
)
def test_what_is_not_possible_is_refused(arguments: dict[str, object], message: str) -> None:
    asked: dict[str, object] = {"product": "cd33_gen2", "target": "kasumi1"} | arguments
    if not message:
        kill(**asked)  # type: ignore[arg-type]  # an alias of Kasumi-1
        return
    with pytest.raises(SpecError, match=message):
        kill(**asked)  # type: ignore[arg-type]


def test_the_reference_is_its_own_measure() -> None:
    ratios = relative(REFERENCE, REFERENCE_KIND)
    assert [getattr(ratios, f.name) for f in fields(ratios)] == [1.0] * 4
    assert build("cord_blood", "CD19", "FMC63 scFv, CD28, CD3-zeta") == REFERENCE
    assert build("peripheral_blood", "CD19", "OX40, CD3-zeta") == REFERENCE


def test_arms_of_the_reference_stand_as_the_library_assumes() -> None:
    """Ranges of natural_share and bare_share, numbers of the body, hold the well's own ratios."""
    own, library = rates_of(REFERENCE, REFERENCE_KIND), carnk.numbers()
    for share, rate in (("natural_share", own.natural), ("bare_share", own.bare)):
        low, high = library[share].range or (0, 0)
        assert low < rate / own.car < high


def test_other_builds_and_kinds_differ_from_the_reference() -> None:
    aml = relative(Build(), "aml")
    assert aml.natural > 1  # myeloid ligands of DNAM-1, less HLA-I
    assert relative(build("cord_blood", "CD19", "4-1BB, CD3-zeta"), "b_lineage").car < 1
    assert relative(Build(nk92=True), "aml").natural > aml.natural
    assert relative(build("ipsc", "NKG2DL", "NKG2D"), "aml").car < aml.car


def test_the_picture_says_what_it_shows() -> None:
    found = carnk.kill("cd33_gen2", "kasumi1", healthy="monocyte")
    figure = found.plot()
    assert "Kasumi-1" in figure.layout.title.text
    assert len(figure.data) == 5
    assert max(figure.data[1].y) == pytest.approx(found.curve.lysis_pct.max())
