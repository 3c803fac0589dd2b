"""What the manual shows is what the program does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import carnk

ROOT = Path(__file__).parents[2]


def generated() -> dict[str, str]:
    """Pages of docs/generate.py as they would be written now."""
    space: dict[str, object] = {"__name__": "generate", "__file__": str(ROOT / "docs/generate.py")}
    exec(compile((ROOT / "docs/generate.py").read_text(), "generate.py", "exec"), space)
    return {name: page() for name, page in space["PAGES"].items()}  # type: ignore[attr-defined]


@pytest.mark.parametrize(("name", "text"), generated().items())
def test_generated_pages_are_current(name: str, text: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text, "run `make docs`"


def test_public_names_are_frozen() -> None:
    assert carnk.__all__ == [
        "CarnkError", "Construct", "Product", "Regimen", "Result", "Study", "kill", "numbers",
        "read", "report", "run", "studies",
    ]  # fmt: skip
    assert all(getattr(carnk, name) is not None for name in carnk.__all__)
    assert len(carnk.__all__) <= 25


def test_every_command_is_in_the_docs_with_an_example() -> None:
    text = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    for part in text.split("## carnk ")[1:]:
        assert "Example: carnk" in part, part[:40]


def test_readme_example_prints_what_it_shows(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", readme, re.DOTALL)
    shown = re.search(r"```text\n(.*?)```", readme, re.DOTALL)
    assert code
    assert shown
    assert (
        code.group(1).strip()
        == (ROOT / "examples/first_run.py").read_text().split('"""\n')[1].strip()
    )
    done = subprocess.run(
        [sys.executable, "-c", code.group(1)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert done.stdout.strip() == shown.group(1).strip()


def test_readme_commands_are_targets_of_the_makefile() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"^make ([a-z]+)", readme, re.MULTILINE)
    assert named[:2] == ["demo", "test"]
    assert set(named) <= set(targets)
    assert "make test" in (ROOT / ".ci/run").read_text()


def test_import_is_cheap() -> None:
    code = (
        "import sys, carnk; print(sorted({'numpy', 'pint', 'numba', 'polars'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_changelog_states_the_share_of_unverified_numbers() -> None:
    """The share may only grow with a note in the changelog."""
    from carnk.library import load, share_unverified

    unread, assumed, _ = share_unverified(load().values())
    changelog = " ".join((ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split())
    noted = re.search(r"(\d+) are assumed and (\d+) rest on a source that nobody has", changelog)
    assert noted, "CHANGELOG.md states no share"
    assert assumed <= int(noted.group(1))
    assert unread <= int(noted.group(2))


def test_citation_and_package_agree_on_the_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == carnk.__version__
    assert f"## {carnk.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_type_checker_is_ignored_only_in_the_kernel() -> None:
    ignored = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "src").rglob("*.py")
        if "# type: ignore" in path.read_text(encoding="utf-8")
    ]
    assert all(Path(name).name.startswith("kernel") for name in ignored), ignored


def test_lock_file_names_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    lines = [line for line in lock.splitlines() if line and not line.startswith("#")]
    assert lines
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!_-]+", line) for line in lines)
