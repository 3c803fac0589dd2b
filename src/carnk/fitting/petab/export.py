"""Write a fit as a PEtab problem, version 1: the model, the data of all patients, fitted values.

PEtab has no differences between patients and no samples below a limit. All patients follow one
condition, as one typical patient; data that cannot be said in PEtab are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...base import Problem, SpecError
from ..mixed.result import Fit

NAME = re.compile(r"[A-Za-z_]\w*")
NOISE = {
    "lognormal": "{0}", "additive": "{0}", "proportional": "{0} * ({f})",
    "combined": "sqrt({0}^2 + ({1} * ({f}))^2)",
}  # fmt: skip
REACH = 4.0  # standard deviations of a prior to its bounds
CONDITION = "all"
PROBLEM = """format_version: 1
parameter_file: parameters.tsv
problems:
- sbml_files: [model.xml]
  condition_files: [conditions.tsv]
  measurement_files: [measurements.tsv]
  observable_files: [observables.tsv]
"""


@dataclass(frozen=True)
class Exported:
    """A model as SBML. names: of numbers there. formulas: of the offer's quantities there."""

    sbml: str
    names: Mapping[str, str]
    formulas: Mapping[str, str]

    def formula(self, text: str) -> str:
        """A formula of an output in the names of the SBML file."""
        known = {name: f"({each})" for name, each in self.formulas.items()} | dict(self.names)
        return NAME.sub(lambda found: known.get(found[0], found[0]), text)


def check_exportable(
    export: Callable[[], Exported] | None, below: int, doses: bool, covariates: bool
) -> None:
    """Refuse what a PEtab problem cannot say, before anything is fitted."""
    problems = []
    where = "--export-petab"
    if export is None:
        problems.append(Problem(where, "this model cannot be written as an SBML file with outputs"))
    if below:
        what = f"{below} samples lie beyond a limit, and PEtab 1 has no such measurements"
        problems.append(Problem(where, what, "Leave out --export-petab."))
    if doses:
        what = "the table has doses of its own, and PEtab 1 has none outside the model"
        problems.append(Problem(where, what, "Leave out --export-petab."))
    if covariates:
        problems.append(Problem(where, "PEtab has no covariates", "Leave them out."))
    if problems:
        raise SpecError(problems)


def write_problem(
    folder: Path, fit: Fit, exported: Exported, formulas: Sequence[str], fixed: Mapping[str, float]
) -> None:
    """Write problem.yaml and its tables into a folder; formulas: of the outputs, as in the plan."""
    texts = {
        "problem.yaml": PROBLEM,
        "model.xml": exported.sbml,
        "conditions.tsv": f"conditionId\n{CONDITION}\n",
        "parameters.tsv": _parameters(fit, exported, fixed),
        "observables.tsv": _observables(fit, exported, formulas),
        "measurements.tsv": _measurements(fit),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _table(rows: Sequence[Sequence[object]]) -> str:
    return "\n".join("\t".join(map(str, row)) for row in rows) + "\n"


def _parameters(fit: Fit, exported: Exported, fixed: Mapping[str, float]) -> str:
    population = fit.study.population
    head = "parameterId parameterScale lowerBound upperBound nominalValue estimate"
    rows: list[Sequence[object]] = [head.split()]
    middle, below, above = population.prior
    typical, _, _, _, errors = population.blocks
    places = [*range(typical.start, typical.stop), *range(errors.start, errors.stop)]
    for i in places:
        name = population.names[i]
        low, high = np.exp(middle[i] - REACH * below[i]), np.exp(middle[i] + REACH * above[i])
        value = float(np.exp(fit.found.theta[i]))
        shown = exported.names.get(name, name)
        rows.append((shown, "log", f"{low:.10g}", f"{high:.10g}", f"{value:.10g}", 1))
    for name, number in fixed.items():
        if name in exported.names:
            rows.append((exported.names[name], "lin", "", "", f"{number:.10g}", 0))
    return _table(rows)


def _observables(fit: Fit, exported: Exported, formulas: Sequence[str]) -> str:
    head = "observableId observableFormula noiseFormula observableTransformation noiseDistribution"
    rows: list[Sequence[object]] = [head.split()]
    population = fit.study.population
    for name, error, formula in zip(population.outputs, population.errors, formulas):
        sizes = [f"{part}{f'_{name}' if name else ''}" for part in error.parts]
        noise = NOISE[error.kind].format(*sizes, f=formula)
        scale = "log" if error.kind == "lognormal" else "lin"
        rows.append((_id(name), formula, noise, scale, "normal"))
    return _table(rows)


def _id(output: str) -> str:
    return f"output_{output}" if output else "output"


def _measurements(fit: Fit) -> str:
    head = "observableId simulationConditionId measurement time datasetId"
    rows: list[Sequence[object]] = [head.split()]
    data, outputs = fit.study.samples, fit.study.population.outputs
    for i, m in zip(*np.nonzero(data.used)):
        name = _id(outputs[data.output[i, m]])
        value, day = f"{data.low[i, m]:.10g}", f"{data.day[i, m]:.10g}"
        rows.append((name, CONDITION, value, day, f"patient_{i + 1}"))
    return _table(rows)
