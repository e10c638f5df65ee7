"""Images on a real engine: lean, built only where something changed, and a service that starts and stops well."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import re
import shutil
import socket
import statistics
import tarfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import contained
import psycopg
import pytest
from migrating import REPOSITORY
from plugins.databases import Serve

from buildkit.config import load
from buildkit.core.ignore import parse
from buildkit.doors import process
from buildkit.errors import BudgetError, EngineError, ImageError
from buildkit.flows import image_tests as flow
from buildkit.flows.image import build_images
from buildkit.flows.image_check import check_images
from buildkit.flows.image_inputs import request_of
from buildkit.image import templates
from buildkit.image.build import command
from buildkit.image.checkout import Checkout
from buildkit.image.context import scan
from buildkit.model import Outcome, Report
from buildkit.report.console import Console

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.slow]

FILES = {
    "pyproject.toml": """
        [project]
        name = "greeter"
        version = "1.2.3"
        dependencies = ["starlette>=0.40", "uvicorn>=0.30"]

        [tool.buildkit]
        packages = ["greeter"]

        [[tool.buildkit.data.stage]]
        name = "greet"
        run = "greeter.stages:greet"
        outputs = ["greeting.txt"]

        [tool.buildkit.image.api]
        repository = "REPOSITORY"
        command = ["uvicorn", "greeter.main:app", "--host", "0.0.0.0", "--port", "8000"]
    """,
    "src/greeter/__init__.py": "",
    "src/greeter/stages.py": """
        from pathlib import Path

        def greet(source: Path, out: Path) -> None:
            (out / "greeting.txt").write_text("hello from the volume")
    """,
    "src/greeter/words.py": """
        def loud(text: str) -> str:
            return text.upper()
    """,
    "src/greeter/main.py": """
        import os
        from importlib.metadata import version
        from pathlib import Path

        from starlette.applications import Starlette
        from starlette.endpoints import HTTPEndpoint
        from starlette.responses import JSONResponse
        from starlette.routing import Route

        from greeter import words

        class Greeting(HTTPEndpoint):
            def get(self, request):
                file = Path(os.environ["PYBUILDKIT_DATA_PATH"], "current", "greeting.txt")
                compiled = words.__file__.endswith(".so")
                text = words.loud(file.read_text())
                return JSONResponse([text, compiled, version("greeter"), os.getuid(), os.getpid()])

        class Health(HTTPEndpoint):
            def get(self, request):
                return JSONResponse({"status": "ok"})

        app = Starlette(routes=[Route("/", Greeting), Route("/health", Health)])
    """,
    "tests/test_greeter.py": "",
    ".env": "PASSWORD=secret",
}


MADE: set[str] = set()
"""Ids of all images that were built here: one whose name went to another is still there."""


@dataclass
class Project:
    """A project with one image, and what its builds said."""

    root: Path
    repository: str
    image: str = ""
    talk: io.StringIO = field(default_factory=io.StringIO)

    def build(self, **given: Any) -> tuple[Outcome, dict[str, Any]]:
        report = self.run(given.pop("environment", {}), **given)
        facts: Any = report.facts["built"]
        MADE.update(value for key, value in facts["api"].items() if key == "digest")
        return report.outcomes[0], facts["api"]

    def run(self, environment: dict[str, str], **given: Any) -> Report:
        self.talk = io.StringIO()
        variables = {**os.environ, "CI": "", **environment}
        return build_images(load(self.root, variables), Console(variables, talk=self.talk), variables, **given)

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(undented(text))

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text()
        assert old in text
        (self.root / name).write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def repository() -> Iterator[str]:
    """A name for images; those that were built here are removed at the end."""
    name = f"buildkit-test-{uuid4().hex[:8]}"
    yield name
    here = set(docker("image", "ls", "--quiet", "--no-trunc").split())
    images = set(docker("image", "ls", "--quiet", "--no-trunc", f"{name}*").split()) | (MADE & here)
    if images:
        docker("image", "rm", "--force", *sorted(images))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, repository: str) -> Project:
    """The project as it was built once; a test that changes it takes a `copy`."""
    made = Project(tmp_path_factory.mktemp("greeter"), repository)
    for name, text in FILES.items():
        made.write(name, text.replace("REPOSITORY", repository))
    made.image = made.build(required=True)[1]["digest"]
    return made


@pytest.fixture
def copy(first: Project, tmp_path: Path) -> Project:
    """The built project in another folder, free to change; its images have the same name and go with the first's."""
    shutil.copytree(first.root, tmp_path / "copy")
    return Project(tmp_path / "copy", first.repository)


