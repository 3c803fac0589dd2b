"""The page docs/calibration.md and its figure, written from the fit itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..base import write_text_atomic
from ..kinetics import grade_probabilities
from ..library import load
from ..study.summary import LABELS
from .calibrate import AS_WIDE, NEARLY_FLAT, Fit, predicted_rows, priors
from .car_t import CANDIDATES, ROWS_T, CarT
from .crs import COEFFICIENTS, CRS_ROWS, REFERENCE
from .data import FITTED
from .heldout import TRAINING, Score
from .joint import Worlds
from .persistence import Ends

DOCS = Path(__file__).parents[3] / "docs"


@dataclass(frozen=True)
class Findings:
    """Everything that a calibration found out."""

    fit: Fit
    worlds: Worlds
    scores: list[Score]
    ends: list[Ends]


def write_page(found: Findings) -> None:
    """Write docs/calibration.md and docs/calibration.svg."""
    write_text_atomic(DOCS / "calibration.svg", figure(found.fit))
    write_text_atomic(DOCS / "calibration.md", page(found))


def page(found: Findings) -> str:
    """The whole page as Markdown."""
    fit = found.fit
    missing = [name for name, known in zip(FITTED, fit.identified()) if not known]
    unknown = ", ".join(f"`{name}`" for name in missing) or "none"
    parts = [
        "# Calibration on Marin 2024, and what it is worth\n",
        "Written by `make calibrate`; do not edit. Four population numbers are fitted to four"
        " counts of one trial (NCT03056339, which contains Liu 2020). All else stays at its library"
        " value here, and is drawn from its range for the plausible worlds below.\n",
        f"**Not identified by the data: {unknown}.** A number counts as identified when its"
        f" posterior is at most {AS_WIDE:g} times as wide as its prior (log scale) and its profile"
        f" log-likelihood falls by more than {NEARLY_FLAT:g} on both sides within the prior.\n",
        "## Prior against posterior\n",
        _posteriors(fit),
        "![Profiles, priors and posteriors](calibration.svg)\n",
        "## Posterior correlations (logs)\n",
        _correlations(fit),
        "## The fitted rows\n",
        "Agreement here is no test.\n",
        _rows(fit),
        "## Held out\n",
        _verdict(found.scores),
        _held_out(found.scores),
        "CRS is scored with coefficients fitted without the trial in question. FT596's loss of"
        " cells is set from its own persistence, so its kinetics are not held out. A percentage"
        " without n has no row.\n",
        "## Both ends of the persistence law\n",
        "One law for all products; library values, typical of each product's patients. The limit"
        " of quantification is the library's `detection_copies`.\n",
        _ends(found.ends),
        "## CAR-T cells: calibrated to ZUMA-1\n",
        _car_t_text(found.worlds.car_t),
        _car_t_rows(found.worlds.car_t),
        _car_t_numbers(found.worlds.car_t),
        "## CRS over all arms\n",
        _crs_text(),
        _crs_rows(found.worlds),
        "## Plausible worlds\n",
        f"{found.worlds.effective:.0f} effective trials out of 2,000 joint draws of all uncertain"
        " numbers, weighed by the same likelihood, give the 100 worlds in"
        " `library/tables/worlds.csv` that every run draws its patients from.\n",
    ]
    return "\n".join(parts)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def _span(values: object) -> str:
    low, middle, high = np.percentile(np.asarray(values), (2.5, 50, 97.5))
    return f"{middle:.3g} ({low:.2g}-{high:.2g})"


def _posteriors(fit: Fit) -> str:
    rows = [
        (
            f"`{name}`", number.unit, _span(fit.prior[:, i]), _span(fit.posterior[:, i]),
            f"{fit.best[i]:.3g}", f"{fit.width()[i]:.2f}",
            "yes" if fit.identified()[i] else "**no**",
        )
        for i, (name, number) in enumerate(zip(FITTED, priors()))
    ]  # fmt: skip
    head = ("number", "unit", "prior", "posterior", "best", "width against prior", "identified")
    return _table(head, rows)


def _correlations(fit: Fit) -> str:
    matrix = fit.correlations()
    rows = [(f"`{n}`", *(f"{x:+.2f}" for x in line)) for n, line in zip(FITTED, matrix)]
    return _table(("", *(f"`{n}`" for n in FITTED)), rows)


def _rows(fit: Fit) -> str:
    rows = [
        (name, f"{k}/{n} ({k / n:.0%})", f"{m:.0%} ({a:.0%}-{b:.0%})", f"{fitted:.2f}")
        for (name, k, n, m, a, b), fitted in zip(predicted_rows(fit), fit.emulator.explained)
    ]
    return _table(("row", "seen", "fitted", "R2 of the surface"), rows)


def _verdict(scores: list[Score]) -> str:
    main = [s for s in scores if s.scored and s.null and s.harder]
    model = sum(s.prediction.log_score(s.seen.events, s.seen.patients) for s in main)
    null = sum(s.null.log_score(s.seen.events, s.seen.patients) for s in main if s.null)
    harder = sum(s.harder.log_score(s.seen.events, s.seen.patients) for s in main if s.harder)
    k, n = TRAINING
    beats = "beats" if model > null else "does **not** beat"
    return (
        f"Over the {len(main)} held-out trials the model {beats} the null that predicts the pooled"
        f" rate of Marin 2024 ({k}/{n}) for everyone: total log score {model:.2f} against"
        f" {null:.2f} (nearer to 0 is better). A null that knows the answers, the pooled rate of"
        f" all these trials together, scores {harder:.2f}.\n"
    )


def _held_out(scores: list[Score]) -> str:
    rows = []
    for s in scores:
        o = s.seen
        low, high = s.prediction.predictive(o.patients)
        null = f"{s.null.log_score(o.events, o.patients):.2f}" if s.null else ""
        what = LABELS[o.outcome] + (f", {o.arm}" if o.arm else "")
        scored = f"{s.prediction.log_score(o.events, o.patients):.2f}"
        counts = f"{o.events}/{o.patients}", f"{s.prediction.mean:.1%}", f"{low}-{high}"
        rows.append((s.study, what, *counts, scored, null))
    head = ("trial", "outcome", "seen", "predicted", "95 % predictive", "log score", "null")
    return _table(head, rows)


def _car_t_text(found: CarT) -> str:
    return (
        f"In each of the worlds below {CANDIDATES} joint draws of all CAR-T numbers of the second"
        " table are simulated and one is kept by its likelihood, so that every one of them is"
        f" reweighed; on average {found.effective:.1f} of the {CANDIDATES} count. They are weighed"
        " by response, by complete response among responders and by the median PFS, a Kaplan-Meier"
        " median taken as a count of 51 of 101 at day 180."
        " The response of no CAR-T trial moves a number that CAR-NK studies read: the worlds of the"
        " CAR-NK calibration are left as they are. Other CAR-T trials are held out of response and"
        " shown by `carnk validate`; JULIET and TRANSCEND are among the rows to which CRS and ICANS"
        " are fitted.\n"
    )


def _car_t_rows(found: CarT) -> str:
    rows = []
    for i, row in enumerate(ROWS_T):
        low, high = np.percentile(found.rates[:, i], (2.5, 97.5))
        mean = found.rates[:, i].mean()
        seen = f"{row.events}/{row.patients} ({row.events / row.patients:.0%})"
        rows.append((row.name, seen, f"{mean:.0%} ({low:.0%}-{high:.0%})"))
    return _table(("row of ZUMA-1", "seen", "kept"), rows)


def _car_t_numbers(found: CarT) -> str:
    rows = [
        (f"`{name}`", _span(found.prior[name]), _span(values))
        for name, values in found.values.items()
    ]
    return _table(("number", "drawn", "kept"), rows)


def _crs_text() -> str:
    spread = load()["prior_crs_trial"]
    assert spread.range
    low, high = spread.range
    return (
        f"One ordered logit on the peak of IL-6, in the scale {REFERENCE}. Every other grading"
        " scale has a shift, shrunk toward 0 and not applied in a prediction: ASTCT graded all the"
        " CAR-NK trials and no other, so its shift cannot be told from being CAR-NK, nor that of"
        " Penn from being JULIET.\n\n"
        "Trials of like products differ by more than chance. Each has a shift of its own, for CRS"
        f" and again for ICANS, with a standard deviation of {spread.value:g} ({low:g}-{high:g})"
        " log-odds between trials, which is assumed (`prior_crs_trial`). Every world draws a shift"
        " for a new trial, so that a prediction carries it. Below are means and 95 % of worlds for"
        " a new trial like each arm.\n"
    )


def _crs_rows(worlds: Worlds) -> str:
    laws = np.column_stack([worlds.values[name] for name in COEFFICIENTS])
    rows = []
    for k, row in enumerate(CRS_ROWS):
        means = []
        for law, signal in zip(laws, worlds.signals):
            size = signal[k].size
            p = grade_probabilities(signal[k], np.full(size, law[0]), np.tile(law[1:], (size, 1)))
            means.append(p.mean(axis=0))
        (any_grade, _, severe), ends = np.mean(means, axis=0), np.percentile(means, (2.5, 97.5), 0)
        seen = [f"{n}/{row.patients}" if n is not None else "" for n in row.at_least]
        what = row.study + (f", {row.arm}" if row.arm else "")
        wide = [f" ({low:.0%}-{high:.0%})" for low, high in ends[:, [0, 2]].T]
        cells = seen[0], f"{any_grade:.0%}{wide[0]}", seen[2], f"{severe:.1%}{wide[1]}"
        rows.append((what, row.scale, *cells))
    head = ("arm", "scale", "CRS seen", "predicted", "grade 3 or higher seen", "predicted")
    return _table(head, rows)


def _ends(ends: list[Ends]) -> str:
    rows = [
        (e.product, f"{e.day:g}", f"{e.copies:.3g}", f"{e.limit:g}", f"{e.detected:.0%}", e.wanted)
        for e in ends
    ]
    head = ("product", "day", "median copies/ug", "limit", "patients above", "published")
    return _table(head, rows)


def figure(fit: Fit) -> str:
    """Small multiples: profile log-likelihood, prior and posterior density of each number."""
    width, height, gap = 230, 190, 20
    panels = []
    for i, name in enumerate(FITTED):
        x0 = gap + i * (width + gap)
        panels.append(_panel(fit, i, name, (x0, 40, width, height)))
    total = gap + len(FITTED) * (width + gap)
    key = (
        '<text x="20" y="20" font-size="13">Profile log-likelihood (black; dashed: 95 % line), '
        "prior (gray) and posterior (blue) densities</text>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {height + 85}" '
        f'font-family="sans-serif"><rect width="100%" height="100%" fill="white"/>{key}'
        + "".join(panels)
        + "</svg>\n"
    )


def _panel(fit: Fit, i: int, name: str, box: tuple[float, float, float, float]) -> str:
    x0, y0, width, height = box
    left, right = np.log10(fit.grid[i, [0, -1]])

    def place(x: object, y: object) -> str:
        px = x0 + (np.asarray(x) - left) / (right - left) * width
        py = y0 + height * (1 - np.asarray(y))
        return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(px, py))

    def line(x: object, y: object, style: str) -> str:
        return f'<polyline points="{place(x, y)}" fill="none" {style}/>'

    edges = np.linspace(left, right, 41)
    densities = [
        np.histogram(np.log10(s[:, i]), edges)[0] / len(s) for s in (fit.prior, fit.posterior)
    ]
    top = max(d.max() for d in densities)
    middle = (edges[:-1] + edges[1:]) / 2
    depth = 4.0
    rise = 1 + np.maximum(fit.profile[i], -depth) / depth
    parts = [
        f'<rect x="{x0}" y="{y0}" width="{width}" height="{height}" fill="none" stroke="#bbb"/>',
        line(middle, densities[0] / top * 0.9, 'stroke="#999" stroke-width="2"'),
        line(middle, densities[1] / top * 0.9, 'stroke="#0b62a4" stroke-width="2"'),
        line(np.log10(fit.grid[i]), rise, 'stroke="black" stroke-width="1.5"'),
        line([left, right], [1 - NEARLY_FLAT / depth] * 2, 'stroke="black" stroke-dasharray="4"'),
        f'<text x="{x0 + 4}" y="{y0 + height + 32}" font-size="12">{name}</text>',
    ]
    for end, anchor in ((left, "start"), (right, "end")):
        at = x0 if anchor == "start" else x0 + width
        parts.append(
            f'<text x="{at}" y="{y0 + height + 16}" font-size="11" text-anchor="{anchor}">'
            f"{10**end:.2g}</text>"
        )
    return "".join(parts)
