"""Number files are read with all that is wrong in them told at once, each with its line."""

import re

import pytest

from carnk.base import NumberError, read_yaml
from carnk.library import Spread, View, load, references, share_unverified
from carnk.library.loader import read_numbers
from carnk.library.table import FOLDER

BIB = "@article{zhang2007,\n  title = {Turnover},\n}\n@misc{brand2004,\n  note = {n},\n}\n"
GOOD = """\
nk_loss:
  value: 0.069
  unit: 1/day
  spread: {lognormal_cv: 0.4}
  range: [0.029, 0.109]
  meaning: Loss of NK cells from blood
  where: {cell: peripheral_blood, species: human}
  basis: measured
  source: zhang2007
  at: Table 2
  checked: read
  also:
    - {value: 3, unit: day, source: brand2004, at: abstract, checked: unread}
share:
  value: 1e-1
  unit: 1
  range: [0, 1]
  meaning: A share nobody measured
  basis: assumed
  why: Order of magnitude
  reserve: true
"""
ONE = """\
share:
  value: 0.1
  unit: 1
  range: [0, 1]
  meaning: A share
  basis: measured
  source: zhang2007
  checked: read
"""


def write(folder, **files):
    (folder / "numbers").mkdir()
    (folder / "references.bib").write_text(BIB)
    for room, text in files.items():
        (folder / "numbers" / f"{room}.yaml").write_text(text)
    return folder


def problems(folder, **files):
    with pytest.raises(NumberError) as error:
        read_numbers(write(folder, **files))
    return [str(problem) for problem in error.value.problems]


def changed(old, new):
    assert old in ONE
    return ONE.replace(old, new)


def test_a_number_is_read_whole(tmp_path):
    numbers = read_numbers(write(tmp_path, kinetics=GOOD))
    loss = numbers["nk_loss"]
    assert (loss.value, loss.unit, loss.range) == (0.069, "1/day", (0.029, 0.109))
    assert loss.spread == Spread("lognormal_cv", 0.4)
    assert loss.where == {"cell": "peripheral_blood", "species": "human"}
    assert (loss.basis, loss.source, loss.at) == ("measured", "zhang2007", "Table 2")
    assert (loss.checked, loss.room, loss.reserve) == ("read", "kinetics", False)
    assert not loss.is_unverified
    share = numbers["share"]
    assert (share.value, share.unit, share.reserve) == (0.1, "1", True)
    assert share.is_unverified
    assert list(numbers) == ["nk_loss", "share"]


def test_other_values_inherit_what_they_leave_out(tmp_path):
    (other,) = read_numbers(write(tmp_path, kinetics=GOOD))["nk_loss"].also
    assert (other.value, other.unit, other.source) == (3.0, "day", "brand2004")
    assert (other.id, other.meaning, other.basis) == (
        "nk_loss",
        "Loss of NK cells from blood",
        "measured",
    )
    assert (other.checked, other.spread, other.range) == ("unread", None, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            changed("meaning", "meening"),
            "a.yaml:5: share.meening: 'meening' is not a key here; the keys are 'value', 'unit', "
            "'spread', 'range', 'meaning', 'where', 'basis', 'source', 'why', 'at', 'checked', "
            "'also', 'reserve'. Did you mean 'meaning'?",
        ),
        (changed("  range: [0, 1]\n", ""), "a.yaml:1: share: 'range' is missing."),
        (
            changed("unit: 1", "unit: cels"),
            "a.yaml:3: share.unit: 'cels' is not a known unit. Write it as in 'cell/kg' or '1'.",
        ),
        (
            changed("value: 0.1", "value: 2"),
            "a.yaml:2: share.value: 2 lies outside its range, 0 to 1. "
            "Correct the value or the range.",
        ),
        (
            changed("value: 0.1", "value: 0.1 day"),
            "a.yaml:2: share.value: '0.1 day' is not a number. Write the unit under 'unit'.",
        ),
        (
            changed("value: 0.1", "value: true"),
            "a.yaml:2: share.value: 'True' is not a number. Write the unit under 'unit'.",
        ),
        (
            changed("value: 0.1", "value: .nan"),
            "a.yaml:2: share.value: 'nan' is not a finite number.",
        ),
        (
            changed("[0, 1]", "[0, .inf]"),
            "a.yaml:4: share.range[1]: 'inf' is not a finite number.",
        ),
        (
            changed("[0, 1]", "[1, 0]"),
            "a.yaml:4: share.range: the range runs from 1 down to 0. Swap them.",
        ),
        (
            changed("[0, 1]", "[0]"),
            "a.yaml:4: share.range: [0] is not a range. Write [low, high].",
        ),
        (
            changed("basis: measured", "basis: mesured"),
            "a.yaml:6: share.basis: 'mesured' is not one of 'measured', 'fitted', 'derived', "
            "'borrowed', 'assumed'. Did you mean 'measured'?",
        ),
        (
            changed("basis: measured", "basis: assumed"),
            "a.yaml:1: share: 'why' is missing. An assumed number says why.",
        ),
        (
            changed("  source: zhang2007\n", ""),
            "a.yaml:1: share: 'source' is missing. "
            "A measured number names its source and whether somebody has read it there.",
        ),
        (
            changed("  checked: read\n", ""),
            "a.yaml:1: share: 'checked' is missing. "
            "A measured number names its source and whether somebody has read it there.",
        ),
        (
            changed("zhang2007", "zhang2008"),
            "a.yaml:7: share.source: 'zhang2008' is not a key in references.bib. "
            "Did you mean 'zhang2007'?",
        ),
        (
            changed("checked: read", "checked: yes"),
            "a.yaml:8: share.checked: 'yes' is not one of 'read', 'unread'.",
        ),
        (
            changed("meaning: A share", "meaning:"),
            "a.yaml:5: share.meaning: '' is not text. Write a word or a sentence.",
        ),
        (
            ONE + "  spread: {lognormal: 0.4}\n",
            "a.yaml:9: share.spread: {lognormal: ...} is not a spread. Write one of "
            "{lognormal_cv: x}, {lognormal_omega2: x}, {normal_sd: x}, {logit_sd: x}, {beta: x}.",
        ),
        (
            ONE + "  spread: {normal_sd: -1}\n",
            "a.yaml:9: share.spread.normal_sd: -1 is not a size above 0. "
            "Leave 'spread' out if none.",
        ),
        (
            changed("value: 0.1", "value: 0") + "  spread: {lognormal_cv: 1}\n",
            "a.yaml:2: share.value: 0 cannot have a lognormal spread. Use normal_sd.",
        ),
        (
            changed("value: 0.1", "value: 1") + "  spread: {beta: 10}\n",
            "a.yaml:2: share.value: 1 cannot have the spread beta, which is for 0 < value < 1. "
            "Use lognormal_cv or normal_sd.",
        ),
        (
            ONE + "  where: {cel: nk}\n",
            "a.yaml:9: share.where.cel: 'cel' is not a key here; the keys are 'cell', 'species', "
            "'disease', 'product', 'source', 'scale', 'drug'. Did you mean 'cell'?",
        ),
        (
            ONE + "  reserve: false\n",
            "a.yaml:9: share.reserve: 'False' is not 'true'. Leave 'reserve' out otherwise.",
        ),
        (
            ONE + "  also:\n    - {value: 1, source: nobody, checked: read}\n",
            "a.yaml:10: share.also[0].source: 'nobody' is not a key in references.bib. "
            "Add it there.",
        ),
        (
            ONE + "  also: 3\n",
            "a.yaml:9: share.also: '3' is not a list. Write [] or '- value: ...' lines.",
        ),
        (
            ONE.replace("share:", "Share:"),
            "a.yaml:1: Share: 'Share' is not in snake_case. Use a-z, 0-9 and '_'.",
        ),
        (
            "share: 3\n",
            "a.yaml:1: share: is not a mapping. Give value, unit, range, meaning, basis.",
        ),
        ("- 3\n", "a.yaml:1: the file holds no mapping of ids to numbers. Write 'id:' lines."),
        (ONE + "  at: a: b\n", "a.yaml:9: this is not YAML: mapping values are not allowed"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, text, message):
    assert any(found.startswith(message) for found in problems(tmp_path, a=text))


