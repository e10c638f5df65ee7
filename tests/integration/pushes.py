"""A service in a repository and a real registry, for tests that send its image there."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

from plugins.bases import Shop, shop_in
from registry import Running

from buildkit.registry.client import Repository
from buildkit.registry.reference import parse


def git(root: Path, *words: str) -> str:
    who = ["-c", "user.email=one@example.invalid", "-c", "user.name=one", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *who, *words], cwd=root, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def commit(shop: Shop, words: str = "more") -> str:
    git(shop.root, "add", "--all")
    git(shop.root, "commit", "--quiet", "--message", words)
    return git(shop.root, "rev-parse", "HEAD")


def with_history(folder: Path) -> Shop:
    """Make the service in a repository with one commit."""
    made = shop_in(folder)
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
