"""What is built without an engine runs on one, and is the image that Docker builds of the same project."""

from __future__ import annotations

import io
import json
import marshal
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plugins.bases import Shop
from plugins.images import FILES, answer_of, docker, log_of, started, undented
from pushes import commit, git
from registry import Running, registry

pytestmark = [pytest.mark.usefixtures("docker", "docker_registry"), pytest.mark.slow]

BY_NATURE = ("/bin/activate", "/bin/Activate.ps1", "/INSTALLER", "/RECORD", "/REQUESTED", "/direct_url.json")
"""Files of pip and of virtual environments that say who made them."""


def of_engine() -> dict[str, str]:
    """Return the settings by which the tests' engine builds images."""
    return {name: value for name, value in os.environ.items() if name.startswith("PYBUILDKIT_ENGINE_")}


def source() -> dict[str, str]:
    """Return the sample of the tests of images, without what needs a container while it is built."""
    found = {name: undented(text) for name, text in FILES.items()}
    lines = found["pyproject.toml"].splitlines()
    left = [line for line in lines if not line.startswith(("system-packages", "build-packages", "assets"))]
    text = "\n".join(left).replace("[tool.buildkit.image.api]", "[tool.buildkit.image.api]\ninclude = ['words.txt']")
    return {**found, "pyproject.toml": f"{text}\n", ".gitignore": ".buildkit/\n"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with registry(tmp_path_factory.mktemp("registry"), heard=True) as found:
        yield found


@pytest.fixture(scope="module")
def base(running: Running) -> str:
    """The base of the tests of images, in the registry."""
    name = f"localhost:{running.port}/bases/python:slim"
    docker("tag", os.environ["PYBUILDKIT_ENGINE_PYTHON_SLIM"], name)
    try:
        docker("push", "--quiet", name)
    finally:
        docker("rmi", "--no-prune", name)
    return name


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, repository: str) -> Shop:
    """The sample, in a repository with one commit."""
    root = tmp_path_factory.mktemp("service")
    for name, text in source().items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text.replace("REPOSITORY", f"{repository}-without").replace("NUMBER", "1"))
    git(root, "init", "--quiet", "--initial-branch=main")
    made = Shop(root)
    commit(made, "first")
    return made


@pytest.fixture(scope="module")
def pushed(service: Shop, base: str, running: Running) -> Iterator[str]:
    """The image that was built without an engine and pushed, as an engine pulled it."""
    service.variables = {**of_engine(), "PYBUILDKIT_ENGINE_BUILDER": "oci", "PYBUILDKIT_ENGINE_PYTHON_SLIM": base}
    _, facts = service.push(f"localhost:{running.port}/team")
    assert facts["mounted"] == 1, "the base's layer lies in the same registry"
    image = f"{facts['reference'].rpartition(':')[0]}@{facts['digest']}"
    docker("pull", "--quiet", image)
    yield image
    docker("rmi", "--force", image)


def test_it_starts_makes_its_data_answers_and_is_healthy(pushed: str) -> None:
    with started(pushed) as container:
        text, compiled, number, user, _ = answer_of(container)
        assert (text, compiled, number, user) == ("HELLO FROM THE VOLUME", True, "1.2.3", 10001)
        assert "data: missing: making it before the start" in log_of(container)
        check = json.loads(docker("inspect", container))[0]["Config"]["Healthcheck"]["Test"][1:]
        assert docker("exec", container, *check) == ""


def test_an_engine_loads_the_tar_and_gives_it_the_same_id(pushed: str, service: Shop, tmp_path: Path) -> None:
    from buildkit.image.oci import archive

    name = next(name for name in service.layout.known() if name.endswith(":latest"))
    archive.write(service.layout, service.layout.known()[name], [name], tmp_path / "image.tar")
    docker("image", "load", "--quiet", "--input", str(tmp_path / "image.tar"))
    identity = docker("image", "inspect", "--format", "{{.Id}}", name)
    assert identity == docker("image", "inspect", "--format", "{{.Id}}", pushed)


