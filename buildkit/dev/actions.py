"""What the loop can do, and who runs the services for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from buildkit.dev.aside import Built
from buildkit.dev.ending import End, State
from buildkit.dev.forms import Forms
from buildkit.dev.service import Service
from buildkit.model import Report


@dataclass(frozen=True, slots=True)
class Actions:
    """The steps that the loop can take. Each raises a `BuildkitError` if it fails.

    Args:
        reload: reads the settings again; returns whether they differ.
        outdated: says that the dependencies changed, and how they are installed.
        rebuild: brings the extensions up to date.
        migrate: brings the database to head, and starts one where none is named.
        refresh: brings the data up to date.
        check_modules: checks the syntax of the changed files, and makes sure that a new start runs their present text.
        interpret: lets the changed files run as Python; returns how many extensions that took away, or None where they
            have to be compiled first.
        build_aside: starts a build beside the services.
        built_aside: returns what it came to, once; None before.
        forms: which modules the services run as Python; the steps note what they take away and make.
        sources: returns the sources of modules, as paths relative to the project.
        has_database: returns whether the services have a database, at head or not.
        concern_code: returns whether one of these files concerns more than the database.
        settled: notes that all changes up to now are taken up.
        imported: returns those of the files that were written, and are what they were, of which a process imported
            another text in between.
        is_undone: returns whether what changed since then is again what it was.
        services: returns the services to run.
    """

    reload: Callable[[], bool]
    outdated: Callable[[], None]
    rebuild: Callable[[], Report]
    migrate: Callable[[], Report]
    refresh: Callable[[], Report]
    check_modules: Callable[[Collection[str]], None]
    interpret: Callable[[Collection[str]], int | None]
    build_aside: Callable[[], None]
    built_aside: Callable[[], Built | None]
    forms: Forms
    sources: Callable[[Collection[str]], set[str]]
    has_database: Callable[[], bool]
    concern_code: Callable[[Collection[str]], bool]
    settled: Callable[[], None]
    imported: Callable[[Collection[str]], Collection[str]]
    is_undone: Callable[[], bool]
    services: Callable[[], Sequence[Service]]


class Keeper(Protocol):
    """The part of `Services` that the loop uses."""

    def start(
        self, services: Sequence[Service], files: Collection[str], among: Collection[str] | None = None
    ) -> list[str]:
        """Start the services that a change of these files concerns, or those that are named; return their names."""

    def state(self) -> State:
        """Return the state of all services."""

    def bury(self) -> list[End]:
        """Forget what ended by itself, start it again where that may help, and tell how it ended."""

    def unready(self) -> str:
        """Return which services are not ready, and why, in short."""

    def replaceable(self, names: Collection[str]) -> list[str]:
        """Return those of which a new process may come beside the old one."""

    def idle(self, names: Collection[str]) -> list[str]:
        """Return those of which a new process may come unseen."""

    def expect(self) -> None:
        """Let connections wait: a service is about to be started."""

    def explain(self, words: str = "") -> None:
        """Answer connections with these words, or the last ones, where no service does."""
