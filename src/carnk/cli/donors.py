"""`donors`: KIR ligands and haplotypes, donors for patients, the reach of a bank, cord units."""

import csv
import io
import json
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .columns import WIDTH, aligned

if TYPE_CHECKING:
    from ..donors import Comparison, Rules, Typing

app = typer.Typer(
    name="donors",
    help="""Donors: KIR ligands, haplotypes, models of donor choice, donor banks, cord units.

    Example: carnk donors type typings.csv --format csv""",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Format = Literal["table", "csv", "json"]
Form = Annotated[Format, typer.Option("--format", help="table, csv or json.")]
Out = Annotated[Path | None, typer.Option(help="Write to a file instead.")]
Sequences = Annotated[
    Path | None,
    typer.Option(help="FASTA of HLA proteins (such as hla_prot.fasta) to settle every allele by."),
]
COLUMNS = ("id", "ligands", "ambiguous", "minus21", "cen", "tel", "b_content", "educated")
MOST_DONORS, MOST_PATIENTS = 20, 5


@app.command("type")
def type_(
    typings: Annotated[Path, typer.Argument(help="CSV with the columns id, hla, kir.")],
    form: Form = "table",
    out: Out = None,
    sequences: Sequences = None,
) -> None:
    """Tell the KIR ligands, leader, KIR haplotypes and education of each person.

    `ligands` are there whatever the typing leaves open; `ambiguous` names what may be there.

    Example: carnk donors type typings.csv --format csv
    """
    from ..donors import read_typings

    people = read_typings(typings, rules=_rules(sequences))
    rows = [_row(person) for person in people]
    _show(COLUMNS, rows, form, out)
    _notes(people)


@app.command()
def rank(
    donors: Annotated[Path, typer.Argument(help="CSV with the columns id, hla, kir.")],
    patient: Annotated[Path, typer.Option(help="CSV with the columns id, hla; many patients too.")],
    evidence: Annotated[
        bool, typer.Option("--evidence", help="What speaks for and against each model.")
    ] = False,
    by: Annotated[str | None, typer.Option(help="Order the table by one model.")] = None,
    form: Form = "table",
    out: Out = None,
    sequences: Sequences = None,
) -> None:
    """Show what five published models say of each donor for each patient, side by side.

    They are hypotheses that disagree: none is preferred, and their places are never summed. A '?'
    marks what a typing leaves open. csv and json hold every pair with its place under each model.

    Example: carnk donors rank donors.csv --patient patient.csv --evidence
    """
    from ..base import Problem, SpecError, did_you_mean
    from ..donors import FINDINGS, MODELS, compare, read_typings

    if by is not None and by not in MODELS:
        what = f"'{by}' is not one of {', '.join(MODELS)}"
        raise SpecError(Problem("--by", what, did_you_mean(by, MODELS)))
    rules = _rules(sequences)
    givers = read_typings(donors, rules=rules)
    takers = read_typings(patient, needs_kir=False, rules=rules)
    seen = compare(givers, takers)
    if form == "table":
        _write("\n".join(_tables(seen, by)) + "\n", out)
        _notes([*givers, *takers])
    else:
        header = ("patient", "donor", *FINDINGS, *(f"rank_{model}" for model in MODELS))
        _pairs(seen, header, form, out)
    if evidence:
        typer.echo("\n".join(_evidence()), err=form != "table" and out is None)


@app.command()
def bank(
    size: Annotated[int, typer.Option(min=1, max=1000, help="Donors in the bank.")],
    population: Annotated[str, typer.Option(help="Population of the patients and donors.")],
    kir_population: Annotated[
        str | None, typer.Option(help="Population for the KIR genes, if named otherwise.")
    ] = None,
    form: Form = "table",
    out: Out = None,
) -> None:
    """Tell what share of a population a bank of donors serves under each model.

    `drawn`: donors drawn at random, with 95 % of what the number of people typed leaves open;
    `chosen`: the donor types that together serve most. Loci are taken as independent.

    Example: carnk donors bank --size 5 --population "USA NMDP Japanese" --kir-population Japan
    """
    from ..donors import reach

    rows = [
        (r.model, f"{r.drawn:.4f}", f"{r.low:.4f}", f"{r.high:.4f}", f"{r.chosen:.4f}")
        for r in reach(size, population, kir_population or population)
    ]
    _show(("model", "drawn", "low", "high", "chosen"), rows, form, out)


@app.command()
def populations(
    kir: Annotated[bool, typer.Option("--kir", help="Those with KIR genes instead.")] = False,
) -> None:
    """List the populations that `bank` knows, one a line.

    Example: carnk donors populations --kir
    """
    from ..donors import populations as known

    typer.echo("\n".join(known()[1 if kir else 0]))


@app.command()
def cord(
    units: Annotated[Path, typer.Argument(help="CSV with the columns id, nrbc, hours.")],
    form: Form = "table",
    out: Out = None,
) -> None:
    """Tell which cord units lie within the cut-offs of one trial: nRBC and hours to freezing.

    Example: carnk donors cord units.csv --format csv
    """
    from ..donors import read_units
    from ..library import load

    numbers = load().view()
    most = numbers["cord_nrbc_most"], numbers["cord_hours_most"]
    rows = [
        (unit.id, "yes" if unit.is_optimal(*most) else "no", ";".join(unit.outside(*most)))
        for unit in read_units(units)
    ]
    _show(("id", "optimal", "beyond"), rows, form, out)
    typer.echo(
        f"At most {most[0]:g} nRBC and {most[1]:g} h: one trial of 37 patients (marin2024), whose"
        " cut-offs\nwere chosen on the same patients; 1-year progression-free survival 69 %"
        " against 5 %.",
        err=True,
    )


def _rules(sequences: Path | None) -> "Rules | None":
    from ..donors import rules_from_sequences

    return rules_from_sequences(sequences) if sequences else None


def _row(person: "Typing") -> tuple[str, ...]:
    kir = person.kir
    return (
        person.id,
        ";".join(person.ligands.names),
        ";".join(person.ambiguous),
        person.ligands.minus21,
        kir.cen if kir else "",
        kir.tel if kir else "",
        kir.b_content if kir else "",
        ";".join(person.educated),
    )


def _show(
    columns: Sequence[str], rows: Sequence[Sequence[str]], form: Format, out: Path | None
) -> None:
    """Print or write rows as a table, CSV or JSON."""
    if form == "json":
        _write(json.dumps([dict(zip(columns, row)) for row in rows], indent=1) + "\n", out)
    elif form == "csv":
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows([columns, *rows])
        _write(stream.getvalue(), out)
    else:
        _write("\n".join(aligned([columns, *rows])) + "\n", out)


def _write(text: str, out: Path | None) -> None:
    from ..base import write_text_atomic

    if out is None:
        typer.echo(text, nl=False)
    else:
        write_text_atomic(out, text)


def _notes(people: "Iterable[Typing]") -> None:
    """Say on standard error what the typings leave out or what is odd about them."""
    lines: list[str] = []
    for person in people:
        if person.ligands.untyped:
            listed = ", ".join(f"HLA-{locus}" for locus in person.ligands.untyped)
            lines.append(f"{person.id}: {listed} not typed: ligands there are unknown")
        if person.ligands.open_alleles:
            listed = ", ".join(person.ligands.open_alleles)
            lines.append(f"{person.id}: the KIR ligand of {listed} is open at this resolution")
        for part, note in person.kir.notes if person.kir else ():
            lines.append(f"{person.id}: {part}: {note}")
    for line in lines[:MOST_DONORS]:
        typer.echo("\n".join(textwrap.wrap(line, WIDTH, subsequent_indent="  ")), err=True)
    if len(lines) > MOST_DONORS:
        typer.echo(f"... and {len(lines) - MOST_DONORS:,} more notes", err=True)


def _tables(seen: "Comparison", by: str | None) -> list[str]:
    """One table a patient, donors in the order of the file or of one model."""
    from ..donors import MODELS

    words = {name: seen.words(name) for name in MODELS if name != "missing_ligand"}
    missing = seen.words("missing_ligand")
    order = seen.ranks(by) if by else None
    said = f"ordered by {by} alone" if by else "in the order of the file; no model is preferred"
    lines = [f"{len(seen.donors):,} donors, {len(seen.patients):,} patients; {said}."]
    for column, name in enumerate(seen.patients[:MOST_PATIENTS]):
        rows = range(len(seen.donors))
        chosen = sorted(rows, key=lambda r: order[r, column]) if order is not None else list(rows)
        lacking = str(missing[0, column]) if seen.donors else ""
        lines += ["", f"patient {name}: missing_ligand: {lacking or 'none'}"]
        body = [
            (seen.donors[row], *(_short(found[row, column]) for found in words.values()))
            for row in chosen[:MOST_DONORS]
        ]
        lines += aligned([("donor", *words), *body])
        if len(chosen) > MOST_DONORS:
            lines.append(f"... and {len(chosen) - MOST_DONORS:,} more donors")
    if len(seen.patients) > MOST_PATIENTS:
        more = len(seen.patients) - MOST_PATIENTS
        lines += ["", f"... and {more:,} more patients: --format csv shows all"]
    return lines


def _short(found: object) -> str:
    return str(found).replace("KIR", "") or "-"


def _pairs(seen: "Comparison", header: Sequence[str], form: Format, out: Path | None) -> None:
    """Print or write every pair of donor and patient, patient by patient."""
    import numpy as np
    import polars

    donors, patients = seen.shape
    columns: dict[str, Any] = {
        "patient": np.repeat(np.array(seen.patients, dtype=object), donors),
        "donor": np.tile(np.array(seen.donors, dtype=object), patients),
    }
    for name in header[2:]:
        model = name.removeprefix("rank_")
        found = seen.ranks(model) if model != name else seen.words(name)
        columns[name] = found.T.ravel()
    frame = polars.DataFrame(columns)
    _write(frame.write_csv() if form == "csv" else frame.write_json() + "\n", out)


def _evidence() -> list[str]:
    """What speaks for and against each model, wrapped to the terminal."""
    from ..donors import MODELS
    from ..donors import evidence as rows_of
    from ..library import references

    rows = rows_of()
    lines = ["", "Evidence. All of it is about transplants, none about CAR-NK cells."]
    for model in MODELS:
        mine = [row for row in rows if row["model"] == model]
        lines += ["", f"{model}: {grade(mine)}"]
        for row in mine:
            read = "" if row["checked"] == "read" else ", unread"
            patients = f", n={row['patients']:,}" if row["patients"] else ""
            cite = references()[row["source"]].cite
            text = f"{row['finding']} ({row['design']}{patients}; {cite}{read})"
            head = f"  {row['speaks']:<8}"
            lines += textwrap.wrap(
                text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head)
            )
    return lines


def grade(rows: Sequence[dict[str, Any]]) -> str:
    """Grade of a model by what speaks for and against it."""
    if all(row["design"] == "function" for row in rows):
        return "function only: no study of outcome was found"
    against = [row["design"] for row in rows if row["speaks"] == "against"]
    favor = [row["design"] for row in rows if row["speaks"] == "for"]
    if "validation" in favor and "validation" not in against:
        return "confirmed outside"
    if "validation" in against:
        return "not confirmed: outside validation found no effect"
    return "contested: cohorts disagree" if against else "one-sided: nothing against it was found"
