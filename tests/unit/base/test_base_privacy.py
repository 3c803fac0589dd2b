"""Pseudonyms: stable in one output, keyed by the files, never two alike."""

from hashlib import sha256

from carnk.base import pseudonyms


def test_names_become_ids_that_depend_on_the_files():
    first = pseudonyms(["Jane Doe", "", "P-2", "Jane Doe"], b"file")
    assert first == pseudonyms(["P-2", "Jane Doe", ""], b"file")
    assert first[""] == ""
    assert first["Jane Doe"].startswith("id-")
    assert "Doe" not in str(list(first.values()))
    assert first["P-2"] != pseudonyms(["P-2"], b"other file")["P-2"]
    assert pseudonyms(["P-2"], b"ab", b"c") != pseudonyms(["P-2"], b"a", b"bc")


def test_the_public_hash_of_the_file_is_not_the_key():
    public = sha256(b"file").digest()
    assert pseudonyms(["P-2"], b"file") != pseudonyms(["P-2"], public)


def test_names_are_kept_on_demand_and_never_collide():
    assert pseudonyms(["a"], b"x", keep=True) == {"a": "a"}
    many = [str(i) for i in range(200_000)]
    assert len(set(pseudonyms(many, b"x").values())) == len(many)
