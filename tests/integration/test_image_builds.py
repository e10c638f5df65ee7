"""When an image is built: only where something changed, and what is said where it cannot be."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from plugins.images import Project, answer_of, docker, inside, started

from buildkit.config import load
from buildkit.doors import process
from buildkit.errors import BudgetError, EngineError, ImageError
from buildkit.flows.image_inputs import request_of, staged_of
from buildkit.flows.image_packages import Packages, packages_of
from buildkit.image import staging
from buildkit.image.build import command
from buildkit.image.checkout import Checkout

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.slow]


@pytest.fixture(scope="module", autouse=True)
def _by_one_worker() -> None:
    """Keep these tests together: steps of a build without a cache are done anew for each build beside it too."""


def installed(facts: dict[str, Any]) -> dict[str, str]:
    """Return those steps of a build that install something and did not come from the engine's cache."""
    steps = {step["step"]: step["outcome"] for step in facts["steps"] if step["step"].startswith(("[tools", "[dep"))}
    assert steps
    return {step: result for step, result in steps.items() if result != "cached"}


# ------------------------------------------------------------------ when it is built


def test_nothing_changed_asks_no_builder(editable: Project) -> None:
    editable.build()  # other copies took the name meanwhile
    (editable.root / "tests" / "test_greeter.py").write_text("changed = True")
    os.utime(editable.root / "src" / "greeter" / "words.py")
    begun = time.monotonic()
    outcome, facts = editable.build()
    seconds = time.monotonic() - begun
    assert (outcome.result, str(outcome.reason)) == ("fresh", "unchanged")
    assert facts["bytes"] < 500 * 10**6
    assert seconds < 2, "a build takes longer than that"
    assert "  s  [" not in editable.talk.getvalue()


def test_a_source_edit_installs_nothing_and_compiles_one_module(editable: Project) -> None:
    never_seen = uuid4().hex
    editable.edit("src/greeter/words.py", "text.upper()", f"text.upper() + '{never_seen[:4]}'")
    editable.build()  # fills the store: the engine may have emptied it, and kept the layer that came from it
    editable.edit("src/greeter/words.py", never_seen[:4], never_seen)
    outcome, facts = editable.build()
    assert outcome.result == "made"
    assert str(outcome.reason) == "context changed: src/greeter/words.py"
    assert facts["context"]["bytes"] < 100_000
    # What goes over the wire has names and dates too, and all files again where the engine has let go of its copy.
    assert 0 < facts["context"]["sent"] < 100_000
    assert installed(facts) == {}
    talk = editable.talk.getvalue()
    assert re.search("compile: (2 restored, 1 compiled|1 compiled, 2 restored)", talk), talk
    with started(facts["tags"][0]) as container:
        assert answer_of(container)[0] == f"HELLO FROM THE VOLUME{never_seen}"


def test_a_new_version_installs_nothing(editable: Project) -> None:
    editable.edit("pyproject.toml", 'version = "1.2.3"', 'version = "1.3.0"\ndescription = "It greets."')
    _, facts = editable.build()
    assert installed(facts) == {}
    assert inside(
        facts["tags"][0], "python -c 'from importlib.metadata import version as v; print(v(\"greeter\"))'"
    ) == ("1.3.0")


def test_another_name_is_given(editable: Project) -> None:
    editable.build()
    wanted = {"PYBUILDKIT_IMAGE_API_REPOSITORY": f"{editable.repository}-renamed"}
    outcome, facts = editable.build(environment=wanted)
    assert (outcome.result, str(outcome.reason)) == ("made", "setting changed: names")
    assert facts["tags"] == [f"{editable.repository}-renamed:latest"]
    assert editable.build(environment=wanted)[0].result == "fresh"


def test_an_image_that_is_gone_is_built_again(editable: Project) -> None:
    editable.edit("pyproject.toml", editable.repository, f"{editable.repository}-other")
    _, facts = editable.build()
    docker("image", "rm", facts["tags"][0])
    outcome, _ = editable.build(dry_run=True)
    assert (outcome.result, str(outcome.reason)) == ("would-make", f"output missing: {facts['tags'][0]}")


