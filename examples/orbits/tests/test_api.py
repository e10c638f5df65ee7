"""The HTTP API over the published data, through a real server."""

import shutil
from importlib.metadata import version

import pytest
from orbits.api import service


@pytest.fixture
def get(client, data_path):  # noqa: ARG001 - the data is to be there
    return client.get


def test_health_without_a_database(get, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    answer = get("/health")
    assert answer.status == 200
    assert answer.content["status"] == "ok"
    assert answer.content["satellites"] == 28


def test_health_without_data(client, tmp_path, monkeypatch):
    monkeypatch.setenv("PYBUILDKIT_DATA_PATH", str(tmp_path))
    for path in ("/health", "/satellites"):
        answer = client.get(path)
        assert answer.status == 503
        assert "published data is not readable" in answer.content["message"]


@pytest.mark.parametrize("damage", ["missing", "cut", "index"])
def test_health_with_damaged_data(client, tmp_path, outputs, monkeypatch, damage):
    publish = tmp_path / "current" / "publish"
    shutil.copytree(outputs / "publish", publish)
    victim = publish / ("index.json" if damage == "index" else "tracks/00005.ground")
    if damage == "missing":
        victim.unlink()
    else:
        victim.write_bytes(victim.read_bytes()[:-2])
    monkeypatch.setenv("PYBUILDKIT_DATA_PATH", str(tmp_path))
    answer = client.get("/health")
    assert answer.status == 503
    assert victim.name in answer.content["message"]


def test_a_switch_of_generations_is_seen(client, data_path, outputs):
    assert client.get("/health").content["generation"] == outputs.name
    shutil.copytree(outputs / "publish", data_path / "next" / "publish")
    (data_path / "link").symlink_to("next")
    (data_path / "link").replace(data_path / "current")
    assert client.get("/health").content["generation"] == "next"


def test_version(get):
    compiled = not str(service.__file__).endswith(".py")
    assert get("/version").content == {"version": version("orbits"), "compiled": compiled}


def test_satellites(get):
    satellites = get("/satellites").content["satellites"]
    assert len(satellites) == 28
    assert satellites[0] == {"number": 5, "designator": "58002B", "epoch": "2000-06-27T18:50:19.733568Z"}


def test_one_satellite(get):
    satellite = get("/satellites/5").content
    assert satellite["inclination"] == 34.2682
    assert satellite["figures"]["regime"] == "medium"
    answer = get("/satellites/6")
    assert (answer.status, answer.content) == (404, {"message": "satellite 6 is not published"})
    assert get("/satellites/six").status == 404


def test_track(get):
    track = get("/satellites/5/track?start=60&stop=180").content
    assert [point["seconds"] for point in track["points"]] == [60.0, 120.0, 180.0]
    assert track["more"] is False
    assert get("/satellites/5/track?limit=2").content["more"] is True
    assert get("/satellites/6/track").status == 404


@pytest.mark.parametrize("query", ["start=x", "start=nan", "stop=inf", "limit=0", "limit=-1", "start=2&stop=1"])
def test_a_bad_query_is_named(get, query):
    answer = get(f"/satellites/5/track?{query}")
    assert answer.status == 400
    assert answer.content["message"].split(":")[0] in query


def test_passes(get):
    everything = get("/passes").content["passes"]
    kiruna = get("/passes?station=kiruna").content["passes"]
    both = get("/passes?station=kiruna&satellite=28057").content["passes"]
    assert len(everything) > len(kiruna) > len(both) > 5
    assert {(item["station"], item["satellite"]) for item in both} == {("kiruna", 28057)}
    assert get("/passes?station=nowhere").status == 400
    assert get("/passes?satellite=x").status == 400


def test_stations_and_statistics(get):
    assert [item["code"] for item in get("/stations").content["stations"]][:2] == ["goldstone", "kiruna"]
    assert get("/statistics").content["regimes"]["elliptical"] > 5


def test_unknown_paths_and_methods_answer_json(client, get):
    assert get("/nothing").content == {"message": "Not Found"}
    answer = client.post("/health", {})
    assert (answer.status, answer.content) == (405, {"message": "Method Not Allowed"})
