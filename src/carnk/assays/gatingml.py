"""Gates of a GatingML 2.0 file on a sample, through FlowKit: every population with its parent.

Compensation and scales (linear, logarithmic, arcsinh, logicle, hyperlog, ratios) are as the file
says, dimension by dimension.
"""

import warnings
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ..base import DataError, Problem, did_you_mean, read_text
from .fcs import Sample, module
from .populations import Population

DATATYPES = "{http://www.isac-net.org/std/Gating-ML/v2.0/datatypes}"
GATING = "{http://www.isac-net.org/std/Gating-ML/v2.0/gating}"
TRANSFORMS = "{http://www.isac-net.org/std/Gating-ML/v2.0/transformations}"
LARGEST_BYTES = 10_000_000
FAULTS = (*(ValueError, LookupError, TypeError, AttributeError, NotImplementedError, SyntaxError),)


def gate(sample: Sample, path: Path) -> list[Population]:
    """Populations of all gates, parents first; DataError if gates and sample do not agree."""
    text = read_text(path, LARGEST_BYTES)
    root = _parsed(path.name, text)
    _check_channels(sample, path.name, root)
    flowkit, networkx = module("flowkit"), module("networkx")
    own_faults = flowkit.exceptions.FlowKitException, networkx.NetworkXException
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            strategy = flowkit.parse_gating_xml(str(path))
            results = strategy.gate_sample(_as_flowkit(flowkit, sample, root), cache_events=True)
    except (*own_faults, *FAULTS) as error:
        what = f"the gates cannot be used: {str(error) or type(error).__name__}"
        raise DataError(
            Problem(
                path.name, what, "Check it by the GatingML 2.0 schema; an id has no '+' or space."
            )
        ) from None
    return _tree(sample, results)


def _as_flowkit(flowkit: Any, sample: Sample, root: ElementTree.Element) -> Any:
    """FlowKit's sample; channels that the file's spillover leaves out are not compensated."""
    data = sample.data
    wants_own = any(each.get(f"{GATING}compensation-ref") == "FCS" for each in root.iter())
    if wants_own and sample.spill is not None:
        data.fluoro_indices = sorted(sample.spill[0])
        data.null_channels = [n for i, n in enumerate(sample.names) if i not in sample.spill[0]]
    return flowkit.Sample(data, sample_id="sample", subsample=1)


def _tree(sample: Sample, results: Any) -> list[Population]:
    """FlowKit's report as populations, each below its parent."""
    found: dict[tuple[str, ...], Population] = {}
    total = len(sample.events)
    for row in results.report.to_dict("records"):
        above = tuple(row["gate_path"])[1:]
        if row["quadrant_parent"]:
            above = (*above, row["quadrant_parent"])[: len(above) + 1]
        name = str(row["gate_name"])
        mask = results.get_gate_membership(name, tuple(row["gate_path"]))
        found[(*above, name)] = Population(name, above, int(mask.sum()), total, mask)
    made = []
    for place in sorted(found):
        parent = next((found[place[:n]] for n in range(len(place) - 1, 0, -1)
                       if place[:n] in found), None)  # fmt: skip
        each = found[place]
        of = parent.count if parent else total
        made.append(Population(each.name, each.path, each.count, of, each.mask))
    return made


def _parsed(file: str, text: str) -> ElementTree.Element:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise DataError(Problem(file, "document types and entities are not read", "Remove them."))
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        what = f"this is not XML: {error}"
        raise DataError(Problem(file, what, "Export the gates as GatingML 2.0.")) from None


def _check_channels(sample: Sample, file: str, root: ElementTree.Element) -> None:
    """All channels that gates name and the sample has not, at once."""
    labels = {*sample.names, *sample.markers}
    labels |= {label.replace("/", "_") for label in sample.names}
    for dyes in root.iter(f"{TRANSFORMS}fluorochromes"):
        labels |= {str(each.get(f"{DATATYPES}name")) for each in dyes}
    named = [str(e.get(f"{DATATYPES}name")) for e in root.iter(f"{DATATYPES}fcs-dimension")]
    missing = [name for name in dict.fromkeys(named) if name not in labels]
    if missing:
        known = [label for label in (*sample.names, *sample.markers) if label]
        raise DataError(
            (Problem(file, f"there is no channel '{name}' in {sample.file}",
                     did_you_mean(name, known) or f"Channels: {', '.join(sample.names)}.")
             for name in missing), file,
        )  # fmt: skip
