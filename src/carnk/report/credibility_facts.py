"""What speaks for and against an answer, as plain values: the page is built from nothing else."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from ..base import read_yaml
from ..domain import Study
from ..evidence.results import BY_SOURCE, CAR_NK
from ..library import load, table
from ..library.table import FOLDER
from ..solver.selftest import shipped
from ..study.engines import engines_agree
from ..study.global_sensitivity import Asked, Sensitivity, analyze
from ..study.identity import identity
from . import record as records
from .numerals import SPACE
from .reading_list import reading_list, shares
from .record import Record, Row, few
from .sections import influence, opening, uncertainty
from .sensitivity import read_sensitivity, write_sensitivity

QUICK_RUNS, QUICK_PATIENTS = 2176, 50  # 64 base points for 30 numbers, and room
RISKS = ("low", "low to medium", "medium", "medium to high", "high")
LEVELS = ("low", "medium", "high")
LEVEL = 1.0  # log scores nearer to each other tell nothing: e times the chance
TABLES = {  # with held-out counts, and what they hold
    "heldout": "main outcome of each held-out trial, against the pooled rate of Marin 2024",
    "validation": "every held-out count for which the calibration trial gives a rate, against that",
}
Stage = Callable[[str, int, int], None]


def facts(
    folder: Path, jobs: int = 1, stage: Stage = lambda what, done, of: None
) -> dict[str, Any]:
    """Every machine fact of a run folder's credibility, ready for JSON.

    The code is verified now, by the code that is here. The folder `sensitivity` inside the run is
    read, or made with a quick Sobol design where there is none. SpecError if `folder` is no run.
    """
    record = records.read(folder)
    moved = _sensitivity(record, jobs, stage)
    total = {row["id"]: row["total"] for row in moved.rows if "total" in row} if moved else {}
    declared = asdict(record.study.credibility)
    return {
        "run": _run(record),
        "score": scores(record.study),
        "classes": classes(record.study),
        "declared": declared | {"risk": risk(declared["influence"], declared["consequence"])},
        "code_verification": _code(record, stage),
        "calculation_verification": _calculation(record),
        "calibration": {
            "relation": opening.calibration(record.study),
            "not_identified": not_identified(),
        },
        "validation": validation(record.study.name),
        "uncertainty": uncertainty.facts(record),
        "sensitivity": moved and _moved(record, moved),
        "numbers": shares(record.numbers, record.sensitivity),
        "reading_list": reading_list(record.numbers, record.sensitivity, total),
        "limits": limits(record),
    }


def _run(record: Record) -> Row:
    manifest, now = record.manifest, identity()
    ran = {key: manifest.get(key) for key in ("carnk", "code", "numbers")}
    return {
        "study": record.study.name,
        "title": record.study.title,
        "reference": influence.reference(record.study),
        "asked": opening.question(record).replace(SPACE, " "),
        "patients": manifest["patients"],
        "patients_done": manifest["patients_done"],
        "seed": manifest["seed"],
        "complete": record.complete,
        **ran,
        "code_here": now["code"],
        "numbers_here": now["numbers"],
        "same_code": ran["code"] == now["code"],
        "same_numbers": ran["numbers"] == now["numbers"],
    }


def classes(study: Study) -> list[str]:
    """Classes of evidence that the study's products belong to."""
    products = [arm.product or study.product for arm in study.arms]
    return list(dict.fromkeys(BY_SOURCE.get(each.source, CAR_NK) for each in products))


def scores(study: Study) -> list[Row]:
    """Log scores of model and null over held-out counts, by table and class of evidence.

    Those of the study's own class come first.
    """
    found = []
    for name, words in TABLES.items():
        rows = _held_out(name)
        if rows is None:
            continue
        for each in rows["evidence_class"].unique(maintain_order=True):
            of_class = rows.filter(pl.col("evidence_class") == each)
            mine = of_class.filter(pl.col("study") == study.name)
            found.append(
                {
                    "table": name,
                    "words": words,
                    "evidence_class": each,
                    "own_class": each in classes(study),
                    "trials": of_class["study"].n_unique(),
                    "counts": of_class.height,
                    "model": float(of_class["log_score"].sum()),
                    "null": float(of_class["log_score_null"].sum()),
                    "here": mine.height,
                    "model_here": float(mine["log_score"].sum()),
                    "null_here": float(mine["log_score_null"].sum()),
                }
            )
    return sorted(found, key=lambda row: not row["own_class"])


def behind(found: list[Row]) -> list[Row]:
    """The scores of the study's own class that do not beat the null, level ones among them."""
    return [row for row in found if row["own_class"] and row["model"] <= row["null"] + LEVEL]


def _held_out(name: str) -> pl.DataFrame | None:
    """The scored rows of a table; None if the library has none such yet."""
    if not (FOLDER / f"{name}.csv").is_file():
        return None
    rows = table(name).drop_nulls(["log_score", "log_score_null"])
    if "role" in rows.columns:
        rows = rows.filter(pl.col("role") == "held out")
    named = "evidence_class" in rows.columns
    return rows if named else rows.with_columns(evidence_class=pl.lit(CAR_NK))


def risk(influence: str | None, consequence: str | None) -> str | None:
    """Model risk: influence and consequence weigh the same; None where one is not declared."""
    if influence is None or consequence is None:
        return None
    return RISKS[LEVELS.index(influence) + LEVELS.index(consequence)]


