"""XML from a stranger: a tree of elements with line numbers, entities and depth refused.

The standard library's expat reads; a document type (and so every entity) is refused, as are more
levels or elements than any real model has. Notes and annotations are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from ..base.errors import Problem, SpecError

DEEPEST = 2_000
MOST_ELEMENTS = 120_000  # notes and annotations not counted
SKIPPED = ("notes", "annotation")


@dataclass(slots=True, eq=False)
class Element:
    """An element: namespace, local name, attributes (foreign ones as 'namespace name'), children.

    `text` is what stands before the first child, `tail` what follows the element itself.
    """

    namespace: str
    tag: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = field(default_factory=list)
    text: str = ""
    tail: str = ""

    def find(self, tag: str) -> Element | None:
        """The first child of a name, in this element's own namespace."""
        for child in self.children:
            if child.tag == tag and child.namespace == self.namespace:
                return child
        return None


def parse_xml(content: bytes, file: str) -> Element:
    """The root element of a document. SpecError names the line of what is refused."""
    builder = _Builder(file)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = builder.doctype
    builder.parser = parser
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        what = f"this is not whole XML: {expat.errors.messages[error.code]}"
        place = f"{file}:{error.lineno}"
        raise SpecError(Problem(place, what, "Is the file cut off or of another kind?")) from None
    except (LookupError, ValueError) as error:  # an unknown encoding
        raise SpecError(Problem(file, f"this cannot be read as XML: {error}")) from None
    assert builder.root is not None
    return builder.root


class _Builder:
    """Takes the parser's calls and grows the tree."""

    parser: Any

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Element | None = None
        self.open: list[Element] = []
        self.depth = self.skipping = self.count = 0
        self.last: Element | None = None  # the child closed last: where a tail belongs

    def refuse(self, what: str, do: str = "") -> None:
        raise SpecError(Problem(f"{self.file}:{self.parser.CurrentLineNumber}", what, do))

    def doctype(self, *_: Any) -> None:
        self.refuse(
            "a document type (DOCTYPE), which can define entities, is not read", "Remove it."
        )

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            self.refuse(f"elements are nested deeper than {DEEPEST:,} levels")
        namespace, _, tag = name.rpartition(" ")
        if self.skipping or (self.open and tag in SKIPPED):
            self.skipping += 1
            return
        self.count += 1
        if self.count > MOST_ELEMENTS:
            self.refuse(f"the file has more than {MOST_ELEMENTS:,} elements")
        element = Element(namespace, tag, attributes, self.parser.CurrentLineNumber)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)
        self.last = None

    def end(self, _: str) -> None:
        self.depth -= 1
        if self.skipping:
            self.skipping -= 1
        else:
            self.last = self.open.pop()

    def characters(self, text: str) -> None:
        if self.skipping or not self.open:
            return
        if self.last is None:
            self.open[-1].text += text
        else:
            self.last.tail += text
