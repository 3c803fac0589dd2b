"""Templates to pages: one environment and one style for every page of the report."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"


def render(name: str, styles: tuple[str, ...] = ("page.css",), **values: Any) -> str:
    """Return a template as one page; `styles` are files of the templates' folder."""
    from markupsafe import Markup

    style = Markup("".join((TEMPLATES / each).read_text("utf-8") for each in styles))
    return environment().get_template(name).render(style=style, **values)


@cache
def environment() -> "jinja2.Environment":
    """The environment: text is escaped, and a value that is missing is an error."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
