"""Runs the commands of docs/tutorials/*.md and writes what they print into the pages.

A page holds blocks ```console, each one command after `$ ` and its output; `head=N` behind the word
keeps the first N lines. Files that a page shows as `name.csv` and a ```csv block are there when its
commands run, and so is the folder examples.
"""

import os
import re
import shlex
import tempfile
from pathlib import Path

from typer.testing import CliRunner

from carnk.cli.app import app

HERE = Path(__file__).parent
PAGES = sorted((HERE / "tutorials").glob("*.md"))
SHOWN = re.compile(r"```console(?: head=(\d+))?\n\$ carnk (.*?)\n(.*?)```", re.DOTALL)
FILES = re.compile(r"`([\w.]+)`:\n\n```(?:csv|yaml)\n(.*?)```", re.DOTALL)


def rewritten(text: str, folder: Path) -> str:
    """The page with its commands run in a folder; AssertionError where one fails."""
    for name, content in FILES.findall(text):
        (folder / name).write_text(content, encoding="utf-8")
    (folder / "examples").symlink_to(HERE.parent / "examples")
    before = Path.cwd()
    os.chdir(folder)
    try:
        return SHOWN.sub(_run, text)
    finally:
        os.chdir(before)


def _run(block: re.Match[str]) -> str:
    head, command, _ = block.groups()
    done = CliRunner().invoke(app, shlex.split(command), prog_name="carnk")
    assert done.exit_code == 0, f"{command}: {done.output}{done.exception}"
    lines = [line.rstrip() for line in done.stdout.rstrip("\n").splitlines()]
    if head and len(lines) > int(head):
        lines = [*lines[: int(head)], "..."]
    fence = f"```console head={head}" if head else "```console"
    return "\n".join([fence, f"$ carnk {command}", *lines, "```"])


def main() -> None:
    """Rewrite every page."""
    for page in PAGES:
        with tempfile.TemporaryDirectory() as folder:
            page.write_text(rewritten(page.read_text("utf-8"), Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
