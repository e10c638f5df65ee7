"""`invoke image.memory --tries`: what holds the memory is found, and each way to take less is really started."""

from __future__ import annotations

import os

import pytest
from plugins.images import MADE, Project, docker

from buildkit.image.memory import MemoryRequest, measured, tried
from buildkit.image.memory_holders import holders
from buildkit.image.memory_proposals import Proposal, proposals

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.slow]

MEGABYTE = 1_000_000
SERVICE = """
import gc, http.server, os, sys
import heavy
shared = [[n] for n in range(200_000)] if "preload" in sys.argv else []
kept = [] if os.environ.get("SCHEDULER") == "0" else [b"s" * 25_000_000]
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 8000), Answer)
if "-w" in sys.argv:
    for _ in range(int(sys.argv[sys.argv.index("-w") + 1])):
        if not os.fork():
            kept.append(b"w" * 15_000_000)
            gc.collect()
            break
server.serve_forever()
"""
ALIVE = ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/')"]
DOCKERFILE = """FROM {image}
COPY --chmod=644 service.py /app/
COPY --chmod=755 packages /opt/venv/site-packages
COPY --chmod=644 sitecustomize.py /opt/hidden/
ENV PYTHONPATH=/app:/opt/venv/site-packages:/opt/hidden
"""
PACKAGES = {
    "heavy": "import light\ndata = bytearray(40_000_000)\n",
    "light": "data = bytearray(10_000_000)\n",
}


@pytest.fixture(scope="module")
def image(greeter: Project, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("ways")
    (folder / "service.py").write_text(SERVICE)
    (folder / "sitecustomize.py").write_text("import os\nos.environ['CUSTOMIZED'] = 'yes'\n")
    for name, text in PACKAGES.items():
        (folder / "packages" / name).mkdir(parents=True)
        (folder / "packages" / name / "__init__.py").write_text(text)
    docker("image", "tag", greeter.image, f"{greeter.repository}:ways")
    (folder / "Dockerfile").write_text(DOCKERFILE.format(image=f"{greeter.repository}:ways"))
    made = docker("build", "--quiet", str(folder))
    MADE.add(made)
    return made


def request(image: str, *words: str, module: str = "") -> MemoryRequest:
    command = ("python", "/app/service.py", *words)
    variables = {"PYTHONPATH": "/app:/opt/venv/site-packages:/opt/hidden"}
    return MemoryRequest(image, command, ALIVE, module, "", "/app/data", words=command, variables=variables)


def test_a_package_is_weighed_alone_and_by_what_goes_without_it(image: str) -> None:
    found = {each.package: each for each in holders(request(image, module="heavy"), os.environ).packages}

    assert found["heavy"].alone == pytest.approx(50 * MEGABYTE, rel=0.02), "with what it imports itself"
    assert found["heavy"].freed == pytest.approx(40 * MEGABYTE, rel=0.02), "light stays, as it was imported by itself"
    assert found["light"].freed < MEGABYTE, "heavy imports it all the same"


def test_it_is_said_why_packages_cannot_be_weighed(image: str) -> None:
    assert "names no module" in holders(request(image), os.environ).why_not
    missing = holders(request(image, module="nowhere"), os.environ)

    assert (missing.packages, missing.why_not) == ([], "ModuleNotFoundError: No module named 'nowhere'")


def test_each_way_is_started_and_measured(image: str) -> None:
    asked = request(image, "-w", "2")
    plain = measured(asked, os.environ)
    ways = {each.name: each for each in proposals(asked.words, {}, ["heavy"], {"SCHEDULER": "0"})}
    assert {*ways} == {"SCHEDULER=0", "1 of 2 workers", "heavy loaded late"}
    saved = {name: plain.held - tried(asked, each, os.environ).held for name, each in ways.items()}

    assert plain.why_not == ""
    assert saved["SCHEDULER=0"] == pytest.approx(25 * MEGABYTE, rel=0.1)
    assert saved["1 of 2 workers"] > 15 * MEGABYTE
    assert saved["heavy loaded late"] == pytest.approx(50 * MEGABYTE, rel=0.1), "nothing asks for it"


def test_what_is_frozen_before_a_fork_is_not_copied_by_the_collector(image: str) -> None:
    asked = request(image, "preload", "-w", "2")
    frozen = Proposal("", "", tuple(asked.words), {"PYBUILDKIT_TRY_FREEZE": "1"}, customized=True)
    plain, now = tried(asked, Proposal("", "", tuple(asked.words)), os.environ), tried(asked, frozen, os.environ)

    assert plain.held - now.held > 10 * MEGABYTE


def test_what_the_image_itself_does_at_the_start_of_python_is_done_too(image: str) -> None:
    code = "import os, sys; sys.exit(os.environ['CUSTOMIZED'] != 'yes' or 'PYBUILDKIT_TRY_LAZY' not in os.environ)"
    way = Proposal("", "", ("python", "-c", code), {"PYBUILDKIT_TRY_LAZY": "json"}, customized=True)
    assert "it ends with 0" in tried(request(image), way, os.environ).why_not
