"""The files of a tar, as a record says that they are, into a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd
from buildkit.trees import folders, tar
from buildkit.trees.entry import File
from buildkit.trees.sealing import sealed


def unpack(read: Callable[[int], bytes], recorded: Mapping[str, File], tree: Path) -> dict[str, File]:
    """Unpack the files that are recorded, and no others, each once and with as many bytes as the record says.

    Args:
        read: gives so many bytes of the tar, or all that are left.
        recorded: what each file is, by its path; links and empty folders among it are in no tar.
        tree: where they go.

    Returns:
        The files, sealed, as they are on the disk; whether that is their content is for the caller to see.

    Raises:
        Odd: there is something else in it, or a file twice.
        OSError: a link lies on the way to a file, or the folder cannot be written.
    """
    found: dict[str, File] = {}
    reader = tar.Reader(read)
    for member in reader:
        file = recorded.get(member.name)
        if file is None or not file.is_file or file.size != member.size:
            raise Odd(f"{member.name} is not what its manifest says")
        target = folders.make_parents_within(tree, member.name)
        try:
            opened = target.open("xb")
        except FileExistsError:
            raise Twice(untrusted.shown(target)) from None
        with opened as out:
            for block in reader.content():
                out.write(block)
            out.flush()
            os.utime(out.fileno(), ns=(file.modified, file.modified))
        found[member.name] = sealed(target, file.kind)
    return found


class Twice(Odd):
    """A file that a tar brings is there already; the message is its path."""