def test_an_integer_too_large_for_a_float_is_refused(tmp_path):
    found = problems(tmp_path, a=changed("value: 0.1", f"value: 1{'0' * 299}9"))
    assert "lies outside its range" in found[0]


def test_problems_of_all_files_come_together(tmp_path):
    found = problems(
        tmp_path,
        a=changed("value: 0.1", "value: 2"),
        b=changed("unit: 1", "unit: cels").replace("share:", "other:"),
        c="x: [",
    )
    assert [message.split(":")[0] for message in found] == ["a.yaml", "b.yaml", "c.yaml"]


def test_an_id_is_unique_over_rooms(tmp_path):
    assert problems(tmp_path, a=ONE, b=ONE) == [
        "b.yaml:1: share: the id 'share' is taken in a.yaml:1. "
        "Ids are unique over all rooms: choose another."
    ]


def test_a_missing_bibliography_is_told(tmp_path):
    (tmp_path / "numbers").mkdir()
    with pytest.raises(NumberError, match="there is no such file"):
        read_numbers(tmp_path)


def test_a_view_remembers_what_was_asked_in_order(tmp_path):
    view = read_numbers(write(tmp_path, a=GOOD)).view()
    assert isinstance(view, View)
    assert view.used == []
    assert view["share"] == 0.1
    assert view.number("nk_loss").unit == "1/day"
    assert view["share"] == 0.1
    assert [number.id for number in view.used] == ["share", "nk_loss"]


def test_two_views_do_not_share_their_memory(tmp_path):
    numbers = read_numbers(write(tmp_path, a=GOOD))
    first, second = numbers.view(), numbers.view()
    assert first["share"] == 0.1
    assert second.used == []


def test_an_unknown_id_is_refused_with_a_suggestion(tmp_path):
    view = read_numbers(write(tmp_path, a=GOOD)).view()
    with pytest.raises(NumberError, match=r"'nk_los' is not the id .* Did you mean 'nk_loss'\?"):
        view["nk_los"]
    assert view.used == []


def test_share_unverified(tmp_path):
    text = GOOD + ONE.replace("share:", "third:").replace("checked: read", "checked: unread")
    numbers = read_numbers(write(tmp_path, a=text))
    assert share_unverified(numbers.values()) == (1, 1, 3)
    assert share_unverified([]) == (0, 0, 0)


def test_the_numbers_of_the_package_are_right():
    numbers = load()
    assert len(numbers) > 0
    assert load() is numbers


def test_every_source_key_named_in_a_table_note_exists():
    for about in FOLDER.glob("*.about.yaml"):
        source = read_yaml(about).plain()["source"]
        for key in re.findall(r"\b[a-z]+(?:19|20)\d\d\b", source):
            assert key in references(), f"{about.name}: {key}"
