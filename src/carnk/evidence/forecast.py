"""Predictions for registered trials that have not reported: dated, hashed, scored when they do.

A forecast is the beta law of a rate from a named study and version, and beside it a null: the rate
of all CAR-NK reports that were read on that day. Neither is changed afterwards; the hash tells.
"""

import csv
import hashlib
import io
import json
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, gammaln

from ..base import DataError, Problem, SpecError, did_you_mean, read_text, write_text_atomic
from ..library import table
from .query import show
from .results import CAR_NK, OUTCOMES, Report, chosen, reports
from .snapshot import user_folder

LEVEL = 0.95
HALF = 0.5  # of an event, added to each side of the null, so that it is never certain


@dataclass(frozen=True)
class Forecast:
    """One prediction: Beta(a, b) of the rate, and Beta(null_a, null_b) of the base rate.

    made: the day. study, study_sha256, outcomes_sha256, carnk, patients, seed: the run behind it.
    differs: how the trial departs from the study. planned: patients that the registry names.
    """

    trial: str
    outcome: str
    a: float
    b: float
    null_a: float
    null_b: float
    made: str
    study: str
    study_sha256: str
    outcomes_sha256: str
    carnk: str
    patients: int
    seed: int
    planned: str
    differs: str

    @property
    def sha256(self) -> str:
        """Hash of everything that is predicted, and by what."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def mean(self) -> float:
        """Predicted rate."""
        return self.a / (self.a + self.b)

    @property
    def null(self) -> float:
        """Base rate."""
        return self.null_a / (self.null_a + self.null_b)

    def counts(self, patients: int) -> tuple[int, int]:
        """Events between which a trial of so many patients should end, 95 % of the time."""
        return _between(self.a, self.b, patients)


@dataclass(frozen=True)
class Score:
    """What a forecast was worth: log of the chance given to what was seen, and coverage."""

    events: int
    patients: int
    log_score: float
    log_score_null: float
    covered: bool
    covered_null: bool
    source: str


def forecasts() -> tuple[Forecast, ...]:
    """Return the forecasts of the package and of the user; DataError where one was changed."""
    shipped = [{k: _plain(v) for k, v in row.items()} for row in table("forecasts").to_dicts()]
    return tuple(_checked(row, "forecasts.csv") for row in shipped) + _own()


def forecasts_for(trial: str = "", outcome: str = "") -> tuple[Forecast, ...]:
    """Return the forecasts of a trial and an outcome, or all; DataError where there is none."""
    every = forecasts()
    asked = trial.strip().upper()
    found = tuple(f for f in every if asked in ("", f.trial) and outcome in ("", f.outcome))
    if not found:
        what = f"there is none of {outcome or 'anything'} for '{trial or 'any trial'}'"
        do = did_you_mean(asked, sorted({each.trial for each in every}))
        raise DataError(Problem("forecast", what, do))
    return found


def make(trial: str, law: tuple[float, float], run: dict[str, Any], differs: str = "") -> Forecast:
    """Make a forecast of today from the beta law of a run and what identifies it.

    run: outcome, study, study_sha256, outcomes_sha256, carnk, patients, seed. DataError for a trial
    that is not registered in the snapshot, or that has reported the outcome already.
    """
    row = show(trial)
    outcome = run["outcome"]
    if outcome not in OUTCOMES:
        do = did_you_mean(outcome, OUTCOMES) or f"There are {', '.join(OUTCOMES)}."
        raise SpecError(Problem("--outcome", f"'{outcome}' is not seen in reports", do))
    if _published(row["id"], outcome) is not None:
        what = f"{row['id']} has reported {OUTCOMES[outcome].lower()}"
        raise DataError(Problem("forecast", what, "A forecast comes before the result."))
    null = base_rate(outcome)
    return Forecast(
        trial=row["id"], a=round(law[0], 6), b=round(law[1], 6), null_a=null[0], null_b=null[1],
        made=date.today().isoformat(), planned=row["enrollment"], differs=differs, **run,
    )  # fmt: skip


def base_rate(outcome: str) -> tuple[float, float]:
    """Beta law of the rate in all CAR-NK reports that were read, one for each cohort."""
    seen = [each.seen[outcome] for each, _ in chosen(CAR_NK, outcome)]
    read = [s for s in seen if s.events is not None and s.patients and not s.unread]
    events = sum(s.events or 0 for s in read)
    return events + HALF, sum(s.patients or 0 for s in read) - events + HALF


def keep(made: Forecast) -> Path:
    """Add a forecast to the user's own, whole or not at all, and return the file."""
    path = user_folder() / "forecasts.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text_atomic(path, as_csv([*_own(), made]))
    return path


