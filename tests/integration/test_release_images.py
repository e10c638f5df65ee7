"""Releases of images alone, to a real registry and without an engine: push, `latest`, the record, who may do it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from plugins.bases import Shop, shop_in
from plugins.projects import InvokeRunner, Ran
from registry import Running, registry

from buildkit.config import load
from buildkit.errors import ConfigurationError
from buildkit.flows.release import release
from buildkit.flows.release_look import Asked
from buildkit.registry.client import Repository
from buildkit.registry.reference import parse
from buildkit.release import record
from buildkit.report.console import Console

pytestmark = pytest.mark.usefixtures("docker_registry")

ROBOT = "robot:$2y$05$" + "u" * 53
RELEASE = """
[tool.buildkit.release]
registry = "localhost:PORT/team"
[tool.buildkit.release.service.api]
image = "api"
target = "none"
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with registry(tmp_path / "registry", heard=True) as found:
        yield found


@pytest.fixture
def shop(tmp_path: Path, running: Running, monkeypatch: pytest.MonkeyPatch) -> Shop:
    for name in ("PYTHON_SLIM", "PYTHON_BUILD", "CA_BUNDLE"):  # the base is the project's own
        monkeypatch.delenv(f"PYBUILDKIT_ENGINE_{name}", raising=False)
    made = shop_in(tmp_path / "shop")
    with (made.root / "pyproject.toml").open("a") as file:
        file.write(RELEASE.replace("PORT", str(running.port)))
    git(made.root, "init", "--quiet", "--initial-branch=main")
    commit(made)
    return made


def git(root: Path, *words: str) -> str:
    who = ["-c", "user.email=one@example.invalid", "-c", "user.name=one", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *who, *words], cwd=root, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def commit(shop: Shop) -> str:
    """Commit everything; return the tag of the images."""
    git(shop.root, "add", "--all")
    git(shop.root, "commit", "--quiet", "--allow-empty", "--message", "more")
    return git(shop.root, "rev-parse", "HEAD")[:12]


def place(running: Running) -> str:
    return f"localhost:{running.port}/team/shop-api"


def digest(running: Running, tag: str) -> str:
    return Repository(parse(f"{place(running)}:{tag}"), {}).find(tag)


def steps(ran: Ran) -> dict[str, str]:
    return {row["step"]: row["outcome"] for row in ran.json["steps"]} if ran.stdout else {}


def test_a_commit_is_built_pushed_and_recorded_and_latest_moves_last(
    shop: Shop, running: Running, invoke: InvokeRunner
) -> None:
    tag = git(shop.root, "rev-parse", "HEAD")[:12]
    planned = invoke(shop.root, "release.plan", "--json")
    assert steps(planned) == {"gate commit": "passed", "image api": "due", "latest api": "due", "record": "due"}
    assert [each for each in running.requests if not each.startswith(("GET", "HEAD"))] == []

    ran = invoke(shop.root, "release", "--yes", "--json")

    assert ran.exit_code == 0, ran.stderr
    assert steps(ran) == {"gate commit": "passed", "image api": "made", "latest api": "made", "record": "made"}
    assert digest(running, tag) == digest(running, "latest") != ""
    tagged = [each.rpartition("/")[2] for each in running.requests if each.startswith("PUT") and "/manifests/" in each]
    names = [each.partition(" ")[0] for each in tagged]
    assert [each for each in names if not each.startswith("sha256")] == [tag, "latest", "release-production"]
    found = record.read(place(running), "release-production", {})
    assert (found.commit[:12], found.ended) == (tag, "good")
    assert found.services == {"api": f"{place(running)}@{digest(running, tag)}"}

    again = invoke(shop.root, "release", "--yes", "--json")
    assert {*steps(again).values()} == {"passed", "left"}


def test_the_records_lead_back_through_the_good_releases(shop: Shop, running: Running, invoke: InvokeRunner) -> None:
    tags = []
    for price in ("4", "5", "6"):
        shop.edit("src/shop/prices.py", f"PRICE = {int(price) - 1}", f"PRICE = {price}")
        tags.append(commit(shop))
        assert invoke(shop.root, "release", "--yes").exit_code == 0

    status = invoke(shop.root, "release.status").stdout
    assert [line.split("commit ")[1][:12] for line in status.splitlines() if "release production" in line] == tags[::-1]

    back = invoke(shop.root, "release.rollback", "--yes", "--json")
    found = record.read(place(running), "release-production", {})
    assert (back.exit_code, found.commit[:12]) == (0, tags[1]), back.stderr
    assert found.services["api"].endswith(digest(running, tags[1]))
    assert digest(running, "latest") == digest(running, tags[2])


