"""Files of typings and of cord units: what is read, and every problem with its line."""

import pytest

from carnk.base import DataError, SpecError
from carnk.donors import read_typings, read_units, rules_from_sequences

HEAD = "id,hla,kir\n"
# Residues -24 to 90 of an HLA-C-like protein made up for this test, with Asn or Lys at 80.
LEADER = "MRVMAPRTLILLLSGALALTETWA"
MATURE = (
    "CSHSMRYFDTAVSRPGRGEPRFISVGYVDDTQFVRFDSDAASPRGEPRAPWVEQEGPEYWDRETQKYKRQAQADRVSLR{}LRGYYNQSEA"
)


def write(path, text):
    path.write_text(text)
    return path


def problems_of(path, text, reader=read_typings):
    with pytest.raises(DataError) as caught:
        reader(write(path, text))
    return [str(problem) for problem in caught.value.problems]


def test_people_come_in_the_order_of_the_file(tmp_path):
    text = f"{HEAD}b,C*07:02 C*05:01,KIR2DL1;KIR2DL3\na,C*16,\n"
    b, a = read_typings(write(tmp_path / "t.csv", text))
    assert (b.id, b.ligands.names, b.educated) == ("b", ("C1", "C2"), ("KIR2DL1", "KIR2DL3"))
    assert (a.kir, a.ambiguous, a.educated) == (None, ("C1", "C2"), ())


def test_every_problem_of_a_file_with_its_line(tmp_path):
    text = (
        f"{HEAD}a,A*02:01 A*03:01 A*11:01,KIR2DL9\n\na,C*99:01,KIR3DL1\n,C*07:02,KIR3DL1\n"
        "e,C*07:02\n"
    )
    found = problems_of(tmp_path / "t.csv", text)
    assert [line.split(":")[1] for line in found] == ["2", "2", "4", "4", "5", "6"]
    assert "3 alleles at HLA-A" in found[0]
    assert "KIR2DL9" in found[1]
    assert "line 2 already" in "".join(found)
    assert "2 cells, but 3 columns" in found[5]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("\n", "empty"),
        (HEAD, "no rows"),
        ("id,hla\na,C*07:02\n", "'kir' is missing"),
        ("name,hla,kir\na,C*07:02,\n", "'id' is missing"),
        ("id,hla,hla,kir\na,b,c,d\n", "stands twice"),
        ("id;hla;kir\na;C*07:02;\n", "separated by ';'"),
        (f'{HEAD}a,"C*07:02,\n', "not CSV"),
        ("\0\0\0", "not text"),
    ],
)
def test_files_that_are_no_table_of_typings(tmp_path, text, says):
    assert says in " ".join(problems_of(tmp_path / "t.csv", text))


def test_bytes_that_are_no_text_are_data_errors_and_a_missing_file_is_not(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"id,hla,kir\n\xff\xfe\x00")
    with pytest.raises(DataError):
        read_typings(path)
    with pytest.raises(SpecError):
        read_typings(tmp_path / "none.csv")


def test_patients_need_no_kir(tmp_path):
    (patient,) = read_typings(write(tmp_path / "p.csv", "id,hla\np,none\n"), needs_kir=False)
    assert patient.ligands.possible_with_untyped == 0


def test_sequences_settle_alleles_and_open_or_close_groups(tmp_path):
    fasta = "".join(
        f">HLA:HLA0 C*{name} 300 bp\n{LEADER}{MATURE.format(residue)}\n"
        for name, residue in (("16:02:01", "K"), ("16:150", "K"), ("18:05", "N"), ("07:30N", "K"))
    )
    rules = rules_from_sequences(write(tmp_path / "prot.fasta", fasta))
    text = f"{HEAD}a,C*16:150,\nb,C*16,\nc,C*18:05,\nd,C*07:02,\n"
    people = read_typings(write(tmp_path / "t.csv", text), rules=rules)
    assert [person.ligands.names for person in people] == [("C2",), ("C2",), ("C1",), ("C1",)]


def test_a_file_without_class_i_sequences_is_refused(tmp_path):
    with pytest.raises(DataError, match="no HLA-A, -B or -C protein"):
        rules_from_sequences(write(tmp_path / "x.fasta", ">DRB1*15:01\nMVCLKLPGG\n"))


def test_cord_units_against_cut_offs(tmp_path):
    text = "id,nrbc,hours\na,5e7,20\nb,9e7,24\nc,8e7,24\nd,1e7,30\n"
    units = read_units(write(tmp_path / "u.csv", text))
    assert [unit.is_optimal(8e7, 24) for unit in units] == [True, False, True, False]
    assert [unit.outside(8e7, 24) for unit in units] == [(), ("nrbc",), (), ("hours",)]


def test_cord_units_that_are_wrong(tmp_path):
    text = "id,nrbc,hours\na,many,20\na,5e7,-1\n,nan,1\n"
    found = problems_of(tmp_path / "u.csv", text, read_units)
    assert len(found) == 5
    assert "'many'" in found[0]
