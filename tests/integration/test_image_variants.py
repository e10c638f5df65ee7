"""`invoke image.variants` builds and measures: by the engine beside it, and from folders with an OCI layout."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from plugins.bases import base_in, shop_in
from plugins.images import Project, docker

from buildkit.config import load
from buildkit.errors import ImageError
from buildkit.flows import image_variants_lines
from buildkit.flows.image_variants import compare_variants
from buildkit.report.console import Console


def test_each_base_from_a_folder_gets_an_image_and_the_project_s_own_stays(tmp_path: Path) -> None:
    shop = shop_in(tmp_path / "shop")
    shop.build()
    before = shop.image
    base_in(shop.root / "other", libc="2.41")
    environment = {"PATH": os.environ["PATH"]}
    console = Console(environment, talk=io.StringIO())
    report = compare_variants(load(shop.root, environment), console, environment, given=("own", "slim=oci:other"))

    facts: Any = report.facts["images"]
    found = {row["variant"]: row for row in facts["api"] if row["route"] == "oci"}
    assert {row["verdict"] for row in found.values()} == {"measured"}
    assert all(row["sent"] > 0 and row["size"] > 0 for row in found.values())
    assert {"shop-api-own:latest", "shop-api-slim:latest", "shop-api:latest"} <= {*shop.layout.known()}
    assert shop.image == before
    assert any("shop-api-slim:latest" in line for line in image_variants_lines.lines(report))


def test_where_nothing_can_be_built_it_ends_as_an_image_that_did_not_build(tmp_path: Path) -> None:
    shop = shop_in(tmp_path / "shop")
    (shop.root / "src/shop/main.py").write_text("def app() -> int:\n    return 2\n")
    environment = {"PATH": ""}
    console = Console(environment, talk=io.StringIO())
    config = load(shop.root, environment)
    small = replace(config, image={"api": replace(config.image["api"], context_budget=1)})
    with pytest.raises(ImageError, match="none of 1 variants could be built") as caught:
        compare_variants(small, console, environment, given=("own",))
    assert caught.value.report is not None
    assert caught.value.report.outcomes[0].result == "failed"
    assert "context" in str(caught.value.report.outcomes[0].reason)


@pytest.mark.slow
@pytest.mark.usefixtures("docker")
def test_the_engine_s_image_is_measured_with_its_memory(greeter: Project) -> None:
    environment = dict(os.environ)
    console = Console(environment, talk=io.StringIO())
    config = load(greeter.root, environment)
    try:
        report = compare_variants(config, console, environment, given=("own",))
    finally:
        docker("image", "rm", "--force", f"{greeter.repository}-own:latest")
    facts: Any = report.facts["images"]
    by_engine, without = facts["api"]
    assert by_engine["verdict"] == "measured"
    assert by_engine["sure"], "the base was asked"
    assert by_engine["size"] > 100_000_000
    assert by_engine["imported"] > 5_000_000
    assert without["verdict"] == "impossible"
    assert "system-packages" in without["why"]
