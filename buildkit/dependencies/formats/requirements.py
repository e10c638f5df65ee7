"""Reads requirements.txt as pip does: other files, hashes, indexes, direct addresses, local lines, markers."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from buildkit.dependencies import markers
from buildkit.dependencies.formats import tables
from buildkit.dependencies.locked import PUBLIC, Locked, Package, Source, Wanted, strong
from buildkit.dependencies.needs import BadNeed, Need, of_text

FILE = "requirements.txt"

_CONTINUED = re.compile(r"\\\n")
_COMMENT = re.compile(r"(^|\s)#.*")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_GIT = re.compile(r"git\+(?P<place>[^#]+?)(@(?P<commit>[^@/#]+))?(#(?P<rest>.*))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_MOST_FILES = 100

_FILES = ("-r", "--requirement", "-c", "--constraint")
_INDEXES = ("-i", "--index-url", "--extra-index-url")
_LET_PASS = ("--require-hashes", "--prefer-binary")
_SWITCHES = ("--pre", "--no-binary", "--only-binary")


@dataclass
class _Lines:
    """What was read so far."""

    read: Callable[[str], str]
    variables: Mapping[str, str]
    wanted: Wanted
    packages: list[Package] = field(default_factory=list)
    limits: list[Need] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    files: int = 0


def read(name: str, content: Callable[[str], str], wanted: Wanted, variables: Mapping[str, str]) -> Locked:
    """Return the packages of a requirements file and of those that it names.

    Args:
        name: the file's name.
        content: returns the text of a file, by its path relative to the lock's folder.
        wanted: what is known of the target, and the project's place.
        variables: the values of `${NAME}`.

    Raises:
        Odd: a line that cannot be understood, or that an image cannot follow.
        BadMarker, BadNeed: a requirement in it is not valid.
    """
    lines = _Lines(content, variables, wanted)
    _file(lines, name, constraint=False)
    packages = [_limited(package, lines.limits) for package in lines.packages]
    if any(package.source.kind == "self" for package in packages):  # to install it brings what it requires
        packages += [
            Package(
                need.name, condition=markers.condition(need.marker, wanted.facts), specifier=asked, extras=need.extras
            )
            for need in wanted.needs
            for asked in need.specifiers[:1]
            if not need.direct
        ]
    found = tuple(each for each in packages if each.source.kind != "self" and not each.condition.never)
    return Locked(
        name,
        found,
        complete=False,
        pins=all(package.pinned for package in packages if package.source.kind != "self"),
        limits=tuple(str(limit) for limit in lines.limits),
        named=tuple(dict.fromkeys("" if each.rstrip("/") == PUBLIC else each for each in lines.indexes)),
    )


def _file(lines: _Lines, name: str, *, constraint: bool) -> None:
    lines.files += 1
    if lines.files > _MOST_FILES:
        raise tables.Odd(f"it names more than {_MOST_FILES} files, or one of them itself")
    text = _CONTINUED.sub(" ", lines.read(name))
    for number, row in enumerate(text.splitlines(), 1):
        line = _COMMENT.sub("", row).strip()
        if not line:
            continue
        line = _VARIABLE.sub(lambda found: lines.variables.get(found[1], found[0]), line)
        try:
            if line.startswith("-"):
                _option(lines, name, line, constraint=constraint)
            elif constraint:
                lines.limits.append(of_text(_without_options(line)[0]))
            else:
                _requirement(lines, line)
        except (tables.Odd, BadNeed, markers.BadMarker) as error:
            where = f"{name}, line {number}: " if not str(error).startswith(f"{name}, ") else ""
            raise type(error)(f"{where}{error}") from None


def _option(lines: _Lines, name: str, line: str, *, constraint: bool) -> None:
    try:
        words = shlex.split(line.replace("=", " ", 1) if line.startswith("--") else line)
    except ValueError as error:
        raise tables.Odd(str(error)) from None
    if words[0][:2] in ("-r", "-c", "-i", "-e") and len(words[0]) > 2:  # noqa: PLR2004 - a letter and a sign
        words = [words[0][:2], words[0][2:], *words[1:]]
    option, rest = words[0], words[1:]
    if option in _FILES and rest:
        if "://" in rest[0]:
            raise tables.Odd(f"{option} of an address is not followed: keep the file in the project")
        place = posixpath.normpath(posixpath.join(posixpath.dirname(name), rest[0]))
        _file(lines, place, constraint=constraint or option in _FILES[2:])
    elif option in _INDEXES and rest:
        if option != "--extra-index-url":
            lines.indexes.insert(0, rest[0])
        else:
            lines.indexes.append(rest[0])
    elif option in ("-e", "--editable") and rest:
        _requirement(lines, rest[0])
    elif option in _LET_PASS:
        pass
    elif option in _SWITCHES:
        raise tables.Odd(f"{option} is not taken over; set it in pip's configuration, the secret pip.conf")
    else:
        raise tables.Odd(f"the option {option} is not one that an image follows")


def _without_options(line: str) -> tuple[str, list[str]]:
    """Return the requirement of a line, and its hashes."""
    parts = re.split(r"\s--(?=[a-z])", line)
    hashes = []
    for part in parts[1:]:
        option, _, value = part.strip().replace(" ", "=", 1).partition("=")
        if option != "hash":
            raise tables.Odd(f"the option --{option} of a requirement is not one that an image follows")
        hashes.append(value.strip())
    return parts[0].strip(), hashes


def _requirement(lines: _Lines, line: str) -> None:
    text, hashes = _without_options(line)
    if _is_local(text):
        place, _, _ = text.partition("[")
        place = posixpath.normpath(place.removeprefix("file:").removeprefix("//"))
        own = place == posixpath.normpath(lines.wanted.folder)
        lines.packages.append(Package(place, source=Source("self" if own else "path", place)))
        return
    if re.match(r"(git\+|https?://)", text):
        name = re.search(r"egg=([\w.-]+)", text)
        if name is None and text.startswith("git+"):
            raise tables.Odd("a repository needs its package's name in front: NAME @ git+https://…")
        text = f"{name[1] if name else _name_of(text)} @ {text}"
    need = of_text(text)
    where = markers.condition(need.marker, lines.wanted.facts)
    lines.packages.append(package_of(need, where, strong(hashes)))


def _name_of(address: str) -> str:
    """Return the package's name that a file's own name begins with."""
    return posixpath.basename(address.partition("#")[0]).partition("-")[0] or "unnamed"


def _is_local(text: str) -> bool:
    return text.startswith((".", "/", "file:")) or (
        bool(re.match(r"[\w./-]+/[\w./-]*(\[.*\])?$|.*\.(whl|tar\.gz|zip)$", text)) and "://" not in text
    )


def package_of(need: Need, where: markers.Condition, hashes: tuple[str, ...] = ()) -> Package:
    """Return the package that a requirement asks for."""
    asked = need.specifiers[0]
    if need.direct.startswith("git+"):
        found = _GIT.fullmatch(need.direct)
        folder = re.search(r"subdirectory=([^&]+)", (found and found["rest"]) or "")
        commit = (found and found["commit"]) or ""
        source = Source("git", found["place"] if found else "", commit, folder[1] if folder else "")
        return Package(need.name, "", where, hashes, source, extras=need.extras)
    if need.direct.startswith("file:"):
        return Package(need.name, source=Source("path", need.direct.removeprefix("file:").removeprefix("//")))
    if need.direct:
        address, _, fragment = need.direct.partition("#")
        digest = strong([part.replace("=", ":", 1) for part in fragment.split("&")])
        return Package(need.name, "", where, hashes or digest, Source("url", address), extras=need.extras)
    exact = re.fullmatch(r"===?([^=,*]+)", asked)
    version = exact[1] if exact else ""
    return Package(need.name, version, where, hashes, specifier="" if version else asked, extras=need.extras)


def _limited(package: Package, limits: list[Need]) -> Package:
    """Return a package with the version that a constraints file fixes, if it does."""
    for limit in limits:
        exact = re.fullmatch(r"===?([^=,*]+)", limit.specifiers[0])
        if limit.name == package.name and exact and not package.pinned:
            return replace(package, version=exact[1], specifier="")
    return package
