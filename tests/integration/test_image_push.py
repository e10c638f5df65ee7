"""Images sent to a real registry: by commit, never twice, never over another one, `latest` never back."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from plugins.bases import Folder as Base
from plugins.bases import Shop, base_in, files_of, shop_in
from registry import Cutter, Running, Seeing, registry

from buildkit.errors import ConfigurationError, ImageError, RegistryError
from buildkit.registry.client import Repository
from buildkit.registry.reference import parse

pytestmark = pytest.mark.usefixtures("docker_registry")

ROBOT = "robot:$2y$05$" + "u" * 53


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with registry(tmp_path / "registry", heard=True) as found:
        yield found


def git(root: Path, *words: str) -> str:
    who = ["-c", "user.email=one@example.invalid", "-c", "user.name=one", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *who, *words], cwd=root, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def commit(shop: Shop, words: str = "more") -> str:
    git(shop.root, "add", "--all")
    git(shop.root, "commit", "--quiet", "--message", words)
    return git(shop.root, "rev-parse", "HEAD")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """The service in a repository with one commit."""
    made = shop_in(tmp_path / "shop")
    git(made.root, "init", "--quiet", "--initial-branch=main")
    commit(made, "first")
    return made


def manifest_of(running: Running, name: str, tag: str) -> tuple[dict[str, Any], str]:
    """Return what a registry has under a tag, having fetched and compared every blob of it."""
    repository = Repository(parse(f"localhost:{running.port}/{name}:{tag}"), {})
    text, digest, _ = repository.fetch(tag)
    assert text, f"there is no {name}:{tag}"
    found: dict[str, Any] = json.loads(text)
    for row in (found["config"], *found["layers"]):
        name = row["digest"].removeprefix("sha256:")
        content = (running.folder / "docker/registry/v2/blobs/sha256" / name[:2] / name / "data").read_bytes()
        assert (f"sha256:{hashlib.sha256(content).hexdigest()}", len(content)) == (row["digest"], row["size"])
        assert repository.has(row["digest"])
    return found, digest


def test_an_image_is_pushed_by_its_commit_and_as_latest(shop: Shop, running: Running) -> None:
    outcome, facts = shop.push(f"localhost:{running.port}/team")
    head = git(shop.root, "rev-parse", "HEAD")
    found, digest = manifest_of(running, "team/shop-api", head[:12])
    assert outcome.result == "made"
    assert facts["reference"] == f"localhost:{running.port}/team/shop-api:{head[:12]}"
    assert facts["digest"] == digest == manifest_of(running, "team/shop-api", "latest")[1]
    assert found["annotations"]["org.opencontainers.image.revision"] == head
    assert found["annotations"]["org.opencontainers.image.base.digest"].startswith("sha256:")
    config = json.loads(shop.layout.read(found["config"]["digest"]))["config"]
    assert config["Labels"]["org.opencontainers.image.revision"] == head


def test_what_is_there_costs_two_requests_and_sends_nothing(shop: Shop, running: Running) -> None:
    shop.push(f"localhost:{running.port}")
    before = len(running.requests)
    outcome, facts = shop.push(f"localhost:{running.port}")
    assert outcome.result == "fresh"
    assert (facts["sent"], facts["latest"]["moved"]) == (0, None)
    assert [each.partition(" ")[0] for each in running.requests[before:]] == ["HEAD", "HEAD"]


def test_one_changed_line_sends_little_in_few_requests(shop: Shop, running: Running) -> None:
    shop.push(f"localhost:{running.port}")
    shop.edit("src/shop/prices.py", "3", "4")
    commit(shop)
    before = len(running.requests)
    _, facts = shop.push(f"localhost:{running.port}")
    assert len(running.requests) - before <= 12
    assert facts["sent"] <= 20_000
    assert facts["blobs"] == 2, "the modules, and the configuration"


def lists_of(running: Running, name: str, digest: str) -> list[dict[str, Any]]:
    """Return the documents that refer to an image, as a registry without referrers has them: by a tag."""
    repository = Repository(parse(f"localhost:{running.port}/{name}"), {})
    text, _, _ = repository.fetch(digest.replace(":", "-"))
    found = []
    for row in json.loads(text)["manifests"] if text else []:
        assert row["artifactType"] == "application/vnd.cyclonedx+json"
        referrer = json.loads(repository.fetch(row["digest"])[0])
        assert referrer["subject"]["digest"] == digest
        layer = referrer["layers"][0]
        found.append(json.loads(repository.blob(layer["digest"], layer["size"])))
    return found


def test_the_list_of_what_is_in_an_image_refers_to_it(shop: Shop, running: Running) -> None:
    to = f"localhost:{running.port}"
    _, facts = shop.push(to)
    (document,) = lists_of(running, "shop-api", facts["digest"])
    assert document["bomFormat"] == "CycloneDX"
    assert [row["name"] for row in document["components"]] == ["shop"], "the service's own metadata, and no package"
    shop.edit("src/shop/prices.py", "3", "4")
    commit(shop)
    before = len(running.blobs)
    _, facts = shop.push(to)
    assert lists_of(running, "shop-api", facts["digest"]) == [document]
    assert len(running.blobs) - before == 5, "modules, configuration, manifest, what refers to it and the list of that"
    shop.edit("src/shop/prices.py", "4", "5")
    commit(shop)
    assert lists_of(running, "shop-api", shop.push(to, sbom=False)[1]["digest"]) == []


def test_a_registry_that_knows_referrers_gets_no_tag_for_them(shop: Shop, running: Running) -> None:
    seeing = Seeing(running.port, lambda *_: None, {"OCI-Subject": "sha256:0"})
    try:
        _, facts = shop.push(f"localhost:{seeing.port}")
    finally:
        seeing.close()
    assert lists_of(running, "shop-api", facts["digest"]) == []


def test_an_image_says_which_database_and_data_it_expects(shop: Shop, running: Running) -> None:
    stage = '[[tool.buildkit.data.stage]]\nname = "read"\nrun = "shop.main:app"\noutputs = ["x"]\n'
    shop.edit("pyproject.toml", "[tool.buildkit.engine]", f"{stage}\n[tool.buildkit.engine]")
    commit(shop)
    shop.push(f"localhost:{running.port}")
    first = shop.config["config"]["Labels"]["invoke-buildkit.data"]
    shop.edit("pyproject.toml", 'outputs = ["x"]', 'outputs = ["y"]')
    commit(shop)
    shop.push(f"localhost:{running.port}")
    assert shop.config["config"]["Labels"]["invoke-buildkit.data"] != first
    assert "invoke-buildkit.head" not in shop.config["config"]["Labels"]


def test_latest_stays_at_the_later_commit_and_at_another_branch(shop: Shop, running: Running) -> None:
    to = f"localhost:{running.port}"
    first = git(shop.root, "rev-parse", "HEAD")
    shop.edit("src/shop/prices.py", "3", "4")
    second = commit(shop)
    shop.push(to)
    git(shop.root, "checkout", "--quiet", first)
    _, facts = shop.push(to)
    assert facts["latest"] == {"moved": False, "reason": f"it is at {second[:12]}, which is later"}
    git(shop.root, "checkout", "--quiet", "-b", "side")
    shop.edit("src/shop/prices.py", "3", "5")
    commit(shop, "side")
    _, facts = shop.push(to)
    assert facts["latest"]["reason"] == f"it is at {second[:12]}, which is on another branch"
    assert manifest_of(running, "shop-api", "latest")[0]["annotations"]["org.opencontainers.image.revision"] == second
    _, facts = shop.push(to, latest="move")
    assert facts["latest"]["moved"]
    git(shop.root, "checkout", "--quiet", "main")
    assert shop.push(to, latest="never")[1]["latest"] == {"moved": False, "reason": "as was asked"}


def test_a_tag_with_another_image_is_not_moved_and_the_cause_is_named(shop: Shop, running: Running) -> None:
    to = f"localhost:{running.port}"
    _, facts = shop.push(to)
    base = Base(shop.root / "base")
    base.write(one=base.image(files_of(version="0.0.0")))
    shop.build(pull=True)
    with pytest.raises(RegistryError, match="is another image: it was built on another base") as caught:
        shop.push(to)
    assert caught.value.exit_code == 51
    assert "never moved" in caught.value.hint
    tag = git(shop.root, "rev-parse", "HEAD")[:12]
    assert manifest_of(running, "shop-api", tag)[1] == facts["digest"]


def test_files_that_differ_from_the_commit_need_a_tag_of_their_own(shop: Shop, running: Running) -> None:
    to = f"localhost:{running.port}"
    shop.edit("src/shop/prices.py", "3", "4")
    with pytest.raises(ConfigurationError, match="files differ from commit") as caught:
        shop.push(to)
    assert "--tag" in caught.value.hint
    assert running.requests == ["GET /v2/"] * len(running.requests)
    _, facts = shop.push(to, tag="try-1")
    assert facts["latest"] == {"moved": False, "reason": "this image is of no commit"}


def test_a_project_without_a_commit_needs_a_tag(tmp_path: Path, running: Running) -> None:
    shop = shop_in(tmp_path / "plain")
    with pytest.raises(ConfigurationError, match="there is no commit to name it by"):
        shop.push(f"localhost:{running.port}")
    assert shop.push(f"localhost:{running.port}", tag="1.0")[0].result == "made"


def test_where_to_is_said_by_flag_setting_or_name(shop: Shop, running: Running) -> None:
    with pytest.raises(ConfigurationError, match="it is not said where to push it"):
        shop.push("")
    with pytest.raises(ConfigurationError, match="is no reference"):
        shop.push("localhost:1/UPPER")
    shop.variables["PYBUILDKIT_RELEASE_REGISTRY"] = f"localhost:{running.port}/by/setting"
    assert "/by/setting/shop-api:" in shop.push("")[1]["reference"]


def test_layers_of_a_base_in_the_same_registry_are_taken_over(shop: Shop, running: Running, tmp_path: Path) -> None:
    place = shop_in(tmp_path / "base-image")
    place.edit("pyproject.toml", 'name = "shop"', 'name = "ground"')
    place.push(f"localhost:{running.port}/bases", tag="1")
    base = f"localhost:{running.port}/bases/ground-api:1"
    shop.edit("pyproject.toml", "oci:base", base)
    commit(shop)
    _, facts = shop.push(f"localhost:{running.port}/team")
    found, _ = manifest_of(running, "team/shop-api", "latest")
    assert facts["mounted"] == len(manifest_of(running, "bases/ground-api", "1")[0]["layers"])
    assert found["annotations"]["org.opencontainers.image.base.name"] == base


def test_a_base_that_a_registry_lacks_or_guards_is_named_with_what_to_do(
    shop: Shop, running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    shop.edit("pyproject.toml", "oci:base", f"localhost:{running.port}/no/base:1")
    with pytest.raises(ImageError, match=r"the base .*no/base:1 cannot be had: .*there is no such image") as caught:
        shop.build()
    assert "engine.python-slim" in caught.value.hint
    with registry(tmp_path / "guarded", password=ROBOT, heard=True) as guarded:
        shop.edit("pyproject.toml", f"localhost:{running.port}", f"localhost:{guarded.port}")
        shop.variables |= {"PYBUILDKIT_REGISTRY_USER": "robot", "PYBUILDKIT_REGISTRY_PASSWORD": "secret"}
        with pytest.raises(ImageError, match="authentication required"):
            shop.build()
    shop.edit("pyproject.toml", f"localhost:{guarded.port}", "localhost:9")
    monkeypatch.setattr("buildkit.registry.patience.TRIES", 2)
    with pytest.raises(ImageError, match="refused"):
        shop.build()


def test_an_interrupted_download_of_a_base_goes_on_where_it_was(shop: Shop, running: Running) -> None:
    place = shop_in(shop.root.with_name("ground"))
    (place.root / "src/shop/data.bin").write_bytes(os.urandom(3 << 20))
    place.push(f"localhost:{running.port}/bases", tag="1")
    cutter = Cutter(running.port, 2 << 20)
    try:
        shop.edit("pyproject.toml", "oci:base", f"localhost:{cutter.port}/bases/shop-api:1")
        assert shop.build()[0].result == "made"
    finally:
        cutter.close()
    assert cutter.cuts >= 1
    assert cutter.passed < (6 << 20), "nothing came twice"


# ------------------------------------------------------------------ a registry that refuses, or is gone


def test_without_credentials_it_is_said_how_to_log_in(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    with registry(tmp_path / "guarded", password=ROBOT) as guarded:
        with pytest.raises(RegistryError, match="authentication required") as caught:
            shop.push(f"localhost:{guarded.port}")
        assert f"docker login localhost:{guarded.port}" in caught.value.hint
        shop.variables |= {"PYBUILDKIT_REGISTRY_USER": "robot", "PYBUILDKIT_REGISTRY_PASSWORD": "wrong"}
        with pytest.raises(RegistryError, match="user and password are not accepted"):
            shop.push(f"localhost:{guarded.port}")
        assert guarded.blobs == []
    assert "shop-api:latest" in shop.layout.known(), "the image is kept"


def test_a_registry_that_takes_nothing_is_named_with_its_words(shop: Shop, tmp_path: Path) -> None:
    with registry(tmp_path / "closed", closed=True) as closed, pytest.raises(RegistryError, match="status 405"):
        shop.push(f"localhost:{closed.port}")


def test_a_registry_that_moves_no_tag_says_so_and_nothing_is_lost(shop: Shop, running: Running) -> None:
    """As ECR does with immutable tags, once the tag was put by somebody else between question and push."""

    def see(method: str, path: str) -> tuple[int, str] | None:
        words = "the image tag already exists and cannot be overwritten because the tag is immutable"
        return (400, words) if method == "PUT" and "/manifests/" in path else None

    seeing = Seeing(running.port, see)
    try:
        with pytest.raises(RegistryError, match="the tag is immutable"):
            shop.push(f"localhost:{seeing.port}")
    finally:
        seeing.close()
    assert shop.push(f"localhost:{running.port}")[0].result == "made"


def test_what_the_registry_has_after_a_push_is_compared(shop: Shop, running: Running) -> None:
    puts: list[str] = []

    def see(method: str, path: str) -> tuple[int, str] | None:
        if method == "PUT" and "/manifests/" in path:
            puts.append(path)
            return 201, ""
        return None

    seeing = Seeing(running.port, see)
    try:
        with pytest.raises(RegistryError, match="is not there after the push"):
            shop.push(f"localhost:{seeing.port}")
    finally:
        seeing.close()
    names = [path.rpartition("/")[2] for path in puts]
    assert names[-1] == git(shop.root, "rev-parse", "HEAD")[:12], "after the list of what is in it, which refers to it"
    assert [name for name in names[:-1] if not name.startswith(("sha256:", "sha256-"))] == [], "and no latest"


def test_a_connection_that_is_cut_again_and_again_is_gone_on_with(shop: Shop, running: Running) -> None:
    shop.push(f"localhost:{running.port}/cut")
    (shop.root / "src/shop/data.bin").write_bytes(os.urandom(3 << 20))
    commit(shop)
    cutter = Cutter(running.port, (3 << 20) + 200_000, first=1 << 20)
    try:
        shop.push(f"localhost:{cutter.port}/cut")
    finally:
        cutter.close()
    assert cutter.cuts >= 1
    manifest_of(running, "cut/shop-api", "latest")


def test_a_registry_that_is_gone_is_told_and_the_next_push_is_whole(
    shop: Shop, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("buildkit.registry.patience.TRIES", 2)
    seen: list[str] = []

    def see(_: str, path: str) -> tuple[int, str] | None:
        seen.append(path)
        return (503, "gone") if len(seen) > 6 else None

    seeing = Seeing(running.port, see)
    try:
        with pytest.raises(RegistryError, match="status 503"):
            shop.push(f"localhost:{seeing.port}")
    finally:
        seeing.close()
    with pytest.raises(RegistryError, match="refused"):
        shop.push("localhost:9")
    shop.push(f"localhost:{running.port}")
    manifest_of(running, "shop-api", "latest")


# ------------------------------------------------------------------ killed


def pushing(shop: Shop, to: str) -> int:
    """Push in a process of its own, which is this one's copy; return its number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, none of which the copy needs
        number = os.fork()
    if number == 0:
        try:
            shop.push(to)
        finally:
            os._exit(0)
    return number


