"""`numbers`: what the library knows, who measured it, and who has read it there."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from ..library import Number, Reference


def numbers(
    number_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="One number.")] = None,
    room: Annotated[str | None, typer.Option(help="Only this file of the library.")] = None,
    basis: Annotated[
        str | None, typer.Option(help="Only measured, fitted, derived, borrowed or assumed.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As a list of objects.")] = False,
) -> None:
    """Show the library's numbers with unit, basis and source.

    Example: carnk numbers --room kinetics --basis assumed
    """
    from ..library import load, share_unverified

    library = load()
    if number_id is not None:
        chosen = [library.number(number_id)]
    else:
        _known("--room", room, sorted({n.room for n in library.values()}))
        _known("--basis", basis, sorted({n.basis for n in library.values()}))
        chosen = [
            n for n in library.values() if room in (None, n.room) and basis in (None, n.basis)
        ]
    if as_json:
        typer.echo(json.dumps([asdict(n) for n in chosen], indent=1))
    elif number_id is not None:
        _one(chosen[0])
    else:
        for number in chosen:
            typer.echo(_line(number))
        unread, assumed, total = share_unverified(chosen)
        typer.echo(f"{total} numbers: {assumed} assumed, {unread} with a source nobody has opened")


def _known(option: str, word: str | None, words: list[str]) -> None:
    from ..base import NumberError, Problem, did_you_mean

    if word is not None and word not in words:
        listed = ", ".join(words)
        what = f"'{word}' is not one of {listed}"
        raise NumberError(Problem(option, what, did_you_mean(word, words)))


def _line(number: Number) -> str:
    value = f"{number.value:.4g} {'' if number.unit == '1' else number.unit}".strip()
    source = number.source or "assumed"
    mark = {"read": "", "unread": " (unread)"}.get(number.checked, "")
    return f"{number.id[:40]:<40} {value[:24]:<24} {number.basis:<9} {source}{mark}"[:100]


def _one(number: Number) -> None:
    from ..library import references

    low, high = number.range or (None, None)
    rows = [
        ("value", f"{number.value:g} {number.unit}"),
        ("range", f"{low:g} to {high:g} {number.unit}" if low is not None else ""),
        (
            "between patients",
            f"{number.spread.law} {number.spread.size:g}" if number.spread else "",
        ),
        ("meaning", number.meaning),
        ("basis", number.basis + (f" ({number.checked})" if number.checked else "")),
        ("source", _source(references()[number.source]) if number.source else ""),
        ("at", number.at),
        ("why", number.why),
        *(("also", f"{n.value:g} {n.unit}, {n.source}, {n.at}") for n in number.also),
    ]
    typer.echo(number.id)
    for name, text in rows:
        if text:
            lines = _wrapped(text, 78)
            typer.echo(f"  {name:<17} {lines[0]}")
            for line in lines[1:]:
                typer.echo(f"  {'':<17} {line}")


def _source(reference: Reference) -> str:
    return " ".join(filter(None, (reference.cite, reference.fields.get("title"), reference.url)))


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width) or [""]
