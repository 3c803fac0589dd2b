"""YAML comes in with its lines, files and folders go out whole or not at all."""

import math
import os
import threading

import pytest

from carnk.base import (
    SpecError,
    new_folder_atomic,
    parse_yaml,
    read_yaml,
    write_bytes_atomic,
    write_text_atomic,
)

STUDY = """\
# a comment
name: first
regimen:
  dose: 1e6 cells/kg
  days:
    - 0
    - day: 7
"""


def messages(text):
    with pytest.raises(SpecError) as error:
        parse_yaml(text, "f.yaml")
    return [str(problem) for problem in error.value.problems]


def test_every_value_knows_its_line_and_path():
    top = parse_yaml(STUDY, "f.yaml")
    assert (top.where, top.get("name").where) == ("f.yaml:2", "f.yaml:2: name")
    regimen = top.get("regimen")
    assert (regimen.line, regimen.value_line) == (3, 4)
    assert regimen.get("dose").where == "f.yaml:4: regimen.dose"
    assert regimen.get("days").entries[1].get("day").where == "f.yaml:7: regimen.days[1].day"
    assert regimen.get("nothing") is None
    assert top.get("name").fields == {}
    assert top.entries == []


def test_plain_gives_ordinary_data():
    assert parse_yaml(STUDY, "f.yaml").plain() == {
        "name": "first",
        "regimen": {"dose": "1e6 cells/kg", "days": [0, {"day": 7}]},
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e6", 1e6),
        ("1.5", 1.5),
        (".5", 0.5),
        ("-3", -3),
        ("007", 7),
        ("no", "no"),
        ("2024-01-01", "2024-01-01"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ('"5"', "5"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("-.inf", -math.inf),
        ("[1, 2.0]", [1, 2.0]),
        ("{b: x}", {"b": "x"}),
    ],
)
def test_values_are_read_as_in_yaml_1_2(text, value):
    read = parse_yaml(f"a: {text}", "f.yaml").plain()["a"]
    assert read == value
    assert type(read) is type(value)


def test_nan_is_read():
    assert math.isnan(parse_yaml("a: .nan", "f.yaml").plain()["a"])


def test_keys_are_text_as_they_stand():
    assert parse_yaml("no: 1\n1: 2", "f.yaml").plain() == {"no": 1, "1": 2}


def test_an_empty_file_holds_nothing():
    assert parse_yaml("", "f.yaml").value is None


def test_all_refusals_are_told_at_once():
    assert messages("a: 1\na: 2\nb: &x 3\nc: *x\nd: !!python/name:os.system 3\n") == [
        "f.yaml:2: a: 'a' stands twice, first on line 1. Remove one of them.",
        "f.yaml:4: c: aliases (*) are not read. Write the value out.",
        "f.yaml:5: d: tags ('tag:yaml.org,2002:python/name:os.system') are not read. Remove it.",
    ]


def test_a_bomb_of_aliases_is_refused():
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40)]
    assert all("aliases" in message for message in messages("\n".join(lines)))


def test_deep_nesting_is_refused():
    assert "nested deeper" in messages("- " * 50_000 + "1")[0]
    assert "nested deeper" in messages("[" * 50_000)[0]


def test_syntax_errors_carry_their_line():
    assert messages("a: 1\nb: [1,\nc: 2\n")[0].startswith("f.yaml:4: this is not YAML")
    assert messages("a: 1\nb: c: d\n")[0].startswith("f.yaml:2: this is not YAML")
    assert messages("a: 1\na: 2\nb: [\n")[0].startswith("f.yaml:2: a: 'a' stands twice")
    assert messages("a: \x00")[0].startswith("f.yaml: this is not YAML")


def test_a_second_document_is_refused():
    assert messages("a: 1\n---\nb: 2\n") == ["f.yaml:2: a second document begins. Remove '---'."]


def test_a_key_that_is_no_word_is_refused():
    assert "a key must be a word" in messages("? [a, b]\n: 2\n")[0]


def test_unknown_keys_are_named_with_a_suggestion():
    (problem,) = parse_yaml("doze: 1\nday: 2\n", "f.yaml").unknown_keys(("dose", "day"))
    assert str(problem) == (
        "f.yaml:1: doze: 'doze' is not a key here; the keys are 'dose', 'day'. Did you mean 'dose'?"
    )


