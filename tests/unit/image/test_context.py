"""The build context as the builder would get it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildkit.doors.statcache import StatCache
from buildkit.errors import ImageError
from buildkit.image import templates
from buildkit.image.context import digests, ignore_text, scan
from buildkit.image.ignore.lines import parse
from buildkit.image.ignore.rules import Ignore

ProjectMaker = Callable[[Mapping[str, str]], Path]


def paths(root: Path, rules: str) -> list[str]:
    return [entry.path for entry in scan(root, parse(rules)).entries]


def test_a_left_out_folder_enters_when_something_in_it_does(project: ProjectMaker) -> None:
    root = project({"a/keep/x": "", "a/rest/y": "", "b/z": ""})
    assert paths(root, "a\nb\n!a/keep") == ["a", "a/keep", "a/keep/x"]


def test_an_empty_folder_is_something(project: ProjectMaker) -> None:
    root = project({"a/b": ""})
    assert paths(root, "a/**") == ["a"]


def test_a_link_is_sent_as_a_link(project: ProjectMaker, tmp_path: Path) -> None:
    root = project({"a": "text"})
    (root / "loop").symlink_to(root)
    (root / "out").symlink_to(tmp_path)
    context = scan(root, Ignore())
    assert [entry.path for entry in context.entries] == ["a", "loop", "out"]
    assert context.size == 4


def test_a_socket_is_sent_as_an_empty_file(project: ProjectMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project({"a": ""})
    monkeypatch.chdir(root)  # the name of a socket has 107 bytes at most
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")
        entries = scan(root, Ignore()).entries
    assert [(entry.path, entry.size) for entry in entries] == [("a", 0), ("s", 0)]


def test_a_folder_that_cannot_be_read_is_passed_over_where_it_is_ignored(
    project: ProjectMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({"closed/a": "", "open": ""})
    look = os.scandir

    def scandir(place: Path) -> object:
        if place.name == "closed":
            raise PermissionError(13, "Permission denied", str(place))
        return look(place)

    monkeypatch.setattr(os, "scandir", scandir)
    assert paths(root, "closed\n!closed/a") == ["open"]
    with pytest.raises(ImageError, match="closed cannot be read") as refused:
        paths(root, "")
    assert ".dockerignore" in refused.value.hint


def test_what_is_gone_during_the_walk_is_passed_over(project: ProjectMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project({"a/b": "", "c/d": ""})
    look = os.scandir

    def scandir(place: Path) -> object:
        if place.name == "a":
            (root / "a/b").unlink()
            (root / "a").rmdir()
        return look(place)

    monkeypatch.setattr(os, "scandir", scandir)
    assert "a/b" not in paths(root, "")


def test_content_and_permissions_count_and_time_does_not(project: ProjectMaker) -> None:
    root = project({"run": "echo", "link": ""})

    def look() -> dict[str, str]:
        return dict(digests(scan(root, Ignore()), StatCache({})))

    first = look()
    os.utime(root / "run", (1, 1))
    assert look() == first
    (root / "run").chmod(0o755)
    executable = look()
    assert executable["context run"] != first["context run"]
    (root / "run").write_text("ech0")
    assert look()["context run"] != executable["context run"]
    assert look()["context link"] == first["context link"]


def test_the_largest_are_named_by_their_top_folder(project: ProjectMaker) -> None:
    root = project({"models/a": "x" * 50, "models/b/c": "x" * 60, "app/main.py": "x" * 20, "b": "x"})
    assert scan(root, Ignore()).largest(2) == [("models", 110), ("app", 20)]


def test_the_rules_beside_the_dockerfile_win(project: ProjectMaker) -> None:
    root = project({"Dockerfile": "", "Dockerfile.dockerignore": "mine", ".dockerignore": "theirs", "docker/other": ""})
    assert ignore_text(root, root / "Dockerfile") == "mine"
    assert ignore_text(root, root / "docker/other") == "theirs"


def test_the_suites_own_rules_keep_out_what_no_image_needs(project: ProjectMaker) -> None:
    root = project(
        {
            ".venv/lib/a.py": "",
            "web/node_modules/a.js": "",
            "src/app/__pycache__/main.cpython-311.pyc": "",
            "src/app/main.cpython-311-x86_64-linux-gnu.so": "",
            "src/app/main.py": "",
            "src/app/prompts/system.md": "",
            "src/app/tests/test_main.py": "",
            "tests/test_app.py": "",
            "data/current/a": "",
            "models/large.safetensors": "",
            "docs/index.md": "",
            "README.md": "",
            ".env": "PASSWORD=x",
            ".git/HEAD": "",
            ".buildkit/image/api/Dockerfile": "",
            "debug.log": "",
            "pyproject.toml": "",
        }
    )
    rules = parse((templates.folder() / "Dockerfile.dockerignore").read_text())
    files = {entry.path for entry in scan(root, rules).entries if (root / entry.path).is_file()}
    assert files == {"pyproject.toml", "src/app/main.py", "src/app/prompts/system.md"}
    assert not any(rule.keeps for rule in rules.rules), "a rule with ! makes the builder walk what is left out"
