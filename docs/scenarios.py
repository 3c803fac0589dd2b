"""Runs the scenarios, and writes their table, pictures and page; `make scenarios`.

Without --run the page and the pictures are made from the stored tables.
"""

import sys
from dataclasses import replace
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from scenario_figure import LABELS, Line, figure, signed
from scipy.stats import rankdata

from carnk.base import write_text_atomic
from carnk.domain import Study
from carnk.library import load, references, table
from carnk.library.table import FOLDER
from carnk.report.numerals import number
from carnk.report.sections.opening import heldout
from carnk.study import read, scenarios
from carnk.study.numbers import fresh_view, worlds
from carnk.study.paired import differences, values
from carnk.study.run import one_chunk

HERE = Path(__file__).parent
PATIENTS, SEED, CHUNK = 1000, 1, 500
STRONG = 0.4  # rank correlation over the worlds from which on a number is named
CHANCE = 0.2  # that 100 worlds leave: 1.96 over the root of their number
SHOWN = ("response", "complete_response", "pfs", "crs", "detected_day_365", "tlast_day")
COLUMNS = {
    "study": ("Built-in study", "text"),
    "arm": ("Arm", "text"),
    "outcome": ("Outcome, as in the paired section of a report", "text"),
    "unit": ("share of patients, or days", "text"),
    "level": ("Mean in this arm", "1"),
    "reference": ("Mean in the first arm", "1"),
    "difference": ("Mean difference from the first arm, in the same patients", "1"),
    "low": ("Low end of 95 %: plausible worlds and so many patients", "1"),
    "high": ("High end, likewise", "1"),
    "between_worlds": ("Standard deviation of the difference between worlds", "1"),
    "patients": ("Patients whom both arms solved", "count"),
}
DRIVERS = {
    "study": ("Built-in study", "text"),
    "id": ("A number of the library", "text"),
    "rank_correlation": ("With the main difference over the plausible worlds", "1"),
}

HEAD = """\
# Scenarios: what follows under stated numbers

Written by `make scenarios`; do not edit.

Each scenario is a built-in study: one question, put to the same virtual patients in every arm. A
patient is enrolled once and treated in each arm on the same luck, so that a difference is taken
patient by patient. Arms differ in nothing but what the question names.

**This is no evidence about patients.** A scenario says what follows if the numbers are as stated,
and many of them are assumed. Where a difference was put in as an assumption, its size says
nothing new, and the text says so. No trial has compared any of these pairs. Short-lived products
did better in patients than the model gives them ([calibration](calibration.md)). {verdict}

How to read a picture: the levels are means in the first arm and in the other, the bar is the 95 %
interval of the difference, for what the plausible worlds and the number of patients leave open.
Filled blue: zero lies outside. Hollow gray: **cannot be told**. Axes differ between pictures.
Treatment is counted from enrollment, so that about one patient in twenty is lost before it in
every arm. LBCL is large B-cell lymphoma.

*Hangs on* names first the numbers that a difference is built on, with their basis. Then it says
what was measured: the rank correlation, over the 100 plausible worlds, of a number with the main
difference, where it is beyond chance (0.2; for numbers that nobody named beforehand 0.4). A
number can be what a difference is built on and move it little within its range. Intervals are
normal ones around the mean, so that near 0 % they can reach to where no share can.
"""


def run() -> None:
    """Run every scenario and store what its arms differ by, and the numbers it moves with."""
    rows, drivers = [], []
    for name in scenarios():
        study = replace(read(name), patients=PATIENTS, seed=SEED)
        outcomes = _outcomes(study)
        rows += _rows(study, outcomes)
        drivers += _drivers(study, outcomes)
        print(name, flush=True)
    stamp = f"carnk {version('carnk')}, {PATIENTS:,} virtual patients in every arm, seed {SEED},"
    stamp += f" plausible worlds {_worlds_hash()}; written by `make scenarios`"
    _store("scenarios", rows, COLUMNS, f"Differences between arms of the scenarios; {stamp}")
    _store("scenario_drivers", drivers, DRIVERS, f"What the main differences move with; {stamp}")
    table.cache_clear()


def _outcomes(study: Study) -> pl.DataFrame:
    view = fresh_view(study)
    spans = [np.arange(i, min(i + CHUNK, PATIENTS)) for i in range(0, PATIENTS, CHUNK)]
    return pl.concat([pl.DataFrame(one_chunk(study, view, ids, 1).outcomes) for ids in spans])


