"""A run folder read back: the study, the manifest and only those columns that the report shows."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from ..base import Problem, SpecError
from ..domain import Study
from ..library import Reference, references
from ..study.bands import SCHEMA as BANDS
from ..study.folder import study_of
from .numerals import plural

TEXT = ("arm", "disease")
VALUES = (
    "cmax_per_ul", "tmax_day", "auc_0_28d", "half_life_day", "tlast_day", "detected_day_15",
    "detected_day_365", "response", "complete_response", "best_response",
    "best_complete_response", "progression_day", "peak_il6", "crs_grade", "icans", "gvhd",
)  # fmt: skip
INTENDED = ("treated", "wait_day", "b_cell_recovery_day")  # that paired studies read too
COURSES = ("car_per_ul", "copies_per_ug", "tumor", "il15", "il6", "b_cells")
VERIFIED = ("measured", "fitted", "derived", "borrowed")
ENOUGH = 5  # patients in a world, for an interval over worlds
Row = dict[str, Any]


@dataclass(frozen=True)
class Record:
    """What a run left behind; `outcomes` holds the patients whose simulation succeeded."""

    study: Study
    manifest: Row
    outcomes: pl.DataFrame
    numbers: list[Row]
    sensitivity: list[Row]
    folder: Path

    @property
    def complete(self) -> bool:
        """Whether every patient that was asked for was simulated."""
        return bool(self.manifest["complete"])

    @property
    def failed(self) -> dict[str, str]:
        """Reasons by patient."""
        return dict(self.manifest["failed"])

    @cached_property
    def courses(self) -> pl.DataFrame:
        """Courses of the sampled patients; no rows when none were kept."""
        path = self.folder / "courses.parquet"
        if not path.is_file():
            return pl.DataFrame(schema={"patient": pl.Int64, "arm": pl.String, "day": pl.Float64})
        table = pl.read_parquet(path, columns=["patient", "arm", "day", *COURSES])
        return table.filter(pl.col("tumor").is_not_nan())

    @cached_property
    def bands(self) -> pl.DataFrame:
        """Bands of the courses over worlds and within them; no rows when they were not made."""
        path = self.folder / "bands.csv"
        if not path.is_file():
            return pl.DataFrame(schema=BANDS)
        table = pl.read_csv(path, schema=BANDS)
        return table.filter(pl.col("median").is_not_nan())

    @property
    def patients(self) -> int:
        """Patients whose simulation succeeded; in a trial each has a row for every arm."""
        return int(self.manifest["patients_done"]) - len(self.failed)

    @cached_property
    def trial(self) -> Row | None:
        """What trial.json says of the study's trial; None without one."""
        path = self.folder / "trial.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    def of_arm(self, arm: str) -> pl.DataFrame:
        """Outcomes of one arm."""
        return self.outcomes.filter(pl.col("arm") == arm)

    def of_disease(self, disease: str) -> pl.DataFrame:
        """Outcomes of one disease."""
        return self.outcomes.filter(pl.col("disease") == disease)

    def number(self, number_id: str) -> Row | None:
        """One number of the run, or None if it was not used."""
        return next((row for row in self.numbers if row["id"] == number_id), None)

    @cached_property
    def cited(self) -> dict[str, Reference]:
        """The references of the study, of what was observed and of every number, by key."""
        keys = set(self.study.references) | {seen.source for seen in self.study.observed}
        keys |= {row["source"] for row in self.numbers if row["source"]}
        known = references()
        return {key: known[key] for key in sorted(keys) if key in known}


def read(folder: Path) -> Record:
    """Read a run folder; SpecError if it is none."""
    if not (folder / "run.json").is_file():
        do = "Name a folder that 'carnk run' wrote."
        raise SpecError(Problem(folder.name or "report", "is not the folder of a run", do))
    manifest = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    numbers = rows_of(folder / "numbers.csv", ("value", "low", "high"))
    sensitivity = rows_of(folder / "sensitivity.csv", ("low", "high", "effect_low", "effect_high"))
    study = study_of(folder)
    outcomes = _outcomes(folder, study.paired)
    return Record(study, manifest, outcomes, numbers, sensitivity, folder)


def few(record: Record) -> str:
    """The warning that intervals over worlds need several patients in each."""
    patients, worlds = record.patients, record.outcomes["world"].n_unique()
    if record.outcomes.is_empty() or patients >= ENOUGH * worlds:
        return ""
    return (
        f"{plural(patients, 'patient')} in {plural(worlds, 'plausible world')} are too few to tell "
        "chance from uncertainty, so the 95 % intervals are rough. Run 1,000 or more."
    )


def unverified(row: Row) -> bool:
    """Whether a number rests on an assumption or on a source nobody has opened for it."""
    return row["basis"] == "assumed" or (row["basis"] in VERIFIED and row["checked"] != "read")


def unverified_line(rows: list[Row]) -> str:
    """The sentence that every report carries."""
    count = sum(unverified(row) for row in rows)
    return f"{count} of {len(rows)} numbers rest on unread or assumed sources"


def _outcomes(folder: Path, paired: bool) -> pl.DataFrame:
    types: dict[str, Any] = dict.fromkeys(TEXT, pl.Categorical) | {"world": pl.Int32}
    types |= dict.fromkeys(VALUES, pl.Float32)
    types |= dict.fromkeys(INTENDED, pl.Float32) if paired else {}
    types |= {"patient": pl.Int64} if paired else {}
    table = pl.read_csv(folder / "outcomes.csv", columns=list(types), schema_overrides=types)
    return table.filter(pl.col("progression_day").is_not_nan())


def rows_of(path: Path, numeric: tuple[str, ...]) -> list[Row]:
    """Rows of a small table with empty text for nothing; none if the run did not write it."""
    if not path.is_file():
        return []
    table = pl.read_csv(path, infer_schema=False)
    given = [pl.col(name).cast(pl.Float64) for name in numeric if name in table.columns]
    kept = [pl.col(name).fill_null("") for name in table.columns if name not in numeric]
    return table.select(*kept, *given).to_dicts()
