"""An ELISA: known truth comes back with intervals that hold it, and what is wrong is flagged."""

import numpy as np
import pytest
from scipy import optimize, stats

from carnk.assays.calibration import calibrate
from carnk.assays.cells import sheet_of
from carnk.assays.distributions import t_quantile
from carnk.assays.elisa import elisa
from carnk.assays.elisa_numbers import numbers_of
from carnk.assays.layout import read_layout
from carnk.assays.logistic import inverse, log_of, signal
from carnk.assays.noise import noise_of
from carnk.assays.plate import plates_of
from carnk.base import DataError, NumberError, SolveError
from carnk.library import number_file_text, parse_number_file

B = (0.06, 3.2, np.log(300.0), 1.2)
STANDARDS = (1000, 500, 250, 125, 62.5, 31.25, 15.625, 0)
ROWS = "ABCDEFGH"


class Bench:
    """Wells put on a plate one after another, with what is in them."""

    def __init__(self, tmp_path, seed=1, cv=0.03, constant=0.004):
        self.path, self.rng = tmp_path / "map.csv", np.random.default_rng(seed)
        self.cv, self.constant = cv, constant
        self.free = [f"{r}{c}" for c in range(3, 13) for r in ROWS]
        self.lines = ["well,role,sample,concentration,dilution"]
        self.values = {}

    def read(self, mean):
        return mean + self.rng.standard_normal() * np.hypot(self.constant, self.cv * mean)

    def put(self, role, in_well, sample="", given="", dilution="", wells=2, b=B):
        for _ in range(wells):
            well = self.free.pop(0)
            self.lines.append(f"{well},{role},{sample},{given},{dilution}")
            self.values[well] = self.read(float(signal(log_of(np.array(float(in_well))), b)))
        return well

    def standards(self, order=STANDARDS):
        for row, (named, real) in zip(ROWS, zip(STANDARDS, order)):
            for column in (1, 2):
                self.free.insert(0, f"{row}{column}")
                self.put("standard", real, given=f"{named:g} pg/mL", wells=1)

    def elisa(self, **more):
        self.path.write_text("\n".join(self.lines) + "\n")
        text = "well,value\n" + "\n".join(f"{w},{v}" for w, v in self.values.items())
        (plate,) = plates_of(sheet_of(text, "plate.csv")).plates
        return elisa(plate, read_layout(self.path), **more)


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    made.standards()
    return made


def by_sample(found, role="sample"):
    return {m.wells.sample: m for m in found.measured if m.wells.role == role}


def test_truth_comes_back_and_dilution_is_multiplied(bench):
    for name, real in (("a", 200.0), ("b", 40.0), ("c", 600.0)):
        bench.put("sample", real, name)
        bench.put("sample", real / 10, name + "x", dilution="1:10") if real > 300 else None
    found = bench.elisa()
    read = by_sample(found)
    assert found.curve.model == "4pl"
    assert read["a"].concentration == pytest.approx(200, rel=0.08)
    assert read["cx"].concentration == pytest.approx(600, rel=0.15)
    assert read["cx"].low < 600 < read["cx"].high
    assert (found.lloq, found.uloq) == (15.625, 1000)
    assert not found.flags


def test_out_of_range_is_a_flag_with_the_limit_never_nan(bench):
    bench.put("sample", 5.0, "low", dilution="1:4")
    bench.put("sample", 0.0, "none")
    bench.put("sample", 1e6, "high")
    bench.put("sample", 300.0, "over")
    last = bench.put("sample", 300.0, "gone", wells=1)
    over = next(w for w, line in zip(bench.values, bench.lines[1:]) if "over" in line)
    bench.values[over] = "OVER"
    bench.values.pop(last)
    bench.lines.append("H12,empty,,,")
    bench.values["H12"] = 0.05
    found = bench.elisa()
    read = by_sample(found)
    assert (read["low"].flag, read["low"].shown) == ("<LLOQ", "<62.5")
    assert read["none"].shown == "<15.62"
    assert read["high"].shown == ">1000"
    assert read["over"].flag == ">ULOQ"
    assert "gone" not in read
    assert any(f"wells {last}: no reading" in flag for flag in found.flags)
    assert any("over the reader's range" in flag for flag in found.flags)


def test_a_competitive_assay_falls_and_its_flags_turn_round(tmp_path):
    falling = (2.4, 0.08, np.log(120.0), 1.1)
    bench = Bench(tmp_path)
    for concentration in STANDARDS:
        bench.put("standard", concentration, given=f"{concentration:g} pg/mL", b=falling)
    for name, real in (("a", 80.0), ("none", 0.0), ("high", 1e6)):
        bench.put("sample", real, name, b=falling)
    found = bench.elisa()
    read = by_sample(found)
    assert read["a"].low < 80 < read["a"].high
    assert (read["none"].flag, read["high"].flag) == ("<LLOQ", ">ULOQ")
    assert not any("out of order" in flag for flag in found.flags)


