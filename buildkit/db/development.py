"""A PostgreSQL for development that starts by itself: one server a project, started once, then used by all commands.

It listens on 127.0.0.1 with a password that only its owner can read. A server of another user is never adopted:
folders, process and port must all be this user's, or those of the account that root hands the server to. A socket would
spare 5 of the 19 ms that a connection takes (measured beside each other on a busy machine), but not every driver takes
one, and its path may have 107 bytes at most. It gives up durability for speed: killed, it loses the last 0.1 s of what
was committed; after a power cut, throw its folder away.

    <project>/.buildkit/postgres/<major>/data       the cluster
    <project>/.buildkit/postgres/<major>/password   of the role `postgres`, mode 0600
    <project>/.buildkit/postgres/<major>/log        the server's words
    <project>/.buildkit/postgres/<major>/copies.json, copies.lock    its databases: see `copies`
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from buildkit.db import cluster, ownership
from buildkit.db.programs import find_programs, version
from buildkit.doors import files, locks, ports, process
from buildkit.errors import DatabaseError
from buildkit.model import WORK

__all__ = ["Server", "ensure", "find_programs", "lives", "running", "stop", "was_stopped"]

_HINT = 'pip install "invoke-buildkit[postgres]", or name a folder with PYBUILDKIT_POSTGRES'
_READY = 30.0
_STOP = 10.0
_ELSEWHERE = "postgres.place"
_LOSES_LITTLE = ("-c", "wal_writer_delay=30ms")
"""With `synchronous_commit = off` a crash loses what was committed within three of these (see PostgreSQL's manual)."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running development server.

    Args:
        home: its folder.
        port: its port on 127.0.0.1.
        pid: the process number of the postmaster.
        password: the password of the role `postgres`.
        started: whether it was started just now.
    """

    home: Path
    port: int
    pid: int
    password: str = field(repr=False)
    started: bool = False

    @property
    def url(self) -> str:
        """The URL of its database `dev`, with the password."""
        return self.url_of(cluster.DATABASE)

    def url_of(self, database: str) -> str:
        """Return the URL of one of its databases, with the password."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"


def ensure(project: Path, environment: Mapping[str, str], *, cache: Path | None = None) -> Server:
    """Return the project's development server, started if it does not run.

    Args:
        project: the project's folder.
        environment: the variables that tell where PostgreSQL's programs are.
        cache: a folder for a ready-made empty cluster that all projects of this user copy.

    Raises:
        DatabaseError: there are no programs, or the server does not start.
    """
    found = running(project)
    if found is not None:
        return found
    programs = find_programs(environment)
    if programs is None:
        raise DatabaseError("no database is named, and there is no PostgreSQL to start one with", hint=_HINT)
    release = version(programs)
    account = ownership.account()
    home = _place(project, account) / release.partition(".")[0]
    files.make_own_folder(home)
    ownership.require(home)
    if account is not None:  # it has to pass through, whatever the umask
        for folder in (home, home.parent):
            folder.chmod(0o711)
    try:
        with locks.held(home / "lock", overtake=False):
            found = _alive(home)
            if found is not None:
                return found
            if not (home / "data").is_dir():
                cluster.make(home, programs, release, account, cache)
            _clear_stale(home / "data")
            return _start(home, programs, account)
    except locks.Busy as busy:
        raise DatabaseError(
            f"the development server is being started by another command: {busy}", hint="let it go on, or end it"
        ) from None


def running(project: Path) -> Server | None:
    """Return the project's server if one runs, whatever its version; reads five small files at most."""
    for place in _places(project):
        if not ownership.is_own(place):
            continue
        for home in sorted(place.glob("[0-9]*"), reverse=True):
            found = _alive(home)
            if found is not None:
                return found
    return None


def lives(server: Server) -> bool:
    """Return whether this very process still serves."""
    if _serves(server.pid, server.home / "data"):
        return True
    _reap(server.pid)
    return False


def was_stopped(server: Server) -> bool:
    """Return whether a server that ended was asked to: a killed one leaves its postmaster.pid."""
    return not (server.home / "data" / "postmaster.pid").exists()


def homes(project: Path) -> list[Path]:
    """Return the folders of the project's servers, the newest version first, whether one runs or not."""
    found = [home for place in _places(project) if ownership.is_own(place) for home in place.glob("[0-9]*")]
    return sorted(found, key=lambda home: int(home.name) if home.name.isdecimal() else 0, reverse=True)


def stop(project: Path) -> bool:
    """Stop the project's server, and wait until it is gone; return whether one ran."""
    found = running(project)
    if found is None:
        return False
    for number in (signal.SIGINT, signal.SIGQUIT):  # PostgreSQL's fast, then immediate shutdown
        with contextlib.suppress(ProcessLookupError):
            os.kill(found.pid, number)
        deadline = time.monotonic() + _STOP
        while time.monotonic() < deadline:
            if not _serves(found.pid, found.home / "data"):
                _reap(found.pid)
                return True
            time.sleep(0.01)
    raise DatabaseError(f"the development server (pid {found.pid}) does not stop", hint=f"see {found.home / 'log'}")


def _alive(home: Path) -> Server | None:
    """Return the server that postmaster.pid names, if it really serves this folder and accepts connections."""
    mark, secret = home / "data" / "postmaster.pid", home / "password"
    if not all(map(ownership.is_own, (home, home / "data", mark, secret))):
        return None
    try:
        lines = mark.read_text().splitlines()
        password = secret.read_text().strip()
    except OSError:
        return None
    # pid, data folder, start, port, socket folder, address, shared memory, status
    if len(lines) < 8 or lines[7].strip() != "ready" or not _serves(int(lines[0]), home / "data"):  # noqa: PLR2004
        return None
    if not ownership.is_own_port(int(lines[3])):
        return None
    return Server(home, int(lines[3]), int(lines[0]), password)


def _serves(pid: int, data: Path) -> bool:
    """Whether process `pid` is the postmaster of `data`: the number may have been reused by another process."""
    if not ownership.is_own_process(pid):
        return False
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        if Path("/proc/self").exists():
            return False
        words = process.run(["ps", "-o", "command=", "-p", str(pid)]).stdout.encode()
    return os.fsencode(data) in words


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _places(project: Path) -> tuple[Path, ...]:
    """Return the folders that may hold the project's servers: one in the project, one that other users can reach."""
    inside = project.resolve() / WORK / "postgres"
    mark = inside.with_name(_ELSEWHERE)
    if not ownership.is_own(mark):
        return (inside,)
    try:
        outside = Path(mark.read_text("utf-8").strip())
    except (OSError, UnicodeDecodeError):
        return (inside,)
    return inside, outside


def _place(project: Path, account: str | None) -> Path:
    """Return the folder for the project's server, which is made if it is missing.

    A folder that other users can reach has a random name, which the project keeps.
    """
    inside = project.resolve() / WORK / "postgres"
    files.make_own_folder(inside.parent)
    files.write_gitignore(inside.parent)
    if account is None or _reachable(inside):
        files.make_own_folder(inside)
        ownership.require(inside)
        return inside
    mark = inside.with_name(_ELSEWHERE)
    with locks.held(mark.with_suffix(".lock")):
        known = _places(project)[1:]
        if known and ownership.is_own(known[0]):
            return known[0]
        outside = Path(tempfile.mkdtemp(prefix="buildkit-postgres-"))
        files.write(mark, f"{outside}\n", mode=0o600)
    return outside


def _reachable(folder: Path) -> bool:
    """Whether every user may pass through all folders above `folder`."""
    return all(parent.stat().st_mode & 0o001 for parent in folder.parents if parent.exists())


def _clear_stale(data: Path) -> None:
    """Delete the postmaster.pid of a server that is gone.

    PostgreSQL does so itself unless the number is still in use, by a zombie or by another process. Should the server's
    children still run, PostgreSQL notices by their shared memory, with or without the file.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        _reap(pid)
        if not _serves(pid, data):
            files.remove(data / "postmaster.pid")


def _start(home: Path, programs: Path, account: str | None) -> Server:
    data = home / "data"
    deadline = time.monotonic() + _READY
    free = _free_ports(home)
    while free:
        port = free[0]
        log = os.open(home / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            child = process.start(
                [str(programs / "postgres"), "-D", str(data), "-p", str(port), *_LOSES_LITTLE],
                folder=home,
                output=log,
                user=account,
            )
        finally:
            os.close(log)
        while child.poll() is None and time.monotonic() < deadline:
            found = _alive(home)
            if found is not None and found.pid == child.pid:
                child.returncode = 0  # it goes on without us; nothing to wait for
                return Server(home, found.port, found.pid, found.password, started=True)
            time.sleep(0.005)
        words = (home / "log").read_text(errors="replace").splitlines()
        process.end(child)
        if any("could not bind" in line for line in words):
            del free[0]
        elif any("still in use" in line for line in words) and time.monotonic() < deadline:
            time.sleep(0.1)  # the last processes of a server that was killed
        else:
            raise DatabaseError(
                "the development server does not start",
                details=words[-6:],
                hint=f"remove {home} to begin with an empty database",
            )
    raise DatabaseError("the development server finds no free port", hint="see what listens on 127.0.0.1")


def _free_ports(home: Path) -> list[int]:
    """Return ports to try: first the project's own, always the same, so that a client's saved settings stay valid."""
    own = ports.OWN[int.from_bytes(hashlib.sha256(os.fsencode(home)).digest()[:4], "big") % len(ports.OWN)]
    return [port for port in map(ports.free, (own, 0, 0, 0)) if port is not None]
