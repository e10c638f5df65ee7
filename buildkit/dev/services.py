"""Keeps all services of the loop: their addresses, their order, and which of them a change concerns."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from functools import partial

from buildkit.dev.addresses import Address, Addresses
from buildkit.dev.debugging import debugger_of
from buildkit.dev.ending import End, State
from buildkit.dev.hints import Hints
from buildkit.dev.journal import Journal, Log
from buildkit.dev.reloaders import reloader_of
from buildkit.dev.service import Service
from buildkit.dev.supervisor import Supervisor

_COLOURS = (36, 33, 35, 32, 34, 31)
_SIGN = "│"

RELOADS = "{} reloads by itself ({}), and invoke dev restarts it already; write command = {}"


class Services:
    """All services of one loop.

    Args:
        hold: seconds that a connection waits while no process serves.
        drain: seconds that an old process may finish what it has begun.
        log: where the words of all processes go.
        coloured: whether the names in the log have colours.
    """

    def __init__(self, hold: float, drain: float, log: Log, *, coloured: bool = False) -> None:
        self._drain = drain
        self._log = log
        self._coloured = coloured
        self._addresses = Addresses(hold)
        self._supervisors: dict[str, Supervisor] = {}
        self._retired: list[Supervisor] = []  # of services that are gone, with what they finish
        self._last: dict[str, Service] = {}  # as it was configured when services were started last
        self._reloading: set[str] = set()  # those whose own reloader was named
        self._colours: dict[str, int] = {}  # of the names in the log, by the order in which they came
        self._waiting: list[Service] = []  # for others, which are to be ready first

    def hold(self, services: Sequence[Service]) -> None:
        """Take the addresses of these services, and let what connects wait.

        Raises:
            ConfigurationError: an address is somebody else's.
        """
        addresses = {each.name: Address(each.host, each.port, f"{each.setting}.port") for each in services if each.port}
        for each in services:
            if each.debugger:
                addresses[debugger_of(each.name)] = Address("127.0.0.1", each.debugger, "--debug")
        self._addresses.take(addresses)

    def adopt(self, hold: float, drain: float) -> None:
        """Go by other settings from now on.

        Args:
            hold: seconds that a connection waits while no process serves.
            drain: seconds that an old process may finish what it has begun.
        """
        self._drain = drain
        self._addresses.hold(hold)
        for each in (*self._supervisors.values(), *self._retired):
            each.let_finish(drain)

    def start(
        self, services: Sequence[Service], files: Collection[str], among: Collection[str] | None = None
    ) -> list[str]:
        """Start the services that a change concerns, each beside the process that runs; return their names at once.

        Args:
            services: all services of the project.
            files: what has changed, as paths relative to the project.
            among: the names of the services to start; None for those that the change concerns.

        Raises:
            ConfigurationError: an address is somebody else's, or a program is missing; what runs is left alone.
        """
        self.hold(services)
        self._forget_others({each.name for each in services})
        for each in services:
            if each.name in self._supervisors and each.command == self._last[each.name].command:
                continue
            self._reloading.discard(each.name)
            reloader = reloader_of(each.command)
            if reloader is not None:
                self._reloading.add(each.name)
                self._log.hint(RELOADS.format(each.name, reloader.word, json.dumps(reloader.instead)))
        if among is None:
            concerned = [each for each in services if self._is_due(each, files)]
        else:
            concerned = [each for each in services if each.name in among]
        self._last = {each.name: each for each in services}
        names = {each.name for each in concerned}
        self._waiting = [each for each in concerned if names.intersection(each.after)]
        for each in concerned:
            if each.name not in self._supervisors:
                journal = partial(self._journal, each.name)
                self._supervisors[each.name] = Supervisor(self._addresses, each.name, self._drain, journal)
            if each not in self._waiting:
                self._supervisors[each.name].start(each)
        return [each.name for each in concerned]

    def stop(self) -> None:
        """End all services at once, and give their addresses back."""
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - at the end

        self._waiting = []
        supervisors = [*self._supervisors.values(), *self._retired]
        if len(supervisors) == 1:
            supervisors[0].stop()
        elif supervisors:
            with ThreadPoolExecutor(len(supervisors)) as pool:
                list(pool.map(Supervisor.stop, supervisors))
        self._addresses.close()

    def state(self) -> State:
        """Return the state of all: ended where one has, starting where one is, ready where all are."""
        states = {each.state() for each in self._supervisors.values()}
        if State.ENDED in states:
            return State.ENDED
        if State.STARTING in states or self._start_waiting():
            return State.STARTING
        return State.READY if State.READY in states else State.STOPPED

    def unready(self) -> str:
        """Return which services are not ready, and why, in short."""
        waiting = [f"{each.name} waits for {' and '.join(each.after)}" for each in self._waiting]
        lacking = {name: each.lacks() for name, each in self._supervisors.items()}
        return "; ".join([*(f"{name}: {words}" for name, words in lacking.items() if words), *waiting])

    def states(self) -> dict[str, State]:
        """Return the state of each service, by its name."""
        return {name: each.state() for name, each in self._supervisors.items()}

    def ports(self) -> dict[str, int]:
        """Return where each service is reached that has an address, by its name."""
        return {name: port for name, port in self._addresses.ports.items() if name in self._supervisors}

    def bury(self) -> list[End]:
        """Forget the processes that ended by themselves, start those again that it may help; tell how each ended."""
        ends = [each.bury() for each in self._supervisors.values() if each.state() is State.ENDED]
        gone = {end.name for end in ends if not end.revived}
        self._waiting = [each for each in self._waiting if not gone.intersection(each.after)]
        return ends

    def replaceable(self, names: Collection[str]) -> list[str]:
        """Return those of these services of which a new process may come beside the old one."""
        return [name for name in self._supervisors if name in names and self._last[name].overlap]

    def idle(self, names: Collection[str]) -> list[str]:
        """Return those of these services with which nothing is open: a new process may come, unseen."""
        return [name for name, each in self._supervisors.items() if name in names and each.is_idle()]

    def expect(self) -> None:
        """Let connections wait: something is about to be started."""
        for each in self._supervisors.values():
            each.expect()

    def explain(self, words: str = "") -> None:
        """Answer connections with these words, or the last ones, where nobody serves."""
        for each in self._supervisors.values():
            each.explain(words)
        others = {name for each in self._supervisors for name in (each, debugger_of(each))}
        for name in self._addresses.ports.keys() - others if words else ():
            self._addresses.fail(name, words)

    def _start_waiting(self) -> bool:
        """Start those whose predecessors are ready; return whether there are still some that wait, or were started."""
        before = len(self._waiting)
        for each in [*self._waiting]:
            others = [self._supervisors[name] for name in each.after if name in self._supervisors]
            if all(other.state() is State.READY for other in others):
                self._waiting.remove(each)
                self._supervisors[each.name].start(each)
        return bool(before)

    def _is_due(self, service: Service, files: Collection[str]) -> bool:
        return (
            service.name not in self._supervisors
            or service.concerned(files)
            or self._failed(service)
            or service != self._last.get(service.name)  # another command, another database
        )

    def _failed(self, service: Service) -> bool:
        return self._supervisors[service.name].state() in {State.STOPPED, State.ENDED}

    def _forget_others(self, names: Collection[str]) -> None:
        self._retired = [each for each in self._retired if not each.is_gone]
        for name in [*self._supervisors]:
            if name not in names:
                self._retired.append(self._supervisors.pop(name))
                self._retired[-1].retire()

    def _journal(self, name: str) -> Journal:
        """Return what takes the words of a process that is started now, beside the services that there are now."""
        prefix = self._prefix(name) if len(self._last) > 1 else ""
        return Journal(self._log, prefix, Hints(self._reloading, name, self._last[name].environment))

    def _prefix(self, name: str) -> str:
        shown = f"{name:<{max(map(len, self._last))}} {_SIGN} "
        if not self._coloured:
            return shown
        colour = _COLOURS[self._colours.setdefault(name, len(self._colours)) % len(_COLOURS)]
        return f"\x1b[{colour}m{shown}\x1b[0m"
