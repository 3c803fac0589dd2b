"""The `design:` block of a study file: its fields, what only several of them show, its noun."""

from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from ..base import Node, Problem, SpecError, did_you_mean
from ..domain import Calendar, LimitingToxicity, Lots, Rule, Trial
from ..library import load
from .form import Amount, Choice, Form, Many, Optional
from .trial import members_of, too_few
from .trial_rules import COHORTS_OF_THREE, RULES, design_of

TOXICITIES = ("crs", "icans", "gvhd")
LEAST_TARGET, MOST_TARGET = 0.05, 0.6
MOST_OUTCOMES = 10_000_000  # patients of all trials times dose levels, held in memory


@dataclass(frozen=True)
class RuleField:
    """A design by name, or its name and settings: `boin` or `{rule: boin, ...}`."""

    meaning: str = "a dose-finding design"
    default: None = None

    def read(self, node: Node, problems: list[Problem]) -> Rule:
        """Return the rule; an unknown name or setting is a problem with the nearest known one."""
        if not isinstance(node.value, dict):
            name = self.name(node, problems)
            needed = _needed(name)
            if needed:
                do = f"Write {{rule: {name}, {needed[0]}: ...}}."
                problems.append(node.problem(f"'{name}' needs '{needed[0]}'", do))
            return Rule(name)
        place = node.get("rule")
        if place is None:
            problems.append(node.problem("'rule' is missing", f"Name one of {self.known()}."))
            return Rule("")
        name = self.name(place, problems)
        form = RULES.get(name)
        if form is None:
            return Rule(name)
        problems.extend(node.unknown_keys(("rule", *form.fields)))
        for key in _needed(name):
            if node.get(key) is None:
                do = f"Give {form.fields[key].meaning}."
                problems.append(node.problem(f"'{key}' is missing", do))
        given = {key: each for key, each in form.fields.items() if node.get(key) is not None}
        read = {key: each.read(node.fields[key], problems) for key, each in given.items()}
        return Rule(name, MappingProxyType(read))

    def name(self, node: Node, problems: list[Problem]) -> str:
        """Read a design's name."""
        name = str(node.plain())
        if name not in RULES:
            what = f"'{name}' is not a dose-finding design"
            do = did_you_mean(name, RULES) or f"Known are {self.known()}."
            problems.append(node.problem(what, do))
        return name

    def known(self) -> str:
        """Names of all designs."""
        return ", ".join(RULES)

    def schema(self) -> dict[str, Any]:
        """JSON Schema of this field."""
        alone = [name for name in RULES if not _needed(name)]
        named: list[dict[str, Any]] = [{"enum": alone, "description": self.meaning}]
        for name, form in RULES.items():
            inner = form.schema()
            inner["properties"] = {"rule": {"const": name}, **inner["properties"]}
            inner["required"] = ["rule", *_needed(name)]
            named.append(inner)
        return {"anyOf": named}


def _needed(name: str) -> list[str]:
    """Settings that a design cannot do without."""
    fields = RULES[name].fields if name in RULES else {}
    return [k for k, each in fields.items() if isinstance(each, Amount) and each.default is None]


def _days(meaning: str, low: float = 0.0, above: bool = False) -> Optional:
    return Optional(Amount(meaning, low=low, high=3650, above=above))


def _share(meaning: str, low: float = 0.0, high: float = 1.0) -> Optional:
    return Optional(Amount(meaning, low=low, high=high))