def test_latest_stays_where_an_older_commit_is_released(shop: Shop, running: Running, invoke: InvokeRunner) -> None:
    first = git(shop.root, "rev-parse", "HEAD")
    assert invoke(shop.root, "release", "--yes").exit_code == 0
    shop.edit("src/shop/prices.py", "3", "4")
    second = commit(shop)
    assert invoke(shop.root, "release", "--yes").exit_code == 0

    ran = invoke(shop.root, "release.deploy", "--revision", first[:10], "--yes", "--json")

    assert (ran.exit_code, steps(ran)["latest api"], steps(ran)["record"]) == (0, "left", "made"), ran.stderr
    assert digest(running, "latest") == digest(running, second)


def test_an_image_that_does_not_build_leaves_the_registry_as_it_was(
    shop: Shop, running: Running, invoke: InvokeRunner
) -> None:
    shop.edit("pyproject.toml", 'COLOUR = "blue"', 'COLOUR = "red"')
    shop.edit("pyproject.toml", 'python-slim = "oci:base"', 'python-slim = "oci:elsewhere"')
    commit(shop)

    ran = invoke(shop.root, "release", "--yes", "--json")

    assert ran.exit_code not in {0, 1}
    assert "elsewhere" in ran.stderr
    assert [each for each in running.requests if not each.startswith(("GET", "HEAD"))] == []


def test_files_that_differ_are_refused_before_anything_is_built(
    shop: Shop, running: Running, invoke: InvokeRunner
) -> None:
    (shop.root / "src/shop/more.py").write_text("")

    ran = invoke(shop.root, "release", "--yes", "--json")

    assert (ran.exit_code, steps(ran)["gate commit"]) == (50, "refused")
    assert not (shop.root / ".buildkit/image").exists()
    assert [each for each in running.requests if not each.startswith(("GET", "HEAD"))] == []


def test_a_registry_that_wants_credentials_is_55_and_no_password_is_shown(
    shop: Shop, tmp_path: Path, invoke: InvokeRunner
) -> None:
    with registry(tmp_path / "guarded", password=ROBOT) as guarded:
        variables = {
            "PYBUILDKIT_RELEASE_REGISTRY": f"localhost:{guarded.port}/team",
            "DOCKER_CONFIG": str(tmp_path / "none"),
        }
        for given, words in (
            ({}, "authentication required"),
            (
                {"PYBUILDKIT_REGISTRY_USER": "robot", "PYBUILDKIT_REGISTRY_PASSWORD": "wr0ng-one"},
                "user and password are not accepted",
            ),
        ):
            ran = invoke(shop.root, "release.plan", **variables, **given)
            assert (ran.exit_code, ran.stdout) == (55, "")
            assert words in ran.stderr
            assert "docker login" in ran.stderr
            assert "wr0ng-one" not in ran.stderr


def test_a_record_that_is_none_is_told_and_not_taken_for_the_first_release(
    shop: Shop, running: Running, invoke: InvokeRunner
) -> None:
    assert invoke(shop.root, "image.push", "--to", f"localhost:{running.port}/team").exit_code == 0
    repository = Repository(parse(f"{place(running)}:latest"), {})
    text, _, kind = repository.fetch("latest")
    repository.put(text, "release-production", kind)

    ran = invoke(shop.root, "release.plan")

    assert ran.exit_code == 51
    assert "is no release record" in ran.stderr
    assert "take the tag release-production away" in ran.stderr


def test_what_was_never_released_has_no_way_back(shop: Shop, invoke: InvokeRunner) -> None:
    ran = invoke(shop.root, "release.rollback", "--yes")
    assert ran.exit_code == 50
    assert "there is no good release" in ran.stderr or "none before it is known" in ran.stderr

    ran = invoke(shop.root, "release.rollback", "--to", "abcdef1", "--yes")
    assert ran.exit_code == 50
    assert "no good release of that commit is recorded" in ran.stderr


def test_a_commit_that_git_does_not_know_is_no_release(shop: Shop, invoke: InvokeRunner) -> None:
    ran = invoke(shop.root, "release.deploy", "--revision", "abcdef1", "--yes")

    assert ran.exit_code == 2
    assert "--revision abcdef1: git knows no such commit here" in ran.stderr


def test_a_service_that_is_not_released_is_named_with_the_nearest(shop: Shop, invoke: InvokeRunner) -> None:
    ran = invoke(shop.root, "release.plan", "--only", "apo")

    assert ran.exit_code == 2
    assert '--only apo: no such service is released; did you mean "api"?' in ran.stderr


def test_at_a_terminal_nothing_is_done_until_that_is_said(shop: Shop, running: Running) -> None:
    variables = {**os.environ, "CI": ""}
    config, console = load(shop.root, variables), Console(variables)

    with pytest.raises(
        ConfigurationError, match="nothing was done: this is a terminal, and --yes was not given"
    ) as told:
        release(config, console, variables, asked=Asked(push=True), confirmed=False)

    assert told.value.report is not None
    assert [row.subject for row in told.value.report.outcomes if row.result == "due"] == [
        "image api",
        "latest api",
        "record",
    ]
    assert [each for each in running.requests if not each.startswith(("GET", "HEAD"))] == []
