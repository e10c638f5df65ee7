"""The loop with fakes, where compiled modules can run as Python until they are compiled again."""

from __future__ import annotations

import pytest
from faked_loop import SERVICE, WORKER, FakeBuilt, World, begun

from buildkit.core.changes import Need, Reaction
from buildkit.dev import aside
from buildkit.errors import CompileError, ConfigurationError
from buildkit.model import Reason


@pytest.fixture
def interpreting(monkeypatch: pytest.MonkeyPatch) -> World:
    """A loop whose compiled modules can run as Python."""
    monkeypatch.setattr(aside, "CALM", 0.0)
    world = begun()
    world.interpreted = 1
    return world


def test_a_compiled_module_runs_as_python_at_once_and_is_compiled_when_it_is_ready(interpreting: World) -> None:
    it = interpreting
    assert it.change(Need.REBUILD, Need.RESTART) == ["interpret app/a.py", "check app/a.py", "start"]
    assert it.ready() == ["changed app/a.py: 1 module as Python, restarted TIME, ready after TIME"]
    it.done.clear()
    assert (it.attend(), it.attend(), it.done) == ([], [], ["build aside"])
    it.built = FakeBuilt(("app.a",))
    assert it.attend() == ["compiled app.a aside TIME"]
    assert (it.attend(), it.done) == ([], ["build aside"]), "somebody is being served"
    it.keeper.idle_now = {"service"}
    it.attend()
    assert it.done == ["build aside", "start service"]
    assert it.ready() == ["compiled app.a: restarted TIME, ready after TIME"]
    assert (it.attend(), it.done) == ([], ["build aside", "start service"])


def beside_a_worker(it: World) -> World:
    """A change was compiled aside that a service and a worker run as Python."""
    it.services = [SERVICE, WORKER]
    it.loop.begin()
    it.ready()
    it.change(Need.REBUILD, Need.RESTART)
    assert it.done[-1] == "start worker"
    it.ready()
    it.attend()
    it.built = FakeBuilt(("app.a",))
    it.done.clear()
    return it


def test_each_service_takes_the_extension_in_its_own_quiet_moment(interpreting: World) -> None:
    it = beside_a_worker(interpreting)
    assert it.forms.words(["service", "worker"]) == "1 compiled, 1 as Python"
    it.keeper.idle_now = {"worker"}
    assert it.attend() == ["compiled app.a aside TIME"]
    it.attend()
    assert it.done == ["start worker"]
    assert it.forms.words(["service", "worker"]) == "1 compiled, 1 as Python in service"
    assert it.ready() == ["compiled app.a: restarted worker TIME, ready after TIME"]
    it.keeper.idle_now = {"service", "worker"}
    it.attend()
    assert it.done == ["start worker", "start service"]
    assert it.forms.words(["service", "worker"]) == "2 compiled"


def test_a_service_without_overlap_stays_python_and_keeps_no_other_one_from_its_extension(interpreting: World) -> None:
    it = beside_a_worker(interpreting)
    it.keeper.lone, it.keeper.idle_now = {"worker"}, {"service", "worker"}
    assert it.attend() == ["compiled app.a aside TIME; worker runs Python until its next restart (overlap = false)"]
    it.attend()
    it.ready()
    it.attend()
    assert it.done == ["start service"]
    assert it.forms.words(["service", "worker"]) == "1 compiled, 1 as Python in worker"
    it.change(Need.RESTART, file="jobs.yaml")
    assert it.forms.words(["service", "worker"]) == "2 compiled"


def test_an_extension_that_cannot_be_brought_in_waits_for_a_change(
    monkeypatch: pytest.MonkeyPatch, interpreting: World
) -> None:
    it = beside_a_worker(interpreting)
    it.attend()
    it.keeper.idle_now = {"service", "worker"}

    def refuse(*_: object) -> list[str]:
        raise ConfigurationError("there is no program 'serve'")

    with monkeypatch.context() as patched:
        patched.setattr(it.keeper, "start", refuse)
        assert it.attend() == [
            "error: there is no program 'serve'",
            "compiled app.a: restart failed, the service runs on as it was",
        ]
        it.built = None
        assert it.attend() == []
    assert it.change(Need.RESTART) == ["check app/a.py", "start worker"]


def test_what_a_full_build_compiled_comes_in_where_nothing_was_started_anew(interpreting: World) -> None:
    it = interpreting
    it.change(Need.REBUILD, Need.RESTART)
    it.ready()
    it.forms.built(["app.a", "app.b"])  # for the sake of another file, which does not concern this service
    it.loop._aside.forget()
    it.done.clear()
    it.keeper.idle_now = {"service"}
    it.attend()
    assert it.done == ["start service"]