DLT = Form(
    "what counts as a dose-limiting toxicity",
    {
        "counts": Many(
            "kinds that count; GvHD from grade 2",
            Choice("a kind", TOXICITIES),
            least=1,
            default=TOXICITIES,
        ),
        "crs": Amount("the lowest grade of CRS that counts", whole=True, low=1, high=3, default=3),
        "icans": Amount("the lowest grade of ICANS that counts", whole=True, low=1, high=3,
                        default=3),
        "days": Optional(Amount("the window, from the first infusion", whole=True, low=1,
                                high=3650)),
    },
)  # fmt: skip
LOTS = Form(
    "how product reaches the patients",
    {
        "doses": Optional(Amount("infusions that a lot yields", whole=True, low=1, high=1e6)),
        "failure": _share("chance that a lot is not released", high=0.9),
        "days": _days("days from the start of one lot to the start of the next"),
        "fills": Many(
            "share of lots that can fill each dose level, the lowest first",
            Amount("a share", high=1.0),
            default=(),
        ),
    },
)
CALENDAR = Form(
    "when patients come and may be treated",
    {
        "arrival": _days("mean days between patients", above=True),
        "sentinel": _days("days from the first patient of a cohort to the second"),
    },
)
DESIGN = Form(
    "a dose-finding trial on the virtual patients; the arms are its dose levels",
    {
        "rules": Many("designs, compared on the same patients", RuleField(), least=1),
        "target": _share("the chance of DLT aimed at", LEAST_TARGET, MOST_TARGET),
        "cohorts": Amount("most cohorts", whole=True, low=1, high=200, default=10.0),
        "size": Amount("patients in a cohort", whole=True, low=1, high=20, default=3.0),
        "trials": Amount("simulated trials", whole=True, low=100, high=100_000, default=10_000.0),
        "margin": _share("how far below the best response is still on the plateau"),
        "bound": _share("the toxicity to be excluded", 0.001, 0.5),
        "dlt": Optional(DLT),
        "lots": Optional(LOTS),
        "calendar": Optional(CALENDAR),
    },
)


def trial_of(values: dict[str, Any] | None) -> Trial | None:
    """The noun of a `design:` block."""
    if values is None:
        return None
    dlt, lots, calendar = (values[name] or {} for name in ("dlt", "lots", "calendar"))
    limiting = LimitingToxicity()
    if dlt:
        limiting = LimitingToxicity(dlt["counts"], int(dlt["crs"]), int(dlt["icans"]), dlt["days"])
    return Trial(
        rules=values["rules"],
        cohorts=int(values["cohorts"]),
        size=int(values["size"]),
        trials=int(values["trials"]),
        target=values["target"],
        margin=values["margin"],
        bound=values["bound"],
        limiting=limiting,
        lots=Lots(
            None if lots.get("doses") is None else int(lots["doses"]),
            lots.get("failure"),
            lots.get("days"),
            lots.get("fills", ()),
        ),
        calendar=Calendar(calendar.get("arrival"), calendar.get("sentinel")),
    )


def design_problems(node: Node, values: dict[str, Any]) -> list[Problem]:
    """Problems of the block that its fields show only together or with the rest of the study."""
    block, trial = node.get("design"), values["design"]
    if block is None or trial is None or not isinstance(block.value, dict):
        return []
    groups = _schedules(node, values)
    problems = [*_levels(node, block, groups), *_rules(block, trial), *_window(block, values)]
    problems += [*_yields(block, trial, groups), *_sizes(node, block, values, groups)]
    return problems or _designs(block, values, groups)


Arm = tuple[Node, dict[str, Any]]


def _schedules(node: Node, values: dict[str, Any]) -> list[list[Arm]]:
    """Arms with the same days and drugs, as `trial_draw.schedules` has them."""
    regimen, child = values["regimen"], node.get("arms")
    groups: dict[str, list[Arm]] = {}
    for entry, arm in zip(child.entries if child else [], values["arms"] or ()):
        each = regimen | {key: value for key, value in arm.items() if value is not None}
        key = repr((sorted(each["days"] or ()), each["drugs"], each.get("rescue")))
        groups.setdefault(key, []).append((entry, each))
    return list(groups.values())


def _levels(node: Node, block: Node, groups: list[list[Arm]]) -> list[Problem]:
    """Two dose levels or more on each schedule, in rising order."""
    if not groups:
        do = "List them under 'arms', the lowest first."
        return [block.problem("the study has no dose levels for a trial", do)]
    problems = []
    for group in groups:
        if len(group) == 1:
            entry, arm = group[0]
            what = f"'{arm['name']}' is the only dose level on its days and drugs"
            do = "Give a dose-finding trial two or more, differing in the dose alone."
            problems.append(entry.problem(what, do))
        for (_, lower), (entry, arm) in pairwise(group):
            if arm["dose"] and lower["dose"] and arm["dose"][0] <= lower["dose"][0]:
                what = (
                    f"the dose of '{arm['name']}', {arm['dose'][0]:g}, is not above that of "
                    f"'{lower['name']}', {lower['dose'][0]:g}"
                )
                problems.append(entry.problem(what, "List dose levels from low to high."))
    return problems


