"""Lays the layers of an image over each other, as a container sees them, and keeps what each file cost.

A file of an upper layer hides the one below it at the same path; a name that begins with `.wh.` hides what is below
without putting anything in its place (the image specification of the Open Container Initiative, "Layer Filesystem
Changeset"). What is hidden is still stored and still transferred.
"""

from __future__ import annotations

import hashlib
import posixpath
import tarfile
from dataclasses import dataclass, field
from typing import IO, cast

from buildkit.image import leaks
from buildkit.image.ledger.elf import MAGIC, Binary, read_binary
from buildkit.image.ledger.saved import Layer, Saved

_HIDDEN, _ALL_HIDDEN = ".wh.", ".wh..wh..opq"
_KEPT_TEXT = 4 << 20
"""Bytes up to which a text that says whose files are is kept."""

_LINKS = 40
"""Links that are followed on the way to a file, as Linux does."""


@dataclass(slots=True)
class File:
    """A regular file of one layer.

    Args:
        path: where it is, without a slash at the front.
        layer: the number of its layer.
        size: its bytes.
        digest: the SHA-256 of its content.
        secret: whether a secret stands in it.
        hidden_by: the number of the layer that replaces or removes it; 0 if containers see it.
        binary: what its header says, where it is a program or library of ELF.
    """

    path: str
    layer: int
    size: int
    digest: str
    secret: bool = False
    hidden_by: int = 0
    binary: Binary | None = None


@dataclass(slots=True)
class Tree:
    """All files of an image.

    Args:
        files: every file of every layer, the hidden ones too.
        seen: what a container sees, by path.
        links: the symbolic links that a container sees, by path, with where they lead.
        texts: the contents of files that say whose other files are, and of a few that are read later on.
        frames: by layer, the bytes of its tar that are no content: headers, padding, the end.
    """

    files: list[File] = field(default_factory=list)
    seen: dict[str, File] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    frames: dict[int, int] = field(default_factory=dict)

    def resolve(self, path: str) -> File | None:
        """Return the file at a path, through links; None if there is none."""
        left, found = posixpath.normpath(path).strip("/").split("/"), ""
        for _ in range(_LINKS):
            while left:
                step = posixpath.join(found, left.pop(0))
                if step in self.links:
                    leads = self.links[step]
                    target = leads if leads.startswith("/") else posixpath.join(posixpath.dirname(step), leads)
                    left, found = [*posixpath.normpath(target).strip("/").split("/"), *left], ""
                    break
                found = step
            else:
                return self.seen.get(found)
        return None


def read_tree(saved: Saved) -> Tree:
    """Read all layers of an image."""
    tree = Tree()
    folders: set[str] = set()
    for layer in saved.layers:
        with saved.opened(layer) as content:
            counted = _Counted(content)
            added = _added(tree, layer, counted, folders)
            while counted.read(1 << 20):  # what stands behind the end
                pass
            tree.frames[layer.number] = counted.count - added
    seen = {id(file) for file in tree.seen.values()}
    for file in tree.files:
        if id(file) in seen:  # by another name, perhaps
            file.hidden_by = 0
    return tree


def _added(tree: Tree, layer: Layer, content: _Counted, folders: set[str]) -> int:
    """Add the files of a layer; return the bytes of their contents."""
    total = 0
    own: set[str] = set()  # what a layer hides is below it, never what it brings itself
    with tarfile.open(fileobj=cast("IO[bytes]", content), mode="r|") as archive:
        for member in archive:
            path = posixpath.normpath(member.name).strip("/")
            folder, name = posixpath.split(path)
            if name == _ALL_HIDDEN:
                _hide_below(tree, folder, layer.number, own)
            elif name.startswith(_HIDDEN):
                _hide_all(tree, posixpath.join(folder, name.removeprefix(_HIDDEN)), layer.number, own)
            elif member.isdir():
                own.add(path)
                folders.add(path)
                _hide(tree, path, layer.number)
            else:
                if path in folders:
                    folders.discard(path)
                    _hide_below(tree, path, layer.number, own)
                own.add(path)
                total += _place(tree, archive, member, path, layer)
    return total


def _place(tree: Tree, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str, layer: Layer) -> int:
    """Put what is no folder into the tree; return the bytes of its content."""
    _hide(tree, path, layer.number)
    if member.issym():
        tree.links[path] = member.linkname
    elif member.islnk():
        first = tree.seen.get(posixpath.normpath(member.linkname).strip("/"))
        if first is not None:
            tree.seen[path] = first
    elif member.isreg():
        file = _read(tree, archive, member, path, layer)
        tree.files.append(file)
        tree.seen[path] = file
        return file.size
    return 0


def _read(tree: Tree, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str, layer: Layer) -> File:
    source = archive.extractfile(member)
    content = source.read() if source is not None else b""
    file = File(path, layer.number, len(content), hashlib.sha256(content).hexdigest())
    if content.startswith(MAGIC):
        file.binary = read_binary(content)
    if leaks.may_hold_secret(path, len(content)):
        file.secret = leaks.holds_secret(path, content.decode("utf-8", "replace"))
    if _says_whose(path) and len(content) <= _KEPT_TEXT:
        tree.texts[path] = content.decode("utf-8", "replace")
    return file


def _says_whose(path: str) -> bool:
    folder, name = posixpath.split(path)
    return (
        (folder.endswith(".dist-info") and name in {"RECORD", "WHEEL"})
        or (folder == "var/lib/dpkg/info" and name.endswith(".list"))
        or path in {"lib/apk/db/installed", "usr/lib/apk/db/installed", "etc/ld.so.conf"}
        or (folder == "etc/ld.so.conf.d" and name.endswith(".conf"))
    )


def _hide(tree: Tree, path: str, layer: int) -> None:
    tree.links.pop(path, None)
    former = tree.seen.pop(path, None)
    if former is not None:
        former.hidden_by = layer
    tree.texts.pop(path, None)


def _hide_all(tree: Tree, path: str, layer: int, own: set[str]) -> None:
    if path not in own:
        _hide(tree, path, layer)
        _hide_below(tree, path, layer, own)


def _hide_below(tree: Tree, folder: str, layer: int, own: set[str]) -> None:
    start = f"{folder}/" if folder else ""
    for path in [each for each in (*tree.seen, *tree.links) if each.startswith(start) and each not in own]:
        _hide(tree, path, layer)


class _Counted:
    """A stream that counts what was read of it."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes."""
        data = self._content.read(size)
        self.count += len(data)
        return data
