"""The credibility page of a run, out of its machine facts, in the order of FDA's guidance."""

import json
from pathlib import Path
from typing import Any

from ..base import write_text_atomic
from ..library import references
from ..study.global_sensitivity import Sensitivity
from . import sensitivity, validation_rows
from .credibility_facts import LEVEL, LEVELS, RISKS, behind
from .numerals import count, listed, number, percent, plural, powers, signed, span, unit
from .rendering import render
from .sections import uncertainty
from .words import sentence

Row = dict[str, Any]
GUIDANCE = "fda2023credibility"
MOVED_SHOWN = 15
TITLES = {
    "question": "Question of interest",
    "context": "Context of use",
    "risk": "Model risk",
    "code": "Code verification",
    "calculation": "Calculation verification",
    "validation": "Calibration and validation",
    "uncertainty": "Uncertainty",
    "sensitivity": "Sensitivity",
    "numbers": "Numbers that are unread or assumed",
    "limits": "Known limits",
    "reading": "Reading list",
}
CATEGORIES = (  # of the guidance, and where this page or project has something for each
    ("Code verification results", "code", "asked anew for this page"),
    ("Model calibration evidence", "validation", "counts that numbers were fitted to or set from"),
    ("Bench test validation results", "", "killing in wells: docs/killing_results.md, not here"),
    ("In vivo validation results", "", "none: no animal data are used"),
    ("Population-based validation results", "validation", "held-out trials"),
    ("Emergent model behavior", "", "none was tested"),
    ("Model plausibility", "numbers", "the source of every number; equations are in report.html"),
    ("Calculation verification and uncertainty", "calculation", "this run, and the sections after"),
)
LEAVE = ("study_sha256", "seed", "code", "numbers")
SAID = dict(zip(LEAVE, ("another study file", "another seed", "other code", "other numbers")))


def write_credibility(folder: Path, found: Row) -> Path:
    """Write credibility.html into a run folder from its facts, whole or not at all."""
    path = folder / "credibility.html"
    write_text_atomic(path, page(found))
    return path


def facts_text(found: Row) -> str:
    """The facts as JSON."""
    return json.dumps(found, indent=1, allow_nan=False) + "\n"


def page(found: Row) -> str:
    """The whole page as text, out of the facts alone."""
    moved = found["sensitivity"]
    guidance = references()[GUIDANCE]
    return render(
        "credibility.html",
        run=found["run"],
        scores=[_score(each) for each in found["score"]],
        declared=found["declared"],
        risk=_risk(found),
        levels=LEVELS,
        titles=TITLES,
        categories=CATEGORIES,
        code=found["code_verification"],
        calculation=_calculation(found["calculation_verification"]),
        calibration=_calibration(found["calibration"]),
        validation=found["validation"]
        and validation_rows.shown(found["validation"], found["classes"]),
        uncertainty=uncertainty.shown(found["uncertainty"]),
        sensitivity=moved
        and sensitivity.content(Sensitivity(moved["rows"], moved["facts"]), MOVED_SHOWN)
        | {"other": listed([SAID[each] for each in moved["differs_in"]])},
        numbers=_numbers(found["numbers"]),
        limits=found["limits"],
        reading=[_reading(each) for each in found["reading_list"]],
        guidance={"cite": guidance.fields["title"], "url": guidance.url},
        version=found["run"]["carnk"],
    )


def _score(each: Row) -> Row:
    """One comparison with a null as a sentence."""
    ahead = each["model"] - each["null"]
    better = ahead > LEVEL
    verb = "beats" if better else "does not beat" if ahead < -LEVEL else "is level with"
    detail = (
        f"{sentence(each['words'])}: {plural(each['counts'], 'count')} of "
        f"{plural(each['trials'], 'trial')}, log score {number(each['model'])} against "
        f"{number(each['null'])}; nearer to 0 is better."
    )
    if each["here"]:
        here = f"{number(each['model_here'])} against {number(each['null_here'])}"
        detail += f" This study's own trial: {here}."
    return {
        "verdict": f"{each['evidence_class']}: the model {verb} the null.",
        "detail": detail,
        "kind": "good" if better else "bad",
        "table": each["table"],
    }


def _risk(found: Row) -> Row:
    """Model risk in words, and what follows from the score."""
    declared = found["declared"]
    risk = declared["risk"]
    ground = ""
    if behind(found["score"]) and risk is not None and RISKS.index(risk) > 0:
        ground = (
            f"The model risk is {risk}, and on held-out trials the model does not beat a null that "
            "knows no biology. This page gives no ground to rest a decision on it."
        )
    cells = [
        (influence, consequence, RISKS[i + j])
        for i, influence in enumerate(LEVELS)
        for j, consequence in enumerate(LEVELS)
    ]
    here = (declared["influence"], declared["consequence"])
    rows = [
        (level, [(risk, (i, j) == here) for i, j, risk in cells if i == level]) for level in LEVELS
    ]
    return {"risk": risk, "ground": ground, "rows": rows}


def _calculation(each: Row) -> Row:
    difference = each["largest_difference_at_half_tolerance"]
    return {
        "method": each["method"],
        "rtol": number(each["rtol"]),
        "difference": None if difference is None else number(difference, 2),
        "patients": count(each["patients_done"]),
        "failed": plural(each["failed"], "patient"),
        "reasons": list(each["failures_by_reason"].items()),
    }


def _calibration(each: Row) -> Row:
    names = [f"{name}" for name in each["not_identified"]]
    return {"relation": each["relation"], "names": names}


def _numbers(each: Row) -> Row:
    return {
        "unread": each["unread"],
        "assumed": each["assumed"],
        "numbers": each["numbers"],
        "share": percent(each["share"]),
        "of_effects": percent(each["share_of_effects"]),
    }


def _reading(each: Row) -> Row:
    return each | {
        "value": f"{number(each['value'])} {unit(each['unit'])}".strip(),
        "range": f"{span(each['low'], each['high'])} {unit(each['unit'])}".strip(),
        "effect": number(each["effect"], 2),
        "arm": powers(each["arm"]),
        "ends": f"{signed(each['effect_low'])} at low, {signed(each['effect_high'])} at high",
        "total": "" if each["total"] is None else f"{each['total']:.2f}".replace("-", "−"),
    }
