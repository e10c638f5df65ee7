"""The loop with fakes: which steps are taken, in which order, and what is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from buildkit.core.changes import Need, Reaction
from buildkit.dev import aside, loop
from buildkit.dev.actions import Actions
from buildkit.dev.ending import End, State
from buildkit.dev.loop import Loop
from buildkit.dev.service import Service
from buildkit.errors import CompileError, ConfigurationError
from buildkit.model import Outcome, Reason, Report

SERVICE = Service(("service",), Path(), {})


class FakeKeeper:
    """A service that is ready when told so."""

    def __init__(self, done: list[str]) -> None:
        self.now = State.STOPPED
        self.exit_code = 0
        self.revives = False
        self.answers = False
        self.idle = False
        self.shown = ""
        self._done = done

    def start(self, services: Sequence[Service], files: Collection[str]) -> list[str]:
        assert services == [SERVICE]
        assert len(set(files)) == len(files)
        self._done.append("start")
        self.now = State.STARTING
        return [SERVICE.name]

    def state(self) -> State:
        return self.now

    def bury(self) -> list[End]:
        answered_for = self.answers and not self.revives
        self.now = State.STARTING if self.revives else State.READY if answered_for else State.STOPPED
        return [End(SERVICE.name, self.exit_code, revived=self.revives, answered_for=answered_for)]

    def are_idle(self) -> bool:
        return self.idle

    def expect(self) -> None:
        self.shown = ""

    def explain(self, words: str = "") -> None:
        self.shown = words

    def ends(self, exit_code: int) -> None:
        self.now, self.exit_code = State.ENDED, exit_code


@dataclass
class FakeBuilt:
    """What a build beside the service came to."""

    made: tuple[str, ...] = ()
    error: str = ""


class World:
    """A loop, the steps it took and the lines it said, times left out."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.said: list[str] = []
        self.made = {"rebuild": 1, "migrate": 0, "refresh": 0}
        self.fails: dict[str, Exception] = {}
        self.settings_differ = False
        self.interpreted: int | None = None
        self.built: FakeBuilt | None = None
        self.keeper = FakeKeeper(self.done)
        actions = Actions(
            self._reload,
            lambda: self._do("outdated"),
            self._step("rebuild"),
            self._step("migrate"),
            self._step("refresh"),
            self._check_modules,
            self._interpret,
            lambda: self._do("build aside"),
            lambda: self.built,
            lambda: [SERVICE],
        )
        self.doing = ""
        self.result = "compiled"
        self.loop = Loop(actions, self.keeper, self._say, show=self._show)

    def change(self, *needs: Need, file: str = "app/a.py") -> list[str]:
        """Let a file change; return the steps that were taken."""
        self.done.clear()
        self.said.clear()
        self.loop.react(Reaction(needs, Reason("changed", file), (file,)))
        return list(self.done)

    def calm(self) -> None:
        """Let no event come for a while."""
        for _ in range(5):
            self.loop.calm()

    def attend(self) -> list[str]:
        self.said.clear()
        self.loop.attend()
        return list(self.said)

    def ready(self) -> list[str]:
        self.keeper.now = State.READY
        return self.attend()

    def _say(self, text: str) -> None:
        self.said.append(re.sub(r"\d+\.\d\d s", "TIME", re.sub(r"\d\d:\d\d:\d\d ", "", text)))

    def _show(self, doing: str, _last: str) -> None:
        self.doing = doing

    def _do(self, name: str) -> None:
        self.done.append(name)
        if name in self.fails:
            raise self.fails[name]

    def _step(self, name: str) -> Callable[[], Report]:
        def step() -> Report:
            self._do(name)
            rows = [Outcome(str(at), self.result, Reason("changed")) for at in range(self.made[name])]
            return Report("test/1", (*rows, Outcome("other", "fresh", Reason("unchanged"))), 0.0)

        return step

    def _reload(self) -> bool:
        self._do("reload")
        return self.settings_differ

    def _interpret(self, files: Collection[str]) -> int | None:
        if self.interpreted is not None:
            self._do("interpret " + " ".join(sorted(files)))
        return self.interpreted

    def _check_modules(self, files: Collection[str]) -> None:
        self._do("check " + " ".join(files))


@pytest.fixture
def world() -> World:
    it = World()
    it.loop.begin()
    assert it.done == ["rebuild", "migrate", "refresh", "check ", "start"]
    assert it.ready() == ["start: rebuilt 1 module TIME, started TIME, ready after TIME"]
    it.calm()
    return it


def test_a_plain_module_is_a_restart_alone(world: World) -> None:
    assert world.change(Need.RESTART) == ["check app/a.py", "start"]
    assert world.attend() == []
    assert world.ready() == ["changed app/a.py: restarted TIME, ready after TIME"]
    assert world.attend() == []
    assert [row.result for row in world.loop.outcomes] == ["ready", "ready"]


def test_a_rebuild_names_what_it_made(world: World) -> None:
    world.made["rebuild"] = 2
    assert world.change(Need.REBUILD, Need.RESTART, file="app/a.pyx") == ["rebuild", "check app/a.pyx", "start"]
    assert world.ready() == ["changed app/a.pyx: rebuilt 2 modules TIME, restarted TIME, ready after TIME"]


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
    monkeypatch.setattr(loop, "SLOW", 0.0)
    world.change(Need.RESTART)
    assert world.attend() == ["changed app/a.py: restarted TIME, not ready yet"]
    world.change(Need.RESTART)
    assert world.attend() == []
    assert world.ready() == ["changed app/a.py: restarted TIME, ready after TIME"]
    world.change(Need.RESTART)
    assert world.attend() == ["changed app/a.py: restarted TIME, not ready yet"]


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


@pytest.fixture
def interpreting(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A loop whose compiled modules can run as Python."""
    monkeypatch.setattr(aside, "CALM", 0.0)
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
    it.keeper.idle = True
    it.attend()
    assert it.done == ["build aside", "check ", "start"]
    assert it.ready() == ["compiled app.a: restarted TIME, ready after TIME"]
    assert (it.attend(), it.done) == ([], ["build aside", "check ", "start"])


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
