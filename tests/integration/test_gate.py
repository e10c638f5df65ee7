"""What a start falls back on where data cannot be made, what the health check hears, the commands in the container."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from data_service import Service, spoil, until
from registry import registry

from buildkit.data.artifact.push import push as push_artifact
from buildkit.doors import locks
from buildkit.registry.reference import parse
from buildkit.runtime import state

SERVED = ("--", "cat", "data/current/count.txt")


def word(service: Service) -> str:
    found = state.read(service.environment)
    return found.word if found else "nothing"


def harm(service: Service) -> None:
    """Take a file of the current generation away, and let its stage fail from now on."""
    (service.current / "select/0.txt").unlink()
    service.change_stage("select", run=("false",))


def health(service: Service, *, url: str = "http://127.0.0.1:9") -> int:
    before = len(service.log()) if (service.root / "log").exists() else 0
    code = service.start("--health", url).wait()
    service.said = service.log()[before:].splitlines()
    return code


# ------------------------------------------------------------------ the ladder


def test_a_damaged_generation_that_cannot_be_mended_gives_way_to_the_one_before(made: Service) -> None:
    first = made.current.name
    (made.root / "in/a.txt").write_text("other\n")
    made.refresh()
    harm(made)
    assert made.start(*SERVED).wait() == 0
    assert made.log().endswith("2")
    assert f"buildkit: data: going back to generation {first}\n" in made.log()
    assert word(made) == "degraded"


def test_policy_block_goes_back_to_nothing(made: Service) -> None:
    (made.root / "in/a.txt").write_text("other\n")
    made.refresh()
    harm(made)
    assert made.start(*SERVED, PYBUILDKIT_DATA_POLICY="block").wait() == 31
    assert "error: stage select: exit code 1" in made.log()


def test_where_nothing_is_left_the_failure_is_clear(service: Service) -> None:
    service.change_stage("read", run=("false",))
    assert service.start(*SERVED).wait() == 31
    assert "buildkit: data: it could not be made: stage read: exit code 1\nerror: stage read" in service.log()
    assert word(service) == "starting"


def test_a_service_that_can_do_without_starts_degraded(service: Service) -> None:
    service.change_stage("read", run=("false",))
    service.declare(on_failure="start")
    assert service.start("--", "echo", "served").wait() == 0
    assert service.log().endswith("buildkit: data: starting without any (on-failure)\nserved\n")
    assert str(state.read(service.environment)) == "degraded: no data: stage read: exit code 1"


@pytest.mark.usefixtures("docker_registry")
def test_a_new_host_pulls_before_it_computes(made: Service, tmp_path: Path) -> None:
    with registry(tmp_path / "registry") as running:
        there = f"localhost:{running.port}/team/data:latest"
        push_artifact(made.pipeline.folder, parse(there), os.environ, lambda _: None)
        made.declare(folder=tmp_path / "new", artifact=there)
        assert made.start("--", "sh", "-c", "cat $PYBUILDKIT_DATA_PATH/current/count.txt").wait() == 0
        assert made.log().endswith("2")
        assert (made.runs(), word(made)) == ([], "ready")


@pytest.mark.usefixtures("docker_registry")
def test_damage_that_cannot_be_mended_is_pulled(made: Service, tmp_path: Path) -> None:
    with registry(tmp_path / "registry") as running:
        there = f"localhost:{running.port}/team/data:latest"
        push_artifact(made.pipeline.folder, parse(there), os.environ, lambda _: None)
        harm(made)
        made.declare(artifact=there)
        assert made.start(*SERVED).wait() == 0
        assert made.log().endswith("2")
        assert word(made) == "degraded"


def test_a_registry_that_is_away_costs_a_line(service: Service) -> None:
    service.declare(artifact="localhost:9/team/data:latest")
    code = "from buildkit.registry import patience\npatience.TRIES = 1"
    assert service.start(*SERVED, code=code).wait() == 0
    assert "buildkit: data: nothing could be pulled: registry localhost:9: " in service.log()
    assert service.log().endswith("2")


# ------------------------------------------------------------------ what the health check hears


def test_a_worker_is_well_while_it_touches_its_file(made: Service) -> None:
    alive = made.root / "alive"
    asked = ("--health-file", str(alive), "60")
    assert made.start(*asked).wait() == 1
    alive.touch()
    assert made.start(*asked).wait() == 0
    os.utime(alive, (time.time() - 90, time.time() - 90))
    assert made.start(*asked).wait() == 1
    said = made.log().splitlines()
    assert said[0] == f"buildkit: health: {alive}: No such file or directory"
    assert said[1] == f"buildkit: health: {alive}: touched 90 s ago, to be within 60 s"


def test_a_command_answers_for_a_worker(made: Service) -> None:
    assert made.start("--health-command", "true").wait() == 0
    assert made.start("--health-command", "sh", "-c", "exit 3").wait() == 3
    assert made.start("--health-command", "no-such-program").wait() == 1
    assert made.log().splitlines() == ["buildkit: health: cannot start no-such-program: No such file or directory"]


def test_starting_while_data_is_made_then_ready(service: Service) -> None:
    service.hold("read")
    child = service.start("--", "sleep", "30")
    until(lambda: "read is at work" in service.log())
    assert (health(service), service.said) == (1, ["buildkit: health: starting"])
    service.let_go("read")
    until(lambda: word(service) == "ready")
    child.terminate()
    child.wait()


def test_renewing_beside_the_service_then_ready_and_the_service_is_told(made: Service) -> None:
    (made.root / "in/a.txt").write_text("other\n")
    made.declare(signal="USR1")
    made.hold("select")
    program = "import signal, time; signal.signal(signal.SIGUSR1, lambda *_: print('told', flush=True)); time.sleep(30)"
    child = made.start("--", sys.executable, "-c", program)
    until(lambda: "select is at work" in made.log())
    assert str(state.read(made.environment)) == "renewing: inputs changed"
    assert health(made) == 1
    assert made.said[0] == "buildkit: health: renewing: inputs changed"
    made.let_go("select")
    until(lambda: "told" in made.log())
    assert word(made) == "ready"
    child.terminate()
    child.wait()


def test_degraded_after_a_renewal_that_failed(made: Service) -> None:
    made.change_stage("read", run=("false",))
    child = made.start("--", "sleep", "30")
    until(lambda: word(made) == "degraded")
    child.terminate()
    child.wait()


def test_who_waits_for_another_is_ready_once_it_has_switched(made: Service) -> None:
    (made.root / "in/a.txt").write_text("other\n")
    made.hold("read")
    worker = made.start("--renew")
    until(lambda: "read is at work" in made.log())
    assert made.start("--", "true").wait() == 0
    assert word(made) == "renewing"
    made.let_go("read")
    assert worker.wait() == 0
    assert word(made) == "ready"


def test_a_state_that_cannot_be_written_keeps_nobody_from_starting(made: Service) -> None:
    assert made.start(*SERVED, PYBUILDKIT_STATE="/proc/nowhere/state.json").wait() == 0


# ------------------------------------------------------------------ clocks


def test_a_host_whose_clock_is_behind_that_of_the_volume_does_not_make_it_again(made: Service, other_time: str) -> None:
    """As two hosts on one volume of the network, whose server stamps the files."""
    clock = {"LD_PRELOAD": other_time, "FAKETIME": "-10m", "FAKE_UTIME": "1", "NO_FAKE_STAT": "1"}
    assert made.start(*SERVED, **clock).wait() == 0
    assert made.log().startswith("buildkit: data: fresh, generation 000001")


def test_a_host_and_its_disk_whose_clock_was_set_back_make_it_again(made: Service, other_time: str) -> None:
    clock = {"LD_PRELOAD": other_time, "FAKETIME": "-1y"}
    assert made.start(*SERVED, **clock, PYBUILDKIT_DATA_POLICY="block").wait() == 0
    assert made.log().startswith("buildkit: data: made in the future, stage read")
    before = len(made.log())
    assert made.start(*SERVED, **clock, PYBUILDKIT_DATA_POLICY="block").wait() == 0
    assert made.log()[before:].startswith("buildkit: data: fresh, generation 000002")


# ------------------------------------------------------------------ all data is read to its end now and then


def flip(file: Path) -> None:
    """Change a file as a failing disk does: neither its size nor its time tells."""
    spoil(file, bytes(255 - byte for byte in file.read_bytes()))


def test_damage_that_no_look_sees_is_found_and_mended_beside_the_service(made: Service) -> None:
    file = made.pipeline.folder / "current/select/0.txt"
    flip(file)
    made.declare(verify=0.001, signal="USR1")
    made.hold("select")
    program = "import signal, time; signal.signal(signal.SIGUSR1, lambda *_: print('told', flush=True)); time.sleep(30)"
    child = made.start("--", sys.executable, "-c", program)
    until(lambda: "select is at work" in made.log())
    assert "s: reading it beside the service\n" in made.log()
    assert "buildkit: data: select/0.txt (damaged)\n" in made.log()
    assert str(state.read(made.environment)) == "degraded: select/0.txt (damaged)"
    made.let_go("select")
    until(lambda: "told" in made.log())
    assert file.read_text() == "one"
    assert word(made) == "ready"
    child.terminate()
    child.wait()


def test_data_that_was_read_is_not_read_again_before_its_time(made: Service) -> None:
    made.declare(verify=0.001)
    child = made.start("--", "sleep", "30")
    until((made.pipeline.folder / "read").exists)
    child.terminate()
    child.wait()
    made.declare(verify=3600.0)
    before = len(made.log())
    assert made.start(*SERVED).wait() == 0
    assert "reading it" not in made.log()[before:]
    (made.pipeline.folder / "read").write_text(f"{time.time() + 7200:.0f}\n")  # by a clock that has been set back
    assert made.start(*SERVED).wait() == 0
    assert "not read to its end for 2 h: reading it beside" in made.log()[before:]


def test_policy_fail_finds_damage_and_leaves_it_to_another(made: Service) -> None:
    flip(made.current / "select/0.txt")
    made.declare(verify=0.001, policy="fail")
    child = made.start("--", "sleep", "30")
    assert child.wait(timeout=30) == 30, "the container ends with what the reading came to"
    assert "the reading of the data failed: the policy is to serve no such data" in made.log()
    assert "stage select: made" not in made.log()


def test_one_process_reads_at_a_time(made: Service) -> None:
    with locks.held(made.pipeline.folder / "read.lock"):
        assert made.start("--verify", "--deep", "--renew").wait() == 0
    assert made.log() == "buildkit: data: somebody else reads it now\n"


# ------------------------------------------------------------------ commands in the container


def test_status_says_what_is_due_and_fails_on_damage_alone(made: Service) -> None:
    assert made.start("--status").wait() == 0
    assert "read: fresh (unchanged)\n" in made.log()
    assert "fresh: generation 000001-" in made.log()
    (made.root / "in/a.txt").write_text("other\n")
    assert made.start("--status").wait() == 0
    assert "read: due (input changed: in/a.txt)\nselect: due (depends on stage: read)\n" in made.log()
    (made.current / "count.txt").unlink()
    assert made.start("--status").wait() == 30
    assert "damaged (stage count, output missing: count.txt)" in made.log()


def test_verify_reads_all_if_asked(made: Service) -> None:
    file = made.current / "select/0.txt"
    spoil(file, "onE")
    assert made.start("--verify").wait() == 0
    assert "whole: generation 000001-" in made.log()
    assert made.start("--verify", "--deep").wait() == 30
    assert "error: data: 1 file is missing or damaged\n  select/0.txt (damaged)\n" in made.log()


def test_clear_deletes_and_names_it(made: Service) -> None:
    name = made.current.name
    assert made.start("--clear").wait() == 0
    assert f"buildkit: data: {name}: removed\n" in made.log()
    assert made.start("--status").wait() == 30


def test_clear_waits_for_nobody(service: Service) -> None:
    service.hold("read")
    service.start("--renew")
    until(lambda: "read is at work" in service.log())
    assert service.start("--clear").wait() == 30
    assert "is making it now" in service.log()


@pytest.mark.usefixtures("docker_registry")
def test_push_and_pull_between_two_volumes(made: Service, tmp_path: Path) -> None:
    with registry(tmp_path / "registry") as running:
        there = f"localhost:{running.port}/team/data:latest"
        assert made.start("--push", PYBUILDKIT_DATA_ARTIFACT=there).wait() == 0
        digest = made.log().split()[-1]
        made.declare(folder=tmp_path / "new", artifact=f"localhost:{running.port}/team/data@{digest}")
        assert made.start("--pull").wait() == 0
        assert made.start("--status").wait() == 0


def test_an_unknown_command_and_no_artifact_are_usage_errors(made: Service) -> None:
    assert made.start("--renwe").wait() == 2
    assert "error: no such command: --renwe" in made.log()
    assert made.start("--push").wait() == 2
    assert "error: data.artifact is not set" in made.log()
