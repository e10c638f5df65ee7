"""How far long work is: stages and pieces of data, blobs on their way to a registry and back, revisions."""

from __future__ import annotations

import io
import os
import random
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import data_service
import pytest
from migrating import REPOSITORY
from registry import Running, registry

from buildkit.config import load
from buildkit.data.artifact.pull import pull
from buildkit.data.artifact.push import push
from buildkit.db import development
from buildkit.flows.data import refresh_data
from buildkit.flows.migrate import migrate
from buildkit.image.oci.layout import Layout
from buildkit.image.push.parcel import Manifest, Parcel
from buildkit.image.push.sending import send_blobs
from buildkit.registry.client import MANIFEST, Repository
from buildkit.registry.reference import parse
from buildkit.report.console import Console


class Terminal(io.StringIO):
    """A terminal of 80 columns that remembers each line that stood at its bottom."""

    def isatty(self) -> bool:
        return True

    def shown(self) -> list[str]:
        return re.findall(r"\r\x1b\[K([^\r\n]+)", self.getvalue())


class Recorder:
    """Hears how far work is, and keeps it."""

    def __init__(self) -> None:
        self.weights: dict[str, float] = {}
        self.reached: dict[str, list[float]] = {}
        self.ends: dict[str, str] = {}

    def expects(self, weights: Mapping[str, float], *, pace: float = 0.0) -> None:
        assert pace >= 0
        self.weights |= weights

    def begins(self, part: str) -> None:
        self.reached[part] = []

    def reaches(self, part: str, done: float, of: float) -> None:
        assert of == self.weights[part]
        self.reached[part].append(done)

    def done(self, part: str) -> None:
        self.ends[part] = "done"

    def skips(self, part: str) -> None:
        self.ends[part] = "skipped"


STAGES = """
[project]
name = "service"
version = "1"
[tool.buildkit]
packages = []
[[tool.buildkit.data.stage]]
name = "fetch"
run = ["sh", "-c", "sleep 0.7; echo all > $PYBUILDKIT_DATA_OUT/fetch/all"]
outputs = ["fetch/"]
[[tool.buildkit.data.stage]]
name = "positions"
run = ["sh", "-c", "sleep 0.6; cp $PYBUILDKIT_DATA_ITEM $PYBUILDKIT_DATA_OUT/positions/"]
each = "in/*.txt"
jobs = 1
outputs = ["positions/"]
"""


def test_data_shows_stages_pieces_and_a_time_to_go_that_is_known_from_the_last_time(
    project: Callable[[Mapping[str, str]], Path],
) -> None:
    root = project({"pyproject.toml": STAGES, "in/a.txt": "a", "in/b.txt": "b", "in/c.txt": "c"})
    config = load(root, {})
    first, again = Terminal(), Terminal()

    refresh_data(config, Console({"TERM": "xterm"}, talk=first), os.environ)
    refresh_data(config, Console({"TERM": "xterm"}, talk=again), os.environ, force=True)

    assert first.shown()[0] == "making data  0 of 2  0:00  fetch"
    assert any(
        re.fullmatch(r"making data  1 of 2  0:0\d(, about 0:0\d to go)?  positions [12] of 3", line)
        for line in first.shown()
    )
    assert re.fullmatch(r"making data  0 of 2  0:00, about 0:0[1-9] to go  fetch", again.shown()[0])
    assert again.getvalue().endswith("\r\x1b[K")


def test_data_that_is_up_to_date_shows_no_progress(project: Callable[[Mapping[str, str]], Path]) -> None:
    config = load(project({"pyproject.toml": STAGES, "in/a.txt": "a"}), {})
    refresh_data(config, Console({}, talk=io.StringIO()), os.environ)
    terminal = Terminal()

    refresh_data(config, Console({"TERM": "xterm"}, talk=terminal), os.environ)

    assert terminal.getvalue() == ""


@pytest.fixture
def running(docker_registry: None, tmp_path: Path) -> Iterator[Running]:
    assert docker_registry is None
    with registry(tmp_path / "registry") as found:
        yield found


BIG = 20 << 20


def test_a_push_and_a_pull_of_data_tell_the_bytes_of_each_stage(tmp_path: Path, running: Running) -> None:
    service = data_service.make(tmp_path / "service")
    program = f"import os; open(os.environ['PYBUILDKIT_DATA_OUT'] + '/count/big', 'wb').write(b'x' * {BIG})"
    service.change_stage("count", run=(sys.executable, "-c", program), outputs=("count/",))
    service.refresh()
    where = parse(f"localhost:{running.port}/team/data:latest")
    sent, back = Recorder(), Recorder()

    push(service.pipeline.folder, where, os.environ, lambda _: None, sent)
    pull(tmp_path / "other", where, os.environ, lambda _: None, lambda _: None, back)
    service.close()

    for each in (sent, back):
        assert each.weights["count"] == BIG
        assert each.ends == dict.fromkeys(["read", "select", "count"], "done")
        assert each.reached["count"] == sorted(each.reached["count"])
        assert len(each.reached["count"]) > 3
        assert each.reached["count"][-1] >= BIG


def test_a_push_of_an_image_tells_the_bytes_of_each_blob_and_what_is_there_counts_no_more(
    tmp_path: Path, running: Running
) -> None:
    layout = Layout(tmp_path / "layout")
    big, small, there = (
        layout.add("layer", random.Random(n).randbytes(size)) for n, size in enumerate((BIG, 100, 200_000))
    )
    manifest = Manifest(MANIFEST, "sha256:none", b"", (small, big, there), {})
    repository = Repository(parse(f"localhost:{running.port}/team/api:1"), {})
    repository.upload(there.digest, there.size, lambda offset: layout.blocks(there.digest, offset))
    told = Recorder()

    sent = send_blobs(Parcel(layout, manifest, ()), repository, (), advance=told)

    names = [each.digest[:19] for each in (big, small, there)]
    assert (sent.blobs, sent.size) == (2, BIG + 100)
    assert told.weights == dict(zip(names, (BIG, 100, 200_000), strict=True))
    assert told.ends == dict(zip(names, ("done", "done", "skipped"), strict=True))
    assert told.reached[names[0]][-1] == BIG
    assert len(told.reached[names[0]]) > 3


MIGRATIONS = """
[project]
name = "shop"
[tool.buildkit]
packages = []
[tool.alembic]
script_location = "%(here)s/migrations"
"""

SLOW = """
from alembic import op
revision = "{0}"
down_revision = {1}

def upgrade() -> None:
    op.execute("SELECT pg_sleep(0.8)")
"""


def test_a_migration_shows_which_revision_of_how_many_runs(
    postgres: Path, project: Callable[[Mapping[str, str]], Path]
) -> None:
    assert postgres.is_dir()
    revisions = {
        f"migrations/versions/{each}.py": SLOW.format(each, after) for each, after in (("a1", None), ("b2", "'a1'"))
    }
    root = project({"pyproject.toml": MIGRATIONS, **revisions})
    shutil.copy(REPOSITORY / "migrations/env.py", root / "migrations/env.py")
    terminal = Terminal()

    try:
        migrate(load(root, {}), Console({"TERM": "xterm"}, talk=terminal), os.environ)
    finally:
        development.stop(root)
        for place in development._places(root):
            shutil.rmtree(place, ignore_errors=True)

    lines = [re.sub(r"0:\d\d", "0:00", line) for line in terminal.shown()]
    assert "migrating  0 of 2  0:00  a1" in lines
    assert "migrating  1 of 2  0:00  b2" in lines
