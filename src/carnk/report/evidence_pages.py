"""Pages of the evidence, one file each: claims, kinds of cells side by side, answers."""

from itertools import groupby
from typing import Any

from ..evidence.claims import Claim, article_references, beside, by_verdict
from ..evidence.faq import ADVICE, Faq
from ..evidence.results import OUTCOMES
from ..evidence.snapshot import snapshot
from ..evidence.versus import APPROVAL, CAUTION, Versus
from .rendering import render

STYLES = ("page.css", "evidence.css")


def claims_page(found: tuple[Claim, ...]) -> str:
    """Return claims with their evidence, and the articles' references, as a page."""
    return _render(
        "claims.html",
        found=found,
        tally={k: n for k, n in by_verdict(found).items() if n},
        references=article_references(),
        beside=beside,
    )


def versus_page(found: Versus) -> str:
    """Return a comparison with one forest plot for each outcome, as a page."""
    from plotly.offline import get_plotlyjs

    from .forest import figure

    plots = []
    for outcome, blocks in groupby(found.blocks, key=lambda b: b.outcome):
        drawn = figure(tuple(blocks))
        plots.append({
            "id": outcome, "name": OUTCOMES[outcome],
            "html": drawn.to_html(include_plotlyjs=False, full_html=False, div_id=f"plot-{outcome}",
                                  config={"displayModeBar": False, "responsive": False}),
        })  # fmt: skip
    options = [(line, list(each)) for line, each in groupby(found.options, key=lambda o: o.line)]
    return _render(
        "versus.html", found=found, plots=plots, options=options, caution=CAUTION,
        plotly=get_plotlyjs(),
    )  # fmt: skip


def faq_page(found: Faq) -> str:
    """Return the answers for patients as a page."""
    options: list[tuple[str, list[Any]]] = []
    if found.about:
        options = [(k, list(g)) for k, g in groupby(found.about.options, key=lambda o: o.line)]
    return _render("faq.html", found=found, options=options)


def _render(name: str, **values: Any) -> str:
    shared = {"advice": ADVICE, "approval": APPROVAL, "date": snapshot().date}
    return render(name, STYLES, **shared, **values)
