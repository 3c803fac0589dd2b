"""Plates as readers and people write them come out as readings by well; flags are kept."""

import math

import pytest

from carnk.assays.cells import LARGEST_BYTES, read_sheet, sheet_of
from carnk.assays.plate import PlateFile, minus, plates_of, position, read_plates
from carnk.base import DataError, SpecError

LETTERS = "ABCDEFGH"


def value(row, column):
    return 0.05 + 0.1 * row + 0.01 * column


def matrix(separator=",", header=True, letters=True, decimal=".", rows=8, columns=12):
    corner = [""] if letters else []
    lines = [separator.join([*corner, *map(str, range(1, columns + 1))])] if header else []
    for r in range(rows):
        cells = [f"{value(r, c):.3f}".replace(".", decimal) for c in range(columns)]
        lines.append(separator.join(([chr(65 + r)] if letters else []) + cells))
    return "\n".join(lines) + "\n"


def plates(text, **more):
    return plates_of(sheet_of(text, "plate.csv", **more)).plates


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("letters", [True, False])
@pytest.mark.parametrize(
    ("separator", "decimal"), [(",", "."), ("\t", "."), (";", ","), ("\t", ",")]
)
def test_a_matrix_is_read_with_and_without_its_headers(separator, decimal, header, letters):
    (plate,) = plates(matrix(separator, header, letters, decimal))
    assert plate.shape == (8, 12)
    assert len(plate.readings) == 96
    for r, letter in enumerate(LETTERS):
        for c in range(12):
            assert plate.readings[f"{letter}{c + 1}"].value == pytest.approx(value(r, c))


def test_a_matrix_of_384_wells():
    (plate,) = plates(matrix(rows=16, columns=24))
    assert plate.shape == (16, 24)
    assert plate.readings["P24"].value == pytest.approx(value(15, 23))


def test_empty_wells_are_left_out_and_flags_are_kept_with_their_limit():
    lines = matrix().splitlines()
    cells = lines[1].split(",")
    cells[1:6] = ["", "OVRFLW", ">4.0", "<0.05", "OVER"]
    lines[1] = ",".join(cells)
    (plate,) = plates("\n".join(lines))
    assert "A1" not in plate.readings
    assert (plate.readings["A2"].value, plate.readings["A2"].flag) == (math.inf, "over")
    assert (plate.readings["A3"].value, plate.readings["A3"].flag) == (4.0, "over")
    assert (plate.readings["A4"].value, plate.readings["A4"].flag) == (0.05, "under")
    assert plate.readings["A5"].flag == "over"
    assert not any(math.isnan(each.value) for each in plate.readings.values())


def test_text_among_numbers_names_every_well_and_line():
    text = matrix().replace("0.250", "abc", 1).replace("0.340", "1.2.3", 1)
    with pytest.raises(DataError) as error:
        plates(text)
    said = [str(problem) for problem in error.value.problems]
    assert said[0].startswith("plate.csv:3: well B11: 'abc' is not a number.")
    assert said[1].startswith("plate.csv:4: well C10: '1.2.3' is not a number.")


def test_an_export_with_preamble_and_two_wavelengths():
    text = "Reader X\nOperator\tJane Doe\n\nAbsorbance 450 nm\n" + matrix("\t")
    text += "\nAbsorbance 570 nm\n" + matrix("\t") + "\nDone\t12:30\n"
    first, second = plates(text)
    assert [first.name, second.name] == ["450 nm", "570 nm"]
    assert first.wavelength_nm == 450
    found = plates_of(sheet_of(text, "x"))
    assert found.one("450") is not None
    with pytest.raises(SpecError, match="'450 nm', '570 nm'"):
        found.one()
    with pytest.raises(SpecError, match="'600' is not one reading"):
        found.one("600")
    assert "Doe" not in repr(found.plates)


def test_readings_of_two_wavelengths_one_below_the_other_in_each_row():
    lines = ["\t" + "\t".join(map(str, range(1, 13)))]
    for r, letter in enumerate(LETTERS):
        for k, nm in enumerate((450, 570)):
            cells = [f"{value(r, c) / (k + 1):.4f}" for c in range(12)]
            lines.append("\t".join(["" if k else letter, *cells, str(nm)]))
    first, second = plates("\n".join(lines))
    assert [first.name, second.name] == ["450 nm", "570 nm"]
    assert second.readings["C4"].value == pytest.approx(value(2, 3) / 2)


