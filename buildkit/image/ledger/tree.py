"""Lays the layers of an image over each other, as a container sees them, and keeps what each file cost.

A file of an upper layer hides the one below it at the same path; a name that begins with `.wh.` hides what is below
without putting anything in its place (the image specification of the Open Container Initiative, "Layer Filesystem
Changeset"). What is hidden is still stored and still transferred.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field

from buildkit.image.ledger.elf import Binary
from buildkit.image.ledger.layer_files import Change, LayerFiles
from buildkit.image.saved import Layer, Saved

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


def read_tree(saved: Saved[LayerFiles]) -> Tree:
    """Lay all layers of an image over each other."""
    tree = Tree()
    folders: set[str] = set()
    for layer in saved.layers:
        _lay(tree, layer, folders)
        tree.frames[layer.number] = layer.content.frame
    seen = {id(file) for file in tree.seen.values()}
    for file in tree.files:
        if id(file) in seen:  # by another name, perhaps
            file.hidden_by = 0
    return tree


def _lay(tree: Tree, layer: Layer[LayerFiles], folders: set[str]) -> None:
    own: set[str] = set()  # what a layer hides is below it, never what it brings itself
    for change in layer.content.changes:
        path = change.path
        if change.kind == "emptied":
            _hide_below(tree, path, layer.number, own)
        elif change.kind == "gone":
            _hide_all(tree, path, layer.number, own)
        elif change.kind == "folder":
            own.add(path)
            folders.add(path)
            _hide(tree, path, layer.number)
        else:
            if path in folders:
                folders.discard(path)
                _hide_below(tree, path, layer.number, own)
            own.add(path)
            _place(tree, change, layer.number)


def _place(tree: Tree, change: Change, layer: int) -> None:
    """Put what is no folder into the tree."""
    path, content = change.path, change.content
    _hide(tree, path, layer)
    if change.kind == "link":
        tree.links[path] = change.leads
    elif change.kind == "same":
        first = tree.seen.get(change.leads)
        if first is not None:
            tree.seen[path] = first
    elif content is not None:
        file = File(path, layer, content.size, content.digest, content.secret, binary=content.binary)
        tree.files.append(file)
        tree.seen[path] = file
        if content.text is not None:
            tree.texts[path] = content.text


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
