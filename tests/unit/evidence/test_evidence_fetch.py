"""The fetcher against a server that speaks the API: pages, waits, resumes, gives up in words."""

import json

import pytest

from carnk.base import DataError
from carnk.evidence import fetch, read_pages
from carnk.evidence.fetch import Client


def ids(pages):
    found = [each for page in pages for each in read_pages(page)]
    return [each["protocolSection"]["identificationModule"]["nctId"][-1] for each in found]


@pytest.fixture
def waits():
    return []


@pytest.fixture
def client(registry, waits):
    return Client(url=registry.url, page_size=2, sleep=waits.append, timeout=5)


def test_all_pages_are_fetched_in_order(tmp_path, registry, client):
    told = []
    pages = fetch(tmp_path / "f", "CAR-NK", client, lambda done, total: told.append((done, total)))
    assert ids(pages) == list("01234")
    assert [each.get("pageToken") for each in registry.asked] == [None, ["two"], ["four"]]
    assert all(each["query.term"] == ["CAR-NK"] for each in registry.asked)
    assert all(each["pageSize"] == ["2"] for each in registry.asked)
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_a_busy_registry_is_waited_for_as_it_asks(tmp_path, registry, client, waits):
    registry.answers = [(429, {"Retry-After": "7"}, b"slow down"), (503, {}, b""), (500, {}, b"")]
    assert ids(fetch(tmp_path / "f", "q", client)) == list("01234")
    assert waits[:3] == [7.0, 2.0, 4.0]


def test_a_wait_may_be_given_as_a_date(tmp_path, registry, client, waits):
    registry.answers = [(429, {"Retry-After": "Fri, 01 Jan 1999 00:00:00 GMT"}, b"")]
    fetch(tmp_path / "f", "q", client)
    assert waits[0] == 0.0


def test_an_answer_that_is_no_page_is_asked_for_again(tmp_path, registry, client):
    registry.answers = [(200, {}, b"<html>maintenance</html>"), (200, {}, b'{"studies": 3}')]
    assert ids(fetch(tmp_path / "f", "q", client)) == list("01234")


def test_an_interrupted_fetch_goes_on_where_it_was(tmp_path, registry, client):
    def interrupt(done, total):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(tmp_path / "f", "q", client, interrupt)
    registry.asked.clear()
    assert ids(fetch(tmp_path / "f", "q", client)) == list("01234")
    assert [each.get("pageToken") for each in registry.asked] == [["four"]]


def test_another_query_begins_anew(tmp_path, registry, client):
    fetch(tmp_path / "f", "q", client)
    registry.asked.clear()
    fetch(tmp_path / "f", "other", client)
    assert len(registry.asked) == 3


def test_a_stale_token_begins_anew(tmp_path, registry, client):
    with pytest.raises(KeyboardInterrupt):
        fetch(
            tmp_path / "f",
            "q",
            client,
            lambda done, total: (_ for _ in ()).throw(KeyboardInterrupt),
        )
    registry.tokens = {"": 0, "two": 2, "four": 4}
    state = json.loads((tmp_path / "f/state.json").read_text())
    (tmp_path / "f/state.json").write_text(json.dumps(state | {"token": "stale"}))
    assert ids(fetch(tmp_path / "f", "q", client)) == list("01234")


def test_a_refusal_is_told_at_once(tmp_path, registry, client, waits):
    registry.answers = [(400, {}, b"query.term: bad syntax")]
    with pytest.raises(DataError, match=r"answered 400 .*bad syntax"):
        fetch(tmp_path / "f", "q", client)
    assert waits == []


def test_a_machine_without_network_is_told_what_stays(tmp_path, waits):
    client = Client(url="http://127.0.0.1:9/none", sleep=waits.append)
    with pytest.raises(DataError, match=r"cannot be reached .* 3 times in a row.* snapshot"):
        fetch(tmp_path / "f", "q", client)
    assert waits == [1.0, 2.0]
