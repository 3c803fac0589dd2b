"""Published results: what was seen in how many, by class of evidence, cohort and grading scale."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from math import ceil, floor

from ..base import DataError, Problem, SpecError, did_you_mean
from ..library import table
from .diseases import Disease, ontology
from .pooling import Pool, Range, exact, pool

CAR_NK, NK_92, NO_CAR = "CAR-NK", "CAR NK-92", "NK without CAR"
ALLOGENEIC, AUTOLOGOUS = "allogeneic CAR-T", "autologous CAR-T"
CLASSES = (CAR_NK, NK_92, NO_CAR, ALLOGENEIC, AUTOLOGOUS)
BY_SOURCE = {"autologous_t": AUTOLOGOUS, "allogeneic_t": ALLOGENEIC, "nk92": NK_92}  # else CAR_NK
OUTCOMES = {
    "response": "Response, complete or partial",
    "complete_response": "Complete response",
    "crs": "CRS, any grade",
    "crs_grade_3": "CRS, grade 3 or more",
    "icans": "Neurotoxicity, any grade",
    "icans_grade_3": "Neurotoxicity, grade 3 or more",
    "gvhd": "GvHD",
}
_COLUMNS = {  # outcome: count, percentage, patients counted among, scale
    "response": ("ORR_n", "ORR_pct", "n_evaluable", "response_scale"),
    "complete_response": ("CR_n", "CR_pct", "n_evaluable", "response_scale"),
    "crs": ("", "CRS_any_pct", "n_treated", "crs_scale"),
    "crs_grade_3": ("", "CRS_ge3_pct", "n_treated", "crs_scale"),
    "icans": ("", "ICANS_any_pct", "n_treated", "neurotoxicity_scale"),
    "icans_grade_3": ("", "ICANS_ge3_pct", "n_treated", "neurotoxicity_scale"),
    "gvhd": ("GvHD", "", "n_treated", "gvhd_scale"),
}
_COUNT = re.compile(r"(\d+)(?:/(\d+))?(?![\d.])")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?")
FIT = {"exact": 0, "narrower": 1, "broader": 2}


@dataclass(frozen=True)
class Seen:
    """One outcome of one report.

    events, patients: the count and its denominator; None where no denominator was given, and then
    there is no interval. least, most: the counts that print as the reported percentage, where only
    that was reported. stated: the percentage or words as reported. scale: empty where not found.
    unread, scale_unread: nobody has read the figure, or the scale, in the source.
    """

    outcome: str
    events: int | None
    patients: int | None
    least: int
    most: int
    stated: str
    scale: str
    unread: bool
    scale_unread: bool

    @property
    def interval(self) -> Range | None:
        """Exact interval, the widest over the counts that the reported percentage leaves open."""
        if self.events is None or not self.patients:
            return None
        return exact(self.least, self.patients)[0], exact(self.most, self.patients)[1]

    @property
    def text(self) -> str:
        """'8 of 11, 73 % (39-94 %)', '0 of 11 (0-28 %)', or the words of the report."""
        interval = self.interval
        if self.events is None or self.patients is None or interval is None:
            return f"{self.stated}, denominator not given"
        share = f", {percent(self.events / self.patients)} %" if self.events else ""
        low, high = (percent(end) for end in interval)
        return f"{self.events} of {self.patients}{share} ({low}-{high} %)"


@dataclass(frozen=True)
class Report:
    """One row of results with what it may be set beside; `row` holds the reported words."""

    id: str
    study: str
    product: str
    evidence_class: str
    cohort: str
    part: str
    design: str
    diseases: tuple[str, ...]
    unread: frozenset[str]
    duration_of_response: str
    afterwards: str
    row: dict[str, str] = field(hash=False)
    seen: dict[str, Seen] = field(hash=False)

    @property
    def name(self) -> str:
        """The cohort, and for an earlier cut or a subgroup of it which one."""
        if self.part == "whole":
            return self.cohort
        if self.part == "interim":
            return f"{self.study}, earlier cut"
        return f"{self.cohort}, {self.row['subgroup']}"

    def is_unread(self, name: str) -> bool:
        """Whether nobody has read this field of the row in its source."""
        return bool({"all", name} & self.unread)


@dataclass(frozen=True)
class Pooled:
    """Reports of one class, design, outcome and scale, pooled; one report for each cohort."""

    evidence_class: str
    design: str
    outcome: str
    scale: str
    scale_unread: bool
    reports: tuple[Report, ...]
    pool: Pool


@cache
def reports() -> tuple[Report, ...]:
    """Return all published reports, in the order of the table."""
    about = {str(row["row_id"]): row for row in table("reports").to_dicts()}
    return tuple(_report(row, about) for row in table("results").to_dicts())


def report(row_id: str) -> Report:
    """Return one report; DataError with the nearest id where there is none."""
    found = {each.id: each for each in reports()}
    if row_id not in found:
        what = f"'{row_id}' is not a row of results"
        raise DataError(Problem("results", what, did_you_mean(row_id, found)))
    return found[row_id]


def chosen(
    evidence_class: str, outcome: str, disease: Disease | None = None
) -> list[tuple[Report, str]]:
    """Return the reports of a class that state an outcome, one a cohort, with how each one fits.

    Of several reports that share patients the one of the disease asked for stands, then the
    largest. Without a disease, or where it is of a broader group, subgroups stand aside. The fit is
    'exact', 'narrower' or 'broader'. SpecError for an unknown class or outcome.
    """
    for name, value, known in (
        ("class", evidence_class, CLASSES),
        ("outcome", outcome, tuple(OUTCOMES)),
    ):
        if value not in known:
            do = did_you_mean(value, known) or f"There are {', '.join(known)}."
            raise SpecError(Problem(name, f"'{value}' is not known", do))
    best: dict[str, tuple[tuple[int, int, int], Report, str]] = {}
    for each in reports():
        if each.evidence_class != evidence_class or outcome not in each.seen:
            continue
        fit = _fit(each, disease)
        if not fit or (each.part == "part" and fit == "broader"):
            continue
        order = (FIT[fit], int(each.part == "part"), -(each.seen[outcome].patients or 0))
        if disease is None and each.part == "part":
            continue
        if each.cohort not in best or order < best[each.cohort][0]:
            best[each.cohort] = (order, each, fit)
    return [(each, fit) for _, each, fit in best.values()]


def pooled(found: Iterable[tuple[Report, str]], outcome: str) -> list[Pooled]:
    """Pool what may be pooled: of one class, design and stated scale, only figures that were read.

    Figures without a denominator, of a scale that was not found, or for a broader group than the
    disease asked for are left out.
    """
    groups: dict[tuple[str, str, str], list[Report]] = {}
    for each, fit in found:
        seen = each.seen[outcome]
        if seen.events is None or seen.unread or not seen.scale or fit == "broader":
            continue
        groups.setdefault((each.evidence_class, each.design, seen.scale), []).append(each)
    done = []
    for (kind, design, scale), members in groups.items():
        shown = [each.seen[outcome] for each in members]
        counts = tuple((s.events, s.patients) for s in shown if s.events is not None and s.patients)
        if len(counts) > 1:
            marked = any(s.scale_unread for s in shown)
            done.append(Pooled(kind, design, outcome, scale, marked, tuple(members), pool(counts)))
    return done


def percent(share: float) -> str:
    """'73', '4.2', '< 0.1': digits of a percentage."""
    if 0 < share < 0.001:
        return "< 0.1"
    return f"{100 * share:.1f}" if 0 < share < 0.0995 else f"{100 * share:.0f}"


def candidates(printed: str, patients: int) -> tuple[int, int] | None:
    """Least and most events among so many patients that print as a percentage, such as '48.6'.

    A range such as '70-80' takes in both ends. None where no count prints so: then the percentage
    has another denominator. DataError for what is no percentage.
    """
    match = _PERCENT.fullmatch(printed.strip())
    if match is None:
        raise DataError(Problem("percentage", f"'{printed}' is not one"))
    low, high = match[1], match[2] or match[1]
    half = [0.5 * 10.0 ** -len(text.partition(".")[2]) for text in (low, high)]
    slack = 1e-9 * patients
    least = max(ceil((float(low) - half[0]) / 100 * patients - slack), 0)
    most = min(floor((float(high) + half[1]) / 100 * patients + slack), patients)
    return (least, most) if least <= most else None


def _fit(each: Report, disease: Disease | None) -> str:
    return "exact" if disease is None else _how(each.diseases, disease.id)


@cache
def _how(names: tuple[str, ...], asked: str) -> str:
    """How diseases of a report fit the one asked for; empty where they do not."""
    known = ontology()
    mine = {known.named(name).id for name in names}
    narrower = set(known.children(asked))
    if asked in mine and mine <= {asked, *narrower}:
        return "exact"
    if mine <= narrower:
        return "narrower"
    return "broader" if mine & {asked, *known.parents(asked)} else ""


def _report(row: dict[str, object], about: dict[str, dict[str, object]]) -> Report:
    words = {key: _text(value) for key, value in row.items()}
    more = about[words["row_id"]]
    said = {key: _text(value) for key, value in more.items()}
    unread = frozenset(filter(None, said["unread"].split("; ")))
    seen = (_seen(outcome, words, said, unread) for outcome in OUTCOMES)
    return Report(
        id=words["row_id"],
        study=words["study"].partition(" doi:")[0],
        product=words["product"],
        evidence_class=said["evidence_class"],
        cohort=said["cohort"],
        part=said["part"],
        design=said["design"],
        diseases=tuple(said["disease"].split("; ")),
        unread=unread,
        duration_of_response=said["duration_of_response"],
        afterwards=said["afterwards"],
        row=words,
        seen={each.outcome: each for each in seen if each is not None},
    )


def _seen(
    outcome: str, row: dict[str, str], said: dict[str, str], unread: frozenset[str]
) -> Seen | None:
    of_count, of_percent, of_patients, of_scale = _COLUMNS[outcome]
    count, share = row.get(of_count, ""), row.get(of_percent, "")
    if not count and not share:
        return None
    patients = _whole(row[of_patients]) or _whole(row["n_treated"])
    plain = (share or count).replace(" [unread]", "")
    stated = f"{share} %" if _PERCENT.fullmatch(share) else plain
    marks = (bool({"all", outcome} & unread) or "[unread]" in count + share,
             bool({"all", of_scale} & unread))  # fmt: skip
    counted = _COUNT.match(count) if outcome == "gvhd" else _COUNT.fullmatch(count)
    if counted is not None and (patients or counted[2]):
        events, of = int(counted[1]), int(counted[2] or patients or 0)
        return Seen(outcome, events, of, events, events, stated, said[of_scale], *marks)
    open_ = candidates(share, patients) if patients and _PERCENT.fullmatch(share) else None
    if open_ is None:
        return Seen(outcome, None, None, 0, 0, stated, said[of_scale], *marks)
    events = _nearest(share, patients or 0, *open_)
    return Seen(outcome, events, patients, *open_, stated, said[of_scale], *marks)


def _nearest(share: str, patients: int, least: int, most: int) -> int:
    ends = [float(part) for part in share.split("-")]
    return min(max(round(sum(ends) / len(ends) / 100 * patients), least), most)


def _whole(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)
