"""Images sent to a real registry: by commit, never twice, never over another one, `latest` never back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from plugins.bases import Folder as Base
from plugins.bases import Shop, base_in, files_of, shop_in
from pushes import commit, git, manifest_of, with_history
from registry import Running, Seeing, registry

from buildkit.errors import ConfigurationError, RegistryError
from buildkit.registry.client import Repository
from buildkit.registry.reference import parse

pytestmark = pytest.mark.usefixtures("docker_registry")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with registry(tmp_path / "registry", heard=True) as found:
        yield found


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return with_history(tmp_path / "shop")


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
