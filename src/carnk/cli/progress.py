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
        self.trials_began: float | None = None

    def __enter__(self) -> "Bar":
        return self

    def __call__(self, tally: Tally) -> None:
        """Draw what is done, its rate, and seconds left: patients, then the designs' trials."""
        if tally.trials is None:
            self._draw(tally.done, self.patients, tally.kept, "patients", self.began)
            return
        if self.trials_began is None:
            self.trials_began = perf_counter()
        self._draw(*tally.trials, 0, "trials", self.trials_began)

    def _draw(self, done: int, of: int, kept: int, what: str, began: float) -> None:
        now = perf_counter()
        if done >= of or done <= kept or now - self.began < PATIENCE or not sys.stderr.isatty():
            return
        rate = (done - kept) / max(now - began, 1e-9)
        filled = "█" * int(30 * done / of)
        line = f"{filled:<30} {done:,} of {of:,} {what}, {rate:,.0f}/s, "
        sys.stderr.write(f"\r{line}{_span((of - done) / rate)} left ".ljust(90))
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