def _rows(study: Study, outcomes: pl.DataFrame) -> list[dict[str, Any]]:
    first, rows = study.arms[0].name, []
    for each in differences(study, outcomes):
        levels = [
            float(np.nanmean(values(outcomes.filter(pl.col("arm") == arm), each.outcome, study)))
            for arm in (each.arm, first)
        ]
        figures = [*levels, each.mean, each.low, each.high, each.between_worlds]
        cells = [study.name, each.arm, each.outcome, each.unit, *figures, each.patients]
        rows.append(dict(zip(COLUMNS, cells)))
    return rows


def _drivers(study: Study, outcomes: pl.DataFrame) -> list[dict[str, Any]]:
    """Rank correlation, over the worlds, of the main difference with named and strong numbers."""
    said = texts()[study.name]
    outcome, arm = said["outcome"], said.get("arm", study.arms[1].name)
    pair = [outcomes.filter(pl.col("arm") == a).sort("patient") for a in (arm, study.arms[0].name)]
    gap = values(pair[0], outcome, study) - values(pair[1], outcome, study)
    world = pair[0]["world"].to_numpy()
    if not np.any(gap):
        return []
    mean = np.array([np.nanmean(gap[world == w]) for w in np.unique(world)])
    found = {}
    for number_id, column in worlds().items():
        drawn = column[np.unique(world)]
        if np.ptp(drawn) > 0:
            found[number_id] = float(np.corrcoef(rankdata(drawn), rankdata(mean))[0, 1])
    strong = sorted((n for n in found if abs(found[n]) >= STRONG), key=lambda n: -abs(found[n]))
    kept = dict.fromkeys([*(n for n in said["hangs"] if n in found), *strong[:3]])
    return [{"study": study.name, "id": n, "rank_correlation": found[n]} for n in kept]


def _store(
    name: str, rows: list[dict[str, Any]], columns: dict[str, tuple[str, str]], what: str
) -> None:
    body = pl.DataFrame(rows).with_columns(pl.selectors.float().round(4) + 0.0).write_csv()
    about = {
        "meaning": what,
        "source": "this project's own runs of the built-in studies that the rows name",
        "checked": "by row",
        "licence": "Apache-2.0",
        "columns": {n: {"meaning": m, "unit": u} for n, (m, u) in columns.items()},
    }
    write_text_atomic(FOLDER / f"{name}.csv", body)
    text = yaml.safe_dump(about, sort_keys=False, allow_unicode=True, width=1000)
    write_text_atomic(FOLDER / f"{name}.about.yaml", text)


def _worlds_hash() -> str:
    return sha256((FOLDER / "worlds.csv").read_bytes()).hexdigest()[:12]


@cache
def texts() -> dict[str, dict[str, Any]]:
    """What is said of each scenario, in the order of the page."""
    return yaml.safe_load((HERE / "scenarios.yaml").read_text(encoding="utf-8"))


def _half_of_grade_3() -> str:
    """The serum IL-6 at which the library's logit puts the chance of CRS grade 3 at one half."""
    numbers = load()
    rise = numbers["crs_threshold_3"].value / numbers["crs_slope"].value
    return f"{number(numbers['il6_base'].value * 10**rise, 1)} pg/mL"


def lines_of(name: str) -> list[Line]:
    """What the picture of a scenario shows, arm by arm."""
    rows = table("scenarios").filter(pl.col("study") == name)
    said = texts()[name]
    shown = [*SHOWN, *said.get("shown", [])]
    labels = LABELS | said.get("labels", {})
    order = [o for o in LABELS if o in shown]
    kept = rows.filter(pl.col("outcome").is_in(order))
    lines = [
        Line(r["arm"], r["outcome"], labels[r["outcome"]], r["unit"], r["reference"], r["level"],
             r["difference"], r["low"], r["high"])
        for r in kept.iter_rows(named=True)
    ]  # fmt: skip
    return sorted(lines, key=lambda line: order.index(line.outcome))


def pictures() -> dict[str, str]:
    """SVG of every scenario by its path under docs."""
    return {
        f"scenarios/{name}.svg": figure(read(name).arms[0].name, lines_of(name)) for name in texts()
    }


