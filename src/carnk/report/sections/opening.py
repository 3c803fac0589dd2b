"""The first lines: is the model better than nothing, what was asked, and the main answers."""

from typing import Any

import polars as pl

from ...domain import Product, Regimen, Rescue, Study
from ...library import table
from ...library.table import FOLDER
from ...study import read as read_study
from ...study.products import is_t
from ..chances import Chance, chance
from ..numerals import count, days, listed, number, percent, plural, powers, quantity, span
from ..record import Record, few, unverified_line
from ..words import (
    ARMORS,
    COUNTS,
    DELIVERIES,
    DISEASES,
    DOSE_UNITS,
    EDITS,
    PAYLOADS,
    SOURCES,
    SWITCHES,
    sentence,
    words,
)

OVER_ALL = "Each tile is a mean or median over all arms and diseases."
OVER_ARMS = "Each tile is a mean over the patients of one arm."
CALIBRATION = "marin2024"  # the built-in study to whose trial the model is calibrated
CALIBRATION_T = "zuma1"  # and the one for CAR-T cells


def content(record: Record) -> dict[str, Any]:
    """Title, warnings, the question, its facts and the main answers."""
    study = record.study
    return {
        "title": study.title or study.name,
        "about": study.about,
        "heldout": heldout(study.name),
        "calibration": calibration(study),
        "interrupted": interrupted(record),
        "few": few(record),
        "question": question(record),
        "facts": _facts(record),
        "tiles": _tiles(record),
        "over": OVER_ARMS if study.is_comparison else OVER_ALL,
        "unverified": unverified_line(record.numbers),
        "worlds": record.outcomes["world"].n_unique(),
    }


def heldout(study: str = "") -> dict[str, str] | None:
    """How the model does on trials it was not calibrated to; None where no test was made yet."""
    every = heldout_rows()
    rows = None if every is None else every.drop_nulls(["log_score", "log_score_null"])
    if rows is None or rows.is_empty():
        return None
    model, null = float(rows["log_score"].sum()), float(rows["log_score_null"].sum())
    mine = rows.filter(pl.col("study") == study)
    here = f" This trial alone: {_scores(mine)}." if len(mine) else ""
    better = model > null
    verb = "beats" if better else "does not beat"
    trials = plural(rows["study"].n_unique(), "held-out trial")
    return {
        "verdict": f"On {trials} the model {verb} the pooled rate for everyone.",
        "detail": (
            f"Total log score of {plural(rows.height, 'published count')}: {_scores(rows)}; "
            f"nearer to 0 is better.{here}"
        ),
        "kind": "good" if better else "bad",
    }


def heldout_rows() -> pl.DataFrame | None:
    """The library's table of held-out predictions, if there is one."""
    return table("heldout") if (FOLDER / "heldout.csv").is_file() else None


def _scores(rows: pl.DataFrame) -> str:
    model, null = float(rows["log_score"].sum()), float(rows["log_score_null"].sum())
    return f"model {number(model)}, pooled rate {number(null)}"


def calibration(study: Study) -> str:
    """What agreement with this study's trial is worth, when the model was calibrated to it."""
    base = read_study(CALIBRATION)
    if study.registry and study.registry == base.registry:
        return (
            f"This trial ({study.registry}) is the one the model is calibrated to. "
            "Agreement with it is no test of the model."
        )
    if is_t(study):
        return _calibration_t(study)
    mine, theirs = study.product, base.product
    same = (mine.source, mine.construct.target, mine.construct.armor) == (
        theirs.source,
        theirs.construct.target,
        theirs.construct.armor,
    )
    if same:
        return (
            "The product is of the kind the model is calibrated to (Marin 2024). "
            "Agreement is a weak test."
        )
    return ""


def _calibration_t(study: Study) -> str:
    """What is known of CAR-T cells in the model; the line on held-out trials is of CAR-NK."""
    if study.registry == read_study(CALIBRATION_T).registry:
        return (
            f"This trial ({study.registry}) is the one to which CAR-T killing is calibrated. "
            "Agreement with it is no test of the model."
        )
    return (
        "The line above is of CAR-NK trials. CAR-T killing is calibrated to ZUMA-1 alone; how "
        "other CAR-T trials are predicted is told by carnk validate."
    )


def interrupted(record: Record) -> str:
    """The warning of a run that was stopped."""
    if record.complete:
        return ""
    done, asked = record.manifest["patients_done"], record.manifest["patients"]
    return (
        f"This run was interrupted: {count(done)} of {count(asked)} patients were simulated. "
        "The numbers below are of those; what moves the outcome was not computed."
    )


def question(record: Record) -> str:
    """One sentence that says what was asked."""
    study = record.study
    first = study.arms[0].regimen.infusion
    total = sum(study.diseases.values())
    named = [(words(name, DISEASES), share / total) for name, share in study.diseases.items()]
    shares = [f"{percent(share)} {name}" for name, share in named]
    who = listed(shares) if len(named) > 1 else named[0][0]
    patients = plural(record.manifest["patients"], "virtual patient")
    if study.is_comparison:
        arms = listed([powers(arm.name) for arm in study.arms], "and")
        each = "each of them in every arm" if study.paired else "each in one arm"
        return (
            f"How do {arms} compare in {patients} ({who}), {each}, over {number(study.days)} days?"
        )
    return (
        f"What happens to {patients} ({who}) in the {number(study.days)} days after "
        f"{powers(study.product.name)}, {_doses(study)} {words(first.counts, COUNTS)}?"
    )


