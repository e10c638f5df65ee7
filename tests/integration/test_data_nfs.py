"""One volume on a real NFS, two hosts with caches of their own: one works at a time, and a dead one commits nothing."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nfs
import pytest
from data_crowd import READER, WORKER, Crowd, Worker, commits_in, slowed, struggle
from data_kills import Shim, calls_in
from data_stages import FIRST, SECOND, leftovers, pipeline_in
from hypothesis import settings
from nfs import Host
from plugins.tools import missing

from buildkit.data.stages.pipeline import Pipeline
from buildkit.data.status.verify import require_whole, verify
from buildkit.data.volume import generations
from buildkit.runtime.settings import VARIABLE, RuntimeSettings

NIGHTLY = settings.get_current_profile_name() == "nightly"
REPOSITORY = Path(__file__).parents[2]
WORK = "/run/work"

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("compiler"), pytest.mark.timeout(1800 if NIGHTLY else 300)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("nfs")
    (made / "export").mkdir()
    return made


@pytest.fixture(scope="module")
def hosts(place: Path) -> Iterator[list[Host]]:
    for program, package in ((nfs.LINUX, "user-mode-linux"), (nfs.SERVER, "nfs-ganesha-vfs"), ("ip", "iproute2")):
        if not nfs.program(program):
            missing("nfs", f"no {program} (Debian's {package})")
    if nfs.starts_no_process(place):
        pytest.skip("nfs: User-mode Linux starts no process on this processor")
    try:
        with nfs.hosts(place, place / "export", ["north", "south"]) as found:
            yield found
    except PermissionError as error:
        missing("nfs", str(error))


class Team:
    """The processes of one host on one folder of the export."""

    def __init__(self, host: Host, pipeline: Pipeline, shim: Shim, *, lying: bool) -> None:
        self.host = host
        self._lying = lying
        self._root = f"{WORK}/{pipeline.folder.name}"
        inside = replace(
            pipeline,
            root=Path(self._root),
            source_root=Path(self._root, "src"),
            folder=Path("/mnt", pipeline.folder.name),
        )
        for path in pipeline.root.rglob("*.py"):
            self.write(str(path.relative_to(pipeline.root)), path.read_text())
        self.write("buildkit.json", RuntimeSettings(inside.root, inside).as_text())
        self.write("state", "\0" * 8192)
        self.write("calls", "")
        self._folder = str(inside.folder)
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": "/run",
            VARIABLE: f"{self._root}/buildkit.json",
            "LD_PRELOAD": str(shim.library),
            "KILL_STATE": f"{self._root}/state",
            "KILL_UNDER": self._folder,
            "KILL_LOG": f"{self._root}/calls",
            "KILL_ONLY": "rename",
        }

    def write(self, name: str, text: str) -> None:
        """Write a file of the project, which each host has for itself."""
        self.host.write(f"{self._root}/{name}", text)

    def start(self, code: str = "") -> Worker:
        """Start a process that refreshes when it is told to; `code` runs before it."""
        command = [sys.executable, "-c", f"{code}\n{WORKER}", "lying" if self._lying else "true"]
        pid, orders, answers = self.host.run(command, self._root, self._environment)
        return Worker(self.host.name, pid, orders, answers, lambda: self.host.kill(pid))

    def read_on(self) -> Iterator[str]:
        """Start a reader; at the end, stop it and yield what it saw."""
        _, orders, answers = self.host.run(
            [sys.executable, "-c", READER, self._folder], self._root, self._environment | {"LD_PRELOAD": ""}
        )
        yield ""
        orders.write("stop\n")
        orders.flush()
        yield from (line.strip() for line in answers)

    def commits(self) -> list[str]:
        """Return to what this host's processes switched."""
        return commits_in(calls_in(self.host.read(f"{self._root}/calls")))


SLEEP = """
import os, signal
from buildkit.data.volume import lease, switching
def sleeping(real):
    def sleep(*arguments):
        print("asleep", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)
        return real(*arguments)
    return sleep
{point} = sleeping({point})
"""


@pytest.mark.parametrize("point", ["lease.Lease.begin_commit", "switching._switch"])
def test_a_host_that_slept_before_its_commit_does_not_make_it_any_more(
    place: Path, hosts: list[Host], tmp_path: Path, point: str
) -> None:
    """It was taken for dead and another went on; both had looked at the same folders before."""
    pipeline = pipeline_in(tmp_path / "project")
    pipeline = replace(pipeline, folder=place / f"export/{point}")
    pipeline.folder.mkdir()
    north, south = (Team(host, pipeline, Shim(tmp_path), lying=True) for host in hosts)
    other = south.start()
    for team, text in ((south, FIRST), (north, SECOND), (south, SECOND)):
        team.write("in.txt", text)
        if team is south and text is FIRST:
            other.tell()
            assert [other.answers.readline() for _ in "12"] == ["ready\n", "done\n"]
    sleeper = north.start(SLEEP.format(point=point))
    sleeper.tell()
    assert [sleeper.answers.readline() for _ in "12"] == ["ready\n", "asleep\n"]
    other.tell()
    assert other.answers.readline() == "done\n"
    made = generations.current(pipeline.folder)
    north.host.kill(sleeper.pid, signal.SIGCONT)
    assert re.match(r"error StageError data: process \d+ on south began while", sleeper.answers.readline())
    assert generations.current(pipeline.folder) == made
    require_whole(verify(pipeline, deep=True))
    assert leftovers(pipeline) == []


@pytest.mark.parametrize("lying", [False, True], ids=["locks of the server", "no locks"])
def test_two_hosts_on_one_export_make_one_commit_for_each_input(
    place: Path, hosts: list[Host], tmp_path: Path, lying: bool
) -> None:
    """Eight processes on each; the owner is killed; a reader on each looks on all the time."""
    pipeline = slowed(pipeline_in(tmp_path / "project"))
    pipeline = replace(pipeline, folder=place / f"export/{'lying' if lying else 'true'}")
    pipeline.folder.mkdir()
    teams = [Team(host, pipeline, Shim(tmp_path), lying=lying) for host in hosts]
    found = Crowd(16)

    def edit(text: str) -> None:
        for team in teams:
            team.write("in.txt", text)

    edit(FIRST)
    readers = [team.read_on() for team in teams]
    assert [next(reader) for reader in readers] == ["", ""]
    struggle(
        pipeline,
        [team.start for team in teams for _ in range(8)],
        edit,
        found,
        kills=20 if NIGHTLY else 3,
        inputs=8 if NIGHTLY else 2 - lying,
    )
    found.commits = [each for team in teams for each in team.commits()]
    print(found)
    for reader in readers:
        *faults, last = reader
        print(last)
        found.faults += faults
        assert int(last.split()[1]) > 0
    assert found.faults == []
    assert found.kills == (20 if NIGHTLY else 3)
    assert len(found.commits) == len(set(found.commits)) == found.inputs
