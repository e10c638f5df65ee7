"""The files of one stage: cleared before it runs, sealed after, shared with the next generation, compared later."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

from buildkit.data.digests import Digests
from buildkit.data.manifest import File, StageRecord
from buildkit.data.pipeline import Stage
from buildkit.doors import files
from buildkit.errors import StageError
from buildkit.model import ABSENT, Digest

_READ_ONLY = 0o444
_HASHERS = 4


def prepare(stage: Stage, generation: Path) -> None:
    """Clear what a stage that was cut short left, and make the folders that it writes into."""
    clear(stage, generation)
    for output in stage.outputs:
        place = generation / output
        (place if output.endswith("/") else place.parent).mkdir(parents=True, exist_ok=True)


def clear(stage: Stage, generation: Path) -> None:
    """Delete the outputs of a stage."""
    for output in stage.outputs:
        place = generation / output
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)


def seal(stage: Stage, generation: Path) -> dict[str, File]:
    """Make the outputs of a stage read-only, put them on the disk, and return them by path.

    They are shared by later generations through hard links: nobody must edit them in place.

    Raises:
        StageError: a declared output is not there, or is not a regular file.
    """
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - a start on fresh data never comes here

    paths = [path for output in stage.outputs for path in _declared(stage, output, generation)]
    with ThreadPoolExecutor(_HASHERS) as pool:
        return dict(zip(paths, pool.map(lambda path: sealed(generation / path), paths), strict=True))


def share(record: StageRecord, source: Path, generation: Path) -> StageRecord:
    """Bring the files of a finished stage into `generation`: by hard link, else as a clone or copy."""
    shared: dict[str, File] = {}
    for path, file in record.files.items():
        target = generation / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            os.link(source / path, target)
            shared[path] = file
        except OSError:
            files.copy(source / path, target, mode=_READ_ONLY)
            shared[path] = sealed(target)
    return StageRecord(record.name, record.key, record.parts, shared, record.made, record.seconds)


def share_equal(made: Mapping[str, File], known: Mapping[str, File], source: Path, generation: Path) -> dict[str, File]:
    """Let files that were made anew with the same content share their bytes with those of an earlier generation.

    Those are read to their end first: what a failing disk changed must not take the place of what is good.

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
        if path in known and (known[path].size, known[path].digest) == (file.size, file.digest)
    }
    for path, digest in hashed(equal, source).items():
        if digest != equal[path].digest:
            continue
        place = generation / f"{path}.shared"
        try:
            os.link(source / path, place)
        except OSError:  # a volume without hard links, or a file with too many
            if not files.clone(source / path, generation / path, mode=_READ_ONLY):
                return shared
            shared[path] = sealed(generation / path)
            continue
        place.replace(generation / path)
        shared[path] = equal[path]
    return shared


def on_disk(recorded: Mapping[str, File], generation: Path, cache: Digests | None) -> dict[str, Digest]:
    """Return the digest of every recorded file as it lies there now.

    A file with the recorded size and time is taken as it was recorded. One with another time (a volume that was
    restored from a backup) is hashed where there is a `cache` to keep the result in, and else counts as another file.
    """
    found: dict[str, Digest] = {}
    for path, file in recorded.items():
        place = f"{generation}/{path}"
        try:
            status = os.lstat(place)
        except OSError:
            found[path] = ABSENT
            continue
        if not stat.S_ISREG(status.st_mode) or status.st_size != file.size:
            found[path] = Digest(f"{status.st_size} bytes")
        elif status.st_mtime_ns == file.modified:
            found[path] = file.digest
        else:
            found[path] = cache.of(place) if cache else Digest("another time")
    return found


def hashed(recorded: Mapping[str, File], generation: Path) -> dict[str, Digest]:
    """Return the digest of every recorded file, each of them read to its end."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    with ThreadPoolExecutor(_HASHERS) as pool:
        return dict(zip(recorded, pool.map(lambda path: files.digest_file(generation / path), recorded), strict=True))


def _declared(stage: Stage, output: str, generation: Path) -> list[str]:
    place = generation / output
    found = [place]
    if place.is_dir():
        found = sorted(Path(folder) / name for folder, _, names in os.walk(place) for name in names)
    if not found or not place.exists():
        raise StageError(
            f'stage {stage.name}: it ran, but its output "{output}" is not there',
            hint="write it under PYBUILDKIT_DATA_OUT (the argument `out` of a callable), or mend `outputs`",
        )
    for file in found:
        if not stat.S_ISREG(file.lstat().st_mode):
            raise StageError(
                f'stage {stage.name}: its output "{file.relative_to(generation)}" is not a regular file',
                hint="write the content itself: links and devices do not outlive the generation that they point into",
            )
    return [file.relative_to(generation).as_posix() for file in found]


def sealed(path: Path) -> File:
    """Make one file read-only, put it on the disk, and return what it is."""
    digest = files.digest_file(path)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fchmod(descriptor, _READ_ONLY)
        os.fsync(descriptor)
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    return File(status.st_size, digest, status.st_mtime_ns)