@pytest.fixture
def volume() -> Iterator[str]:
    name = f"buildkit-test-{uuid4().hex[:8]}"
    docker("volume", "create", name)
    yield name
    docker("volume", "rm", name)


def docker(*arguments: str) -> str:
    answer = process.run(["docker", *arguments], timeout=240)
    assert answer.ok, answer.stderr
    return answer.stdout.strip()


def undented(text: str) -> str:
    return "".join(f"{line.removeprefix(' ' * 8)}\n" for line in text.strip("\n").splitlines())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextlib.contextmanager
def started(image: str, *options: str, command: Sequence[str] = ()) -> Iterator[str]:
    """Start a container, its port 8000 on a free port of this machine, and remove it at the end."""
    name = f"buildkit-test-{uuid4().hex[:8]}"
    publish = () if "host" in options else ("--publish", "127.0.0.1::8000")
    docker("run", "--detach", "--name", name, *publish, *options, image, *command)
    try:
        yield name
    finally:
        docker("rm", "--force", name)


@contextlib.contextmanager
def created(image: str, *options: str, command: Sequence[str]) -> Iterator[str]:
    """Make a container that does not run yet, and remove it at the end."""
    name = f"buildkit-test-{uuid4().hex[:8]}"
    docker("create", "--name", name, *options, image, *command)
    try:
        yield name
    finally:
        docker("rm", "--force", name)


def answer_of(container: str, address: str = "") -> Any:
    """Return what the service says once it answers, at `address` or where its port 8000 is published."""
    address = address or docker("port", container, "8000")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with (
            contextlib.suppress(OSError, ValueError),
            urllib.request.urlopen(f"http://{address}", timeout=2) as response,
        ):
            return json.load(response)
        time.sleep(0.05)
    raise AssertionError(log_of(container))


def log_of(container: str) -> str:
    done = process.run(["docker", "logs", container])
    return done.stdout + done.stderr


def inside(image: str, script: str) -> str:
    return docker("run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", script)


# ------------------------------------------------------------------ what is in it


def test_the_image_has_what_runs_and_nothing_else(first: Project) -> None:
    image = first.image
    files = inside(image, "find /app -type f | grep -v -e __pycache__ -e dist-info").splitlines()
    assert sorted(re.sub(r"\.cpython-[^.]+", "", name) for name in files) == [
        "/app/buildkit.json",
        "/app/src/greeter/__init__.py",
        *(f"/app/src/greeter/{name}{ending}" for name in ("main", "stages", "words") for ending in (".py", ".so")),
    ]
    assert inside(image, "id -u; ls -A /app/data; command -v gcc pip cython invoke || true") == "10001"
    about = json.loads(docker("image", "inspect", image))[0]["Config"]
    assert about["User"] == "10001:10001"
    assert about["Entrypoint"] == ["python", "-m", "buildkit.runtime", "--"]
    assert about["Cmd"][0] == "uvicorn"
    assert about["Healthcheck"]["Test"][-1] == "http://127.0.0.1:8000/health"


def test_the_service_may_write_to_nothing_but_its_data(first: Project) -> None:
    tried = "for place in /app /app/src /opt/venv /opt/buildkit /app/data; do touch $place/x 2>&1 && echo $place; done"
    words = inside(first.image, f"{tried}; true").splitlines()
    assert [line for line in words if not line.startswith("touch:")] == ["/app/data"]


# ------------------------------------------------------------------ how it runs


def test_the_data_is_made_once_in_the_volume_and_the_second_start_goes_straight_on(first: Project, volume: str) -> None:
    image, mount = first.image, f"{volume}:/app/data"
    with started(image, "--volume", mount) as container:
        text, compiled, number, user, process = answer_of(container)
        assert (text, compiled, number, user) == ("HELLO FROM THE VOLUME", True, "1.2.3", 10001)
        assert process > 1, "process 1 is the small program that reaps and hands signals on"
        assert "data: missing: making it before the start" in log_of(container)
        assert (
            docker("exec", container, *json.loads(docker("inspect", container))[0]["Config"]["Healthcheck"]["Test"][1:])
            == ""
        )
    with started(image, "--volume", mount) as container:
        assert answer_of(container)[0] == "HELLO FROM THE VOLUME"
        log = log_of(container)
        assert "data: fresh" in log
        assert ": starting" in log
        assert "stage greet" not in log


