"""The services that `invoke dev` runs: what each is, and what is started when a port has been chosen for it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from buildkit.config import MAIN_SERVICE, Config, DevConfig, ServiceConfig
from buildkit.core.changes import glob_pattern
from buildkit.dev import debugging
from buildkit.errors import ConfigurationError

PASSED = 3
"""The descriptor of a socket that a service gets, as the first of sd_listen_fds(3)."""

_BY_SYSTEMD = "LISTEN_FDS=1"
"""Before a command, after `env`: it takes its sockets as systemd passes them."""

_LOCAL = "127.0.0.1"
_EVERYWHERE = {"0.0.0.0": "0.0.0.0", "::": "::", "[::]": "::"}  # noqa: S104 - where the user's own command says so
_HOSTS = ("HOST", "UVICORN_HOST", "FLASK_RUN_HOST", "GRANIAN_HOST")
_PORTS = ("PORT", "UVICORN_PORT", "FLASK_RUN_PORT", "GRANIAN_PORT")


@dataclass(frozen=True, slots=True)
class Service:
    """A service to run.

    Args:
        command: program and arguments; `{port}` and `{fd}` stand for what each start gets.
        folder: its working directory.
        environment: its whole environment.
        ready: what says that it is ready (see `readiness`); `{port}` as above.
        name: what it is called in the log.
        port: where others reach it; 0 for nowhere.
        host: the address on which they do.
        overlap: whether a new process may run beside the old one.
        watch: globs of the files whose changes concern it; all that count where empty.
        counts: returns whether a file concerns all services that name no files, whoever else names it.
        after: names of the services that are ready before it starts.
        debugger: where a debugger attaches; 0 where it runs without one.
    """

    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    ready: str | tuple[str, ...] = ""
    name: str = MAIN_SERVICE
    port: int = 0
    host: str = _LOCAL
    overlap: bool = True
    watch: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    debugger: int = 0
    counts: Callable[[str], bool] = field(default=lambda _file: True, repr=False, compare=False)

    @property
    def setting(self) -> str:
        """The name of its table in the settings."""
        return "dev" if self.name == MAIN_SERVICE else f"dev.service.{self.name}"

    @property
    def takes_socket(self) -> bool:
        """Whether it gets a socket that listens already."""
        return any("{fd}" in word or word == _BY_SYSTEMD for word in self.command)

    @property
    def is_told_where(self) -> bool:
        """Whether its command says where it is to listen."""
        return self.takes_socket or any("{port}" in word for word in self.command)

    def concerned(self, files: Collection[str]) -> bool:
        """Return whether a change of these files, as paths relative to the project, concerns it."""
        if not files or any(glob_pattern(glob).fullmatch(file) for glob in self.watch for file in files):
            return True
        return (self.name == MAIN_SERVICE or not self.watch) and any(map(self.counts, files))

    def words(self, port: int, debugger: int = 0) -> tuple[str, ...]:
        """Return the command for a start.

        Args:
            port: where it listens on this machine.
            debugger: where its debugger does, if it has one.

        Raises:
            ConfigurationError: it is to run under a debugger, and is no program of Python.
        """
        words = _placed(self.command, port)
        return debugging.debugged(words, debugger, self.environment) if debugger else words

    def variables(self, port: int) -> dict[str, str]:
        """Return the environment for such a start."""
        return {**self.environment, **(dict.fromkeys(_PORTS, str(port)) if self.port else {})}

    def readiness(self, port: int) -> str | tuple[str, ...]:
        """Return what says that such a start is ready."""
        return self.ready.replace("{port}", str(port)) if isinstance(self.ready, str) else _placed(self.ready, port)


def require_program(service: Service) -> None:
    """Check that there is a program to start.

    Raises:
        ConfigurationError: there is none.
    """
    program = shutil.which(service.command[0], path=service.environment.get("PATH"))
    if program is None and not (service.folder / service.command[0]).is_file():
        raise ConfigurationError(
            f"{service.setting}.command: there is no program {service.command[0]!r}",
            hint=f"install it into this environment, or correct `command` in [tool.buildkit.{service.setting}]",
        )


def services_of(
    config: Config,
    environment: Mapping[str, str],
    database: Mapping[str, str],
    *,
    debug: bool = False,
    counts: Callable[[str], bool] = lambda _file: True,
) -> tuple[Service, ...]:
    """Return the services to run for a project: that of `dev.command` first.

    Args:
        config: the project's settings.
        environment: the variables of `invoke dev`; the services get them, with `PORT` and others added.
        database: the variable with the URL of the database; empty if there is none.
        debug: whether they run under a debugger.
        counts: returns whether a file concerns all services that name no files, whoever else names it.

    Raises:
        ConfigurationError: no command is configured, or there is no debugger.
    """
    if debug:
        debugging.require_debugger()
    tables: dict[str, DevConfig | ServiceConfig] = {MAIN_SERVICE: config.dev} if config.dev.command else {}
    tables.update(config.dev.service)
    programs = str(Path(sys.executable).parent)
    surroundings = {
        **environment,
        "PYBUILDKIT_DATA_PATH": str(config.root / config.data.path),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(config.source), environment.get("PYTHONPATH")))),
        "PATH": os.pathsep.join(filter(None, (programs, environment.get("PATH", os.defpath)))),
        "PYTHONUNBUFFERED": "1",
        **database,
    }
    found = tuple(
        Service(
            _with_placeholder(_split(its.command), its.port),
            config.root,
            surroundings,
            _ready(its.ready, its.port),
            name,
            its.port,
            _host(_split(its.command), environment),
            its.overlap,
            its.watch,
            getattr(its, "after", ()),
            debugging.PORT + number if debug else 0,
            counts,
        )
        for number, (name, its) in enumerate(tables.items())
    )
    if not found:
        raise ConfigurationError(
            "dev.command: there is nothing to run",
            hint='[tool.buildkit.dev]\ncommand = ["uvicorn", "app.main:app", "--port", "{port}"]',
        )
    return found


def _split(command: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(shlex.split(command) if isinstance(command, str) else command)


def _placed(words: Sequence[str], port: int) -> tuple[str, ...]:
    return tuple(word.replace("{port}", str(port)).replace("{fd}", str(PASSED)) for word in words)


def _with_placeholder(words: tuple[str, ...], port: int) -> tuple[str, ...]:
    """Put `{port}` where the command names the port that the loop holds: the process listens on one of its own."""
    if not port or any("{port}" in word or "{fd}" in word for word in words):
        return words
    number = re.compile(rf"(^|[:=])(?:{port})$")
    return tuple(number.sub(r"\1{port}", word) if at else word for at, word in enumerate(words))


def _ready(ready: str | tuple[str, ...], port: int) -> str | tuple[str, ...]:
    if isinstance(ready, str) and port:
        return re.sub(rf"^(https?://[^/]*:){port}(?=/|$)", r"\1{port}", ready)
    return ready


def _host(words: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the address that the command wants others to reach it at: this machine, or everybody."""
    for word in (*words, *(environment.get(name, "") for name in _HOSTS)):
        for text, host in _EVERYWHERE.items():
            if word in {text, f"--host={text}"} or word.startswith((f"{text}:", f"--bind={text}:", f"-b{text}:")):
                return host
    return _LOCAL
