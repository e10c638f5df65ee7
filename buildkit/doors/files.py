"""The disk: digests, atomic writes, and copies that appear all at once."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from buildkit.doors import reading
from buildkit.model import ABSENT, WORK, Digest

MODE, FOLDER_MODE = 0o664, 0o775
"""Of files and folders, less the umask. Not writable for everybody, since files there are loaded as code."""

_CHUNK = 1 << 20
_CLONE = 0x40049409  # FICLONE of ioctl_ficlone(2): Btrfs, XFS, bcachefs; other systems refuse the number


def digest_file(path: str | Path) -> Digest:
    """Return the SHA-256 of the file's content, or `ABSENT` where there is no regular file."""
    try:
        descriptor = reading.opened(path)
    except (reading.NotAFile, IsADirectoryError):
        return ABSENT
    except OSError as error:
        if error.errno in reading.NOWHERE:
            return ABSENT
        raise
    try:
        content = hashlib.sha256()
        while part := os.read(descriptor, _CHUNK):
            content.update(part)
        return Digest(content.hexdigest())
    finally:
        os.close(descriptor)


def digest_names(folder: str) -> Digest:
    """Return the SHA-256 over the names in a folder, each with its kind, or `ABSENT` where there is no folder.

    Raises:
        OSError: it cannot be listed.
    """
    try:
        with os.scandir(folder) as entries:
            names = sorted(f"{_kind(entry)}{entry.name}" for entry in entries)
    except OSError as error:
        if error.errno in reading.NOWHERE:
            return ABSENT
        raise
    return Digest(hashlib.sha256(os.fsencode("\0".join(names))).hexdigest())


def _kind(entry: os.DirEntry[str]) -> str:
    return "@" if entry.is_symlink() else "/" if entry.is_dir(follow_symlinks=False) else " "


def write(path: Path, content: bytes | str, *, mode: int = MODE, durable: bool = False) -> None:
    """Write `content` so that `path` holds the old or the new content at every moment, whatever happens.

    Args:
        path: the file; its folder is made where it is missing.
        content: text is written as UTF-8.
        mode: permission bits of the new file, of which the umask takes some.
        durable: wait until the disk has it, as well as its name.
    """
    data = content.encode() if isinstance(content, str) else content
    with staged(path, mode) as (descriptor, temporary):
        write_all(descriptor, data)
        if durable:
            os.fsync(descriptor)
        os.replace(temporary, path)  # noqa: PTH105 - both are known to exist
    if durable:
        sync_folder(path.parent)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of `content` to an open file."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def write_once(path: Path, content: str) -> bool:
    """Make `path` with `content` unless it exists, all at once; return whether it was made. Holds on NFS as well.

    An answer that the network lost is asked for again and then says that the name exists: the count of links tells by
    whom it was made (link(2), and open(2) under O_EXCL).
    """
    with staged(path) as (descriptor, temporary):
        os.write(descriptor, content.encode())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return os.stat(temporary).st_nlink > 1  # noqa: PTH116
        except OSError:  # a volume without hard links
            try:
                made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
            except FileExistsError:
                return False
            try:
                os.write(made, content.encode())
            finally:
                os.close(made)
    return True


def write_if_changed(path: Path, content: bytes | str, *, mode: int = MODE) -> bool:
    """Write `content` unless `path` holds it already; return whether it was written."""
    data = content.encode() if isinstance(content, str) else content
    with contextlib.suppress(OSError):
        if reading.read(path) == data:
            return False
    write(path, data, mode=mode)
    return True


def copy(source: Path, target: Path, *, mode: int = 0o644) -> None:
    """Copy a file's content so that `target` appears all at once; a process that has the old file mapped keeps it.

    Where the disk can, both share their blocks until one of them is written.
    """
    with staged(target) as (descriptor, temporary):
        given = reading.opened(source)
        with open(given, "rb", buffering=0) as file, open(descriptor, "wb", closefd=False) as out:  # noqa: PTH123
            if not _shares_blocks(file.fileno(), descriptor):
                shutil.copyfileobj(file, out, _CHUNK)
        os.fchmod(descriptor, mode)
        os.replace(temporary, target)  # noqa: PTH105


def clone(source: Path, target: Path, *, mode: int = 0o644) -> bool:
    """Copy a file by sharing its blocks (reflink) and return True; do nothing and return False where that fails."""
    try:
        with staged(target) as (descriptor, temporary):
            with open(reading.opened(source), "rb", buffering=0) as file:  # noqa: PTH123
                if not _shares_blocks(file.fileno(), descriptor):
                    return False
            os.fchmod(descriptor, mode)
            os.replace(temporary, target)  # noqa: PTH105
    except OSError:
        return False
    return True


def _shares_blocks(source: int, target: int) -> bool:
    import fcntl  # noqa: PLC0415 - the no-change path copies nothing

    try:
        fcntl.ioctl(target, _CLONE, source)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def staged(path: Path, mode: int = MODE) -> Iterator[tuple[int, str]]:
    """Open a temporary file beside `path`, and delete it after the block unless the block has renamed it.

    Args:
        path: where it is to be renamed to.
        mode: permission bits, of which the umask takes some: that is why the file is made with them.
    """
    make_own_folder(path.parent)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    while True:
        temporary = str(path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp"))
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(temporary, flags, mode)
            break
    try:
        yield descriptor, temporary
    finally:
        os.close(descriptor)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108


def make_own_folder(path: Path) -> None:
    """Make a folder, with those above it, where it is missing. Whatever the umask, not everybody may write to it.

    Raises:
        OSError: it cannot be made, or something else is there.
    """
    try:
        path.mkdir(FOLDER_MODE)
    except FileExistsError:
        if not path.is_dir():
            raise
        return
    except FileNotFoundError:
        if path.parent == path:
            raise
        make_own_folder(path.parent)
        path.mkdir(FOLDER_MODE, exist_ok=True)  # once: /proc makes none, though the one above is there
    if path.name == WORK:
        write_gitignore(path)


def write_gitignore(work: Path) -> None:
    """Write a .gitignore into the suite's own folder: it holds passwords and databases, which must not be committed."""
    mark = work / ".gitignore"
    if not mark.exists():
        write(mark, "# made by the build: nothing in here belongs into a repository\n*\n")


def remove_staged(path: Path) -> None:
    """Delete temporary files that killed writers of `path` left; the caller must hold the lock for `path`."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        left.unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """Flush the folder's entries to the disk (fsync)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> bool:
    """Delete the file; return whether it was there."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def umask() -> int:
    """Return the umask of this process."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        status = Path("/proc/self/status").read_text("utf-8", errors="replace")
        return int(status.partition("\nUmask:")[2].split()[0], 8)
    bits = os.umask(0o077)  # not Linux: for a moment too strict, never too lax
    os.umask(bits)
    return bits
