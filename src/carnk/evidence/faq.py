"""Plain answers for patients: nine questions, what to ask a team, warnings, one disease."""

from dataclasses import dataclass

from ..library import table
from .diseases import Disease, ontology
from .query import find, rows
from .results import CAR_NK
from .snapshot import snapshot
from .store import values
from .versus import Option, block, options

ADVICE = "Information, not medical advice."
NO_APPROVAL = "No CAR-NK treatment was approved in anything we read up to August 2026."
SHOWN = ("response", "complete_response")


@dataclass(frozen=True)
class Answer:
    """One question with its answer, what is known and not known, and the claims behind it."""

    id: str
    question: str
    answer: str
    known: str
    unknown: str
    claims: tuple[str, ...]
    dated: str

    @property
    def text(self) -> str:
        """All that a reader reads."""
        return f"{self.question} {self.answer} {self.known} {self.unknown}"


@dataclass(frozen=True)
class AboutDisease:
    """What there is for one disease: studies, what was seen, approved choices; in plain words."""

    disease: Disease
    trials: str
    seen: tuple[str, ...]
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Faq:
    """The whole of it, with the date of the counts."""

    date: str
    answers: tuple[Answer, ...]
    ask: tuple[str, ...]
    warn: tuple[str, ...]
    about: AboutDisease | None


def faq(disease: str = "") -> Faq:
    """Return the answers, and one disease's state where asked; DataError where it is unknown."""
    named = ontology().named(disease) if disease.strip() else None
    counts = _counts()
    answers = []
    for row in table("faq").to_dicts():
        words = {key: str(row[key]).format(**counts) for key in ("answer", "known", "unknown")}
        claims = tuple(str(row["claims"]).split("; "))
        answers.append(
            Answer(
                id=row["id"], question=row["question"], claims=claims, dated=row["dated"], **words
            )
        )
    lists = table("faq_lists").to_dicts()
    ask, warn = (tuple(row["text"] for row in lists if row["kind"] == k) for k in ("ask", "warn"))
    return Faq(counts["date"], tuple(answers), ask, warn, _about(named) if named else None)


def _counts() -> dict[str, str]:
    of = snapshot()
    counted, every = rows(of), rows(of, everything=True)

    def having(field: str, value: str) -> str:
        return str(sum(value in values(row, field) for row in counted))

    return {
        "date": of.date,
        "trials": str(len(counted)),
        "doubtful": str(len(every) - len(counted)),
        "recruiting": having("status", "RECRUITING"),
        "china": having("country", "China"),
        "solid": having("disease_class", "solid"),
        "autoimmune": having("disease_class", "autoimmune"),
    }


def _about(disease: Disease) -> AboutDisease:
    found = find(disease.name).hits
    open_ = find(disease.name, recruiting=True).hits
    own = sum(hit.fit != "broader" for hit in found)
    trials = (
        f"We found {len(found)} listed studies that take {disease.name}: {own} name it or a kind of"
        f" it, {len(found) - own} a wider group. {len(open_)} said they were taking patients."
    )
    return AboutDisease(disease, trials, tuple(_seen(disease)), options(disease))


def _seen(disease: Disease) -> list[str]:
    """What was seen after CAR-NK in this disease: counts where they are known, else in words."""
    told = []
    for outcome, what in zip(SHOWN, ("got better", "had no sign of it left")):
        for line in block(CAR_NK, outcome, disease).lines:
            if line.fit == "broader":
                continue
            seen, study = line.seen, line.report.name
            mark = " (not read in the source)" if seen.unread else ""
            interval = seen.interval
            if seen.events is None or interval is None:
                told.append(f"{study}: {seen.stated} {what}. How many people is not told{mark}.")
                continue
            low, high = (f"{100 * end:.0f}" for end in interval)
            told.append(
                f"{study}: {seen.events} of {seen.patients} people {what}{mark}. With so few people"
                f" the true rate may be as low as {low} % or as high as {high} %."
            )
    return told
