"""P11: what the clients of a service see while one saves, under `invoke dev` and under what reloads a service else.

    python -m benchmarks dev [--saves 20] [--only NAME…] [--quick]

A client asks every 20 ms, each time on a connection of its own. Each save changes a module that every answer needs; the
next one follows a second after the new code was first heard. Two services: a tiny one, and one whose start takes
seconds as that of a real one does. Peers reload the same service in the same manner of their own. The service notes how
long each of its starts took, from the start of its process to the end of its startup: what is left of the time from a
save to the new code is the tool's own share, and a loaded machine lengthens both. Then the relay: what it adds to a
request, what passes through it, also per second of its own CPU time, and a thousand connections.

It wants `requirements.txt` of this folder. watchexec takes part where it is on PATH. Half an hour on two cores;
`--quick` has two saves of each.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import measure
import psutil
from asking import Client, Met

from buildkit.dev.addresses import Address, Addresses

BIN = Path(sys.executable).parent
PLAIN = """
import contextlib
import os
import time
{heavy}
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from {package}.mark import marker

async def answer(request):
    return PlainTextResponse(marker())

@contextlib.asynccontextmanager
async def noted(app):
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    with open("/proc/self/stat") as file:
        began = int(file.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    with open("starts", "a") as file:
        file.write(f"{{marker()}} {{now - began}}\\n")
    yield

app = Starlette(routes=[Route("/", answer)], lifespan=noted)
"""
HEAVY = "time.sleep(2.0)  # what the imports and the first connections of a real one take"
PYPROJECT = """
[project]
name = "bench"
version = "1"
[tool.buildkit]
packages = ["svc"]
exclude = ["svc/main.py"{exclude}]
[tool.buildkit.dev]
command = ["{python}", "-m", "uvicorn", "svc.main:app", "--port", "{{port}}", "--no-access-log"]
ready = "http://127.0.0.1:{{port}}/"
{settings}
"""
TABLE = (
    "service, tool",
    "saves",
    "refused",
    "failed else",
    "longest wait (s)",
    "over the start (s)",
    "save to new code (s)",
    "own share (s)",
)
RELAY = ("relay", "direct", "through it", "added", "target")


@dataclass(frozen=True)
class Tool:
    """What reloads a service.

    Args:
        name: what the table calls it.
        command: what is run; `{port}` is replaced.
        compiled: whether the module that changes is compiled.
        settings: further lines of [tool.buildkit.dev].
    """

    name: str
    command: Sequence[str]
    compiled: bool = False
    settings: str = ""


def tools() -> Iterator[Tool]:
    """Yield ours, and the peers that this machine has."""
    app = ["svc.main:app", "--port", "{port}", "--no-access-log"]
    invoke = [str(measure.PYTHON), "-m", "invoke", "dev"]
    yield Tool("invoke dev, plain", invoke)
    yield Tool("invoke dev, compiled", invoke, compiled=True)
    yield Tool("invoke dev, overlap = false", invoke, settings="overlap = false")
    yield Tool("uvicorn --reload", [sys.executable, "-m", "uvicorn", *app, "--reload", "--reload-dir", "src"])
    if (BIN / "granian").exists():
        granian = [str(BIN / "granian"), "--interface", "asgi", "svc.main:app", "--port", "{port}"]
        yield Tool("granian --reload", [*granian, "--reload", "--reload-paths", "src"])
    if (BIN / "gunicorn").exists():
        worker = ["-k", "asgi", "-b", "127.0.0.1:{port}"]  # uvicorn's worker is not reloaded: benoitc/gunicorn#2339
        yield Tool("gunicorn --reload", [str(BIN / "gunicorn"), "svc.main:app", *worker, "--reload"])
    words = " ".join([sys.executable, "-m", "uvicorn", *app])
    yield Tool("watchfiles", [sys.executable, "-m", "watchfiles", words, "src"])
    watchexec = shutil.which("watchexec")
    if watchexec:
        yield Tool("watchexec -r", [watchexec, "-r", "-w", "src", "--", sys.executable, "-m", "uvicorn", *app])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--saves", type=int, default=20)
    parser.add_argument("--only", nargs="*", default=[], help="names of tools that have one of these words")
    parser.add_argument("--quick", action="store_true", help="two saves of each")
    options = parser.parse_args()
    saves = 2 if options.quick else options.saves
    rows = []
    with tempfile.TemporaryDirectory(prefix="buildkit-bench-") as place:
        os.environ["PYBUILDKIT_CACHE_DIR"] = f"{place}/cache"
        for service in ("tiny", "real"):
            for number, tool in enumerate(tools()):
                if not options.only or any(word in tool.name for word in options.only):
                    rows.append(saved(service, tool, Path(place, f"{service}{number}"), saves))
    measure.table(rows, TABLE)
    print()
    relayed(200 if options.quick else 2000)


def saved(service: str, tool: Tool, root: Path, saves: int) -> tuple[str, ...]:
    """Run a tool on a service, save again and again, and return its line."""
    port = free_port()
    mark = project(root, service, tool)
    environment = {**os.environ, "PYTHONPATH": f"{root}/src", "PYBUILDKIT_DEV_PORT": str(port)}
    with running([word.format(port=port) for word in tool.command], root, environment) as child:
        met, found = asyncio.run(followed(Client(port, "/"), mark, saves, child))
    starts = started(root)
    times = [each.seconds for each in found]
    shares = [each.seconds - starts[each.words] for each in found]
    over = max((each.longest - starts[each.words] for each in found), default=0)
    other = met.failed - met.outcomes["refused"]
    middle = f"{statistics.median(times):.2f} (to {max(times):.2f})" if times else "never"
    share = (
        f"{statistics.median(shares):.2f} (p95 {sorted(shares)[math.ceil(len(shares) * 0.95) - 1]:.2f})"
        if times
        else ""
    )
    counts = f"{met.outcomes['refused']} of {met.outcomes.total()}"
    waits = (f"{met.longest:.3f}", f"{over:.2f}" if over > 0 else "")
    row = (f"{service}, {tool.name}", str(len(times)), counts, str(other), *waits, middle, share)
    print("  ".join(row), flush=True)
    return row


@dataclass(frozen=True)
class Save:
    """One save.

    Args:
        words: what the service says from then on.
        seconds: from the save to the new code.
        longest: the most seconds that a request took which was answered meanwhile.
    """

    words: str
    seconds: float
    longest: float


async def followed(client: Client, mark: Path, saves: int, child: subprocess.Popen[bytes]) -> tuple[Met, list[Save]]:
    """Save again and again under requests; return what they met, and what came of each save."""
    deadline = time.monotonic() + 60
    while not client.met.seen:
        if child.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"it does not start: {child.args}")
        await client.ask()
        await asyncio.sleep(0.1)
    await asyncio.sleep(2)
    client.met = Met()
    asking = asyncio.create_task(client.run())
    await asyncio.sleep(1)
    found = []
    longest = client.met.longest
    for words in map(str, range(1000, 1000 + saves)):
        client.met.longest = 0
        start = time.monotonic()
        save(mark, words)
        seen = await client.until(words, 60)
        if seen is None:  # nor would it see the next one
            break
        await asyncio.sleep(1)
        found.append(Save(words, seen - start, client.met.longest))
    client.stop()
    await asking
    client.met.longest = max([longest, client.met.longest, *(each.longest for each in found)])
    return client.met, found


def project(root: Path, service: str, tool: Tool) -> Path:
    """Write the service; return the module that is saved."""
    package = root / "src" / "svc"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "main.py").write_text(PLAIN.format(heavy=HEAVY if service == "real" else "", package="svc"))
    (package / "mark.py").write_text('def marker() -> str:\n    return "start"\n')
    (root / "tasks.py").write_text(measure.OUR_TASKS)
    exclude = "" if tool.compiled else ', "svc/mark.py"'
    (root / "pyproject.toml").write_text(
        PYPROJECT.format(python=sys.executable, exclude=exclude, settings=tool.settings)
    )
    return package / "mark.py"


def save(mark: Path, words: str) -> None:
    mark.write_text(f'def marker() -> str:\n    return "{words}"\n')


def started(root: Path) -> dict[str, float]:
    """Return how long each start of the service took, by what it says; the first one of those that say the same."""
    lines = [line.split() for line in (root / "starts").read_text().splitlines()]
    return {words: float(seconds) for words, seconds in reversed(lines)}


@contextlib.contextmanager
def running(command: Sequence[str], root: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with Path(root, "log").open("ab") as log:
        child = subprocess.Popen(
            command, cwd=root, env=dict(environment), stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGINT)
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
BULK = b"GET /bulk HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKS = b"GET /chunks HTTP/1.1\r\nHost: localhost\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ROUNDS, WAYS = 3, ("direct", "through")
UNREAD = socket.MSG_TRUNC if sys.platform == "linux" else 0  # counted, not copied: a client that costs little
BIG = 800_000_000
CHUNK = 65536
PEER = f"""
import socket, threading
bulk = memoryview(bytes(1 << 20))
chunks = memoryview((b"{CHUNK:x}\\r\\n" + bytes({CHUNK}) + b"\\r\\n") * 16)
def serve(client):
    with client:
        while asked := client.recv(65536):
            body = chunks if asked.startswith(b"GET /chunks") else bulk
            if b" / " in asked:
                client.sendall({ANSWER!r})
                continue
            head = b"Transfer-Encoding: chunked" if body is chunks else b"Content-Length: %d" % (1 << 40)
            client.sendall(b"HTTP/1.1 200 OK\\r\\n" + head + b"\\r\\n\\r\\n")
            try:
                while True:
                    client.sendall(body)
            except OSError:
                return
listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


def relayed(rounds: int) -> None:
    """Print what the relay adds to a request, what passes through it, and how it serves a thousand at once."""
    peer = subprocess.Popen([sys.executable, "-c", PEER], stdout=subprocess.PIPE, text=True)
    addresses = Addresses(hold=30)
    try:
        port, front = int((peer.stdout or sys.stdin).readline()), free_port()
        addresses.take({"peer": Address("127.0.0.1", front, "dev.port")})
        addresses.serve("peer", 1, port)
        times = measure.in_turns(rounds, direct=lambda: fresh(port), through=lambda: fresh(front))
        with (
            socket.create_connection(("127.0.0.1", port)) as one,
            socket.create_connection(("127.0.0.1", front)) as other,
        ):
            kept = measure.in_turns(rounds, direct=lambda: asked(one), through=lambda: asked(other))
        (relay,) = (each for each in psutil.Process().children() if each.pid != peer.pid)
        before = cpu_seconds(relay)
        bulk = measure.in_turns(ROUNDS, direct=lambda: fetched(port, BULK), through=lambda: fetched(front, BULK))
        chunks = measure.in_turns(ROUNDS, direct=lambda: fetched(port, CHUNKS), through=lambda: fetched(front, CHUNKS))
        passed = 2 * (ROUNDS + 1) * BIG / (cpu_seconds(relay) - before) / 1e6
        many = measure.in_turns(ROUNDS, direct=lambda: at_once(port), through=lambda: at_once(front))
    finally:
        addresses.close()
        peer.kill()
        peer.wait()
    measure.table(
        [
            compared("a request on its own connection, p50", times, 1000, "ms", "≤ 0.2 ms"),
            compared("a request on a kept one, p50", kept, 1000, "ms", "≤ 0.2 ms"),
            compared("a thousand connections, all answered", many, 1000, "ms", ""),
            ("bulk", *(f"{speed(bulk[way]):.0f} MB/s" for way in WAYS), "", "≥ 300 MB/s"),
            ("in chunks", *(f"{speed(chunks[way]):.0f} MB/s" for way in WAYS), "", "≥ 300 MB/s"),
            ("both, by a second of the relay's CPU", "", f"{passed:.0f} MB", "", ""),
        ],
        RELAY,
    )


def cpu_seconds(program: psutil.Process) -> float:
    spent = program.cpu_times()
    return float(spent.user + spent.system)


def compared(what: str, times: Mapping[str, list[float]], factor: float, unit: str, target: str) -> tuple[str, ...]:
    direct, through = (statistics.median(times[way]) * factor for way in WAYS)
    return what, f"{direct:.3f} {unit}", f"{through:.3f} {unit}", f"{through - direct:.3f} {unit}", target


def speed(seconds: Sequence[float]) -> float:
    return BIG / statistics.median(seconds) / 1e6


def fresh(port: int) -> float:
    start = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(ASK)
        client.recv(4096)
    return time.perf_counter() - start


def asked(client: socket.socket) -> float:
    start = time.perf_counter()
    client.sendall(ASK)
    client.recv(4096)
    return time.perf_counter() - start


def fetched(port: int, ask: bytes) -> float:
    room = bytearray(1 << 20)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(ask)
        start, left = time.perf_counter(), BIG
        while left > 0:
            left -= client.recv_into(room, len(room), UNREAD)
        return time.perf_counter() - start


def at_once(port: int) -> float:
    start = time.perf_counter()
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(1000)]
    for each in clients:
        each.sendall(ASK)
    for each in clients:
        each.recv(4096)
        each.close()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
