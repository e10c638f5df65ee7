"""Reacts to changes, one set at a time, with the steps that each needs.

All of them, as at the start, are: build → migrate → data → start → ready.

A step that fails leaves the running service untouched and stays pending: the next change does it first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from buildkit.core.changes import Need, Reaction, with_consequences
from buildkit.dev.service import Service
from buildkit.dev.supervisor import End, State, how_it_ended
from buildkit.doors.clock import Stopwatch, time_of_day
from buildkit.errors import BuildkitError, render
from buildkit.model import Outcome, Reason, Report

ALL = (Need.REBUILD, Need.MIGRATE, Need.REFRESH, Need.RESTART)
START = Reason("start")

CALM = 0.5
"""Seconds without a change after which a build begins beside the services."""

SLOW = 2.0
"""Seconds after which a line says that the service is still starting."""

_IDLE = frozenset({"fresh", "kept"})
_DONE = {
    Need.REBUILD: ("rebuilt", "module"),
    Need.MIGRATE: ("applied", "revision"),
    Need.REFRESH: ("made", "stage"),
}


@dataclass(frozen=True, slots=True)
class Actions:
    """The steps that the loop can take. Each raises a `BuildkitError` if it fails.

    Args:
        reload: reads the settings again; returns whether they differ.
        rebuild: brings the extensions up to date.
        migrate: brings the database to head, and starts one where none is named.
        refresh: brings the data up to date.
        check_modules: checks the syntax of the changed files, and makes sure that a new start runs their present text.
        interpret: lets the changed files run as Python; returns how many extensions that took away, or None where they
            have to be compiled first.
        build_aside: starts a build beside the services.
        built_aside: returns what it came to, once; None before.
        services: returns the services to run.
    """

    reload: Callable[[], bool]
    rebuild: Callable[[], Report]
    migrate: Callable[[], Report]
    refresh: Callable[[], Report]
    check_modules: Callable[[Collection[str]], None]
    interpret: Callable[[Collection[str]], int | None]
    build_aside: Callable[[], None]
    built_aside: Callable[[], Built | None]
    services: Callable[[], Sequence[Service]]


class Built(Protocol):
    """What a build beside the services came to."""

    @property
    def made(self) -> Sequence[str]:
        """The modules that have a new extension."""

    @property
    def error(self) -> str:
        """What went wrong, as it is shown."""


class Keeper(Protocol):
    """The part of `Services` that the loop uses."""

    def start(self, services: Sequence[Service], files: Collection[str]) -> list[str]:
        """Start the services that a change of these files concerns; return their names."""

    def state(self) -> State:
        """Return the state of all services."""

    def bury(self) -> list[End]:
        """Forget what ended by itself, start it again where that may help, and tell how it ended."""

    def answer(self) -> bool:
        """Return whether a service answers."""

    def are_idle(self) -> bool:
        """Return whether new processes may come unseen."""

    def expect(self) -> None:
        """Let connections wait: a service is about to be started."""

    def explain(self, words: str = "") -> None:
        """Answer connections with these words, or the last ones, where no service does."""


@dataclass(slots=True)
class _Cycle:
    """The reaction to one set of changes, while it runs."""

    reason: Reason
    watch: Stopwatch = field(default_factory=Stopwatch)
    phrases: list[str] = field(default_factory=list)
    started: Stopwatch = field(default_factory=Stopwatch)
    told: bool = False

    def add(self, words: str, seconds: float) -> None:
        """Note what was done and how long it took."""
        self.phrases.append(f"{words} {seconds:.2f} s")

    def __str__(self) -> str:
        subject = f"{self.reason.kind} {self.reason.detail}".rstrip()
        return f"{time_of_day()} {subject}: {', '.join(self.phrases)}"


@dataclass(slots=True)
class _Aside:
    """The build beside the services.

    Args:
        state: `owed`, `building`, `built` where the services are to be started with it, or empty.
        made: the modules that it made, for the reason of that start.
        since: since when; while it is owed, since the last change.
    """

    state: str = ""
    made: str = ""
    since: Stopwatch = field(default_factory=Stopwatch)


class Loop:
    """Reacts to changes, one set at a time.

    Args:
        actions: the steps.
        keeper: runs the service.
        say: called with one line for each cycle, and with errors.
        tell: called with what happens, for programs: `begin`, `cycle`, `aside`.
        show: called with what is being done, and with the last cycle.
    """

    def __init__(
        self,
        actions: Actions,
        keeper: Keeper,
        say: Callable[[str], None],
        tell: Callable[[str, Outcome], None] = lambda _event, _outcome: None,
        show: Callable[[str, str], None] = lambda _doing, _last: None,
    ) -> None:
        self._steps = {Need.REBUILD: actions.rebuild, Need.MIGRATE: actions.migrate, Need.REFRESH: actions.refresh}
        self._actions = actions
        self._keeper = keeper
        self._say = say
        self._tell = tell
        self._show = show
        self._last = ""
        self._owed: set[Need] = set()
        self._files: set[str] = set()
        self._starting: _Cycle | None = None
        self._anew = True  # everything is to be built by the settings that there are now
        self._aside = _Aside()
        self.outcomes: list[Outcome] = []

    def begin(self, reason: Reason = START) -> None:
        """Do everything once, as at the start."""
        self._anew = True
        self.react(Reaction(ALL, reason, ()))

    def react(self, reaction: Reaction) -> None:
        """Do what `reaction` needs and what is pending; return without waiting for the service to be ready."""
        if not reaction.needs:
            return
        cycle = _Cycle(reaction.reason)
        self._tell("begin", Outcome(str(len(self.outcomes) + 1), "begun", reaction.reason))
        self._keeper.expect()
        self._files.update(reaction.files)
        todo = list(self._with_settings(reaction.needs))
        self._aside.since = Stopwatch()
        while todo:
            self._show(f"{todo[0].value} …", self._last)
            try:
                made = self._do(todo[0], cycle)
            except BuildkitError as error:
                self._owed = set(todo)
                self._fail(cycle, todo[0], error)
                return
            done = todo.pop(0)
            if done is Need.REFRESH and made:
                todo = list(with_consequences({*todo, Need.RESTART}))  # a service reads its data when it starts
        self._owed, self._anew = set(), False
        if self._starting is not cycle:
            self._keeper.explain()  # nothing was started after all
            if cycle.phrases:
                self._close(cycle, "done")

    def attend(self) -> None:
        """Look at the service's state, and report if it is ready, still starting, or ended by itself."""
        cycle, state = self._starting, self._keeper.state()
        if state is State.ENDED:
            self._bury()
        elif cycle is not None and state is State.READY:
            self._close(cycle, "ready", f"ready after {cycle.watch.seconds:.2f} s")
        elif cycle is None and state is State.READY:
            self._go_on_aside()
        elif cycle is not None and not cycle.told and cycle.started.seconds >= SLOW:
            self._say(f"{cycle}, not ready yet")
            cycle.told = True

    def _with_settings(self, needs: Collection[Need]) -> tuple[Need, ...]:
        """Return the needs to meet, after reading the settings again if they changed."""
        wanted = {*needs, *self._owed}
        if Need.RELOAD in wanted:
            wanted.remove(Need.RELOAD)
            try:
                if self._actions.reload():
                    wanted.update(ALL)
                    self._anew = True
            except BuildkitError as error:
                self._say(f"{render(error)}\n{time_of_day()} the settings stay as they were")
        return with_consequences(wanted)

    def _do(self, need: Need, cycle: _Cycle) -> int:
        """Do one step; return how many things it made."""
        watch = Stopwatch()
        if need is Need.RESTART:
            self._actions.check_modules(sorted(self._files))
            services = self._actions.services()
            words = "started" if self._keeper.state() is State.STOPPED else "restarted"
            names = self._keeper.start(services, self._files)
            self._files.clear()
            if not names:
                return 0
            if len(services) > 1:
                words = f"{words} {', '.join(names)}"
            if self._starting is not None:
                self._close(self._starting, "superseded", "overtaken by a further change")
            self._starting, cycle.started = cycle, Stopwatch()
            cycle.add(words, watch.seconds)
            self._show("starting …", self._last)
            return 0
        if need is Need.REBUILD and self._interprets(cycle):
            return 0
        if need is Need.REBUILD:
            self._aside.state = ""  # all is compiled now
        report = self._steps[need]()
        made = sum(row.result not in _IDLE for row in report.outcomes)
        if made:
            verb, noun = _DONE[need]
            cycle.add(f"{verb} {made} {noun}{'s' if made > 1 else ''}", watch.seconds)
        return made

    def _interprets(self, cycle: _Cycle) -> bool:
        """Let the changed files run as Python, if they can, and owe their extensions; return whether that was done."""
        if Need.REBUILD in self._owed or self._anew:
            return False
        taken = self._actions.interpret(self._files)
        if taken is None:
            return False
        self._aside.state = "owed"
        if taken:
            cycle.phrases.append(f"{taken} module{'s' if taken > 1 else ''} as Python")
        return True

    def _go_on_aside(self) -> None:
        """Build what is owed when nothing else happens; when it is built, start the services anew as nobody looks."""
        aside = self._aside
        if aside.state == "owed" and aside.since.seconds >= CALM:
            aside.state, aside.since = "building", Stopwatch()
            self._actions.build_aside()
        elif aside.state == "building":
            built = self._actions.built_aside()
            if built is not None:
                self._take_built(built)
        elif aside.state == "built" and self._keeper.are_idle():
            aside.state = ""
            self._do(Need.RESTART, _Cycle(Reason("compiled", aside.made)))

    def _take_built(self, built: Built) -> None:
        aside = self._aside
        if built.error:
            aside.state = ""
            self._say(f"{built.error}\n{time_of_day()} compiled aside: failed; the modules stay Python")
            self._tell("aside", Outcome("", "failed", Reason("source changed"), aside.since.seconds, built.error))
        elif not built.made:
            aside.state = ""
        else:
            more = f" and {len(built.made) - 1} more" if len(built.made) > 1 else ""
            aside.state, aside.made = "built", f"{built.made[0]}{more}"
            self._say(f"{time_of_day()} compiled {aside.made} aside {aside.since.seconds:.2f} s")
            self._tell("aside", Outcome(aside.made, "compiled", Reason("source changed"), aside.since.seconds))

    def _fail(self, cycle: _Cycle, need: Need, error: BuildkitError) -> None:
        words = render(error)
        self._say(words)
        self._keeper.explain(f"{need.value} failed\n{words}")
        runs = self._keeper.state() in {State.READY, State.STARTING}
        cycle.phrases.append(f"{need.value} failed")
        self._close(cycle, "failed", "the service runs on as it was" if runs else "waiting for a change")

    def _bury(self) -> None:
        """Report what ended by itself; it is started again if that may help."""
        for end in self._keeper.bury():
            words = f"the {end.name} ended {how_it_ended(end.exit_code)}"
            then = "the one before answers on" if end.answered_for else "waiting for a change"
            if self._starting is not None:
                self._close(self._starting, "ended", words if end.revived else f"{words}, {then}")
            elif not end.revived:
                self._say(f"{time_of_day()} {words}, {then}")
            if end.revived:
                self._starting = _Cycle(Reason(words), phrases=["started again"])

    def _close(self, cycle: _Cycle, result: str, words: str = "") -> None:
        """Record a cycle that has ended, and only then print its line: its reader may end the loop at once."""
        if self._starting is cycle:
            self._starting = None
        if words:
            cycle.phrases.append(words)
        number = str(len(self.outcomes) + 1)
        outcome = Outcome(number, result, cycle.reason, cycle.watch.seconds, ", ".join(cycle.phrases))
        self.outcomes.append(outcome)
        self._last = str(cycle)
        self._say(self._last)
        self._tell("cycle", outcome)
        self._show("", self._last)
