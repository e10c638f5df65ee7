"""`develop.py` on a bare machine: it makes the environment, survives a kill, and does without ensurepip.

The checkout's backend is its own and its index is this test, so nothing is fetched from the network.
"""

from __future__ import annotations

import ensurepip
import hashlib
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from buildkit.doors.process import Completed, end, run, start

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("compiler")]

SCRIPT = Path(__file__).parents[2] / "develop.py"

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "{name}"
version = "1.0"
[project.optional-dependencies]
dev = []
"""

BACKEND = '''
"""The smallest backend that can install editable."""
import pathlib, zipfile

NAME = "{name}"
INFO = NAME + "-1.0.dist-info/"

def build_editable(folder, config_settings=None, metadata_directory=None):
    file = NAME + "-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder) / file, "w") as wheel:
        wheel.writestr(NAME + ".pth", str(pathlib.Path.cwd()))
        wheel.writestr(INFO + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        about = "Metadata-Version: 2.1\\nName: " + NAME + "\\nVersion: 1.0\\nProvides-Extra: dev\\n"
        wheel.writestr(INFO + "METADATA", about)
        wheel.writestr(INFO + "RECORD", "")
    return file
'''

IMPORT_BOTH = ["python", "-c", "import suite, service, sys; print(sys.prefix)"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for folder, name in ((tmp_path, "suite"), (tmp_path / "examples" / "orbits", "service")):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pyproject.toml").write_text(PYPROJECT.format(name=name))
        (folder / "backend.py").write_text(BACKEND.format(name=name))
        (folder / f"{name}.py").touch()
    shutil.copy(SCRIPT, tmp_path)
    return tmp_path


@pytest.fixture
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A package index with the pip that Python brings along."""
    bundled = sorted((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
    if not bundled:
        pytest.skip("this Python brings no pip along")
    root = tmp_path_factory.mktemp("index")
    (root / "simple" / "pip").mkdir(parents=True)
    shutil.copy(bundled[-1], root)
    digest = hashlib.sha256(bundled[-1].read_bytes()).hexdigest()
    page = f'<a href="/{bundled[-1].name}#sha256={digest}">pip</a>'
    (root / "simple" / "pip" / "index.html").write_text(page)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(root))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()
        thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def environment(checkout: Path, **variables: str) -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": str(checkout), **variables}


def develop(checkout: Path, *command: str, **variables: str) -> Completed:
    return run(
        [sys.executable, "develop.py", *command], folder=checkout, environment=environment(checkout, **variables)
    )


def test_the_first_call_makes_the_environment_and_the_second_finds_it(checkout: Path) -> None:
    first = develop(checkout, *IMPORT_BOTH)
    second = develop(checkout, *IMPORT_BOTH)

    assert first.ok, first.stderr
    assert first.stdout == second.stdout == f"{checkout / '.venv'}\n"
    assert "making .venv" in first.stderr
    assert second.stderr == ""


def test_a_call_that_was_killed_is_made_good_by_the_next(checkout: Path) -> None:
    child = start([sys.executable, "develop.py", "true"], folder=checkout, environment=environment(checkout))
    deadline = time.monotonic() + 60
    while not (checkout / ".venv" / "bin" / "python").exists():
        assert time.monotonic() < deadline, "no environment was begun"
        time.sleep(0.01)
    end(child, grace=0, first=signal.SIGKILL)
    assert (checkout / ".venv" / "made-by-develop.txt").read_text() == ""

    after = develop(checkout, *IMPORT_BOTH)

    assert after.ok, after.stderr


def test_a_changed_input_installs_again_into_the_same_environment(checkout: Path) -> None:
    assert develop(checkout, "true").ok
    (checkout / ".venv" / "kept").touch()
    with (checkout / "pyproject.toml").open("a") as file:
        file.write("# changed\n")

    answer = develop(checkout, "true")

    assert answer.ok, answer.stderr
    assert "installing" in answer.stderr
    assert "making" not in answer.stderr
    assert (checkout / ".venv" / "kept").exists()


def test_without_ensurepip_pip_comes_from_the_index(checkout: Path, index: str) -> None:
    (checkout / "hidden").mkdir()
    (checkout / "hidden" / "ensurepip.py").write_text("raise SystemExit('not shipped here')\n")

    answer = develop(checkout, *IMPORT_BOTH, PYTHONPATH=str(checkout / "hidden"), PIP_INDEX_URL=index)

    assert answer.ok, answer.stderr
    assert list((checkout / ".venv" / "pip").glob("pip-*.whl"))


def test_two_calls_at_once_share_one_environment(checkout: Path) -> None:
    children = [
        start([sys.executable, "develop.py", *IMPORT_BOTH], folder=checkout, environment=environment(checkout))
        for _ in range(2)
    ]

    assert [child.wait(120) for child in children] == [0, 0]
