"""A progress bar with rate and time left, shown only when a run takes more than two seconds."""

import sys
from time import perf_counter
from types import TracebackType

from ..study.run import Tally

PATIENCE = 2.0  # seconds


class Bar:
    """Call it with the tally after every chunk; it draws on a terminal's standard error."""

    def __init__(self, patients: int) -> None:
        self.patients, self.began, self.shown = patients, perf_counter(), False

    def __enter__(self) -> "Bar":
        return self

    def __call__(self, tally: Tally) -> None:
        """Draw what is done, patients per second, and seconds left."""
        elapsed = perf_counter() - self.began
        if tally.done >= self.patients or elapsed < PATIENCE or not sys.stderr.isatty():
            return
        share = tally.done / self.patients
        left = elapsed / share - elapsed
        filled = "█" * int(30 * share)
        line = (
            f"\r{filled:<30} {tally.done:,} of {self.patients:,} patients, "
            f"{tally.done / elapsed:,.0f}/s, {_span(left)} left "
        )
        sys.stderr.write(line)
        sys.stderr.flush()
        self.shown = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.shown:
            sys.stderr.write("\r" + " " * 90 + "\r")


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
