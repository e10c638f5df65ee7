"""Checks that a development server's folders, process and port belong to this user.

Any user can make a folder with a predictable name, start a process with the right command line, or run a server that
asks for a password. So the owner of each is checked, and no link is followed.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import stat
from pathlib import Path

from buildkit.errors import DatabaseError

_LISTENERS = Path("/proc/net/tcp")
_LISTEN = "0A"
_LOCALHOST = frozenset({"0100007F", "7F000001"})  # 127.0.0.1 as this processor keeps it


def account() -> str | None:
    """Return the account that root switches to, since PostgreSQL refuses to run as root; None for other users."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise DatabaseError("PostgreSQL refuses to run as root, and there is no user `nobody`", hint="run as another user")


def is_own(path: Path) -> bool:
    """Return whether a file or folder is this user's, is no link, and is not writable for everybody."""
    try:
        about = path.lstat()
    except OSError:
        return False
    return not _wrong(about)


def require(folder: Path) -> None:
    """Check that a path is a folder that belongs to this user.

    Raises:
        DatabaseError: it is a link, belongs to another user, or everybody may write to it.
    """
    about = folder.lstat()
    wrong = _wrong(about)
    if wrong:
        raise DatabaseError(
            f"the development server: {folder} {wrong}",
            hint="run as its owner, or remove it; a database of your own is named with DATABASE_URL",
        )


def is_own_process(pid: int) -> bool:
    """Return whether the process is this user's, as far as the system says."""
    try:
        return Path(f"/proc/{pid}").stat().st_uid in _owners()
    except OSError:
        return not Path("/proc/self").exists()


def is_own_port(port: int) -> bool:
    """Return whether this user listens on a port of 127.0.0.1, as far as the system says."""
    try:
        lines = _LISTENERS.read_text("ascii").splitlines()[1:]
    except OSError:
        return True  # not Linux
    for line in lines:
        # number, own address, other address, state, queues, timer, retransmissions, user
        _, address, _, state, _, _, _, user, *_ = line.split()
        host, _, number = address.partition(":")
        if state == _LISTEN and host in _LOCALHOST and int(number, 16) == port:
            return int(user) in _owners()
    return False


def _wrong(about: os.stat_result) -> str:
    if stat.S_ISLNK(about.st_mode):
        return "is a link"
    if about.st_uid not in _owners():
        return f"belongs to user {about.st_uid}"
    return "may be written to by everybody" if about.st_mode & stat.S_IWOTH else ""


def _owners() -> frozenset[int]:
    name = account()
    return frozenset({os.geteuid()} if name is None else {0, pwd.getpwnam(name).pw_uid})
