"""`invoke init`: what it writes lets the suite work; what is there stays; a kill leaves nothing half."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from plugins.projects import InvokeRunner, ProjectMaker, run_invoke

from buildkit.errors import BuildkitError, render
from buildkit.flows.init import init as init_here
from buildkit.flows.init import lines
from buildkit.report.console import Console

PROJECT = '# ours\n[project]\nname = "app"\nversion = "1"\n'
SERVICE = {
    "pyproject.toml": PROJECT,
    "src/app/__init__.py": "",
    "src/app/main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
    ".gitignore": "dist\n",
}
WRITTEN = ["pyproject.toml", "tasks.py", "noxfile.py", ".gitignore"]


@dataclass(frozen=True)
class Ran:
    returncode: int
    stdout: str
    stderr: str


def command(root: Path, *flags: str) -> Ran:
    """Run `python -m buildkit init`, as in a project that has no tasks.py."""
    words = [sys.executable, "-m", "buildkit", "init", *flags]
    ran = subprocess.run(
        words, cwd=root, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL
    )
    assert "Traceback" not in ran.stderr
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def init(root: Path) -> Ran:
    """Do what `init --yes` does, without a start of Python for it."""
    talk = io.StringIO()
    try:
        report = init_here(root, Console({}, talk=talk), os.environ, yes=True)
    except BuildkitError as error:
        return Ran(error.exit_code, "", talk.getvalue() + render(error))
    return Ran(0, "\n".join([*lines(report), ""]), talk.getvalue())


def texts(root: Path) -> dict[str, str]:
    return {str(file.relative_to(root)): file.read_text() for file in root.rglob("*") if file.is_file()}


def test_a_project_is_set_up_and_then_nothing_is_missing(project: ProjectMaker) -> None:
    root = project(SERVICE)

    first = command(root, "--yes")
    after = texts(root)
    again = init(root)

    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith(f"init: written: {', '.join(WRITTEN)}\n")
    assert '+command = ["uvicorn", "app.main:app", "--port", "{port}"]' in first.stderr
    assert after["pyproject.toml"].startswith(PROJECT)
    assert after["pyproject.toml.original"] == PROJECT
    assert after[".gitignore"] == "dist\n*.so\n*.original\n"
    assert (again.returncode, again.stdout) == (0, "init: nothing is missing\n")
    assert texts(root) == after


def test_what_was_set_up_is_what_the_commands_read(project: ProjectMaker) -> None:
    root = project({**SERVICE, "tasks.py": "from invoke import task\n@task\ndef lint(c):\n    print('mine')\n"})

    assert init(root).returncode == 0
    listed = run_invoke(root, "--list")
    mine = run_invoke(root, "lint")
    dev = run_invoke(root, "dev", "--dry-run", variables={"PYBUILDKIT_COMPILE": "off"})

    assert " compile" in listed.stdout
    assert mine.stdout == "mine\n"
    assert "dev: would run uvicorn app.main:app --port 8000" in dev.stdout


def test_what_is_to_be_installed_first_is_said(project: ProjectMaker) -> None:
    ready, bare = PROJECT, PROJECT + 'dependencies = ["a-distribution-that-is-nowhere"]\n'

    assert "\nnext: invoke build, " in init(project({**SERVICE, "pyproject.toml": ready})).stdout
    for name in WRITTEN:
        (project({}) / name).unlink()
    said = init(project({**SERVICE, "pyproject.toml": bare})).stdout
    assert "\nnext: " in said
    assert "-m pip install -e ., then invoke build, " in said


def test_without_a_terminal_and_a_yes_nothing_is_written(project: ProjectMaker) -> None:
    root = project(SERVICE)

    ran = command(root)

    assert ran.returncode == 2
    assert "nothing was written: there is no terminal to ask at" in ran.stderr
    assert "hint: --yes writes it" in ran.stderr
    assert texts(root) == SERVICE


def test_a_dry_run_only_shows(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project({**SERVICE, "tasks.py": "from buildkit.tasks import ns\n"})
    before = texts(root)

    ran = invoke(root, "init", "--dry-run", "--json")

    assert ran.exit_code == 0
    assert {row["file"]: row["outcome"] for row in ran.json["files"]} == dict.fromkeys(
        [name for name in WRITTEN if name != "tasks.py"], "would-write"
    )
    assert texts(root) == before


@pytest.mark.parametrize(("answer", "written"), [("\n", True), ("y\n", True), ("n\n", False), ("what\n", False)])
def test_one_question_is_asked_at_a_terminal(project: ProjectMaker, answer: str, written: bool) -> None:
    root = project(SERVICE)
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(root)
        os.execv(sys.executable, [sys.executable, "-m", "buildkit", "init"])

    said = b""
    asked = False
    while True:
        if not select.select([terminal], [], [], 60)[0]:
            break
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        if not part:
            break
        said += part
        if b"[Y/n]" in said and not asked:
            asked = True
            os.write(terminal, answer.encode())
    _, status = os.waitpid(child, 0)
    os.close(terminal)

    assert os.waitstatus_to_exitcode(status) == 0
    assert said.count(b"[Y/n]") == 1
    assert ("tasks.py" in texts(root)) == written


def test_an_original_that_is_there_already_stays(project: ProjectMaker) -> None:
    root = project({**SERVICE, "pyproject.toml.original": "the first\n"})

    assert init(root).returncode == 0

    assert texts(root)["pyproject.toml.original"] == "the first\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("[project\n", "not valid TOML", id="no-toml"),
        pytest.param(
            f"{PROJECT}[tool]\nbuildkit = {{ dev = {{ port = 1 }} }}\n", "its layout is an unusual one", id="odd"
        ),
        pytest.param(f"{PROJECT}[tool.buildkit.dev]\nprot = 1\n", "dev.prot: unknown", id="wrong-setting"),
    ],
)
def test_a_file_that_cannot_be_added_to_is_told_and_nothing_is_written(
    project: ProjectMaker, text: str, words: str
) -> None:
    files = {**SERVICE, "pyproject.toml": text}
    root = project(files)

    ran = init(root)

    assert ran.returncode == 2
    assert words in ran.stderr
    assert texts(root) == files


def test_a_file_that_leads_out_of_the_project_is_not_written(project: ProjectMaker, tmp_path: Path) -> None:
    root = project(SERVICE)
    outside = tmp_path / "ignored"
    outside.write_text("dist\n")
    (root / ".gitignore").unlink()
    (root / ".gitignore").symlink_to(outside)

    ran = init(root)

    assert ran.returncode == 2
    assert "outside of the project" in ran.stderr
    assert outside.read_text() == "dist\n"
    assert not (root / "tasks.py").exists()


def test_a_folder_without_a_project_is_told(tmp_path: Path) -> None:
    ran = init(tmp_path)

    assert ran.returncode == 2
    assert "there is no project here" in ran.stderr
    assert "--from-scratch" in ran.stderr


def test_lines_keep_the_ends_that_a_file_has(project: ProjectMaker) -> None:
    root = project(SERVICE)
    (root / "pyproject.toml").write_bytes(PROJECT.replace("\n", "\r\n").encode())

    assert init(root).returncode == 0

    written = (root / "pyproject.toml").read_bytes()
    assert written.count(b"\n") == written.count(b"\r\n") > PROJECT.count("\n")


_KILLED = """
import os, signal, sys
at = int(sys.argv.pop(1))
seen = 0
def see(event, arguments):
    global seen
    if event in ("os.rename", "os.link"):
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(see)
from pathlib import Path
from buildkit.flows.init import init
from buildkit.report.console import Console
init(Path.cwd(), Console({}), {}, yes=True)
"""


def test_a_kill_at_any_file_leaves_the_old_or_the_new_and_the_next_run_ends_it(project: ProjectMaker) -> None:
    wanted = project(SERVICE)
    init_here(wanted, Console({}, talk=io.StringIO()), {}, yes=True)
    whole = texts(wanted)
    killed = 0

    for at in range(1, 20):
        for name in texts(wanted):
            (wanted / name).unlink()
        project(SERVICE)
        ran = subprocess.run(
            [sys.executable, "-c", _KILLED, str(at)], cwd=wanted, capture_output=True, timeout=60, check=False
        )
        there = {name: text for name, text in texts(wanted).items() if not name.endswith(".tmp")}
        assert all(text in {SERVICE.get(name), whole[name]} for name, text in there.items())
        init_here(wanted, Console({}, talk=io.StringIO()), {}, yes=True)
        assert {name: text for name, text in texts(wanted).items() if not name.endswith(".tmp")} == whole
        if ran.returncode != -signal.SIGKILL:
            break
        killed += 1

    assert killed == 6


def test_the_list_of_tasks_is_no_slower_for_it(project: ProjectMaker) -> None:
    root = project({**SERVICE, "tasks.py": "from buildkit.tasks import ns\n"})
    code = "import sys; sys.argv = ['invoke', '--list']\nfrom invoke.main import program\nimport atexit, json\n"
    code += "atexit.register(lambda: print(json.dumps([n for n in sys.modules if n.startswith('buildkit')])))\n"

    ran = subprocess.run(
        [sys.executable, "-c", f"{code}program.run()"], cwd=root, capture_output=True, text=True, timeout=60, check=True
    )

    loaded = json.loads(ran.stdout.splitlines()[-1])
    assert "buildkit.tasks.first" in loaded
    assert not [name for name in loaded if name.startswith(("buildkit.flows", "buildkit.proposal", "buildkit.config"))]
