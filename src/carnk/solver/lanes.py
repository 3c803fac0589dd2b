"""What the driver works on: the job, shared by threads, and the seats of a thread's lanes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

TOO_MANY, TOO_SMALL, NOT_A_NUMBER, BELOW_ZERO = 1, 2, 3, 4  # why a patient failed


class Job(NamedTuple):
    """Patients in, courses out. `times` and every row of `dose_time` are sorted and end with inf.

    Shapes: parameters (patients, parameters), initial (patients, states), dose_* (patients,
    doses), out (patients, times, states), event_* (patients, events), the others as named.
    """

    counter: Integers  # (1,): the next patient to take
    parameters: Floats
    initial: Floats
    dose_time: Floats
    dose_state: Integers
    dose_amount: Floats
    times: Floats
    atol: Floats
    event_limit: Integers  # (events,)
    rtol: float
    start: float
    end: float
    limit: int  # steps a patient may take
    out: Floats
    status: Integers  # (patients,): 0 or one of the reasons above
    failed_at: Floats  # (patients,): day of the failure
    steps: Integers  # (patients,)
    event_time: Floats
    event_count: Integers


# Who sits in a lane, for one thread; the rest of what is known of a lane is in the work buffer.
SEAT = np.dtype(
    [
        ("patient", np.int64),  # -1: the lane is empty
        ("dose", np.int64),  # doses given
        ("written", np.int64),  # outputs written
        ("fresh", np.bool_),  # the length of the first step is still to be guessed
    ],
    align=True,
)


def empty_seats(lanes: int) -> np.ndarray[Any, np.dtype[np.void]]:
    """Seats with nobody on them, for the compiled driver."""
    seats = np.zeros(lanes, SEAT)
    seats["patient"] = -1
    return seats


def plain_seats(lanes: int) -> list[SimpleNamespace]:
    """The same as plain objects, for the interpreter."""
    return [
        SimpleNamespace(**dict.fromkeys(SEAT.names or (), 0) | {"patient": -1})
        for _ in range(lanes)
    ]
