"""`export`: the model of a study's typical patient for other simulators and for print."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .study import Name


class Format(StrEnum):
    """What `export` can write."""

    SBML = "sbml"
    ANTIMONY = "antimony"
    LATEX = "latex"


def export(
    study: Name,
    form: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.SBML,
    out: Annotated[Path | None, typer.Option(help="File to write; '-' or none: print it.")] = None,
    arm: Annotated[str, typer.Option(help="Instead of the study's first arm.")] = "",
    disease: Annotated[str, typer.Option(help="Instead of its most frequent disease.")] = "",
) -> None:
    """Write our model for one typical patient of a study, or a published model, with sources.

    Typical: at the median of every distribution of the population, with the library's own values
    for uncertain numbers. Doses and rescue are events; time 0 is the study's first day. The cases
    of a published model (carnk studies --models) are its arms.

    Example: carnk export liu2020 --format sbml --out model.xml
    """
    from ..base import write_text_atomic
    from ..library import load
    from ..solver.antimony import antimony_text
    from ..solver.latex import latex_text
    from ..solver.sbml import sbml_text
    from ..study.export import typical
    from ..study.read import read
    from .comparators import is_comparator, model_document

    view = load().view()
    if is_comparator(study):
        made = model_document(study, view, arm, disease)
    else:
        made = typical(read(study), view, arm, disease)
    writers = {Format.SBML: sbml_text, Format.ANTIMONY: antimony_text, Format.LATEX: latex_text}
    text = writers[form](made)
    if out is None or str(out) == "-":
        typer.echo(text, nl=False)
    else:
        write_text_atomic(out, text)
        typer.echo(f"{out}: {form.value}, {len(text.encode()):,} bytes")