def _doses(study: Study) -> str:
    doses, schedules = [], []
    for arm in study.arms:
        infusion = arm.regimen.infusion
        doses.append(number(infusion.amount) + ("/kg" if infusion.per == "kg" else ""))
        schedules.append(days(infusion.days))
    distinct = list(dict.fromkeys(doses))
    when = list(dict.fromkeys(schedules))
    return f"given on {listed(when, 'or')} at {listed(distinct, 'or')}"


def _facts(record: Record) -> list[tuple[str, list[str]]]:
    study, manifest = record.study, record.manifest
    named = [f"{powers(arm.name)}: {_regimen(arm.regimen)}" for arm in study.arms]
    shared = list(dict.fromkeys(_drugs(arm.regimen) for arm in study.arms))
    drugs = shared if len(shared) == 1 else [
        f"{powers(arm.name)}: {_drugs(arm.regimen)}" for arm in study.arms
    ]  # fmt: skip
    run = [
        f"{count(manifest['patients_done'])} of {count(manifest['patients'])} patients, "
        f"{plural(len(record.failed), 'failure')}",
        f"seed {manifest['seed']}, carnk {manifest['carnk']}",
    ]
    facts = [
        *_products(study),
        ("Infusions", named),
        ("Other drugs", drugs),
        ("Run", run),
    ]
    return [(term, [sentence(line) for line in lines if line]) for term, lines in facts]


def _products(study: Study) -> list[tuple[str, list[str]]]:
    """The product and its construct; of a comparison one line for each arm."""
    if not study.is_comparison:
        product = study.product
        named = [powers(product.name), words(product.source, SOURCES)]
        return [("Product", named), ("Construct", _construct(product))]
    lines = []
    for arm in study.arms:
        product = arm.product or study.product
        parts = [words(product.source, SOURCES), *_construct(product)]
        given = [f"{name} {number(each.value)}" for name, each in arm.numbers.items()]
        lines.append(f"{powers(arm.name)}: {', '.join([*parts, *given])}")
    return [("Products", lines)]


def _construct(product: Product) -> list[str]:
    made = product.construct
    parts = [f"CAR against {made.target}" + (f" ({made.domains})" if made.domains else "")]
    parts += [words(made.armor, ARMORS), words(made.switch, SWITCHES)]
    parts += [words(made.delivery, DELIVERIES)]
    parts += [words(each, PAYLOADS) for each in made.payloads]
    parts += [words(each, EDITS) for each in product.edits]
    if product.memory_like_fraction:
        parts.append(f"{percent(product.memory_like_fraction)} memory-like")
    return parts


def _regimen(regimen: Regimen) -> str:
    infusion = regimen.infusion
    per = "/kg" if infusion.per == "kg" else " flat"
    text = f"{number(infusion.amount)} cells{per}, {days(infusion.days)}"
    text = text if infusion.amount else "no cells"
    if regimen.rescue is not None:
        text += f"; {_rescue(regimen.rescue)} when IL-6 passes"
        text += f" {quantity(regimen.rescue.il6, 'pg/mL')}"
    return text


def _rescue(rescue: Rescue) -> str:
    amounts = {
        "tocilizumab": quantity(rescue.tocilizumab, "mg/kg"),
        "dexamethasone": quantity(rescue.dexamethasone, "mg"),
        "rimiducid": quantity(rescue.rimiducid, "mg/kg"),
    }
    given = [f"{drug} {amount}" for drug, amount in amounts.items() if getattr(rescue, drug)]
    return listed(given, "and") if given else "no drug"


def _drugs(regimen: Regimen) -> str:
    given = [
        f"{drug.drug} {number(drug.amount)} {DOSE_UNITS[drug.per]}, {days(drug.days)}"
        for drug in regimen.drugs
    ]
    return "; ".join(given) or "none"


def _tiles(record: Record) -> list[dict[str, str]]:
    """The main answers of the whole study: value, what it is, and how sure the model is."""
    everyone, day = record.outcomes, record.study.response_day
    if everyone.is_empty():
        return []
    if record.study.is_comparison:
        return _tiles_by_arm(record)
    asked: list[tuple[str, Chance | None]] = [
        (f"respond on day {number(day)}", chance(everyone, "response", day)),
        (f"in complete response on day {number(day)}", chance(everyone, "complete_response", day)),
        ("have CRS of any grade", chance(everyone, "crs")),
    ]
    tiles = [
        {"value": each.text, "what": what, "range": f"plausible worlds: {each.interval}"}
        for what, each in asked
        if each is not None
    ]
    peak = everyone["cmax_per_ul"]
    low, median, high = (peak.quantile(q, "linear") for q in (0.05, 0.5, 0.95))
    tiles.append(
        {
            "value": number(median, 2),
            "what": "CAR-positive cells per µL of blood at the peak (median)",
            "range": f"90 % of patients, all worlds: {span(low, high)}",
        }
    )
    return tiles


def _tiles_by_arm(record: Record) -> list[dict[str, str]]:
    """The best response of every arm."""
    found = [(arm.name, chance(record.of_arm(arm.name), "response")) for arm in record.study.arms]
    return [
        {
            "value": each.text,
            "what": f"respond at best: {powers(name)}",
            "range": f"plausible worlds: {each.interval}",
        }
        for name, each in found
        if each is not None
    ]