def tree_of(image: str) -> dict[str, tuple[tuple[Any, ...], bytes]]:
    """Return each file, folder and link that a container sees, with kind, mode, owner and content."""
    container = docker("create", image)
    try:
        done = subprocess.run(["docker", "export", container], capture_output=True, check=True, timeout=120)
    finally:
        docker("rm", container)
    found = {}
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        for each in archive:
            stream = archive.extractfile(each) if each.isfile() else None
            about = (each.type, oct(each.mode), each.uid, each.gid, each.linkname)
            found[each.name.rstrip("/")] = (about, stream.read() if stream else b"")
    return found


def is_by_nature(path: str, docker_: bytes, own: bytes) -> bool:
    """Whether two contents differ for a reason that the documentation names."""
    if path.endswith(".pyc"):  # the same head, and code that this Python reads
        return docker_[:16] == own[:16] and type(marshal.loads(docker_[16:])) is type(marshal.loads(own[16:]))
    script = docker_.startswith(b"#!/opt/venv/bin/python") and own.startswith(b"#!/opt/venv/bin/python")
    return script or path.endswith(".so") or any(each in f"/{path}" for each in BY_NATURE)


def test_both_builders_make_the_same_tree_and_configuration(pushed: str, service: Shop) -> None:
    """Extensions differ in bytes: the headers here are of another patch release than those of the base."""
    before = service.variables
    service.variables = of_engine()
    try:
        _, facts = service.build(required=True)
    finally:
        service.variables = before
    theirs, ours = tree_of(facts["digest"]), tree_of(pushed)
    assert [path for path in theirs.keys() ^ ours.keys() if not is_by_nature(path, b"", b"")] == []
    both = sorted(theirs.keys() & ours.keys())
    assert {path: (theirs[path][0], ours[path][0]) for path in both if theirs[path][0] != ours[path][0]} == {}
    other = [path for path in both if theirs[path][1] != ours[path][1]]
    assert [path for path in other if not is_by_nature(path, theirs[path][1], ours[path][1])] == []
    code = [path for path in both if path.endswith(".pyc") and "opt/venv" in path]
    equal = [path for path in code if marshal.loads(theirs[path][1][16:]) == marshal.loads(ours[path][1][16:])]
    assert len(equal) > len(code) * 0.9
    kept = ("Env", "Cmd", "Entrypoint", "User", "WorkingDir", "ExposedPorts", "Healthcheck", "StopSignal")
    one, two = (json.loads(docker("image", "inspect", each))[0]["Config"] for each in (facts["digest"], pushed))
    assert {key: one[key] for key in kept} == {key: two[key] for key in kept}


def test_an_image_that_docker_built_is_pushed_with_its_id_and_again_at_no_cost(service: Shop, running: Running) -> None:
    before = service.variables
    service.variables = of_engine()
    try:
        _, facts = service.push(f"localhost:{running.port}/docker")
        count = len(running.requests)
        outcome, again = service.push(f"localhost:{running.port}/docker")
        assert (outcome.result, again["sent"]) == ("fresh", 0)
        assert len(running.requests) - count == 2
        service.edit("src/greeter/words.py", "text.upper()", "text.upper() + '!'")
        commit(service)
        _, edited = service.push(f"localhost:{running.port}/docker")
    finally:
        service.variables = before
    assert edited["blobs"] == 2, "the group of modules, and the configuration"
    assert edited["sent"] <= 100_000
    image = f"{facts['reference'].rpartition(':')[0]}@{facts['digest']}"
    docker("pull", "--quiet", image)
    try:
        assert docker("image", "inspect", "--format", "{{.Id}}", image) in docker("images", "--quiet", "--no-trunc")
        with started(image) as container:
            assert answer_of(container)[0] == "HELLO FROM THE VOLUME"
    finally:
        docker("rmi", "--force", image)
