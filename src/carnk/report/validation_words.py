"""Words of a validation, from the rows of its table: shared by terminal, page and docs."""

from typing import Any

from .numerals import number
from .words import DISEASES, words

Row = dict[str, Any]
RATES = {
    "response": "Response", "complete_response": "CR", "crs": "CRS", "crs_grade_3": "CRS ≥3",
    "icans": "ICANS", "icans_grade_3": "ICANS ≥3", "gvhd": "GvHD", "pfs": "PFS",
    "detected_day_15": "Seen on day 15", "detected_day_365": "Seen on day 365",
}  # fmt: skip
EFFICACY = ("response", "complete_response", "pfs")
AMOUNTS = {
    "tmax_day": ("Tmax", "d"), "tlast_day": ("Tlast", "d"), "progression_day": ("PFS", "d"),
    "cmax_per_ul": ("Cmax", "/µL"), "cmax_copies": ("Cmax", "copies/µg"),
    "auc_0_28d": ("AUC0-28d", "d/µL"), "auc_copies": ("AUC0-28d", "d copies/µg"),
    "half_life_day": ("half-life", "d"),
    "peak_il6": ("peak IL-6", "pg/mL"),
}  # fmt: skip
LARGE = 1e4
FATES = ("apart", "outside", "inside", "meets", "not judged")
MEANING = {
    "apart": "the two intervals do not meet",
    "outside": "the intervals meet, but what was seen lies outside the 95 % of trials",
    "inside": "what was seen lies in the 95 % of trials",
    "meets": "a range without a middle that meets the prediction: weak, no bar or aim counts it",
    "not judged": "printed without n: no interval, not judged",
}
LEGEND = (
    "seen: share in % with its exact 95 % interval, or amount with its printed spread",
    "shrunk: share drawn toward reports of its class, design, outcome and scale; empty: none such",
    "predicted: mean share, or median amount, with the 95 % interval of trials of that size",
    "error: predicted less seen, over the combined standard deviation",
    "score, null: log of the chance given to the count, and that of the calibration trial's rate",
)


def fate(row: Row) -> str:
    """How prediction and observation lie to each other, one of FATES."""
    if row["overlap"] is None:
        return "not judged"
    if row["overlap"] == "no":
        return "apart"
    if row["observed"] is None:
        return "meets"
    inside = row["predicted_low"] <= row["observed"] <= row["predicted_high"]
    return "inside" if inside else "outside"


def is_miss(row: Row) -> bool:
    """Whether the prediction failed the row."""
    return fate(row) in FATES[:2]


def by_miss(rows: list[Row]) -> list[Row]:
    """Misses first, the largest standardized error first."""
    return sorted(rows, key=lambda r: (FATES.index(fate(r)), -abs(r["standardized_error"] or 0.0)))


def is_rate(row: Row) -> bool:
    """Whether it is a proportion of patients."""
    return row["outcome"] in RATES


def quantity(row: Row) -> str:
    """'Response d30', 'maximum Tlast'."""
    if is_rate(row):
        return RATES[row["outcome"]] + (f" d{row['day']:g}" if row["day"] is not None else "")
    statistic, _, column = row["outcome"].partition("_")
    return f"{statistic} {AMOUNTS[column][0]}"


def group(row: Row) -> str:
    """Diseases and arms of a row; empty for all."""
    diseases = [words(name, DISEASES) for name in (row["disease"] or "").split("; ") if name]
    return ", ".join([*diseases, *filter(None, (row["arm"] or "").split("; "))])


def unit(row: Row) -> str:
    """'%', or the unit of an amount."""
    return "%" if is_rate(row) else AMOUNTS[row["outcome"].partition("_")[2]][1]


def seen(row: Row) -> str:
    """'8/10 80 (44-97)', '38 (no n)', '1 d, n=86', '≤ 15 d, n=86', '3-14 d'."""
    low, high = row["observed_low"], row["observed_high"]
    if row["observed_events"] is not None:
        count = f"{row['observed_events']}/{row['observed_patients']}"
        return f"{count} {digits(row, row['observed'])} ({_span(row, low, high)})"
    value = "" if row["observed"] is None else digits(row, row["observed"])
    if is_rate(row):
        return f"{value} (no n)"
    if low is not None and high is not None:
        spread = _span(row, low, high)
        value = f"{value} ({spread})" if value else spread
    elif low is not None or high is not None:
        value = f"{'≤' if low is None else '≥'} {value}"
    patients = row["observed_patients"]
    return f"{value} {unit(row)}" + (f", n={patients}" if patients else "")


def predicted(row: Row) -> str:
    """'24 (0-90)', '0.5 (0.25-1)', in the unit of what was seen; words for no patients."""
    if row["predicted"] is None:
        return "no patients"
    middle = digits(row, row["predicted"])
    if is_rate(row) and row["predicted"] < 0.0005:
        middle = "<0.1"
    return f"{middle} ({_span(row, row['predicted_low'], row['predicted_high'])})"


def digits(row: Row, value: float) -> str:
    """A share in percent or an amount, in few digits: '4.6', '83', '2.3e5'."""
    if not is_rate(row):
        mantissa, _, power = f"{value:.1e}".partition("e")
        return number(value, 3) if value < LARGE else f"{float(mantissa):g}e{int(power)}"
    share = 100 * value
    return f"{share:.1f}" if 0 < share < 9.95 else f"{share:.0f}"


def signed(value: float | None) -> str:
    """'-1.7'; empty for nothing."""
    return "" if value is None else f"{round(value, 1) + 0.0:.1f}"


def score(value: float | None) -> str:
    """'-3.29'; empty for nothing."""
    return "" if value is None else f"{round(value, 2) + 0.0:.2f}"


def _span(row: Row, low: float, high: float) -> str:
    return f"{digits(row, low)}-{digits(row, high)}"


def verdict(bar: Row) -> str:
    """'holds', 'FAILS', 'met', 'NOT met', 'no rows'."""
    if bar["holds"] is None:
        return "no rows"
    known = ("holds", "FAILS") if bar["kind"] == "bar" else ("met", "NOT met")
    return known[0] if bar["holds"] == "yes" else known[1]


def wanted(bar: Row) -> str:
    """'at least 0.95', 'at most 1'."""
    ends = [f"at least {bar['least']:g}"] if bar["least"] is not None else []
    return " and ".join(ends + ([f"at most {bar['most']:g}"] if bar["most"] is not None else []))


def measured(bar: Row) -> str:
    """What was measured, in three digits."""
    return "-" if bar["measured"] is None else f"{bar['measured']:.3g}"


def tallies(rows: list[Row]) -> dict[str, str]:
    """By class of evidence: '5 of 61 missed (5 outside, 49 inside, 2 meets, 5 not judged)'."""
    found = {}
    for kind, mine in by_class(rows).items():
        fates = [fate(row) for row in mine]
        counts = ", ".join(f"{fates.count(each)} {each}" for each in FATES if each in fates)
        found[kind] = f"{sum(map(is_miss, mine))} of {len(mine)} missed ({counts})"
    return found


def by_class(rows: list[Row]) -> dict[str, list[Row]]:
    """Rows of every class of evidence."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["evidence_class"], []).append(row)
    return found


def by_reason(left: list[Row]) -> dict[str, list[Row]]:
    """What was left out, by reason, the most frequent first."""
    found: dict[str, list[Row]] = {}
    for each in left:
        found.setdefault(each["reason"], []).append(each)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))
