"""Images on a real engine: lean, with a service that starts and stops well, and tests that run on what is compiled."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from uuid import uuid4

import pytest
from plugins.images import Project, answer_of, docker, inside, log_of, started

from buildkit.config import load
from buildkit.errors import ImageError
from buildkit.flows import image_tests as flow
from buildkit.image import templates
from buildkit.report.console import Console

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.slow]


# ------------------------------------------------------------------ what is in it


def test_the_image_has_what_runs_and_nothing_else(greeter: Project) -> None:
    image = greeter.image
    files = inside(image, "find /app -type f | grep -v -e __pycache__ -e dist-info").splitlines()
    assert sorted(re.sub(r"\.cpython-[^.]+", "", name) for name in files) == [
        "/app/buildkit.json",
        "/app/src/greeter/__init__.py",
        *(f"/app/src/greeter/{name}{ending}" for name in ("main", "stages", "words") for ending in (".py", ".so")),
        "/app/static/words.txt",
    ]
    assert inside(image, "id -u; ls -A /app/data; command -v gcc pip cython invoke || true") == "10001"
    about = json.loads(docker("image", "inspect", image))[0]["Config"]
    assert about["User"] == "10001:10001"
    assert about["Entrypoint"] == ["python", "-m", "buildkit.runtime", "--"]
    assert about["Cmd"][0] == "uvicorn"
    assert about["Healthcheck"]["Test"][-1] == "http://127.0.0.1:8000/health"


def test_the_service_may_write_to_its_data_its_home_and_what_is_named(greeter: Project) -> None:
    closed = "/app /app/src /opt/venv /opt/buildkit /var /var/lib /var/lib/greeter /home"
    opened = ["/app/data", "/app/uploads", "/var/lib/greeter/cache", "/tmp/greeter", "/tmp", "/home/service"]
    tried = f"for place in {closed} {' '.join(opened)}; do touch $place/x 2>&1 && echo $place; done; stat -c %a /tmp"
    words = inside(greeter.image, f"{tried}; echo ~").splitlines()
    assert [line for line in words if not line.startswith("touch:")] == [*opened, "1777", "/home/service"]


def test_packages_of_the_system_and_variables_are_there_and_no_lists(greeter: Project) -> None:
    assert inside(greeter.image, 'hello; echo "$GREETING"') == 'Hello, world!\na "b" $HOME'
    assert inside(greeter.image, "find /var/lib/apt/lists /var/log/apt /cache -type f -size +0 2>/dev/null; true") == ""


def test_an_unknown_package_of_the_system_is_named_with_its_setting(editable: Project) -> None:
    editable.edit("pyproject.toml", 'system-packages = ["hello"]', 'system-packages = ["libnothing99"]')
    with pytest.raises(ImageError) as caught:
        editable.build()
    assert "image.api.system-packages: the base has no package libnothing99" in caught.value.message
    assert "correct system-packages in [tool.buildkit.image.api]" in caught.value.hint
    assert caught.value.exit_code == 20
    assert docker("image", "ls", "--quiet", f"{editable.repository}:latest"), "the image from before is still there"


# ------------------------------------------------------------------ how it runs


def test_the_data_is_made_once_in_the_volume_and_the_second_start_goes_straight_on(
    greeter: Project, docker_volume: str
) -> None:
    image, mount = greeter.image, f"{docker_volume}:/app/data"
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


def test_a_stopped_container_ends_at_once_and_well(greeter: Project, docker_volume: str) -> None:
    with started(greeter.image, "--volume", f"{docker_volume}:/app/data") as container:
        answer_of(container)
        begun = time.monotonic()
        docker("stop", "--time", "10", container)
        assert time.monotonic() - begun < 2
        assert docker("inspect", "--format", "{{.State.ExitCode}}", container) in {"0", "143"}


def test_compose_brings_up_the_service_with_its_volume(greeter: Project, tmp_path: Path) -> None:
    """No image of PostgreSQL can be had where no registry is reached, so the database is left out of the live part."""
    variables = greeter.root / ".buildkit" / "image" / "api.env"
    assert f"SERVICE_IMAGE={greeter.repository}:latest" in variables.read_text()
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
        patch.setenv("SERVICE_IMAGE", greeter.image)
        given = [*compose, "--file", file, "--file", str(without)]
        try:
            docker(*given, "up", "--detach", "--wait", "service")
            container = docker(*given, "ps", "--quiet", "service")
            assert answer_of(container)[0] == "HELLO FROM THE VOLUME"
        finally:
            docker(*given, "down", "--volumes", "--timeout", "5")


# ------------------------------------------------------------------ what compiles it


def test_modules_of_mypyc_run_in_the_image(editable: Project, docker_volume: str) -> None:
    with (editable.root / "pyproject.toml").open("a") as file:
        file.write('[tool.buildkit.compile.module."greeter.words"]\nbackend = "mypyc"\n')
    editable.edit("src/greeter/words.py", "def loud", "WORD: str = ''\n\ndef loud")

    _, facts = editable.build()

    files = inside(facts["digest"], "ls /app/src /app/src/greeter; command -v mypy gcc || true").split()
    assert [name.partition(".cpython-")[0] for name in files if name.startswith(("greeter_", "words."))] == [
        "greeter__mypyc",
        "words",
        "words.py",
    ]
    assert not {"mypy", "gcc"} & {Path(name).name for name in files}
    with started(facts["digest"], "--volume", f"{docker_volume}:/app/data") as container:
        assert answer_of(container)[:2] == ["HELLO FROM THE VOLUME", True]


# ------------------------------------------------------------------ the tests in it


def test_the_projects_tests_run_on_the_compiled_modules(editable: Project) -> None:
    check = """
        from greeter import words

        def test_loud():
            assert words.loud("a") == "A"
            assert words.__file__.endswith(".so")
    """
    editable.write("tests/test_greeter.py", check)
    with (editable.root / "pyproject.toml").open("a") as file:
        file.write('[tool.buildkit.nox]\ntests = ["pytest", "-q", "tests"]\nrequires = ["pytest>=8"]\n')
    variables = dict(os.environ)
    console = Console(variables, talk=editable.talk)
    report = flow.run_tests_in(load(editable.root, variables), console, variables, name="api")
    assert report.outcomes[0].result == "passed"
    assert "1 passed" in editable.talk.getvalue()
    docker("image", "rm", f"{editable.repository}:test")
    editable.edit("tests/test_greeter.py", '== "A"', '== "B"')
    with pytest.raises(ImageError, match="the tests failed in"):
        flow.run_tests_in(load(editable.root, variables), console, variables, name="api")
