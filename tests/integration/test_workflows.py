"""`invoke release.workflows`: the files are valid, an auditor finds nothing in them, and each of their lines runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from branches import ENV, revision
from plugins.projects import Ran
from plugins.tools import missing
from workflow_run import Run, parsed, shell_lines

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
VERSION = f"3.{sys.version_info.minor}"

UNDONE = 'op.drop_table("t_a")'
SCHEMAS = {
    "vendor.github-workflows": ".github/workflows/ci.yml",
    "custom.github-workflows-require-timeout": ".github/workflows/ci.yml",
    "vendor.gitlab-ci": ".gitlab-ci.yml",
}
SERVICE = {
    "pyproject.toml": f"""
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "sample"
version = "1.0"
classifiers = ["Programming Language :: Python :: {VERSION}"]
dependencies = ["alembic", "psycopg[binary]", "sqlalchemy"]

[project.optional-dependencies]
ci = ["invoke-buildkit"]

[tool.hatch.build.targets.wheel]
packages = ["src/app"]

[tool.alembic]
script_location = "migrations"

[tool.buildkit.nox]
tests = ["python", "tests/check.py"]

[tool.buildkit.image.worker]
repository = "REPOSITORY-workflow"
command = ["python", "-m", "app.worker"]
health = ""
""",
    "noxfile.py": """
import nox
from buildkit.sessions import register

register()


@nox.session(python=False)
def lint(session):
    session.run("python", "-m", "compileall", "-q", "src", external=True)
