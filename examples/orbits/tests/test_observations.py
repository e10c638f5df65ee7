"""Observations: refused with a reason, or stored in a real PostgreSQL."""

import pytest
from orbits.database import DatabaseUnavailableError, driver_url

GOOD = {
    "satellite": 5,
    "station": "redu",
    "observed_at": "2006-06-25T12:00:00Z",
    "azimuth": 181.5,
    "elevation": 42.25,
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"satellite": "5"}, "satellite: expected a whole number"),
        ({"satellite": True}, "satellite: expected a whole number"),
        ({"satellite": 0}, "satellite: expected a whole number"),
        ({"station": "nowhere"}, "unknown station 'nowhere'"),
        ({"observed_at": "2006-06-25T12:00:00"}, "observed_at: expected ISO 8601 with a time zone"),
        ({"observed_at": "yesterday"}, "observed_at: expected ISO 8601"),
        ({"observed_at": 5}, "observed_at: expected ISO 8601"),
        ({"azimuth": 360}, "azimuth: expected less than 360"),
        ({"azimuth": float("nan")}, "azimuth: expected a number from"),
        ({"elevation": -91}, "elevation: expected a number from -90"),
        ({"elevation": "high"}, "elevation: expected a number"),
        ({"distance": 0}, "distance: expected a number from"),
        ({"colour": "red"}, "unknown fields: ['colour']"),
    ],
)
def test_a_bad_observation_is_refused_before_the_database_is_asked(client, monkeypatch, change, message):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    answer = client.post("/observations", {**GOOD, **change})
    assert answer.status == 422
    assert message in answer.content["message"]


def test_a_body_that_is_no_observation(client):
    assert client.post("/observations", b"{").status == 400
    assert client.post("/observations", b"\xff").status == 400
    assert client.post("/observations", b"[" * 30000).status == 400
    assert client.post("/observations", [GOOD]).status == 422
    answer = client.post("/observations", {})
    assert "missing fields: ['satellite', 'station'" in answer.content["message"]
    assert client.post("/observations", b" " * 65537).status == 413


def test_no_database_is_503(client, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for answer in (client.get("/observations"), client.post("/observations", GOOD)):
        assert (answer.status, answer.content) == (503, {"message": "no database: DATABASE_URL is not set"})


def test_a_database_that_does_not_answer_is_503(client, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/nothing")
    answer = client.get("/observations")
    assert (answer.status, answer.content) == (503, {"message": "the database does not answer"})


@pytest.mark.parametrize("url", ["sqlite://", "secret", "postgresql+psycopg2://x"])
def test_an_address_of_something_else_is_503_and_stays_secret(client, monkeypatch, url):
    monkeypatch.setenv("DATABASE_URL", url)
    answer = client.get("/observations")
    assert answer.status == 503
    assert url not in answer.content["message"]
    with pytest.raises(DatabaseUnavailableError):
        driver_url(url)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_the_driver_is_psycopg_3(scheme):
    assert driver_url(f"{scheme}://a:b@c/d?e=f") == "postgresql+psycopg://a:b@c/d?e=f"


@pytest.mark.usefixtures("database")
def test_observations_are_stored_and_listed_newest_first(client):
    first = client.post("/observations", {**GOOD, "distance": 1234.5})
    assert first.status == 201
    assert first.content["distance"] == 1234.5
    client.post("/observations", {**GOOD, "satellite": 6, "observed_at": "2006-06-25T15:00:00+02:00"})
    found = client.get("/observations").content["observations"]
    assert [item["satellite"] for item in found] == [6, 5]
    assert found[1] == first.content
    only = client.get("/observations?satellite=5&limit=1").content["observations"]
    assert [item["id"] for item in only] == [first.content["id"]]
    assert client.get("/observations?limit=0").status == 400


@pytest.mark.usefixtures("database")
def test_a_station_that_the_database_does_not_know_is_refused(client):
    answer = client.post("/observations", {**GOOD, "station": "kiruna"})
    assert answer.status == 422
    assert "is its station there" in answer.content["message"]
