"""Passes: exact at the mask, greatest at the culmination, none lost."""

from math import sin

import pytest
from elements_of_spacetrack import SUN_SYNCHRONOUS, SYNCHRONOUS, parsed
from orbits.look_angles import Observer
from orbits.passes import find_windows, sight
from orbits.propagation import Propagator
from orbits.refinement import crossing, maximum
from orbits.stations import STATIONS, station_of_code

MASK = 10.0
DAY = 86400


def height_over(lines, code):
    look = sight(Propagator(parsed(lines)), Observer(station_of_code(code)))
    return lambda seconds: look(seconds).elevation - MASK


def windows_of(height, step, span=DAY):
    times = [float(second) for second in range(0, span + 1, step)]
    return list(find_windows(height, times, [height(time) for time in times]))


@pytest.mark.parametrize("station", [station.code for station in STATIONS])
def test_rise_and_set_are_at_the_mask_and_the_culmination_is_the_maximum(station):
    height = height_over(SUN_SYNCHRONOUS, station)
    windows = [window for window in windows_of(height, 60) if window.whole]
    assert windows
    for window in windows:
        # A low satellite climbs less than a degree a second; the search stops at a millisecond.
        assert abs(height(window.rise)) < 1e-3
        assert abs(height(window.set)) < 1e-3
        assert window.rise < window.culmination < window.set
        inside = [window.rise + (window.set - window.rise) * part / 50 for part in range(51)]
        assert height(window.culmination) >= max(map(height, inside)) - 1e-9
        assert window.set - window.rise < 20 * 60


def test_a_polar_station_sees_a_polar_satellite_more_often():
    high, low = (len(windows_of(height_over(SUN_SYNCHRONOUS, code), 60)) for code in ("kiruna", "kourou"))
    assert high >= 2 * low >= 4


def test_a_scan_coarser_than_a_pass_loses_none():
    height = height_over(SUN_SYNCHRONOUS, "redu")
    fine, coarse = windows_of(height, 10), windows_of(height, 300)
    assert len(fine) == len(coarse)
    for left, right in zip(fine, coarse, strict=True):
        assert left.rise == pytest.approx(right.rise, abs=0.01)
        assert left.culmination == pytest.approx(right.culmination, abs=0.1)
        assert left.set == pytest.approx(right.set, abs=0.01)


def test_a_synchronous_satellite_is_seen_always_or_never():
    seen = {
        code: windows_of(height_over(SYNCHRONOUS, code), 600) for code in ("redu", "goldstone", "kourou", "new-norcia")
    }
    for windows in seen.values():
        assert len(windows) <= 1
        for window in windows:
            assert (window.rise, window.set, window.whole) == (0.0, DAY, False)
    assert any(seen.values())
    assert not all(seen.values())


def test_a_window_between_two_samples_is_found():
    # Positive for two seconds around 31, while the samples are ten apart.
    windows = windows_of(lambda seconds: 1.0 - abs(seconds - 31.0), 10, span=60)
    assert len(windows) == 1
    assert windows[0].rise == pytest.approx(30.0, abs=1e-2)
    assert windows[0].set == pytest.approx(32.0, abs=1e-2)


def test_a_window_at_an_end_of_the_scan_is_not_whole():
    windows = windows_of(lambda seconds: abs(seconds - 30.0) - 15.0, 10, span=60)
    assert [window.whole for window in windows] == [False, False]
    assert [window.rise for window in windows] == pytest.approx([0.0, 45.0], abs=1e-2)
    assert [window.culmination for window in windows] == [0.0, 60.0]


def test_no_times_give_no_windows():
    assert list(find_windows(lambda _: 1.0, [], [])) == []


def test_refinement():
    assert crossing(sin, 3.0, 4.0) == pytest.approx(3.14159265, abs=1e-3)
    assert maximum(sin, 1.0, 2.0) == pytest.approx(1.57079633, abs=1e-3)