def test_a_commit_gives_tag_and_label(editable: Project) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    (editable.root / ".gitignore").write_text(".buildkit/\n")
    for step in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "--message", "first"]):
        assert process.run(["git", *step], folder=editable.root).ok
    commit = process.run(["git", "rev-parse", "HEAD"], folder=editable.root).stdout.strip()
    _, facts = editable.build()
    assert facts["tags"] == [f"{editable.repository}:{commit[:12]}", f"{editable.repository}:latest"]
    about = json.loads(docker("image", "inspect", facts["tags"][0]))[0]
    assert about["Config"]["Labels"]["org.opencontainers.image.revision"] == commit


def test_two_builds_without_a_cache_give_the_same_image(editable: Project) -> None:
    variables = dict(os.environ)
    editable.edit("pyproject.toml", 'system-packages = ["hello"]', "")  # apt writes when it did so into its layer
    config = load(editable.root, variables)
    folder = config.work / "image" / "api"
    staging.write(folder, staged_of(config, "api", packages_of(config, "api", variables)))
    request = request_of(config, "api", folder, Checkout(time=1_700_000_000), Packages())
    aside = {**request.arguments, "BUILDKIT_CACHE_MOUNT_NS": "buildkit-test"}  # --no-cache empties cache mounts
    request = replace(request, tags=(f"{editable.repository}:same",), arguments=aside)
    digests = set()
    for _ in range(2):
        os.utime(editable.root / "src" / "greeter" / "words.py")
        buildx, build, *rest = command(request, folder / "metadata.json")[1:]
        docker(buildx, build, "--no-cache", *rest)
        digests.add(docker("image", "inspect", "--format", "{{.Id}}", request.tags[0]))
    assert len(digests) == 1


# ------------------------------------------------------------------ when it cannot be built


def test_without_an_engine_the_image_is_skipped_with_what_to_install(editable: Project) -> None:
    editable.edit("src/greeter/words.py", "upper", "title")
    nowhere = {"DOCKER_HOST": f"unix://{editable.root}/no.sock"}
    outcome, _ = editable.build(environment=nowhere)
    assert outcome.result == "skipped"
    assert "no Docker Engine answers at DOCKER_HOST" in str(outcome.reason)
    assert "install it: https://" in editable.talk.getvalue()


@pytest.mark.parametrize(("given", "environment"), [({"required": True}, {}), ({}, {"CI": "true"})])
def test_where_the_image_is_required_a_missing_engine_is_an_error(
    editable: Project, given: dict[str, bool], environment: dict[str, str]
) -> None:
    with pytest.raises(EngineError) as caught:
        editable.build(environment={"DOCKER_HOST": f"unix://{editable.root}/no.sock", **environment}, **given)
    assert caught.value.exit_code == 21


def test_a_module_that_does_not_compile_is_named_with_its_line(editable: Project) -> None:
    editable.write("src/greeter/broken.py", "def broken(:\n    pass\n")
    with pytest.raises(ImageError, match=r"did not build: \[build .* compile --profile release") as caught:
        editable.build()
    assert any("greeter/broken.py:1" in line for line in caught.value.details), caught.value.details


def test_a_context_over_its_budget_is_refused_before_anything_is_sent(editable: Project) -> None:
    (editable.root / "weights.bin").write_bytes(bytes(2_000_000))
    editable.edit("pyproject.toml", 'command = ["uvicorn"', 'context-budget = "1MB"\ncommand = ["uvicorn"')
    with pytest.raises(BudgetError, match="build context of image api has 2 MB, the budget is 1 MB") as caught:
        editable.build()
    assert caught.value.details[0].endswith("2 MB  weights.bin")


def test_an_image_over_its_budget_is_refused_each_time(editable: Project) -> None:
    editable.edit("pyproject.toml", 'command = ["uvicorn"', 'size-budget = "1MB"\ncommand = ["uvicorn"')
    for _ in range(2):
        with pytest.raises(BudgetError, match="the budget is 1 MB"):
            editable.build()
