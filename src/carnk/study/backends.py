"""Where chunks are worked on: in this thread, in threads by joblib, or on a dask cluster.

Each way maps a function over items and yields results as they come; the results are the same.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from .cluster import connected, over_cluster, threads

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Backend:
    """One way to map: `count` items at the same time; `threads` are this process's own."""

    name: str
    count: int
    threads: int
    map: Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]


@contextmanager
def backend(jobs: int | str) -> Iterator[Backend]:
    """Serial for 1, joblib for more, and dask for the address of its scheduler.

    joblib works with threads: the kernel releases the interpreter lock, and threads share its
    machine code. `joblib.parallel_config` chooses processes instead. SpecError if no scheduler
    answers.
    """
    if isinstance(jobs, str):
        with connected(jobs) as client:
            yield Backend("dask", threads(client), 1, partial(over_cluster, client))
    elif jobs > 1:
        yield Backend("joblib", jobs, jobs, partial(_joblib, jobs))
    else:
        yield Backend("serial", 1, 1, map)


def _joblib(jobs: int, task: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    from joblib import Parallel, delayed

    pool = Parallel(
        jobs, prefer="threads", return_as="generator_unordered", pre_dispatch=jobs, batch_size=1
    )
    results = pool(delayed(task)(item) for item in items)
    try:
        for result in results:  # noqa: UP028  `yield from` would close the pool before `finally`
            yield result
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is at work when a run ends early is not used
            results.close()
