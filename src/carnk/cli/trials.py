"""`trials`: the registered trials, one disease's, one trial, an update, what changed, the page."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .forecasts import forecast

if TYPE_CHECKING:
    from ..evidence import Count, Found, Snapshot, Update

app = typer.Typer(
    name="trials",
    help="Registered CAR-NK trials: counts, search, one trial, updates, differences, a page."
    " Example: carnk trials find DLBCL --recruiting",
    add_completion=False,
    rich_markup_mode=None,
)
WIDTH = 100
PATIENCE = 2.0  # seconds before a bar is drawn
UNREAD = "* unread: nobody has seen this value in the source of the row"
LONGEST = 12  # values of a field that the overview lists
NAMES = {"nk_source": "NK source", "disease_class": "area", "target_logic": "target logic"}
LISTED = ("id", "fit", "title", "target", "nk_source", "disease", "phase", "status", "country",
          "first_posted", "start_date", "enrollment", "kind", "flag", "unread", "as_of", "checked",
          "url", "source")  # fmt: skip

Json = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]
Format = Annotated[str, typer.Option("--format", help="text or csv.")]
Out = Annotated[Path | None, typer.Option(help="Write to a file instead.")]
Day = Annotated[str | None, typer.Option(help="Snapshot of this date, as 2026-08-22.")]
Every = Annotated[
    bool, typer.Option("--all", help="Low-credibility registrations and other cells too.")
]


@app.callback(invoke_without_command=True)
def trials(
    context: typer.Context,
    day: Day = None,
    everything: Every = False,
    as_json: Json = False,
    form: Format = "text",
    out: Out = None,
) -> None:
    """Show the landscape: trials by target, disease, NK source, phase, country and year.

    Example: carnk trials --all
    """
    if context.invoked_subcommand is not None:
        return
    from ..evidence import overview, snapshot

    of = snapshot(day)
    found = overview(day, everything)
    if as_json:
        _write(json.dumps(_counts_as_json(of, found), indent=1) + "\n", out)
    elif _is_csv(form):
        rows = [
            {"field": c.field, "value": v.value, "trials": str(v.trials), "of": str(c.trials),
             "unread": str(v.unread)}
            for c in found for v in c.values
        ]  # fmt: skip
        _write(_csv(rows, ("field", "value", "trials", "of", "unread")), out)
    else:
        _write("\n".join([*_overview(of, found, everything), "", UNREAD]) + "\n", out)


@app.command()
def find(  # noqa: PLR0913, PLR0917
    term: Annotated[str, typer.Argument(help="A disease, or words of a title or product.")] = "",
    recruiting: Annotated[bool, typer.Option("--recruiting", help="Only these.")] = False,
    country: Annotated[str, typer.Option(help="Only with a site there.")] = "",
    target: Annotated[str, typer.Option(help="Only CARs against it, as CD19.")] = "",
    source: Annotated[str, typer.Option(help="Only this NK source, as iPSC.")] = "",
    phase: Annotated[str, typer.Option(help="Only this phase, as 'Phase 1'.")] = "",
    day: Day = None,
    everything: Every = False,
    as_json: Json = False,
    form: Format = "text",
    out: Out = None,
) -> None:
    """Find trials for a disease, with those for narrower and broader groups.

    Example: carnk trials find "diffuse large B-cell lymphoma" --recruiting --country Germany
    """
    from ..evidence import find as search
    from ..evidence import snapshot

    found = search(
        term,
        recruiting=recruiting,
        country=country,
        only={"target": target, "nk_source": source, "phase": phase},
        day=day,
        everything=everything,
    )
    rows = [{**hit.row, "fit": hit.fit} for hit in found.hits]
    if as_json:
        _write(json.dumps({"notes": found.notes, "trials": rows}, indent=1) + "\n", out)
    elif _is_csv(form):
        _write(_csv(rows, LISTED), out)
    else:
        _write("\n".join(_found(found, snapshot(day))) + "\n", out)


@app.command()
def show(
    study_id: Annotated[str, typer.Argument(metavar="ID", help="As NCT03056339.")],
    day: Day = None,
    as_json: Json = False,
    out: Out = None,
) -> None:
    """Show one trial whole: what it gives to whom, why we say so, and where it was read.

    Example: carnk trials show NCT03056339
    """
    from ..evidence import show as one

    row = one(study_id, day)
    text = json.dumps(row, indent=1) if as_json else "\n".join(_trial(row))
    _write(text + "\n", out)


@app.command()
def update(
    source: Annotated[
        Path | None, typer.Option("--from", help="Saved API pages: a file or a folder.")
    ] = None,
    day: Annotated[str | None, typer.Option(help="Date of the records; today otherwise.")] = None,
) -> None:
    """Make a new snapshot from ClinicalTrials.gov, or from saved pages of its API.

    Example: carnk trials update --from studies.json
    """
    import shutil

    from ..evidence import fetch, read_pages
    from ..evidence import update as make
    from ..evidence.snapshot import checked_day, user_folder

    day = checked_day(day)
    fetched = user_folder() / ".fetching"
    if source is None:
        with Bar("records fetched") as bar:
            pages = fetch(fetched, progress=bar)
        records: Iterator[Any] = (record for page in pages for record in read_pages(page))
    else:
        records = read_pages(source)
    with Bar("records read") as bar:
        made = make(records, day, progress=bar)
    if source is None:
        shutil.rmtree(fetched, ignore_errors=True)
    typer.echo("\n".join(_updated(made)))


@app.command(name="diff")
def difference(
    before: Annotated[str, typer.Argument(help="Date of a snapshot.")],
    after: Annotated[str, typer.Argument(help="Date of another one.")],
    everything: Every = False,
    as_json: Json = False,
    form: Format = "text",
    out: Out = None,
) -> None:
    """Show what changed between two snapshots: trials added, gone, changed.

    Example: carnk trials diff 2026-08-22 2026-11-01
    """
    from ..evidence import diff

    found = diff(before, after, everything)
    rows = [
        *(_changed(r["id"], "added", after=r["title"]) for r in found.added),
        *(_changed(r["id"], "gone", before=r["title"]) for r in found.removed),
        *(_changed(c.id, "changed", c.field, c.before, c.after) for c in found.changed),
    ]
    if as_json:
        _write(json.dumps(rows, indent=1) + "\n", out)
    elif _is_csv(form):
        _write(_csv(rows, ("id", "what", "field", "before", "after")), out)
    else:
        changed = len({c.id for c in found.changed})
        head = (
            f"{found.before.date} to {found.after.date}: {len(found.added)} trials added, "
            f"{len(found.removed)} gone, {changed} of {found.common} changed"
        )
        lines = [_cut(f"{_sign(r)} {r['id']:<17}{_change(r)}") for r in rows]
        _write("\n".join([head, *lines]) + "\n", out)


@app.command()
def page(
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("landscape.html"),
    day: Day = None,
) -> None:
    """Write the landscape as one HTML page that needs no network.

    Example: carnk trials page --out landscape.html
    """
    from ..report.landscape import write

    typer.echo(str(write(out, day)))


app.command()(forecast)


class Bar:
    """Draws how many records are done on a terminal's standard error, after two seconds."""

    def __init__(self, what: str) -> None:
        self.what, self.began, self.shown = what, perf_counter(), False

    def __enter__(self) -> "Bar":
        return self

    def __call__(self, done: int, total: int | None = None) -> None:
        elapsed = perf_counter() - self.began
        if elapsed < PATIENCE or not sys.stderr.isatty():
            return
        left = (
            f" of {total:,}, {elapsed / done * (total - done):.0f} s left" if total and done else ""
        )
        sys.stderr.write(f"\r{done:,}{left} {self.what}, {done / elapsed:,.0f}/s ".ljust(90))
        sys.stderr.flush()
        self.shown = True

    def __exit__(self, *error: object) -> None:
        if self.shown:
            sys.stderr.write("\r" + " " * 90 + "\r")


