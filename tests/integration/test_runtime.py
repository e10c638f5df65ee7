"""The container's entrypoint: the service takes over, at once and with little, and is asked how it is."""

from __future__ import annotations

import http.server
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from data_service import Service, ended, until

from buildkit.doors import process
from buildkit.doors.clock import Stopwatch

MIGRATIONS = {
    "script_location": "migrations",
    "ini": None,
    "toml": None,
    "versions": ["migrations/versions"],
    "recursive": False,
    "version_table": "alembic_version",
    "version_schema": "",
    "url_env": "DATABASE_URL",
    "metadata": "",
    "wait": 60.0,
    "lock_wait": 60.0,
    "lock_timeout": 5.0,
}


# ------------------------------------------------------------------ the service takes over


@pytest.mark.parametrize("code", [0, 3])
def test_the_service_becomes_the_process_and_its_code_is_ours(made: Service, code: int) -> None:
    child = made.start("--", "sh", "-c", f"echo I am $$; exit {code}")
    assert child.wait() == code
    assert f"I am {child.pid}" in made.log()
    assert "buildkit: data: fresh, generation 000001-" in made.log()
    assert made.log().splitlines()[0].endswith(" ago: starting")


def test_cold_data_is_made_first(service: Service) -> None:
    assert service.start("--", "cat", "data/current/count.txt").wait() == 0
    assert service.log().splitlines()[0] == "buildkit: data: missing: making it before the start"
    assert service.log().endswith("is current\n2")


def test_the_service_is_told_where_the_data_is(made: Service) -> None:
    made.start("--", "sh", "-c", "cat $PYBUILDKIT_DATA_PATH/current/select/0.txt").wait()
    assert made.log().endswith("one")


def test_the_service_gets_the_signals_that_a_new_process_has(made: Service) -> None:
    made.start("--", "grep", "SigIgn", "/proc/self/status").wait()
    ignored = int(made.log().split()[-1], 16)
    assert not ignored & (1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGTERM - 1) | 1 << (signal.SIGINT - 1))


def test_a_command_that_is_not_there_is_named(made: Service) -> None:
    assert made.start("--", "no-such-program").wait() == 127
    assert "buildkit: cannot start no-such-program: No such file or directory" in made.log()


def test_no_command_is_a_usage_error(made: Service) -> None:
    assert made.start().wait() == 2
    assert "hint: python -m buildkit.runtime -- COMMAND..." in made.log()


def test_without_settings_it_says_so(made: Service) -> None:
    assert made.start("--", "true", PYBUILDKIT_RUNTIME="/nowhere.json").wait() == 2
    assert "error: /nowhere.json: No such file or directory" in made.log()


# ------------------------------------------------------------------ what it is given


def test_a_fifo_for_the_state_keeps_no_health_check(made: Service) -> None:
    os.mkfifo(made.root / "fifo")
    child = made.start("--health", "http://127.0.0.1:9", PYBUILDKIT_STATE=str(made.root / "fifo"))
    assert child.wait(20) == 1


def test_settings_nested_without_end_are_words(made: Service) -> None:
    (made.root / "deep.json").write_text("[" * 100_000)
    child = made.start("--", "true", PYBUILDKIT_RUNTIME=str(made.root / "deep.json"))
    assert child.wait(20) == 2
    assert "not the settings of an image" in made.log()
    assert "Traceback" not in made.log()


# ------------------------------------------------------------------ migration


def with_migrations(service: Service) -> None:
    service.start("--health", "http://127.0.0.1:9").wait()
    values = json.loads((service.root / "buildkit.json").read_text())
    (service.root / "migrating.json").write_text(json.dumps({**values, "migrate": MIGRATIONS}))


def test_without_a_database_the_service_starts(made: Service) -> None:
    with_migrations(made)
    child = made.start("--", "echo", "served", PYBUILDKIT_RUNTIME=str(made.root / "migrating.json"))
    assert child.wait() == 0
    assert "buildkit: migrate: DATABASE_URL is not set: starting without a database\nserved" in made.log()


def test_sigterm_while_waiting_for_the_database(made: Service) -> None:
    with_migrations(made)
    (made.root / "migrations/versions").mkdir(parents=True)
    (made.root / "migrations/versions/0001_first.py").write_text('revision = "0001"\ndown_revision = None\n')
    (made.root / "migrations/env.py").touch()
    child = made.start(
        "--",
        "true",
        PYBUILDKIT_RUNTIME=str(made.root / "migrating.json"),
        DATABASE_URL="postgresql://nobody@127.0.0.1:9/none",
    )
    until(lambda: "buildkit: migrate:" in made.log())
    child.terminate()
    assert ended(child) == 143


# ------------------------------------------------------------------ small and quick


def test_the_gate_loads_nothing_but_the_standard_library(made: Service) -> None:
    made.start("--health", "http://127.0.0.1:9").wait()
    root = Path(__file__).parents[2]
    program = f"""
import sys
sys.path.insert(0, {str(root)!r})
import os, json
os.execvp = lambda *_: sys.exit(print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}}))))
from buildkit.runtime.entrypoint import main
main(["--", "true"], os.environ)
"""
    answer = process.run([sys.executable, "-I", "-S", "-c", program], environment=made.environment)
    assert answer.ok, answer.stderr
    loaded = set(json.loads(answer.stdout.splitlines()[-1]))
    assert loaded - set(sys.stdlib_module_names) == {"__main__", "buildkit"}
    assert not loaded & {"asyncio", "http", "logging", "concurrent", "socket", "email"}


def test_ten_thousand_files_add_little_to_a_start(made: Service) -> None:
    program = (
        "import os, pathlib; out = pathlib.Path(os.environ['PYBUILDKIT_DATA_OUT'], 'select');"
        "[(out / f'{n}.txt').write_text('x') for n in range(10000)]"
    )
    made.change_stage("select", run=(sys.executable, "-c", program))
    made.refresh()
    made.start("--", "true").wait()

    def best(*command: str) -> float:
        def once() -> float:
            watch = Stopwatch()
            assert process.run([sys.executable, *command], environment=made.environment).ok
            return watch.seconds

        return min(once() for _ in range(5))

    bare = best("-c", "")
    added = best("-m", "buildkit.runtime", "--", "true") - bare
    assert added < max(0.6, 20 * bare), f"{added:.2f} s; the target is 0.3 s on a quiet machine"


# ------------------------------------------------------------------ health


@pytest.fixture
def port() -> Iterator[int]:
    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/health" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_health_is_what_the_service_answers(made: Service, port: int) -> None:
    assert made.start("--health", f"http://127.0.0.1:{port}/health").wait() == 0
    assert made.start("--health", f"http://127.0.0.1:{port}/broken").wait() == 1
    assert made.start("--health", "http://127.0.0.1:9/health").wait() == 1
    said = made.log().splitlines()
    assert said[0].endswith("/broken: status 503")
    assert "Connection refused" in said[1]
