"""Reacts to changes, one set at a time, with the steps that each needs.

All of them, as at the start, are: build → migrate → data → start → ready.

A step that fails leaves the running service untouched and stays pending: the next change does it first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from buildkit.core.changes import Need, Reaction, with_consequences
from buildkit.dev.actions import Actions, Keeper
from buildkit.dev.aside import AsideBuild, Doubt, Stage, some
from buildkit.dev.catching_up import CatchingUp
from buildkit.dev.cycle import Cycle, as_error, done
from buildkit.dev.ending import State, how_it_ended
from buildkit.dev.starting import StartDoubt
from buildkit.dev.telling import NOT_READY, Telling
from buildkit.doors.clock import Stopwatch, time_of_day
from buildkit.errors import BuildkitError, render
from buildkit.model import Outcome, Reason

ALL = (Need.REBUILD, Need.MIGRATE, Need.REFRESH, Need.RESTART)
START = Reason("start")
IN_DOUBT = Reason("changed while it was built")

SLOW = 2.0
"""Seconds after which a line says that the service is still starting."""

_CODE = frozenset({Need.REBUILD, Need.RESTART})


class Loop:
    """Reacts to changes, one set at a time.

    Args:
        actions: the steps.
        keeper: runs the service.
        say: called with one line for each cycle, and with errors.
        tell: called with what happens, for programs: `begin`, `waiting`, `cycle`, `aside`.
        show: called with what is being done, and with the last cycle, in full and in short.
    """

    def __init__(
        self,
        actions: Actions,
        keeper: Keeper,
        say: Callable[[str], None],
        tell: Callable[[str, Outcome], None] = lambda _event, _outcome: None,
        show: Callable[[str, str, str], None] = lambda _doing, _last, _short: None,
    ) -> None:
        self._steps = {Need.REBUILD: actions.rebuild, Need.MIGRATE: actions.migrate, Need.REFRESH: actions.refresh}
        self._actions = actions
        self._keeper = keeper
        self._say = say
        self._telling = Telling(say, tell, show)
        self._owed: set[Need] = set()
        self._files: set[str] = set()
        self._made: set[str] = set()  # the sources of what was made because of these files
        self._seen: set[str] = set()  # named by events while a build may have read them
        self._starting: Cycle | None = None
        self._anew = True  # everything is to be built by the settings that there are now
        self._mixed = False  # more than saves of code, while all services were ready, is not taken up yet
        self._behind = CatchingUp(actions.forms, keeper)
        self._aside = AsideBuild(actions.build_aside, actions.built_aside, self._behind.keeping, say, tell)
        self._doubt = Doubt()
        self._start_doubt = StartDoubt(say)
        self._failed = ""  # what was said of the step that failed, until it no longer does

    @property
    def outcomes(self) -> list[Outcome]:
        """What came of each cycle that has ended; it grows."""
        return self._telling.outcomes

    def begin(self, reason: Reason = START) -> None:
        """Do everything once, as at the start."""
        self._anew = True
        self.react(Reaction(ALL, reason, ()))

    def react(self, reaction: Reaction, seen: Collection[str] | None = (), written: Collection[str] = ()) -> None:
        """Do what `reaction` needs and what is pending; return without waiting for the service to be ready.

        Args:
            reaction: to what has changed since the last look.
            seen: the code that events named, as paths relative to the project; None where events may be missing.
            written: the services' files that were written since, whether they differ or not.
        """
        reaction = self._start_doubt.answer(reaction, written)
        if self._doubt and (seen is None or seen):
            self._anew = self._anew or seen is None
            self._seen.update(seen or ())
            reason = reaction.reason if reaction.needs else IN_DOUBT
            self._mixed = True
            needs = with_consequences({*reaction.needs, Need.REBUILD})
            self._react(Reaction(needs, reason, reaction.files), restarts=Need.RESTART in reaction.needs)
        elif reaction.needs:
            self._react(reaction)

    def calm(self) -> None:
        """Note that no file has changed since the last look."""
        if self._aside.stage is not Stage.BUILDING:
            self._doubt.calm()
        if self._starting is None:
            self._start_doubt.calm()

    def _react(self, reaction: Reaction, *, restarts: bool = True) -> None:
        """Do it.

        Args:
            reaction: what.
            restarts: whether the services are started anew even if nothing is built.
        """
        cycle = Cycle(reaction.reason, undone=self._is_undone(reaction))
        self._telling.begin(reaction.reason)
        self._keeper.expect()
        self._files.update(reaction.files)
        todo = list(self._with_settings(reaction.needs))
        self._aside.put_off()
        while todo:
            self._telling.doing(f"{todo[0].value} …")
            try:
                made = self._do(todo[0], cycle)
            except (BuildkitError, OSError) as error:
                self._owed = set(todo)
                self._fail(cycle, todo[0], as_error(error))
                return
            done = todo.pop(0)
            if done is Need.REBUILD and not (made or restarts or Need.MIGRATE in todo or Need.RESTART in self._owed):
                todo = [need for need in todo if need is not Need.RESTART]
            if done is Need.REFRESH and made:
                todo = list(with_consequences({*todo, Need.RESTART}))  # a service reads its data when it starts
        self._owed, self._anew, self._mixed, self._failed = set(), False, False, ""
        self._actions.settled()
        self._seen.clear()
        if self._starting is not cycle:
            self._keeper.explain()  # nothing was started after all
            if cycle.phrases:
                self._close(cycle, "done")
            else:
                self._rest()

    def attend(self) -> None:
        """Look at the service's state, and report if it is ready, still starting, or ended by itself."""
        cycle, state = self._starting, self._keeper.state()
        if state is State.ENDED:
            self._bury()
        elif cycle is not None and state is State.READY:
            self._close(cycle, "ready", f"ready after {cycle.watch.seconds:.2f} s")
        elif cycle is None and state is State.READY and not self._owed:  # what fails here would fail there once more
            self._go_on_aside()
        elif cycle is not None and cycle.started.seconds >= SLOW:
            self._telling.wait(cycle, self._keeper.unready())

    def finish(self) -> None:
        """Note, before the services are stopped, what was started and did not become ready."""
        cycle = self._starting
        if cycle is not None:
            self._close(cycle, NOT_READY, f"not ready after {cycle.watch.seconds:.2f} s, {self._keeper.unready()}")

    def _is_undone(self, reaction: Reaction) -> bool:
        """Return whether changes that failed are taken back: the code is again what the services were started with."""
        starts = self._starting is not None or bool(self._start_doubt)
        self._mixed |= not {*reaction.needs} <= _CODE or not reaction.files or starts
        undone = self._owed and not (self._mixed or self._anew) and self._actions.is_undone()
        return bool(undone) and self._keeper.state() is State.READY

    def _with_settings(self, needs: Collection[Need]) -> tuple[Need, ...]:
        """Return the needs to meet, after reading the settings again if they changed."""
        wanted = {*needs, *self._owed}
        if Need.INSTALL in wanted:
            wanted.remove(Need.INSTALL)
            self._actions.outdated()
        if Need.RELOAD in wanted:
            wanted.remove(Need.RELOAD)
            try:
                if self._actions.reload():
                    wanted.update(ALL)
                    self._anew = True
            except BuildkitError as error:
                self._say(f"{render(error)}\n{time_of_day()} the settings stay as they were")
        return with_consequences(wanted)

    def _do(self, need: Need, cycle: Cycle) -> int:
        """Do one step; return how many things it made."""
        watch = Stopwatch()
        if need is Need.RESTART:
            self._actions.check_modules(sorted(self._files))
            if cycle.undone:
                cycle.phrases.append("as it runs already")
            else:
                self._start(cycle)
            self._files.clear()
            self._made.clear()
            return 0
        if need is Need.REBUILD and self._interprets(cycle):
            return 1
        if need is Need.REBUILD:
            self._doubt.begin()
            self._aside.forget()
        report = self._steps[need]()
        made, words = done(need, report)
        if need is Need.REBUILD:
            self._made |= self._actions.sources(made)
        if made:
            cycle.add(words, watch.seconds)
        return len(made)

    def _start(self, cycle: Cycle, among: Collection[str] | None = None) -> None:
        """Start the services that the changed files concern, or those that are named."""
        watch = Stopwatch()
        services = self._actions.services()
        words = "started" if self._keeper.state() is State.STOPPED else "restarted"
        names = self._keeper.start(services, self._files and self._files | self._made, among)  # no file: a key, all
        if not names:
            return
        self._start_doubt.begin()
        self._actions.forms.started(names)
        if len(services) > 1:
            words = f"{words} {', '.join(names)}"
        if self._starting is not None:
            cycle.told = self._starting.told  # of the same start, as a person sees it
            self._close(self._starting, "superseded", "overtaken by a further change")
        self._starting, cycle.started = cycle, Stopwatch()
        cycle.add(words, watch.seconds)
        self._telling.doing("starting …")

    def _interprets(self, cycle: Cycle) -> bool:
        """Let the changed files run as Python, if they can, and owe their extensions; return whether that was done."""
        if Need.REBUILD in self._owed or self._anew:
            return False
        taken = self._actions.interpret(self._files | self._seen)
        if taken is None:
            return False
        self._aside.owe()
        if taken and not cycle.undone:
            cycle.phrases.append(f"{taken} module{'s' if taken > 1 else ''} as Python")
        return True

    def _go_on_aside(self) -> None:
        stage = self._aside.stage
        self._aside.go_on()
        if Stage.BUILDING in {stage, self._aside.stage}:
            self._doubt.begin()
        if self._aside.stage is Stage.NOTHING:
            self._bring_in()

    def _bring_in(self) -> None:
        """Start the services anew that run Python where there is an extension by now, each when nobody looks."""
        idle, modules = self._behind.due()
        if idle:
            cycle = Cycle(Reason("compiled", some(modules)))
            try:
                self._start(cycle, among=idle)
            except BuildkitError as error:
                self._owed = {Need.RESTART}
                self._fail(cycle, Need.RESTART, error)

    def _fail(self, cycle: Cycle, need: Need, error: BuildkitError) -> None:
        words = render(error)
        runs = self._keeper.state() in {State.READY, State.STARTING}
        if cycle.reason == IN_DOUBT and words == self._failed:  # it did not change after all
            self._keeper.explain()
            self._rest()
            return
        self._failed = words
        self._say(words)
        self._keeper.explain(f"{need.value} failed\n{words}")
        cycle.phrases.append(f"{need.value} failed")
        self._close(cycle, "failed", "the service runs on as it was" if runs else "waiting for a change")

    def _bury(self) -> None:
        """Report what ended by itself; it is started again if that may help."""
        ends = self._keeper.bury()
        self._actions.forms.started(end.name for end in ends if end.revived)
        for end in ends:
            told = self._starting is not None and self._starting.told
            words = f"the {end.name} ended {how_it_ended(end.exit_code)}"
            then = "the one before answers on" if end.answered_for else "waiting for a change"
            if self._starting is not None:
                self._close(self._starting, "ended", words if end.revived else f"{words}, {then}")
            elif not end.revived:
                self._say(f"{time_of_day()} {words}, {then}")
            if end.revived:
                self._start_doubt.begin()
                self._starting = Cycle(Reason(words), phrases=["started again"], told=told)

    def _rest(self) -> None:
        """Show that nothing is being done, or what goes on."""
        self._telling.doing("starting …" if self._starting is not None else "")

    def _close(self, cycle: Cycle, result: str, words: str = "") -> None:
        """End a cycle, with some last words."""
        if self._starting is cycle:
            self._starting = None
        if words:
            cycle.phrases.append(words)
        self._telling.end(cycle, result)
