"""Chunks on a dask cluster: the scheduler's client, tasks and what can go wrong with them."""

import logging
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from itertools import islice
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from ..base import Problem, SpecError

if TYPE_CHECKING:
    from distributed import Client

Item = TypeVar("Item")
Result = TypeVar("Result")
OPTION = "--scheduler"
ANSWER_SECONDS = 5.0  # within which a scheduler answers and has a worker
ABSENT_SECONDS = 60.0  # after which a cluster that has lost its workers is given up
FETCH_SECONDS = 10.0  # within which a finished chunk arrives
AHEAD = 2  # tasks that a worker's thread has at hand, so that it never waits for the next
KINDS = ("", "tcp", "tls", "inproc", "ws", "wss", "ucx")  # of addresses that dask knows
LOOP = "carnk.study.run"  # what every machine of the cluster has to have


@contextmanager
def connected(address: str) -> "Iterator[Client]":
    """A client of the scheduler, closed at the end; SpecError if there is no cluster to work on."""
    try:
        from distributed import Client
    except ImportError:
        do = "Run: pip install 'carnk[cluster]'"
        raise SpecError(Problem(OPTION, "dask is not installed", do)) from None
    try:
        _knock(address)
        client = Client(address, timeout=ANSWER_SECONDS)
    except (OSError, ValueError, MemoryError) as error:  # memory: another service's bytes misread
        what = f"no dask scheduler answers at '{address}'"
        do = "Start one with `dask scheduler`, or name the address that it prints."
        raise SpecError(Problem(OPTION, what, do)) from error
    with _quiet("distributed.client"), client:
        _find_carnk(client, address)
        yield client


def _knock(address: str) -> None:
    """Connect once; OSError or ValueError.

    A client that finds nobody, or does not know the kind of address, leaves errors behind and a
    half-made self, whose end can block a later client.
    """
    kind, _, place = address.rpartition("://")
    if kind not in KINDS:
        raise ValueError(f"'{kind}' is no kind of address")
    if kind in ("", "tcp", "tls"):
        parts = urlsplit(f"//{place}")
        socket.create_connection((parts.hostname, parts.port or 0), ANSWER_SECONDS).close()


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep back what dask logs of a lost connection; the error says it."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _find_carnk(client: "Client", address: str) -> None:
    """Refuse a cluster without workers or without carnk."""
    try:
        client.wait_for_workers(1, timeout=ANSWER_SECONDS)
    except TimeoutError:
        what = f"the scheduler at '{address}' has no workers"
        raise SpecError(Problem(OPTION, what, f"Start some with: dask worker {address}")) from None
    try:
        client.run_on_scheduler(import_module, LOOP)
        client.run(import_module, LOOP)
    except ImportError as error:
        what = f"carnk cannot be imported on the cluster at '{address}': {error}"
        do = "Give the scheduler and its workers the environment of this machine."
        raise SpecError(Problem(OPTION, what, do)) from error


def threads(client: "Client") -> int:
    """Chunks that the cluster works on at a time, for now."""
    return sum(client.nthreads().values())


def over_cluster(
    client: "Client", task: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[Result]:
    """Few futures at a time, so that neither side holds more than the workers need.

    The scheduler gives the chunk of a worker that dies to another one.
    """
    from distributed import wait
    from distributed.comm import CommClosedError

    left = iter(items)
    pending: set[Any] = set()
    seen = monotonic()
    try:
        while True:
            at_work = threads(client)
            if at_work:
                seen = monotonic()
            elif monotonic() - seen > ABSENT_SECONDS:
                raise _lost(f"it has had no worker for {ABSENT_SECONDS:.0f} s")
            more = islice(left, max(AHEAD * at_work - len(pending), 0))
            pending |= {client.submit(task, item, pure=False) for item in more}
            if not pending:
                if at_work:
                    return
                sleep(0.5)
                continue
            done: set[Any] = set()
            with suppress(TimeoutError):
                done, pending = wait(pending, timeout=1.0, return_when="FIRST_COMPLETED")
            for future in done:
                try:
                    yield _result(future)
                except TimeoutError:  # lost with its worker, to be made again by another one
                    pending.add(future)
    except CommClosedError as error:
        raise _lost("its scheduler is gone") from error
    finally:
        with suppress(CommClosedError):
            client.cancel(list(pending))


def _result(future: Any) -> Any:
    from concurrent.futures import CancelledError

    from distributed import KilledWorker

    try:
        return future.result(FETCH_SECONDS)
    except KilledWorker as error:
        raise _lost(f"worker after worker died at the same chunk, the last: {error}") from error
    except CancelledError:
        raise _lost("its scheduler is gone") from None


def _lost(what: str) -> SpecError:
    return SpecError(Problem(OPTION, f"the cluster is lost: {what}"))
