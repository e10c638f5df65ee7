"""The files of one stage: cleared before it runs, sealed after, shared with the next generation, compared later."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from buildkit.data import walk
from buildkit.data.digests import Digests
from buildkit.data.manifest import File, StageRecord
from buildkit.data.pipeline import Stage
from buildkit.doors import files
from buildkit.errors import StageError
from buildkit.model import ABSENT, Digest

_HASHERS = 4
_WRITABLE = 0o222

ASIDE = ".aside"
"""How the name of the folder beside a partial generation ends."""


def prepare(stage: Stage, generation: Path) -> None:
    """Clear what a stage that was cut short left, and make the folders that it writes into."""
    clear(stage, generation)
    for output in stage.outputs:
        place = generation / output
        files.make_folders(place if output.endswith("/") else place.parent)


def clear(stage: Stage, generation: Path) -> None:
    """Delete the outputs of a stage."""
    for output in stage.outputs:
        files.remove_tree(generation / output)


def seal(stage: Stage, generation: Path) -> dict[str, File]:
    """Make the outputs of a stage read-only, put them on the disk, and return them by path.

    They are shared by later generations through hard links: nobody must edit them in place.

    Raises:
        StageError: a declared output is not there, or there is something in it that cannot count.
    """
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - a start on fresh data never comes here

    found = [each for output in stage.outputs for each in _declared(stage, output, generation)]
    umask = files.umask()
    with ThreadPoolExecutor(_HASHERS) as pool:
        made = pool.map(lambda each: sealed(generation / each.path, each.kind, umask), found)
        return {each.path: file for each, file in zip(found, made, strict=True)}


def share(record: StageRecord, source: Path, generation: Path) -> StageRecord:
    """Bring the files of a finished stage into `generation`: by hard link, else as a clone or copy."""
    shared: dict[str, File] = {}
    for path, file in record.files.items():
        target = files.make_folders_within(generation, path)
        if not file.is_file:
            shared[path] = lay(file, target)
            continue
        target.unlink(missing_ok=True)
        try:
            os.link(source / path, target)
        except OSError:
            files.copy(source / path, target, mode=_mode_of(file.kind))
            shared[path] = sealed(target, file.kind)
        else:  # a volume that was restored has the same content under another time
            shared[path] = replace(file, modified=os.lstat(target).st_mtime_ns)
    return replace(record, files=shared)


def lay(file: File, target: Path) -> File:
    """Make an empty folder or a link at `target`, unless it is there."""
    if file.kind == walk.FOLDER:
        target.mkdir(exist_ok=True)
    elif walk.text_of(target) != file.kind[1:]:
        files.remove_tree(target)
        target.symlink_to(file.kind[1:])
    return file


def share_equal(made: Mapping[str, File], known: Mapping[str, File], source: Path, generation: Path) -> dict[str, File]:
    """Let files that were made anew with the same content share their bytes with those of an earlier generation.

    Those are read to their end first: what a failing disk changed must not take the place of what is good. A link on
    its way lies where no stage looks: not every rename takes it away (rename(2) leaves both names of one file).

    Args:
        made: the files in `generation`.
        known: the files that were recorded for `source`.
        source: the earlier generation.
        generation: the new one.
    """
    shared = dict(made)
    equal = {
        path: known[path]
        for path, file in made.items()
        if file.is_file and path in known and (known[path].size, known[path].state) == (file.size, file.state)
    }
    for path, found in hashed(equal, source).items():
        if found != equal[path].state or (source / path).samefile(generation / path):
            continue
        place = aside_of(generation) / f"{os.urandom(8).hex()}.link"
        files.make_folders(place.parent)
        try:
            os.link(source / path, place)
            place.replace(generation / path)
        except OSError:  # a volume without hard links, or a file with too many
            if not files.clone(source / path, generation / path, mode=_mode_of(equal[path].kind)):
                return shared
            shared[path] = sealed(generation / path, equal[path].kind)
        else:
            shared[path] = replace(equal[path], modified=os.lstat(generation / path).st_mtime_ns)
        finally:
            place.unlink(missing_ok=True)
    return shared


def aside_of(generation: Path) -> Path:
    """Return the folder beside a partial generation that no stage sees.

    It holds the records of its finished stages, and what is on its way.
    """
    return generation.with_name(f".{generation.name}{ASIDE}")


def on_disk(recorded: Mapping[str, File], generation: Path, cache: Digests | None) -> dict[str, Digest]:
    """Return the state of everything that was recorded as it lies there now.

    A file with the recorded size and time is taken as it was recorded. One with another time (a volume that was
    restored from a backup) is hashed where there is a `cache` to keep the result in, and else counts as another file.
    """
    found: dict[str, Digest] = {}
    beyond = files.beyond_links(generation, recorded)
    for path, file in recorded.items():
        place = f"{generation}/{path}"
        if beyond and path.rpartition("/")[0] in beyond:
            found[path] = Digest("beyond a link")
            continue
        try:
            status = os.lstat(place)
        except OSError:
            found[path] = ABSENT
            continue
        if not file.is_file or not stat.S_ISREG(status.st_mode):
            found[path] = _state_at(place, status.st_mode)
        elif status.st_size != file.size:
            found[path] = Digest(f"{status.st_size} bytes")
        elif status.st_mtime_ns == file.modified:
            found[path] = walk.state(_kind_at(file, status.st_mode), file.digest)
        else:
            found[path] = walk.state(
                _kind_at(file, status.st_mode), cache.of(place) if cache else Digest("another time")
            )
    return found


def is_there(recorded: Mapping[str, File], generation: Path) -> bool:
    """Return whether every recorded file is there with its size; content and time are another question."""
    beyond = files.beyond_links(generation, recorded)
    for path, file in recorded.items():
        if beyond and path.rpartition("/")[0] in beyond:
            return False
        try:
            status = os.lstat(f"{generation}/{path}")
        except OSError:
            if file.is_file:
                return False
            continue  # what a copy lost without touching content comes back
        if file.is_file and (not stat.S_ISREG(status.st_mode) or status.st_size != file.size):
            return False
    return True


def mend(recorded: Mapping[str, File], generation: Path) -> None:
    """Put back what a copy of the volume lost without touching content: empty folders, links, who may execute."""
    for path, file in recorded.items():
        place = generation / path
        with contextlib.suppress(OSError):
            files.make_folders_within(generation, path)
            if not file.is_file:
                lay(file, place)
            elif file.kind == walk.EXECUTABLE and walk.kind_of(place.lstat().st_mode) != walk.EXECUTABLE:
                place.chmod(_mode_of(file.kind))


def hashed(recorded: Mapping[str, File], generation: Path) -> dict[str, Digest]:
    """Return the state of everything that was recorded, each file read to its end."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    beyond = files.beyond_links(generation, recorded)

    def read(path: str) -> Digest:
        if beyond and path.rpartition("/")[0] in beyond:
            return Digest("beyond a link")
        place, file = generation / path, recorded[path]
        try:
            mode = place.lstat().st_mode
        except OSError:
            return ABSENT
        if not file.is_file or not stat.S_ISREG(mode):
            return _state_at(str(place), mode)
        return walk.state(_kind_at(file, mode), files.digest_file(place))

    with ThreadPoolExecutor(_HASHERS) as pool:
        return dict(zip(recorded, pool.map(read, recorded), strict=True))


