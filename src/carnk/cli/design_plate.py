"""`design plate`: replicates for a comparison, and a randomized plate map to pipette by."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..assays.replicates import Place


def plate(  # noqa: PLR0913, PLR0917
    effect: Annotated[float, typer.Option(help="Difference of means worth finding.")],
    sd: Annotated[float, typer.Option(help="Standard deviation of replicates, in the same unit.")],
    power: Annotated[float, typer.Option(help="Chance of finding it.")] = 0.9,
    alpha: Annotated[float, typer.Option(help="Chance of a false finding, two-sided.")] = 0.05,
    groups: Annotated[str, typer.Option(help="Their names, comma-separated.")] = "control,treated",
    wells: Annotated[int, typer.Option(help="Wells of the plate.")] = 96,
    kit: Annotated[str, typer.Option(help="ELISA preset whose standards are placed too.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the randomization.")] = 1,
    out: Annotated[Path | None, typer.Option(help="New folder: layout.csv, plate.html.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print numbers and map as JSON.")] = False,
) -> None:
    """Replicates per group for an effect, and a randomized map balanced over the plate's edge.

    Two-sided two-sample t test; replicates must be independent: wells of one donor are not donors.

    Example: carnk design plate --effect 15 --sd 8 --power 0.9 --out next
    """
    from ..assays.kits import kit_of
    from ..assays.replicates import compare, layout_text, plate_map
    from ..base import Problem, SpecError

    names = [name.strip() for name in groups.split(",")]
    if len(names) < 2 or len(set(names)) < len(names) or not all(names):
        do = "Name two or more, as in control,treated."
        raise SpecError(Problem("--groups", f"'{groups}' does not name different groups", do))
    asked = compare(effect, sd, power, alpha)
    places = plate_map(names, asked.replicates, wells, kit_of(kit) if kit else None, seed)
    if out is not None:
        from ..report.design_plate import write

        write(out, asked, names, places, layout_text(places))
    if as_json:
        placed = [vars(p) for p in places if p.role != "empty"]
        typer.echo(json.dumps(vars(asked) | {"map": placed}, indent=1))
        return
    typer.echo(
        f"{asked.replicates} replicates in each of {len(names)} groups: power {asked.power:.1%} "
        f"for {effect:g} at sd {sd:g} (two-sided t test, alpha {alpha:g})"
    )
    typer.echo("\n".join(drawn(names, places)))
    if out is not None:
        typer.echo(f"Written: {out}; pipette by {out / 'layout.csv'}, then --layout it")


def drawn(groups: list[str], places: "list[Place]") -> list[str]:
    """The plate as letters, and what they mean."""
    from ..assays.plate import position

    letters = {name: chr(65 + i) if len(groups) < 20 else "+" for i, name in enumerate(groups)}
    marks = {"standard": "s", "blank": "b", "empty": "."}
    rows: dict[int, list[str]] = {}
    for p in places:
        rows.setdefault(position(p.well)[0], []).append(letters.get(p.group) or marks[p.role])
    lines = ["  ".join(row) for row in rows.values()]
    words = [f"{letter} {name}" for name, letter in letters.items()]
    words += [f"{marks[r]} {r}" for r in marks if any(p.role == r for p in places)]
    return [*lines, ", ".join(words)]
