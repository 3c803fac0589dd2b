"""Stained cells: populations, share with its error, molecules by beads, the command."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest
from typer.testing import CliRunner, Result

from benchmarks.flow import GATES, NAMES, Truth, cells, write
from carnk.assays import mixture
from carnk.assays.autogate import find_gates
from carnk.assays.beads import read_beads
from carnk.assays.fcs import read_fcs
from carnk.assays.flow import Plan, Stain, stain
from carnk.assays.flow_numbers import car_positive, density
from carnk.assays.populations import exact_interval, over_replicates
from carnk.base import CarnkError, DataError, SpecError
from carnk.cli.app import app
from carnk.library import number_file_text, parse_number_file

BEADS = "ABC,MFI\n0,80\n1500,310\n8000,1650\n40000,8300\n200000,41000\n"
EVENTS = 12_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sample, control without CAR, gates and beads; a name in a keyword of the sample."""
    place = tmp_path_factory.mktemp("flow")
    write(
        place / "Jane_Roe.fcs", cells(Truth(events=EVENTS), 3), {"smno": "Jane Roe", "src": "Roe"}
    )
    write(place / "fmo.fcs", cells(Truth(events=EVENTS, car=0.0), 4))
    (place / "gates.xml").write_text(GATES, encoding="utf-8")
    (place / "beads.csv").write_text(BEADS, encoding="utf-8")
    return place


def measured(folder: Path, **plan: object) -> Stain:
    return stain(read_fcs(folder / "Jane_Roe.fcs"), Plan(**plan))  # type: ignore[arg-type]


def test_exact_interval_is_that_of_scipy() -> None:
    for count, of in ((0, 11), (11, 11), (3, 40), (4500, 9000)):
        expected = binomtest(count, of).proportion_ci(method="exact")
        assert exact_interval(count, of) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_replicates_add_what_varies_between_them() -> None:
    alike = over_replicates([(450, 1000), (455, 1000), (445, 1000)])
    apart = over_replicates([(350, 1000), (450, 1000), (550, 1000)])
    assert alike.between < 0.15
    assert apart.between > 0.3
    assert apart.high - apart.low > 2 * (alike.high - alike.low)
    none = over_replicates([(0, 1000), (0, 1000)])
    assert 0 < none.high < 0.02
    assert over_replicates([(0, 11)]).high == pytest.approx(exact_interval(0, 11)[1])


@pytest.mark.parametrize("has_control", [True, False])
def test_share_of_simulated_cells(folder: Path, has_control: bool) -> None:
    control = read_fcs(folder / "fmo.fcs") if has_control else None
    found = measured(folder, dead="Live/Dead", control=control)
    assert found.method == ("control" if has_control else "mixture")
    assert found.share is not None
    assert found.share.low <= 0.45 <= found.share.high
    assert found.share.high - found.share.low < 0.05
    assert [each.name for each in found.populations] == ["cells", "singlets", "live", "positive"]
    cells_share, singlets, live = (each.share for each in found.populations[:3])
    assert cells_share == pytest.approx(0.85 * 0.98, abs=0.01)
    assert singlets == pytest.approx(0.94, abs=0.02)
    assert live == pytest.approx(0.90, abs=0.02)
    assert found.intensity is not None
    assert found.intensity.low <= 9060 <= found.intensity.high
    assert found.intensity.sd_log10 == pytest.approx(0.35, abs=0.03)


@pytest.mark.parametrize("truth", [{"debris": 0.0}, {"debris": 0.6}, {"dead": 0.5}, {"dead": 0.0}])
def test_found_gates_leave_out_what_is_no_cell(tmp_path: Path, truth: dict[str, float]) -> None:
    asked = Truth(events=EVENTS, **truth)  # type: ignore[arg-type]
    write(tmp_path / "a.fcs", cells(asked, 7))
    sample = read_fcs(tmp_path / "a.fcs")
    made = {each.name: each for each in find_gates(sample, "LD-A").apply(sample)}
    assert made["cells"].share == pytest.approx((1 - asked.debris) * 0.98, abs=0.015)
    assert made["live"].share == pytest.approx(1 - asked.dead, abs=0.02)


def test_dim_positive_cells_below_the_threshold_are_counted_in(tmp_path: Path) -> None:
    dim = Truth(events=20_000, median=900.0)
    write(tmp_path / "a.fcs", cells(dim, 1))
    write(tmp_path / "b.fcs", cells(Truth(events=20_000, car=0.0), 51))
    found = stain(read_fcs(tmp_path / "a.fcs"), Plan(control=read_fcs(tmp_path / "b.fcs")))
    assert found.positive.share < 0.42
    assert found.share.low <= 0.45 <= found.share.high


def test_one_population_is_not_parted_in_two(tmp_path: Path) -> None:
    write(tmp_path / "a.fcs", cells(Truth(events=EVENTS, car=0.0), 5))
    found = stain(read_fcs(tmp_path / "a.fcs"), Plan(marker="CAR"))
    assert found.share is not None
    assert (found.share.low, found.share.high) == (0, 1)
    with pytest.raises(DataError, match="not known"):
        car_positive(found.share, "cord_blood", [])
    assert any("not told apart" in note for note in found.notes)


def test_mixture_covers_the_truth() -> None:
    """In 14 draws of partly overlapping curves at most 2 intervals miss."""
    misses = 0
    for seed in range(14):
        rng = np.random.default_rng(seed)
        values = rng.normal(60, 120, 4000)
        values[:1200] += 3000 * 10 ** rng.normal(0, 0.4, 1200)
        found = mixture.fit(values)
        misses += not found.low <= 0.3 <= found.high
    assert misses <= 2


