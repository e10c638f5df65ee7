"""Makes an empty PostgreSQL cluster for development: by initdb once, as a copy for every further project."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import secrets
import shutil
import tempfile
from pathlib import Path

from buildkit.db import ownership
from buildkit.doors import files, locks, process
from buildkit.errors import DatabaseError

DATABASE = "dev"
"""The database that each new cluster contains."""

account = ownership.account

_SETTINGS = """
# written by buildkit: a development server gives up durability for speed; killed, it loses the last 0.1 s, and after a
# power cut it may be damaged
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
unix_socket_directories = ''
listen_addresses = '127.0.0.1'
jit = off
"""
_PATIENCE = 60.0


def make(home: Path, programs: Path, release: str, account: str | None, cache: Path | None) -> None:
    """Make `home`/data with an empty database, and `home`/password; both appear when they are complete.

    Args:
        home: the server's folder; the caller holds its lock.
        programs: PostgreSQL's programs.
        release: the version of PostgreSQL.
        account: the operating system account that runs the server; None for this user.
        cache: a folder with ready-made clusters to copy, and to keep this one in; may be None.
    """
    for left in home.glob("data.*"):  # by a process that was killed; we hold the lock
        shutil.rmtree(left)
    template = None if cache is None else cache / "postgres" / _template_name(programs, release)
    fresh = Path(tempfile.mkdtemp(prefix="data.", dir=home))
    if template is None or not all(map(ownership.is_own, (template, template / "data", template / "password"))):
        password = secrets.token_urlsafe(24)
        _own(fresh, account)
        _initialise(fresh, programs, release, account, password)
        if template is not None:
            _keep(fresh, template, password)
    else:
        password = (template / "password").read_text()
        shutil.copytree(template / "data", fresh, dirs_exist_ok=True)
        _own(fresh, account)
    files.write(home / "password", password, mode=0o600)
    fresh.rename(home / "data")


def _template_name(programs: Path, release: str) -> str:
    words = "\0".join((str(programs), release, _SETTINGS, *_initdb_options(release)))
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def _initdb_options(release: str) -> tuple[str, ...]:
    # Sorts by code point on every machine, and still knows upper and lower case.
    builtin = int(release.partition(".")[0]) >= 17  # noqa: PLR2004 - the first PostgreSQL that brings its own
    locale = (
        ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C") if builtin else ("--locale=C.UTF-8",)
    )
    return ("--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync", "--wal-segsize=1", *locale)


def _initialise(data: Path, programs: Path, release: str, account: str | None, password: str) -> None:
    options = list(_initdb_options(release))
    with tempfile.NamedTemporaryFile("w", dir=data.parent, prefix="pw.") as secret:
        secret.write(password)
        secret.flush()
        _own(Path(secret.name), account)
        command = [str(programs / "initdb"), f"--pgdata={data}", f"--pwfile={secret.name}"]
        try:
            _program([*command, *options], data.parent, account)
        except DatabaseError:
            if "--locale=C.UTF-8" not in options:
                raise
            options[options.index("--locale=C.UTF-8")] = "--no-locale"  # not every system has that locale
            _program([*command, *options], data.parent, account)
    with (data / "postgresql.conf").open("a") as file:
        file.write(_SETTINGS)
    _program(
        [str(programs / "postgres"), "--single", "-D", str(data), "postgres"],
        data.parent,
        account,
        words=f"CREATE DATABASE {DATABASE}\n",
    )


def _keep(data: Path, template: Path, password: str) -> None:
    """Keep a copy of the new cluster for the next project; the password is written last and marks it as complete."""
    files.make_own_folder(template.parent)
    with contextlib.suppress(locks.Busy), locks.held(template.parent / "lock", wait=_PATIENCE, overtake=False):
        if (template / "password").is_file():
            return
        if template.is_symlink():
            files.remove(template)
        shutil.rmtree(template, ignore_errors=True)
        template.mkdir(mode=0o700)
        shutil.copytree(data, template / "data")
        files.write(template / "password", password, mode=0o600)


def _program(command: list[str], folder: Path, account: str | None, *, words: str = "") -> None:
    try:
        child = process.start(command, folder=folder, stdin=process.PIPE, output=process.PIPE, user=account)
    except OSError as error:
        raise DatabaseError(
            f"{command[0]} cannot be run as {account or 'this user'}: {error.strerror}",
            hint="root hands over to another user, who must be able to reach the program",
        ) from None
    try:
        out, errors = child.communicate(words, _PATIENCE)
    except BaseException:
        process.end(child)
        raise
    if child.returncode:
        raise DatabaseError(
            f"{Path(command[0]).name} ended with {child.returncode}",
            details=(out + errors).splitlines()[-6:],
            hint="see its words above",
        )


def _own(path: Path, account: str | None) -> None:
    """Give `path` and all below it to the account that runs the server."""
    if account is None:
        return
    entry = pwd.getpwnam(account)
    os.chown(path, entry.pw_uid, entry.pw_gid)
    for folder, folders, names in os.walk(path):
        for name in (*folders, *names):
            os.chown(Path(folder, name), entry.pw_uid, entry.pw_gid)
