"""Element sets: every field, and every damage with its file and line."""

import pytest
from elements_of_spacetrack import VANGUARD, parsed
from orbits.catalogue import Catalogue, read_text, verification_text
from orbits.element_parser import ElementError, checksum, parse_element_set
from orbits.julian import JulianDate


def test_every_field_of_vanguard_1():
    elements = parsed(VANGUARD)
    assert (elements.number, elements.key, elements.designator) == (5, "00005", "58002B")
    assert elements.epoch.day == 2451722.5
    assert elements.epoch.fraction == pytest.approx(0.78495062, abs=1e-12)
    assert elements.drag == pytest.approx(0.28098e-4, rel=1e-12)
    assert elements.inclination == 34.2682
    assert elements.ascending_node == 348.7242
    assert elements.eccentricity == 0.1859667
    assert elements.perigee_argument == 331.7664
    assert elements.mean_anomaly == 19.3264
    assert elements.mean_motion == 10.82419157
    assert elements.lines == VANGUARD
    assert elements.origin == "test.tle:1"


def test_the_orbit_that_follows():
    # NSSDC 1958-002B at launch: period 134.2 min, perigee 654 km, apogee 3969 km;
    # drag has since taken about a minute and a hundred kilometres off.
    elements = parsed(VANGUARD)
    assert elements.period_minutes == pytest.approx(133.04, abs=0.01)
    assert elements.perigee_altitude == pytest.approx(654, abs=10)
    assert elements.apogee_altitude == pytest.approx(3865, abs=20)


def test_the_year_1957_divides_the_centuries():
    old = VANGUARD[0].replace("00179.78495062", "57179.78495062")
    new = VANGUARD[0].replace("00179.78495062", "56179.78495062")
    first, second = (
        parse_element_set(line, VANGUARD[1], file="x", line_number=1, verify_checksums=False) for line in (old, new)
    )
    assert first.epoch.to_datetime().year == 1957
    assert second.epoch.to_datetime().year == 2056


def test_numbers_past_99999_in_alpha_5():
    first, second = (line.replace("00005", "B1234") for line in VANGUARD)
    elements = parse_element_set(first, second, file="x", line_number=1, verify_checksums=False)
    assert elements.number == 111234


def test_a_checksum_counts_digits_and_minus_signs():
    assert [checksum(line) for line in VANGUARD] == [3, 7]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (VANGUARD[0][:-1] + "4", VANGUARD[1], "a.tle:7: checksum is '4', expected '3'"),
        (VANGUARD[0], VANGUARD[1][:-1] + "0", "a.tle:8: checksum is '0', expected '7'"),
        (VANGUARD[0][:50], VANGUARD[1], "a.tle:7: line has 50 characters, expected 69"),
        (VANGUARD[0], "", "a.tle:8: line has 0 characters, expected 69"),
        (VANGUARD[0], VANGUARD[0], "a.tle:8: line does not begin with '2' and a space"),
        (VANGUARD[0], VANGUARD[1].replace("00005", "00014"), "a.tle:8: expected satellite 5 as in the line before"),
        (VANGUARD[0], VANGUARD[1].replace("34.2682", "34.26x2"), "a.tle:8: column 9: '34.26x2' is not a number"),
        (VANGUARD[0].replace("00179.", "00399."), VANGUARD[1], "a.tle:7: epoch day 399.78495062 is outside the year"),
        (VANGUARD[0].replace("1 00005", "1 I0005"), VANGUARD[1], "a.tle:7: satellite number 'I0005' is not Alpha-5"),
    ],
)
def test_damage_is_named_with_file_and_line(first, second, message):
    def with_checksum(line: str) -> str:
        # Damage other than a wrong check digit is to be found by itself.
        return line[:68] + str(checksum(line)) if len(line) == 69 and "checksum" not in message else line

    with pytest.raises(ElementError) as caught:
        parse_element_set(with_checksum(first), with_checksum(second), file="a.tle", line_number=7)
    assert str(caught.value) == message


def test_a_file_keeps_its_good_sets_and_names_its_bad_ones():
    catalogue = Catalogue()
    lines = ["# comment", "VANGUARD 1", *VANGUARD, "", VANGUARD[0], "1 short", VANGUARD[1]]
    read_text("\r\n".join(lines), "b.tle", catalogue)
    assert [elements.origin for elements in catalogue.accepted] == ["b.tle:3"]
    assert [error.line_number for error in catalogue.rejected] == [7, 7]


def test_the_verification_file_has_three_sets_with_wrong_check_digits():
    catalogue = Catalogue()
    read_text(verification_text(), "v", catalogue)
    assert len(catalogue.accepted) == 30
    assert [error.line_number for error in catalogue.rejected] == [100, 103, 106]


def test_julian_date_of_the_epoch_as_text():
    assert parsed(VANGUARD).epoch.isoformat() == "2000-06-27T18:50:19.733568Z"
    assert JulianDate(2451544.5, 0.5).days_since_2000() == 0.0
