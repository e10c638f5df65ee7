"""Files that are complete: made read-only, put on the disk, and shared from tree to tree by hard links."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from buildkit.doors import files
from buildkit.trees import folders
from buildkit.trees.comparing import hashed
from buildkit.trees.entry import EMPTY, EXECUTABLE, FILE, FOLDER, File, Found, file_kind, link_text, mode_of

_HASHERS = 4
_WRITABLE = 0o222


def sealed_all(found: Iterable[Found], tree: Path) -> dict[str, File]:
    """Seal what was found in a tree, several at once, and return it by path; see `sealed`."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - a start on fresh data never comes here

    each = list(found)
    umask = files.umask()
    with ThreadPoolExecutor(_HASHERS) as pool:
        made = pool.map(lambda one: sealed(tree / one.path, one.kind, umask), each)
        return {one.path: file for one, file in zip(each, made, strict=True)}


def sealed(path: Path, kind: str = FILE, umask: int | None = None) -> File:
    """Make one file read-only, put it on the disk, and return what it is; a folder and a link stay as they are.

    A file that has a second name elsewhere and may still be written, such as an input that was linked instead of
    copied, gets a copy of its content: a sealed file shares it with no file that may be written. The umask applies.

    Args:
        path: the file, folder or link.
        kind: its kind.
        umask: this process's, where the caller knows it.
    """
    if kind not in {FILE, EXECUTABLE}:
        return File(0, EMPTY, 0, kind)
    mode = mode_of(kind, files.umask() if umask is None else umask)
    status = path.lstat()
    if status.st_nlink > 1 and status.st_mode & _WRITABLE:
        times = (status.st_atime_ns, status.st_mtime_ns)
        files.copy(path, path, mode=mode)
        os.utime(path, ns=times)
    digest = files.digest_file(path)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    return File(status.st_size, digest, status.st_mtime_ns, kind)


def share(recorded: Mapping[str, File], source: Path, tree: Path) -> dict[str, File]:
    """Bring sealed files into another tree: by hard link, else as a clone or copy; return them as they are there.

    Args:
        recorded: files, empty folders and links by path.
        source: the tree that has them.
        tree: the other one.
    """
    shared: dict[str, File] = {}
    for path, file in recorded.items():
        target = folders.make_parents_within(tree, path)
        if not file.is_file:
            shared[path] = make_folder_or_link(file, target)
            continue
        target.unlink(missing_ok=True)
        try:
            os.link(source / path, target)
        except OSError:
            files.copy(source / path, target, mode=mode_of(file.kind, files.umask()))
            shared[path] = sealed(target, file.kind)
        else:  # a volume that was restored has the same content under another time
            shared[path] = replace(file, modified=os.lstat(target).st_mtime_ns)
    return shared


def make_folder_or_link(file: File, target: Path) -> File:
    """Make an empty folder or a link at `target`, unless it is there."""
    if file.kind == FOLDER:
        target.mkdir(exist_ok=True)
    elif link_text(target) != file.kind[1:]:
        folders.remove_tree(target)
        target.symlink_to(file.kind[1:])
    return file


def share_equal(
    made: Mapping[str, File], known: Mapping[str, File], source: Path, tree: Path, aside: Path
) -> dict[str, File]:
    """Let files that were made again with the same content share their bytes with those of an earlier tree.

    Those are read to their end first: what a failing disk changed must not take the place of what is good. A new link
    is first made in `aside`: not every rename takes it away (rename(2) leaves both names of one file).

    Args:
        made: the files in `tree`.
        known: the files that were recorded for `source`.
        source: the earlier tree.
        tree: the new one.
        aside: a folder on the same disk that is searched for no files.
    """
    shared = dict(made)
    equal = {
        path: known[path]
        for path, file in made.items()
        if file.is_file and path in known and (known[path].size, known[path].state) == (file.size, file.state)
    }
    for path, found in hashed(equal, source).items():
        if found != equal[path].state or (source / path).samefile(tree / path):
            continue
        place = aside / f"{os.urandom(8).hex()}.link"
        folders.make_deep_folder(place.parent)
        try:
            os.link(source / path, place)
            place.replace(tree / path)
        except OSError:  # a volume without hard links, or a file with too many
            if not files.clone(source / path, tree / path, mode=mode_of(equal[path].kind, files.umask())):
                return shared
            shared[path] = sealed(tree / path, equal[path].kind)
        else:
            shared[path] = replace(equal[path], modified=os.lstat(tree / path).st_mtime_ns)
        finally:
            place.unlink(missing_ok=True)
    return shared


def restore_metadata(recorded: Mapping[str, File], tree: Path) -> None:
    """Put back what a copy of the disk lost without touching content: empty folders, links, who may execute."""
    for path, file in recorded.items():
        place = tree / path
        with contextlib.suppress(OSError):
            folders.make_parents_within(tree, path)
            if not file.is_file:
                make_folder_or_link(file, place)
            elif file.kind == EXECUTABLE and file_kind(place.lstat().st_mode) != EXECUTABLE:
                place.chmod(mode_of(file.kind, files.umask()))
