"""A process file in, a `Process` out, or one error with every problem and its line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..base import (
    CarnkError,
    Node,
    Problem,
    SpecError,
    did_you_mean,
    is_plain,
    parse_yaml,
    read_quantity,
    read_text,
)
from ..library import load
from .order import problems_of_order, problems_of_sequence
from .process import Counts, Dose, Process, Specification, Step
from .release import PRESETS_TABLE, TESTS, presets
from .steps import KINDS, Setting

BUILT_IN = Path(__file__).parent / "built_in"
KEYS = ("process", "about", "evidence", "steps", "dose", "release", "numbers", "prices")
NEEDED = ("process", "steps", "dose", "release")
EVIDENCE = ("CAR-NK", "NK-92 CAR", "NK without CAR", "autologous CAR-T", "allogeneic CAR-T")
COUNTS = ("car_positive", "viable")


def built_in() -> tuple[str, ...]:
    """Names of the processes that come with the package."""
    return tuple(sorted((path.stem for path in BUILT_IN.glob("*.yaml")), key=str.lower))


def read(name_or_path: str | Path) -> Process:
    """Return the process of a built-in name or a file.

    Raises SpecError with all problems of the file, each with its line.
    """
    path = Path(name_or_path)
    if str(name_or_path) in built_in():
        path = BUILT_IN / f"{name_or_path}.yaml"
    elif path.suffix not in (".yaml", ".yml") and not path.exists():
        what = f"'{name_or_path}' is neither a file nor a built-in process"
        near = did_you_mean(str(name_or_path), built_in())
        raise SpecError(Problem("process", what, near or f"Built in: {', '.join(built_in())}."))
    return parse(read_text(path), path.name)


def parse(text: str, file: str = "process.yaml") -> Process:
    """Return the process that a text describes; `file` names it in messages."""
    top = parse_yaml(text, file)
    if not isinstance(top.value, dict):
        raise SpecError(top.problem("the file holds no mapping", f"Write {', '.join(KEYS)}."))
    reader = _Reader(top.unknown_keys(KEYS))
    reader.problems += [
        top.problem(f"'{key}' is missing", "A process has it.")
        for key in NEEDED
        if top.get(key) is None
    ]
    steps = reader.steps(top.get("steps"))
    process = Process(
        name=reader.word(top.get("process")),
        about=reader.word(top.get("about")),
        evidence=reader.choice(top.get("evidence"), EVIDENCE) or "CAR-NK",
        steps=steps,
        dose=reader.dose(top.get("dose")),
        release=reader.release(top.get("release")),
        numbers=reader.numbers(top.get("numbers")),
        prices=reader.prices(top.get("prices")),
    )
    if not reader.problems:
        reader.problems += problems_of_order(process)
    elif steps:
        reader.problems += problems_of_sequence(process)
    if reader.problems:
        raise SpecError(sorted(reader.problems, key=_line), file)
    return process


def read_dose(text: str, counts: Counts) -> Dose:
    """Read a dose given outside a file, as '1e7 cells/kg'; SpecError if it is none."""
    reader = _Reader([])
    dose = reader.dose(parse_yaml(f"amount: '{text}'\ncounts: {counts}", "--dose"))
    if reader.problems:
        raise SpecError(problem.at("--dose") for problem in reader.problems)
    return dose


class _Reader:
    """Reads parts of the file and gathers what is wrong."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems

    def wrong(self, node: Node, what: str, do: str = "") -> None:
        self.problems.append(node.problem(what, do))

    def word(self, node: Node | None) -> str:
        if node is None:
            return ""
        if isinstance(node.value, dict | list | bool) or node.value in (None, ""):
            self.wrong(node, "this is not text", "Write a word or a sentence.")
            return ""
        return str(node.value).strip()

    def choice(self, node: Node | None, choices: tuple[str, ...]) -> str:
        word = self.word(node)
        if node is not None and word and word not in choices:
            listed = ", ".join(choices)
            self.wrong(node, f"'{word}' is not one of {listed}", did_you_mean(word, choices))
            return ""
        return word

    def amount(self, node: Node, unit: str, low: float, high: float) -> float | None:
        """A number with its unit, within limits; None and a problem otherwise."""
        value = node.value
        if isinstance(value, bool):
            value = int(value) if is_plain(unit) else str(value)
        if isinstance(value, dict | list) or value is None:
            self.wrong(node, "this is not a number with a unit", f"Write it in {unit}.")
            return None
        try:
            number = read_quantity(str(value), unit)
        except CarnkError as error:
            self.problems += [problem.at(node.where) for problem in error.problems]
            return None
        if not low <= number <= high:
            shown = "" if is_plain(unit) else f" {unit}"
            what = f"{number:g}{shown} lies outside {low:g} to {high:g}{shown}"
            self.wrong(node, what, "Correct the value or its unit.")
            return None
        return number

    def steps(self, node: Node | None) -> tuple[Step, ...]:
        if node is not None and not node.entries:
            self.wrong(node, "this is not a list of steps", "Write '- step: source' and so on.")
        found = (self.step(entry) for entry in (node.entries if node else []))
        return tuple(step for step in found if step)

    def step(self, entry: Node) -> Step | None:
        if entry.get("step") is None:
            self.wrong(entry, "'step' is missing", f"It is one of {', '.join(KINDS)}.")
            return None
        name = self.choice(entry.get("step"), tuple(KINDS))
        if not name:
            return None
        kind = KINDS[name]
        by = kind.ways[0] if len(kind.ways) == 1 else ""
        if entry.get("by") is not None:
            by = self.choice(entry.get("by"), kind.ways)
        elif not by:
            self.wrong(entry, f"'by' is missing for {name}", f"One of {', '.join(kind.ways)}.")
        if not by:
            return None
        known = {key: s for key, s in kind.settings.items() if not s.ways or by in s.ways}
        self.problems += entry.unknown_keys(("step", "by", *known))
        settings = {key: self.setting(entry, key, s) for key, s in known.items()}
        return Step(name, by, {k: v for k, v in settings.items() if v is not None}, entry.where)

    def setting(self, entry: Node, key: str, setting: Setting) -> float | None:
        node = entry.get(key)
        if node is not None:
            return self.amount(node, setting.unit, setting.low, setting.high)
        if setting.default is None:
            unit = "a number" if is_plain(setting.unit) else f"in {setting.unit}"
            self.wrong(entry, f"'{key}' is missing", f"Give it ({unit}).")
        return setting.default

    def dose(self, node: Node | None) -> Dose:
        if node is None:
            return Dose(1.0, "flat", "viable")
        self.problems += node.unknown_keys(("amount", "counts"))
        counts: Counts = "car_positive"
        if self.choice(node.get("counts"), COUNTS) == "viable":
            counts = "viable"
        amount = node.get("amount")
        if amount is None:
            self.wrong(node, "'amount' is missing", "Write it as in '1e7 cells/kg' or '1e9 cells'.")
            return Dose(1.0, "flat", "viable")
        per_kg = "kg" in str(amount.value)
        unit, low, high = ("cell/kg", 1e3, 1e10) if per_kg else ("cell", 1e5, 1e12)
        number = self.amount(amount, unit, low, high) or 1.0
        return Dose(number, "kg" if per_kg else "flat", counts)

    def release(self, node: Node | None) -> tuple[Specification, ...]:
        """A preset's name, or a mapping with a preset and limits: 'viability: [0.8, null]'."""
        if node is None:
            return ()
        if isinstance(node.value, str):
            return self.preset(node)
        if not isinstance(node.value, dict):
            self.wrong(node, "this is neither a preset nor a mapping", f"See {PRESETS_TABLE}.")
            return ()
        preset = node.get("preset")
        chosen = {s.test: s for s in self.preset(preset)} if preset is not None else {}
        self.problems += node.unknown_keys(("preset", *TESTS))
        for test in TESTS:
            limits = node.get(test)
            if limits is not None:
                chosen[test] = self.limits(test, limits, chosen.get(test))
        return tuple(chosen.values())

    def preset(self, node: Node) -> tuple[Specification, ...]:
        name = self.choice(node, tuple(presets()))
        return presets().get(name, ())

    def limits(self, test: str, node: Node, old: Specification | None) -> Specification:
        unit = TESTS[test].unit
        spec = replace(old, source="the process file") if old else Specification(test)
        ends: list[float | None] = []
        if len(node.entries) != 2:
            self.wrong(node, "this is not a pair of limits", "Write [low, high]; null for none.")
            return spec
        for end in node.entries:
            ends.append(None if end.value is None else self.amount(end, unit, 0.0, 1e15))
        low, high = ends
        if low is not None and high is not None and low > high:
            self.wrong(node, f"the limits run from {low:g} down to {high:g}", "Swap them.")
        return replace(spec, low=low, high=high, source="the process file")

    def numbers(self, node: Node | None) -> dict[str, float]:
        """Values of the library's numbers that this process replaces, in the library's unit."""
        found = {}
        library = load()
        for key, child in (node.fields if node else {}).items():
            if key not in library:
                near = did_you_mean(key, library)
                self.wrong(child, f"'{key}' is not the id of a number", near or "See 'numbers'.")
                continue
            number = self.amount(child, library[key].unit, 0.0, 1e15)
            if number is not None:
                found[key] = number
        return found

    def prices(self, node: Node | None) -> dict[str, float]:
        found = {}
        known = [n.removeprefix("price_") for n in load() if n.startswith("price_")]
        for key, child in (node.fields if node else {}).items():
            if key not in known:
                listed = did_you_mean(key, known) or f"Known are {', '.join(known)}."
                self.wrong(child, f"'{key}' is not priced here", listed)
                continue
            number = self.amount(child, "USD", 0.0, 1e9)
            if number is not None:
                found[key] = number
        return found


def _line(problem: Problem) -> int:
    place = problem.where.split(":")
    return int(place[1]) if len(place) > 1 and place[1].isdigit() else 0
