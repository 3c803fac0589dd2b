"""Read a PEtab problem, version 1, with all its tables; everything wrong is told at once."""

from __future__ import annotations

import io
from collections.abc import Sequence
from math import inf, isfinite, nan
from pathlib import Path

import polars as pl

from ...base import DataError, Node, Problem, SpecError, did_you_mean, read_text, read_yaml
from ...solver.sbml_read import read_sbml
from ..infix import Formula, parse
from .problem import (
    DISTRIBUTIONS,
    PLACEHOLDER,
    PRIORS,
    SCALES,
    Measurement,
    Observable,
    Parameter,
    Petab,
)

LARGEST_BYTES = 50_000_000
TOP = ("format_version", "parameter_file", "problems", "extensions")
PART = (
    "sbml_files", "condition_files", "measurement_files", "observable_files", "visualization_files",
    "model_files", "mapping_files",
)  # fmt: skip
OF_PARAMETER = (
    "parameterId", "parameterName", "parameterScale", "lowerBound", "upperBound", "nominalValue",
    "estimate", "initializationPriorType", "initializationPriorParameters", "objectivePriorType",
    "objectivePriorParameters",
)  # fmt: skip
OF_OBSERVABLE = (
    "observableId", "observableName", "observableFormula", "observableTransformation",
    "noiseFormula", "noiseDistribution",
)  # fmt: skip
OF_MEASUREMENT = (
    "observableId", "preequilibrationConditionId", "simulationConditionId", "measurement", "time",
    "observableParameters", "noiseParameters", "datasetId", "replicateId",
)  # fmt: skip
Row = dict[str, str]


def read_petab(path: Path) -> Petab:
    """Read a problem.yaml with its files.

    Raises SpecError and DataError with all problems, what is not supported among them.
    """
    top = read_yaml(path)
    problems = list(top.unknown_keys(TOP))
    part = _part(top, problems)
    files = {key: _files(path, part, key, problems) for key in PART if part}
    files["parameter_file"] = _files(path, top, "parameter_file", problems)
    for key in ("parameter_file", "sbml_files", "measurement_files", "observable_files"):
        if not files.get(key):
            problems.append(top.problem(f"'{key}' is missing"))
    if problems:
        raise SpecError(problems, path.name)
    model = read_sbml(files["sbml_files"][0])
    reader = _Tables()
    parameters = reader.parameters(files["parameter_file"])
    conditions = reader.conditions(files.get("condition_files", []))
    observables = reader.observables(files["observable_files"])
    measurements = reader.measurements(files["measurement_files"], observables, conditions)
    if reader.problems:
        raise DataError(reader.problems, path.name)
    return Petab(path.name, model, parameters, conditions, observables, tuple(measurements))


def _part(top: Node, problems: list[Problem]) -> Node | None:
    version = top.get("format_version")
    if version is None or str(version.value) not in ("1", "1.0", "1.0.0"):
        what = f"format_version '{version.value if version else ''}' is not supported"
        do = "Version 1 is; the tables of version 2 have to be converted."
        problems.append((version or top).problem(what, do))
    extensions = top.get("extensions")
    if extensions is not None and (extensions.fields or extensions.entries):
        problems.append(extensions.problem("extensions of PEtab are not supported", "Remove them."))
    listed = top.get("problems")
    entries = listed.entries if listed else []
    if len(entries) != 1:
        what = f"there are {len(entries)} problems; one can be fitted at a time"
        problems.append((listed or top).problem(what, "Write one file for each."))
        return None
    part = entries[0]
    problems += part.unknown_keys(PART)
    for key in ("model_files", "mapping_files"):
        if (node := part.get(key)) is not None and (node.fields or node.entries):
            problems.append(node.problem(f"'{key}' (PEtab 2) is not supported"))
    models = part.get("sbml_files")
    if models is not None and len(models.entries) > 1:
        problems.append(models.problem("one SBML file is needed, there are more"))
    return part


def _files(path: Path, node: Node | None, key: str, problems: list[Problem]) -> list[Path]:
    child = node.get(key) if node else None
    if child is None:
        return []
    names = [str(e.value) for e in child.entries] or ([str(child.value)] if child.value else [])
    found = [path.parent / name for name in names]
    problems += [child.problem(f"there is no file '{f.name}'") for f in found if not f.is_file()]
    return found