def _overview(of: "Snapshot", found: Sequence["Count"], everything: bool) -> list[str]:
    total = found[0].trials
    from ..evidence import overview

    every = overview(of.date, everything=True)[0].trials
    what = "registrations" if everything else "CAR-NK trials"
    lines = [f"{total} {what} in the snapshot of {of.date}"]
    if not everything and every > total:
        lines[0] += f"; {every - total} more are doubtful or other cells, see --all"
    for each in found:
        marks = sum(v.unread for v in each.values)
        known = f"{each.trials - each.unknown} of {each.trials} state it"
        notes = [known] + ([f"* {marks} unread"] if marks else [])
        if each.field == "year":
            notes.insert(1, f"{each.by_start} by start, first posting unknown")
        lines += ["", _cut(f"{NAMES.get(each.field, each.field)} ({'; '.join(notes)})")]
        lines += _bars(each)
    return lines


def _bars(count: "Count") -> list[str]:
    shown = count.values if count.field == "year" else count.values[:LONGEST]
    most = max((v.trials for v in count.values), default=1)
    lines = []
    for v in shown:
        mark = f"*{v.unread}" if v.unread else ""
        lines.append(
            f"  {v.value[:38]:<38} {v.trials:>4} {mark:<4} {'█' * round(44 * v.trials / most)}"
        )
    if len(count.values) > len(shown):
        lines.append(f"  and {len(count.values) - len(shown)} more, see --format csv")
    return lines


