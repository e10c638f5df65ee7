"""Copies of the development database: one for each head, so that the database follows the branch.

Each is a database of its own, with a name of its own: `dev` the first, then `dev_<head>_<some letters>`. A fixed name
behind which databases were exchanged would keep a URL in an editor's settings valid, but PostgreSQL renames no database
that a session is connected to: every client would be cut off at each switch, and then connect to tables of another
branch without noticing. So would the old process of a service, which answers until the new one is ready. With names of
their own it keeps its database until it ends, a `psql` stays where it is, and a revision that fails harms only the copy
that was made for it. Host, port, role and password stay the same; `invoke db.url` says which database it is now.

A copy is made from the nearest one: that in which every revision is still present with the same content, and the fewest
are lacking. Nothing is ever downgraded. Whoever works on the copies holds the lock `copies.lock` beside them.

    fitting → taken up as it is
    nearest → cloned, then migrated
    neither → an empty one, migrated from nothing
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from buildkit.db import choice, records
from buildkit.db.cluster import DATABASE
from buildkit.db.databases import Databases
from buildkit.db.records import MAKING, READY, REPLACING, Copy, Records
from buildkit.db.revision_texts import Chain, Content
from buildkit.doors import locks
from buildkit.errors import DatabaseError

_LOCK = "copies.lock"
_OURS = re.compile(r"dev_\w*_[0-9a-f]{8}")
_READABLE = 40
"""Characters of a head, or of a user's name, in that of a database."""


@dataclass(frozen=True, slots=True)
class Made:
    """A copy that was begun.

    Args:
        copy: it, incomplete until `Copies.finish`.
        source: the name of the database that it is a clone of; empty for none.
        ended: how many sessions of the source had to be ended.
    """

    copy: Copy
    source: str = ""
    ended: int = 0


@contextmanager
def locked(home: Path, say: Callable[[str], None]) -> Iterator[Copies]:
    """Give the copies of the server in `home`, which nobody else changes during the block.

    Raises:
        DatabaseError: the process that works on them is suspended.
    """
    lock = home / _LOCK

    def tell() -> None:
        say(f"waiting for {locks.describe(lock)}, which is at work on the development database")

    try:
        with locks.held(lock, on_wait=tell, notify_after=1.0, overtake=False):
            yield Copies(home)
    except locks.Busy as busy:
        raise DatabaseError(
            f"the development database is being changed by another command: {busy}", hint="let it go on, or end it"
        ) from None


