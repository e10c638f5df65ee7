"""Time, frames, Sun and shadow against published numbers."""

from datetime import datetime, timezone
from math import asin, atan2, degrees, hypot

import pytest
from orbits.eclipse import Light, illumination
from orbits.frames import teme_to_ecef, teme_velocity_to_ecef
from orbits.geodetic import GeodeticPosition, ecef_to_geodetic, geodetic_to_ecef
from orbits.julian import J2000, from_datetime
from orbits.look_angles import Observer
from orbits.sidereal import greenwich_sidereal_angle
from orbits.stations import Station, UnknownStationError, station_of_code
from orbits.sun import ASTRONOMICAL_UNIT, sun_position


def utc(*fields: int) -> datetime:
    return datetime(*fields, tzinfo=timezone.utc)


def test_julian_date():
    # Vallado, Fundamentals of Astrodynamics and Applications, example 3-4.
    date = from_datetime(utc(1996, 10, 26, 14, 20))
    assert date.day + date.fraction == pytest.approx(2450383.09722222, abs=1e-8)
    assert date.to_datetime() == utc(1996, 10, 26, 14, 20)
    assert from_datetime(utc(2000, 1, 1, 12)).day + 0.5 == J2000


def test_sidereal_time():
    # The same, example 3-5.
    angle = greenwich_sidereal_angle(from_datetime(utc(1992, 8, 20, 12, 14)))
    assert degrees(angle) == pytest.approx(152.578787886, abs=1e-6)


def test_teme_to_earth_fixed():
    # AIAA 2006-6753, appendix C: TEME to the pseudo Earth-fixed frame, with its
    # difference of UT1 and UTC; the last digits need a date kept more finely.
    moment = from_datetime(utc(2004, 4, 6, 7, 51, 28, 386009)).plus_seconds(-0.4399619)
    position = (5094.18016210, 6127.64465950, 6380.34453270)
    velocity = (-4.746131487, 0.785818041, 5.531931288)
    assert teme_to_ecef(position, moment) == pytest.approx((-1033.47503130, 7901.30558560, 6380.34453270), abs=2e-5)
    assert teme_velocity_to_ecef(position, velocity, moment) == pytest.approx(
        (-3.2256327470, -2.8724425110, 5.5319312880), abs=2e-8
    )


def test_geodetic_place():
    # Vallado, example 3-3.
    place = ecef_to_geodetic((6524.834, 6862.875, 6448.296))
    assert place.latitude == pytest.approx(34.352496, abs=1e-6)
    assert place.longitude == pytest.approx(46.4464, abs=1e-4)
    assert place.altitude == pytest.approx(5085.22, abs=0.01)


@pytest.mark.parametrize("latitude", [-90.0, -45.0, 0.0, 1e-9, 30.0, 89.999, 90.0])
@pytest.mark.parametrize("altitude", [-5.0, 0.0, 400.0, 35786.0])
def test_geodetic_and_back(latitude, altitude):
    place = ecef_to_geodetic(geodetic_to_ecef(GeodeticPosition(latitude, 12.0, altitude)))
    assert place.latitude == pytest.approx(latitude, abs=1e-9)
    assert place.longitude == pytest.approx(12.0, abs=1e-9)
    assert place.altitude == pytest.approx(altitude, abs=1e-6)


def test_sun():
    # Meeus, Astronomical Algorithms, example 25.a, within the 0.01 degrees promised.
    x, y, z = sun_position(from_datetime(utc(1992, 10, 13)))
    distance = hypot(x, y, z)
    assert degrees(atan2(y, x)) % 360 == pytest.approx(198.38083, abs=0.01)
    assert degrees(asin(z / distance)) == pytest.approx(-7.78507, abs=0.01)
    assert distance / ASTRONOMICAL_UNIT == pytest.approx(0.99766, abs=1e-4)


def test_shadow():
    sun = (ASTRONOMICAL_UNIT, 0.0, 0.0)
    assert illumination((7000.0, 0.0, 0.0), sun) is Light.SUNLIT
    assert illumination((0.0, 7000.0, 0.0), sun) is Light.SUNLIT
    assert illumination((-7000.0, 0.0, 0.0), sun) is Light.UMBRA
    assert illumination((-42164.0, 6378.0, 0.0), sun) is Light.PENUMBRA
    assert illumination((-42164.0, 6700.0, 0.0), sun) is Light.SUNLIT
    # The full shadow is about 1.38 million km long.
    assert illumination((-1.3e6, 0.0, 0.0), sun) is Light.UMBRA
    assert illumination((-1.5e6, 0.0, 0.0), sun) is Light.PENUMBRA


@pytest.mark.parametrize(
    ("target", "azimuth", "elevation"),
    [
        (GeodeticPosition(1.0, 0.0, 0.0), 0.0, -0.5),
        (GeodeticPosition(0.0, 1.0, 0.0), 90.0, -0.5),
        (GeodeticPosition(-1.0, 0.0, 0.0), 180.0, -0.5),
        (GeodeticPosition(0.0, -1.0, 0.0), 270.0, -0.5),
    ],
)
def test_look_angles_on_the_horizon(target, azimuth, elevation):
    # A chord dips by half the angle between its ends, a little more to the flatter north.
    observer = Observer(Station("origin", "Origin", GeodeticPosition(0.0, 0.0, 0.0)))
    look = observer.look_at(geodetic_to_ecef(target))
    assert look.azimuth == pytest.approx(azimuth, abs=1e-9)
    assert look.elevation == pytest.approx(elevation, abs=0.01)
    assert look.range == pytest.approx(111.0, abs=0.5)


def test_look_angles_to_the_zenith():
    redu = station_of_code("redu")
    above = GeodeticPosition(redu.place.latitude, redu.place.longitude, redu.place.altitude + 500.0)
    look = Observer(redu).look_at(geodetic_to_ecef(above))
    assert look.elevation == pytest.approx(90.0, abs=1e-5)
    assert look.range == pytest.approx(500.0, abs=1e-9)


def test_an_unknown_station_is_told_the_known_ones():
    with pytest.raises(UnknownStationError, match=r"unknown station 'nowhere'; known stations: goldstone, .*redu"):
        station_of_code("nowhere")