def test_a_stopped_container_ends_at_once_and_well(first: Project, volume: str) -> None:
    with started(first.image, "--volume", f"{volume}:/app/data") as container:
        answer_of(container)
        begun = time.monotonic()
        docker("stop", "--time", "10", container)
        assert time.monotonic() - begun < 2
        assert docker("inspect", "--format", "{{.State.ExitCode}}", container) in {"0", "143"}


def test_compose_brings_up_the_service_with_its_volume(first: Project, tmp_path: Path) -> None:
    """No image of PostgreSQL can be had where no registry is reached, so the database is left out of the live part."""
    variables = first.root / ".buildkit" / "image" / "api.env"
    assert f"SERVICE_IMAGE={first.repository}:latest" in variables.read_text()
    without = tmp_path / "without-database.yaml"
    without.write_text("services:\n  service:\n    depends_on: !reset null\n")
    name = f"buildkit-test-{uuid4().hex[:8]}"
    compose = ["compose", "--project-name", name, "--env-file", str(variables)]
    file = str(templates.folder() / "compose.yaml")
    whole = json.loads(docker(*compose, "--file", file, "config", "--format", "json"))
    assert whole["services"]["service"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert [mount["target"] for mount in whole["services"]["service"]["volumes"]] == ["/app/data"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SERVICE_PORT", "0")
        patch.setenv("SERVICE_IMAGE", first.image)
        given = [*compose, "--file", file, "--file", str(without)]
        try:
            docker(*given, "up", "--detach", "--wait", "service")
            container = docker(*given, "ps", "--quiet", "service")
            assert answer_of(container)[0] == "HELLO FROM THE VOLUME"
        finally:
            docker(*given, "down", "--volumes", "--timeout", "5")


@pytest.fixture(scope="module")
def orbits(tmp_path_factory: pytest.TempPathFactory, repository: str) -> str:
    """The reference service's image."""
    made = Project(tmp_path_factory.mktemp("orbits"), f"{repository}-orbits")
    for name in ("examples", "migrations"):
        shutil.copytree(REPOSITORY / name, made.root / name)
    shutil.copy(REPOSITORY / "pyproject.toml", made.root)
    _, facts = made.build(environment={"PYBUILDKIT_IMAGE_API_REPOSITORY": made.repository}, required=True)
    assert facts["bytes"] < 300 * 10**6
    return str(facts["tags"][0])


def test_the_reference_service_comes_up_with_data_and_database(
    orbits: str, tmp_path: Path, serve: Serve, volume: str
) -> None:
    """Data, migration, service: made on the first start, found on the second. The database is on this machine."""
    address, port = "127.0.0.1", free_port()
    with serve(tmp_path / "database") as server:
        options = ["--network", "host", "--env", f"DATABASE_URL={server.url}", "--volume", f"{volume}:/app/data"]
        expected = [["data: missing", "migrate: migrated to head"], ["data: fresh", "migrate: already at head"]]
        for words in expected:
            service = ["uvicorn", "orbits.main:app", "--host", address, "--port", str(port)]
            with started(orbits, *options, command=service) as container:
                assert answer_of(container, f"{address}:{port}/version") == {"version": "1.0.0", "compiled": True}
                assert answer_of(container, f"{address}:{port}/observations") == {"observations": []}
                log = log_of(container)
                assert [part for part in words if part in log] == words, log


def test_a_container_that_waits_for_its_database_stops_at_once(orbits: str, volume: str) -> None:
    """Nobody listens where the database is said to be: the data is made, then the migration step waits for a server."""
    nowhere = f"postgresql://service@127.0.0.1:{free_port()}/service"
    options = ["--network", "host", "--env", f"DATABASE_URL={nowhere}", "--volume", f"{volume}:/app/data"]
    with started(orbits, *options, command=["sh", "-c", "echo served"]) as container:
        deadline = time.monotonic() + 60
        while "migrate: waiting for" not in (log := log_of(container)):
            assert time.monotonic() < deadline, log
            time.sleep(0.1)
        begun = time.monotonic()
        docker("stop", "--time", "10", container)
        assert time.monotonic() - begun < 2
        assert docker("inspect", "--format", "{{.State.ExitCode}}", container) == "143"
        log = log_of(container)
        assert "served" not in log
        assert "Traceback" not in log


def test_sixteen_containers_at_once_migrate_once(orbits: str, tmp_path: Path, serve: Serve, volume: str) -> None:
    """All of one image, on one database and one volume: a table, a data revision, an index beside writers."""
    with serve(tmp_path / "database") as server, contextlib.ExitStack() as stack:
        options = ["--network", "host", "--env", f"DATABASE_URL={server.url}", "--volume", f"{volume}:/app/data"]
        names = [stack.enter_context(created(orbits, *options, command=["true"])) for _ in range(16)]
        docker("start", *names)
        codes = docker("wait", *names).split()
        logs = [log_of(name) for name in names]
        with psycopg.connect(server.url) as connection:
            at = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            invalid = connection.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid").fetchone()

    assert codes == ["0"] * 16, logs
    applied = [
        line.split(" applied ")[1].split()[0] for log in logs for line in log.splitlines() if ": applied " in line
    ]
    assert sorted(applied) == [f"{number:04}" for number in range(1, 6)], logs
    assert sum("stage" in log and ": made" in log for log in logs) == 1
    assert at == [("0005",)]
    assert invalid == (0,)


def test_at_head_the_gate_adds_little_to_a_start(orbits: str, tmp_path: Path, postgres: Path) -> None:
    """At most 0.1 s on a quiet machine, which is for the benchmark to say; here no more than what nobody can miss."""
    with contained.bridged(postgres, tmp_path / "database") as url:
        gate, bare = (statistics.median(times) for times in contained.starts(orbits, url, rounds=10))
    assert gate - bare < max(0.5, 4 * bare), f"{gate:.3f} s with the gate, {bare:.3f} s without"


# ------------------------------------------------------------------ what compiles it


def test_modules_of_mypyc_run_in_the_image(copy: Project, volume: str) -> None:
    with (copy.root / "pyproject.toml").open("a") as file:
        file.write('[tool.buildkit.compile.module."greeter.words"]\nbackend = "mypyc"\n')
    copy.edit("src/greeter/words.py", "def loud", "WORD: str = ''\n\ndef loud")

    _, facts = copy.build()

    files = inside(facts["digest"], "ls /app/src /app/src/greeter; command -v mypy gcc || true").split()
    assert [name.partition(".cpython-")[0] for name in files if name.startswith(("greeter_", "words."))] == [
        "greeter__mypyc",
        "words",
        "words.py",
    ]
    assert not {"mypy", "gcc"} & {Path(name).name for name in files}
    with started(facts["digest"], "--volume", f"{volume}:/app/data") as container:
        assert answer_of(container)[:2] == ["HELLO FROM THE VOLUME", True]


# ------------------------------------------------------------------ when it is built


def test_nothing_changed_asks_no_builder(copy: Project) -> None:
    copy.build()  # other copies took the name meanwhile
    (copy.root / "tests" / "test_greeter.py").write_text("changed = True")
    os.utime(copy.root / "src" / "greeter" / "words.py")
    begun = time.monotonic()
    outcome, facts = copy.build()
    seconds = time.monotonic() - begun
    assert (outcome.result, str(outcome.reason)) == ("fresh", "unchanged")
    assert facts["bytes"] < 500 * 10**6
    assert seconds < 2, "a build takes longer than that"
    assert "  s  [" not in copy.talk.getvalue()


def test_a_source_edit_installs_nothing_and_compiles_one_module(copy: Project) -> None:
    never_seen = uuid4().hex
    copy.edit("src/greeter/words.py", "text.upper()", f"text.upper() + '{never_seen[:4]}'")
    copy.build()  # fills the store: the engine may have emptied it, and kept the layer that came from it
    copy.edit("src/greeter/words.py", never_seen[:4], never_seen)
    outcome, facts = copy.build()
    assert outcome.result == "made"
    assert str(outcome.reason) == "context changed: src/greeter/words.py"
    steps = {step["step"]: step["outcome"] for step in facts["steps"]}
    assert {result for step, result in steps.items() if step.startswith(("[tools", "[dependencies"))} == {"cached"}
    talk = copy.talk.getvalue()
    assert re.search("compile: (2 restored, 1 compiled|1 compiled, 2 restored)", talk), talk
    with started(facts["tags"][0]) as container:
        assert answer_of(container)[0] == f"HELLO FROM THE VOLUME{never_seen}"


def test_a_new_version_installs_nothing(copy: Project) -> None:
    copy.edit("pyproject.toml", 'version = "1.2.3"', 'version = "1.3.0"\ndescription = "It greets."')
    _, facts = copy.build()
    steps = {step["step"]: step["outcome"] for step in facts["steps"]}
    assert {result for step, result in steps.items() if step.startswith(("[tools", "[dependencies"))} == {"cached"}
    assert inside(
        facts["tags"][0], "python -c 'from importlib.metadata import version as v; print(v(\"greeter\"))'"
    ) == ("1.3.0")


def test_another_name_is_given(copy: Project) -> None:
    copy.build()
    wanted = {"PYBUILDKIT_IMAGE_API_REPOSITORY": f"{copy.repository}-renamed"}
    outcome, facts = copy.build(environment=wanted)
    assert (outcome.result, str(outcome.reason)) == ("made", "setting changed: names")
    assert facts["tags"] == [f"{copy.repository}-renamed:latest"]
    assert copy.build(environment=wanted)[0].result == "fresh"


def test_an_image_that_is_gone_is_built_again(copy: Project) -> None:
    copy.edit("pyproject.toml", copy.repository, f"{copy.repository}-other")
    _, facts = copy.build()
    docker("image", "rm", facts["tags"][0])
    outcome, _ = copy.build(dry_run=True)
    assert (outcome.result, str(outcome.reason)) == ("due", f"output missing: {facts['tags'][0]}")


def test_a_commit_gives_tag_and_label(copy: Project) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    (copy.root / ".gitignore").write_text(".buildkit/\n")
    for step in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "--message", "first"]):
        assert process.run(["git", *step], folder=copy.root).ok
    commit = process.run(["git", "rev-parse", "HEAD"], folder=copy.root).stdout.strip()
    _, facts = copy.build()
    assert facts["tags"] == [f"{copy.repository}:{commit[:12]}", f"{copy.repository}:latest"]
    about = json.loads(docker("image", "inspect", facts["tags"][0]))[0]
    assert about["Config"]["Labels"]["org.opencontainers.image.revision"] == commit


