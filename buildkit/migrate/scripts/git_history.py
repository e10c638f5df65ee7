"""Asks git about the revision files: their authors and dates, and the changes that a merge would bring."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit.doors import process
from buildkit.errors import ConfigurationError

_ASSIGNED = re.compile(
    r"""^(revision|down_revision|depends_on)\s*(?::[^=\n]*)?=\s*(\([^)]*\)|\[[^\]]*\]|.*)""", re.MULTILINE
)
_QUOTED = re.compile(r"""["']([^"'\n]+)["']""")


@dataclass(frozen=True, slots=True)
class GitRevision:
    """A revision file as a commit contains it.

    Args:
        parents: the ids that it follows or depends on.
        commit: the last commit that changed its file.
        file: its path as git writes it.
    """

    parents: tuple[str, ...]
    commit: str
    file: str


def revisions_in_git(folders: Sequence[Path]) -> dict[str, GitRevision]:
    """Return every revision that any commit of any branch has in `folders`; empty without git."""
    found: dict[str, GitRevision] = {}
    for folder in folders:
        log = _quiet(
            folder, "log", "--all", "-p", "--no-color", "--no-ext-diff", "--no-renames", "--format=%x00%h", "--", "."
        )
        for commit, _, changes in (part.partition("\n") for part in log.split("\0")[1:]):
            for change in changes.split("\ndiff --git ")[0:]:
                name = change.partition("\n")[0].rpartition(" b/")[2]
                lines = [
                    line[1:] for line in change.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
                ]
                said = dict(_ASSIGNED.findall("\n".join(lines)))
                for each in _QUOTED.findall(said.get("revision", ""))[:1]:
                    needs = f"{said.get('down_revision', '')} {said.get('depends_on', '')}"
                    found.setdefault(each, GitRevision(tuple(_QUOTED.findall(needs)), commit, name))
    return found


def _quiet(folder: Path, *words: str) -> str:
    try:
        done = process.run(["git", *words], folder=folder)
    except OSError:
        return ""
    return done.stdout if done.ok else ""


def author(file: Path) -> str:
    """Return who last changed a file, and the day; empty if git does not know the file, or without git."""
    try:
        done = process.run(["git", "log", "-1", "--format=%an, %as", "--", file.name], folder=file.parent)
    except OSError:
        return ""
    return done.stdout.strip() if done.ok else ""


def incoming(folders: Sequence[Path], branch: str) -> dict[Path, str | None]:
    """Return the Python files that `branch` has changed since it and this branch parted, with their text there.

    A deleted file has None. A merge takes these and keeps the others, unless the same file was changed on both sides,
    which git itself reports.

    Args:
        folders: the folders with the revision files.
        branch: any name that git knows, such as `origin/main`.

    Raises:
        ConfigurationError: there is no git, no repository, or no such branch.
    """
    found: dict[Path, str | None] = {}
    for folder in folders:
        top = Path(_git(folder, "rev-parse", "--show-toplevel").strip())
        listed = _git(folder, "diff", "--name-status", "--no-renames", "-z", f"HEAD...{branch}", "--", "*.py")
        words = listed.split("\0")[:-1]
        for status, name in zip(words[::2], words[1::2], strict=True):
            found[top / name] = None if status == "D" else _git(top, "show", f"{branch}:{name}")
    return found


def _git(folder: Path, *words: str) -> str:
    try:
        done = process.run(["git", *words], folder=folder)
    except TimeoutError as error:
        raise ConfigurationError(f"git {words[0]}: {error.strerror}", hint="see what git waits for") from None
    except OSError:
        raise ConfigurationError("there is no git to look at another branch with", hint="install git") from None
    if not done.ok:
        raise ConfigurationError(
            f"git {words[0]} ended with {done.exit_code}",
            details=done.stderr.strip().splitlines()[:3],
            hint="name a branch that is there, with its history: git fetch --unshallow origin",
        )
    return done.stdout
