"""A loop with fakes: the services, and the steps, which note that they were taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit.core.changes import Need, Reaction
from buildkit.dev.actions import Actions
from buildkit.dev.ending import End, State
from buildkit.dev.forms import Forms
from buildkit.dev.loop import Loop
from buildkit.dev.service import Service
from buildkit.model import Outcome, Reason, Report

SERVICE = Service(("service",), Path(), {})
WORKER = Service(("worker",), Path(), {}, name="worker", overlap=False)


class FakeKeeper:
    """A service that is ready when told so."""

    def __init__(self, done: list[str]) -> None:
        self.now = State.STOPPED
        self.exit_code = 0
        self.revives = False
        self.answers = False
        self.idle_now: set[str] = set()
        self.lone: set[str] = set()
        self.shown = ""
        self.lacks = "service: does not listen on 8000"
        self.files: list[str] = []
        self._done = done

    def start(
        self, services: Sequence[Service], files: Collection[str], among: Collection[str] | None = None
    ) -> list[str]:
        assert len(set(files)) == len(files)
        self.files = sorted(files)
        names = [each.name for each in services if among is None or each.name in among]
        self._done.append(" ".join(["start", *names[1:], *(among or ())]))
        self.now = State.STARTING
        return names

    def state(self) -> State:
        return self.now

    def bury(self) -> list[End]:
        answered_for = self.answers and not self.revives
        self.now = State.STARTING if self.revives else State.READY if answered_for else State.STOPPED
        return [End(SERVICE.name, self.exit_code, revived=self.revives, answered_for=answered_for)]

    def unready(self) -> str:
        return self.lacks

    def replaceable(self, names: Collection[str]) -> list[str]:
        return [name for name in names if name not in self.lone]

    def idle(self, names: Collection[str]) -> list[str]:
        return [name for name in names if name in self.idle_now]

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
        self.fails: dict[str, BaseException] = {}
        self.settings_differ = False
        self.undone = self.has_database = False
        self.imported: set[str] = set()
        self.interpreted: int | None = None
        self.built: FakeBuilt | None = None
        self.services = [SERVICE]
        self.forms = Forms()
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
            self._built_aside,
            self.forms,
            lambda modules: {f"app/{name}.py" for name in modules},
            lambda: self.has_database,
            lambda files: any(file.startswith("app/") for file in files),
            lambda: None,
            self.imported.intersection,
            lambda: self.undone,
            lambda: self.services,
        )
        self.doing = self.short = ""
        self.result = "compiled"
        self.told: list[tuple[str, str, str]] = []
        self.loop = Loop(actions, self.keeper, self._say, self._tell, self._show)

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

    def _tell(self, event: str, outcome: Outcome) -> None:
        self.told.append((event, outcome.subject, outcome.result))

    def _show(self, doing: str, _last: str, short: str) -> None:
        self.doing, self.short = doing, re.sub(r"\d+\.\d\d s", "TIME", short[9:])

    def _do(self, name: str) -> None:
        self.done.append(name)
        if name in self.fails:
            raise self.fails[name]

    def _step(self, name: str) -> Callable[[], Report]:
        def step() -> Report:
            self._do(name)
            if name == "rebuild":
                self.forms.built(["app.a", "app.b"])
            rows = [Outcome(str(at), self.result, Reason("changed")) for at in range(self.made[name])]
            return Report("test/1", (*rows, Outcome("other", "fresh", Reason("unchanged"))), 0.0)

        return step

    def _reload(self) -> bool:
        self._do("reload")
        return self.settings_differ

    def _interpret(self, files: Collection[str]) -> int | None:
        if self.interpreted is not None:
            self._do("interpret " + " ".join(sorted(files)))
            self.forms.interpreted(module_of(file) for file in files)
        return self.interpreted

    def _built_aside(self) -> FakeBuilt | None:
        if self.built is not None:
            self.forms.compiled(self.built.made)
        return self.built

    def _check_modules(self, files: Collection[str]) -> None:
        self._do("check " + " ".join(files))


def module_of(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".")


def begun() -> World:
    """Return a loop whose service is ready."""
    it = World()
    it.loop.begin()
    assert it.done == ["rebuild", "migrate", "refresh", "check ", "start"]
    assert it.ready() == ["start: rebuilt 1 module TIME, started TIME, ready after TIME"]
    it.calm()
    return it
