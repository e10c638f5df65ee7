"""The loop with fakes: which steps are taken, in which order, and what is said."""

from __future__ import annotations

import pytest
from faked_loop import World, begun

from buildkit.core.changes import Need, Reaction
from buildkit.dev import awaiting
from buildkit.dev.ending import State
from buildkit.errors import CompileError, ConfigurationError, DatabaseError, HeadsError
from buildkit.model import Reason


@pytest.fixture
def world() -> World:
    return begun()


def test_a_plain_module_is_a_restart_alone(world: World) -> None:
    assert world.change(Need.RESTART) == ["check app/a.py", "start"]
    assert world.attend() == []
    assert world.ready() == ["changed app/a.py: restarted TIME, ready after TIME"]
    assert world.attend() == []
    assert [row.result for row in world.loop.outcomes] == ["ready", "ready"]


def test_what_came_of_a_cycle_is_shown_in_short_where_there_is_little_room(world: World) -> None:
    world.change(Need.RESTART)
    world.ready()
    assert world.short == "app/a.py: ready after TIME"
    world.fails["rebuild"] = CompileError("it does not compile")
    world.change(Need.REBUILD)
    assert world.short == "app/a.py: rebuild failed"
    world.fails.clear()
    world.loop.react(Reaction((Need.RESTART,), Reason("key", "r"), ()))
    world.ready()
    assert world.short == "key r: ready after TIME"


def test_a_rebuild_names_what_it_made(world: World) -> None:
    world.made["rebuild"] = 2
    assert world.change(Need.REBUILD, Need.RESTART, file="app/a.pyx") == ["rebuild", "check app/a.pyx", "start"]
    assert world.ready() == ["changed app/a.pyx: rebuilt 2 modules TIME, restarted TIME, ready after TIME"]


def test_what_was_built_for_the_sake_of_a_file_concerns_services_too(world: World) -> None:
    world.made["rebuild"] = 2
    world.change(Need.REBUILD, Need.RESTART, file="app/a.pxd")
    assert world.keeper.files == ["app/0.py", "app/1.py", "app/a.pxd"]
    world.ready()
    world.change(Need.RESTART)
    assert world.keeper.files == ["app/a.py"]
    world.ready()
    world.loop.react(Reaction((Need.REBUILD, Need.RESTART), Reason("key", "r"), ()))
    assert world.keeper.files == [], "a key concerns all"


def test_a_module_that_went_is_not_called_rebuilt(world: World) -> None:
    world.result = "removed"
    world.change(Need.REBUILD, Need.RESTART)
    assert world.ready() == ["changed app/a.py: removed 1 module TIME, restarted TIME, ready after TIME"]


def test_nothing_is_shown_as_done_after_what_did_nothing(world: World) -> None:
    world.change(Need.REFRESH)
    assert world.doing == ""
    world.change(Need.RESTART)
    world.change(Need.REFRESH)
    assert world.doing == "starting …"


def test_a_failure_is_told_once_where_nothing_changed_after_all() -> None:
    it = World()
    it.fails["rebuild"] = CompileError("it does not compile")
    it.loop.begin()
    assert it.said == ["error: it does not compile", "start: rebuild failed, waiting for a change"]
    it.loop.react(Reaction((), Reason("unchanged"), ()), seen=None)
    assert it.done == ["rebuild", "rebuild"]
    assert (len(it.said), len(it.loop.outcomes), it.doing) == (2, 1, "")
    it.fails["rebuild"] = CompileError("another one does not")
    it.loop.react(Reaction((), Reason("unchanged"), ()), seen=None)
    assert it.said[2:] == [
        "error: another one does not",
        "changed while it was built: rebuild failed, waiting for a change",
    ]
    assert it.change(Need.REBUILD) == ["rebuild"]
    assert it.said[0] == "error: another one does not", "what was changed is told again"