def score(forecast: Forecast, events: int, patients: int, source: str = "") -> Score:
    """Score a forecast by what was seen; SpecError for an impossible count."""
    if not 0 <= events <= patients or not patients:
        raise SpecError(Problem("--seen", f"{events} of {patients} cannot be", "Write 5/12."))
    laws = (forecast.a, forecast.b), (forecast.null_a, forecast.null_b)
    inside = [low <= events <= high for low, high in (_between(*law, patients) for law in laws)]
    own, null = (float(_log_chance(*law, events, patients)) for law in laws)
    return Score(events, patients, own, null, inside[0], inside[1], source)


def scored(forecast: Forecast) -> Score | None:
    """Score a forecast by the published results; None while there are none that were read."""
    found = _published(forecast.trial, forecast.outcome)
    if found is None:
        return None
    report, events, patients = found
    return score(forecast, events, patients, f"{report.id}, {report.study}")


def _published(trial: str, outcome: str) -> tuple[Report, int, int] | None:
    """The report of a trial that states an outcome with its denominator, and was read."""
    for each in reports():
        seen = each.seen.get(outcome)
        if trial not in each.row["trial_id"].split("/") or each.part == "part" or seen is None:
            continue
        if seen.events is not None and seen.patients and not seen.unread:
            return each, seen.events, seen.patients
    return None


def _log_chance(a: float, b: float, events: ArrayLike, patients: int) -> NDArray[np.float64]:
    """Log of the beta-binomial chance of exactly so many events."""
    k = np.asarray(events, float)
    ways = gammaln(patients + 1) - gammaln(k + 1) - gammaln(patients - k + 1)
    return np.asarray(ways + betaln(k + a, patients - k + b) - betaln(a, b))


def _between(a: float, b: float, patients: int) -> tuple[int, int]:
    below = np.cumsum(np.exp(_log_chance(a, b, np.arange(patients + 1), patients)))
    tail = (1 - LEVEL) / 2
    low, high = (int(np.searchsorted(below, share)) for share in (tail, 1 - tail))
    return low, min(high, patients)


def _own() -> tuple[Forecast, ...]:
    path = user_folder() / "forecasts.csv"
    if not path.is_file():
        return ()
    try:
        rows = list(csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True))
    except csv.Error as error:
        raise DataError(Problem(str(path), f"this is not CSV: {error}")) from None
    return tuple(_checked(row, str(path)) for row in rows)


def _checked(row: dict[str, str], where: str) -> Forecast:
    try:
        typed: dict[str, Any] = {
            each.name: (each.type if callable(each.type) else str)(row[each.name])
            for each in fields(Forecast)
        }
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(Problem(where, f"a row is no forecast: {error}")) from None
    found = Forecast(**typed)
    if found.sha256 != row.get("sha256"):
        what = f"{found.trial} {found.outcome}: the row was changed after it was made"
        raise DataError(Problem(where, what, "Restore it; a forecast is never edited."))
    return found


def as_csv(every: list[Forecast]) -> str:
    """Return forecasts as the table that is kept, each with its hash."""
    stream = io.StringIO()
    names = [each.name for each in fields(Forecast)]
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*names, "sha256"])
    writer.writerows([*(getattr(each, name) for name in names), each.sha256] for each in every)
    return stream.getvalue()


def _plain(value: object) -> str:
    return "" if value is None else str(value)