class Copies:
    """The copies of one server; the caller holds its lock.

    Args:
        home: the server's folder.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self.records = records.read(home)

    def fitting(self, chain: Chain) -> Copy | None:
        """Return the copy that fits the present revisions, None if there is none."""
        return choice.fitting(self.records, chain)

    @property
    def are_several(self) -> bool:
        """Whether there is more than one, snapshots and the templates of tests left out."""
        return sum(not each.snapshot and not each.template for each in self.records.copies) > 1

    @property
    def are_settled(self) -> bool:
        """Whether no killed command has left one half made, or half replaced: that comes before anything else."""
        return all(each.state == READY for each in self.records.copies)

    def take_up(self, copy: Copy) -> bool:
        """Note that a copy is in use from now on; return whether it was another one before."""
        if self.records.present == copy.name:
            return False
        self._write(self.records.with_copy(replace(copy, used=self._now()), present=True))
        return True

    def note_places(self, name: str, places: Collection[tuple[str, str]], env: str) -> None:
        """Note by which version tables a copy is known to be at head, as this env.py goes by them."""
        copy = self.records.named(name)
        if copy is not None and (copy.places, copy.env) != (tuple(places), env):
            self._write(self.records.with_copy(replace(copy, places=tuple(places), env=env)))

    def distrust(self, copy: Copy) -> None:
        """Note that nobody knows what is in a copy; it stays until it is pruned."""
        self._write(self.records.with_copy(replace(copy, revisions=None, used=self._now())))

    def adopt(self, name: str, head: str, revisions: Mapping[str, Content]) -> Copy:
        """Record a database that was there before as the present copy."""
        copy = Copy(name, head, revisions, READY, self._now(), _letters())
        self._write(self.records.with_copy(copy, present=True))
        return copy

    def recover(self, databases: Databases) -> None:
        """Bring records and server together: finish or undo what a killed command began, forget what is gone."""
        if not self.are_settled:
            databases.await_killed()
        names = databases.names()
        for copy in self.records.copies:
            if copy.state == MAKING:
                databases.drop(copy.name)
                self._write(self.records.without([copy.name]))
            elif copy.state == REPLACING:
                self._put_in_place(copy, databases, names)
            elif copy.name not in names:
                self._write(self.records.without([copy.name]))
        known = {each.name for each in self.records.copies}
        for name in sorted(databases.names() - known):
            if _OURS.fullmatch(name):  # the records were lost
                self._write(self.records.with_copy(Copy(name)))

    def is_unrecorded(self, databases: Databases) -> bool:
        """Return whether there is the first database, of which nothing was recorded yet."""
        return self.records.named(DATABASE) is None and DATABASE in databases.names()

    def begin(
        self, chain: Chain, databases: Databases, *, source: Copy | None = None, name: str = "", aside: bool = False
    ) -> Made:
        """Begin a copy, which has to be migrated and finished.

        Args:
            chain: the present revisions.
            databases: the server's.
            source: the copy to clone; None for an empty database.
            name: of an empty database that is there already.
            aside: whether it is to take the place of another one when it is at head.

        Raises:
            DatabaseError: a person's session keeps the source from being cloned.
        """
        free = DATABASE not in databases.names() and self.records.named(DATABASE) is None
        name_of_it = name or (DATABASE if free and not aside else _name(chain))
        copy = Copy(name_of_it, chain.head, self._contents(chain), MAKING, self._now(), _letters())
        self._write(self.records.with_copy(copy))
        if source is not None:
            return Made(copy, source.name, databases.clone(source.name, copy.name))
        if not name:
            databases.create(copy.name)
        return Made(copy)

    def finish(self, made: Made) -> Copy:
        """Record a copy that is at head now, and take it up."""
        copy = replace(made.copy, state=READY, used=self._now())
        self._write(self.records.with_copy(copy, present=True))
        return copy

    def keep(self, made: Made, at: str, ids: Collection[str]) -> None:
        """Record an incomplete copy, from which the next try goes on.

        Args:
            made: the copy, in which a revision has failed and left nothing.
            at: the last revision before that.
            ids: all revisions in it.
        """
        revisions = {each: content for each, content in (made.copy.revisions or {}).items() if each in ids}
        source = self.records.named(made.source)
        if len(revisions) > len(source.revisions or () if source else ()):
            copy = replace(made.copy, head=at, revisions=revisions, state=READY, used=self._now())
            self._write(self.records.with_copy(copy))

    def replace(self, old: Copy, made: Made, databases: Databases) -> Copy:
        """Put a copy that is at head now in the place, and under the name, of another one, which is removed."""
        copy = replace(made.copy, state=REPLACING, used=self._now(), replaces=old.name)
        self._write(self.records.with_copy(copy))
        return self._put_in_place(copy, databases, databases.names())

    def remove(self, gone: Iterator[Copy] | list[Copy], databases: Databases) -> list[str]:
        """Remove copies, whoever uses them; return their names."""
        removed = []
        for copy in gone:
            self._write(self.records.with_copy(replace(copy, state=MAKING)))  # whatever happens, it goes
            databases.drop(copy.name)
            self._write(self.records.without([copy.name]))
            removed.append(copy.name)
        return removed

    def prune(self, databases: Databases) -> list[str]:
        """Remove the copies that were not used for long; return their names."""
        return self.remove(choice.superfluous(self.records, databases.in_use(), databases.sizes()), databases)

    def snapshot(self, copy: Copy, name: str, databases: Databases) -> Copy:
        """Keep the present state of a copy under a name of the user's; one of that name before it is removed."""
        before = self.records.snapshot(name)
        database = f"snapshot_{_safe(name)[:_READABLE]}_{_letters()}"
        made = replace(copy, name=database, state=MAKING, snapshot=name, born=_letters(), used=self._now())
        self._write(self.records.with_copy(made))
        databases.clone(copy.name, database)
        done = replace(made, state=READY)
        kept = self.records.with_copy(done)
        self._write(kept if before is None else kept.with_copy(replace(before, state=MAKING)))
        if before is not None:
            self.remove([before], databases)
        return done

    def template(self, chain: Chain, databases: Databases, apply: Callable[[str], object]) -> str:
        """Return the name of a database at head without any rows, which tests clone; it is made if it is missing.

        Args:
            chain: the present revisions.
            databases: the server's.
            apply: brings a database, by its name, to head.
        """
        found = choice.fitting(self.records, chain, template=True)
        if found is None or found.name not in databases.names():
            name = f"template_{_safe(chain.head)[:_READABLE]}_{_letters()}"
            found = Copy(name, chain.head, self._contents(chain), MAKING, template=True)
            self._write(self.records.with_copy(found))
            databases.create(name)
            apply(name)
        self._write(self.records.with_copy(replace(found, state=READY, used=self._now())))
        self.remove(choice.superfluous_templates(self.records), databases)
        return found.name

    def _now(self) -> float:
        """Return the wall time, or a moment after the last note where the clock was set back: the last used is last."""
        return max(time.time(), 0.001 + max((each.used for each in self.records.copies), default=0.0))

    def _contents(self, chain: Chain) -> dict[str, Content]:
        known = {each: content for copy in self.records.copies for each, content in (copy.revisions or {}).items()}
        return chain.contents(known=known)

    def _put_in_place(self, copy: Copy, databases: Databases, names: frozenset[str]) -> Copy:
        placed = dataclasses.replace(copy, name=copy.replaces, state=READY, replaces="")
        if copy.name in names:
            databases.drop(copy.replaces)
            databases.rename(copy.name, copy.replaces)
        elif copy.replaces not in names:  # somebody dropped both
            self._write(self.records.without([copy.name, copy.replaces]))
            return placed
        self._write(self.records.without([copy.name]).with_copy(placed, present=True))
        return placed

    def _write(self, changed: Records) -> None:
        records.write(self._home, changed)
        self.records = changed


def _name(chain: Chain) -> str:
    """Return a name for a copy at the chain's head: readable, and of nobody else's making."""
    return f"dev_{_safe(chain.head)[:_READABLE]}_{_letters()}"


def _safe(text: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", text.lower(), flags=re.ASCII).strip("_")
    return words or hashlib.sha256(text.encode()).hexdigest()[:8]


def _letters() -> str:
    return secrets.token_hex(4)
