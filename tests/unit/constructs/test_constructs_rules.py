"""The rules of constructs: each is kept by a right construct and broken by a wrong one."""

import pytest

from carnk.constructs import check, parts
from carnk.constructs.fmc63 import identity
from carnk.constructs.read import parse
from carnk.library import load

CAR = [
    *("SP_CD8A", "FMC63_VL", "LINKER_G4S3", "FMC63_VH", "HINGE_CD8A", "TM_CD8A", "COSTIM_41BB"),
    "SIG_CD3Z_KPRRK",
]
# The sequence that circulates as FMC63: a human VH3 heavy chain with a kappa light chain.
FALSE_FMC63 = (
    "EVQLVESGGGLVQPGGSLRLSCAASGFTFSSYAMSWVRQAPGKGLEWVSAISGSGGSTYYADSVKGRFTISRDNSKNTLYLQMNSLRAEDTAVYYCAK"
    "GGGGSGGGGSGGGGSDIQMTQSPSSLSASVGDRVTITCRASQSISSYLNWYQQKPGKAPKLLIYAASSLQSGVPSRFSGSGSGTDFTLTISSLQPEDF"
    "ATYYCQQSYSTPLTFGGGTKVEIK"
)
# FMC63 loops on human frameworks.
HUMANIZED_VH = (
    "QVQLQESGPGLVKPSETLSLTCTVSGVSLPDYGVSWIRQPPGKGLEWIGVIWGSETTYYSSSLKSRVTISKDNSKNQVSLKLSSVTAADTAVYYCAKH"
    "YYYGGSYAMDYWGQGTLVTVSS"
)


def design(names, platform="lentiviral", name="mine", about=""):
    listed = "\n".join(f"  - {n}" for n in names)
    text = f"construct: {name}\nabout: '{about} x'\ntarget: CD19\nplatform: {platform}\n"
    return parse(f"{text}parts:\n{listed}\n")


def verdicts(names, verdict, **given):
    found = check(design(names, **given), load().view())
    return {v.rule: v.why for v in found if v.verdict == verdict}


def own(name, kind, sequence, **more):
    told = "".join(f", {key}: '{value}'" for key, value in more.items())
    return f"{{name: '{name}', kind: {kind}, sequence: {sequence}{told}}}"


def swap(old, new):
    return [new if name == old else name for name in CAR]


def scfv(name, sequence, kind="binder"):
    return ["SP_CD8A", own(name, kind, sequence), *CAR[4:]]


def test_a_right_car_breaks_no_rule():
    assert verdicts(CAR, "fail") == {}
    assert verdicts(CAR, "warn") == {}


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (CAR[1:], "leader missing"),
        (CAR[:-1], "signal missing"),
        ([n for n in CAR if n != "HINGE_CD8A"], "hinge missing"),
        ([n for n in CAR if n != "LINKER_G4S3"], "linker between VH and VL missing"),
        ([n for n in CAR if n != "FMC63_VL"], "binder"),
        ([*CAR[:4], "TM_CD8A", "HINGE_CD8A", *CAR[6:]], "out of order"),
        ([*CAR, "T2A"], "nothing before or after"),
        (["T2A", *CAR], "nothing before or after"),
        ([*CAR, "T2A", "P2A", "IL15_PRECURSOR"], "nothing before or after"),
        ([*CAR, "IL15_PRECURSOR"], "separate the proteins"),
    ],
)
def test_parts_out_of_order(names, says):
    assert says in verdicts(names, "fail")["order"]


def test_either_order_of_vh_and_vl_and_several_costimulations_are_right():
    turned = ["SP_CD8A", "FMC63_VH", "LINKER_G4S3", "FMC63_VL", *CAR[4:]]
    third = [*CAR[:6], "COSTIM_CD28", "COSTIM_41BB", "SIG_CD3Z_KPRRK"]
    armed = [*CAR, "LINKER_GSG", "P2A", "IL15_PRECURSOR", "LINKER_GSG", "T2A", "CXCR4"]
    for names in (turned, third, armed):
        assert verdicts(names, "fail") == {}


def test_a_construct_without_a_car_is_refused():
    assert "CAR" in verdicts(["IL15_PRECURSOR"], "fail")


def test_every_protein_begins_with_met_and_has_one_leader():
    assert "not with Met" in verdicts(swap("SP_CD8A", own("x", "leader", "KALP")), "fail")["start"]
    doubled = ["SP_CD8A", "SP_GMCSFRA", *CAR[1:]]
    assert "second leader" in verdicts(doubled, "fail")["start"]


def test_a_first_generation_car_is_named():
    names = [n for n in CAR if n != "COSTIM_41BB"]
    assert "first-generation" in verdicts(names, "warn")["costimulation"]


