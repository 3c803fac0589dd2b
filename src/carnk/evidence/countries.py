"""Countries: other names they go by, and their tile on the map of the landscape page."""

from functools import cache

from ..base import DataError, Problem, did_you_mean
from .words import plain, rules


def country_named(text: str, known: set[str]) -> str:
    """Return the registry's name of a country, '' for ''; DataError if there is none such."""
    if not text.strip():
        return ""
    names = _names() | {plain(name): name for name in known}
    found = names.get(plain(text))
    if found is None:
        do = did_you_mean(text, names.values()) or "Write it as the registry does, as 'China'."
        raise DataError(Problem("country", f"'{text}' is not a country known here", do))
    return found


@cache
def _names() -> dict[str, str]:
    names = {}
    for row in rules("countries"):
        for word in (row["country"], row["code"], *row["synonyms"].split("|")):
            if word:
                names[plain(word)] = row["country"]
    return names


def tiles() -> dict[str, tuple[str, int, int]]:
    """Return the tile of every country: its letters, column from the west, row from the north."""
    return {r["country"]: (r["code"], int(r["column"]), int(r["row"])) for r in rules("countries")}