def test_two_builds_without_a_cache_give_the_same_image(copy: Project) -> None:
    variables = dict(os.environ)
    config = load(copy.root, variables)
    folder = config.work / "image" / "api"
    request = request_of(config, "api", folder, Checkout(time=1_700_000_000))
    aside = {**request.arguments, "BUILDKIT_CACHE_MOUNT_NS": "buildkit-test"}  # --no-cache empties cache mounts
    request = replace(request, tags=(f"{copy.repository}:same",), arguments=aside)
    digests = set()
    for _ in range(2):
        os.utime(copy.root / "src" / "greeter" / "words.py")
        buildx, build, *rest = command(request, folder / "metadata.json")[1:]
        docker(buildx, build, "--no-cache", *rest)
        digests.add(docker("image", "inspect", "--format", "{{.Id}}", request.tags[0]))
    assert len(digests) == 1


# ------------------------------------------------------------------ when it cannot be built


def test_without_an_engine_the_image_is_skipped_with_what_to_install(copy: Project) -> None:
    copy.edit("src/greeter/words.py", "upper", "title")
    nowhere = {"DOCKER_HOST": f"unix://{copy.root}/no.sock"}
    outcome, _ = copy.build(environment=nowhere)
    assert outcome.result == "skipped"
    assert "no Docker Engine answers at DOCKER_HOST" in str(outcome.reason)
    assert "install it: https://" in copy.talk.getvalue()


