"""Whether a command starts and its health check passes: what a container tries, tried here, and how it is judged."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from buildkit.doors import process
from buildkit.image import inside, trial
from buildkit.image.point import Point

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="a container has /proc, this machine not")

SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response({"/health": 200, "/sick": 503}.get(self.path, 404))
        self.end_headers()
    def log_message(self, *words): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
WORKER = "import time; print('waiting for work', flush=True); time.sleep(60)"


def python(text: str, *words: object) -> list[str]:
    return [sys.executable, "-c", text, *map(str, words)]


def asks(port: int, path: str = "/health") -> list[str]:
    return [sys.executable, "-m", "buildkit.runtime", "--health", f"http://127.0.0.1:{port}{path}"]


def tried(command: Sequence[str], test: Sequence[str] = (), seconds: float = 15.0) -> trial.Trial:
    """Run the file as a container does: by its text, with one argument."""
    given = {"command": list(command), "test": list(test), "seconds": seconds, "settling": 1.0, "grace": 0.5}
    text = Path(inside.__file__).read_text()
    answer = process.run([sys.executable, "-I", "-c", text, json.dumps(given)], timeout=60)
    assert answer.ok, answer.stderr
    return trial.of(json.loads(answer.stdout))


def verdict(point: Point) -> str:
    return "wrong" if point.wrong else "not yet" if point.absent else "holds"


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number: int = server.getsockname()[1]
        return number


def test_a_service_that_answers_holds(port: int) -> None:
    seen = tried(python(SERVER, port), asks(port))
    assert (trial.starts(seen), verdict(trial.healthy(seen, ["ask"], []))) == (
        Point("command starts", found=f"it runs, and listens on {port}"),
        "holds",
    )


def test_a_path_that_the_service_does_not_have_is_wrong(port: int) -> None:
    seen = tried(python(SERVER, port), asks(port, "/healthz"))
    assert verdict(trial.starts(seen)) == "holds"
    for gates in ([], ["migrate"]):
        point = trial.healthy(seen, ["ask"], gates)
        assert point.wrong.startswith(f"it listens on {port}, and the check fails: ")
        assert point.wrong.endswith("/healthz: status 404")


def test_a_port_that_the_service_does_not_have_is_wrong(port: int) -> None:
    seen = tried(python(SERVER, port), asks(1))
    assert f"it listens on {port}, and the check fails" in trial.healthy(seen, ["ask"], []).wrong


def test_a_service_that_says_that_it_is_not_well_may_be_elsewhere(port: int) -> None:
    seen = tried(python(SERVER, port), asks(port, "/sick"))
    assert verdict(trial.healthy(seen, ["ask"], [])) == "not yet"


def test_a_worker_with_a_check_by_http_never_holds(port: int) -> None:
    seen = tried(python(WORKER), asks(port), seconds=2.0)
    assert verdict(trial.starts(seen)) == "holds"
    alone, gated = trial.healthy(seen, ["ask"], []), trial.healthy(seen, ["ask"], ["migrate"])
    assert (verdict(alone), verdict(gated)) == ("wrong", "not yet")
    assert 'a worker has no path to ask: health = "file:/tmp/alive"' in alone.wrong
    assert alone.wrong == gated.found


def shows(*words: object) -> list[str]:
    return [sys.executable, "-m", "buildkit.runtime", *map(str, words)]


def test_a_worker_that_touches_its_file_is_well(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    test = shows("--health-file", alive, 60)
    seen = tried(python(f"import pathlib; pathlib.Path({str(alive)!r}).touch()\n{WORKER}"), test)
    assert verdict(trial.healthy(seen, test, [])) == "holds"


def test_a_worker_that_shows_no_life_without_its_network_may_elsewhere(tmp_path: Path) -> None:
    test = shows("--health-file", tmp_path / "alive", 60)
    point = trial.healthy(tried(python(WORKER), test, seconds=1.0), test, [])
    assert verdict(point) == "not yet"
    assert point.found.endswith(f"{tmp_path / 'alive'}: No such file or directory")


def test_a_worker_whose_check_is_no_program_is_wrong() -> None:
    test = shows("--health-command", "no-such-program", "ping")
    point = trial.healthy(tried(python(WORKER), test, seconds=1.0), test, ["migrate"])
    assert point.wrong.endswith("cannot start no-such-program: No such file or directory")


def test_a_worker_without_a_check_holds_once_it_is_at_rest() -> None:
    seen = tried(python(WORKER), seconds=60.0)
    assert (seen.ended, seen.said) == (None, ("waiting for work",))
    assert verdict(trial.starts(seen)) == "holds"


def test_a_command_is_not_called_started_while_it_still_works_on_it() -> None:
    late = (
        "import time; end = time.process_time() + 2.5\nwhile time.process_time() < end: pass\nimport not_in_the_image"
    )
    seen = tried(python(late), seconds=60.0)
    assert "No module named 'not_in_the_image'" in trial.starts(seen).wrong


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ([sys.executable, "-m", "not_in_the_image"], "it ends with 1: "),
        ([sys.executable, "/not/there.py"], "can't open file"),
        (["/not/there"], "it ends with 127: /not/there: No such file or directory"),
        (["sh", "-c", "exit 126"], "it ends with 126: nothing was said"),
    ],
)
def test_what_cannot_start_anywhere_is_wrong(command: list[str], words: str) -> None:
    seen = tried(command, ["true"] if command[0] == "/not/there" else [])
    assert words in trial.starts(seen).wrong
    assert verdict(trial.healthy(seen, ["ask"], [])) == "not yet"


def test_what_lacks_its_database_is_not_called_wrong_and_does_not_hold(port: int) -> None:
    seen = tried(python("raise SystemExit('no server answers at db:5432')"), asks(port))
    point = trial.starts(seen)
    assert verdict(point) == "not yet"
    assert point.found == "without network, database and data it ends with 1: no server answers at db:5432"
    assert verdict(trial.healthy(seen, ["ask"], ["migrate"])) == "not yet"


def test_a_command_that_comes_to_its_end_has_nothing_to_ask(port: int) -> None:
    seen = tried(python("print('done')"), asks(port))
    assert trial.starts(seen) == Point("command starts", found="it ran to its end")
    assert verdict(trial.healthy(seen, ["ask"], [])) == "wrong"


@pytest.mark.parametrize(
    ("test", "command"),
    [
        (["CMD", "ask", "me"], ["ask", "me"]),
        (["CMD-SHELL", "ask || exit 1"], ["/bin/sh", "-c", "ask || exit 1"]),
        (["NONE"], []),
        ([], []),
    ],
)
def test_a_check_is_run_as_the_engine_would(test: list[str], command: list[str]) -> None:
    assert trial.as_command(test) == command


def test_what_a_command_says_moves_no_cursor() -> None:
    seen = tried(python("print('\\x1b[2J' + 'x' * 9); raise SystemExit(3)"))
    assert seen.said == ("\N{REPLACEMENT CHARACTER}[2Jxxxxxxxxx",)
