"""A progress bar with time left for work that counts its own steps."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter

PATIENCE = 2.0  # seconds without one


@contextmanager
def progress_line(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function of steps done and in all; it draws on a terminal after two seconds."""
    began, shown = perf_counter(), [False]

    def draw(done: int, of: int) -> None:
        took = perf_counter() - began
        if took < PATIENCE or not sys.stderr.isatty():
            return
        left = took / max(done, 1) * (of - done)
        bar = "█" * int(30 * done / of)
        sys.stderr.write(f"\r{bar:<30} {done:,} of {of:,} {what}, {left:.0f} s left ".ljust(80))
        sys.stderr.flush()
        shown[0] = True

    try:
        yield draw
    finally:
        if shown[0]:
            sys.stderr.write("\r" + " " * 80 + "\r")


@contextmanager
def progress_stages() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function of what is counted, steps done and in all: one line after the other."""
    with ExitStack() as lines:
        now: dict[str, Callable[[int, int], None]] = {}

        def draw(what: str, done: int, of: int) -> None:
            if what not in now:
                lines.close()
                now.clear()
                now[what] = lines.enter_context(progress_line(what))
            now[what](done, of)

        yield draw