@pytest.mark.parametrize(("given", "environment"), [({"required": True}, {}), ({}, {"CI": "true"})])
def test_where_the_image_is_required_a_missing_engine_is_an_error(
    copy: Project, given: dict[str, bool], environment: dict[str, str]
) -> None:
    with pytest.raises(EngineError) as caught:
        copy.build(environment={"DOCKER_HOST": f"unix://{copy.root}/no.sock", **environment}, **given)
    assert caught.value.exit_code == 21


def test_a_module_that_does_not_compile_is_named_with_its_line(copy: Project) -> None:
    copy.write("src/greeter/broken.py", "def broken(:\n    pass\n")
    with pytest.raises(ImageError, match=r"did not build: \[build .* compile --profile release") as caught:
        copy.build()
    assert any("greeter/broken.py:1" in line for line in caught.value.details), caught.value.details


def test_a_context_over_its_budget_is_refused_before_anything_is_sent(copy: Project) -> None:
    (copy.root / "weights.bin").write_bytes(bytes(2_000_000))
    copy.edit("pyproject.toml", 'command = ["uvicorn"', 'context-budget = "1MB"\ncommand = ["uvicorn"')
    with pytest.raises(BudgetError, match="build context of image api has 2 MB, the budget is 1 MB") as caught:
        copy.build()
    assert caught.value.details[0].endswith("2 MB  weights.bin")


