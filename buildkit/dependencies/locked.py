"""What a lock file says, whatever its form: packages, each with version, marker, hashes and source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from buildkit.dependencies.markers import TRUE, Condition
from buildkit.dependencies.needs import Need

STRONG = ("sha256", "sha384", "sha512")
"""The algorithms of hashes that an installer trusts."""

PUBLIC = "https://pypi.org/simple"
"""The index that installers ask if nobody names one. Locks write it down all the same."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a package comes from.

    Args:
        kind: `index` by its name, `url` a file at an address, `git` a commit, `path` a place in the checkout, `self`
            the project.
        place: the index's address (empty for the usual one), the file's, the repository's, or the path.
        commit: the commit of a repository.
        folder: the folder in the file or repository; its root if empty.
    """

    kind: Literal["index", "url", "git", "path", "self"] = "index"
    place: str = field(default="", repr=False)  # may hold credentials
    commit: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """One package that is to be installed.

    Args:
        name: its name, normalized.
        version: its version; empty where its source alone fixes it, or nothing does.
        condition: where it is installed.
        hashes: those of its files, such as `sha256:…`; any of them will do.
        source: where it comes from.
        specifier: what is asked of its version where no version is fixed, such as `>=1`.
        extras: its extras, for an installer that resolves.
    """

    name: str
    version: str = ""
    condition: Condition = TRUE
    hashes: tuple[str, ...] = ()
    source: Source = Source()
    specifier: str = ""
    extras: tuple[str, ...] = ()

    @property
    def pinned(self) -> bool:
        """Whether it is always the same: one version, one file or one commit."""
        return bool(self.version or self.source.commit or self.source.kind == "url")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the packages are asked for.

    Args:
        extras: extras of the project, normalized.
        groups: its dependency groups, normalized.
        facts: variables of markers that are known of where the packages will run, such as `sys_platform`.
        project: the project's name, normalized.
        folder: the project's folder, relative to that of the lock file.
        needs: what the project declares, with these extras and groups.
    """

    extras: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    facts: Mapping[str, str] = field(default_factory=dict)
    project: str = ""
    folder: str = "."
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True, slots=True)
class Locked:
    """The packages of one lock file that a project needs when it runs.

    Args:
        file: the lock file's name.
        packages: the packages, without the project itself.
        complete: whether they are all that is installed; else an installer looks for what they need.
        pins: whether the file fixes versions; a requirements.txt may hold ranges.
        limits: requirements that bound what an installer looks for, but are not installed for themselves.
        named: addresses of indexes that the file names for all packages, the main one first.
        declared: the requirements that the file says it was made for; None if it says nothing.
    """

    file: str
    packages: tuple[Package, ...]
    complete: bool = True
    pins: bool = True
    limits: tuple[str, ...] = ()
    named: tuple[str, ...] = field(default=(), repr=False)
    declared: Sequence[str] | None = None

    @property
    def indexes(self) -> tuple[str, ...]:
        """The addresses of the indexes, beside the usual one, that its packages come from; the main one first."""
        places = sorted({each.source.place for each in self.packages if each.source.kind == "index"})
        return tuple(dict.fromkeys(place for place in (*self.named, *places) if place))

    @property
    def hashed(self) -> bool:
        """Whether every package has a hash."""
        return all(package.hashes for package in self.packages)


def index(address: str | None) -> Source:
    """Return the source that is an index; the usual one has no place."""
    return Source("index", "" if (address or "").rstrip("/") == PUBLIC else address or "")


def strong(hashes: Sequence[object]) -> tuple[str, ...]:
    """Return those hashes, written `algorithm:digits`, that an installer trusts, sorted and each once."""
    texts = {text for text in hashes if isinstance(text, str) and text.partition(":")[0] in STRONG}
    return tuple(sorted(texts))
