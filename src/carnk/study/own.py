"""The user's own numbers in a study: a number file in the place of the library's values."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from ..base import Problem, SpecError, read_text
from ..domain import Study
from ..library import Number, parse_number_file
from .fields import GivenNumbers
from .lots import TAKEN

FILE = "numbers.yaml"  # of a run folder


def with_own_file(study: Study, path: Path | str) -> Study:
    """The study with the numbers of a file, as `with_own`."""
    path = Path(path)
    return with_own(study, read_text(path), path.name)


def with_own(study: Study, text: str, file: str = FILE) -> Study:
    """The study with the numbers of a number file instead of the library's and of its own.

    Raises SpecError or NumberError with all that is wrong with it: among it that a process sets a
    number, or that the study reads none of them.
    """
    own = parse_number_file(text, file)
    if len(unread(study, own)) == len(own):
        what = "none of its numbers is one that this study reads"
        raise SpecError(Problem(file, what, "See `carnk numbers`."))
    if study.product.process is not None:
        set_by = study.product.process.name
        problems = [
            Problem(f"{file}: {n.id}", f"this number of lots comes from the process '{set_by}'",
                    "Leave it out, or set it in a process file of your own.")
            for n in own if n.id in TAKEN or n.id.startswith("car_positive_")
        ]  # fmt: skip
        if problems:
            raise SpecError(problems, file)
    ids = {number.id for number in own}
    left = {name: given for name, given in study.numbers.items() if name not in ids}
    return replace(study, numbers=MappingProxyType(left), own_numbers=text)


def unread(study: Study, own: Iterable[Number]) -> list[str]:
    """Ids of own numbers that are of another room than a study reads."""
    making = ("making",) if study.product.process else ()
    names = GivenNumbers().names()
    return [n.id for n in own if n.id not in names and n.room not in making]
