"""What is written while a process starts counts as changed: the process may have read what was there in between."""

from __future__ import annotations

import pytest
from faked_loop import World, begun

from buildkit.core.changes import NO_REACTION, Need
from buildkit.dev.ending import State
from buildkit.dev.starting import ALWAYS
from buildkit.errors import CompileError


@pytest.fixture
def world() -> World:
    return begun()


def written(world: World, *files: str) -> list[str]:
    """Let files be written without a difference; return the steps that were taken."""
    world.done.clear()
    world.said.clear()
    world.loop.react(NO_REACTION, (), set(files))
    return list(world.done)


def test_there_and_back_while_it_starts_starts_it_anew_without_the_old_bytecode(world: World) -> None:
    world.change(Need.RESTART)
    world.calm()
    assert written(world, "app/b.py", "app/c.py") == ["check app/b.py app/c.py", "start"]
    assert world.keeper.files == ["app/b.py", "app/c.py"]
    assert world.ready() == [
        "changed while it started app/b.py and 1 more: restarted TIME, ready after TIME",
    ]


def test_what_differs_too_is_one_start(world: World) -> None:
    world.change(Need.RESTART)
    world.done.clear()
    world.calm()
    world.loop.react(NO_REACTION, (), ())
    assert world.done == []
    assert world.change(Need.RESTART) == ["check app/a.py", "start"]


def test_events_arrive_after_it_is_ready(world: World) -> None:
    world.change(Need.RESTART)
    world.ready()
    world.loop.calm()
    assert written(world, "app/b.py") == ["check app/b.py", "start"]


def test_once_it_is_ready_there_and_back_is_no_change(world: World) -> None:
    world.change(Need.RESTART)
    world.ready()
    world.calm()
    assert written(world, "app/b.py") == []


def test_there_and_back_starts_anew_what_imported_it_in_between(world: World) -> None:
    world.calm()
    world.imported.add("app/late.py")
    assert written(world, "app/late.py", "app/b.py") == ["check app/late.py", "start"]
    assert world.ready() == ["changed for a moment, and imported app/late.py: restarted TIME, ready after TIME"]


def test_what_is_started_again_after_a_crash_reads_too(world: World) -> None:
    world.keeper.revives = True
    world.keeper.ends(1)
    world.attend()
    world.calm()
    assert written(world, "app/b.py") == ["check app/b.py", "start"]


def test_a_service_that_writes_a_file_at_each_start_is_not_started_for_ever(world: World) -> None:
    world.change(Need.RESTART)
    for _ in range(ALWAYS):
        assert written(world, "app/version.py") == ["check app/version.py", "start"]
    assert written(world, "app/version.py") == []
    told = "app/version.py is written at each start of a service: from now on only another content counts"
    assert world.said == [told]
    assert written(world, "app/b.py") == ["check app/b.py", "start"], "other files count as before"
    assert written(world, "app/version.py") == []
    assert world.change(Need.RESTART, file="app/version.py") == ["check app/version.py", "start"]
    world.ready()
    world.calm()
    world.change(Need.RESTART)
    assert world.keeper.now is State.STARTING
    assert written(world, "app/version.py") == ["check app/version.py", "start"], "a start went by without it"


def test_a_mistake_taken_back_that_it_may_have_read_starts_it_anew(world: World) -> None:
    world.change(Need.RESTART)
    world.ready()
    world.fails["check app/a.py"] = CompileError("not valid Python")
    assert world.change(Need.RESTART) == ["check app/a.py"]
    world.fails.clear()
    world.undone = True
    assert world.change(Need.RESTART) == ["check app/a.py", "start"]