def test_a_change_while_it_is_compiled_begins_anew(interpreting: World) -> None:
    it = interpreting
    it.change(Need.REBUILD, Need.RESTART)
    it.ready()
    it.attend()
    assert it.change(Need.REBUILD, Need.RESTART)[0] == "interpret app/a.py"
    it.ready()
    it.done.clear()
    it.attend()
    assert it.done == ["build aside"]


def test_what_is_no_python_is_not_compiled_aside_too(interpreting: World) -> None:
    interpreting.fails["check app/a.py"] = CompileError("not valid Python")
    interpreting.change(Need.REBUILD, Need.RESTART)
    for _ in range(3):
        interpreting.attend()
    assert "build aside" not in interpreting.done
    interpreting.fails.clear()
    interpreting.change(Need.REBUILD, Need.RESTART)
    interpreting.ready()
    interpreting.attend()
    assert interpreting.done[-1] == "build aside"


def test_a_mistake_that_is_taken_back_is_compiled_aside_and_starts_nothing(interpreting: World) -> None:
    it = interpreting
    it.fails["check app/a.py"] = CompileError("not valid Python")
    it.change(Need.REBUILD, Need.RESTART)
    it.fails.clear()
    it.undone = True
    assert it.change(Need.REBUILD, Need.RESTART) == ["interpret app/a.py", "check app/a.py"]
    assert it.said == ["changed app/a.py: as it runs already"]
    it.keeper.idle_now = {"service"}
    it.attend()
    it.built = FakeBuilt(("app.a",))
    it.attend()
    it.attend()
    assert it.done == ["interpret app/a.py", "check app/a.py", "build aside"]
    assert it.forms.words(["service"]) == "2 compiled"


def test_what_does_not_compile_aside_stays_python(interpreting: World) -> None:
    it = interpreting
    it.change(Need.REBUILD, Need.RESTART)
    it.ready()
    it.attend()
    it.built = FakeBuilt(error="error: it does not compile")
    assert it.attend() == ["error: it does not compile\ncompiled aside: failed; the modules stay Python"]
    it.done.clear()
    assert (it.attend(), it.done) == ([], [])


def test_what_has_to_be_compiled_first_is(interpreting: World) -> None:
    interpreting.interpreted = None
    assert interpreting.change(Need.REBUILD, Need.RESTART) == ["rebuild", "check app/a.py", "start"]


def test_settings_that_changed_are_built_with_first(interpreting: World) -> None:
    interpreting.settings_differ = True
    steps = interpreting.change(Need.RELOAD, Need.REBUILD, file="pyproject.toml")
    assert steps[:2] == ["reload", "rebuild"]


def test_what_changed_and_changed_back_while_it_was_built_is_built_again(
    interpreting: World,
) -> None:
    it = interpreting
    it.change(Need.REBUILD, Need.RESTART)
    it.ready()
    it.attend()  # it is being compiled
    it.done.clear()
    it.loop.react(Reaction((), Reason("unchanged"), ()), {"app/b.py"})
    assert it.done == ["interpret app/b.py", "check ", "start"]


def test_a_storm_while_it_was_built_is_built_at_once(interpreting: World) -> None:
    it = interpreting
    it.change(Need.REBUILD, Need.RESTART)
    it.ready()
    it.attend()
    it.made["rebuild"] = 0
    it.done.clear()
    it.loop.react(Reaction((), Reason("unchanged"), ()), None)
    assert it.done == ["rebuild"], "nothing was made: nothing is started anew"
    it.calm()
    it.done.clear()
    it.loop.react(Reaction((), Reason("unchanged"), ()), None)
    assert it.done == []


def test_data_without_effect_while_it_was_built_is_not_a_word(interpreting: World) -> None:
    it = interpreting
    it.change(Need.REBUILD, Need.RESTART)
    it.ready()
    it.attend()
    it.made["rebuild"] = 0
    it.done.clear()
    it.loop.react(Reaction((Need.REFRESH,), Reason("changed", "tle/a.txt"), ("tle/a.txt",)), None)
    assert it.done == ["rebuild", "refresh"]


def test_modules_are_compiled_aside_while_the_database_is_owed_a_migration(interpreting: World) -> None:
    it = interpreting
    it.change(Need.REBUILD, Need.RESTART)
    it.ready()
    it.done.clear()
    it.loop.owe(Need.MIGRATE)
    it.attend()
    assert it.done == ["build aside"]
