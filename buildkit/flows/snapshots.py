"""Snapshots of the development database: `invoke db.snapshot`, `.restore`."""

from __future__ import annotations

from collections.abc import Mapping

from buildkit.config import Config
from buildkit.db import copies, development, records
from buildkit.db.copies import Copies
from buildkit.db.records import Copy
from buildkit.db.revision_texts import Chain
from buildkit.doors.clock import Stopwatch, moment
from buildkit.errors import ConfigurationError, DatabaseAheadError, VersionTableError
from buildkit.flows.database import administered
from buildkit.flows.development import AtHand
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console

SCHEMA = "buildkit.db.snapshot/1"


def snapshot(
    config: Config,
    console: Console,
    environment: Mapping[str, str],
    *,
    name: str,
    replace: bool = False,
    delete: bool = False,
    dry_run: bool = False,
) -> Report:
    """Keep the present state of the database under a name, or delete what is kept under it.

    Args:
        config: the project.
        console: shows what had to be started or made.
        environment: where PostgreSQL's programs are.
        name: the name.
        replace: take the place of an older one of this name.
        delete: delete the one of this name instead.
        dry_run: say what would be done.

    Raises:
        ConfigurationError: there is one of this name already, or none to delete.
    """
    watch = Stopwatch()
    at_hand = AtHand(config, console, environment)
    result = "deleted" if delete else "kept"
    if dry_run:
        found = _snapshot_to_change(at_hand.recorded(), name, replace=replace, delete=delete)
        result = f"would be {result}"
    else:
        server = at_hand.server()
        with copies.locked(server.home, console.say) as ours, administered(server) as databases:
            found = _snapshot_to_change(ours, name, replace=replace, delete=delete)
            if delete and found:
                ours.remove([found], databases)
            else:
                source = at_hand.take_up(server, ours, databases)
                copy = ours.records.named(source) or Copy(source, at_hand.chain.head, at_hand.chain.contents())
                ours.snapshot(copy, name, databases)
    at = found.head if delete and found else at_hand.chain.head
    row = Outcome(name, result, Reason(_at(at)))
    return Report(SCHEMA, (row,), watch.seconds, {"dry-run": dry_run}, "snapshot")


def snapshots(config: Config, console: Console, environment: Mapping[str, str]) -> Report:  # noqa: ARG001 - as every flow
    """List the snapshots; starts nothing."""
    watch = Stopwatch()
    rows = tuple(
        Outcome(
            each.snapshot, "kept", Reason(f"at {each.head}" if each.head else "without revisions", moment(each.used))
        )
        for home in development.homes(config.root)
        for each in sorted(records.read(home).copies, key=lambda copy: copy.snapshot)
        if each.snapshot and each.state == records.READY
    )
    return Report(SCHEMA, rows, watch.seconds, {"dry-run": False}, "snapshot")


def restore(
    config: Config, console: Console, environment: Mapping[str, str], *, name: str, dry_run: bool = False
) -> Report:
    """Put what a snapshot holds in the place of the present database, and bring it to head.

    Args:
        config: the project.
        console: shows the revisions as they are applied.
        environment: where PostgreSQL's programs are.
        name: the snapshot's name.
        dry_run: say what would be done.

    Raises:
        ConfigurationError: there is no such snapshot.
        DatabaseAheadError: it has revisions that are not there now.
        VersionTableError: it has a revision that was edited since.
    """
    watch = Stopwatch()
    at_hand = AtHand(config, console, environment)
    if dry_run:
        ours = at_hand.recorded()
        found = _usable_snapshot(ours, name, at_hand.chain)
        old = at_hand.fitting(ours)
        placed = old.name if old else ""
    else:
        server = at_hand.server()
        with copies.locked(server.home, console.say) as ours, administered(server) as databases:
            ours.recover(databases)
            found = _usable_snapshot(ours, name, at_hand.chain)
            old = at_hand.fitting(ours)
            made = ours.begin(at_hand.chain, databases, source=found, aside=True)
            at_hand.apply(server.url_of(made.copy.name))
            placed = (ours.finish(made) if old is None else ours.replace(old, made, databases)).name
    result = "would be restored" if dry_run else "restored"
    row = Outcome(name, result, Reason(f"into {placed or 'a copy of its own'}", f"as it was {moment(found.used)}"))
    return Report(SCHEMA, (row,), watch.seconds, {"dry-run": dry_run}, "snapshot")


def lines(report: Report) -> list[str]:
    """Return one line for each snapshot."""
    said = [f"snapshot {row.subject}: {row.result}, {row.reason}" for row in report.outcomes]
    return said or ["there is no snapshot"]


def _snapshot_to_change(ours: Copies, name: str, *, replace: bool, delete: bool) -> Copy | None:
    found = ours.records.snapshot(name)
    if delete and found is None:
        raise _no_snapshot(ours, name)
    if found is not None and not delete and not replace:
        raise ConfigurationError(
            f"there is a snapshot {name} already, of {moment(found.used)}",
            hint="take another name, or put this one in its place with --replace",
        )
    return found


def _usable_snapshot(ours: Copies, name: str, chain: Chain) -> Copy:
    snapshot = ours.records.snapshot(name)
    if snapshot is None:
        raise _no_snapshot(ours, name)
    applied = snapshot.revisions or {}
    unknown = sorted(set(applied) - chain.ids)
    if unknown:
        raise DatabaseAheadError(
            f"snapshot {name} is at revision {snapshot.head}, and the code has no {', '.join(unknown)}",
            hint="switch to the branch that it was made on",
        )
    edited = chain.edited(applied)
    if edited:
        raise VersionTableError(
            f"snapshot {name} was made before {', '.join(edited)} was edited",
            hint="take the edit back, or make another snapshot",
        )
    return snapshot


def _no_snapshot(ours: Copies, name: str) -> ConfigurationError:
    there = sorted(each.snapshot for each in ours.records.copies if each.snapshot)
    return ConfigurationError(
        f"there is no snapshot {name}", hint=f"there are: {', '.join(there)}" if there else "`invoke db.snapshot NAME`"
    )


def _at(head: str) -> str:
    return f"at {head}" if head else "without revisions"
