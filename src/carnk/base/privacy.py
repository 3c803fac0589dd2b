"""Names of people stay in the file they stand in: outputs carry pseudonyms instead."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from hashlib import blake2b

SHORTEST, LONGEST = 8, 64  # hexadecimal digits


def pseudonyms(names: Iterable[str], *contents: bytes, keep: bool = False) -> dict[str, str]:
    """Return what outputs call each name: 'id-3fa9c1d2', or the name itself with `keep`.

    contents: the bytes of the input files. They are the key, so that one output calls a name the
    same everywhere, and nobody who lacks the files can try out names; the files' public SHA-256
    does not help. Two names never share a pseudonym. An empty name stays empty.
    """
    listed = list(dict.fromkeys(names))
    if keep:
        return {name: name for name in listed}
    key = blake2b(person=b"carnk.privacy")
    for content in contents:
        key.update(blake2b(content).digest())
    digests = {
        name: hmac.new(key.digest(), name.encode(), "sha256").hexdigest() for name in listed if name
    }
    length = SHORTEST
    while length < LONGEST and len({d[:length] for d in digests.values()}) < len(digests):
        length += 4
    return {name: f"id-{digests[name][:length]}" if name else "" for name in listed}
