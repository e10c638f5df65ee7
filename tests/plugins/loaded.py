"""The programs that tests start most, each loaded once for a worker and forked from then on (see `forked`).

At night, by `--hypothesis-profile nightly`, each is started.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import settings

from buildkit.compile.cython.translator import worker_environment
from buildkit.compile.toolchain import cython_folder
from buildkit.doors import python
from plugins.forked import Forked, Server, at_start

INVOKE = """
import os, sys
def see(event, arguments):
    if event == "subprocess.Popen":
        with open(os.environ["STARTED"], "a") as file:
            file.write(" ".join(map(str, arguments[1])) + "\\n")
sys.addaudithook(see)
from invoke.main import program
program.run(["invoke", *sys.argv[1:]])
"""
"""`invoke`, which notes in a file what it starts itself."""

GATE = """
import sys
sys.path[:] = filter(None, sys.path)  # as that of a program
import json, os, signal
from pathlib import Path
from buildkit.errors import BuildkitError, render
from buildkit.migrate.gate import gate
from buildkit.migrate.discovery import find

def say(line):
    print(line, file=sys.stderr, flush=True)

signal.signal(signal.SIGINT, signal.default_int_handler)  # who starts the tests in the background has it ignored
if os.environ.get("WITHOUT_LIBPQ"):  # as where neither psycopg's wheel nor the system brings one
    from buildkit.migrate.postgres import libpq
    libpq._FOLDERS = libpq._INSTALLED = ()
if os.environ.get("SPEAKS"):  # as a tasks.py may ask for
    import locale
    locale.setlocale(locale.LC_ALL, "")
code = 0
try:
    settings = find(Path.cwd(), **json.loads(os.environ["TIMES"]))
    gate(settings, os.environ.get("DATABASE_URL", ""), say)
except BuildkitError as error:
    say(render(error))
    code = error.exit_code
print(json.dumps(sorted(sys.modules)))
import gc
gc.freeze()  # nobody looks for garbage in what ends
sys.exit(code)
"""
"""The entrypoint's way to migrate: the gate, with the exit codes of the suite; says what it has loaded."""

ROOT = Path(__file__).parents[2]

_TRANSLATOR = """
import sys
path = sys.path[:]
sys.path[:] = [*filter(None, path), *{folders!r}]
import importlib, platform
importlib.import_module("buildkit.compile.cython.worker").quick_start.prepare()
for name in ("Main", "Pipeline", "Options", "ParseTreeTransforms"):
    importlib.import_module("Cython.Compiler." + name)
platform.uname().processor
for name in ("lifting", "written"):
    importlib.import_module("buildkit.compile.sameness." + name)
sys.path[:] = path
"""

_ALEMBIC = """
import contextlib, importlib, sys
path = sys.path[:]
sys.path[:] = filter(None, path)
import buildkit.migrate.child.commands, runpy
import alembic.command, alembic.config
for name in ("psycopg", "psycopg2", "asyncpg"):
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
sys.path[:] = path
"""

_INVOKE = """
from invoke.main import program
import buildkit.tasks
"""

_TRANSLATION = ("buildkit.compile.cython.translator",)
_DATABASE = ("psycopg", "buildkit.migrate.upgrade")

_GATE = """
import sys
path = sys.path[:]
sys.path[:] = filter(None, path)
import buildkit.errors, buildkit.migrate.gate, buildkit.migrate.discovery
sys.path[:] = path
"""

_OF_ALEMBIC = ("alembic", "sqlalchemy", "mako", "markupsafe", "greenlet", "typing_extensions", "tzdata", "tomli")
_DRIVERS = ("psycopg", "psycopg_binary", "psycopg_c", "psycopg_pool", "psycopg2", "asyncpg")


@pytest.fixture(scope="session", autouse=True)
def forking() -> Iterator[None]:
    """The processes that fork, of this worker. Each waits to be asked before it loads anything."""
    if settings.get_current_profile_name() == "nightly":
        yield
        return
    folders = [*dict.fromkeys((str(ROOT), str(Path(cython_folder()).parent), *filter(_is_site, sys.path)))]
    translator = worker_environment(os.environ)
    numbers = itertools.count()
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="loaded-"))  # the path of a socket is short

        def begin(
            command: Sequence[str],
            load: str,
            *others: Server,
            variables: Mapping[str, str] = os.environ,
            hidden: Sequence[str] = (),
            aside: Sequence[str] = (),
        ) -> Server:
            server = Server(command, f"{place}/{next(numbers)}", at_start(variables), hidden)
            stack.enter_context(forking_for(server, load, *others, aside=aside))
            return server

        children = (
            begin(
                python.isolated_command("buildkit.compile.cython.worker", folders),
                _TRANSLATOR.format(folders=folders),
                variables=translator,
            ),
            begin(
                python.module_command("buildkit.migrate.child"),
                _ALEMBIC,
                hidden=(*_OF_ALEMBIC, *_DRIVERS),
            ),
        )
        Forked.servers = [
            *children,
            begin(
                [sys.executable, "-c", INVOKE],
                _INVOKE,
                *children,
                aside=("buildkit.flows.compile", *_TRANSLATION, *_DATABASE),
            ),
            begin([sys.executable, "-c", GATE], _GATE, *children, aside=_DATABASE),
        ]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(subprocess, "Popen", Forked)
            yield
        Forked.servers = ()


@pytest.fixture
def all_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start each process, for a test of how it starts or of whose child it is."""
    monkeypatch.setattr(Forked, "servers", ())


@contextlib.contextmanager
def forking_for(server: Server, load: str, *others: Server, aside: Sequence[str] = ()) -> Iterator[None]:
    """Start the process that forks for a server, until the context ends.

    Args:
        server: what it is to be.
        load: text of Python which loads what the program loads in any case; done when the first run is asked for.
        others: those for what its runs start.
        aside: modules that many runs import; for the others they are not loaded.
    """
    told = {
        "place": server.place,
        "command": server.command,
        "load": load,
        "aside": [*aside],
        "servers": [vars(other) for other in others],
    }
    text = Path(__file__).with_name("forked.py").read_text("utf-8")
    at = server.command.index("-c")
    child = subprocess.Popen(
        [*server.command[: at + 1], text],
        cwd=Path(server.place).parent,
        env={name: text for name, text in os.environ.items() if name not in at_start(os.environ)} | server.variables,
        stdin=subprocess.PIPE,  # it ends with this process, however that ends
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(json.dumps(told).encode() + b"\n")
    child.stdin.flush()
    assert child.stdout.readline() == b"ready\n"
    child.stdout.close()
    try:
        yield
    finally:
        child.stdin.close()
        child.kill()
        child.wait()


def _is_site(entry: str) -> bool:
    return entry.endswith(("site-packages", "dist-packages"))