@pytest.fixture
def killing(running: Running) -> Iterator[Callable[[Shop, str, int], int]]:
    """Push an image, and kill that at the request of this number; return how many there were."""
    left, count, child = 0, 0, 0

    def see(*_: str) -> None:
        nonlocal left, count
        count, left = count + 1, left - 1
        if left == 0:
            os.kill(child, signal.SIGKILL)

    seeing = Seeing(running.port, see)

    def push(shop: Shop, name: str, at: int) -> int:
        nonlocal left, count, child
        left, count = at, 0
        child = pushing(shop, f"localhost:{seeing.port}/{name}")
        os.waitpid(child, 0)
        return count

    yield push
    seeing.close()


@pytest.mark.slow
def test_a_push_that_is_killed_at_any_request_leaves_no_broken_image_and_the_next_is_whole(
    shop: Shop, running: Running, killing: Callable[[Shop, str, int], int]
) -> None:
    shop.build()
    tag = git(shop.root, "rev-parse", "HEAD")[:12]
    whole = killing(shop, "whole", 0)
    assert whole >= 12
    for at in range(1, whole + 1):
        name = f"killed{at}"
        killing(shop, name, at)
        for each in ("latest", tag):
            repository = Repository(parse(f"localhost:{running.port}/{name}/shop-api:{each}"), {})
            if repository.find(each):
                manifest_of(running, f"{name}/shop-api", each)
        shop.push(f"localhost:{running.port}/{name}")
        assert manifest_of(running, f"{name}/shop-api", tag) == manifest_of(running, f"{name}/shop-api", "latest")


