"""Laws of the library: values are written and read back; a view holds each number once."""

from hypothesis import given
from hypothesis import strategies as st

from carnk.base import NumberError
from carnk.library import load
from carnk.library.bibliography import read_references

load()  # once, outside the time limit of an example

WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)


def value_or_error(call):
    try:
        return call()
    except NumberError as error:
        return error


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), WORDS, max_size=6))
def test_references_read_back(tmp_path_factory, titles):
    path = tmp_path_factory.mktemp("bib") / "r.bib"
    entries = [f"@misc{{{key},\n  title = {{{title}}},\n}}\n" for key, title in titles.items()]
    path.write_text("\n".join(entries), encoding="utf-8")
    found = read_references(path)
    assert {key: entry.fields["title"] for key, entry in found.items()} == titles


@given(st.text(alphabet="@{}=,%\n abmisc09", max_size=40))
def test_any_bibliography_is_read_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("bib") / "r.bib"
    path.write_text(text)
    outcome = value_or_error(lambda: read_references(path))
    if isinstance(outcome, NumberError):
        assert all(problem.where.startswith("r.bib:") for problem in outcome.problems)
    else:
        assert len(outcome) <= text.count("@")


@given(st.data())
def test_a_view_remembers_each_number_once(data):
    numbers = load()
    asked = data.draw(st.lists(st.sampled_from(sorted(numbers)), max_size=20))
    view = numbers.view()
    assert [view[each] for each in asked] == [numbers[each].value for each in asked]
    assert [number.id for number in view.used] == list(dict.fromkeys(asked))


def test_every_number_of_the_package_lies_in_its_range():
    for number in load().values():
        assert number.range is not None
        assert number.range[0] <= number.value <= number.range[1], number.id
