"""Run folders of few patients, and copies of them that a test may spoil."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from carnk import report
from carnk.study import parse, read
from carnk.study.folder import run_to_folder


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 40 patients with its report."""
    folder = tmp_path_factory.mktemp("runs") / "liu2020"
    run_to_folder("liu2020", read("liu2020", patients=40), folder)
    report.write(folder)
    return folder


@pytest.fixture(scope="session")
def page(example: Path) -> str:
    """The example's report."""
    return (example / "report.html").read_text(encoding="utf-8")


@dataclass
class Copy:
    """A copy of a run folder whose study and manifest can be changed."""

    folder: Path

    def study(self, change: Callable[[str], str]) -> None:
        path = self.folder / "study.yaml"
        before = path.read_text(encoding="utf-8")
        text = change(before)
        assert text != before
        parse(text)
        path.write_text(text, encoding="utf-8")

    def manifest(self, **changed: object) -> None:
        path = self.folder / "run.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changed))

    def page(self) -> str:
        return report.write(self.folder).read_text(encoding="utf-8")


@pytest.fixture
def copied(example: Path, tmp_path: Path) -> Copy:
    """A copy of the example."""
    folder = tmp_path / "copy"
    shutil.copytree(example, folder)
    (folder / "report.html").unlink()
    return Copy(folder)
