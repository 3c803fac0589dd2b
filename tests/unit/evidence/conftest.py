"""A data folder of the test's own, and a server that speaks the registry's API."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from evidence_records import record

from carnk.evidence.store import connect


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's own snapshots; empty at first."""
    folder = tmp_path / "data"
    monkeypatch.setenv("CARNK_DATA", str(folder))
    connect.cache_clear()
    return folder / "trials"


class Registry:
    """Five records in pages of two; `answers` are given first, in their order."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.tokens = {"": 0, "two": 2, "four": 4}
        self.url = ""

    def answer(self, query: dict[str, list[str]]) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(query)
        if self.answers:
            return self.answers.pop(0)
        token = query.get("pageToken", [""])[0]
        if token not in self.tokens:
            return 400, {}, b"unknown page token"
        first = self.tokens[token]
        page: dict[str, object] = {"studies": [record(i) for i in range(5)[first : first + 2]]}
        page["totalCount"] = 5
        if first < 4:
            page["nextPageToken"] = {0: "two", 2: "four"}[first]
        return 200, {}, json.dumps(page).encode()


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A local server that speaks the registry's API."""
    found = Registry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code, headers, body = found.answer(parse_qs(urlparse(self.path).query))
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        log_message: Callable[..., None] = lambda *_: None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/api/v2/studies"
    yield found
    server.shutdown()
    server.server_close()
    thread.join()
