"""Reads commit, time and address of the checkout from git.

An image's tag, labels and time come from there, never from the clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from buildkit.doors import process
from buildkit.errors import ImageError

_PROMPTLY = 10.0
"""Seconds for a query of git's data; `git status`, which reads every file of a checkout, may take longer."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """The state of a checkout.

    Args:
        commit: the full hash; empty if there is no history.
        dirty: whether files under the project's folder differ from the commit.
        time: the time of the commit in seconds since 1970; 0 if there is no history.
        source: the address of the repository, without credentials; empty where it has none.
    """

    commit: str = ""
    dirty: bool = False
    time: int = 0
    source: str = ""

    @property
    def tag(self) -> str:
        """The commit's first twelve digits, with `-dirty` where files differ; empty where there is no history."""
        return f"{self.commit[:12]}-dirty" if self.commit and self.dirty else self.commit[:12]

    @property
    def labels(self) -> dict[str, str]:
        """The image's labels, under the names of the Open Container Initiative; unknown values are left out."""
        known = {
            "org.opencontainers.image.revision": f"{self.commit}-dirty" if self.dirty else self.commit,
            "org.opencontainers.image.source": self.source,
        }
        return {name: value for name, value in known.items() if value}


def read(folder: Path, environment: Mapping[str, str] | None = None, run: process.Runner = process.run) -> Checkout:
    """Return the revision of the checkout that `folder` is in."""

    def ask(*arguments: str, seconds: float = _PROMPTLY) -> str:
        # without locks: `git status` would else write its index, on the way to a dry run too
        words = ["git", "--no-optional-locks", *arguments]
        answer = run(words, folder=folder, environment=environment, timeout=seconds)
        return answer.stdout.strip() if answer.ok else ""

    try:
        commit, _, time = ask("log", "-1", "--format=%H %ct").partition(" ")
        if not commit:
            return Checkout()
        return Checkout(
            commit,
            bool(ask("status", "--porcelain", "--", ".", seconds=process.ANSWER)),
            int(time),
            without_credentials(ask("config", "--get", "remote.origin.url")),
        )
    except FileNotFoundError:
        return Checkout()
    except OSError as error:
        raise ImageError(
            f"the revision of {folder} cannot be told: git: {error.strerror}", hint="see what git waits for"
        ) from None


def is_ancestor(folder: Path, first: str, second: str, environment: Mapping[str, str]) -> bool | None:
    """Return whether a commit is an ancestor of another; None if one of them is not known in the checkout."""
    words = ["git", "merge-base", "--is-ancestor", first, second]
    try:
        answer = process.run(words, folder=folder, environment=environment)
    except OSError:
        return None
    return {0: True, 1: False}.get(answer.exit_code)


def without_credentials(address: str) -> str:
    """Return the address of a repository without the name and the password that it may carry."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if "@" not in parts.netloc:
        return address
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
