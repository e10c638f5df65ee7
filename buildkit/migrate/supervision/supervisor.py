"""Starts the process that runs Alembic, reads its events, and ends it however this process ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType, MappingProxyType
from typing import TYPE_CHECKING, Any, TextIO

from buildkit.doors import process, python
from buildkit.migrate.postgres.connection import Address, Say, pooled, session_name
from buildkit.migrate.postgres.lock import session_tag
from buildkit.migrate.postgres.redaction import redacted
from buildkit.migrate.settings import MigrationSettings
from buildkit.migrate.supervision.output_lines import lines
from buildkit.migrate.supervision.session_watch import SessionWatch

if TYPE_CHECKING:
    import psycopg

TARGET = "ALEMBIC_UPGRADE_TARGET"
"""The variable that used to choose a revision. There is one head and no target, so the child does not get it."""

Event = Mapping[str, Any]

OPEN: Mapping[str, object] = MappingProxyType({"kind": "open"})
"""A fence that lets env.py connect to any database; what it has Alembic work on is judged all the same."""

_GUARDED_BY_NOBODY = frozenset({"check", "revision"})
"""Commands whose connection holds no lock: they write nothing to the database."""

_GRACE = 1.0
_LAST_WORDS = 20
_LONGEST = 4096
"""Characters that are shown of one line of the project's output."""

_WORDS = frozenset({"message", "reason", "statement", "hint", "refused", "sql", "rows"})
"""The fields of an event that are messages. The others are compared with something, and hold no password."""


class Failure(Exception):  # noqa: N818 - a fact; `upgrade` words it
    """The child failed: holds its `failed` event, or its last output lines if it died without one."""

    def __init__(self, event: Event, words: list[str], exit_code: int) -> None:
        super().__init__(event.get("message", ""))
        self.event = event
        self.words = words
        self.exit_code = exit_code


def run(
    command: str,
    settings: MigrationSettings,
    address: Address,
    *,
    url: str,
    lock: psycopg.Connection[Any] | None,
    say: Say,
    tell: Callable[[Event], None],
    judge: Callable[[Event], object] | None = None,
    fence: Mapping[str, object] = OPEN,
    variables: Mapping[str, str] = MappingProxyType({}),
    **orders: object,
) -> None:
    """Run the child to its end.

    Args:
        command: `upgrade`, `rehearse`, `look`, `adopt`, `downgrade`, `check`, `revision` or `sql`.
        settings: the project's migration settings.
        address: the database.
        url: its URL as the user wrote it, for an env.py that reads the variable itself.
        lock: the connection that holds the lock; while it lives, no other process migrates. None for commands that
            connect to no database.
        say: called with each line that the project prints, without the password.
        tell: called with each event.
        judge: called with each event that the child waits on; returns the answer, or raises to end the child. None
            allows everything.
        fence: the databases that env.py may connect to, as `child.fence.Fence` takes it.
        variables: additional environment variables of the child.
        orders: further orders for the command: `at` for `sql`, `target` for `downgrade` and `adopt`, `several` and
            `writes_nothing` for `look`.

    Raises:
        Failure: the child failed.
        Lost: the connection that holds the lock was lost.
    """
    name = "" if lock is None else session_name(f"migrate {session_tag(lock, settings)}")
    watch = lock and SessionWatch(lock, name, address, say, guards=command not in _GUARDED_BY_NOBODY)
    reading, writing = os.pipe()
    listening, speaking = os.pipe()
    taking, giving = os.pipe()
    environment = {name: value for name, value in os.environ.items() if name != TARGET}
    environment |= {settings.url_env: url, **variables}
    try:
        child = process.start(
            python.module_command("buildkit.migrate.child", str(taking)),
            folder=settings.root,
            environment=environment,
            output=speaking,
            inherit=(taking, writing),
        )
    finally:
        os.close(writing)
        os.close(speaking)
        os.close(taking)
    commanding = os.fdopen(giving, "w", encoding="utf-8")
    orders |= {
        "settings": settings.as_json(),
        "root": str(settings.root),
        "url": address.sqlalchemy,
        "name": name,
        "pooled": lock is not None and pooled(lock),
        "command": command,
        "fence": dict(fence),
        "events": writing,
    }
    failed: Event = {}
    words: list[str] = []
    try:
        _send(commanding, orders)
        beat = watch.beat if watch else lambda: None
        for source, line in lines({reading: "events", listening: "words"}, beat, lambda: child.poll() is not None):
            if source == "words":
                words = [*words, _shown(line, address)][-_LAST_WORDS:]
                say(words[-1])
                continue
            event = json.loads(line)
            event |= {name: redacted(event[name], address.secrets) for name in _WORDS & event.keys()}
            if watch:
                watch.hear(event["event"])
            if event.get("asks"):
                _send(commanding, judge(event) if judge else {"go": True, "number": 0})
            elif event["event"] == "failed":
                failed = event
            else:
                tell({**event, "waited": watch.take_lock_wait()} if watch and event["event"] == "done" else event)
        exit_code = child.wait()
    finally:
        if watch and child.poll() is None:
            watch.terminate()
        process.end(child, grace=_GRACE)
        if watch:
            watch.close()
        with contextlib.suppress(BrokenPipeError):
            commanding.close()
        os.close(reading)
        os.close(listening)
    if exit_code or failed:
        raise Failure(failed, words, exit_code)


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Turn SIGTERM and SIGINT into exit codes 143 and 130 within the block, so that everything is undone.

    As PID 1 of a container, a process ignores signals that it has no handler for. Handlers that other code has
    installed stay, and outside of the main thread nothing changes.
    """
    usual: dict[int, Any] = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
    main = threading.current_thread() is threading.main_thread()
    ours = [number for number, handler in usual.items() if main and signal.getsignal(number) == handler]

    def stop(number: int, _frame: FrameType | None) -> None:
        for each in ours:
            signal.signal(each, signal.SIG_IGN)  # the first one is enough, and undoing it must not be cut short
        raise SystemExit(128 + number)

    for number in ours:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, usual[number])


def _send(commanding: TextIO, what: object) -> None:
    with contextlib.suppress(BrokenPipeError):  # a child that is gone says so by its end
        commanding.write(json.dumps(what) + "\n")
        commanding.flush()


def _shown(line: str, address: Address) -> str:
    text = address.redact(line)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
