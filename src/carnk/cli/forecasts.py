"""`trials forecast`: what was predicted, by what, and what it was worth."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..base import Problem, SpecError
from .printing import ADVICE, csv_text, is_csv, json_text, wrapped, write

if TYPE_CHECKING:
    from ..evidence.forecast import Forecast, Score

NULL = (
    "The null is the rate of all CAR-NK reports that were read on the day of the forecast. A log"
    " score nearer to 0 is better."
)

NONE = dict.fromkeys(
    ("events", "patients", "log_score", "log_score_null", "covered", "covered_null", "source"), ""
)


def forecast(  # noqa: PLR0913, PLR0917
    study_id: Annotated[str, typer.Argument(metavar="[ID]", help="Only of this trial.")] = "",
    seen: Annotated[str, typer.Option(help="What the trial saw, as 9/20: score against it.")] = "",
    outcome: Annotated[str, typer.Option(help="response, complete_response, crs ...")] = "response",
    run: Annotated[
        Path | None, typer.Option(help="Make a forecast from this run folder and keep it.")
    ] = None,
    disease: Annotated[str, typer.Option(help="Only these of the run, as dlbcl,cll.")] = "",
    differs: Annotated[str, typer.Option(help="How the trial departs from the study.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")] = False,
    form: Annotated[str, typer.Option("--format", help="text or csv.")] = "text",
    out: Annotated[Path | None, typer.Option(help="Write to a file instead.")] = None,
) -> None:
    """Show predictions for trials that have not reported, and score those that have.

    Example: carnk trials forecast NCT05950334 --seen 9/20
    """
    from ..evidence.forecast import forecasts_for

    found: Sequence[Forecast]
    if run is not None:
        found = (_made(study_id, run, outcome, disease, differs),)
    else:
        found = forecasts_for(study_id, outcome if seen else "")
    if as_json:
        write(json_text(_rows(found, seen)), out)
    elif is_csv(form):
        write(csv_text(_rows(found, seen)), out)
    else:
        write("\n".join(_lines(found, seen)) + "\n", out)


def _made(trial: str, run: Path, outcome: str, disease: str, differs: str) -> "Forecast":
    """Make a forecast from a run folder, and keep it with the user's own."""
    from ..evidence.forecast import keep, make
    from ..report.forecast_runs import identity
    from ..report.predictions import predicted

    if not trial:
        raise SpecError(Problem("forecast", "no trial is named", "Write its id, as NCT05950334."))
    diseases = tuple(filter(None, (part.strip() for part in disease.split(","))))
    found = predicted(run, outcome, diseases)
    new = make(trial, (found.law.a, found.law.b), identity(found), differs)
    keep(new)
    return new


def _lines(found: "Sequence[Forecast]", seen: str) -> list[str]:
    """Return forecasts as text, each with its score where there is a result."""
    from ..evidence.results import OUTCOMES

    told = [f"{len(found)} forecast{'' if len(found) == 1 else 's'} of registered trials"]
    for each in found:
        told += ["", *wrapped(f"{each.trial}  {OUTCOMES[each.outcome]}")]
        rate = f"predicted {100 * each.mean:.0f} %, null {100 * each.null:.0f} %"
        if each.planned.isdigit():
            low, high = each.counts(int(each.planned))
            rate += f"; {low} to {high} of {each.planned} planned patients"
        told += wrapped(rate, "    ")
        run = (
            f"{each.made}, {each.study} with carnk {each.carnk}, {each.patients:,} virtual"
            f" patients, seed {each.seed}; study {each.study_sha256},"
            f" outcomes {each.outcomes_sha256}, forecast {each.sha256}"
        )
        told += wrapped(run, "    ", "      ")
        told += wrapped(f"differs: {each.differs}", "    ", "      ") if each.differs else []
        told += wrapped(_scored(_score(each, seen)), "    ", "      ")
    return [*told, "", *wrapped(NULL), ADVICE]


def _rows(found: "Sequence[Forecast]", seen: str) -> list[dict[str, str]]:
    """Return forecasts as rows, with empty cells where there is no result."""
    from dataclasses import asdict

    listed = []
    for each in found:
        score = _score(each, seen)
        after = {key: str(value) for key, value in asdict(score).items()} if score else dict(NONE)
        own = {key: str(value) for key, value in asdict(each).items()}
        own["virtual_patients"] = own.pop("patients")
        listed.append({**own, "sha256": each.sha256, "predicted": f"{each.mean:.4f}",
                       "null": f"{each.null:.4f}", **after})  # fmt: skip
    return listed


def _score(each: "Forecast", seen: str) -> "Score | None":
    from ..evidence.forecast import score, scored

    if not seen:
        return scored(each)
    events, _, patients = seen.partition("/")
    if not (events.strip().isdigit() and patients.strip().isdigit()):
        raise SpecError(Problem("--seen", f"'{seen}' is not a count", "Write it as 9/20."))
    return score(each, int(events), int(patients), "as given")


def _scored(score: "Score | None") -> str:
    if score is None:
        return "no result was read"
    inside = {True: "inside", False: "outside"}
    return (
        f"seen {score.events} of {score.patients} ({score.source}): log score {score.log_score:.2f}"
        f" and {inside[score.covered]} the 95 % interval; null {score.log_score_null:.2f} and"
        f" {inside[score.covered_null]}"
    )
