"""The trial: which dose the designs choose, what shared lots change, how long it takes."""

from typing import Any

from ..numerals import (
    NONE,
    SPACE,
    count,
    listed,
    number,
    percent,
    percents,
    plural,
    powers,
    signed,
)
from ..record import Record, Row
from ..strips import SHARES, SMALL_TICKS, share_axis
from ..words import sentence

KINDS = (("shared", "shared lots"), ("independent", "independent patients"))
TOXICITIES = {"crs": "CRS of grade {crs} or higher", "icans": "ICANS of grade {icans} or higher",
              "gvhd": "GvHD of grade 2 or higher"}  # fmt: skip
JUDGED = (
    ("right", "Chose the right dose"),
    ("too_high", "Chose too high a dose"),
    ("too_low", "Chose too low a dose or none"),
    ("optimal", "Chose the lowest dose on the plateau"),
    ("any_toxicity", "Saw at least one DLT"),
)


def content(record: Record) -> dict[str, Any]:
    """Plain lists for the template; `schedules` is empty when the run holds no trial."""
    trial = record.trial
    if trial is None:
        return {"schedules": [], "setting": {}}
    setting = trial["setting"]
    return {
        "setting": _setting(setting),
        "schedules": [_schedule(each, setting) for each in trial["schedules"]],
        "several": len(trial["schedules"]) > 1,
        "error": number(100 * _error(trial["schedules"]), 1),
        "against": _schedules(trial["schedules"]),
        "differences": [_difference(each, trial["schedules"]) for each in trial["differences"]],
        "answers": answers(trial),
    }


def answers(trial: Row) -> list[str]:
    """The trial in a few sentences: choice, plateau, shared lots, schedules."""
    schedules = trial["schedules"]
    return [
        *(_chosen(each, len(schedules) > 1) for each in schedules),
        *_lots_answer(schedules[0], trial["setting"]),
        *(_schedule_answer(each) for each in trial["differences"]),
    ]


def _chosen(each: Row, several: bool) -> str:
    highest = powers(each["arms"][-1])
    where = f"On {each['name']}: " if several else ""
    key = f"dose {len(each['arms']) - 1}"
    chosen = [
        f"{rule['name']} in {share(rule['shared']['share'][key]['mean'])}" for rule in each["rules"]
    ]
    lower = sum(float(row["optimal"]) for row in each["truth"][:-1])
    return (
        f"{where}{highest} is chosen by {listed(chosen)} of trials; a lower dose is on the plateau "
        f"of response in {share(lower)} of plausible worlds."
    )


def _lots_answer(each: Row, setting: Row) -> list[str]:
    """How many more patients shared lots ask for, on the first schedule."""
    none = each["bound"]["rows"][0]
    if none["shared"] is None:
        return []
    lots = plural(each["patients_per_lot"], "patient")
    alone = none["independent"]
    return [
        f"To exclude a toxicity of {percent(setting['bound'])} takes {none['shared']} patients "
        f"without DLT from lots of {lots}, not {alone}: with {alone} the error is "
        f"{percent(none['wrong'])} instead of 5{SPACE}%."
    ]


def _schedule_answer(each: Row) -> str:
    level = each["levels"][-1]
    gains = [f"{name} {_points(level[name])}" for name in ("response", "toxicity")]
    return (
        f"{sentence(each['name'])} against {each['against']}, at the highest dose in the same "
        f"patients: {listed(gains)} percentage points."
    )


def _points(part: Row) -> str:
    low, high = signed(100 * part["low"]), signed(100 * part["high"])
    return f"{signed(100 * part['mean'])} ({low} to {high})"


def _difference(each: Row, schedules: list[Row]) -> Row:
    arms = next(s["arms"] for s in schedules if s["name"] == each["name"])
    base = next(s["arms"] for s in schedules if s["name"] == each["against"])
    rows = [
        (f"{powers(a)} against {powers(b)}", _points(level["response"]), _points(level["toxicity"]))
        for a, b, level in zip(arms, base, each["levels"])
    ]
    return {"title": f"{sentence(each['name'])} against {each['against']}", "rows": rows}


def _error(schedules: list[Row]) -> float:
    """Two standard errors of the least exact share of trials."""
    shares = [
        part["error"]
        for each in schedules
        for rule in each["rules"]
        for kind, _ in KINDS
        for part in rule[kind]["share"].values()
    ]
    return 2 * float(max(shares))


def limiting(setting: Row) -> str:
    """What counts as a dose-limiting toxicity, in words."""
    grades = {"crs": setting["crs_grade"], "icans": setting["icans_grade"]}
    named = [TOXICITIES[name].format(**grades) for name in setting["counts"]]
    return f"{listed(named, 'or')} within {number(setting['window_days'])} days"


def _setting(setting: Row) -> Row:
    people = setting["population"]
    made = people["worlds"] * people["lots"] * people["members"]
    return {
        "trials": count(setting["trials"]),
        "patients": count(setting["patients"]),
        "limiting": limiting(setting),
        "target": percent(setting["target"]),
        "margin": number(100 * setting["margin"]),
        "bound": percent(setting["bound"]),
        "response_day": number(setting["response_day"]),
        "doses": plural(setting["lot_doses"], "infusion"),
        "failure": percent(setting["lot_failure"]),
        "lot_days": number(setting["lot_days"]),
        "arrival": number(setting["arrival_days"]),
        "sentinel": number(setting["sentinel_days"]),
        "window": number(setting["window_days"]),
        "made": count(made),
        "worlds": people["worlds"],
        "lots": people["lots"],
        "members": people["members"],
        "replaced": people["replaced"],
        "left_out": people["left_out"],
    }