def test_an_image_over_its_budget_is_refused_each_time(copy: Project) -> None:
    copy.edit("pyproject.toml", 'command = ["uvicorn"', 'size-budget = "1MB"\ncommand = ["uvicorn"')
    for _ in range(2):
        with pytest.raises(BudgetError, match="the budget is 1 MB"):
            copy.build()


# ------------------------------------------------------------------ whether all fits together


def checked(project: Project) -> dict[str, tuple[str, str]]:
    """Return the verdict and its reason for each point."""
    variables = {**os.environ, "CI": ""}
    report: Report | None
    try:
        report = check_images(load(project.root, variables), Console(variables, talk=project.talk), variables)
    except ImageError as error:
        report = error.report
    assert report is not None
    return {row.subject.removeprefix("api: "): (row.result, str(row.reason)) for row in report.outcomes}


def test_each_point_of_the_arrangement_has_its_verdict(copy: Project) -> None:
    copy.build()
    before = checked(copy)
    assert {point for point, (verdict, _) in before.items() if verdict != "holds"} == {"data in the volume"}
    assert before["data in the volume"][0] == "not yet"
    assert set(before) == {
        "image is built",
        "image is of these sources",
        "entrypoint is the gates",
        "command is in the image",
        "command starts",
        "health check",
        "user",
        "gates can start",
        "image carries no data",
        "place for the volume",
        "compose file",
        "compose keeps the entrypoint",
        "compose mounts the volume",
        "data in the volume",
    }
    name = before["compose mounts the volume"][1].partition(" ")[0]
    docker("volume", "create", name)
    try:
        assert "is empty; the next start makes it" in checked(copy)["data in the volume"][1]
        docker("run", "--rm", "--volume", f"{name}:/app/data", f"{copy.repository}:latest", "true")
        assert re.fullmatch(r"fresh: generation 000001-\S+, \d+ bytes, due .*", checked(copy)["data in the volume"][1])
    finally:
        docker("volume", "rm", name)

    copy.edit("src/greeter/words.py", "upper", "title")
    assert checked(copy)["image is of these sources"] == ("wrong", "context changed: src/greeter/words.py")


def test_what_does_not_hold_is_named(copy: Project, first: Project) -> None:
    name = f"{copy.repository}-odd"
    copy.edit("pyproject.toml", copy.repository, name)
    assert checked(copy) == {"image is built": ("wrong", f"the engine has no {name}:latest")}
    (copy.root / "odd").mkdir()
    odd = ["USER root", "RUN touch /app/data/old && rm /app/buildkit.json", 'ENTRYPOINT ["sh"]', 'CMD ["serve"]']
    copy.write("odd/Dockerfile", "\n".join([f"FROM {first.repository}:latest", *odd, "HEALTHCHECK NONE"]))
    docker("build", "--quiet", "--tag", f"{name}:latest", str(copy.root / "odd"))
    MADE.add(docker("image", "inspect", "--format", "{{.Id}}", f"{name}:latest"))
    copy.write("compose.yaml", f"services:\n  web:\n    image: {name}\n    entrypoint: [sh, -c]\n")

    found = checked(copy)

    assert {point: reason for point, (verdict, reason) in found.items() if verdict == "wrong"} == {
        "image is of these sources": "context appeared: compose.yaml and 4 more",
        "entrypoint is the gates": 'it is ["sh"], not python -m buildkit.runtime --',
        "command is in the image": "there is no program serve",
        "health check": "there is none",
        "user": "the service runs as root",
        "gates can start": "ConfigurationError: /app/buildkit.json: No such file or directory",
        "image carries no data": "/app/data has: old",
        "compose keeps the entrypoint": 'it puts ["sh", "-c"] in its place',
        "compose mounts the volume": "nothing is mounted at /app/data: each start makes the data anew",
    }