""",
    "tasks.py": "from buildkit.tasks import ns\n",
    "migrations/env.py": ENV,
    "migrations/versions/a.py": revision("a", None).replace(
        'raise SystemExit("a downgrade was run")', 'op.drop_table("t_a")'
    ),
    "src/app/__init__.py": "",
    "src/app/fast.py": "def next_number(number: int) -> int:\n    return number + 1\n",
    "src/app/worker.py": "import time\n\nfrom app import fast\n\nwhile fast.next_number(1):\n    time.sleep(1)\n",
    "tests/check.py": "from app import fast\nassert fast.next_number(1) == 2 and fast.__file__.endswith('.so')\n",
}
ProjectMaker = Callable[[Mapping[str, str]], Path]
Invoke = Callable[..., Ran]


@pytest.fixture
def service(project: ProjectMaker, repository: str) -> Path:
    root = project({name: text.replace("REPOSITORY", repository) for name, text in SERVICE.items()})
    (root / ".git").mkdir()
    return root


def program(name: str) -> str:
    found = shutil.which(name, path=str(PROGRAMS)) or shutil.which(name)
    if found is None:
        missing(name, f"no {name} on PATH")
    return str(found)


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_the_files_fit_the_schemas_of_their_services(service: Path, invoke: Invoke) -> None:
    for host in ("github", "gitlab"):
        ran = invoke(service, "release.workflows", "--host", host)
        assert ran.exit_code == 0, ran.stderr

    for schema, name in SCHEMAS.items():
        found = run(program("check-jsonschema"), "--builtin-schema", schema, name, folder=service)
        assert found.returncode == 0, found.stdout + found.stderr


def test_the_strictest_auditor_finds_nothing(service: Path, invoke: Invoke) -> None:
    assert invoke(service, "release.workflows").exit_code == 0

    audit = [program("zizmor"), "--offline", "--no-progress", "--persona=auditor", "--format=json"]
    found = run(*audit, ".github/workflows/ci.yml", folder=service)
    assert (found.returncode, json.loads(found.stdout)) == (0, []), found.stderr

    file = service / ".github" / "workflows" / "ci.yml"
    file.write_text(file.read_text().replace("persist-credentials: false", "persist-credentials: true"))
    assert run(*audit, str(file), folder=service).returncode != 0, "the auditor sees what it is asked about"


def test_a_second_call_finds_nothing_to_do_and_a_changed_setting_is_taken_up(service: Path, invoke: Invoke) -> None:
    invoke(service, "release.workflows")
    assert invoke(service, "release.workflows").stdout.startswith(".github/workflows/ci.yml: fresh")
    assert invoke(service, "release.workflows", "--check").exit_code == 0

    settings = service / "pyproject.toml"
    settings.write_text(settings.read_text() + '\n[tool.buildkit.release]\nbranch = "trunk"\n')
    checked = invoke(service, "release.workflows", "--check")

    assert checked.exit_code == 2
    assert "is not what the settings say: the settings differ" in checked.stderr
    assert "+    branches: [trunk]" in checked.stderr
    assert invoke(service, "release.workflows", "--dry-run").stdout.startswith(
        ".github/workflows/ci.yml: would be written"
    )
    assert "branches: [main]" in (service / ".github/workflows/ci.yml").read_text()
    assert invoke(service, "release.workflows").exit_code == 0
    assert "branches: [trunk]" in (service / ".github/workflows/ci.yml").read_text()


def test_an_edited_file_is_left_alone_and_one_byte_is_noticed(service: Path, invoke: Invoke) -> None:
    invoke(service, "release.workflows")
    file = service / ".github" / "workflows" / "ci.yml"
    edited = file.read_text().replace("timeout-minutes: 60", "timeout-minutes: 61", 1)
    file.write_text(edited)

    assert invoke(service, "release.workflows", "--check").exit_code == 2
    left = invoke(service, "release.workflows")
    assert left.exit_code == 2
    assert "was left alone: edited by hand since it was written" in left.stderr
    assert "--force" in left.stderr
    assert file.read_text() == edited

    forced = invoke(service, "release.workflows", "--force")
    assert forced.exit_code == 0
    assert "the former one is kept as ci.yml.original" in forced.stdout
    assert file.with_name("ci.yml.original").read_text() == edited


def test_a_workflow_of_the_projects_own_stays(service: Path, invoke: Invoke) -> None:
    file = service / ".github" / "workflows" / "ci.yml"
    file.parent.mkdir(parents=True)
    file.write_text("name: mine\n")

    ran = invoke(service, "release.workflows")

    assert ran.exit_code == 2
    assert "not written by this command" in ran.stderr
    assert file.read_text() == "name: mine\n"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("noxfile.py", "import nox\n\n\n@nox.session\ndef docs(session):\n    pass\n", "it has no session `build`"),
        ("noxfile.py", "", "nox cannot list its sessions"),
        ("noxfile.py", "import nothing_of_that_name\n", "nox cannot list its sessions"),
        ("noxfile.py", None, "there is no noxfile.py"),
    ],
)
def test_without_sessions_nothing_is_written(
    service: Path, invoke: Invoke, name: str, text: str | None, words: str
) -> None:
    if text is None:
        (service / name).unlink()
    else:
        (service / name).write_text(text)

    ran = invoke(service, "release.workflows")

    assert ran.exit_code == 2
    assert words in ran.stderr
    assert not (service / ".github").exists()


def test_a_service_of_ci_that_is_not_known_is_refused(service: Path, invoke: Invoke) -> None:
    ran = invoke(service, "release.workflows", "--host", "jenkins")

    assert ran.exit_code == 2
    assert "one of github, gitlab" in ran.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("compiler", "postgres", "docker")
def test_each_line_of_the_files_runs_in_the_order_of_the_jobs(service: Path, invoke: Invoke, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    made = run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(wheels),
        str(ROOT),
        folder=tmp_path,
    )
    assert made.returncode == 0, made.stderr
    for host in ("github", "gitlab"):
        invoke(service, "release.workflows", "--host", host)
    workflow = parsed((service / ".github/workflows/ci.yml").read_text())
    pipeline = parsed((service / ".gitlab-ci.yml").read_text())
    base = os.environ["PATH"].split(os.pathsep)
    outside = os.pathsep.join(place for place in base if Path(place) != PROGRAMS)
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHONPATH", "VIRTUAL"))},
        "PATH": f"{Path(sys.base_prefix) / 'bin'}{os.pathsep}{outside}",
        "PIP_FIND_LINKS": str(wheels),
    }
    ci = Run(service, environment)

    ci.workflow(workflow, {"matrix.session.session": f"build-{VERSION}"})

    assert not ci.said, ci.said
    assert ci.results == dict.fromkeys(["plan", "lint", "test", "migrations", "images", "ok"], "success")
    sessions = json.loads(ci.output("plan", "sessions"))
    assert [(each["session"], each["python"]) for each in sessions] == [(f"build-{VERSION}", VERSION)]
    assert (service / "cache.tar.gz").stat().st_size > 0
    assert {*shell_lines(pipeline)} <= {*ci.lines}, "GitLab runs the same lines"


def test_a_job_that_failed_or_was_left_out_fails_the_one_that_the_branch_asks_for(
    service: Path, invoke: Invoke
) -> None:
    invoke(service, "release.workflows")
    last = parsed((service / ".github/workflows/ci.yml").read_text())["jobs"]["ok"]

    for result in ("failure", "cancelled", "skipped"):
        ci = Run(service, os.environ, results=dict.fromkeys(last["needs"], "success") | {"test": result})
        ci.job("ok", last, {})
        assert ci.results["ok"] == "failure"