def test_side_by_side_readings_without_letters_over_time():
    """One header over blocks that follow each other in time, two wavelengths side by side."""
    head = "##BLOCKS= 1\nPlate:\tPlate1\t1.3\tKinetic\t450 570\n"
    ones = list(map(str, range(1, 13)))
    text = head + "\t".join(["Time", "Temperature", *ones, "", *ones]) + "\n"
    for minute in (0, 10):
        for r in range(8):
            cells = [f"{value(r, c) + minute:.3f}" for c in range(12)]
            half = [f"{value(r, c) / 2:.4f}" for c in range(12)]
            time = f"00:{minute:02}:00" if r == 0 else ""
            text += "\t".join([time, "37.0" if r == 0 else "", *cells, "", *half]) + "\n"
        text += "\n"
    found = plates(text + "~End\n")
    assert [each.name for each in found] == [
        "450 nm, 0 h", "570 nm, 0 h", "450 nm, 0.166667 h", "570 nm, 0.166667 h",
    ]  # fmt: skip
    assert found[2].readings["H12"].value == pytest.approx(value(7, 11) + 10, abs=1e-3)
    assert found[3].hours == pytest.approx(1 / 6)


def test_a_list_of_wells_with_two_columns_of_values_and_other_words():
    text = "Well;Content;Raw (450);Raw (570)\nA01;Jane;0,1;0,2\nH12;X1;>4,0;0,3\nB2;;;0,1\n"
    first, second = plates(text)
    assert first.readings["A1"].value == pytest.approx(0.1)
    assert first.readings["H12"].flag == "over"
    assert "B2" not in first.readings
    assert second.readings["B2"].value == pytest.approx(0.1)
    assert first.shape == (8, 12)


def test_a_list_over_time_gives_a_reading_for_each_time():
    text = "well,time (min),value\nA1,0,0.1\nA2,0,0.2\nA1,30,0.3\nA2,30,0.4\n"
    first, second = plates(text)
    assert (first.hours, second.hours) == (0, 0.5)
    assert second.readings["A2"].value == pytest.approx(0.4)


def test_a_list_without_a_header_of_a_384_well_plate():
    (plate,) = plates("A1,0.5\nP24,0.6\n")
    assert plate.shape == (16, 24)


def test_a_well_twice_is_named():
    with pytest.raises(DataError, match=r"plate.csv:3: well A1: the well stands twice, first on"):
        plates("well,value\nA1,1\nA1,2\n")


def test_commas_for_everything_are_asked_about():
    text = matrix(",", header=False, letters=False, decimal=",")
    with pytest.raises(DataError, match="commas seem to be both separators and decimal marks"):
        plates(text)
    with pytest.raises(DataError, match="If commas are decimal marks"):
        plates(matrix(",", decimal=","))


def test_a_half_filled_plate_with_commas_for_everything_is_refused():
    head = "," + ",".join(str(c) for c in range(1, 13))
    rows = [f"{letter}," + "0,412," * 6 + ",,,,," for letter in "ABCDEFGH"]
    with pytest.raises(DataError, match="commas are decimal marks"):
        plates("\n".join([head, *rows]))
    whole = [f"{letter}," + "412," * 6 + ",,,,,,," for letter in "ABCDEFGH"]
    assert plates("\n".join([head + ",,", *whole]))[0].readings["A6"].value == 412


def test_two_blocks_of_one_wavelength_are_both_named():
    text = "Absorbance 450 nm\n" + matrix()
    with pytest.raises(SpecError, match="'450 nm, read 1', '450 nm, read 2'"):
        PlateFile(plates(text + "\n" + text), sheet_of(text, "plate.csv")).one("450")


def test_thousands_or_decimals_is_asked_and_then_done():
    text = matrix(";").replace("0.", "1,").replace("1.", "2,")
    with pytest.raises(DataError, match=r"'1,050' may be 1050 or 1\.050\. Say which: --decimal"):
        plates(text)
    (plate,) = plates(text, decimal="comma")
    assert plate.readings["A1"].value == pytest.approx(1.05)
    (plate,) = plates(text, decimal="point")
    assert plate.readings["A1"].value == pytest.approx(1050)


