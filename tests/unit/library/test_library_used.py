"""Every number of the library is used somewhere in the source, or says that it is in reserve."""

import ast
import re
from pathlib import Path

import carnk.base
from carnk.library import load

SOURCE = Path(carnk.base.__file__).parents[1]
SHORTEST_FIXED_PART = 4


def names_in(tree):
    """Yield the strings of a module, and patterns for those that are put together (f'a_{b}')."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            fixed = [part.value for part in node.values if isinstance(part, ast.Constant)]
            if len("".join(fixed)) >= SHORTEST_FIXED_PART and re.fullmatch(r"\w+", "".join(fixed)):
                yield "".join(
                    part.value if isinstance(part, ast.Constant) else "[a-z0-9_]+"
                    for part in node.values
                )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"[a-z][a-z0-9_]*", node.value)
        elif isinstance(node, ast.Attribute):
            yield node.attr


def unused(numbers, sources):
    """Return the ids that no source names and that are not marked reserve."""
    patterns = {name for text in sources for name in names_in(ast.parse(text))}
    words = {name for name in patterns if "[" not in name}
    composed = re.compile("|".join(sorted(patterns - words)) or "(?!)")
    return [
        number.id
        for number in numbers
        if not number.reserve and number.id not in words and not composed.fullmatch(number.id)
    ]


def test_every_number_is_used_or_in_reserve():
    sources = [path.read_text() for path in sorted(SOURCE.rglob("*.py"))]
    assert unused(load().values(), sources) == []


def test_the_search_finds_plain_and_composed_names():
    numbers = list(load().values())
    plain = [number for number in numbers if not number.reserve]
    assert unused(plain, ["x = 1"]) == [number.id for number in plain]
    first = plain[0].id
    assert first not in unused(plain, [f"view['{first}']"])
    prefix = first.split("_")[0]
    if len(prefix) >= SHORTEST_FIXED_PART and prefix != first:
        assert first not in unused(plain, [f"view[f'{prefix}_{{name}}']"])