def test_cleavage_peptides_are_whole_and_not_repeated():
    twice = [*CAR, "P2A", "IL15_PRECURSOR", "P2A", "CXCR4"]
    assert "2 times" in verdicts(twice, "warn")["cleavage"]
    cut = [*CAR, own("mine", "cleavage", "ATNFSLLKQAGDVEENPG"), "IL15_PRECURSOR"]
    assert "NPGP" in verdicts(cut, "fail")["cleavage"]


def test_parts_known_only_second_hand_say_so():
    unread = verdicts(swap("COSTIM_41BB", "COSTIM_2B4"), "warn")
    assert unread["source"].startswith("COSTIM_2B4: checked: unread")
    unknown = verdicts([*CAR, "P2A", "MBIL15"], "warn")
    assert unknown["sequence"].startswith("MBIL15: no sequence")


def test_a_construct_too_large_for_its_vector_is_refused():
    large = [*CAR, "P2A", own("big", "membrane", f"M{'A' * 1500}")]
    assert "of 8,000 bases" in verdicts(large, "fail")["capacity"]
    assert "capacity" not in verdicts(large, "fail", platform="mrna")
    assert "of 4,500 bases" in verdicts([*CAR, "P2A", "FULL_NKp46", "T2A", "CXCR4"], "fail",
                                        platform="knock_in")["capacity"]  # fmt: skip


def test_cd28_with_a_lost_arginine_is_refused():
    whole = parts()["COSTIM_CD28"].sequence
    short = whole.replace("RSKRSRLLHSD", "RSKRSLLHSD")
    assert (
        "lacks an Arg"
        in verdicts(swap("COSTIM_41BB", own("cd28", "costimulation", short)), "fail")["CD28"]
    )
    assert "CD28" not in verdicts(swap("COSTIM_41BB", own("cd28", "costimulation", whole)), "fail")


def test_native_fc_and_nkg2d_are_warned_of():
    assert "PELLGG" in verdicts(swap("HINGE_CD8A", "HINGE_IGG1_CH2CH3"), "warn")["spacer"]
    assert "type II" in verdicts(swap("TM_CD8A", "TM_NKG2D"), "warn")["transmembrane"]


@pytest.mark.parametrize("name", ["FMC63 scFv", "fmc63", "anti-CD19 FMC-63", "huFMC63", "FMC_63"])
def test_the_false_fmc63_is_refused_by_name(name):
    why = verdicts(scfv(name, FALSE_FMC63), "fail")["FMC63"]
    assert "is not" in why
    assert "EVQLVESGGG" in why


def test_the_same_sequence_under_another_name_passes():
    assert "FMC63" not in verdicts(scfv("my_scfv", FALSE_FMC63), "fail")


def test_a_humanized_domain_is_not_fmc63():
    names = ["SP_CD8A", "FMC63_VL", "LINKER_G4S3", own("FMC63 VH", "vh", HUMANIZED_VH), *CAR[4:]]
    assert "of FMC63_VH" in verdicts(names, "fail")["FMC63"]


@pytest.mark.parametrize("where", ["source", "note", "meaning"])
def test_the_name_may_stand_anywhere_in_the_part(where):
    names = ["SP_CD8A", own("scfv", "binder", FALSE_FMC63, **{where: "after FMC63"}), *CAR[4:]]
    assert "FMC63" in verdicts(names, "fail")


def test_the_name_may_stand_in_the_construct():
    for given in ({"name": "fmc63_car"}, {"about": "an FMC63 CAR"}):
        assert "FMC63" in verdicts(scfv("scfv", FALSE_FMC63), "fail", **given)
        assert "FMC63" not in verdicts(CAR, "fail", **given)


def test_true_fmc63_passes_in_either_orientation_and_with_any_linker():
    vl, vh = parts()["FMC63_VL"].sequence, parts()["FMC63_VH"].sequence
    linker = parts()["LINKER_WHITLOW_218"].sequence
    for sequence in (f"{vl}G{linker}{vh}", f"{vh}{linker}{vl}", f"{vl}GGGGS{vh}"):
        assert "FMC63" not in verdicts(scfv("FMC63", sequence), "fail")
    changed = vh.replace("EVKLQESG", "QVKLQESG")
    assert "FMC63" not in verdicts(scfv("FMC63", f"{vl}{linker}{changed}"), "fail")
    assert "FMC63" in verdicts(scfv("FMC63", vh), "fail")


def test_identity_counts_the_same_residues():
    vh = parts()["FMC63_VH"].sequence
    assert identity("FMC63_VH", f"AAAA{vh}GGGG") == 1.0
    assert identity("FMC63_VH", f"{vh[:60]}A{vh[61:]}") == pytest.approx(119 / 120)
    assert identity("FMC63_VH", FALSE_FMC63) < 0.6
    assert identity("FMC63_VH", "MK") < 0.05