def _declared(stage: Stage, output: str, generation: Path) -> list[walk.Found]:
    try:
        found = sorted(walk.outputs(output, generation), key=lambda each: each.path)
    except walk.Refused as refused:
        raise StageError(f'stage {stage.name}: its output "{refused.path}" {refused.why}', hint=refused.hint) from None
    if not found:
        raise StageError(
            f'stage {stage.name}: it ran, but its output "{output}" is not there',
            hint="write it under PYBUILDKIT_DATA_OUT (the argument `out` of a callable), or mend `outputs`",
        )
    return found


def sealed(path: Path, kind: str = walk.FILE, umask: int | None = None) -> File:
    """Make one file read-only, put it on the disk, and return what it is; a folder and a link stay as they are.

    A file that has a second name elsewhere and may still be written, such as an input that was linked instead of
    copied, gets a body of its own: what is sealed is nobody else's. Whom the umask shuts out stays out.

    Args:
        path: what.
        kind: its kind.
        umask: this process's, where the caller knows it.
    """
    if kind not in {walk.FILE, walk.EXECUTABLE}:
        return File(0, walk.EMPTY, 0, kind)
    mode = _mode_of(kind, umask)
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


def _mode_of(kind: str, umask: int | None = None) -> int:
    """Return the mode of a file that nobody writes any more."""
    return (0o555 if kind == walk.EXECUTABLE else 0o444) & ~(files.umask() if umask is None else umask)


def _kind_at(file: File, mode: int) -> str:
    """Return the kind of a file as it lies there. Some volumes let everybody execute everything: that is no change."""
    return walk.kind_of(mode) if file.kind == walk.EXECUTABLE else file.kind


def _state_at(place: str, mode: int) -> Digest:
    """Return the state of what is there, where a folder or link was recorded or no file is."""
    if stat.S_ISLNK(mode):
        return walk.state(f"{walk.LINK}{walk.text_of(place)}", walk.EMPTY)
    return walk.state(walk.FOLDER, walk.EMPTY) if stat.S_ISDIR(mode) else Digest("something else")
