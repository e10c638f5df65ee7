"""A signal ends all that the entrypoint started, at any moment; as process 1 it takes the orphans too."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import data_service
import pytest
from data_service import POLITE, Service, change_input, ended, until

from buildkit.doors import process

SLEEPER = ("sleep", "60")


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
