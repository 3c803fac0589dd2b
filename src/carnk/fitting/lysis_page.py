"""`python -m carnk.fitting.lysis_page FOLDER`: the public curves fitted, scored, written down.

FOLDER holds the public killing set, which is not part of this package. Written are the table
kill_fit, which `carnk kill` stands on, and docs/killing_results.md with its figure.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import curve_fit

from ..assays.curve_flags import check
from ..assays.curves import Curve, read_curves
from ..assays.wells import Array
from ..base import write_text_atomic
from ..killing.worlds import FITTED
from ..library.table import FOLDER as TABLES
from .lysis import Fit, Predicted, fit, predict, r_squared, sizes, values
from .stains import Inputs, read_inputs

DOCS = Path(__file__).parents[3] / "docs"
FILES = ("lysis_donors_A_B_C.csv", "receptor_ligand_quantiles.csv")
CONSTRUCTS = {
    "car:carnkgen2": "car:cd33_gen2",
    "car:carnkgen4": "car:cd33_gen4",
    "car:carnkher2": "car:her2",
}


@dataclass(frozen=True)
class Score:
    """One predicted curve beside what was seen and the null."""

    way: str
    predicted: Predicted
    null: Array | None

    @property
    def r2(self) -> float:
        """R2 of the prediction within the curve."""
        return r_squared(self.predicted.curve.lysis, self.predicted.lysis)

    @property
    def null_r2(self) -> float:
        """R2 of the null within the curve; not a number where there is none."""
        if self.null is None:
            return float("nan")
        return r_squared(self.predicted.curve.lysis, self.null)

    @property
    def covered(self) -> int:
        """Points inside the 95 % interval."""
        p = self.predicted
        return int(np.sum((p.curve.lysis >= p.low) & (p.curve.lysis <= p.high)))


def emax(curve: Curve, et: Array) -> Array:
    """The null: the hyperbola Emax E:T / (ET50 + E:T) fitted to a curve, read at any E:T."""

    def hyperbola(x: Array, top: float, half: float) -> Array:
        return top * x / (half + x)

    best, _ = curve_fit(
        hyperbola, curve.et, curve.lysis, p0=(80, 2), bounds=([0, 0.01], [100, 100])
    )
    return hyperbola(et, *best)


def transfer(
    way: str, train: Sequence[Curve], test: Sequence[Curve], inputs: Inputs, found: Fit | None
) -> list[Score]:
    """Fit some curves, predict others, and set the training curve's hyperbola beside them."""
    found = found or fit(train, inputs)
    scores = []
    for p in predict(found, test, inputs):
        same = [c for c in train if (c.donor, c.effector) == (p.curve.donor, p.curve.effector)]
        scores.append(Score(way, p, emax(same[0], p.curve.et) if same else None))
    return scores


def all_transfers(curves: Sequence[Curve], inputs: Inputs, blind: Fit) -> list[Score]:
    """The blind line, and every donor or line left out in turn, never with HL-60 in a fit."""
    known = [c for c in curves if not c.target.startswith("HL-60")]
    kasumi = [c for c in known if c.target == "Kasumi-1"]
    hl60 = [c for c in curves if c.target.startswith("HL-60")]
    scores = transfer("Kasumi-1 to HL-60, blind", kasumi, hl60, inputs, blind)
    for one, other in (("SKOV3", "DIPG36"), ("DIPG36", "SKOV3")):
        train, test = ([c for c in known if c.target == name] for name in (one, other))
        scores += transfer(f"{one} to {other}", train, test, inputs, None)
    for donor in ("A", "B", "C"):
        train = [c for c in known if c.donor != donor]
        test = [c for c in known if c.donor == donor]
        scores += transfer(f"donor {donor} left out", train, test, inputs, None)
    return scores


def table_rows(found: Fit) -> str:
    """The table kill_fit: best fit as draw -1, then the draws."""
    of_targets = [n for n in found.names if n.startswith(("unexplained:", "fragile:"))]
    wanted = (*FITTED, "level", *CONSTRUCTS, *of_targets)
    lines = ["draw,factor,value"]
    size = sizes(found.names)
    for k, x in enumerate([found.best, *found.draws]):
        named = values(found.names, size * x)
        lines += [f"{k - 1},{CONSTRUCTS.get(n, n)},{named[n]:.6g}" for n in wanted]
    return "\n".join(lines) + "\n"


