"""A coding sequence with its parts as features, as GenBank and FASTA text (Biopython)."""

from __future__ import annotations

import io
import re
import textwrap

from .design import KOZAK, Design

LOCUS_LENGTH = 16
FASTA_WIDTH = 60


def genbank(design: Design, coding: str) -> str:
    """Return the GenBank record of a coding sequence, with every part as a feature.

    Raises ValueError if the DNA does not translate to the protein of the design.
    """
    from Bio import SeqIO
    from Bio.Seq import Seq
    from Bio.SeqFeature import SeqFeature, SimpleLocation
    from Bio.SeqRecord import SeqRecord

    if str(Seq(coding).translate()) != f"{design.protein}*":
        raise ValueError("the DNA does not translate to the protein of the design")
    record = SeqRecord(
        Seq(KOZAK + coding),
        id=design.name,
        name=re.sub(r"\W", "_", design.name)[:LOCUS_LENGTH],
        description=f"{design.target} CAR construct {design.name} ({design.platform})",
        annotations={
            "molecule_type": "DNA",
            "topology": "linear",
            "data_file_division": "SYN",
            "source": "synthetic construct",
            "organism": "synthetic construct",
        },
    )
    start = len(KOZAK)
    record.features = [
        SeqFeature(SimpleLocation(0, start, 1), "regulatory", qualifiers=_kozak()),
        SeqFeature(
            SimpleLocation(start, start + len(coding), 1),
            "CDS",
            qualifiers={"label": [design.name], "translation": [design.protein]},
        ),
    ]
    for part in design.parts:
        end = start + 3 * len(part.sequence)
        told = (part.meaning, part.accession, f"checked: {part.checked}", part.source)
        qualifiers = {"label": [part.name], "note": ["; ".join(filter(None, told))]}
        place = SimpleLocation(start, end, 1)
        record.features.append(SeqFeature(place, "misc_feature", qualifiers=qualifiers))
        start = end
    stream = io.StringIO()
    SeqIO.write(record, stream, "genbank")
    return stream.getvalue()


def fasta(design: Design, coding: str) -> str:
    """Return protein and coding sequence as FASTA."""
    records = ((f"{design.name}_protein", design.protein), (f"{design.name}_dna", coding))
    return "".join(f">{name}\n{textwrap.fill(text, FASTA_WIDTH)}\n" for name, text in records)


def _kozak() -> dict[str, list[str]]:
    return {"label": ["Kozak"], "regulatory_class": ["ribosome_binding_site"]}
