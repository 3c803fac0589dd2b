"""`faq`: plain answers for patients, and what to ask an oncology team."""

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .printing import ADVICE, csv_text, is_csv, is_page, json_text, wrapped, write

if TYPE_CHECKING:
    from ..evidence.faq import AboutDisease, Faq
    from ..evidence.versus import Option


def faq(
    disease: Annotated[str, typer.Option(help="Also say what there is for this disease.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")] = False,
    form: Annotated[str, typer.Option("--format", help="text or csv.")] = "text",
    out: Annotated[Path | None, typer.Option(help="Write to a file; .html for a page.")] = None,
) -> None:
    """Answer nine questions on CAR-NK in plain words: what is known, what is not, what to ask.

    Example: carnk faq --disease "multiple myeloma"
    """
    from ..evidence.faq import faq as answer

    found = answer(disease)
    if is_page(out) and out is not None:
        from ..report.evidence_pages import faq_page

        return write(faq_page(found), out)
    if as_json:
        from dataclasses import asdict

        return write(json_text({"advice": ADVICE, **asdict(found)}), out)
    if is_csv(form):
        return write(csv_text(_rows(found)), out)
    write("\n".join(_text(found)) + "\n", out)


def _text(found: "Faq") -> list[str]:
    lines = wrapped(f"CAR-NK in plain words, as of {found.date}. {ADVICE}")
    lines += _about(found.about) if found.about else []
    for each in found.answers:
        lines += ["", each.question, *wrapped(each.answer, "  ")]
        lines += wrapped(f"Known: {each.known}", "  ", "    ")
        lines += wrapped(f"Not known: {each.unknown}", "  ", "    ")
    lines += ["", "What to ask your oncology team"]
    lines += [row for text in found.ask for row in wrapped(text, "  - ", "    ")]
    lines += ["", "Beware"]
    lines += [row for text in found.warn for row in wrapped(text, "  - ", "    ")]
    return [*lines, "", ADVICE]


def _about(found: "AboutDisease") -> list[str]:
    from ..evidence.faq import NO_APPROVAL

    name = found.disease.name
    lines = ["", f"For {name}", *wrapped(found.trials, "  "), "  What was seen after CAR-NK:"]
    nothing = f"We have read no results of CAR-NK for {name}."
    lines += [row for text in found.seen or (nothing,) for row in wrapped(text, "  - ", "    ")]
    lines += wrapped(
        f"{NO_APPROVAL} These other treatments are approved in the United States:", "  "
    )
    if not found.options:
        lines += wrapped("We have listed none here. That does not mean that there is none.", "  - ")
    for line, options in groupby(found.options, key=lambda o: o.line):
        named = ", ".join(dict.fromkeys(each.option + unread(each) for each in options))
        word = line if "therapy" in line else f"{line} treatment"
        lines += wrapped(f"{word}: {named}", "  - ", "    ")
    return lines


def unread(option: "Option") -> str:
    """Return the mark of an option that nobody has read of in a source."""
    return " (unread)" if option.checked == "unread" else ""


def _rows(found: "Faq") -> list[dict[str, str]]:
    return [
        {"question": a.question, "answer": a.answer, "known": a.known, "not_known": a.unknown,
         "claims": "; ".join(a.claims), "dated": a.dated, "advice": ADVICE}
        for a in found.answers
    ]  # fmt: skip
