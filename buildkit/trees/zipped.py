"""What a zip file would unpack to, before anything unpacks it."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd


def names_of(archive: Path) -> list[str]:
    """Return the names of the files in a zip file, in its order; every one stays in the folder it is unpacked to.

    Raises:
        Odd: a name does not, or is there twice, or lies below a file, or is that of a link or a device.
        OSError: it cannot be read. zipfile.BadZipFile: the file is no zip file.
    """
    names: list[str] = []
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            name = untrusted.path(member.orig_filename.removesuffix("/"))
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise Odd(f"{untrusted.shown(repr(name))} is no plain file")
            if not member.is_dir():
                names.append(name)
    if len(names) > len({*names}):
        raise Odd(f"{untrusted.shown(repr(next(name for name in names if names.count(name) > 1)))} twice")
    untrusted.require_disjoint({*names})
    return names
