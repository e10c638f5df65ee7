"""A stage in pieces: what did not change is taken over, what is gone goes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import data_pieces
import pytest
from data_pieces import LOUD, pieces, use, write
from data_service import Service, spoil

from buildkit.data.stages.digests import beside
from buildkit.data.stages.pipeline import Stage
from buildkit.data.status.look import look_now
from buildkit.data.status.verify import require_whole, verify
from buildkit.errors import DataError


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with contextlib.closing(data_pieces.make(tmp_path / "service")) as service:
        yield service


@pytest.fixture
def made(service: Service) -> Service:
    service.refresh()
    assert sorted(service.runs()) == ["a.txt", "b.txt", "c.txt", "count"]
    return service


# ------------------------------------------------------------------ what runs


def test_each_match_is_a_piece_and_combine_sees_them_whole(made: Service) -> None:
    assert made.content() == {
        "count.txt": "['a.txt', 'b.txt', 'c.txt']",
        "loud/a.txt": "ONE",
        "loud/b.txt": "TWO",
        "loud/c.txt": "THREE",
    }
    assert pieces(made) == {"made": 3, "kept": 0, "removed": 0, "failed": 0}


def test_nothing_changed_and_nothing_runs(made: Service) -> None:
    assert made.refresh() == {"loud": "fresh", "count": "fresh"}
    assert made.runs() == []


def test_one_changed_input_runs_one_piece(made: Service) -> None:
    before = (made.current / "loud/a.txt").stat().st_ino
    write(made, b="other")
    assert made.refresh()["loud"] == "made"
    assert made.runs() == ["b.txt", "count"]
    assert pieces(made) == {"made": 1, "kept": 2, "removed": 0, "failed": 0}
    assert made.told["loud"] == "item changed: in/b.txt"
    assert made.content()["loud/b.txt"] == "OTHER"
    assert (made.current / "loud/a.txt").stat().st_ino == before


def test_with_an_input_its_result_goes(made: Service) -> None:
    write(made, c=None)
    made.refresh()
    assert made.runs() == ["count"]
    assert made.told["loud"] == "item gone: in/c.txt"
    assert [name for name in made.content() if name.startswith("loud")] == ["loud/a.txt", "loud/b.txt"]


def test_a_renamed_input_is_one_gone_and_a_new_one(made: Service) -> None:
    (made.root / "in/c.txt").rename(made.root / "in/d.txt")
    made.refresh()
    assert made.runs() == ["d.txt", "count"]
    assert pieces(made) == {"made": 1, "kept": 2, "removed": 1, "failed": 0}


def test_code_and_parameters_are_in_every_key(made: Service) -> None:
    (made.root / "src/app/words.py").write_text("def shout(text):\n    return text + '!'\n")
    made.refresh()
    assert sorted(made.runs()) == ["a.txt", "b.txt", "c.txt", "count"]
    made.change_stage("loud", params={"mark": "?"})
    made.refresh()
    assert sorted(made.runs()) == ["a.txt", "b.txt", "c.txt", "count"]
    assert made.content()["loud/a.txt"] == "one!?"


def test_further_inputs_are_in_every_key_and_jobs_in_none(made: Service) -> None:
    (made.root / "names").write_text("x")
    made.change_stage("loud", inputs=("names",))
    made.refresh()
    assert pieces(made)["made"] == 3
    made.change_stage("loud", jobs=1, memory=1 << 40)
    assert made.refresh()["loud"] == "fresh"


@pytest.mark.parametrize("how", ["delete", "truncate", "other bytes"])
def test_one_damaged_file_costs_its_piece(made: Service, how: str) -> None:
    file = made.current / "loud/b.txt"
    file.unlink()
    if how != "delete":
        file.write_text({"truncate": "", "other bytes": "TWX"}[how])
    made.runs()
    made.refresh()
    assert made.runs() == ["b.txt"]
    assert made.content()["loud/b.txt"] == "TWO"


def test_a_flipped_byte_is_found_by_the_deep_look_and_costs_its_piece(made: Service) -> None:
    file = made.current / "loud/b.txt"
    spoil(file, "TWX")
    assert made.refresh()["loud"] == "fresh"
    with pytest.raises(DataError):
        require_whole(verify(made.pipeline, deep=True))
    made.refresh()
    assert made.runs() == ["b.txt"]
    require_whole(verify(made.pipeline, deep=True))


def test_a_stage_that_fails_on_a_damaged_piece_gets_that_one_anew(made: Service) -> None:
    script = 'if grep TWX "$PYBUILDKIT_DATA_IN"/loud/*; then exit 1; fi; echo fine > "$PYBUILDKIT_DATA_OUT/check"'
    check = Stage("check", ("sh", "-ec", script), outputs=("check",), combine=("loud",))
    made.declare(stages=(LOUD, check))
    made.refresh()
    file = made.current / "loud/b.txt"
    spoil(file, "TWX")
    write(made, a="new")
    made.refresh()
    assert pieces(made) == {"made": 1, "kept": 2, "removed": 0, "failed": 0}
    assert made.content() == {"check": "fine\n", "loud/a.txt": "NEW", "loud/b.txt": "TWO", "loud/c.txt": "THREE"}
    assert any("files of stage loud are damaged" in line for line in made.said)


def test_old_pieces_are_due_by_their_own_age(made: Service) -> None:
    made.declare(ttl=3.0)
    time.sleep(1.6)
    write(made, a="young")
    made.refresh()
    time.sleep(1.6)
    made.runs()
    assert made.refresh()["loud"] == "made"
    assert sorted(made.runs()) == ["b.txt", "c.txt"]


def test_a_piece_may_write_nothing(service: Service) -> None:
    write(service, b="nothing")
    service.refresh()
    assert "loud/b.txt" not in service.content()
    service.runs()
    write(service, a="other")
    service.refresh()
    assert service.runs() == ["a.txt", "count"]


def test_a_stage_that_is_cut_into_pieces_later_runs_anew(service: Service) -> None:
    whole = "def loud(source, out):\n    (out / 'loud/all').write_text('whole')\n"
    use(service, whole, each="", inputs=("in/*.txt",))
    service.refresh()
    use(service, "def loud(item, out):\n    (out / 'loud' / item.name).write_text('piece')\n")
    service.refresh()
    assert set(service.content().values()) == {"piece"}
    use(service, whole, each="", inputs=("in/*.txt",))
    service.refresh()
    assert service.content() == {"loud/all": "whole"}


# ------------------------------------------------------------------ what the pieces are


def test_pieces_of_an_earlier_stage_in_pieces(made: Service) -> None:
    script = 'cp "$PYBUILDKIT_DATA_ITEM" "$PYBUILDKIT_DATA_OUT/after/"'
    after = Stage("after", ("sh", "-ec", script), outputs=("after/",), each="stage:loud/*.txt")
    made.declare(stages=(*made.pipeline.stages, after))
    made.refresh()
    assert made.content()["after/b.txt"] == "TWO"
    write(made, b="other", c=None)
    made.refresh()
    assert pieces(made, "after") == {"made": 1, "kept": 1, "removed": 1, "failed": 0}
    assert made.told["after"] == "item changed: loud/b.txt"
    assert made.content()["after/b.txt"] == "OTHER"
    write(made, a="again")
    seen = look_now(made.pipeline, made.environment, beside(made.pipeline.folder))
    assert str(seen.steps[-1].reason) == "depends on stage: loud"


def test_a_folder_is_a_piece_where_the_glob_ends_so(service: Service) -> None:
    for name in ("x", "y"):
        (service.root / f"sites/{name}/deep").mkdir(parents=True)
        (service.root / f"sites/{name}/deep/data").write_text(name)
    use(
        service,
        "def loud(item, out):\n    (out / 'loud' / item.name).write_text((item / 'deep/data').read_text())\n",
        each="sites/*/",
    )
    service.refresh()
    assert service.content() == {"loud/x": "x", "loud/y": "y"}
    (service.root / "sites/y/more").write_text("")
    service.refresh()
    assert service.told["loud"] == "item changed: sites/y"
    assert pieces(service)["made"] == 1
    again = Stage("again", ("sh", "-c", 'basename "$PYBUILDKIT_DATA_ITEM"'), each="stage:deep/*/", outputs=("again/",))
    deep = Stage("deep", ("sh", "-ec", "cd $PYBUILDKIT_DATA_OUT/deep; mkdir p q; touch p/1 p/2 q/1"), (), ("deep/",))
    service.declare(stages=(deep, again))
    service.refresh()
    assert sorted(line for line in service.said if line.startswith("again: ")) == [
        "again: deep/p: p",
        "again: deep/q: q",
    ]


def test_items_with_odd_names(service: Service) -> None:
    names = ["-rf", "a b", "ünï", "*", "[x]", "same/x.txt", "other/x.txt", "'\"$(true)"]
    for name in names:
        file = service.root / "odd" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    source = "def loud(item, out):\n    (out / 'loud' / item.relative_to('odd').as_posix().replace('/', '_'))"
    use(service, f"{source.replace('odd', str(service.root / 'odd'))}.write_text(item.read_text())\n", each="odd")
    service.refresh()
    assert service.content() == {f"loud/{name.replace('/', '_')}": name for name in names}
    service.change_stage(
        "loud", run=("sh", "-ec", 'cat "$PYBUILDKIT_DATA_ITEM" > "$PYBUILDKIT_DATA_OUT/loud/$(mktemp -u XXXXXXXX)"')
    )
    service.refresh()
    assert sorted(service.content().values()) == sorted(names)


@pytest.mark.parametrize("each", ["in/*.csv", "nowhere/", "package:nothing_such/*.txt", "package:app/*.csv"])
def test_a_glob_that_matches_nothing_is_named_before_any_work(service: Service, each: str) -> None:
    service.change_stage("loud", each=each)
    with pytest.raises(DataError, match=r"stage loud: each .* matches no f"):
        service.refresh()
    assert service.runs() == []


def test_a_glob_that_matches_nothing_of_an_earlier_stage_names_what_there_is(service: Service) -> None:
    after = Stage("after", ("true",), outputs=("after/",), each="stage:loud/*.json")
    service.declare(stages=(LOUD, after))
    with pytest.raises(DataError, match=r'each "stage:loud/.*" matches no output of stage loud') as caught:
        service.refresh()
    assert caught.value.hint.endswith(": a.txt, b.txt, c.txt")
