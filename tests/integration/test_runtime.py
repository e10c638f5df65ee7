"""The container's entrypoint: gates, then the service; a signal ends all of it at any moment."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import data_service
import pytest
from data_service import Service, until

from buildkit.doors import process
from buildkit.doors.clock import Stopwatch

SLEEPER = ("sleep", "60")
SERVE = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("serving", flush=True)
time.sleep(60)
"""
POLITE = (sys.executable, "-c", SERVE)
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


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = data_service.make(tmp_path / "service")
    yield made
    made.close()


@pytest.fixture
def made(service: Service) -> Service:
    service.refresh()
    service.runs()
    return service


def change_input(service: Service) -> None:
    (service.root / "in/a.txt").write_text("other\n")


def ended(child: process.Child, within: float = 2.0) -> int:
    """Return the exit code of a child that was asked to end, and had to be quick."""
    watch = Stopwatch()
    code = child.wait(10)
    assert watch.seconds < within
    return code


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


# ------------------------------------------------------------------ policies


def test_a_failing_stage_keeps_the_service_from_starting(service: Service) -> None:
    service.change_stage("select", run=("sh", "-c", "echo broken; exit 5"))
    assert service.start("--", "echo", "served").wait() == 31
    assert "error: stage select: exit code 5\n  broken\n" in service.log()
    assert "served" not in service.log()


def test_policy_block_renews_before_the_start(made: Service) -> None:
    change_input(made)
    assert made.start("--", "cat", "data/current/read/all.txt", PYBUILDKIT_DATA_POLICY="block").wait() == 0
    assert made.log().endswith("other\n")


def test_policy_fail_leaves_it_to_another(made: Service) -> None:
    change_input(made)
    assert made.start("--", "true", PYBUILDKIT_DATA_POLICY="fail").wait() == 30
    assert f"data in {made.pipeline.folder}: inputs changed (stage read, input changed: in/a.txt)" in made.log()
    assert made.runs() == []


def test_old_data_is_served_while_the_new_is_made_beside(made: Service) -> None:
    change_input(made)
    made.hold("select")
    child = made.start(
        "--",
        "sh",
        "-c",
        "cat data/current/count.txt; echo; until grep -q other data/current/read/all.txt; do sleep 0.05; done; exit 4",
    )
    until(lambda: "\n2\n" in made.log() and "select is at work" in made.log())
    made.let_go("select")
    assert child.wait() == 4
    assert "starting, and renewing it beside the service (policy serve-stale)" in made.log()


def test_a_renewal_that_fails_leaves_the_service_running(made: Service) -> None:
    made.change_stage("read", run=("false",))
    child = made.start("--", *POLITE)
    until(lambda: "the renewal of the data failed: the service goes on with the data it has" in made.log())
    child.terminate()
    assert ended(child) == 7


def test_while_another_makes_it_old_data_is_served_at_once(made: Service) -> None:
    change_input(made)
    made.hold("read")
    worker = made.start("--renew")
    until(lambda: "read is at work" in made.log())
    assert made.start("--", "true").wait() == 0
    assert "starting (policy serve-stale, and somebody else renews it)" in made.log()
    made.let_go("read")
    assert worker.wait() == 0


def test_while_another_makes_the_first_one_waits(service: Service) -> None:
    service.hold("read")
    worker = service.start("--renew")
    until(lambda: "read is at work" in service.log())
    child = service.start("--", "cat", "data/current/count.txt")
    until(lambda: "waiting (somebody else makes it)" in service.log())
    service.let_go("read")
    assert (worker.wait(), child.wait()) == (0, 0)
    assert service.runs() == ["read", "select", "count"]


def as_nobody(service: Service) -> tuple[str, str]:
    """Return a Python that everybody may run, and the code that makes it a user without rights."""
    python = shutil.which("python3", path="/usr/bin")
    if os.geteuid() != 0 or python is None:
        pytest.skip("needs root and a Python that everybody may run")
    for folder in (service.root, *service.root.parents):  # a worker's folders lie one deeper
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)
    root = str(Path(__file__).parents[2])
    return python, f"import sys, os; sys.path.insert(0, {root!r}); os.setgid(65534); os.setuid(65534)"


def test_a_folder_of_another_user_is_served_and_not_written(made: Service) -> None:
    python, code = as_nobody(made)
    change_input(made)
    assert made.start("--", "true", code=code, python=python).wait() == 0
    assert "starting (policy serve-stale, and the folder is read-only)" in made.log()
    assert made.start("--renew", code=code, python=python).wait() == 30
    assert "is not writable for user 65534" in made.log()
    assert "hint: once, as root: chown -R 65534" in made.log()


def test_an_empty_volume_of_another_user_is_explained(service: Service) -> None:
    python, code = as_nobody(service)
    service.pipeline.folder.mkdir()
    assert service.start("--", "true", code=code, python=python).wait() == 30
    assert "missing: the folder is read-only" in service.log()
    assert f"{service.pipeline.folder} belongs to user 0; once, as root: chown -R 65534" in service.log()


# ------------------------------------------------------------------ signals


def test_sigterm_while_a_stage_runs_ends_it_with_its_group(service: Service) -> None:
    service.change_stage("read", run=("sh", "-c", "echo working; trap '' TERM; sleep 5432 & sleep 5432"))
    child = service.start("--", "true")
    until(lambda: "working" in service.log())
    child.terminate()
    assert ended(child) == 143
    assert data_service.alive(["sleep 5432"]) == []
    assert "Traceback" not in service.log()


