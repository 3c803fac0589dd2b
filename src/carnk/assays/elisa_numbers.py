"""What an ELISA gives to other rooms: one number of the library, or the samples one by one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..base import NumberError, Problem, SpecError, convert
from ..library import Number, Spread, load
from .distributions import t_quantile
from .elisa import Elisa


@dataclass(frozen=True)
class Concentration:
    """ln concentration of one undiluted sample, with its standard error and 95 % interval."""

    sample: str
    log: float
    error: float
    low: float
    high: float


def numbers_of(
    found: Elisa, analyte: str, number_id: str, names: Mapping[str, str], sha256: str
) -> tuple[tuple[Number, ...], str]:
    """Numbers for a number file, and a note: why there are none, or how to use them.

    number_id: the library's number that the samples measure. The value is then the geometric mean,
    its range the 95 % interval of that mean between samples, and the spread the samples' own
    without the assay's error; of one sample it is the sample's own. Without number_id every sample
    is a number under a name of its own.
    """
    samples = concentrations(found)
    every = {m.wells.sample for m in found.measured if m.wells.role == "sample"}
    out = every - {each.sample for each in samples}
    at = f"plate sha256 {sha256}"
    if not number_id:
        made = (_alone(each, analyte, names[each.sample], found.unit, at) for each in samples)
        return tuple(made), "rename an id to the library's that it measures, or give --number"
    known = load()
    if number_id not in known:
        known.number(number_id)
    if not samples or out:
        what = f"{len(out)} of {len(out) + len(samples)} samples are out of range"
        return (), f"no number: {what}, and leaving them out would bias a mean"
    if len(samples) == 2:
        return (), "no number: two samples do not tell how samples differ; measure three or more"
    return (_together(samples, known[number_id], found.unit, at),), ""


def concentrations(found: Elisa) -> list[Concentration]:
    """Every sample within range: of its dilution series where it has one."""
    t = t_quantile(0.95, found.curve.freedom)
    series = {d.sample: d for d in found.dilutions}
    made: dict[str, Concentration] = {}
    for m in found.measured:
        sample = m.wells.sample
        if m.wells.role != "sample" or not m.is_in_range or sample in made:
            continue
        if d := series.get(sample):
            made[sample] = Concentration(sample, math.log(d.concentration), d.error, d.low, d.high)
            continue
        log, error = math.log(m.concentration), m.estimate.se
        low = m.low if m.low > 0 else math.exp(log - t * error)
        high = m.high if math.isfinite(m.high) else math.exp(log + t * error)
        made[sample] = Concentration(sample, log, error, low, high)
    return list(made.values())


def _alone(each: Concentration, analyte: str, name: str, unit: str, at: str) -> Number:
    words = re.sub(r"[^a-z0-9]+", "_", f"elisa {analyte} {name}".lower()).strip("_")
    return Number(
        words, math.exp(each.log), unit, f"{analyte} in sample {name}, by ELISA", "measured",
        (each.low, each.high), at=at,
    )  # fmt: skip


def _together(samples: Sequence[Concentration], known: Number, unit: str, at: str) -> Number:
    logs = np.array([each.log for each in samples])
    errors = np.array([each.error for each in samples])
    middle, spread = float(logs.mean()), None
    if logs.size > 1:
        half = t_quantile(0.95, logs.size - 1) * float(logs.std(ddof=1)) / math.sqrt(logs.size)
        low, high = middle - half, middle + half
        between = float(logs.var(ddof=1)) - float((errors**2).mean())
        if between > 0:
            spread = Spread("lognormal_cv", math.sqrt(math.expm1(between)))
    else:
        low, high = math.log(samples[0].low), math.log(samples[0].high)
    try:
        value, low, high = (convert(math.exp(v), unit, known.unit) for v in (middle, low, high))
    except NumberError as error:
        raise SpecError([Problem("--number", p.what, p.do) for p in error.problems]) from None
    meaning = f"Geometric mean of {logs.size} sample{'s' * (logs.size > 1)} by ELISA"
    return Number(
        known.id, value, known.unit, meaning, "measured", (low, high), spread, at=at
    )  # fmt: skip
