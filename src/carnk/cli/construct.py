"""`construct`: parts, designs with their rules, and annotated DNA."""

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .columns import WIDTH, aligned

if TYPE_CHECKING:
    from ..constructs import Design, Part, Verdict

app = typer.Typer(
    name="construct",
    help="""CAR constructs: parts, rules, protein and DNA.

    Example: carnk construct show cd19_il15_icasp9""",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(help="A built-in construct or the path of a file.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command()
def show(construct: Name, as_json: Json = False) -> None:
    """Show domains, lengths, the verdict of every rule, and the size against the vector's limit.

    The exit code is 2 if a rule is broken.

    Example: carnk construct show cd19_il15_icasp9
    """
    from ..constructs import check, read
    from ..library import load

    design = read(construct)
    verdicts = check(design, load().view())
    if as_json:
        rows = [_row(part) for part in design.parts]
        told = {"name": design.name, "target": design.target, "platform": design.platform}
        whole = {**told, "parts": rows, "rules": [asdict(verdict) for verdict in verdicts]}
        typer.echo(json.dumps(whole, indent=1))
    else:
        typer.echo("\n".join(_shown(design, verdicts)))
    if any(verdict.verdict == "fail" for verdict in verdicts):
        raise typer.Exit(2)


@app.command()
def build(
    construct: Name,
    out: Annotated[Path, typer.Option(help="GenBank file to write.")],
    fasta: Annotated[Path | None, typer.Option(help="Protein and DNA as FASTA too.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same DNA.")] = 1,
) -> None:
    """Write the codon-optimized construct as GenBank, with every part as a feature.

    Example: carnk construct build my_car.yaml --out my_car.gb --fasta my_car.fasta
    """
    from ..base import Problem, SpecError, write_text_atomic
    from ..constructs import check, read
    from ..constructs.dna import check_dna, coding_sequence
    from ..constructs.genbank import fasta as fasta_text
    from ..constructs.genbank import genbank
    from ..library import load

    design, view = read(construct), load().view()
    verdicts = check(design, view)
    _refuse(design, verdicts)
    coding = coding_sequence(design, view, seed)
    verdicts += check_dna(design, coding)
    _refuse(design, verdicts)
    if fasta is not None and fasta.resolve() == out.resolve():
        what = f"'{fasta}' is named for both files"
        raise SpecError(Problem("--fasta", what, "Name another one."))
    write_text_atomic(out, genbank(design, coding))
    typer.echo(f"{out}: {len(coding):,} coding bases, {len(design.protein):,} residues")
    if fasta is not None:
        write_text_atomic(fasta, fasta_text(design, coding))
        typer.echo(f"{fasta}: protein and DNA")
    typer.echo("\n".join(_rules(verdicts)))


@app.command()
def parts(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One part.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only one kind, such as costimulation.")] = None,
    as_json: Json = False,
) -> None:
    """List the parts, or show one with its sequence and source.

    Example: carnk construct parts --kind costimulation
    """
    from ..base import Problem, SpecError, did_you_mean
    from ..constructs import parts as known
    from ..constructs.design import KINDS

    library = known()
    for where, word, words in (("part", name, library), ("--kind", kind, KINDS)):
        if word is not None and word not in words:
            what = f"'{word}' is not one of {', '.join(words)}"
            raise SpecError(Problem(where, what, did_you_mean(word, words)))
    chosen = [
        part
        for part in library.values()
        if part.name == (name or part.name) and part.kind == (kind or part.kind)
    ]
    if as_json:
        typer.echo(json.dumps([asdict(part) for part in chosen], indent=1))
    elif name is not None:
        typer.echo("\n".join(_one(chosen[0])))
    else:
        header = ("part", "kind", "residues", "checked", "what it is")
        rows = [(p.name, p.kind, str(len(p.sequence) or "?"), p.checked, p.meaning) for p in chosen]
        typer.echo("\n".join(aligned([header, *rows])))


@app.command("list")
def list_() -> None:
    """List the built-in constructs, one line each.

    Example: carnk construct list
    """
    from ..constructs import built_in, read

    designs = [read(name) for name in built_in()]
    rows = [
        (d.name, d.target, d.platform, "design only" if d.unknown else "can be built")
        for d in designs
    ]
    typer.echo("\n".join(aligned(rows)))


def _refuse(design: "Design", verdicts: "Iterable[Verdict]") -> None:
    """Raise SpecError with every broken rule."""
    from ..base import Problem, SpecError

    broken = [Problem(f"{design.name}: {v.rule}", v.why) for v in verdicts if v.verdict == "fail"]
    if broken:
        raise SpecError(broken, design.name)


def _row(part: "Part") -> dict[str, object]:
    return {
        "name": part.name,
        "kind": part.kind,
        "residues": len(part.sequence) or None,
        "checked": part.checked,
        "accession": part.accession,
        "meaning": part.meaning,
    }


def _shown(design: "Design", verdicts: "Sequence[Verdict]") -> list[str]:
    payloads = "".join(f", {payload}" for payload in design.payloads)
    head = f"{design.name}: {design.target} CAR, {design.platform}"
    lines = [f"{head}; armor {design.armor}, switch {design.switch}{payloads}"]
    lines += textwrap.wrap(design.about, WIDTH)
    rows, end = [], 0
    for part in design.parts:
        start, end = end + 1, end + len(part.sequence)
        place = f"{start}-{end}" if part.sequence else "?"
        length = str(len(part.sequence)) if part.sequence else "?"
        rows.append((part.name, part.kind, length, place, part.checked, part.meaning))
    header = ("part", "kind", "residues", "at", "checked", "what it is")
    lines += ["", *aligned([header, *rows]), "", *_rules(verdicts)]
    if design.unknown:
        names = ", ".join(part.name for part in design.unknown)
        told = f"Protein and DNA cannot be built: no sequence is known for {names}."
        lines += ["", *textwrap.wrap(told, WIDTH)]
    return lines


def _rules(verdicts: "Iterable[Verdict]") -> list[str]:
    lines: list[str] = []
    for each in verdicts:
        head = f"{each.verdict.upper():<5} {each.rule:<14} "
        lines += textwrap.wrap(
            each.why, WIDTH, initial_indent=head, subsequent_indent=" " * len(head)
        )
    return lines


def _one(part: "Part") -> list[str]:
    rows = {
        "kind": part.kind,
        "what it is": part.meaning,
        "accession": f"{part.accession} {part.range}".strip(),
        "checked": part.checked,
        "source": part.source,
        "note": part.note,
        "sequence": part.sequence or "not known here: it can be designed with, but not built",
    }
    lines = [part.name]
    for name, text in rows.items():
        head = f"  {name:<12}"
        lines += textwrap.wrap(text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head))
    return lines