def test_a_curve_too_noisy_to_quantify_gives_no_limit(tmp_path):
    bench = Bench(tmp_path, cv=0.6, seed=11)
    bench.standards()
    bench.put("sample", 100.0, "s")
    found = bench.elisa()
    assert np.isnan(found.lloq)
    assert by_sample(found)["s"].shown == "no range"
    assert any("no range of quantification" in flag for flag in found.flags)


def test_a_dilution_series_is_one_concentration_and_parallel(bench):
    for fold in (4, 8, 16, 32):
        bench.put("sample", 2000 / fold, "s", dilution=f"1:{fold}")
    (series,) = bench.elisa().dilutions
    assert series.low < 2000 < series.high
    assert series.linearity_p > 0.01
    assert series.parallel in ("yes", "unclear")
    assert series.slope_ratio == pytest.approx(1, abs=0.15)
    assert series.recovery == pytest.approx([1, 1, 1, 1], abs=0.15)


def test_a_sample_of_another_slope_is_not_parallel_and_flagged(bench):
    other = (B[0], B[1], B[2], 0.7)
    for fold in (4, 8, 16, 32):
        bench.put("sample", 2000 / fold, "s", dilution=f"1:{fold}", b=other)
    found = bench.elisa()
    (series,) = found.dilutions
    assert series.parallel == "no"
    assert series.slope_ratio == pytest.approx(0.7 / 1.2, rel=0.2)
    assert any("not parallel" in flag for flag in found.flags)
    assert any("not linear" in flag for flag in found.flags)


def test_spikes_and_controls(bench):
    bench.put("sample", 100.0, "s")
    bench.put("spike", 250.0, "s", given="150 pg/mL")
    bench.put("sample", 100.0, "t")
    bench.put("spike", 150.0, "t", given="150 pg/mL")
    bench.put("control", 100.0, "fine", given="100 pg/mL")
    bench.put("control", 200.0, "off", given="100 pg/mL")
    found = bench.elisa()
    good, bad = found.spikes
    assert good.low < 1 < good.high
    assert bad.recovery == pytest.approx(1 / 3, abs=0.15)
    assert sum("spike recovery" in flag for flag in found.flags) == 1
    assert sum("control reads" in flag for flag in found.flags) == 1


def test_swapped_standards_are_named(tmp_path):
    bench = Bench(tmp_path)
    bench.standards(order=(1000, 500, 125, 250, 62.5, 31.25, 15.625, 0))
    bench.put("sample", 100.0, "s")
    try:
        said = "; ".join(bench.elisa().flags)
    except SolveError as error:
        said = str(error)
    assert "standards 125 and 250 are out of order; swapped?" in said
    assert "C1" in said
    assert "D2" in said


def test_an_edge_that_reads_high_is_named(tmp_path):
    bench = Bench(tmp_path, cv=0.01)
    bench.standards()
    inside = [f"{r}{c}" for r in "BCDEFG" for c in range(3, 12)]
    for i, edge in enumerate(["A4", "A6", "A8", "A10", "H5", "H7"]):
        bench.free[:0] = [edge, inside.pop()]
        bench.put("sample", 150.0 + 30 * i, f"s{i}")
        bench.values[edge] *= 1.2
    flags = bench.elisa().flags
    assert any("at the edge, +" in flag for flag in flags), flags


def test_replicates_that_differ_are_named(bench):
    last = bench.put("sample", 100.0, "s")
    bench.values[last] *= 3
    assert any(last in flag and "replicates differ" in flag for flag in bench.elisa().flags)


def test_what_has_no_standards_or_no_curve_says_so(tmp_path):
    few = Bench(tmp_path)
    few.put("standard", 100.0, given="100 pg/mL")
    few.put("standard", 10.0, given="10 pg/mL")
    with pytest.raises(DataError, match="2 concentrations of the standard cannot fix a curve"):
        few.elisa()
    none = Bench(tmp_path)
    none.put("sample", 100.0, "s")
    with pytest.raises(DataError, match="there are no wells of a standard"):
        none.elisa()
    flat = Bench(tmp_path)
    flat.standards(order=[0.0] * 8)
    with pytest.raises(SolveError, match="standard curve: the fit did not converge"):
        flat.elisa()


