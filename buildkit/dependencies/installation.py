"""The requirements files by which pip installs what was selected; its own Python decides what is left of markers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from buildkit.dependencies.locked import Locked, Package
from buildkit.errors import ConfigurationError

_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+(?=@)")


CHECKOUT = "/checkout"
"""Where the folders of the checkout lie while packages are built from them."""


def mounted(folders: str) -> list[str]:
    """Return the folders, relative to the project's, that the text `folders` of `Files` names."""
    return re.findall(rf"@ file://{CHECKOUT}/(\S+)", folders)


@dataclass(frozen=True, slots=True)
class Files:
    """Texts for pip, each empty where there is nothing to install by it.

    Args:
        requirements: packages; each has a hash, or none.
        unhashed: beside packages with hashes, what cannot have any, such as a commit: installed by a call of its own.
        folders: packages that are built from folders of the checkout, below `CHECKOUT`.
        constraints: bounds of what else pip looks for.
        options: options of the calls.
    """

    requirements: str
    unhashed: str = ""
    folders: str = ""
    constraints: str = ""
    options: str = ""


NOTHING = Files("")
"""No packages."""


def files(locked: Locked, folders: Mapping[str, str] | None = None) -> Files:
    """Return the texts that install the packages.

    Args:
        locked: the packages.
        folders: those of packages that can be built from the checkout, by the package's name; relative to the
            project's.

    Raises:
        ConfigurationError: one of them is of a kind that cannot be installed without the checkout, or not safely.
    """
    places = {} if folders is None or not locked.complete else folders
    inside = [each for each in locked.packages if each.source.kind == "path" and each.name in places]
    packages = [each for each in locked.packages if each not in inside]
    for package in packages:
        _require_installable(package, locked)
    hashed = [package for package in packages if package.hashes]
    bare = [package for package in packages if not package.hashes]
    if bare and len({each.source.place for each in bare if each.source.kind == "index"} | {*locked.indexes}) > 1:
        raise ConfigurationError(
            f"{locked.file}: {bare[0].name} has no hash, so of several indexes chance would say whose file comes",
            hint="lock with hashes",
        )
    if bare and hashed and not locked.complete:
        raise ConfigurationError(
            f"{locked.file}: {bare[0].name} has no hash, others do; pip would refuse to install it",
            hint="give each a hash (pip-compile --generate-hashes), or none",
        )
    return Files(
        _text(hashed or bare, "--require-hashes\n" if hashed else ""),
        _text(bare if hashed else []),
        "".join(f"{each.name} @ file://{CHECKOUT}/{places[each.name]}{_marker(each)}\n" for each in inside),
        "".join(f"{limit}\n" for limit in sorted(set(locked.limits))),
        "--no-deps" if locked.complete else "",
    )


def _require_installable(package: Package, locked: Locked) -> None:
    source = package.source
    if source.kind == "path":
        raise ConfigurationError(
            f"{locked.file}: {package.name} comes from the folder {source.place}, which the image does not install",
            hint=f"let {package.name} be one of `packages` under `source-root`, or install it from an index",
        )
    if source.kind == "git" and locked.file and not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", source.commit):
        raise ConfigurationError(
            f"{locked.file}: {package.name} comes from a repository without a fixed commit",
            hint="name the commit, 40 hexadecimal digits, so that each build installs the same",
        )
    if source.kind in ("git", "url") and _CREDENTIALS.search(source.place) and "://git@" not in source.place:
        raise ConfigurationError(
            f"{locked.file}: the address of {package.name} holds credentials, which would end up in a layer",
            hint="take them out of the address, and give them as the secret netrc: [tool.buildkit.engine] secrets",
        )


def _text(packages: list[Package], first: str = "") -> str:
    lines = sorted((_line(package) for package in packages), key=str.casefold)
    return first + "".join(f"{line}\n" for line in dict.fromkeys(lines)) if lines else ""


def _line(package: Package) -> str:
    extras = f"[{','.join(package.extras)}]" if package.extras else ""
    source = package.source
    if source.kind == "git":
        commit = f"@{source.commit}" if source.commit else ""
        asked = f" @ git+{source.place}{commit}{_fragment(source.folder)}"
    elif source.kind == "url":
        asked = f" @ {source.place}{_fragment(source.folder)}"
    else:
        asked = f"=={package.version}" if package.version else package.specifier
    return f"{package.name}{extras}{asked}{_marker(package)}" + "".join(f" --hash={each}" for each in package.hashes)


def _marker(package: Package) -> str:
    return "" if package.condition.always else f" ; {package.condition}"


def _fragment(folder: str) -> str:
    return f"#subdirectory={folder}" if folder else ""
