"""Small FCS files of any version, made by hand for the tests."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np


def written(  # noqa: PLR0917
    path: Path,
    events: np.ndarray,
    names: Sequence[str],
    version: str = "3.1",
    kind: str = "<f4",
    keywords: dict[str, str] | None = None,
    stop_past: int = 0,
    header_off: int = 0,
) -> Path:
    """Write events as 'F', 'D' or 'I' by the numpy kind; keywords override what is written.

    stop_past: bytes by which the end of the data is told too late; header_off: by which the header
    alone is wrong.
    """
    data = np.ascontiguousarray(events, kind).tobytes()
    letter = {"f4": "F", "f8": "D"}.get(kind[1:], "I")
    width = np.dtype(kind).itemsize * 8
    order = ("1,2,3,4" if width > 16 else "1,2") if kind[0] == "<" else "4,3,2,1"
    top = 2**width if letter == "I" else 262144
    text = {"MODE": "L", "DATATYPE": letter, "BYTEORD": order, "NEXTDATA": "0",
            "PAR": str(len(names)), "TOT": str(len(events))}  # fmt: skip
    for i, name in enumerate(names, 1):
        text |= {f"P{i}N": name, f"P{i}B": str(width), f"P{i}E": "0,0", f"P{i}R": str(top)}
    begin = 4096
    end = begin + len(data) - 1 + stop_past
    if version != "2.0":
        text |= {"BEGINDATA": str(begin), "ENDDATA": str(end), "BEGINANALYSIS": "0",
                 "ENDANALYSIS": "0", "BEGINSTEXT": "0", "ENDSTEXT": "0"}  # fmt: skip
    text |= keywords or {}
    body = "|" + "".join(f"${key}|{value}|" for key, value in text.items() if value)
    places = (58, 58 + len(body) - 1, begin + header_off, end + header_off, 0, 0)
    head = f"FCS{version}    " + "".join(f"{place:>8}" for place in places)
    path.write_bytes((head + body).encode().ljust(begin, b" ") + data)
    return path