def page(scores: Sequence[Score], flags: Sequence[str], blind: Fit) -> str:
    """docs/killing_results.md."""
    parts = [
        "# Killing: fits and transfers\n",
        "Written by `python -m carnk.fitting.lysis_page`; do not edit. Lysis after 4 h, percent."
        " R2 is taken within a curve over its five or six E:T ratios; the null reuses the"
        " hyperbola Emax x E:T / (ET50 + E:T) fitted to the same donor and effector on the line of"
        " the fit. Points in the interval: of a nominal 95 %.\n",
        f"Kasumi-1 is fitted with an RMS residual of {blind.residual:.1f} points.\n",
        "![Blind prediction of HL-60](killing_hl60.svg)\n",
        "| fit to | donor | effector | on | R2 | R2 of the null | seen, high to low E:T |"
        " predicted | in interval |\n|---|---|---|---|---|---|---|---|---|",
    ]
    for s in scores:
        c = s.predicted.curve
        null = "" if np.isnan(s.null_r2) else f"{s.null_r2:.2f}"
        parts.append(
            f"| {s.way} | {c.donor} | {c.effector} | {c.target} | {s.r2:.2f} | {null} |"
            f" {_list(c.lysis)} | {_list(s.predicted.lysis)} | {s.covered}/{c.et.size} |"
        )
    parts.append("\n" + _coverage(scores))
    parts.append("## Left out by the checks\n")
    parts += [f"- {flag}" for flag in flags]
    return "\n".join(parts) + "\n"


def _coverage(scores: Sequence[Score]) -> str:
    lines = ["| way | points in the 95 % interval |", "|---|---|"]
    for way in dict.fromkeys(s.way for s in scores):
        own = [s for s in scores if s.way == way]
        inside, count = sum(s.covered for s in own), sum(s.predicted.curve.et.size for s in own)
        lines.append(f"| {way} | {inside}/{count} ({inside / count:.0%}) |")
    return "\n".join(lines) + "\n"


def _list(x: Array) -> str:
    return " ".join(f"{each:.0f}" for each in x)


def figure(scores: Sequence[Score]) -> str:
    """Small multiples of the blind prediction: seen (points), predicted (line), null (dashed)."""
    own = [s for s in scores if "blind" in s.way]
    panels = [_panel(s, 30 + 225 * (i % 4), 50 + 215 * (i // 4)) for i, s in enumerate(own)]
    height = 60 + 215 * -(-len(own) // 4)
    key = (
        '<text x="20" y="22" font-size="13">Lysis of HL-60 after 4 h, percent, over E:T: seen'
        " (points), predicted from Kasumi-1 (blue, 95 % band), Kasumi-1 hyperbola reused"
        " (dashed)</text>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 940 {height}" '
        f'font-family="sans-serif"><rect width="100%" height="100%" fill="white"/>{key}'
        + "".join(panels)
        + "</svg>\n"
    )


def _panel(score: Score, x0: float, y0: float, width: float = 190, height: float = 150) -> str:
    p, null = score.predicted, score.null
    c = p.curve
    log = np.log2(c.et)

    def at(values: Array) -> list[tuple[float, float]]:
        px = x0 + (log - log.min()) / (log.max() - log.min()) * width
        py = y0 + height * (1 - np.clip(values, 0, 100) / 100)
        return list(zip(px, py))

    def joined(points: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{a:.1f},{b:.1f}" for a, b in points)

    dots = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.5"/>' for a, b in at(c.lysis))
    dashed = "" if null is None else (
        f'<polyline points="{joined(at(null))}" fill="none" stroke="#888" stroke-dasharray="5"/>'
    )  # fmt: skip
    ticks = "".join(
        f'<text x="{x0 - 4}" y="{y0 + height * (1 - t / 100) + 4:.0f}" font-size="10" '
        f'text-anchor="end">{t}</text>'
        for t in (0, 50, 100)
    )
    ratios = "".join(
        f'<text x="{a:.1f}" y="{y0 + height + 13}" font-size="10" text-anchor="middle">{e:g}</text>'
        for (a, _), e in zip(at(c.lysis), c.et)
    )
    return (
        f'<rect x="{x0}" y="{y0}" width="{width}" height="{height}" fill="none" stroke="#bbb"/>'
        f'<polygon points="{joined(at(p.low) + at(p.high)[::-1])}" fill="#0b62a4" '
        'opacity="0.15"/>'
        f'<polyline points="{joined(at(p.lysis))}" fill="none" stroke="#0b62a4" '
        f'stroke-width="2"/>{dashed}{dots}{ticks}{ratios}'
        f'<text x="{x0}" y="{y0 - 6}" font-size="11">{c.donor}, {c.effector}: R2 {score.r2:.2f}'
        f" (null {score.null_r2:.2f})</text>"
    )


def main(folder: Path) -> None:
    """Fit, score, and write the table and the page."""
    curves, inputs = read_curves(folder / FILES[0]), read_inputs(folder / FILES[1])
    checked = check(curves, FILES[0])
    known = [c for c in checked.curves if not c.target.startswith("HL-60")]
    print("1 of 3: fitting all public curves but HL-60's", flush=True)
    write_text_atomic(TABLES / "kill_fit.csv", table_rows(fit(known, inputs)))
    print("2 of 3: fitting Kasumi-1, predicting HL-60; every donor and line left out", flush=True)
    blind = fit([c for c in known if c.target == "Kasumi-1"], inputs)
    scores = all_transfers(checked.curves, inputs, blind)
    print("3 of 3: writing docs/killing_results.md", flush=True)
    write_text_atomic(DOCS / "killing_hl60.svg", figure(scores))
    write_text_atomic(
        DOCS / "killing_results.md", page(scores, [str(f) for f in checked.flags], blind)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
