"""PostgreSQL's servers: one for all tests of a worker, others on request, each a copy of a cluster made once a run."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from buildkit.db import development
from plugins.tools import missing

Serve = Callable[[Path], AbstractContextManager[development.Server]]
"""Starts a server that belongs to a folder, until the context ends; then it is gone with all that it wrote."""


@pytest.fixture(scope="session")
def serve(postgres: Path, run_folder: Path) -> Serve:
    """Start a server of a test's own: to be stopped, restarted, or set up in a way that others must not meet.

    Its cluster is a copy of one that initdb made once for all workers of the run, without fsync.
    """

    from migrating import serving

    return partial(serving, postgres, cache=run_folder)


@pytest.fixture(scope="session")
def server(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[development.Server]:
    """The server of this worker. A test takes databases of its own on it (see `Service`) and leaves its settings."""
    with serve(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="session")
def german(postgres: Path) -> Iterator[Path]:
    """A folder with the locale de_DE.UTF-8, for LOCPATH: the machine's own locales stay as they are."""
    assert postgres.is_dir()
    if shutil.which("localedef") is None:
        missing("locales", "no localedef on PATH")
    if not list(Path("/usr/share/locale/de/LC_MESSAGES").glob("postgres-*.mo")):
        missing("locales", "this PostgreSQL has no German messages")
    with tempfile.TemporaryDirectory(prefix="locales-") as folder:  # pytest's own is closed to the server's user
        Path(folder).chmod(0o755)
        made = subprocess.run(
            ["localedef", "--no-archive", "-i", "de_DE", "-f", "UTF-8", f"{folder}/de_DE.UTF-8"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if made.returncode:
            missing("locales", f"localedef does not make de_DE.UTF-8: {made.stderr.strip()}")
        yield Path(folder)
