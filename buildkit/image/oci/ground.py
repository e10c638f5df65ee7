"""What a base holds that matters for what is put on it: its Python, its C library, its folders.

It is read from the layers, without starting anything, so a base for another processor is read as well.
"""

from __future__ import annotations

import posixpath
import re
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import IO, Any

from buildkit.core import untrusted
from buildkit.image.oci.nodes import FOLDER, Node

_PYTHON = re.compile(r"(?P<folder>(?:usr/local|usr|opt/\w+)/bin|bin)/python3\.(?P<minor>\d+)(?P<kind>t?)")
_HIDDEN, _OPAQUE = ".wh.", ".wh..wh..opq"
_DEEPEST = 4
"""Folders and links up to this depth are remembered: what an image adds lies in these."""

_LIBC = re.compile(r"libc\.so\.6|libc-2\.\d+\.so|ld-musl-[\w-]+\.so\.1|libc\.musl-.*")
_GLIBC = re.compile(rb"release version (\d+)\.(\d+)")
_MUSL = re.compile(rb"\b1\.\d+\.\d+\b")
_MOST = 64 << 20


@dataclass(frozen=True, slots=True)
class Ground:
    """What a base holds.

    Args:
        python: its Python's version with one dot, such as `3.13`; empty without one.
        version: the whole version; empty if it cannot be told.
        program: the path of its Python, such as `/usr/bin/python3`.
        libc: `glibc` or `musl`; empty if it has neither.
        release: the version of the C library with one dot.
        folders: mode and owner of its uppermost folders, by path without a slash at the front.
        links: where its uppermost links lead.
        size: bytes of all its files.
    """

    python: str = ""
    version: str = ""
    program: str = ""
    libc: str = ""
    release: str = ""
    folders: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    size: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)

    def folder(self, path: str) -> Node | None:
        """Return a folder as the base has it; None if it has none there."""
        found = self.folders.get(path)
        return None if found is None else Node(FOLDER, found[0], user=found[1], group=found[2])

    def resolved(self, path: str) -> str:
        """Return a path with the base's links on the way to it followed: `var/run/x` is `run/x`."""
        for _ in range(8):
            parts = path.split("/")
            for count in range(1, len(parts)):
                start = "/".join(parts[:count])
                if start in self.links:
                    target = self.links[start]
                    joined = target if target.startswith("/") else posixpath.join(posixpath.dirname(start), target)
                    path = posixpath.normpath(posixpath.join("/", joined, *parts[count:])).lstrip("/")
                    break
            else:
                break
        return path


def parsed(value: object) -> Ground:
    """Return what was kept of a base.

    Raises:
        Odd: it is not what `as_json` gives.
    """
    found = untrusted.table(value)
    words = {name: untrusted.text(found[name]) for name in ("python", "version", "program", "libc", "release")}
    folders = {path: _three(row) for path, row in untrusted.table(found["folders"]).items()}
    links = {path: untrusted.text(text) for path, text in untrusted.table(found["links"]).items()}
    return Ground(**words, folders=folders, links=links, size=untrusted.number(found["size"]))


def _three(row: object) -> tuple[int, int, int]:
    mode, user, group = (untrusted.number(each) for each in untrusted.rows(row))
    return mode, user, group


def read(layers: Iterable[IO[bytes]]) -> Ground:
    """Return what a base holds.

    Args:
        layers: its layers as tars, packed or not, the lowest one first.

    Raises:
        tarfile.TarError: one of them is no tar. OSError, EOFError, zlib.error: it is damaged.
    """
    look = _Look()
    for stream in layers:
        with tarfile.open(fileobj=stream, mode="r|*") as archive:
            for member in archive:
                look.take(archive, member)
    return look.ground()


class _Look:
    """What was seen of the layers so far."""

    def __init__(self) -> None:
        self.folders: dict[str, tuple[int, int, int]] = {}
        self.links: dict[str, str] = {}
        self.pythons: dict[tuple[int, str], str] = {}
        self.versions: dict[str, str] = {}
        self.libc: tuple[str, str] = ("", "")
        self.size = 0

    def take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = posixpath.normpath(f"/{member.name}").lstrip("/")
        folder, _, name = path.rpartition("/")
        self.size += member.size if member.isfile() else 0
        if name.startswith(_HIDDEN):
            self._forget(f"{folder}/" if name == _OPAQUE else posixpath.join(folder, name[len(_HIDDEN) :]))
            return
        if path.count("/") < _DEEPEST:
            self.folders.pop(path, None)
            self.links.pop(path, None)
            if member.isdir() and path:
                self.folders[path] = (member.mode & 0o7777, member.uid, member.gid)
            elif member.issym():
                self.links[path] = member.linkname
        python = _PYTHON.fullmatch(path)
        if python and (member.isfile() or member.issym() or member.islnk()):
            self.pythons[int(python["minor"]), python["kind"]] = f"/{python['folder']}"
        if member.isfile() and (python or re.search(r"/libpython3\.\d+\.so[.\d]*$", path)):
            self._take_version(archive, member)
        if member.isfile() and _LIBC.fullmatch(name):
            self._take_libc(archive, member, name)

    def _forget(self, path: str) -> None:
        for table in (self.folders, self.links):
            for each in [*table]:
                if each == path or each.startswith(path if path.endswith("/") else f"{path}/"):
                    del table[each]

    def _take_version(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        content = self._content(archive, member)
        for found in re.finditer(rb"\b(3\.\d+)\.\d+(?:(?:a|b|rc)\d+)?\+?(?=[\x00 ])", content):
            self.versions.setdefault(found[1].decode(), found[0].decode())

    def _take_libc(self, archive: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
        content = self._content(archive, member)
        glibc = _GLIBC.search(content)
        if "musl" in name:
            found = _MUSL.search(content)
            release = ".".join(found[0].decode().split(".")[:2]) if found else "1.2"
            self.libc = ("musl", release)
        elif glibc:
            self.libc = ("glibc", f"{glibc[1].decode()}.{glibc[2].decode()}")

    @staticmethod
    def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
        stream = archive.extractfile(member)
        return stream.read(_MOST) if stream else b""

    def ground(self) -> Ground:
        libc, release = self.libc
        if not self.pythons:
            return Ground("", "", "", libc, release, self.folders, self.links, self.size)
        (minor, kind), folder = max(self.pythons.items(), key=lambda item: ("local" in item[1], item[0]))
        python = f"3.{minor}"
        return Ground(
            f"{python}{kind}",
            self.versions.get(python, ""),
            f"{folder}/python3",
            libc,
            release,
            self.folders,
            self.links,
            self.size,
        )
