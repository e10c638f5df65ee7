"""One export of NFS and hosts that mount it, each with a kernel and so with caches of its own; all on this machine.

The server is NFS-Ganesha. A host is User-mode Linux: Debian's own kernel as a process, with the client of NFS that the
machine's kernel need not have. They meet on addresses that no other machine sees. All of it needs root.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from nfs_guest import PORT

from buildkit.doors import process

LINUX, SERVER = "linux.uml", "ganesha.nfsd"
MODULES = Path("/usr/lib/uml/modules")
OPTIONS = "vers=4.2"
"""As `mount` takes them: caches as long as they are by default, which is up to a minute."""

MACHINE = ("root=/dev/root", "rootfstype=hostfs", "rootflags=/", "rw", "mem=512M")

CONFIG = """
NFS_CORE_PARAM {{ Protocols = 4; Bind_addr = {address}; Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = none; }}
NFSV4 {{ Graceless = true; Minor_Versions = 1, 2; Only_Numeric_Owners = true;
  RecoveryBackend = fs; RecoveryRoot = {state}; }}
EXPORT {{ Export_Id = 1; Path = {folder}; Pseudo = /data; Access_Type = RW; Squash = No_Root_Squash; SecType = sys;
  Protocols = 4; FSAL {{ Name = VFS; }} }}
"""


def program(name: str) -> str:
    """Return where a program is; empty if it is not there."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") or ""


def starts_no_process(place: Path) -> bool:
    """Return whether User-mode Linux cannot start a process on this processor.

    That of Debian 12 has room for so many registers; where the processor has more (AMX) it can set none, and its first
    process dies. No package mends that, and the console does not always come to say so.

    Args:
        place: a folder to try it in.
    """
    if "amx_tile" not in Path("/proc/cpuinfo").read_text():
        return False
    init, sign = place / "init", place / "lives"
    init.write_text(f"#!/bin/sh\necho yes > {sign}\n")
    init.chmod(0o755)
    process.run([program(LINUX), *MACHINE, "con=null", f"init={init}"], timeout=60)
    return not sign.exists()


class Host:
    """A host that has mounted the export at /mnt."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address
        self._connections: list[IO[str] | socket.socket] = []

    def order(self, **what: object) -> socket.socket:
        """Let it do one thing; return the connection."""
        connection = socket.create_connection((self.address, PORT), timeout=60)
        connection.settimeout(None)  # the test has a time limit
        connection.sendall(json.dumps(what).encode() + b"\n")
        return connection

    def run(self, command: Sequence[str], folder: str, environment: Mapping[str, str]) -> tuple[int, IO[str], IO[str]]:
        """Start a command there; return its number, its standard input and its standard output."""
        connection = self.order(run=list(command), folder=folder, environment=dict(environment))
        self._connections += [connection, answers := connection.makefile("r", encoding="utf-8")]
        self._connections += [orders := connection.makefile("w", encoding="utf-8")]
        return int(answers.readline()), orders, answers

    def kill(self, pid: int, number: int = signal.SIGKILL) -> None:
        """Send a signal to what `run` started; after SIGKILL wait for its end."""
        self._finished(kill=pid, signal=int(number))

    def write(self, place: str, text: str) -> None:
        """Write a file there."""
        self._finished(write=place, text=text)

    def read(self, place: str) -> str:
        """Return what a file there holds."""
        return self._finished(read=place)

    def close(self) -> None:
        """Let go of all that was started; it is still there."""
        for each in reversed(self._connections):
            with contextlib.suppress(OSError):
                each.close()

    def _finished(self, **what: object) -> str:
        with self.order(**what) as connection, connection.makefile("r", encoding="utf-8") as lines:
            return lines.read()


@contextlib.contextmanager
def hosts(place: Path, folder: Path, names: Sequence[str]) -> Iterator[list[Host]]:
    """Export `folder` and start hosts that mount it.

    Args:
        place: for logs and the server's state.
        folder: what is exported.
        names: of the hosts.

    Raises:
        PermissionError: this user may not make network interfaces.
    """
    net = f"10.213.{os.getpid() % 250}"
    with contextlib.ExitStack() as stack:
        taps = [
            stack.enter_context(_interface(f"bk{os.getpid()}{at}", f"{net}.1", f"{net}.{at + 2}"))
            for at in range(len(names))
        ]
        stack.enter_context(_server(place, folder, f"{net}.1"))
        found = [Host(name, f"{net}.{at + 2}") for at, name in enumerate(names)]
        for host, tap in zip(found, taps, strict=True):
            stack.enter_context(_kernel(place, host, tap, f"{net}.1"))
            stack.callback(host.close)
        for host in found:
            _until_listening(host.address, PORT, place)
        yield found


@contextlib.contextmanager
def _interface(name: str, own: str, peer: str) -> Iterator[str]:
    def ip(*arguments: str) -> None:
        done = process.run(["ip", *arguments])
        if not done.ok:
            raise PermissionError(f"ip {' '.join(arguments)}: {done.stderr}")

    ip("tuntap", "add", "dev", name, "mode", "tap")
    try:
        ip("addr", "add", own, "peer", peer, "dev", name)
        ip("link", "set", name, "up")
        yield name
    finally:
        ip("link", "del", name)


@contextlib.contextmanager
def _server(place: Path, folder: Path, address: str) -> Iterator[None]:
    state = place / "state"
    state.mkdir()
    Path("/run/ganesha").mkdir(exist_ok=True)
    config = place / "ganesha.conf"
    config.write_text(CONFIG.format(address=address, state=state, folder=folder))
    with (place / "server.out").open("w") as out:
        child = process.start(
            [program(SERVER), "-F", "-f", str(config), "-L", str(place / "server.log"), "-p", str(place / "pid")],
            output=out.fileno(),
        )
    try:
        _until_listening(address, 2049, place)
        yield
    finally:
        process.end(child, 2)


@contextlib.contextmanager
def _kernel(place: Path, host: Host, tap: str, server: str) -> Iterator[None]:
    release = next(MODULES.iterdir())
    guest = [sys.executable, "-B", str(Path(__file__).with_name("nfs_guest.py"))]
    init = place / f"{host.name}.init"
    init.write_text(
        f"#!/bin/sh\nexec {' '.join(guest)} {host.name} {host.address} {server} 2049 {OPTIONS} {release} "
        f">{place}/{host.name}.out 2>&1\n"
    )
    init.chmod(0o755)
    with (place / f"{host.name}.log").open("w") as log:
        child = process.start(
            [
                program(LINUX),
                *MACHINE,
                "con=null",
                f"uml_dir={place}/{host.name}",
                f"vec0:transport=tap,ifname={tap}",
                f"init={init}",
            ],
            output=log.fileno(),
        )
    try:
        yield
    finally:
        process.end(child, 0)


def _until_listening(address: str, port: int, place: Path, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=2):
            return
        logs = "\n".join(
            path.read_text(errors="replace")[-3000:] for path in place.iterdir() if path.suffix in {".log", ".out"}
        )
        assert time.monotonic() < deadline, f"nobody listens at {address}:{port}\n{logs}"
        time.sleep(0.1)
