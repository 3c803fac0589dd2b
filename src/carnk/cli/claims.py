"""`claims`: what two review articles say, with a verdict and the evidence for and against."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .printing import ADVICE, UNREAD, csv_text, is_csv, is_page, json_text, wrapped, write

if TYPE_CHECKING:
    from ..evidence.claims import Claim, Evidence, Run

IN_FULL = 6  # claims that are printed with their evidence
ARTICLES = {"both": "both articles", "question": "asked of the field, in neither article"}


def claims(
    term: Annotated[str, typer.Argument(help="An id or words of a claim; all without.")] = "",
    cited: Annotated[
        bool, typer.Option("--references", help="The articles' 13 references, checked.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")] = False,
    form: Annotated[str, typer.Option("--format", help="text or csv.")] = "text",
    out: Annotated[Path | None, typer.Option(help="Write to a file; .html for a page.")] = None,
) -> None:
    """Show claims about CAR-NK: verdict, evidence for and against, grade, simulation beside it.

    Example: carnk claims "no GvHD"
    """
    if cited:
        return _references(as_json, form, out)
    from ..evidence.claims import claims as search

    found = search(term)
    if is_page(out) and out is not None:
        from ..report.evidence_pages import claims_page

        return write(claims_page(found), out)
    if as_json:
        return write(json_text([_flat(each) for each in found]), out)
    if is_csv(form):
        return write(csv_text([row for each in found for row in _rows(each)]), out)
    in_full = bool(term) and len(found) <= IN_FULL
    lines = _listed(found) if not in_full else [x for each in found for x in (*_full(each), "")]
    return write("\n".join([*lines, UNREAD, ADVICE]) + "\n", out)


def _listed(found: "tuple[Claim, ...]") -> list[str]:
    from ..evidence.claims import by_verdict

    tally = ", ".join(f"{n} {verdict}" for verdict, n in by_verdict(found).items() if n)
    lines = [*wrapped(f"{len(found)} claims of two review articles on CAR-NK: {tally}"), ""]
    lines.append(f"{'verdict':<13} {'certainty':<10} claim")
    for each in found:
        head = f"{each.verdict:<13} {each.grade:<10} "
        lines += wrapped(f"{each.claim} ({each.id})", head, " " * len(head))
    return [*lines, "", "`carnk claims ID` shows the evidence for and against.", ""]


def _full(each: "Claim") -> list[str]:
    where = ARTICLES.get(each.article, f"article {each.article}")
    lines = [f"{each.id} ({where}, {each.topic})", *wrapped(each.claim, "  "), ""]
    of = [each.design]
    of += [f"{each.patients:,} patients"] if each.patients else []
    of += [f"follow-up {each.follow_up}"] if each.follow_up else []
    of += [{"direct": "direct", "partly": "partly direct"}.get(each.directness, each.directness)]
    verdict = f"{each.verdict.upper()}, certainty {each.grade}: {', '.join(of)}; {each.dated}"
    lines += wrapped(verdict, "  ", "    ")
    lines += [*wrapped(each.because, "  "), ""]
    for speaks in ("for", "against", "beside"):
        rows = [row for row in each.rows if row.speaks == speaks]
        lines += [f"  {speaks}"] if rows else []
        lines += [line for row in rows for line in wrapped(_said(row), "    ", "      ")]
    lines += ["  simulation"] if each.runs else []
    lines += [line for run in each.runs for line in _simulated(run)]
    return [*lines, *wrapped(f"would change it: {each.would_change}", "  ", "    ")]


def _said(row: "Evidence") -> str:
    mark = " *" if row.unread else ""
    remark = f"; {row.remark}" if row.remark else ""
    return f"{row.what}{mark}{remark} [{row.row}; {row.source}]"


def _simulated(run: "Run") -> list[str]:
    from ..evidence.claims import beside

    arm = f", {run.arm}" if run.arm else ""
    remark = f"; {run.remark}" if run.remark else ""
    return [
        *wrapped(f"{run.outcome}: {run.predicted}{remark}", "    ", "      "),
        *wrapped(f"in patients: {beside(run)}", "      ", "        "),
        *wrapped(
            f"{run.study}{arm}, {run.patients:,} virtual patients, carnk {run.carnk}, {run.ran},"
            f" study {run.study_sha256}, outcomes {run.outcomes_sha256}",
            "      ",
            "        ",
        ),
        *wrapped(run.command, "      ", "        "),
    ]


def _flat(each: "Claim") -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(each), "patients": each.patients, "grade": each.grade}


def _rows(each: "Claim") -> list[dict[str, str]]:
    head = {
        "id": each.id, "claim": each.claim, "verdict": each.verdict, "grade": each.grade,
        "because": each.because, "dated": each.dated, "would_change": each.would_change,
    }  # fmt: skip
    rows = [
        {**head, "speaks": r.speaks, "row": r.row, "says": r.what, "source": r.source,
         "remark": r.remark, "unread": "unread" if r.unread else ""}
        for r in each.rows
    ]  # fmt: skip
    rows += [
        {**head, "speaks": "simulation", "row": r.command, "says": f"{r.outcome}: {r.predicted}",
         "source": f"{r.study}, {r.study_sha256}, carnk {r.carnk}, {r.ran}", "remark": r.remark,
         "unread": ""}
        for r in each.runs
    ]  # fmt: skip
    none = dict.fromkeys(("speaks", "row", "says", "source", "remark", "unread"), "")
    return rows or [{**head, **none}]


def _references(as_json: bool, form: str, out: Path | None) -> None:
    from ..evidence.claims import article_references

    rows = article_references()
    if as_json:
        return write(json_text(rows), out)
    if is_csv(form):
        return write(csv_text(rows), out)
    lines = [f"{len(rows)} references of the two articles", ""]
    for row in rows:
        mark = "" if row["checked"] == "read" else " *"
        lines += wrapped(f"{row['cite']}: {row['verdict']}{mark} ({row['design']})")
        lines += [*wrapped(row["finding"], "    "), f"    {row['url']}"]
    return write("\n".join([*lines, "", UNREAD, ADVICE]) + "\n", out)