def test_an_image_for_several_processors_is_an_index_with_its_images(shop: Shop, running: Running) -> None:
    base_in(shop.root / "base")
    made = Base(shop.root / "base")
    rows = [
        made.image(files_of(), architecture=each, platform={"os": "linux", "architecture": each})
        for each in ("amd64", "arm64")
    ]
    made.write(one=made.blob({"schemaVersion": 2, "manifests": rows}, "application/vnd.oci.image.index.v1+json"))
    shop.edit("pyproject.toml", "environment", 'platforms = ["linux/amd64", "linux/arm64"]\nenvironment')
    commit(shop)
    to = f"localhost:{running.port}"
    shop.push(to)
    repository = Repository(replace(parse(f"{to}/shop-api"), tag="latest"), {})
    text, _, kind = repository.fetch("latest")
    assert kind == "application/vnd.oci.image.index.v1+json"
    for row in json.loads(text)["manifests"]:
        inner, digest, _ = repository.fetch(row["digest"])
        assert digest == row["digest"]
        assert all(repository.has(each["digest"]) for each in json.loads(inner)["layers"])
    shop.edit("src/shop/prices.py", "3", "4")
    commit(shop)
    _, facts = shop.push(to)
    assert facts["blobs"] == 3, "one layer for both, and two configurations"
