"""Addresses that change in pyproject.toml while `invoke dev` runs. Real processes, real HTTP."""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import Iterator

import pytest
from dev_service import MAIN, SETTINGS, Starter, starting
from plugins.projects import ProjectMaker

from buildkit.doors import ports

SLOW = MAIN.replace(
    "    def do_GET(self):\n",
    "    def do_GET(self):\n        if self.path == '/slow':\n            import time; time.sleep(3)\n",
)


@pytest.fixture
def dev(project: ProjectMaker) -> Iterator[Starter]:
    with starting(project) as start:
        yield start


def another(name: str, port: int) -> str:
    """Return settings with a further service."""
    return f"""{SETTINGS}
[tool.buildkit.dev.service.{name}]
command = ["python", "-m", "app.main", "{{port}}"]
port = {port}
"""


def test_a_service_that_is_called_otherwise_keeps_its_port(dev: Starter) -> None:
    port = next(port for port in ports.OWN if ports.free(port))

    def answer() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as response:
            return str(response.read().decode().partition(" ")[2])

    it = dev({"pyproject.toml": another("web", port)})
    it.until_ready()
    assert answer() == "one"
    it.save("pyproject.toml", another("api", port))
    it.until_said("restarted service, api")
    it.until_cycles(1)
    assert answer() == "one"
    it.save("src/app/answer.py", "ANSWER = 'two'\n")
    it.until(lambda: answer() == "two")
    it.until_answer("two")
    assert "is taken" not in it.text()


def test_a_service_comes_to_listen_for_everybody_and_the_request_under_way_is_answered(dev: Starter) -> None:
    it = dev({"src/app/main.py": SLOW})
    it.until_ready()
    asking = http.client.HTTPConnection("127.0.0.1", it.port, timeout=20)
    asking.request("GET", "/slow")
    it.settled()
    it.save("pyproject.toml", SETTINGS.replace('"{port}"]', '"{port}", "--host", "0.0.0.0"]'))
    it.until_cycles(1)
    assert asking.getresponse().read().endswith(b" one")
    asking.close()
    it.save("src/app/answer.py", "ANSWER = 'two'\n")
    it.until_answer("two")
    assert "is taken" not in it.text()
