"""ClinicalTrials.gov API v2: pages of records, patiently, and on from where it was interrupted."""

import http.client
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from ..base import DataError, Problem, write_text_atomic

API = "https://clinicaltrials.gov/api/v2/studies"
# Wide on purpose: the classifier decides, so that a record with unusual words is seen at all.
QUERY = (
    '("chimeric antigen receptor" AND ("natural killer" OR NK)) OR "CAR-NK" OR "CAR NK" OR "NK-CAR"'
    ' OR "CARNK" OR "NK-92" OR "haNK" OR "iPSC-NK" OR "natural killer cell therapy" OR "NK cells"'
)
PAGE_SIZE = 1000
ATTEMPTS = 6
UNREACHED = 3  # attempts where nobody answers at all
FIRST_WAIT, LONGEST_WAIT = 1.0, 120.0  # seconds
BETWEEN_PAGES = 1.2  # seconds; the registry asks for about 50 requests a minute
PASSING = (408, 425, 429, 500, 502, 503, 504)

Progress = Callable[[int, int | None], None]


@dataclass
class Client:
    """Asks one address of the API; `sleep` and `now` can be replaced in tests."""

    url: str = field(default_factory=lambda: os.environ.get("CARNK_CTGOV", API))
    page_size: int = PAGE_SIZE
    attempts: int = ATTEMPTS
    timeout: float = 60.0
    sleep: Callable[[float], None] = time.sleep

    def page(self, parameters: dict[str, str]) -> dict[str, Any]:
        """Return one page; waits and tries again where the fault may pass, else DataError."""
        address = f"{self.url}?{urllib.parse.urlencode(parameters)}"
        wait = FIRST_WAIT
        attempt, last = 0, self.attempts
        while attempt < last:
            attempt += 1
            try:
                return self._ask(address)
            except urllib.error.HTTPError as error:
                reason = f"answered {error.code} {error.reason}"
                if error.code not in PASSING:
                    detail = error.read(300).decode("utf-8", "replace").strip()
                    raise Refused(self.url, error.code, f"{reason}: {detail}".strip(": ")) from None
                asked = _retry_after(error.headers.get("Retry-After"))
            except (OSError, http.client.HTTPException, ValueError) as error:
                reason, asked = f"cannot be reached ({_said(error)})", None
                if isinstance(getattr(error, "reason", None), OSError):
                    last = min(self.attempts, UNREACHED)
            if attempt < last:
                self.sleep(min(asked if asked is not None else wait, LONGEST_WAIT))
                wait = min(wait * 2, LONGEST_WAIT)
        raise DataError(Problem(self.url, f"{reason}, {attempt} times in a row", OFFLINE))

    def _ask(self, address: str) -> dict[str, Any]:
        request = urllib.request.Request(
            address, headers={"Accept": "application/json", "User-Agent": "carnk"}
        )
        with urllib.request.urlopen(request, timeout=self.timeout) as answer:
            page = json.loads(answer.read())
        if not isinstance(page, dict) or not isinstance(page.get("studies"), list):
            raise ValueError("the answer is not a page of studies")
        return page


OFFLINE = (
    "What was fetched is kept: run `carnk trials update` again when the machine is online. Until"
    " then the newest snapshot at hand stays in use; saved pages can be read by --from."
)


class Refused(DataError):
    """The registry says no to the request itself, so that asking again does not help."""

    def __init__(self, url: str, code: int, reason: str) -> None:
        super().__init__(Problem(url, reason, OFFLINE))
        self.code = code


def fetch(
    folder: Path,
    query: str = QUERY,
    client: Client | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Fetch all pages of a query into a folder and return their paths, in order.

    A folder with pages of the same query is continued. Raises DataError when the registry cannot be
    reached; the pages fetched so far stay.
    """
    client = client or Client()
    folder.mkdir(parents=True, exist_ok=True)
    state = _state(folder, query, client.url)
    while not state["done"]:
        try:
            page = client.page(_parameters(query, client.page_size, state["token"]))
        except Refused as error:
            if error.code != 400 or not state["token"]:
                raise
            _forget(folder)  # the token is stale: begin again
            state = _state(folder, query, client.url)
            continue
        _keep(folder, state, page)
        if progress is not None:
            progress(state["studies"], state["total"])
        if not state["done"]:
            client.sleep(BETWEEN_PAGES)
    return _pages(folder)[: state["pages"]]


def _parameters(query: str, page_size: int, token: str) -> dict[str, str]:
    asked = {
        "format": "json",
        "query.term": query,
        "pageSize": str(page_size),
        "countTotal": "true",
    }
    return asked | ({"pageToken": token} if token else {})


def _keep(folder: Path, state: dict[str, Any], page: dict[str, Any]) -> None:
    """Write a page, then the state: an interruption between the two fetches that page again."""
    state["pages"] += 1
    write_text_atomic(folder / f"page-{state['pages']:05d}.json", json.dumps(page))
    state["studies"] += len(page["studies"])
    total = page.get("totalCount")
    state["total"] = total if isinstance(total, int) else state["total"]
    token = page.get("nextPageToken") or ""
    state["done"] = not token or token == state["token"]
    state["token"] = token
    write_text_atomic(folder / "state.json", json.dumps(state))


def _state(folder: Path, query: str, url: str) -> dict[str, Any]:
    fresh = {
        "query": query,
        "url": url,
        "token": "",
        "pages": 0,
        "studies": 0,
        "total": None,
        "done": False,
    }
    try:
        found = json.loads((folder / "state.json").read_text("utf-8"))
    except (OSError, ValueError):
        found = {}
    whole = isinstance(found, dict) and found.keys() == fresh.keys()
    if (
        whole
        and found["query"] == query
        and found["url"] == url
        and len(_pages(folder)) >= found["pages"]
    ):
        return dict(found)
    _forget(folder)
    return fresh


def _forget(folder: Path) -> None:
    for path in (*_pages(folder), folder / "state.json"):
        path.unlink(missing_ok=True)


def _pages(folder: Path) -> list[Path]:
    return sorted(folder.glob("page-*.json"))


def _retry_after(header: str | None) -> float | None:
    """Seconds that the registry asks to wait, given as seconds or as a date."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _said(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason).lower() or type(error).__name__