def test_a_missing_file_suggests_a_neighbor(tmp_path):
    (tmp_path / "study.yaml").write_text("a: 1")
    with pytest.raises(SpecError, match=r"there is no such file\. Did you mean 'study.yaml'\?"):
        read_yaml(tmp_path / "studi.yaml")
    with pytest.raises(SpecError, match="there is no such file"):
        read_yaml(tmp_path / "nowhere" / "study.yaml")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(SpecError, match="cannot be read: is a directory"):
        read_yaml(tmp_path)


def test_text_that_is_not_utf8_is_refused_with_its_line(tmp_path):
    (tmp_path / "f.yaml").write_bytes(b"a: 1\nb: \xe9\n")
    with pytest.raises(SpecError, match=r"f\.yaml:2: the text is not UTF-8 here"):
        read_yaml(tmp_path / "f.yaml")


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path):
    (tmp_path / "f.yaml").write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert read_yaml(tmp_path / "f.yaml").plain() == {"a": 1, "b": 2}


def test_a_large_file_is_refused(tmp_path):
    (tmp_path / "f.yaml").write_text("#" * 1_000_001)
    with pytest.raises(SpecError, match="larger than 1 MB"):
        read_yaml(tmp_path / "f.yaml")


def test_text_is_written_over_the_old(tmp_path):
    path = tmp_path / "out.txt"
    write_text_atomic(path, "old")
    write_text_atomic(path, "ü\nnew\n")
    assert path.read_bytes() == "ü\nnew\n".encode()
    assert [each.name for each in tmp_path.iterdir()] == ["out.txt"]


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "out.txt"
    path.write_text("old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(SpecError, match="cannot be written: no space left on device"):
        write_bytes_atomic(path, b"new")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["out.txt"]


def test_a_folder_gets_its_name_when_it_is_whole(tmp_path):
    with new_folder_atomic(tmp_path / "run") as folder:
        (folder / "a.txt").write_text("x")
        assert folder.name.startswith(".")
        assert not (tmp_path / "run").exists()
    assert (tmp_path / "run" / "a.txt").read_text() == "x"
    assert [each.name for each in tmp_path.iterdir()] == ["run"]


def fill_and_stop(path, stop):
    with new_folder_atomic(path) as folder:
        (folder / "a.txt").write_text("x")
        raise stop


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_nothing(tmp_path, stop):
    with pytest.raises(stop):
        fill_and_stop(tmp_path / "run", stop)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_not_touched(tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(SpecError, match="is there already"), new_folder_atomic(tmp_path / "run"):
        pass


def fill_while_another_does(path):
    with new_folder_atomic(path):
        path.mkdir()
        (path / "kept.txt").write_text("x")


def test_a_folder_that_appears_meanwhile_is_not_overwritten(tmp_path):
    with pytest.raises(SpecError, match="cannot be written"):
        fill_while_another_does(tmp_path / "run")
    assert [each.name for each in tmp_path.rglob("*")] == ["run", "kept.txt"]


def test_a_parent_that_is_missing_or_no_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SpecError, match=r"does not exist\. Make it first"):
        write_text_atomic(tmp_path / "no" / "a.txt", "x")
    with (
        pytest.raises(SpecError, match=r"is not a folder\. Make it first"),
        new_folder_atomic(tmp_path / "file" / "run"),
    ):
        pass


def test_a_folder_without_permission_is_named(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with (
        pytest.raises(SpecError, match="nothing can be written in"),
        new_folder_atomic(tmp_path / "run"),
    ):
        pass


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() == 0, reason="the root user may write anywhere"
)
def test_a_write_protected_folder_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(SpecError, match="nothing can be written in"):
        write_text_atomic(tmp_path / "a.txt", "x")
    tmp_path.chmod(0o700)


@pytest.mark.parametrize("path", ["", ".", "..", "/"])
def test_a_path_without_a_name_is_refused(path):
    with pytest.raises(SpecError):
        write_text_atomic(path, "x")


def test_a_pipe_is_written_into_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_bytes_atomic(pipe, b"course")
    reader.join(10)
    assert got == [b"course"]
    assert pipe.is_fifo()


def test_folders_above_a_new_one_are_made_and_taken_back(tmp_path):
    with new_folder_atomic(tmp_path / "a" / "b") as hidden:
        (hidden / "x").write_text("1")
    assert (tmp_path / "a" / "b" / "x").read_text() == "1"
    with pytest.raises(RuntimeError), new_folder_atomic(tmp_path / "c" / "d" / "e"):
        raise RuntimeError
    assert not (tmp_path / "c").exists()