class _Tables:
    """Reads tables one after the other; problems are gathered."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, where: str, what: str, do: str = "") -> None:
        self.problems.append(Problem(where, what, do))

    def rows(
        self, path: Path, needed: Sequence[str], known: Sequence[str]
    ) -> list[tuple[str, Row]]:
        """(place, row) of every row; known: () if further columns have a meaning."""
        text = read_text(path, LARGEST_BYTES)
        try:
            frame = pl.read_csv(io.StringIO(text), separator="\t", infer_schema=False)
        except pl.exceptions.PolarsError as error:
            self.wrong(path.name, f"this is not a table with tabs: {str(error).splitlines()[0]}")
            return []
        for name in needed:
            if name not in frame.columns:
                self.wrong(f"{path.name}:1", f"the column '{name}' is missing")
        for name in frame.columns if known else ():
            if name not in known:
                self.wrong(f"{path.name}:1", f"the column '{name}' is not supported",
                           did_you_mean(name, known) or "Remove it.")  # fmt: skip
        if any(name not in frame.columns for name in needed):
            return []
        rows = frame.fill_null("").rows(named=True)
        clean = [{k: str(v).strip() for k, v in row.items()} for row in rows]
        return [(f"{path.name}:{i}", row) for i, row in enumerate(clean, 2)]

    def number(self, where: str, name: str, text: str, missing: float | None = None) -> float:
        if not text and missing is not None:
            return missing
        try:
            return float(text)
        except ValueError:
            self.wrong(f"{where}: {name}", f"'{text}' is not a number")
            return 1.0

    def word(self, where: str, name: str, text: str, allowed: Sequence[str]) -> str:
        word = text or allowed[0]
        if word not in allowed:
            listed = ", ".join(f"'{a}'" for a in allowed)
            self.wrong(f"{where}: {name}", f"'{word}' is not one of {listed}")
            return allowed[0]
        return word

    def parameters(self, files: Sequence[Path]) -> dict[str, Parameter]:
        found: dict[str, Parameter] = {}
        needed = ("parameterId", "parameterScale", "estimate")
        for path in files:
            for where, row in self.rows(path, needed, OF_PARAMETER):
                one = self.parameter(where, row)
                if one.id in found:
                    self.wrong(where, f"the parameter '{one.id}' stands twice")
                found[one.id] = one
        return found

    def parameter(self, where: str, row: Row) -> Parameter:
        scale = self.word(where, "parameterScale", row["parameterScale"], SCALES)
        estimate = self.word(where, "estimate", row["estimate"], ("0", "1")) == "1"
        lower, upper, nominal = (
            self.number(where, name, row.get(name, ""), nan)
            for name in ("lowerBound", "upperBound", "nominalValue")
        )
        if estimate and not (isfinite(lower) and isfinite(upper) and lower < upper):
            self.wrong(where, "an estimated parameter needs a lower bound below its upper bound")
        if estimate and scale != "lin" and not lower > 0:
            self.wrong(where, f"the lower bound {lower:g} has no logarithm")
        if not estimate and not isfinite(nominal):
            self.wrong(where, "a parameter that is not estimated needs a nominal value")
        started = row.get("initializationPriorType", "")
        if started not in ("", "uniform", "parameterScaleUniform"):
            what = f"starts are drawn evenly between bounds, not by '{started}'"
            self.wrong(f"{where}: initializationPriorType", what, "Remove it.")
        prior = self.prior(where, row)
        return Parameter(row["parameterId"], scale, lower, upper, nominal, estimate, prior)

    def prior(self, where: str, row: Row) -> tuple[str, tuple[float, ...]]:
        kind, text = row.get("objectivePriorType", ""), row.get("objectivePriorParameters", "")
        if not kind:
            return "", ()
        self.word(f"{where}", "objectivePriorType", kind, PRIORS)
        values = tuple(self.number(where, "objectivePriorParameters", t) for t in text.split(";"))
        if len(values) != 2:
            self.wrong(f"{where}: objectivePriorParameters", "two numbers 'a;b' are needed")
            return "", ()
        return kind, values

    def conditions(self, files: Sequence[Path]) -> dict[str, dict[str, float | str]]:
        found: dict[str, dict[str, float | str]] = {}
        for path in files:
            for where, row in self.rows(path, ("conditionId",), ()):
                name = row.pop("conditionId")
                row.pop("conditionName", None)
                if name in found:
                    self.wrong(where, f"the condition '{name}' stands twice")
                found[name] = {k: _number_or_name(v) for k, v in row.items()}
        return found

    def observables(self, files: Sequence[Path]) -> dict[str, Observable]:
        found: dict[str, Observable] = {}
        needed = ("observableId", "observableFormula", "noiseFormula")
        for path in files:
            for where, row in self.rows(path, needed, OF_OBSERVABLE):
                formula, noise = (
                    self.formula(f"{where}: {n}", row[n])
                    for n in ("observableFormula", "noiseFormula")
                )
                scale = self.word(where, "observableTransformation",
                                  row.get("observableTransformation", ""), SCALES)  # fmt: skip
                law = self.word(where, "noiseDistribution", row.get("noiseDistribution", ""),
                                DISTRIBUTIONS)  # fmt: skip
                if row["observableId"] in found:
                    self.wrong(where, f"the observable '{row['observableId']}' stands twice")
                found[row["observableId"]] = Observable(
                    row["observableId"], formula, noise, scale, law
                )
        return found

    def formula(self, where: str, text: str) -> Formula:
        try:
            return parse(text, where)
        except SpecError as error:
            self.problems += error.problems
            return parse("1", where)

    def measurements(
        self, files: Sequence[Path], observables: dict[str, Observable],
        conditions: dict[str, dict[str, float | str]],
    ) -> list[Measurement]:  # fmt: skip
        found = []
        needed = ("observableId", "simulationConditionId", "measurement", "time")
        for path in files:
            for where, row in self.rows(path, needed, OF_MEASUREMENT):
                if row["observableId"] not in observables:
                    what = f"'{row['observableId']}' is not an observable"
                    self.wrong(where, what, did_you_mean(row["observableId"], observables))
                    continue
                one = self.measurement(where, row, observables[row["observableId"]])
                for name in (one.condition, one.before):
                    if name and name not in conditions:
                        what = f"'{name}' is not a condition"
                        self.wrong(where, what, did_you_mean(name, conditions))
                found.append(one)
        if not found and not self.problems:
            self.wrong("measurements", "there are none")
        return found

    def measurement(self, where: str, row: Row, observable: Observable) -> Measurement:
        time = (
            inf
            if row["time"].lower() in ("inf", "infinity")
            else self.number(where, "time", row["time"])
        )
        if not time >= 0:
            self.wrong(f"{where}: time", f"{time:g} is not a time from 0 on")
        value = self.number(where, "measurement", row["measurement"])
        if observable.scale != "lin" and not value > 0:
            what = f"{value:g} has no logarithm, which the observable's transformation asks for"
            self.wrong(f"{where}: measurement", what)
        own = self.placeholders(where, row, observable)
        number = int(where.rsplit(":", 1)[1])
        return Measurement(
            observable.id, row.get("preequilibrationConditionId", ""), row["simulationConditionId"],
            time, value, own, number,
        )  # fmt: skip

    def placeholders(self, where: str, row: Row, observable: Observable) -> dict[str, float | str]:
        """Values of the placeholders of an observable, by their names."""
        own: dict[str, float | str] = {}
        names = (*observable.formula.names, *observable.noise.names)
        matched = [found for found in map(PLACEHOLDER.fullmatch, names) if found]
        for kind in ("observable", "noise"):
            text = row.get(f"{kind}Parameters", "")
            given = [_number_or_name(t.strip()) for t in text.split(";")] if text else []
            mine = [found for found in matched if found[1] == kind and found[3] == observable.id]
            count = max((int(found[2]) for found in mine), default=0)
            if len(given) != count:
                what = f"{len(given)} {kind}Parameters are given, the formulas have {count}"
                self.wrong(f"{where}: {kind}Parameters", what)
            own |= {f"{kind}Parameter{k}_{observable.id}": v for k, v in enumerate(given, 1)}
        return own


def _number_or_name(text: str) -> float | str:
    if not text:
        return nan
    try:
        return float(text)
    except ValueError:
        return text