def page() -> str:
    """The whole page as Markdown."""
    head = HEAD.replace("{verdict}", (heldout() or {"verdict": ""})["verdict"])
    about = yaml.safe_load((FOLDER / "scenarios.about.yaml").read_text(encoding="utf-8"))
    made = about["meaning"].removeprefix("Differences between arms of the scenarios; ")
    stale = "" if _worlds_hash() in made else (
        "\n**The plausible worlds have changed since these runs; `make scenarios` brings them up to"
        " date.**\n"
    )  # fmt: skip
    rows = [row for name in texts() for row in _at_a_glance(name)]
    glance = "| question | answer | 95 % | hangs on |\n|---|---|---|---|\n" + "\n".join(rows)
    parts = [_scenario(name) for name in texts()]
    return f"{head}\nRuns: {made}.\n{stale}\n## At a glance\n\n{glance}\n\n" + "\n".join(parts)


def _main(name: str) -> list[Line]:
    outcome = texts()[name]["outcome"]
    return [line for line in lines_of(name) if line.outcome == outcome]


def _answer(line: Line) -> tuple[str, str]:
    """(answer, interval) of one difference, for the table."""
    scale, unit = (100, "points") if line.unit == "share" else (1, "days")
    mean, low, high = (signed(scale * x) for x in (line.mean, line.low, line.high))
    if line.mean == 0 and line.before == line.after:
        told = "no difference seen"
    else:
        told = f"{mean} {unit}" if line.is_clear else f"cannot be told ({mean} {unit})"
    return told, f"{low} to {high}"


def _at_a_glance(name: str) -> list[str]:
    said = texts()[name]
    hangs = ", ".join(f"`{n}`" for n in said["hangs"])
    question = f"[{said['question']}](#{_anchor(said['question'])})"
    rows = []
    for line in _main(name):
        told, interval = _answer(line)
        what = f"{line.arm}, {line.label}:"
        rows.append(f"| {question} | {what} {told} | {interval} | {hangs} |")
        question, hangs = "", ""
    return rows


def _anchor(heading: str) -> str:
    kept = "".join(c for c in heading.lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def _scenario(name: str) -> str:
    said = texts()[name]
    study = read(name)
    first = study.arms[0].name
    mind = said["mind"].replace("{half_of_grade_3}", _half_of_grade_3())
    answers = []
    for line in _main(name):
        told, interval = _answer(line)
        scale, unit = (100, " %") if line.unit == "share" else (1, " days")
        levels = f"{scale * line.before:.3g}{unit} against {scale * line.after:.3g}{unit}"
        pair = f"{first} against {line.arm}"
        answers.append(f"{line.label}, {pair}: {levels}, {told}, 95 % {interval}.")
    parts = [
        f"## {said['question']}\n",
        f"![{study.title}](scenarios/{name}.svg)\n",
        f"**Answer.** {' '.join(answers)} {mind}\n",
        f"**Hangs on.** {_hangs(name)}\n",
        f"**In patients.** {said['seen']}\n",
        f"`carnk run {name}`\n",
    ]
    return "\n".join(parts)


def _hangs(name: str) -> str:
    """The numbers that the difference is built on, and those it moves with over the worlds."""
    rows = table("scenario_drivers").filter(pl.col("study") == name)
    moved = {n: r for n, r in zip(rows["id"], rows["rank_correlation"]) if abs(r) > CHANCE}
    built = "; ".join(_number(n) for n in texts()[name]["hangs"])
    others = [n for n in moved if n not in texts()[name]["hangs"]]
    found = ", ".join(
        f"`{n}` ({moved[n]:+.2f}{f'; {load()[n].basis}' if n in others else ''})" for n in moved
    ).replace("-", "−")
    told = f"with {found}" if found else "with no number by more than chance"
    return f"{built}. Over the worlds the difference moves {told}."


def _number(number_id: str) -> str:
    """A number with its basis, its source and whether that was read."""
    known = load()[number_id]
    if not known.source:
        return f"`{number_id}` ({known.basis})"
    unread = "" if known.checked == "read" else ", unread"
    return f"`{number_id}` ({known.basis} from {references()[known.source].cite}{unread})"


def pages() -> dict[str, str]:
    """Everything that is made from the stored tables, by its path under docs."""
    return {"scenarios.md": page()} | pictures()


def main() -> None:
    """Write the page and its pictures, after running the scenarios where --run is given."""
    if "--run" in sys.argv[1:]:
        run()
    (HERE / "scenarios").mkdir(exist_ok=True)
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