def test_one_mark_that_does_not_fit_the_others_is_an_error():
    with pytest.raises(DataError, match=r"well A1: '0,050' is not a number"):
        plates(matrix(";").replace("0.050", "0,050"))
    with pytest.raises(DataError, match=r"well A1: '1,050' may have a decimal mark or group"):
        plates(matrix(";").replace("0.050", "1,050"))


def test_thousands_are_read_where_they_are_clear():
    (plate,) = plates(matrix(";").replace("0.050", "12,345.5"))
    assert plate.readings["A1"].value == 12345.5


def test_a_file_too_large_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.csv"
    with path.open("wb") as stream:
        stream.truncate(5_000_000_000)
    with pytest.raises(SpecError, match=f"is larger than {LARGEST_BYTES / 1e6:g} MB"):
        read_plates(path)


def test_a_workbook_and_an_empty_file_are_named(tmp_path):
    book = tmp_path / "plate.xlsx"
    book.write_bytes(b"PK\x03\x04whatever")
    with pytest.raises(SpecError, match=r"Excel workbook.*Save the sheet as CSV"):
        read_plates(book)
    (tmp_path / "empty.csv").write_text(" \n")
    with pytest.raises(DataError, match="there is nothing in this file"):
        read_plates(tmp_path / "empty.csv")
    (tmp_path / "words.csv").write_text("hello\nworld\n")
    with pytest.raises(DataError, match="no plate was found"):
        read_plates(tmp_path / "words.csv")
    with pytest.raises(SpecError, match=r"'coma' is not comma or point\. Did you mean 'comma'"):
        read_sheet(tmp_path / "words.csv", "coma")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_of_readers(tmp_path, encoding):
    path = tmp_path / "p.txt"
    path.write_bytes(("Temperature 37 °C\n" + matrix("\t")).encode(encoding))
    (plate,) = read_plates(path).plates
    assert len(plate.readings) == 96


def test_a_reference_wavelength_is_subtracted_and_flags_stay():
    text = "well,A450,A570\nA1,1.0,0.1\nA2,OVER,0.1\n"
    first, second = plates(text)
    both = minus(first, second)
    assert both.readings["A1"].value == pytest.approx(0.9)
    assert both.readings["A2"].flag == "over"
    with pytest.raises(DataError, match="differ in wells A2"):
        minus(first, plates("A1,0.1\nB1,0.1\n".replace("B1", "A3"))[0])


def test_positions_and_edges():
    assert [position(w) for w in ("A1", "H12", "AA3")] == [(0, 0), (7, 11), (26, 2)]
    (plate,) = plates(matrix())
    assert plate.is_at_edge("A5")
    assert plate.is_at_edge("C12")
    assert not plate.is_at_edge("B2")


@pytest.mark.parametrize(
    "text",
    [
        "Time\tT 600\tA1\tA2\tB1\n0:00:00\t37.0\t0.1\t0.2\t0.3\n0:30:00\t37.0\t0.4\t0.5\tOVER\n",
        "Well\t0:00:00\t0:30:00\nA1\t0.1\t0.4\nA2\t0.2\t0.5\nB1\t0.3\tOVER\n",
        "time (min),well,value\n0,A1,0.1\n0,A2,0.2\n0,B1,0.3\n30,A1,0.4\n30,A2,0.5\n30,B1,OVER\n",
    ],
)
def test_courses_with_wells_beside_or_below_each_other(text):
    first, second = plates(text)
    assert (first.hours, second.hours) == (0, 0.5)
    assert second.readings["A1"].value == pytest.approx(0.4)
    assert second.readings["B1"].flag == "over"


def test_the_time_of_day_of_a_preamble_is_not_that_of_the_reading():
    text = "Date: 12.05.2023\tTime: 10:23:45\n\nRaw Data (450)\n" + matrix("\t")
    assert plates(text)[0].hours is None
    assert plates("Date: 12.05.2023\tTime: 10:23:45\n" + matrix("\t"))[0].hours is None
    assert plates("Time 0:30:00\n" + matrix("\t"))[0].hours == 0.5


def test_samples_named_like_wells_above_a_matrix_are_no_wells():
    names = "\t".join(["A", *[f"S{i}" for i in range(1, 13)]])
    (plate,) = plates(f"Layout\n{names}\nRaw Data (450)\n" + matrix("\t"))
    assert len(plate.readings) == 96
