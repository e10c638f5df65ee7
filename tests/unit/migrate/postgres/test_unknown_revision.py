"""What git knows of revisions that no file has: which of them follow head, and which are gone for good."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from buildkit.doors import process
from buildkit.migrate.discovery import find
from buildkit.migrate.postgres.unknown_revision import gone
from buildkit.migrate.scripts.graph import read

REVISION = "revision = {0!r}\ndown_revision = {1!r}\n"


def test_what_was_squashed_is_gone_and_what_follows_head_is_not(
    project: Callable[[Mapping[str, str]], Path],
) -> None:
    chain = {"a": None, "b": "a", "c": "b"}
    files = {f"migrations/versions/{name}.py": REVISION.format(name, parent) for name, parent in chain.items()}
    root = project({**files, "migrations/env.py": ""})
    commit = ("-c", "user.name=n", "-c", "user.email=n@localhost", "commit", "-qm", "as it was")
    for words in (("init", "-q"), ("add", "."), commit):
        assert process.run(["git", *words], folder=root).ok
    versions = root / "migrations/versions"
    (versions / "c.py").unlink()
    settings = find(root)
    assert settings is not None
    assert gone(settings, read(settings.versions)) == (), "c follows head b: the database is ahead"
    for name in ("a", "b"):
        (versions / f"{name}.py").unlink()
    (versions / "new.py").write_text(REVISION.format("new", None))
    assert gone(settings, read(settings.versions)) == ("a", "b", "c")