def _found(found: "Found", of: "Snapshot") -> list[str]:
    name = f" for {found.disease.name}" if found.disease else ""
    count = len(found.hits)
    lines = [f"{count} trial{'s' if count != 1 else ''}{name} in the snapshot of {of.date}"]
    for hit in found.hits:
        row = hit.row
        fit = {"broader": f"broader: {hit.by}", "narrower": f"narrower: {hit.by}"}.get(hit.fit, "")
        marks = " *" if row["unread"] else ""
        doubt = " LOW CREDIBILITY" if row["flag"].startswith("LOW") else ""
        where = ", ".join(
            filter(None, (row["phase"], row["status"].lower().replace("_", " "), row["country"]))
        )
        lines += ["", _cut(f"{row['id']}  {row['title']}")]
        lines.append(_cut(f"    {row['target']}, {row['nk_source']}; {where}{marks}{doubt}"))
        lines += [_cut(f"    {fit}")] if fit else []
    lines += [""] if found.hits else []
    lines += _wrap([f"- {note}" for note in found.notes])
    if any(hit.row["unread"] for hit in found.hits):
        lines.append("- * some fields of the row are unread: nobody has seen them in the source")
    return [*lines, "Information, not medical advice; the registry has the present state."]


def _trial(row: dict[str, str]) -> list[str]:
    unread = row["unread"].split("; ")
    lines = [*_wrap([f"{row['id']}  {row['title']}"]), ""]
    for name, text in row.items():
        if name in ("id", "title", "year", "why", "unread") or not text:
            continue
        mark = "  * unread" if "all" in unread or name in unread else ""
        label = NAMES.get(name, name.replace("_", " "))
        first, *rest = _wrapped(text + mark, WIDTH - 18)
        lines += [f"{label:<17} {first}", *(f"{'':<17} {line}" for line in rest)]
    if row["why"]:
        lines += ["", "why", *_wrap([f"- {each}" for each in row["why"].split(" | ")])]
    return lines


def _updated(made: "Update") -> list[str]:
    lines = [
        f"snapshot of {made.snapshot.date}: {made.records:,} records, {made.trials:,} studies, "
        f"{made.new:,} new; {made.kept:,} of the snapshot before are kept as they were",
        str(made.snapshot.path.parent),
    ]
    if made.problems:
        lines.append(f"{len(made.problems):,} problems, all in problems.txt there; the first:")
        lines += [_cut(f"  {problem}") for problem in made.problems[:5]]
    return lines


def _changed(
    study_id: str, what: str, field: str = "", before: str = "", after: str = ""
) -> dict[str, str]:
    return {"id": study_id, "what": what, "field": field, "before": before, "after": after}


def _sign(row: dict[str, str]) -> str:
    return {"added": "+", "gone": "-"}.get(row["what"], "~")


def _change(row: dict[str, str]) -> str:
    if row["what"] == "changed":
        return f"{row['field']}: {row['before'] or 'nothing'} -> {row['after'] or 'nothing'}"
    return row["after"] or row["before"]


def _counts_as_json(of: "Snapshot", found: Sequence["Count"]) -> dict[str, Any]:
    from dataclasses import asdict

    return {"snapshot": of.date, "counts": [asdict(each) for each in found]}


def _is_csv(form: str) -> bool:
    from ..base import Problem, SpecError, did_you_mean

    if form not in ("text", "csv"):
        do = did_you_mean(form, ("text", "csv")) or "For JSON there is --json."
        raise SpecError(Problem("--format", f"'{form}' is not text or csv", do))
    return form == "csv"


def _csv(rows: Sequence[dict[str, str]], columns: Sequence[str]) -> str:
    from ..evidence.export import csv_export

    return csv_export(rows, columns)


def _write(text: str, out: Path | None) -> None:
    from ..base import write_text_atomic

    if out is None:
        typer.echo(text, nl=False)
    else:
        write_text_atomic(out, text)


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 3]}..."


def _wrap(texts: Sequence[str]) -> list[str]:
    return [line for text in texts for line in _wrapped(text, WIDTH, "  ")]


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    import textwrap

    return textwrap.wrap(text, width, subsequent_indent=indent) or [""]