def _rules(block: Node, trial: dict[str, Any]) -> list[Problem]:
    """Rules differ, and 3+3 treats cohorts of three."""
    problems: list[Problem] = []
    rules = trial["rules"] or ()
    names = [rule.name for rule in rules]
    entries = block.fields["rules"].entries if "rules" in block.fields else []
    for i, (entry, rule) in enumerate(zip(entries, rules)):
        if rule in rules[:i]:
            problems.append(entry.problem(f"'{rule.name}' stands here twice", "Remove one."))
    three = [name for name in names if name in COHORTS_OF_THREE]
    if three and trial["size"] not in (None, 3):
        where = block.get("size") or block
        what = f"{three[0]} treats cohorts of 3, not of {trial['size']:g}"
        problems.append(where.problem(what, "Write 'size: 3', or put it in a study of its own."))
    return problems


def _designs(block: Node, values: dict[str, Any], groups: list[list[Arm]]) -> list[Problem]:
    """Every rule makes a design for the levels of every schedule."""
    given = values["design"]
    if any(given[name] is None for name in ("rules", "cohorts", "size", "trials")):
        return []
    trial = trial_of(given)
    assert trial is not None
    entries = block.fields["rules"].entries
    aimed = replace(trial, target=trial.target or load()["trial_target"].value)
    problems = []
    for group in groups:
        if any(arm["dose"] is None for _, arm in group):
            continue
        amounts = tuple(arm["dose"][0] for _, arm in group)
        for entry, rule in zip(entries, trial.rules):
            if rule.name not in RULES:
                continue
            try:
                design_of(rule, aimed, amounts)
            except SpecError as error:
                problems += [entry.problem(f"{p.where}: {p.what}", p.do) for p in error.problems]
    return list(dict.fromkeys(problems))  # the same on every schedule


def _window(block: Node, values: dict[str, Any]) -> list[Problem]:
    """The window lies within the study."""
    dlt = values["design"]["dlt"] or {}
    days, last = dlt.get("days") or load()["trial_dlt_window"].value, values["days"]
    if last is None or days <= last:
        return []
    place = block.get("dlt")
    where = (place.get("days") if place else None) or block
    what = f"the window of {days:g} days is longer than the study, {last:g} days"
    return [where.problem(what, "Follow patients for longer, or shorten the window.")]


def _yields(block: Node, trial: dict[str, Any], groups: list[list[Arm]]) -> list[Problem]:
    """A lot treats at least one patient, and says of every dose level how often it fills it."""
    place, lots = block.get("lots"), trial["lots"] or {}
    if place is None or not isinstance(place.value, dict):
        return []
    problems = []
    most = max((len(arm["days"] or ()) for group in groups for _, arm in group), default=1)
    if lots["doses"] and lots["doses"] < most and place.get("doses"):
        what = f"a lot of {lots['doses']:g} cannot treat a patient who gets {most} infusions"
        problems.append(place.fields["doses"].problem(what, f"Give {most} or more."))
    fills, where = lots["fills"], place.get("fills")
    if not fills or where is None:
        return problems
    counts = {len(group) for group in groups}
    if groups and counts != {len(fills)}:
        listed = " and ".join(str(n) for n in sorted(counts))
        what = f"{len(fills)} shares for {listed} dose levels"
        problems.append(where.problem(what, "Give one for each level."))
    if fills[0] != 1 or any(b > a for a, b in pairwise(fills)):
        what = "the shares do not fall from 1"
        do = "Begin with 1: a lot that fills no dose is one that failed. Never rise."
        problems.append(where.problem(what, do))
    return problems


def _sizes(
    node: Node, block: Node, values: dict[str, Any], groups: list[list[Arm]]
) -> list[Problem]:
    """Patients enough for several lots in each world, trials few enough for memory."""
    trial, problems = values["design"], []
    if None in (trial["cohorts"], trial["size"], trial["trials"], values["patients"]):
        return []
    doses = (trial["lots"] or {}).get("doses") or load()["trial_lot_doses"].value
    fewest = min((len(arm["days"] or (0,)) for group in groups for _, arm in group), default=1)
    most = int(trial["cohorts"] * trial["size"])
    wrong = too_few(int(values["patients"]), members_of(int(doses), fewest, most))
    if wrong is not None:
        problems.append((node.get("patients") or node).problem(*wrong))
    levels = max((len(group) for group in groups), default=1)
    if trial["trials"] * most * levels > MOST_OUTCOMES:
        what = f"{trial['trials']:,.0f} trials of {most:g} patients at {levels} doses do not fit"
        fit = int(MOST_OUTCOMES / (most * levels))
        where = block.get("trials") or block
        problems.append(where.problem(what, f"Give at most {fit:,} trials."))
    return problems
