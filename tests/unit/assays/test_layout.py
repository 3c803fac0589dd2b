"""A layout says what is in each well; what does not fit the plate is named by well."""

import pytest

from carnk.assays.cells import sheet_of
from carnk.assays.layout import check_match, read_layout
from carnk.assays.plate import plates_of
from carnk.base import DataError


def layout(tmp_path, text, **more):
    path = tmp_path / "map.csv"
    path.write_text(text, encoding="utf-8")
    return read_layout(path, **more)


def test_roles_concentrations_dilutions_and_ratios(tmp_path):
    found = layout(
        tmp_path,
        "well,role,sample,concentration,dilution,E:T\n"
        "A1:B2,standard,,500 pg/mL,,\nC1,sample,P1,,1:100,10:1\nC2,sample,P1,,2,5\n"
        "D1-D2,empty,,,,\n",
    )
    assert found.unit == "pg/mL"
    assert [each.well for each in found.of("standard")] == ["A1", "A2", "B1", "B2"]
    assert found.wells["B2"].concentration == 500
    assert (found.wells["C1"].dilution, found.wells["C1"].et) == (100, 10)
    assert (found.wells["C2"].dilution, found.wells["C2"].et) == (2, 5)
    assert found.wells["C2"].sample == "P1"
    assert found.wells["D2"].role == "empty"


@pytest.mark.parametrize(
    "text",
    [
        "well,role,concentration [ng/mL]\nA1,standard,0.5\nA2,standard,1\n",
        "well,role,concentration,unit\nA1,standard,0.5,ng/mL\nA2,standard,1000,pg/mL\n",
        "well;role;concentration\nA1;standard;0,5 ng/mL\nA2;standard;1 ng/mL\n",
    ],
)
def test_a_unit_stands_in_cell_header_or_column_and_is_the_first_ones(tmp_path, text):
    found = layout(tmp_path, text)
    assert found.unit == "ng/mL"
    assert [each.concentration for each in found.wells.values()] == [0.5, 1.0]


def test_every_wrong_cell_is_told_with_its_line_and_well(tmp_path):
    with pytest.raises(DataError) as error:
        layout(
            tmp_path,
            "well,role,sample,concentration,dilution\n"
            "A1,standart,,5 pg/mL,\nZ99,sample,,,\nA2,standard,,5,\nA3,sample,,,0.5\n"
            "A4,standard,,5 kg,\nA5,sample,,,0:5\nA5,sample,,,x\n",
        )
    said = [str(each) for each in error.value.problems]
    assert "map.csv:2: well A1: 'standart' is not a role. Did you mean 'standard'?" in said
    assert any(each.startswith("map.csv:3: 'Z99'") for each in said) is False
    assert any("map.csv:4: well A2: '5' has no unit" in each for each in said)
    assert any("map.csv:5: well A3: a dilution of '0.5' is less than 1-fold" in s for s in said)
    assert any("map.csv:6: well A4" in each and "pg/mL" in each for each in said)
    assert any("map.csv:7: well A5: dilution: '0:5' has a 0 in it" in each for each in said)
    assert any("map.csv:8: well A5: dilution: 'x' is not a number" in each for each in said)
    assert any("the well stands twice, first on line 7" in each for each in said)


def test_columns_are_known_or_the_nearest_is_offered(tmp_path):
    with pytest.raises(
        DataError, match=r"'dilluton' is not a column here\. Did you mean 'dilution'"
    ):
        layout(tmp_path, "well,role,dilluton\nA1,sample,2\n")
    with pytest.raises(DataError, match="there is no column role"):
        layout(tmp_path, "well\nA1\n")


def plate(text):
    return plates_of(sheet_of(text, "plate.csv")).plates[0]


def test_a_layout_that_does_not_match_names_the_wells(tmp_path):
    read = plate("A1,0.1\nA2,0.2\nB1,0.3\n")
    fine = layout(tmp_path, "well,role\nA1:A2,sample\nB1,blank\nC1,sample\n")
    check_match(read, fine)
    assert fine.empty_on(read) == ["C1"]
    with pytest.raises(DataError, match="wells B1 have readings, but the layout does not name"):
        check_match(read, layout(tmp_path, "well,role\nA1:A2,sample\n"))
    with pytest.raises(DataError, match="wells A13, I1 are not on the plate of 8 x 12"):
        check_match(
            read, layout(tmp_path, "well,role\nA1:B1,blank\nA2,blank\nA13,blank\nI1,blank\n")
        )
    with pytest.raises(DataError, match="no well that the layout fills has a reading"):
        check_match(read, layout(tmp_path, "well,role\nA1:B2,empty\nD1,sample\n"))