def test_threshold_lies_where_a_cell_is_as_likely_either() -> None:
    even = mixture.Mixture(0.5, 0.4, 0.6, (0.0, 4.0), (1.0, 1.0), 100.0)
    assert even.threshold == pytest.approx(100 * np.sinh(2.0), rel=0.02)
    rare = mixture.Mixture(1e-6, 0.0, 1e-5, (0.0, 1.0), (1.0, 1.0), 100.0)
    assert rare.threshold == pytest.approx(100 * np.sinh(1.0))


def test_molecules_by_beads(folder: Path) -> None:
    beads = read_beads(folder / "beads.csv")
    assert beads.line.slope == pytest.approx(1.0, abs=0.01)
    found = measured(folder, dead="LD-A", beads=beads)
    assert found.molecules is not None
    assert found.molecules.value == pytest.approx(9000 / 41000 * 200_000, rel=0.05)
    assert found.molecules.low < found.molecules.value < found.molecules.high
    assert not found.molecules.is_extrapolated
    number = density([found], "cd19", [b"x" * 64])
    assert parse_number_file(number_file_text([number]))[0].id == "density_cd19"


def test_molecules_beyond_the_beads_are_flagged(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "beads.csv"
    path.write_text("mesf,mfi\n500,100\n1000,200\n2000,405\n", encoding="utf-8")
    found = measured(folder, beads=read_beads(path))
    assert found.molecules is not None
    assert found.molecules.is_extrapolated
    assert any("beyond the beads" in note for note in found.notes)
    with pytest.raises(DataError, match="MESF count dye"):
        density([found], "cd19", [b"x" * 64])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("abc,mfi\n1,2\n2,4\n", "needs 3 points"),
        ("abc,mfi\n1000,200\n2000,100\n4000,900\n", "does not rise"),
        ("abc,mfi\n1000,x\n2000,y\n4000,900\n", "'x' is not a number"),
        ("abc,mfi\n1000,-5\n2000,10\n4000,900\n", "above 0"),
        ("beads,mfi\n1000,5\n", "one column of mesf"),
    ],
)
def test_wrong_beads(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "beads.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        read_beads(path)


def test_number_of_car_positive(folder: Path) -> None:
    share = measured(folder, dead="LD-A").share
    number = car_positive(share, "cord_blood", [b"x" * 64])
    (again,) = parse_number_file(number_file_text([number]))
    assert again.value == pytest.approx(share.value)
    with pytest.raises(SpecError, match="Did you mean 'cord_blood'"):
        car_positive(share, "cord_bloods", [])


def test_which_channel_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.fcs"
    write(path, cells(Truth(events=1000), 1))
    sample = read_fcs(path)
    bare = type(sample)(**(vars(sample) | {"markers": ("",) * len(NAMES)}))
    with pytest.raises(DataError, match="not clear which channel is the CAR"):
        stain(bare, Plan())


def test_options_that_do_not_go_together(folder: Path) -> None:
    with pytest.raises(SpecError, match="--dead: is for found gates"):
        measured(folder, gates=folder / "gates.xml", dead="LD-A")
    with pytest.raises(SpecError, match="--population: needs --gates"):
        measured(folder, population="CAR_pos")


def called(*words: str) -> Result:
    return CliRunner().invoke(app, ["assay", "flow", *words])


def test_command_with_gates_and_replicates(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    files = [str(folder / name) for name in ("Jane_Roe.fcs", "fmo.fcs")]
    words = ["--gates", str(folder / "gates.xml"), "--marker", "CAR", "--source", "cord_blood"]
    done = called(*files, *words, "--out", str(out))
    assert done.exit_code == 0, done.output
    assert all(len(line) <= 100 for line in done.output.splitlines())
    assert {each.name for each in out.iterdir()} == {"populations.csv", "flow.html", "numbers.yaml"}
    for text in (done.output, *(each.read_text("utf-8") for each in out.iterdir())):
        assert "Jane" not in text
    found = json.loads(called(files[0], *words, "--json", "--keep-ids").stdout)
    assert found["samples"][0]["sample"] == "Jane_Roe.fcs"
    rows = found["samples"][0]["populations"]
    assert [row["population"] for row in rows] == ["cells", "live", "CAR_pos"]
    assert rows[2]["of"] == rows[1]["events"]
    assert found["share"]["value"] == pytest.approx(rows[2]["events"] / rows[2]["of"])


def test_gates_without_one_of_positive_cells_are_counted(folder: Path, tmp_path: Path) -> None:
    gates = tmp_path / "gates.xml"
    gates.write_text(GATES.replace("CAR_pos", "P3"), encoding="utf-8")
    words = [str(folder / "fmo.fcs"), "--gates", str(gates)]
    found = json.loads(called(*words, "--json").stdout)
    assert [row["population"] for row in found["samples"][0]["populations"]][2] == "P3"
    assert found["share"] is None
    with pytest.raises(DataError, match="or --gates with --population"):
        car_positive(None, "cord_blood", [])
    done = called(*words, "--population", "lives")
    assert "Did you mean 'live'" in str(done.exception)


def test_a_broken_file_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    path, out = tmp_path / "a.fcs", tmp_path / "out"
    path.write_bytes((folder / "Jane_Roe.fcs").read_bytes()[:9000])
    done = called(str(folder / "fmo.fcs"), str(path), "--marker", "CAR", "--out", str(out))
    assert isinstance(done.exception, CarnkError)
    assert done.exception.exit_code == 5
    assert not out.exists()


def test_one_file_twice_is_no_replicate(folder: Path) -> None:
    made = called(*[str(folder / "Jane_Roe.fcs")] * 2, "--marker", "CAR")
    assert isinstance(made.exception, SpecError)
    assert "same bytes" in str(made.exception)
