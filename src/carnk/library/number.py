"""What a number of the library is, and the view that remembers which ones a run asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ..base import NumberError, Problem, did_you_mean

BASES = ("measured", "fitted", "derived", "borrowed", "assumed")
OWN_DATA = "own data"  # source of what a number file gives
SPREADS = ("lognormal_cv", "lognormal_omega2", "normal_sd", "logit_sd", "beta")


@dataclass(frozen=True)
class Spread:
    """How a number differs between patients or donors: the law and its one size.

    lognormal_omega2 is the variance of the logarithm, as population models print it.
    """

    law: str
    size: float


@dataclass(frozen=True)
class Number:
    """One value with its unit, its meaning, and who measured it.

    `value`, `spread` of the kind normal_sd and `range` are in `unit`. `checked` is 'read' or
    'unread', and empty for assumed numbers. `also` holds other published values of the same thing.
    """

    id: str
    value: float
    unit: str
    meaning: str
    basis: str
    range: tuple[float, float] | None = None
    spread: Spread | None = None
    where: dict[str, str] = field(default_factory=dict, hash=False)
    source: str = ""
    why: str = ""
    at: str = ""
    checked: str = ""
    also: tuple[Number, ...] = ()
    reserve: bool = False
    room: str = ""

    @property
    def is_own(self) -> bool:
        """Whether it is of the user's own data: its range is 95 % of what is known of it."""
        return self.source == OWN_DATA

    @property
    def is_unverified(self) -> bool:
        """Whether it rests on an assumption or on a source nobody has opened for it."""
        return self.basis == "assumed" or self.checked != "read"


class Numbers(Mapping[str, Number]):
    """All numbers of the library by id."""

    def __init__(self, numbers: Iterable[Number]) -> None:
        self._by_id = {number.id: number for number in numbers}

    def __getitem__(self, number_id: str) -> Number:
        return self._by_id[number_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def number(self, number_id: str) -> Number:
        """Return one number; NumberError with the nearest id if there is none."""
        if number_id not in self._by_id:
            what = f"'{number_id}' is not the id of a number in the library"
            raise NumberError(Problem("", what, did_you_mean(number_id, self._by_id)))
        return self._by_id[number_id]

    def with_own(self, own: Iterable[Number]) -> Numbers:
        """Return these numbers with the user's own in the place of those of the same id."""
        return Numbers((self._by_id | {number.id: number for number in own}).values())

    def view(self) -> View:
        """Return a fresh view, for one run."""
        return View(self)


class View:
    """Reads numbers and remembers which ones were asked for, in the order of first asking."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._used: dict[str, Number] = {}

    def __getitem__(self, number_id: str) -> float:
        return self.number(number_id).value

    def number(self, number_id: str) -> Number:
        """Return the whole number, for its spread or source; NumberError if the id is unknown."""
        return self._used.setdefault(number_id, self._numbers.number(number_id))

    @property
    def used(self) -> list[Number]:
        """The numbers asked for so far, in the order of first asking."""
        return list(self._used.values())


def share_unverified(numbers: Iterable[Number]) -> tuple[int, int, int]:
    """Return how many numbers are unread, how many are assumed, and how many there are."""
    listed = list(numbers)
    assumed = sum(number.basis == "assumed" for number in listed)
    unverified = sum(number.is_unverified for number in listed)
    return unverified - assumed, assumed, len(listed)
