"""docs/trial.md names the fields and designs that there are."""

import re
from pathlib import Path

from carnk.base import parse_yaml
from carnk.study import study_text
from carnk.study.trial_form import DESIGN
from carnk.study.trial_rules import RULES

PAGE = (Path(__file__).parents[2] / "docs/trial.md").read_text(encoding="utf-8")


def test_the_block_shown_is_that_of_the_built_in_study() -> None:
    shown = re.search(r"```yaml\n(design:.*?)```", PAGE, re.DOTALL)
    assert shown
    study = parse_yaml(study_text("dose_schedule")[1], "study.yaml")
    assert parse_yaml(shown.group(1), "shown.yaml").plain()["design"] == study.get("design").plain()


def test_the_designs_and_their_settings_are_those_there_are() -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| `rules`"))
    named = re.findall(r"`([^`]+)`", row.split("|")[2])
    assert set(named) - {"{rule: name, setting: ...}"} == set(RULES)
    settings = next(line for line in PAGE.splitlines() if line.startswith("| settings"))
    given = {name for form in RULES.values() for name in form.fields}
    assert set(re.findall(r"`([^`]+)`", settings)) == given


def test_every_field_has_a_row() -> None:
    table = PAGE[PAGE.index("## Fields") : PAGE.index("## How it is done")]
    assert all(f"`{name}" in table for name in DESIGN.fields)