@pytest.mark.parametrize(
    ("lines", "starts", "healthy"),
    [
        (['CMD ["python", "-c", "import time; time.sleep(60)"]'], "holds: it runs", "wrong: it listens on no port"),
        (['CMD ["python", "-m", "start"]'], "wrong: it ends with 1: ", "not yet: the command does not run here"),
        (['CMD ["python", "-c", "raise SystemExit(\'no database\')"]'], "not yet: without network", "not yet: "),
        (
            ['HEALTHCHECK CMD ["python", "-m", "buildkit.runtime", "--health", "http://127.0.0.1:8000/healthz"]'],
            "holds: it runs, and listens on 8000",
            "wrong: it listens on 8000, and the check fails: ",
        ),
    ],
)
def test_what_does_not_start_or_answer_never_holds(
    copy: Project, first: Project, lines: list[str], starts: str, healthy: str
) -> None:
    name = f"{copy.repository}-still"
    copy.edit("pyproject.toml", copy.repository, name)
    text = (copy.root / "pyproject.toml").read_text()
    before, _, after = text.partition("[[tool.buildkit.data.stage]]")
    (copy.root / "pyproject.toml").write_text(before + after[after.index("[tool.buildkit.image") :])  # no gates
    copy.write("odd/Dockerfile", "\n".join([f"FROM {first.repository}:latest", *lines]))
    docker("build", "--quiet", "--tag", f"{name}:latest", str(copy.root / "odd"))
    MADE.add(docker("image", "inspect", "--format", "{{.Id}}", f"{name}:latest"))

    found = {point: f"{verdict}: {reason}" for point, (verdict, reason) in checked(copy).items()}

    assert found["command starts"].startswith(starts), found
    assert found["health check"].startswith(healthy), found


# ------------------------------------------------------------------ the tests in it


def test_the_projects_tests_run_on_the_compiled_modules(copy: Project) -> None:
    check = """
        from greeter import words

        def test_loud():
            assert words.loud("a") == "A"
            assert words.__file__.endswith(".so")
    """
    copy.write("tests/test_greeter.py", check)
    with (copy.root / "pyproject.toml").open("a") as file:
        file.write('[tool.buildkit.nox]\ntests = ["pytest", "-q", "tests"]\nrequires = ["pytest>=8"]\n')
    variables = dict(os.environ)
    report = flow.run_tests_in(load(copy.root, variables), Console(variables, talk=copy.talk), variables, name="api")
    assert report.outcomes[0].result == "passed"
    assert "1 passed" in copy.talk.getvalue()
    docker("image", "rm", f"{copy.repository}:test")
    copy.edit("tests/test_greeter.py", '== "A"', '== "B"')
    with pytest.raises(ImageError, match="the tests failed in"):
        flow.run_tests_in(load(copy.root, variables), Console(variables, talk=copy.talk), variables, name="api")


# ------------------------------------------------------------------ what the builder is sent

SEGMENTS = [
    "a",
    "b",
    "*",
    "**",
    "?",
    "*.so",
    "[ab]",
    "[^a]",
    "**b",
    "a**",
    "b c",
    "..",
    "a?",
    "***",
    "a{2}*",
    "x|b",
    "\\a",
]
NAMES = ["a", "b", "ab", "aa", "a.so", "b c", "myab", ".venv", "!c", "#d"]


@pytest.mark.parametrize("seed", range(12))
def test_the_context_is_what_a_real_builder_gets(tmp_path: Path, seed: int) -> None:
    """Random trees under random rules: the builder lists its context, and so do we."""
    chance = random.Random(seed)
    for _ in range(chance.randint(10, 25)):
        file = tmp_path.joinpath(*(chance.choice(NAMES) for _ in range(chance.randint(1, 4))))
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    marks, lengths = ("", "", "!", "! ", "/"), (1, 2, 3)
    rules = "\n".join(
        chance.choice(marks) + "/".join(chance.choice(SEGMENTS) for _ in range(chance.choice(lengths)))
        for _ in range(chance.randint(1, 7))
    )
    (tmp_path / ".dockerignore").write_text(rules)
    target = tmp_path.parent / f"sent-{seed}.tar"
    docker("buildx", "build", "--quiet", "--output", f"type=tar,dest={target}", str(tmp_path))
    with tarfile.open(target) as archive:
        sent = {member.name.rstrip("/") for member in archive} - {""}
    assert {entry.path for entry in scan(tmp_path, parse(rules)).entries} == sent, rules