def test_sigterm_while_waiting_for_another(service: Service) -> None:
    service.hold("read")
    service.start("--renew")
    until(lambda: "read is at work" in service.log())
    child = service.start("--", "true")
    until(lambda: "waiting (somebody else makes it)" in service.log())
    child.terminate()
    assert ended(child) == 143


def test_sigint_ends_with_its_own_code(service: Service) -> None:
    service.hold("read")
    child = service.start("--", "true")
    until(lambda: "read is at work" in service.log())
    child.send_signal(signal.SIGINT)
    assert ended(child) == 130


def test_sigterm_reaches_the_service(made: Service) -> None:
    child = made.start("--", *POLITE)
    until(lambda: "serving" in made.log())
    child.terminate()
    assert ended(child) == 7


def test_sigterm_reaches_a_service_with_a_renewal_beside_it(made: Service) -> None:
    change_input(made)
    made.hold("read")
    child = made.start("--", *POLITE)
    until(lambda: "serving" in made.log() and "read is at work" in made.log())
    child.terminate()
    assert ended(child) == 7
    until(lambda: not data_service.alive([str(made.root)]), 3)
    made.let_go("read")
    made.runs()
    assert made.refresh()["read"] == "made"


def test_a_service_that_a_signal_ends_gives_its_number(made: Service) -> None:
    change_input(made)
    made.hold("read")
    child = made.start("--", *SLEEPER)
    until(lambda: "read is at work" in made.log())
    child.terminate()
    assert ended(child) == 143


def as_process_1(service: Service, *command: str) -> process.Child:
    """Start the entrypoint as process 1 of a namespace of its own, as a container does."""
    unshare = shutil.which("unshare")
    if unshare is None or not process.run([unshare, "-pf", "--mount-proc", "true"]).ok:
        pytest.skip("no process namespaces here")
    settings = service.start("--health", "http://127.0.0.1:9")  # writes the settings
    settings.wait()
    with (service.root / "log").open("a") as log:
        child = process.start(
            [unshare, "-pf", "--kill-child", "--mount-proc", sys.executable, "-m", "buildkit.runtime", "--", *command],
            folder=service.root,
            environment=service.environment,
            output=log.fileno(),
        )
    service.children.append(child)
    return child


def inner(child: process.Child) -> int:
    """Return the process that is number 1 in the namespace."""
    return int(Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()[0])


def test_process_1_stops_while_a_stage_runs(service: Service) -> None:
    service.hold("read")
    child = as_process_1(service, "true")
    until(lambda: "read is at work" in service.log())
    os.kill(inner(child), signal.SIGTERM)
    assert ended(child) == 143


def test_process_1_reaps_orphans_while_it_supervises(made: Service) -> None:
    change_input(made)
    made.hold("read")
    orphans = "for each in 1 2 3; do (sleep 0.1 &); done; sleep 0.5; cat /proc/[0-9]*/stat; exit 6"
    child = as_process_1(made, "sh", "-c", orphans)
    assert child.wait(20) == 6
    assert " Z " not in made.log()


def test_process_1_reaps_orphans_though_nothing_runs_beside(made: Service) -> None:
    orphans = "for each in 1 2 3; do (sleep 0.1 &); done; sleep 0.5; cat /proc/[0-9]*/stat; echo $$; exit 6"
    child = as_process_1(made, "sh", "-c", orphans)
    assert child.wait(20) == 6
    assert " Z " not in made.log()
    assert made.log().splitlines()[-1] != "1", "a service of number 1 would keep them"


def test_process_1_hands_on_every_signal(made: Service) -> None:
    child = as_process_1(made, "sh", "-c", "trap 'echo usr; exit 9' USR1; echo up; while :; do sleep 0.05; done")
    until(lambda: "up" in made.log())
    os.kill(inner(child), signal.SIGUSR1)
    assert ended(child) == 9
    assert "usr" in made.log()


def test_process_1_says_what_cannot_be_started(made: Service) -> None:
    assert as_process_1(made, "no-such-program").wait(20) == 127
    assert "buildkit: cannot start no-such-program: No such file or directory" in made.log()


def test_a_companion_that_cannot_be_started_ends_the_container() -> None:
    code = (
        "import sys; from buildkit.runtime.supervisor import supervise;"
        "sys.exit(supervise(['sleep', '61.25'], ['/no/such'], print, lambda well: ''))"
    )
    done = process.run([sys.executable, "-c", code], timeout=20)
    assert done.exit_code == 127
    assert "cannot start /no/such: No such file or directory: stopping the service" in done.stdout
    assert not data_service.alive(["61.25"])


def test_a_companion_whose_end_is_that_of_the_service_gives_its_code() -> None:
    code = (
        "import sys; from buildkit.runtime.supervisor import END, supervise;"
        "sys.exit(supervise(['sleep', '62.25'], ['sh', '-c', 'exit 30'], print, lambda well: '' if well else END))"
    )
    assert process.run([sys.executable, "-c", code], timeout=20).exit_code == 30
    assert not data_service.alive(["62.25"])


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

    added = best("-m", "buildkit.runtime", "--", "true") - best("-c", "")
    assert added < 0.6, f"{added:.2f} s; the target is 0.3 s on a quiet machine"


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
