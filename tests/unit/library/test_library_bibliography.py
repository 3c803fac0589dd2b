"""The bibliography is read strictly; citations and addresses come out."""

import pytest

from carnk.base import NumberError
from carnk.library import bibtex, references
from carnk.library.bibliography import Reference, read_references

GOOD = """\
% a comment
@article{zhang2007,
  title = {In {Vivo} kinetics,
    of cells},
  author = {Zhang, Yan and Wallace, Diana and others},
  year = {2007},
  doi = {10.1111/j.1365},
}

@misc{label,
  note = {title not retrieved}
}
"""


def read(folder, text):
    path = folder / "r.bib"
    path.write_text(text)
    return read_references(path)


def problems(folder, text):
    with pytest.raises(NumberError) as error:
        read(folder, text)
    return [str(problem) for problem in error.value.problems]


def test_entries_are_read_with_their_text(tmp_path):
    found = read(tmp_path, GOOD)
    assert list(found) == ["zhang2007", "label"]
    zhang = found["zhang2007"]
    assert zhang.kind == "article"
    assert zhang.fields["title"] == "In Vivo kinetics, of cells"
    assert zhang.text.startswith("@article{zhang2007,")
    assert zhang.text.endswith("doi = {10.1111/j.1365},\n}")


@pytest.mark.parametrize(
    ("authors", "year", "cite"),
    [
        ("Zhang, Yan and Wallace, Diana and others", "2007", "Zhang et al. 2007"),
        ("Zhang and others", "2007", "Zhang et al. 2007"),
        ("Bhat and Watzl", "2007", "Bhat and Watzl 2007"),
        ("Carsten Watzl", "2007", "Watzl 2007"),
        ("Di Stasi, Antonio and A and B", "2011", "Di Stasi et al. 2011"),
        ("Zhang", "", "[key]"),
        ("", "2007", "[key]"),
    ],
)
def test_short_citations(authors, year, cite):
    fields = {name: text for name, text in [("author", authors), ("year", year)] if text}
    assert Reference("key", "misc", fields, "").cite == cite


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"doi": "10.1/x", "pmid": "3"}, "https://doi.org/10.1/x"),
        ({"pmcid": "PMC12", "pmid": "3"}, "https://pmc.ncbi.nlm.nih.gov/articles/PMC12/"),
        ({"pmid": "3"}, "https://pubmed.ncbi.nlm.nih.gov/3/"),
        ({"url": "https://a.b"}, "https://a.b"),
        ({}, ""),
    ],
)
def test_addresses(fields, url):
    assert Reference("key", "misc", fields, "").url == url


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@artikle{a,\n note = {n}\n}", "r.bib:1: '@artikle' is not a known kind. Did you mean"),
        ("@misc{A b,\n note = {n}\n}", "r.bib:1: an entry must begin with '@article{key,'."),
        ("@misc{Abc,\n note = {n}\n}", "r.bib:1: 'Abc' is not a key such as 'zhang2007'."),
        ("@misc{a,\n note = {n}\n}\n@misc{a,\n note = {n}\n}", "r.bib:4: the key 'a' stands twice"),
        ("@misc{a,\n note = {n},\n note = {m}\n}", "r.bib:3: 'note' stands twice."),
        (
            "@misc{a,\n note = {n},\n titel = {m}\n}",
            "r.bib:1: a: 'titel' is not a known field. Did",
        ),
        ("@misc{a,\n year = {2007}\n}", "r.bib:1: a: 'title' is missing. Write 'note = {title not"),
        ("@misc{a,\n note = {}\n}", "r.bib:1: a: 'note' is empty."),
        ("@misc{a,\n note = {n},\n year = {07}\n}", "r.bib:1: a: '07' does not look like a year."),
        ("@misc{a,\n note = {n},\n doi = {doi:10}\n}", "r.bib:1: a: 'doi:10' does not look like"),
        ("@misc{a,\n note = 2007\n}", "r.bib:2: the value of 'note' must stand in braces."),
        ("@misc{a,\n note = {n}\n year = {2007}\n}", "r.bib:3: a ',' or '}' is missing."),
        ("@misc{a,\n note {n}\n}", "r.bib:2: a field must look like 'year = {2007}'."),
        ("@misc{a,\n note = {n\n", "r.bib:2: a brace is not closed."),
        ("@misc{a,\n note = {n}", "r.bib:2: a ',' or '}' is missing."),
        ("stray words", "r.bib:1: an entry must begin with '@article{key,'."),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, text, message):
    assert any(found.startswith(message) for found in problems(tmp_path, text))


def test_reading_goes_on_after_a_broken_entry(tmp_path):
    text = "@misc{a,\n note = 3\n}\n@misc{b,\n year = {2007}\n}\n@misc{c,\n note = {n}\n}\n"
    assert [message.split(" ")[0] for message in problems(tmp_path, text)] == [
        "r.bib:2:",
        "r.bib:4:",
    ]


def test_the_bibliography_of_the_package_is_right():
    found = references()
    assert found["zhang2007"].cite == "Zhang et al. 2007"
    assert found["zhang2007"].url == "https://doi.org/10.1111/j.1365-2567.2007.02573.x"
    assert found["favier"].cite == "[favier]"


def test_bibtex_is_sorted_and_reads_back(tmp_path):
    text = bibtex(["zhang2007", "liu2020", "zhang2007"])
    assert list(read(tmp_path, text)) == ["liu2020", "zhang2007"]
    assert bibtex([]) == ""


def test_bibtex_refuses_unknown_keys():
    with pytest.raises(NumberError, match="'zhang2008' is not in references"):
        bibtex(["liu2020", "zhang2008"])
