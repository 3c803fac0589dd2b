"""`assay`: the lab's own plates, flow files, copies, counts and courses."""

from collections.abc import Callable

import typer

from . import assay_elisa, assay_flow, assay_growth, assay_lysis, assay_nca, assay_vcn

app = typer.Typer(
    name="assay",
    help="""The lab's own assays: estimates with error, flags that name the wells.

    Example: carnk assay lysis plate.csv --layout map.csv --readout calcein""",
    no_args_is_help=True,
    rich_markup_mode=None,
)
COMMANDS: tuple[Callable[..., None], ...] = (
    assay_elisa.elisa,
    assay_flow.flow,
    assay_growth.growth,
    assay_lysis.lysis,
    assay_nca.nca,
    assay_growth.thaw,
    assay_vcn.vcn,
)
for command in COMMANDS:
    app.command()(command)