def _schedule(each: Row, setting: Row) -> Row:
    arms = [powers(name) for name in each["arms"]]
    return {
        "name": each["name"],
        "arms": arms,
        "per_lot": plural(each["patients_per_lot"], "patient"),
        "infusions": each["infusions"],
        "truth": [_truth(name, row) for name, row in zip(arms, each["truth"])],
        "choices": [_choices(rule, arms) for rule in each["rules"]],
        "rules": [_rule(rule, arms) for rule in each["rules"]],
        "lots": [_lot(name, row) for name, row in zip(arms, each["lots"])],
        "design_effect": number(1 + (each["patients_per_lot"] - 1) * _worst(each), 3),
        "bound": _bound(each["bound"]),
        "short": [(a, percent(s)) for a, s in zip(arms, each["short"]) if s > 0],
        "highest": arms[-1],
    }


def _worst(each: Row) -> float:
    return float(each["lots"][-1]["toxicity"]["correlation"])


def _truth(name: str, row: Row) -> Row:
    def chance(part: Row) -> tuple[str, str]:
        return percent(part["mean"]), percents(part["low"], part["high"])

    return {
        "name": name,
        "toxicity": chance(row["toxicity"]),
        "response": chance(row["response"]),
        "right": share(row["right"]),
        "optimal": share(row["optimal"]),
    }


def share(value: float) -> str:
    """A share that can be none: of worlds or of simulated trials."""
    return "0" if value == 0 else percent(value)


def _choices(rule: Row, arms: list[str]) -> Row:
    """The chance of choosing each dose, as a small figure."""
    named = [(f"dose {i}", name) for i, name in enumerate(arms)] + [("none", "no dose")]
    rows = []
    for key, name in named:
        part = rule["shared"]["share"][key]
        hint = f"{share(part['mean'])} of trials; plausible worlds {_span(part)}"
        marks = [SHARES.bar("world", part["low"], part["high"], hint)]
        marks.append(SHARES.dot("predicted", part["mean"], hint))
        rows.append(
            {"name": name, "marks": marks, "text": share(part["mean"]), "range": _span(part)}
        )
    return {"title": f"{rule['name']} chooses", "rows": rows, "ticks": SMALL_TICKS}


def _span(part: Row) -> str:
    return percents(part["low"], part["high"]) if part["high"] > 0 else "0"


def _rule(rule: Row, arms: list[str]) -> Row:
    days = rule["calendar"]["days"]
    shared = rule["shared"]
    return {
        "name": rule["name"],
        "judged": [
            (label, *(share(rule[kind]["share"][key]["mean"]) for kind, _ in KINDS))
            for key, label in JUDGED
        ],
        "by_dose": [
            (name, number(assigned, 2), number(given, 2), number(toxic, 2), number(answered, 2))
            for name, assigned, given, toxic, answered in zip(
                arms, shared["assigned"], shared["patients"], shared["toxic"], shared["responses"]
            )
        ],
        "treated": number(shared["treated"], 3),
        "days": number(days["median"]),
        "days_range": f"{number(days['low'])}–{number(days['high'])}",
        "spent": [number(rule["calendar"][k], 2) for k in ("arrivals", "windows", "lots")],
        "reasons": [(row["reason"], share(row["share"])) for row in rule["reasons"]],
        "cohorts": [
            (
                i,
                share(row["trials"]),
                [share(each) for each in row["doses"]],
                number(row["patients"], 3),
                number(row["toxic"], 2),
            )
            for i, row in enumerate(rule["cohorts"], 1)
        ],
        "describe": rule["describe"].splitlines(),
    }


def _lot(name: str, row: Row) -> Row:
    cells = []
    for part in (row["toxicity"], row["response"]):
        correlation = f"{number(part['correlation'], 2)} ± {number(part['error'], 1)}"
        cells.append((correlation, number(part["ratio"], 3)))
    return {"name": name, "cells": cells}


def _bound(bound: Row) -> Row:
    rows = [
        (
            row["events"],
            row["independent"] or NONE,
            row["shared"] or NONE,
            "–".join(str(end or NONE) for end in row["shared_ends"]),
            percent(row["wrong"]),
            percent(row["passes_independent"]),
            percent(row["passes_shared"]),
        )
        for row in bound["rows"]
    ]
    return {
        "correlation": f"{number(bound['correlation'], 2)} ± {number(bound['error'], 1)}",
        "rows": rows,
    }


def _schedules(schedules: list[Row]) -> list[Row]:
    """Schedules against each other, dose by dose in the order of levels."""
    axis, ticks = share_axis(max(r["response"]["high"] for s in schedules for r in s["truth"]))
    toxic, toxic_ticks = share_axis(
        max(r["toxicity"]["high"] for s in schedules for r in s["truth"])
    )
    figures = []
    for key, title, on, marks_at in (
        ("response", "Response", axis, ticks),
        ("toxicity", "Dose-limiting toxicity", toxic, toxic_ticks),
    ):
        rows = []
        for each in schedules:
            for name, truth in zip(each["arms"], each["truth"]):
                part = truth[key]
                text, span = percent(part["mean"]), percents(part["low"], part["high"])
                hint = f"{text}, 95 % of plausible worlds {span}"
                marks = [on.bar("world", part["low"], part["high"], hint)]
                marks.append(on.dot("predicted", part["mean"], hint))
                rows.append({"name": powers(name), "marks": marks, "text": text, "range": span})
        figures.append({"title": title, "rows": rows, "ticks": marks_at})
    return figures
