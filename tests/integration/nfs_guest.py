"""Process 1 of a host that is a kernel of its own (User-mode Linux): mounts an export of NFS, and does what it is told.

    nfs_guest.py NAME ADDRESS SERVER PORT OPTIONS MODULES

Its files are this machine's, seen through hostfs; /run is its own, and /mnt is the export. Each connection to port 7000
brings one line of JSON: `run` starts a command with the connection as its standard input and output, after one line
with its process number; `kill` sends it a signal; `read` and `write` are for files in /run.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

PORT = 7000

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result < 0:
        sys.exit(f"{what}: {os.strerror(ctypes.get_errno())}")


def mount(source: str, place: str, kind: str, options: str = "") -> None:
    """Call mount(2)."""
    given = [each.encode() for each in (source, place, kind, options)]
    _check(_libc.mount(given[0], given[1], given[2], 0, given[3]), f"mount {kind}")


def load(name: str, modules: Path, loaded: set[str]) -> None:
    """Load a module of the kernel after those that it names as needed."""
    if name in loaded:
        return
    loaded.add(name)
    found = next((path for path in modules.rglob("*.ko") if path.stem.replace("-", "_") == name), None)
    if found is None:
        sys.exit(f"no module {name} in {modules}")
    needed = re.search(rb"\0depends=([^\0]*)\0", found.read_bytes())
    for each in needed[1].decode().split(",") if needed else ():
        if each:
            load(each.replace("-", "_"), modules, loaded)
    with found.open("rb") as file:
        result = _libc.syscall(313, file.fileno(), b"", 0)  # finit_module(2); glibc has no name for it
        if result < 0 and ctypes.get_errno() != 17:  # EEXIST
            _check(result, f"load {name}")


def answer(connection: socket.socket) -> None:
    """Do what one connection asks."""
    with connection:
        with connection.makefile("r") as lines:
            order = json.loads(lines.readline() or "{}")  # nothing is what asks whether somebody listens
        if "run" in order:
            subprocess.Popen(
                ["/bin/sh", "-c", 'echo $$; exec "$@"', "sh", *order["run"]],
                cwd=order["folder"],
                env=order["environment"],
                stdin=connection.fileno(),
                stdout=connection.fileno(),
                start_new_session=True,
            )
        elif "kill" in order:
            with contextlib.suppress(ProcessLookupError):
                os.kill(order["kill"], order["signal"])
            while order["signal"] == signal.SIGKILL and Path(f"/proc/{order['kill']}/fd/0").exists():
                time.sleep(0.002)
        elif "write" in order:
            place = Path(order["write"])
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(order["text"])
        elif "read" in order:
            connection.sendall(Path(order["read"]).read_bytes())


def reap() -> None:
    """Take the ends of all that process 1 inherits."""
    while True:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        time.sleep(0.02)


def main(name: str, address: str, server: str, port: str, options: str, modules: str) -> None:
    """Set the host up, say so, and serve."""
    os.environ["PATH"] = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    mount("proc", "/proc", "proc")
    for place in ("/run", "/mnt"):
        mount("tmpfs", place, "tmpfs")
    socket.sethostname(name)
    for words in ("link set lo up", f"addr add {address}/24 dev vec0", "link set vec0 up"):
        subprocess.run(["ip", *words.split()], check=True)
    loaded: set[str] = set()
    for module in ("nfs", "nfsv4"):
        load(module, Path(modules), loaded)
    mount(f"{server}:/data", "/mnt", "nfs4", f"addr={server},clientaddr={address},port={port},{options}")
    threading.Thread(target=reap, daemon=True).start()
    with socket.create_server((address, PORT)) as listening:
        print("serving", flush=True)
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=answer, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
