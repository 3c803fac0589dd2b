"""What a finished run predicts, as a law that can be written down, hashed and scored later."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from ..base import Problem, SpecError, did_you_mean
from ..study.result import Result
from ..study.summary import LABELS, Prediction, happened, predict


@dataclass(frozen=True)
class Predicted:
    """The beta law of an outcome's rate in a run, and which run it is.

    study, patients, seed, carnk are of its run.json, the hashes of study.yaml and outcomes.csv.
    """

    outcome: str
    law: Prediction
    study: str
    patients: int
    seed: int
    carnk: str
    study_sha256: str
    outcomes_sha256: str


def predicted(
    folder: Path, outcome: str, diseases: tuple[str, ...] = (), arm: str = ""
) -> Predicted:
    """Read what a run predicts for an outcome, of some diseases and one arm where asked.

    The best response counts, as trials report it. SpecError for an unknown outcome, disease or arm,
    or a folder that holds no finished run.
    """
    if outcome not in LABELS:
        do = did_you_mean(outcome, LABELS) or f"There are {', '.join(LABELS)}."
        raise SpecError(Problem("--outcome", f"'{outcome}' is not predicted", do))
    if not (folder / "run.json").is_file():
        what = "there is no run.json in this folder"
        raise SpecError(Problem(str(folder), what, "Name a folder that `carnk run` has written."))
    run = Result(folder)
    chosen = run.outcomes
    for name, wanted in (("disease", diseases), ("arm", (arm,) if arm else ())):
        there = chosen[name].unique().sort().to_list()
        unknown = [each for each in wanted if each not in there]
        if unknown:
            do = did_you_mean(unknown[0], there) or f"There are {', '.join(there)}."
            raise SpecError(Problem(name, f"'{unknown[0]}' is not in the run", do))
        if wanted:
            chosen = chosen.filter(pl.col(name).is_in(list(wanted)))
    law = predict(happened(chosen, outcome, None), chosen["world"].to_numpy())
    manifest = run.manifest
    return Predicted(
        outcome, law, manifest["study"], manifest["patients"], manifest["seed"], manifest["carnk"],
        manifest["study_sha256"], manifest["output_sha256"]["outcomes.csv"],
    )  # fmt: skip


def last_seen(folder: Path) -> tuple[float, float, float]:
    """Median, 5th and 95th percentile over patients of the last day with detectable cells."""
    days = Result(folder).outcomes["tlast_day"].to_numpy().astype(float)
    middle, low, high = np.nanquantile(days, (0.5, 0.05, 0.95))
    return float(middle), float(low), float(high)
