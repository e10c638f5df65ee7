"""What may go wrong between a service and a registry: nothing is lost, and the cause is named."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from plugins.bases import Shop, shop_in
from pushes import commit, git, manifest_of, with_history
from registry import Cutter, Running, Seeing, registry

from buildkit.errors import AccessError, ImageError, RegistryError
from buildkit.registry.client import Repository
from buildkit.registry.reference import parse

pytestmark = pytest.mark.usefixtures("docker_registry")

ROBOT = "robot:$2y$05$" + "u" * 53


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with registry(tmp_path / "registry", heard=True) as found:
        yield found


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return with_history(tmp_path / "shop")


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
        with pytest.raises(AccessError, match="authentication required") as caught:
            shop.push(f"localhost:{guarded.port}")
        assert f"docker login localhost:{guarded.port}" in caught.value.hint
        shop.variables |= {"PYBUILDKIT_REGISTRY_USER": "robot", "PYBUILDKIT_REGISTRY_PASSWORD": "wrong"}
        with pytest.raises(AccessError, match="user and password are not accepted"):
            shop.push(f"localhost:{guarded.port}")
        assert caught.value.exit_code == 55
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
