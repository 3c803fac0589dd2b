"""A new study folder to edit, and the JSON Schema by which editors check it."""

import json
from pathlib import Path

from ..base import new_folder_atomic
from .fields import study_form
from .find import study_text

HEAD = """\
# yaml-language-server: $schema=study.schema.json
# Edit this file, then: carnk check study.yaml && carnk run study.yaml
# What was said and seen of the study it began from is kept as comments.
# `carnk numbers` lists what can stand under `numbers:`, for example
#   numbers: {growth_dlbcl: {value: 0.05 1/day, range: [0.01 1/day, 0.2 1/day]}}
"""


def schema_text() -> str:
    """The JSON Schema of study files."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "carnk study"}
    return json.dumps(head | study_form().schema(), indent=1) + "\n"


def new_study(folder: Path, source: str) -> None:
    """Make a folder with a commented study.yaml and its schema; SpecError if it is there."""
    _, text = study_text(source)
    with new_folder_atomic(folder) as hidden:
        own = _renamed(text, folder.name, source)
        (hidden / "study.yaml").write_text(HEAD + own, encoding="utf-8")
        (hidden / "study.schema.json").write_text(schema_text(), encoding="utf-8")


def _renamed(text: str, name: str, source: str) -> str:
    """The text under a new name; what was said and seen of the old study becomes a comment."""
    lines, quoted = [], False
    own = {"study": f"study: {json.dumps(name)}", "title": f"title: My study, begun from {source}"}
    for line in text.splitlines():
        key = line.split(":")[0]
        if line[:1].isalpha():
            quoted = key in ("registry", "about", "observed", "credibility")
        said = f"# {line}" if quoted and line and not line.startswith("#") else line
        lines.append(own.get(key, said))
    return "\n".join(lines) + "\n"