def test_a_start_that_takes_long_is_told_once_however_often_one_saves(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setattr(awaiting, "SLOW", 0.0)
    world.change(Need.RESTART)
    assert world.attend() == ["changed app/a.py: restarted TIME, not ready yet: service: does not listen on 8000"]
    world.change(Need.RESTART)
    assert world.attend() == []
    assert world.ready() == ["changed app/a.py: restarted TIME, ready after TIME"]
    world.change(Need.RESTART)
    assert world.attend() == ["changed app/a.py: restarted TIME, not ready yet: service: does not listen on 8000"]


def test_why_a_service_is_not_ready_is_shown_as_long_as_it_is_not(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    world.change(Need.RESTART)
    world.attend()
    assert world.doing == "starting …"
    monkeypatch.setattr(awaiting, "SLOW", 0.0)
    world.told.clear()
    world.attend()
    assert world.doing == "not ready: service: does not listen on 8000"
    world.keeper.lacks = "service: listens on 8001, not on 8000"
    world.attend()
    assert world.doing == "not ready: service: listens on 8001, not on 8000"
    assert world.told == [("waiting", "2", "not-ready")], "programs are told once"
    world.ready()
    assert world.doing == ""
    assert world.told[1:] == [("cycle", "2", "ready")]


def test_programs_are_told_one_end_of_each_cycle_that_begins(world: World) -> None:
    world.told.clear()
    world.change(Need.REFRESH)
    world.change(Need.RESTART)
    world.change(Need.RESTART, file="app/b.py")
    world.keeper.revives = True
    world.keeper.ends(137)
    world.attend()
    world.fails["rebuild"] = CompileError("no")
    world.change(Need.REBUILD)
    world.loop.finish()
    assert [(number, result) for event, number, result in world.told if event == "begin"] == [
        (number, "begun") for number in "23456"
    ]
    assert [(number, result) for event, number, result in world.told if event == "cycle"] == [
        ("2", "nothing"),
        ("3", "superseded"),
        ("4", "ended"),
        ("6", "failed"),
        ("5", "not-ready"),
    ]


def test_a_cycle_that_is_interrupted_has_an_end_too(world: World) -> None:
    world.fails["rebuild"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        world.change(Need.REBUILD)
    world.loop.finish()
    assert world.told[-2:] == [("begin", "2", "begun"), ("cycle", "2", "interrupted")]
    assert len(world.loop.outcomes) == 1


def test_what_was_not_ready_at_the_end_is_in_the_result(world: World) -> None:
    world.change(Need.RESTART)
    world.loop.finish()
    assert world.said == ["changed app/a.py: restarted TIME, not ready after TIME, service: does not listen on 8000"]
    assert [row.result for row in world.loop.outcomes] == ["ready", "not-ready"]
    world.loop.finish()
    assert len(world.loop.outcomes) == 2


def test_nothing_that_counts_is_not_a_word(world: World) -> None:
    world.said.clear()
    world.loop.react(Reaction((), Reason("unchanged"), ()))
    assert world.said == []


def test_data_without_effect_is_not_a_word(world: World) -> None:
    assert world.change(Need.REFRESH) == ["refresh"]
    assert world.said == []


def test_new_data_restarts_the_service(world: World) -> None:
    world.made["refresh"] = 1
    assert world.change(Need.REFRESH, file="tle/a.txt") == ["refresh", "check tle/a.txt", "start"]
    assert world.ready() == ["changed tle/a.txt: made 1 stage TIME, restarted TIME, ready after TIME"]


def test_a_failed_build_shows_the_compilers_words_first_and_is_owed(world: World) -> None:
    world.fails["rebuild"] = CompileError("1 of 2 modules did not compile", details=["a.pyx:1: oh"], hint="mend it")
    assert world.change(Need.REBUILD, Need.RESTART) == ["rebuild"]
    assert world.said == [
        "error: 1 of 2 modules did not compile\n  a.pyx:1: oh\n\nhint: mend it",
        "changed app/a.py: rebuild failed, the service runs on as it was",
    ]
    assert world.keeper.now is State.READY
    assert world.keeper.shown == "rebuild failed\nerror: 1 of 2 modules did not compile\n  a.pyx:1: oh\n\nhint: mend it"
    assert world.change(Need.RESTART, file="app/b.py") == ["rebuild"]
    world.fails.clear()
    assert world.change(Need.RESTART, file="app/c.py") == ["rebuild", "check app/a.py app/b.py app/c.py", "start"]
    world.ready()
    assert world.change(Need.RESTART, file="app/c.py") == ["check app/c.py", "start"]


def with_a_mistake(it: World, *needs: Need) -> World:
    it.fails["check app/a.py"] = CompileError("not valid Python")
    it.change(*needs)
    assert it.done[-1] == "check app/a.py"
    it.fails.clear()
    it.undone = True
    return it


def test_a_mistake_that_is_taken_back_starts_nothing(world: World) -> None:
    it = with_a_mistake(world, Need.RESTART)
    assert it.change(Need.RESTART) == ["check app/a.py"]
    assert it.said == ["changed app/a.py: as it runs already"]
    assert [row.result for row in it.loop.outcomes] == ["ready", "failed", "done"]
    it.undone = False
    assert it.change(Need.RESTART) == ["check app/a.py", "start"]


def test_a_build_that_failed_is_made_anew_when_the_mistake_is_taken_back_and_nothing_started(world: World) -> None:
    world.fails["rebuild"] = CompileError("it does not compile")
    world.change(Need.REBUILD, Need.RESTART)
    world.fails.clear()
    world.undone = True
    assert world.change(Need.REBUILD, Need.RESTART) == ["rebuild", "check app/a.py"]
    assert world.said == ["changed app/a.py: rebuilt 1 module TIME, as it runs already"]


def test_a_mistake_that_is_taken_back_is_no_reason_to_leave_out_what_else_changed(world: World) -> None:
    it = with_a_mistake(world, Need.RESTART)
    it.undone = False  # another file differs
    assert it.change(Need.RESTART) == ["check app/a.py", "start"]
    it.ready()
    with_a_mistake(it, Need.MIGRATE, Need.RESTART)
    assert it.change(Need.RESTART)[-1] == "start", "the database may be another one"
    it.ready()
    with_a_mistake(it, Need.RESTART)
    it.keeper.now = State.STOPPED
    assert it.change(Need.RESTART)[-1] == "start", "nobody runs it"
    it.ready()
    with_a_mistake(it, Need.RESTART)
    it.loop.react(Reaction((Need.RESTART,), Reason("key", "r"), ()))
    assert it.done[-1] == "start", "a key asks for it"


def test_a_mistake_that_a_starting_service_may_have_read_is_not_taken_back_so(world: World) -> None:
    world.change(Need.RESTART)
    it = with_a_mistake(world, Need.RESTART)
    it.ready()
    assert it.change(Need.RESTART)[-1] == "start"


def test_a_file_that_goes_while_a_step_reads_it_ends_the_cycle_alone(world: World) -> None:
    world.fails["rebuild"] = FileNotFoundError(2, "No such file or directory", "app/a.pyx")
    assert world.change(Need.REBUILD, Need.RESTART) == ["rebuild"]
    assert world.said == [
        f"error: {world.fails['rebuild']}\n\nhint: if a file came or went meanwhile, the next save looks again",
        "changed app/a.py: rebuild failed, the service runs on as it was",
    ]
    world.fails.clear()
    assert world.change(Need.RESTART, file="app/b.py") == ["rebuild", "check app/a.py app/b.py", "start"]


def behind_head(it: World) -> World:
    """A revision is saved that makes two heads."""
    it.has_database = True
    it.fails["migrate"] = HeadsError("two heads", hint="merge them")
    assert it.change(Need.MIGRATE, Need.RESTART, file="versions/b.py") == ["migrate"]
    assert it.said == [
        "error: two heads\n\nhint: merge them",
        "changed versions/b.py: migrate failed, the service runs on as it was",
    ]
    return it


def test_code_is_served_although_the_database_cannot_be_brought_to_head(world: World) -> None:
    it = behind_head(world)
    for _ in range(2):
        assert it.change(Need.RESTART)[0] == "migrate"
        assert it.done[-1] == "start"
        assert it.ready() == ["changed app/a.py: migrate failed as before, restarted TIME, ready after TIME"]
        assert it.said[:-1] == [], "it was said"
    it.fails.clear()
    assert it.change(Need.MIGRATE, file="versions/b.py") == ["migrate", "check versions/b.py", "start"]
    it.ready()
    assert it.change(Need.RESTART) == ["check app/a.py", "start"]


def test_revisions_and_code_in_one_go_serve_the_code_and_say_what_is_wrong(world: World) -> None:
    world.has_database = True
    world.fails["migrate"] = HeadsError("two heads")
    world.loop.react(
        Reaction((Need.MIGRATE, Need.RESTART), Reason("new", "versions/b.py"), ("versions/b.py", "app/a.py"))
    )
    assert world.done[-1] == "start"
    assert world.ready() == ["new versions/b.py: migrate failed, restarted TIME, ready after TIME"]


def test_data_that_is_as_it_was_is_not_a_word_while_the_database_is_behind(world: World) -> None:
    it = behind_head(world)
    it.change(Need.RESTART)
    it.ready()
    assert it.change(Need.REFRESH) == ["migrate", "refresh"]
    assert it.said == []


def test_a_database_that_does_not_answer_keeps_a_service_from_its_start_alone() -> None:
    it = World()
    it.has_database = True
    it.fails["migrate"] = DatabaseError("no answer")
    it.loop.begin()
    assert it.done[-1] == "migrate"
    it.fails.clear()
    it.change(Need.RESTART)
    it.ready()
    it.fails["migrate"] = DatabaseError("no answer")
    it.loop.owe(Need.MIGRATE)
    assert it.change(Need.RESTART)[-1] == "start"


def test_a_failure_at_the_start_waits_for_a_change() -> None:
    it = World()
    it.fails["migrate"] = ConfigurationError("no")
    it.loop.begin()
    assert it.said[-1] == "start: rebuilt 1 module TIME, migrate failed, waiting for a change"
    it.fails.clear()
    assert it.change(Need.RESTART) == ["migrate", "refresh", "check app/a.py", "start"]


def test_settings_that_changed_go_through_everything(world: World) -> None:
    world.settings_differ = True
    steps = world.change(Need.RELOAD, file="pyproject.toml")
    assert steps == ["reload", "rebuild", "migrate", "refresh", "check pyproject.toml", "start"]


def test_settings_that_did_not_change_are_not_a_word(world: World) -> None:
    assert world.change(Need.RELOAD, file="pyproject.toml") == ["reload"]
    assert world.said == []


def test_wrong_settings_leave_the_old_ones_and_the_rest_goes_on(world: World) -> None:
    world.fails["reload"] = ConfigurationError("one setting is wrong")
    assert world.change(Need.RELOAD, Need.RESTART, file="pyproject.toml")[0] == "reload"
    assert world.said[0] == "error: one setting is wrong\nthe settings stay as they were"
    assert world.done[-1] == "start"
    assert world.change(Need.RESTART) == ["check app/a.py", "start"]


def test_a_change_overtakes_a_service_that_still_starts(world: World) -> None:
    world.change(Need.RESTART)
    world.change(Need.RESTART, file="app/b.py")
    assert world.said == ["changed app/a.py: restarted TIME, overtaken by a further change"]
    assert world.ready() == ["changed app/b.py: restarted TIME, ready after TIME"]


def test_a_change_without_effect_does_not_hide_that_a_service_gets_ready(world: World) -> None:
    world.change(Need.RESTART)
    world.change(Need.REFRESH, file="tle/a.txt")
    assert world.ready() == ["changed app/a.py: restarted TIME, ready after TIME"]


def test_a_crash_at_the_start_is_told_once(world: World) -> None:
    world.change(Need.RESTART)
    world.keeper.ends(7)
    assert world.attend() == [
        "changed app/a.py: restarted TIME, the service ended with exit code 7, waiting for a change"
    ]
    assert world.attend() == []


def test_a_crash_at_the_start_beside_one_that_answers(world: World) -> None:
    world.keeper.answers = True
    world.change(Need.RESTART)
    world.keeper.ends(1)
    assert world.attend() == [
        "changed app/a.py: restarted TIME, the service ended with exit code 1, the one before answers on"
    ]
    assert world.attend() == []


def test_a_crash_later_on_starts_it_again(world: World) -> None:
    world.keeper.revives = True
    world.keeper.ends(137)
    assert world.attend() == []
    assert world.ready() == ["the service ended by SIGKILL: started again, ready after TIME"]
    world.keeper.revives = False
    world.keeper.ends(137)
    assert world.attend() == ["the service ended by SIGKILL, waiting for a change"]