def test_five_parameters_are_taken_where_they_are_needed(tmp_path):
    b = (0.05, 3.0, np.log(60.0), 1.1, 1.6)
    bench = Bench(tmp_path, cv=0.005, constant=0.001)
    for concentration in STANDARDS:
        bench.put("standard", concentration, given=f"{concentration:g} pg/mL", b=b)
    bench.put("sample", 50.0, "s", b=b)
    found = bench.elisa()
    assert found.curve.model == "5pl"
    assert by_sample(found)["s"].concentration == pytest.approx(50, rel=0.05)
    assert found.curve.aicc["5pl"] < found.curve.aicc["4pl"]


def test_the_profile_interval_is_where_an_independent_optimizer_finds_it():
    rng = np.random.default_rng(3)
    conc = np.repeat(STANDARDS, 2).astype(float)
    mean = signal(log_of(conc), B)
    y = mean * (1 + 0.05 * rng.standard_normal(mean.size))
    groups = [y[conc == c] for c in STANDARDS]
    curve = calibrate(conc, y, 0.0, noise_of(groups))
    signals = np.array([0.3, 1.5, 2.6])
    root = curve.noise.variance(signal(curve.x, curve.b)) ** -0.5
    t = t_quantile(0.95, curve.freedom)
    for y0, found in zip(signals, curve.estimates(signals, np.full(3, 2.0))):
        weight = np.sqrt(curve.scale / curve.variance(np.array(y0), np.array(2.0)))

        def worse(x, y0=y0, weight=weight):
            def residuals(b):
                return np.append(
                    root * (curve.y - signal(curve.x, b)), weight * (y0 - signal(x, b))
                )

            return 2 * optimize.least_squares(residuals, curve.b, method="lm", x_scale="jac").cost

        for end in found.profile:
            over = (worse(end) - worse(found.log)) / curve.scale / t**2
            assert np.isinf(end) or over == pytest.approx(1, abs=0.01)
        assert found.delta[0] == pytest.approx(found.profile[0], abs=0.35)


def test_the_curve_inverts_itself():
    x = np.linspace(1, 8, 30)
    for b in (np.array(B), np.array([*B, 0.7]), np.array([2.0, 0.1, 5.0, 0.9])):
        assert inverse(signal(x, b), b) == pytest.approx(x)
    assert inverse(np.array([-1.0, 9.0]), np.array(B)).tolist() == [-np.inf, np.inf]


@pytest.mark.parametrize(("constant", "cv"), [(0.03, 0.0), (0.0, 0.08), (0.01, 0.05)])
def test_the_scatter_is_learned_from_replicates(constant, cv):
    rng = np.random.default_rng(8)
    means = np.geomspace(0.05, 3, 300)
    groups = [m + rng.standard_normal(3) * np.hypot(constant, cv * m) for m in means]
    noise = noise_of(groups)
    real = constant**2 + (cv * means) ** 2
    ratio = noise.variance(means) / real
    assert ratio.max() / ratio.min() < 1.6


def test_intervals_hold_the_truth_as_often_as_they_say():
    """One hundred plates; wells of a plate share its curve, hence the wide binomial bounds."""
    from benchmarks.elisa import SCENES, covered

    delta, profile, of = np.sum([covered(next(iter(SCENES)), seed) for seed in range(100)], axis=0)
    shared = 3  # times the variance of independent intervals
    half = stats.norm.isf(0.001) * np.sqrt(shared * 0.05 * 0.95 / of)
    assert abs(delta / of - 0.95) < half
    assert abs(profile / of - 0.95) < half
    assert half < 0.03


def test_one_number_for_other_rooms_holds_range_and_spread(bench):
    reals = np.exp(np.log(100) + 0.5 * np.random.default_rng(2).standard_normal(12))
    for i, real in enumerate(reals):
        bench.put("sample", real, f"p{i}")
    found = bench.elisa()
    names = {f"p{i}": f"id-{i}" for i in range(12)}
    (number,), note = numbers_of(found, "IL-6", "il6_base", names, "0123")
    (read,) = parse_number_file(number_file_text([number]))
    assert note == ""
    assert read.value == pytest.approx(np.exp(np.log(reals).mean()), rel=0.05)
    assert read.range[0] < read.value < read.range[1]
    assert read.spread.size == pytest.approx(reals.std() / reals.mean(), rel=0.4)
    alone, note = numbers_of(found, "IL-6", "", names, "0123")
    assert len(alone) == 12
    assert "rename an id" in note
    with pytest.raises(NumberError, match="'il6_bose' is not the id of a number"):
        numbers_of(found, "IL-6", "il6_bose", names, "0123")
    names["low"] = "id-low"
    bench.put("sample", 1.0, "low")
    none, note = numbers_of(bench.elisa(), "IL-6", "il6_base", names, "0123")
    assert none == ()
    assert "1 of 13 samples are out of range" in note
