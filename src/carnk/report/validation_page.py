"""A validation as one self-contained page, and the folder that holds it with its table."""

from pathlib import Path

from ..base import new_folder_atomic, write_text_atomic
from . import validation_words as words
from .validation_plot import figure
from .validation_words import FATES, LEGEND, MEANING, Row, by_miss, by_reason, fate

TEMPLATES = Path(__file__).parent / "templates"


def write(folder: Path, table: str, page_text: str) -> None:
    """Write validation.csv and validation.html into a new folder, or nothing.

    SpecError if something stands there already.
    """
    with new_folder_atomic(folder) as inside:
        write_text_atomic(inside / "validation.csv", table)
        write_text_atomic(inside / "validation.html", page_text)


def page(rows: list[Row], bars: list[Row], left: list[Row], made: str, caution: str) -> str:
    """The page as text; made: version, patients and seed in words; caution: '' for none."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True,
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    ordered = by_miss(rows)
    fates = [(name, [row for row in ordered if fate(row) == name]) for name in FATES]
    shown = ("quantity", "group", "seen", "predicted", "signed", "score", "verdict", "wanted",
             "measured")  # fmt: skip
    return environment.get_template("validation.html").render(
        {name: getattr(words, name) for name in shown},
        style=Markup((TEMPLATES / "page.css").read_text("utf-8")),
        rows=rows, bars=bars, reasons=by_reason(left), made=made, plot=figure(rows),
        fates=[(name, mine) for name, mine in fates if mine], meaning=MEANING, legend=LEGEND,
        tallies=words.tallies(rows), caution=caution,
    )  # fmt: skip
