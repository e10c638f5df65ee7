"""`invoke cache.…`: see, verify, prune and empty the store; take what a project uses of it from machine to machine."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from buildkit.config import Config
from buildkit.core.advance import Advance
from buildkit.core.sizes import in_words
from buildkit.data.status.look import in_words as time_in_words
from buildkit.doors import clock, files
from buildkit.doors.clock import Stopwatch
from buildkit.errors import StoreError
from buildkit.extensions.used import used_actions
from buildkit.flows.pruning import TIGHT
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console, table
from buildkit.report.progress import Progress
from buildkit.store import archive, prune, verify
from buildkit.store.artifacts import Store, of_machine
from buildkit.store.inventory import Inventory, StoredFile, read_inventory
from buildkit.store.prune import Limits

SCHEMA = "buildkit.cache/1"
_MOST_LINES = 20
_ELSEWHERE = "PYBUILDKIT_CACHE_DIR names another place for the store"
_HINTS = {
    errno.ENOENT: "an archive is made with `invoke cache.pack`",
    errno.ENOSPC: "free some space; `invoke cache.prune --size 1GB` makes the store smaller",
    errno.EROFS: _ELSEWHERE,
    errno.EACCES: _ELSEWHERE,
}


def stats(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
    """Return what the store holds by kind, and how long the least recently used was not used, in seconds."""
    watch = Stopwatch()
    store = _store(console, environment)
    with _worded(store.folder.parent):
        found = read_inventory(store.folder)
    kinds = _kinds(found)
    rows = [Outcome(kind, "kept", Reason(f"{len(entries)} entries")) for kind, entries in kinds.items()]
    facts = {
        "bytes": found.size,
        "oldest-use": int(max((clock.now() - entry.used for entry in found.actions), default=0.0)),
        "size-limit": config.store.size,
        "age-limit": int(config.store.age),
        "kinds": {
            kind: {"entries": len(entries), "bytes": sum(entry.size for entry in entries)}
            for kind, entries in kinds.items()
        },
    }
    return _report("stats", store, rows, watch, facts)


def verify_store(_config: Config, console: Console, environment: Mapping[str, str], *, dry_run: bool = False) -> Report:
    """Read every entry; delete those that are bad and say what was wrong with them.

    Args:
        _config: the project.
        console: shows the first damaged entries.
        environment: names the store.
        dry_run: delete nothing.

    Raises:
        StoreError: the store cannot be read, or a bad entry cannot be deleted.
    """
    watch = Stopwatch()
    store = _store(console, environment)
    rows: list[Outcome] = []
    with _worded(store.folder.parent):
        found = read_inventory(store.folder)
        for entry, wrong in verify.verify(store, found, delete=not dry_run):
            result = "would-delete" if dry_run else "deleted"
            rows.append(Outcome(_name(store, entry), result, Reason(wrong)))
            if len(rows) <= _MOST_LINES:
                console.outcome(rows[-1])
    facts = {
        "entries": len(found.actions) + len(found.blobs),
        "bytes": found.size,
        "bad": len(rows),
        "dry-run": dry_run,
    }
    return _report("verify", store, rows, watch, facts)


def prune_store(config: Config, console: Console, environment: Mapping[str, str], *, dry_run: bool = False) -> Report:
    """Delete what was not used for long, and the least recently used while the store is over its size.

    Args:
        config: has both limits.
        console: is warned of a limit that is less than what is in use.
        environment: names the store.
        dry_run: decide and say, delete nothing.

    Raises:
        StoreError: an entry cannot be deleted.
    """
    watch = Stopwatch()
    store = _store(console, environment)
    with _worded(store.folder.parent):
        limits = Limits(config.store.size, config.store.age)
        pruned = prune.prune(read_inventory(store.folder), limits, clock.now(), dry_run=dry_run)
        if pruned.is_tight:
            console.warn(TIGHT.format(in_words(limits.size)))
        result = "would-delete" if dry_run else "deleted"
        rows = [Outcome(_name(store, entry), result, reason) for entry, reason in pruned.gone]
        if not dry_run and any((store.folder / kind).is_dir() for kind in ("actions", "blobs")):
            prune.set_mark(store.folder)
    return _report(
        "prune",
        store,
        rows,
        watch,
        {"dry-run": dry_run, "entries": len(rows), "freed": pruned.freed, "bytes": pruned.kept},
    )


def clean_store(_config: Config, console: Console, environment: Mapping[str, str], *, dry_run: bool = False) -> Report:
    """Delete every entry. What another process is just writing stays.

    Raises:
        StoreError: an entry cannot be deleted.
    """
    watch = Stopwatch()
    store = _store(console, environment)
    now = clock.now()
    with _worded(store.folder.parent):
        found = read_inventory(store.folder)
        left = [entry for entry in found.unfinished if now - entry.used > prune.GRACE]
        gone = [*found.actions, *found.blobs, *left]
        if not dry_run:
            for entry in gone:
                files.remove(entry.path)
            prune.discard_locks(found)
    facts = {"dry-run": dry_run, "entries": len(gone), "freed": sum(entry.size for entry in gone)}
    result = "would-delete" if dry_run else "deleted"
    rows = [
        Outcome(kind, result, Reason(f"{len(entries)} entries")) for kind, entries in _kinds(found).items() if entries
    ]
    return _report("clean", store, rows, watch, facts)


def pack(
    config: Config, console: Console, environment: Mapping[str, str], *, file: Path, everything: bool = False
) -> Report:
    """Write an archive from which a fresh checkout can restore this one's extensions, for all interpreters.

    Args:
        config: the project.
        console: shows how far it is, and which modules the archive lacks.
        environment: names the store.
        file: the archive.
        everything: all that the store holds, of all projects, with what only a new compiler would need.

    Raises:
        StoreError: nothing to pack, or the archive cannot be written.
    """
    watch = Stopwatch()
    store = _store(console, environment)
    with _worded(file), Progress(console, "packing the cache").shown() as progress:
        actions, lacking = ([*_all_actions(store)], []) if everything else used_actions(store, config.work)
        if not actions:
            what = "the store is empty" if everything else "nothing that this project uses is in the store"
            raise StoreError(f"{store.folder.parent}: {what}", hint="compile first: invoke compile")
        tally = archive.pack(store, _told(actions, progress), file, with_intermediates=everything)
        size = file.stat().st_size
    if lacking:
        console.warn(f"{len(lacking)} modules are not in the store and will be made anew: {', '.join(lacking[:5])}")
    rows = [Outcome(file.name, "packed", Reason(f"{tally.actions} actions, {tally.blobs} blobs"))]
    rows += [Outcome(name, "lacking", Reason("not in the store")) for name in lacking]
    facts = {"file": str(file), "bytes": size, "actions": tally.actions, "blobs": tally.blobs}
    return _report("pack", store, rows, watch, facts)


def unpack(_config: Config, console: Console, environment: Mapping[str, str], *, file: Path) -> Report:
    """Put the entries of an archive into the store; each is verified, and what the store has stays.

    Args:
        _config: the project.
        console: shows how far it is.
        environment: names the store.
        file: the archive.

    Raises:
        StoreError: the archive is missing or damaged, or the store cannot be written.
    """
    watch = Stopwatch()
    store = _store(console, environment)
    showing = Progress(console, "unpacking the cache", unit=in_words).shown()
    with _worded(store.folder.parent), showing as progress:
        try:
            tally = archive.unpack(store, file, progress)
        except archive.Damaged as error:
            raise StoreError(
                f"{file}: {error}",
                hint="the entries before that are in the store; delete the archive and pack it anew",
            ) from None
    rows = [Outcome(file.name, "unpacked", Reason(f"{tally.actions} actions, {tally.blobs} blobs"))]
    facts = {"file": str(file), "actions": tally.actions, "blobs": tally.blobs, "known": tally.known}
    return _report("unpack", store, rows, watch, facts)


def lines(report: Report) -> list[str]:
    """Return the summary of a report of this flow as text."""
    facts: Mapping[str, Any] = report.facts
    return _SUMMARIES[facts["command"]](facts)


def _stats_lines(facts: Mapping[str, Any]) -> list[str]:
    size = in_words(facts["size-limit"]) if facts["size-limit"] else "any size"
    age = time_in_words(facts["age-limit"]) if facts["age-limit"] else "any time"
    oldest = time_in_words(facts["oldest-use"])
    rows = [[kind, str(about["entries"]), in_words(about["bytes"])] for kind, about in facts["kinds"].items()]
    return [
        f"cache: {in_words(facts['bytes'])} in {facts['folder']}",
        f"       kept: up to {size}, up to {age} without use; the oldest use was {oldest} ago",
        "",
        *table([["kind", "entries", "bytes"], *rows]),
    ]


_SUMMARIES: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "stats": _stats_lines,
    "verify": lambda of: [f"cache: {of['entries']} entries verified, {in_words(of['bytes'])}; {of['bad']} bad"],
    "prune": lambda of: [f"cache: {_gone(of)}; {in_words(of['bytes'])} stay"],
    "clean": lambda of: [f"cache: {_gone(of)}"],
    "pack": lambda of: [f"cache: packed {of['actions']} actions, {of['blobs']} blobs: {in_words(of['bytes'])}"],
    "unpack": lambda of: [f"cache: took {of['actions']} actions, {of['blobs']} blobs; {of['known']} were there"],
}


def _gone(of: Mapping[str, Any]) -> str:
    return f"{of['entries']} entries {'to delete' if of['dry-run'] else 'deleted'}, {in_words(of['freed'])}"


def _report(command: str, store: Store, rows: list[Outcome], watch: Stopwatch, facts: Mapping[str, object]) -> Report:
    about = {"command": command, "folder": str(store.folder.parent), **facts}
    return Report(SCHEMA, tuple(rows), watch.seconds, about, row="item")


def _store(console: Console, environment: Mapping[str, str]) -> Store:
    store = of_machine(environment, console.warn, console.say)
    if store.problem:
        raise StoreError(f"store: {store.folder.parent} is not used: {store.problem}", hint=_ELSEWHERE)
    return store


def _name(store: Store, entry: StoredFile) -> str:
    return entry.path.relative_to(store.folder).as_posix()


def _kinds(found: Inventory) -> dict[str, list[StoredFile]]:
    """Return the entries grouped as a user knows them."""
    return {
        "actions": [*found.actions],
        "extensions": [entry for entry in found.blobs if not (entry.deflated or entry.is_object)],
        "objects": [entry for entry in found.blobs if entry.is_object],
        "texts": [entry for entry in found.blobs if entry.deflated],
    }


def _told(actions: Sequence[archive.PackedAction], advance: Advance) -> Iterator[archive.PackedAction]:
    """Give the actions, and tell of each one when the next is asked for."""
    for number, action in enumerate(actions, 1):
        yield action
        advance.reaches("", number, len(actions))


def _all_actions(store: Store) -> Iterator[archive.PackedAction]:
    for entry in sorted(read_inventory(store.folder).actions, key=lambda entry: entry.name):
        yield entry.name, store.entries(entry.name)


@contextlib.contextmanager
def _worded(place: Path) -> Iterator[None]:
    """Turn an `OSError` in the block into a `StoreError` that names the path."""
    try:
        yield
    except OSError as error:
        named = Path(error.filename) if error.filename and not str(error.filename).endswith(".tmp") else place
        raise StoreError(f"{named}: {os.strerror(error.errno or 0)}", hint=_HINTS.get(error.errno or 0, "")) from None
