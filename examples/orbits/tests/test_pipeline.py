"""The pipeline from end to end: its figures, its files, its determinism."""

import json
import shutil

import pytest
from elements_of_spacetrack import SUN_SYNCHRONOUS, VANGUARD
from orbits.ground_track import read_ground_track
from orbits.pipeline.propagate import propagate
from orbits.pipeline.read import read
from orbits.pipeline.select import select
from orbits.track_file import TrackFileError, read_track
from stages import run_pipeline


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_two_runs_give_the_same_bytes(tmp_path, outputs):
    run_pipeline(tmp_path)
    assert tree(tmp_path) == tree(outputs)


def test_each_stage_writes_its_own_folder_only(outputs):
    assert sorted(path.name for path in outputs.iterdir()) == [
        "aggregate", "passes", "propagate", "publish", "read", "select",
    ]  # fmt: skip


def test_failures_of_sgp4_are_recorded(outputs):
    satellites = load(outputs / "propagate" / "index.json")["satellites"]
    failed = {item["number"]: item["failure"]["code"] for item in satellites if item["failure"]}
    assert failed == {22312: 1, 29141: 6}
    figures = load(outputs / "publish" / "satellites" / "29141.json")["figures"]
    assert "decayed" in figures["failure"]["reason"]


def test_rejected_and_dropped_sets_are_recorded(outputs):
    assert [item["line"] for item in load(outputs / "read" / "rejected.json")] == [100, 103, 106]
    assert [item["number"] for item in load(outputs / "select" / "dropped.json")] == [28872, 20413]


def test_passes_are_above_the_mask_and_in_order(outputs):
    passes = load(outputs / "passes" / "passes.json")
    assert len(passes) > 200
    assert all(item["culmination_elevation"] >= 10.0 for item in passes)
    assert all(item["rise"] <= item["culmination"] <= item["set"] for item in passes)
    keys = [(item["satellite"], item["station"], item["rise_seconds"]) for item in passes]
    assert keys == sorted(keys)


def test_statistics_agree_with_the_passes(outputs):
    passes = load(outputs / "passes" / "passes.json")
    statistics = load(outputs / "aggregate" / "statistics.json")
    assert statistics["passes"] == len(passes)
    assert sum(item["passes"] for item in statistics["passes_by_station"].values()) == len(passes)
    vanguard = statistics["satellites"]["5"]
    assert vanguard["northernmost"] == pytest.approx(34.3, abs=0.3)
    assert 600 < vanguard["lowest_altitude"] < 700
    assert 0.5 < vanguard["sunlit_fraction"] < 1.0


def test_tracks_are_cut_into_chunks_and_copies(tmp_path, outputs):
    shutil.copytree(outputs / "select", tmp_path / "select")
    propagate(tmp_path, tmp_path, step_seconds=30.0, span_hours=1.0, chunk_minutes=25.0, copies=2)
    folder = tmp_path / "propagate" / "tracks" / "00005"
    sizes = {path.relative_to(folder).as_posix() for path in folder.rglob("*.track")}
    assert sizes == {f"copy-00{copy}/chunk-0000{chunk}.track" for copy in (0, 1) for chunk in (0, 1, 2)}
    header, records = read_track(folder / "copy-001" / "chunk-00002.track")
    assert (header.number, header.copy, header.chunk, header.count, header.step) == (5, 1, 2, 21, 30.0)
    assert [record[0] for record in records] == [3000.0 + 30.0 * index for index in range(21)]
    first, second = ((folder / f"copy-00{copy}" / "chunk-00000.track").read_bytes() for copy in (0, 1))
    assert first != second


@pytest.mark.parametrize("name", ["step_seconds", "span_hours", "chunk_minutes", "copies"])
def test_parameters_of_propagate_are_positive(tmp_path, name):
    with pytest.raises(ValueError, match="are positive"):
        propagate(tmp_path, tmp_path, **{name: 0})


def test_a_damaged_track_file_is_refused(tmp_path, outputs):
    content = (outputs / "propagate" / "tracks" / "00005" / "copy-000" / "chunk-00000.track").read_bytes()
    path = tmp_path / "cut.track"
    path.write_bytes(content[:-1])
    with pytest.raises(TrackFileError, match="do not hold 360 records"):
        read_track(path)
    path.write_bytes(b"something else")
    with pytest.raises(TrackFileError, match="not a track file"):
        read_track(path)


def test_published_points_are_on_the_earth(outputs):
    points = read_ground_track(outputs / "publish" / "tracks" / "28057.ground")
    assert len(points) == 1441
    assert max(point.latitude for point in points) == pytest.approx(81.6, abs=0.5)
    assert all(-180.0 <= point.longitude <= 180.0 for point in points)


def test_files_of_element_sets_and_the_selection(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    newer = VANGUARD[0].replace("00179.", "00180.")
    lines = [*VANGUARD, *SUN_SYNCHRONOUS, newer, VANGUARD[1]]
    (tmp_path / "some.tle").write_text("\n".join(lines), encoding="ascii")
    read(tmp_path, tmp_path, files=["some.tle"], verify_checksums=False)
    select(tmp_path, tmp_path)
    kept = load(tmp_path / "select" / "elements.json")
    assert [item["origin"] for item in kept] == ["some.tle:5", "some.tle:3"]
    select(tmp_path, tmp_path, regimes=["low"])
    assert [item["origin"] for item in load(tmp_path / "select" / "elements.json")] == ["some.tle:3"]
    with pytest.raises(ValueError, match="'lunar' is not a valid Regime"):
        select(tmp_path, tmp_path, regimes=["lunar"])


def test_nothing_readable_is_an_error(tmp_path):
    path = tmp_path / "bad.tle"
    path.write_text(VANGUARD[0], encoding="ascii")
    with pytest.raises(ValueError, match=r"no element set could be read: .*bad\.tle:2: line has 0 characters"):
        read(tmp_path, tmp_path, files=[str(path)])