def _code(record: Record, stage: Stage) -> Row:
    """Every oracle that ships with the solver, and both engines on this study, asked now."""
    rows = []
    for i, row in enumerate(shipped()):
        stage("oracles", i, i + 2)
        rows.append(row)
    rows.append(engines_agree(record.study))
    groups = {row.group: [each for each in rows if each.group == row.group] for row in rows}
    return {
        "groups": [
            {"group": name, "holding": sum(r.holds is True for r in members), "asked": len(members)}
            for name, members in groups.items()
        ],
        "failing": [asdict(row) for row in rows if row.holds is False],
        "not_asked": [asdict(row) for row in rows if row.holds is None],
        "engines": rows[-1].found,
        "code": identity()["code"],
    }


def _calculation(record: Record) -> Row:
    manifest = record.manifest
    return {
        **manifest["solver"],
        "failed": len(record.failed),
        "patients_done": manifest["patients_done"],
        "failures_by_reason": manifest["failures_by_reason"],
    }


def not_identified() -> list[str]:
    """Fitted numbers that the calibration data do not narrow."""
    return [name for name, number in load().items() if "not identified" in number.at]


def validation(study: str) -> Row | None:
    """Published quantities beside predictions, misses first; None if there is no table yet."""
    if not (FOLDER / "validation.csv").is_file():
        return None
    rows = [
        {"evidence_class": CAR_NK} | row | {"says": verdict(row)}
        for row in table("validation").to_dicts()
    ]
    verdicts = "validation_verdicts"
    there = (FOLDER / f"{verdicts}.csv").is_file()
    about = read_yaml(FOLDER / "validation.about.yaml").get("meaning")
    return {
        "made": str(about.value) if about else "",
        "rows": sorted(rows, key=lambda row: _order(row, study)),
        "verdicts": table(verdicts).to_dicts() if there else [],
    }


def verdict(row: Row) -> str:
    """What a row of the table of validation says of the model.

    missed: the intervals of prediction and observation lie apart; outside: they meet, but the
    observed value lies outside the predictive interval; not judged: there is no interval.
    """
    if row["overlap"] not in ("yes", "no"):
        return "not judged"
    seen, low, high = row["observed"], row["predicted_low"], row["predicted_high"]
    inside = seen is None or ((low is None or low <= seen) and (high is None or seen <= high))
    return "missed" if row["overlap"] == "no" else "inside" if inside else "outside"


def _order(row: Row, study: str) -> tuple[bool, int, float]:
    """Held out before calibration; misses first, what agrees last; the largest error first.

    Among equals the study's own rows.
    """
    place = ("missed", "outside", "not judged", "inside").index(row["says"])
    error = abs(row["standardized_error"] or 0.0)
    return row["role"] != "held out", place, -error - (1e-6 if row["study"] == study else 0.0)


def _sensitivity(record: Record, jobs: int, stage: Stage) -> Sensitivity | None:
    """The run's own analysis, made now where there is none; None for a run that was stopped."""
    place = record.folder / "sensitivity"
    found = read_sensitivity(place)
    if found is not None or not record.complete:
        return found
    text = (record.folder / "study.yaml").read_text(encoding="utf-8")
    patients = min(QUICK_PATIENTS, record.study.patients)
    asked = Asked(record.study, runs=QUICK_RUNS, patients=patients)
    made = analyze(asked, text, jobs, stage)
    write_sensitivity(made, text, place)
    return made


def _moved(record: Record, found: Sensitivity) -> Row:
    """The analysis, and whether it is of this very study, seed, code and numbers."""
    wanted = {"study_sha256": record.manifest["study_sha256"], "seed": record.manifest["seed"]}
    wanted |= {key: identity()[key] for key in ("code", "numbers")}
    other = [key for key, value in wanted.items() if found.facts.get(key) != value]
    return {"facts": found.facts, "rows": found.rows, "differs_in": other}


def limits(record: Record) -> list[str]:
    """What to bear in mind, out of the run and of the library."""
    found = []
    told = scores(record.study)
    if behind(told):
        found.append("On held-out trials the model does not beat a null that knows no biology.")
    for each in classes(record.study):
        if each not in {row["evidence_class"] for row in told}:
            found.append(f"There is no held-out trial of {each}: nothing tests the model on it.")
    if names := not_identified():
        found.append(f"Calibration does not identify {', '.join(names)}: their ranges are priors.")
    if warning := opening.interrupted(record):
        found.append(warning)
    if warning := few(record):
        found.append(warning)
    if record.failed:
        found.append(f"{len(record.failed)} patients failed and are left out of every figure.")
    doubt = shares(record.numbers, record.sensitivity)
    found.append(
        f"{doubt['assumed']} of {doubt['numbers']} numbers are assumed and {doubt['unread']} rest "
        "on a source that nobody has opened for them; ranges are mostly judgments."
    )
    return [
        *found,
        "Plausible worlds are 100 draws: bands at 95 % rest on a few of them, and numbers without "
        "a range are the same in all.",
        "The form of the model is one of many; no other form was set beside it, so its error is in "
        "no interval here.",
        "The table of validation was made by the version that it names; it is not made anew here.",
        "There is no overall survival, no infection and no comorbidity in the model.",
    ]
