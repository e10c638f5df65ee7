"""Processes that are forked from one that has loaded their program, where they would be started and load it first.

Most of the processor's time in a run of the tests went into loading: Invoke, what translates, Alembic, each a thousand
times. What is forked is as real: a process of its own, with the folder, variables, descriptors, session and end that
the started one would have. What is loaded before is what the program loads in any case. Whose environment says how
Python starts is started, and so is each process at night.

This file is also the program of the process that forks (see `main`), and what its runs start goes the same way.
"""

from __future__ import annotations

import builtins
import fcntl
import gc
import importlib
import importlib.machinery
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

USUAL = subprocess.Popen

AT_START = (
    *("PYTHON", "LD_", "LC_", "LANG", "MALLOC", "GLIBC", "TZ", "OPENSSL"),
    *("PSYCOPG", "SQLALCHEMY", "DISABLE_SQLALCHEMY"),
)
"""How the variables begin that a process reads when it starts, or a package when it is loaded."""

SIZE = 8
"""Bytes of a number in an answer."""


def at_start(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a process reads when it starts."""
    return {name: text for name, text in environment.items() if name.startswith(AT_START)}


class Server:
    """A process that has loaded a program, or does so when it is first asked, and forks for each run of it.

    Args:
        command: how the command begins that it stands for: a Python, flags, `-c` and its text, and perhaps more.
        place: its socket.
        variables: those of `AT_START` that it has.
        hidden: names of modules; where the run's folder has something of that name, the run may load it in their place,
            so it is started.
    """

    def __init__(
        self, command: Sequence[str], place: str, variables: Mapping[str, str], hidden: Sequence[str] = ()
    ) -> None:
        self.command = [*command]
        self.place = place
        self.variables = dict(variables)
        self.hidden = [*hidden]

    def fits(self, command: Sequence[str], folder: str, environment: Mapping[str, str]) -> bool:
        """Whether a run that is forked here is as the one that this would start."""
        return (
            [*command[: len(self.command)]] == self.command
            and at_start(environment) == self.variables
            and not (self.hidden and any(name in self.hidden for name in names_in(folder)))
        )


def names_in(folder: str) -> list[str]:
    """Return the names of modules and packages that lie in a folder or in its `src`."""
    found = []
    for place in (folder, f"{folder}/src"):
        for name in os.listdir(place) if os.path.isdir(place) else ():  # noqa: PTH112, PTH208 - pathlib is slow to load
            inner = f"{place}/{name}"
            if not os.path.isdir(inner) or any(each.startswith("__init__.") for each in os.listdir(inner)):  # noqa: PTH112, PTH208
                found.append(name.partition(".")[0])
    return found


class Forked(USUAL):  # type: ignore[type-arg]
    """A `Popen` whose process is forked by the first of `servers` that fits, and started where none does."""

    servers: Sequence[Server] = ()
    _answers: socket.socket | None = None

    def _execute_child(self, *given: Any) -> None:
        usual: Any = USUAL
        told = dict(zip(usual._execute_child.__code__.co_varnames[1:], given, strict=False))
        server = self._server(told)
        if server is None:
            usual._execute_child(self, *given)
            return
        sys.audit("subprocess.Popen", told["args"][0], told["args"], told["cwd"], told["env"])
        pipes = [told[name] for name in ("p2cread", "c2pwrite", "errwrite")]
        places = [0, 1, 2, *told["pass_fds"]]
        question = {
            "folder": os.fspath(told["cwd"] or os.getcwd()),  # noqa: PTH109
            "arguments": told["args"][told["args"].index("-c") + 2 :],
            "environment": dict(os.environ if told["env"] is None else told["env"]),
            "places": places,
            "session": bool(told["start_new_session"]),
        }
        self._answers = socket.socket(socket.AF_UNIX)
        self._answers.connect(server.place)
        text = json.dumps(question).encode() + b"\n"
        passed = [*pipes, *told["pass_fds"]]
        descriptors = [place if each == -1 else each for each, place in zip(passed, places, strict=True)]
        self._answers.sendall(text[socket.send_fds(self._answers, [text], descriptors) :])
        self.pid = self._number()
        self._child_created = True
        ends = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(told[name] for name in ends))  # type: ignore[attr-defined]

    def _server(self, told: Mapping[str, Any]) -> Server | None:
        """Return the server for a run; none has a program of another name, another user or something to do before."""
        plain = not told["shell"] and told["executable"] is None and told["preexec_fn"] is None and told["uid"] is None
        folder = os.fspath(told["cwd"] or os.getcwd())  # noqa: PTH109
        if not (plain and isinstance(told["args"], list) and isinstance(folder, str) and os.path.isdir(folder)):  # noqa: PTH112
            return None
        environment = os.environ if told["env"] is None else told["env"]
        return next((each for each in self.servers if each.fits(told["args"], folder, environment)), None)

    def _number(self) -> int:
        """Return the next number that the server's process for this run sends: first its own, at the end its status."""
        assert self._answers is not None
        said = self._answers.recv(SIZE, socket.MSG_WAITALL)
        return int.from_bytes(said, "big") if said else 9  # whoever waits for it was killed itself

    def _try_wait(self, flags: int) -> tuple[int, int]:
        if self._answers is None:
            return USUAL._try_wait(self, flags)  # type: ignore[attr-defined,no-any-return]
        if flags & os.WNOHANG and not select.select([self._answers], [], [], 0)[0]:
            return 0, 0
        status = self._number()
        self._answers.close()
        return self.pid, status

    def _internal_poll(self, *given: Any, **named: Any) -> int | None:
        if self._answers is None:
            return USUAL._internal_poll(self, *given, **named)  # type: ignore[attr-defined,no-any-return]
        if self.returncode is None and self._waitpid_lock.acquire(False):  # type: ignore[attr-defined]
            try:
                pid, status = (0, 0) if self.returncode is not None else self._try_wait(os.WNOHANG)
                if pid:
                    self._handle_exitstatus(status)  # type: ignore[attr-defined]
            finally:
                self._waitpid_lock.release()  # type: ignore[attr-defined]
        return self.returncode


class Aside:
    """Finds modules that were loaded before for who imports them; until then they count as not loaded.

    A program loads most of its modules where it needs them, and tests look at which those are. So what a run imports
    enters `sys.modules` with all that it imported itself, and nothing else does.
    """

    def __init__(self) -> None:
        self._modules: dict[str, Any] = {}
        self._imported: dict[str, set[str]] = {}
        self._bound: set[str] = set()
        self._specs: dict[str, Any] = {}

    def load(self, names: Sequence[str]) -> None:
        """Load modules and put them aside, with all that is loaded for them."""
        there = set(sys.modules)
        importing: Any = builtins
        usual = importing.__import__

        def noted(name: str, space: Any = None, local: Any = None, parts: Any = (), level: int = 0) -> Any:
            before = len(sys.modules)
            found = usual(name, space, local, parts, level)
            importer = (space or {}).get("__name__", "")
            package = (space or {}).get("__package__") or importer
            above = package.split(".")[: package.count(".") + 2 - level] if level else []
            base = ".".join(filter(None, [*above, name]))
            told = {base, *(f"{base}.{part}" for part in parts or ()), *[*sys.modules][before:]}
            self._imported.setdefault(importer, set()).update(told & sys.modules.keys())
            return found

        importing.__import__ = noted
        try:
            for name in names:
                importlib.import_module(name)
        finally:
            importing.__import__ = usual
        for name in [name for name in sys.modules if name not in there]:
            self._modules[name] = module = sys.modules.pop(name)
            self._specs[name] = getattr(module, "__spec__", None)
            parent, _, child = name.rpartition(".")
            holder = self._modules.get(parent) or sys.modules.get(parent)
            if holder is not None and vars(holder).get(child) is module:
                delattr(holder, child)
                self._bound.add(name)
        sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return a specification by which a module that was put aside is taken from here."""
        del path, target
        loader: Any = self
        return importlib.machinery.ModuleSpec(name, loader) if name in self._modules else None

    def create_module(self, spec: Any) -> Any:
        """Return the module."""
        return self._modules[spec.name]

    def exec_module(self, module: Any) -> None:
        """Let all that the module imported when it was loaded count as loaded too."""
        wanted = [module.__name__]
        while wanted:
            name = wanted.pop()
            known = self._modules.pop(name, None)
            if known is None:
                continue
            known.__spec__ = self._specs[name]
            sys.modules[name] = known
            parent, _, child = name.rpartition(".")
            wanted += [*self._imported.get(name, ()), *([parent] if parent else ())]
            if name in self._bound:
                setattr(self._modules.get(parent) or sys.modules[parent], child, known)


def main() -> None:
    """Fork for each run that comes by the socket, until stdin ends; the process of a run returns with all its own.

    A line of JSON on stdin says the place of the socket, the command that is served, what loads its program, the
    modules to put aside, and the servers for what its runs start.
    """
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(0, 1 << 16)
    told = json.loads(line)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(told["place"])
        listening.listen(64)
        print("ready", flush=True)
        await_run(listening)
        exec(told["load"], {})
        Aside().load(told["aside"])
        gc.collect()
        gc.freeze()
        run = next_run(listening)
    os.chdir(run["folder"])
    os.environ.clear()
    os.environ.update(run["environment"])
    Forked.servers = [Server(**each) for each in told["servers"]]
    subprocess.Popen = Forked  # type: ignore[misc]
    sys.argv[:] = ["-c", *run["arguments"]]
    text = told["command"][told["command"].index("-c") + 1]
    exec(compile(text, "<string>", "exec"), {"__name__": "__main__"})


def next_run(listening: socket.socket) -> Any:
    """Wait for runs; return in the process of each, with its descriptors in their places."""
    while True:
        await_run(listening)
        connection, _ = listening.accept()
        if os.fork():  # the process that waits for the run, so that many may run at once
            connection.close()
            with_no_child_left()
            continue
        listening.close()
        text, descriptors, _, _ = socket.recv_fds(connection, 1 << 20, 64)
        while not text.endswith(b"\n"):
            text += connection.recv(1 << 20)
        run = json.loads(text)
        child = os.fork()
        if child:
            await_end(child, connection, descriptors)
        connection.close()
        put(descriptors, run["places"])
        if run["session"]:
            os.setsid()
        return run


def await_run(listening: socket.socket) -> None:
    """Wait until a run is asked for; end where whoever could ask is gone."""
    sources: list[Any] = [listening, 0]
    if 0 in select.select(sources, [], [])[0]:
        os._exit(0)


def with_no_child_left() -> None:
    """Take away the processes that waited for runs which have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def await_end(child: int, connection: socket.socket, descriptors: Sequence[int]) -> NoReturn:
    """Say which process runs and, when it has ended, how; hold nothing open of what it has."""
    for descriptor in {0, 1, *descriptors}:
        os.close(descriptor)
    try:
        connection.sendall(child.to_bytes(SIZE, "big"))
        connection.sendall(os.waitpid(child, 0)[1].to_bytes(SIZE, "big"))
    except OSError:
        pass  # nobody asks any more
    os._exit(0)


def put(descriptors: Sequence[int], places: Sequence[int]) -> None:
    """Move descriptors to their places, which may be those of others among them."""
    above = max(*places, *descriptors) + 1
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, above) for descriptor in descriptors]
    for descriptor in descriptors:
        os.close(descriptor)
    for descriptor, place in zip(moved, places, strict=True):
        os.dup2(descriptor, place)
        os.close(descriptor)


if __name__ == "__main__":
    main()
