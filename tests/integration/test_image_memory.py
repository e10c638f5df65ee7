"""`invoke image.memory` on a real engine: what is planted is found, what can be given back is not counted."""

from __future__ import annotations

import io
import os
from typing import Any

import pytest
from plugins.images import MADE, Project, docker

from buildkit.config import load
from buildkit.doors.clock import Stopwatch
from buildkit.errors import BudgetError, ImageError
from buildkit.flows.image_memory import lines, measure_images
from buildkit.image.memory import REQUESTS, Measured, MemoryRequest, measured
from buildkit.model import Report
from buildkit.report.console import Console, as_json

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.slow]

SERVICE = """
import http.server, os, sys
kept = []
if "planted" in sys.argv:
    kept.append(b"x" * 60_000_000)
if "shared" in sys.argv:
    open("/dev/shm/data", "wb").write(b"x" * 20_000_000)
if "file" in sys.argv:
    open("/tmp/data", "wb").write(os.urandom(80_000_000))
    for _ in range(2):
        open("/tmp/data", "rb").read(1 << 20)
if "ends" in sys.argv:
    raise SystemExit("no database")
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        if "grows" in sys.argv:
            kept.append(b"x" * 200_000)
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 8000), Answer)
workers = 2 if "workers" in sys.argv else 0
for _ in range(workers):
    if not os.fork():
        kept.append(b"y" * 10_000_000)
        break
server.serve_forever()
"""

ALIVE = "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health')"


@pytest.fixture(scope="module")
def image(greeter: Project, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("memory")
    (folder / "service.py").write_text(SERVICE)
    (folder / "waits.py").write_text("import time\n\ntime.sleep(60)\n")
    (folder / "Dockerfile").write_text(
        f"FROM {greeter.repository}:memory\nCOPY --chmod=644 service.py waits.py /app/\n"
    )
    docker("image", "tag", greeter.image, f"{greeter.repository}:memory")
    made = docker("build", "--quiet", str(folder))
    MADE.add(made)
    return made


def of(image: str, *words: str, module: str = "") -> Measured:
    command = ["python", "/app/service.py", *words]
    asked = MemoryRequest(image, command, ["python", "-c", ALIVE], module, "127.0.0.1:8000/health", "/app/data")
    return measured(asked, os.environ)


def test_what_is_planted_is_found_and_files_are_not_counted(image: str) -> None:
    plain = of(image, module="greeter.words")
    planted, shared = of(image, "planted", "file"), of(image, "shared")

    assert plain.why_not == ""
    assert plain.answered == REQUESTS
    assert plain.imported is not None
    assert 1_000_000 < plain.imported < 60_000_000
    assert planted.ready - plain.ready == pytest.approx(60_000_000, rel=0.02)
    assert shared.ready - plain.ready == pytest.approx(20_000_000, rel=0.05)
    assert planted.file > plain.file + 50_000_000, "which is not in what it holds"


def test_what_grows_under_a_load_is_seen(image: str) -> None:
    found = of(image, "grows")

    assert found.loaded is not None
    assert found.loaded - found.ready == pytest.approx(REQUESTS * 200_000, rel=0.05)
    assert found.held == found.loaded


def test_workers_have_their_own(image: str) -> None:
    count, private = of(image, "workers").workers

    assert count == 2
    assert 10_000_000 < private < 30_000_000


def test_a_service_that_does_not_run_here_is_not_measured(image: str) -> None:
    found = of(image, "ends")

    assert found.why_not == "without network, database and data it ends with 1: no database"


def test_a_check_that_never_passes_or_never_answers_ends_the_wait(image: str) -> None:
    hangs = ["python", "-c", "import time; time.sleep(60)"]
    for test in (["false"], hangs):
        asked = MemoryRequest(image, ["python", "/app/service.py"], test, "", "", "/app/data", patience=2.0)
        watch = Stopwatch()
        assert measured(asked, os.environ).why_not == "its health check does not pass within 2 s"
        assert watch.seconds < 20, "the setting bounds it, and the engine's own time"


def test_an_import_that_never_ends_leaves_no_container(image: str) -> None:
    before = containers()
    asked = MemoryRequest(image, ["python", "/app/service.py", "ends"], [], "waits", "", "/app/data", patience=2.0)
    assert measured(asked, os.environ).imported is None
    assert containers() == before


def containers() -> set[str]:
    return {*docker("container", "ls", "--all", "--quiet", "--filter", "name=buildkit-memory-").split()}


def flow(project: Project) -> Report:
    variables = {**os.environ, "CI": ""}
    return measure_images(load(project.root, variables), Console(variables, talk=io.StringIO()), variables)


def test_an_image_is_held_against_its_budget(greeter: Project, editable: Project) -> None:
    docker("image", "tag", greeter.image, f"{greeter.repository}:latest")
    editable.edit("pyproject.toml", "[tool.buildkit.image.api]", '[tool.buildkit.image.api]\nmemory-budget = "1MB"')
    with pytest.raises(BudgetError, match="1 of 1 images take more memory than they may") as caught:
        flow(editable)

    assert caught.value.exit_code == 22
    assert "and 1 MB are allowed" in caught.value.details[0]
    assert "invoke image.memory --tries" in caught.value.hint
    report = caught.value.report
    assert report is not None
    facts: Any = as_json(report)["measured"]
    assert facts["api"]["answered"] == REQUESTS
    assert any("uvicorn" in each["command"] for each in facts["api"]["processes"])
    assert "after 200 requests" in "\n".join(lines(report))


def test_an_image_that_is_not_there_is_told(editable: Project) -> None:
    editable.edit("pyproject.toml", editable.repository, f"{editable.repository}-none")
    with pytest.raises(ImageError, match="-none:latest is not there") as caught:
        flow(editable)
    assert caught.value.hint == "invoke image builds it"
