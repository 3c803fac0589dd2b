"""`versus`: kinds of cells side by side, each with its denominators, intervals and scales."""

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .printing import ADVICE, UNREAD, csv_text, is_csv, is_page, json_text, wrapped, write

if TYPE_CHECKING:
    from ..evidence.results import Pooled, Report
    from ..evidence.versus import Line, Option, Versus

SCALE_UNREAD = "\N{DEGREE SIGN} the scale is unread, or was not found"


def versus(
    first: Annotated[str, typer.Argument(help="car-nk, car-t, nk, nk-92 or a kind of car-t.")],
    second: Annotated[str, typer.Argument(help="The other one.")],
    disease: Annotated[str, typer.Option(help="Only this disease.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")] = False,
    form: Annotated[str, typer.Option("--format", help="text or csv.")] = "text",
    out: Annotated[Path | None, typer.Option(help="Write to a file; .html for a page.")] = None,
) -> None:
    """Set two kinds of cells side by side: what was seen in how many, and what is approved.

    Example: carnk versus car-nk car-t --disease "large B-cell lymphoma"
    """
    from ..evidence.versus import versus as compare

    found = compare(first, second, disease)
    if is_page(out) and out is not None:
        from ..report.evidence_pages import versus_page

        return write(versus_page(found), out)
    if as_json:
        rows = {"results": _rows(found), "options": [o.__dict__ for o in found.options]}
        return write(json_text(rows), out)
    if is_csv(form):
        return write(csv_text(_rows(found)), out)
    write("\n".join(_text(found)) + "\n", out)


def _text(found: "Versus") -> list[str]:
    from ..evidence.results import OUTCOMES
    from ..evidence.versus import APPROVAL, CAUTION

    name = f" in {found.disease.name}" if found.disease else ""
    lines = wrapped(f"{' beside '.join(found.classes)}{name}")
    for outcome, blocks in groupby(found.blocks, key=lambda b: b.outcome):
        lines += ["", OUTCOMES[outcome]]
        for block in blocks:
            lines.append(f"  {block.evidence_class}")
            lines += [row for line in block.lines for row in _line(line)]
            lines += [row for each in block.pools for row in _pool(each)]
    if not found.blocks:
        lines += ["", "No results of these cells were read for it."]
    told = [each for each in found.reports if _after(each)]
    lines += ["", "How long, and what came after"] if told else []
    for each in told:
        lines += wrapped(f"{each.name}: {_after(each)}", "    ", "      ")
    lines += _options(found.options)
    lines += ["", *(row for note in (*CAUTION, APPROVAL) for row in wrapped(note, "- ", "  "))]
    return [*lines, f"- {UNREAD}", f"- {SCALE_UNREAD}", ADVICE]


def _line(line: "Line") -> list[str]:
    from itertools import zip_longest
    from textwrap import wrap

    seen, each = line.seen, line.report
    scale = seen.scale or "scale not found"
    scale += "\N{DEGREE SIGN}" if seen.scale_unread or not seen.scale else ""
    what = [f"{seen.text}{' *' if seen.unread else ''}", scale]
    what += ["of a wider group"] if line.fit == "broader" else []
    what += [each.design] if each.design != "trial" else []
    columns = zip_longest(wrap(each.name, 42), wrap("; ".join(what), 51), fillvalue="")
    return [f"    {left:<42}  {right}".rstrip() for left, right in columns]


def _pool(found: "Pooled") -> list[str]:
    from ..evidence.results import percent

    pool, mark = found.pool, "\N{DEGREE SIGN}" if found.scale_unread else ""
    low, high = (percent(end) for end in pool.interval)
    text = (
        f"{pool.reports} reports pooled, {found.scale}{mark}: typical rate {percent(pool.rate)} %"
        f" ({low}-{high} %), {pool.events} of {pool.patients}; "
    )
    if pool.prediction is not None:
        ahead = "-".join(percent(end) for end in pool.prediction)
        text += f"a new trial's rate {ahead} %; "
    elif pool.tau is None:
        text += "no spread between trials can be told; "
    else:
        text += "too few reports to say what a new trial would find; "
    text += f"mean {percent(pool.mean)} %, by a beta-binomial {percent(pool.check)} %"
    text += "" if pool.agrees else ": the models disagree, there is too little to pool"
    return wrapped(text, "    = ", "      ")


def _after(report: "Report") -> str:
    parts = [
        f"{label} {text}{' *' if report.is_unread(name) else ''}"
        for name, label, text in (
            ("follow_up", "follow-up", report.row["follow_up"]),
            ("duration_of_response", "duration:", report.duration_of_response),
            ("afterwards", "after:", report.afterwards),
            ("persistence", "cells seen:", report.row["persistence"]),
        )
        if text
    ]
    return "; ".join(parts)


def _options(found: "tuple[Option, ...]") -> list[str]:
    lines = ["", "Approved options (FDA), by line of therapy and date of the label"]
    if not found:
        return [*lines, "    none in the table; that does not mean that there is none"]
    for line, options in groupby(found, key=lambda o: o.line):
        lines.append(f"  {line}")
        for each in options:
            fit = f"; for {each.disease}" if each.fit != "exact" else ""
            mark = " *" if each.checked == "unread" else ""
            date = each.approved + (" *" if "unread" in each.checked else "")
            text = f"{date:<12} {each.option}{mark} ({each.kind}): {each.indication}{fit}"
            lines += wrapped(text, "    ", " " * 17)
    return lines


def _rows(found: "Versus") -> list[dict[str, str]]:
    rows = []
    for block in found.blocks:
        for line in block.lines:
            seen, each = line.seen, line.report
            low, high = seen.interval or ("", "")
            rows.append({
                "outcome": block.outcome, "class": block.evidence_class, "study": each.study,
                "product": each.product, "cohort": each.cohort, "row": each.id, "fit": line.fit,
                "events": "" if seen.events is None else str(seen.events),
                "patients": str(seen.patients or ""), "low": f"{low}", "high": f"{high}",
                "stated": seen.stated, "scale": seen.scale, "design": each.design,
                "scale_unread": "unread" if seen.scale_unread else "",
                "unread": "unread" if seen.unread else "", "follow_up": each.row["follow_up"],
                "duration_of_response": each.duration_of_response, "afterwards": each.afterwards,
                "source": each.row["source"], "checked": each.row["checked"],
            })  # fmt: skip
    return rows
