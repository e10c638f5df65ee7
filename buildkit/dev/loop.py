"""Reacts to changes, one set at a time, with the steps that each needs.

All of them, as at the start, are: build → migrate → data → start → ready.

A step that fails leaves the running service untouched and stays pending: the next change does it first. Where that one
is about the database, what else has changed is served all the same, with the database as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from buildkit.core.changes import Need, Reaction, with_consequences
from buildkit.dev.actions import Actions, Keeper
from buildkit.dev.aside import AsideBuild, Doubt, Stage, some
from buildkit.dev.awaiting import Awaiting
from buildkit.dev.behind_head import FAILED, BehindHead, comes_to_nothing
from buildkit.dev.catching_up import CatchingUp
from buildkit.dev.cycle import Cycle, as_error, done
from buildkit.dev.ending import State
from buildkit.dev.reloading import meet
from buildkit.dev.starting import StartDoubt
from buildkit.dev.telling import Telling
from buildkit.doors.clock import Stopwatch
from buildkit.errors import BuildkitError, render
from buildkit.model import Outcome, Reason

ALL = (Need.REBUILD, Need.MIGRATE, Need.REFRESH, Need.RESTART)
START = Reason("start")
IN_DOUBT = Reason("changed while it was built")

_CODE = frozenset({Need.REBUILD, Need.RESTART})


class Loop:
    """Reacts to changes, one set at a time.

    Args:
        actions: the steps.
        keeper: runs the service.
        say: called with one line for each cycle, and with errors.
        tell: called with what happens, for programs: `begin` and one `cycle` for each, `waiting`, `ended`, `aside`.
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
        self._anew = True  # everything is to be built by the settings that there are now
        self._mixed = False  # more than saves of code, while all services were ready, is not taken up yet
        self._behind = CatchingUp(actions.forms, keeper)
        self._aside = AsideBuild(actions.build_aside, actions.built_aside, self._behind.keeping, say, tell)
        self._doubt = Doubt()
        self._start_doubt = StartDoubt(say, actions.imported)
        self._awaiting = Awaiting(keeper, actions.forms, self._start_doubt, self._telling)
        self._failed = ""  # what was said of the step that failed, until it no longer does
        self._behind_head = BehindHead(say)

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
        if self._awaiting.cycle is None:
            self._start_doubt.calm()

    def _react(self, reaction: Reaction, *, restarts: bool = True) -> None:
        """Do it.

        Args:
            reaction: what.
            restarts: whether the services are started anew even if nothing is built.
        """
        cycle = Cycle(reaction.reason, undone=self._is_undone(reaction))
        self._telling.begin(cycle)
        self._keeper.expect()
        self._files.update(reaction.files)
        todo = self._to_do(reaction.needs)
        self._aside.put_off()
        while todo:
            self._telling.doing(f"{todo[0].value} …")
            try:
                made = self._do(todo[0], cycle)
            except (BuildkitError, OSError) as error:
                if not (todo[0] is Need.MIGRATE and self._goes_on(reaction, as_error(error), cycle)):
                    self._owed = set(todo)
                    self._fail(cycle, todo[0], as_error(error))
                    return
                todo.pop(0)
                continue
            done = todo.pop(0)
            migrates = Need.MIGRATE in todo and not self._behind_head
            if done is Need.REBUILD and not (made or restarts or migrates or Need.RESTART in self._owed):
                todo = [need for need in todo if need is not Need.RESTART]
            if (done is Need.REFRESH and made) or (done is Need.MIGRATE and self._behind_head.clear()):
                todo = list(with_consequences({*todo, Need.RESTART}))  # they read their data when they start
        self._owed, self._anew, self._mixed, self._failed = set(), False, bool(self._behind_head), ""
        self._actions.settled()
        self._seen.clear()
        if self._awaiting.cycle is not cycle:
            self._keeper.explain()  # nothing was started after all
            if comes_to_nothing(cycle.phrases):
                self._telling.drop(cycle)
                self._awaiting.rest()
            else:
                self._awaiting.close(cycle, "failed" if FAILED in cycle.phrases else "done")

    def owe(self, need: Need) -> None:
        """Let the next cycle do this too, whatever it is about."""
        self._owed.add(need)

    def attend(self) -> None:
        """Look at the service's state, and report if it is ready, still starting, or ended by itself."""
        if self._awaiting.attend() and not self._owed - {Need.MIGRATE}:  # what fails here would fail there once more
            self._go_on_aside()

    def finish(self) -> None:
        """Note, before the services are stopped, what was started and did not become ready."""
        self._awaiting.finish()

    def _is_undone(self, reaction: Reaction) -> bool:
        """Return whether changes that failed are taken back: the code is again what the services were started with."""
        starts = self._awaiting.cycle is not None or bool(self._start_doubt)
        self._mixed |= not {*reaction.needs} <= _CODE or not reaction.files or starts
        undone = self._owed and not (self._mixed or self._anew) and self._actions.is_undone()
        return bool(undone) and self._keeper.state() is State.READY

    def _to_do(self, needs: Collection[Need]) -> list[Need]:
        """Return the needs to meet, after reading the settings again if they changed."""
        wanted = {*needs, *self._owed}
        if meet(wanted, self._actions, self._say):
            wanted.update(ALL)
            self._anew = True
        todo = {*with_consequences(wanted), *([Need.MIGRATE] if self._behind_head else [])}
        return [need for need in Need if need in todo]

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

    def _goes_on(self, reaction: Reaction, error: BuildkitError, cycle: Cycle) -> bool:
        """Return whether the rest is done although the database could not be brought to head."""
        runs = self._keeper.state() in {State.READY, State.STARTING}
        code = Need.MIGRATE not in reaction.needs or self._anew or self._actions.concern_code(self._files)
        if not (code and self._actions.has_database() and self._behind_head.is_bearable(error, runs=runs)):
            return False
        cycle.phrases.append(self._behind_head.note(error, reaction.needs, self._failed))
        return True

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
        self._awaiting.begin(cycle)
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
            self._telling.begin(cycle)
            try:
                self._start(cycle, among=idle)
                if self._awaiting.cycle is not cycle:
                    self._telling.drop(cycle)
            except BuildkitError as error:
                self._owed = {Need.RESTART}
                self._fail(cycle, Need.RESTART, error)

    def _fail(self, cycle: Cycle, need: Need, error: BuildkitError) -> None:
        words = render(error)
        runs = self._keeper.state() in {State.READY, State.STARTING}
        if cycle.reason == IN_DOUBT and words == self._failed:  # it did not change after all
            self._keeper.explain()
            self._telling.drop(cycle)
            self._awaiting.rest()
            return
        self._failed = words
        self._say(words)
        self._keeper.explain(f"{need.value} failed\n{words}")
        cycle.phrases.append(f"{need.value} failed")
        self._awaiting.close(cycle, "failed", "the service runs on as it was" if runs else "waiting for a change")
