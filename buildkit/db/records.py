"""What the development server keeps copies of: one file beside the cluster, replaced as a whole.

    <project>/.buildkit/postgres/<major>/copies.json

What it says is written before a database is made and after it is complete, so that a killed command leaves a copy that
is known to be incomplete. What a server really has is compared with it whenever a copy is made.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.core import untrusted
from buildkit.db import ownership
from buildkit.db.revision_texts import Content
from buildkit.doors import files, reading

READY, MAKING, REPLACING = "ready", "making", "replacing"
_STATES = (READY, MAKING, REPLACING)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_FILE = "copies.json"
_SCHEMA = "buildkit.db.copies/1"


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of the development database.

    Args:
        name: the database's name.
        head: the revision that it is at; empty before the first.
        revisions: the revisions in it with their contents; None if nobody knows.
        state: `ready`; `making` until it is at head; `replacing` once it is, if it then takes the place of another.
        used: when it was taken up last, in seconds since 1970.
        born: a random text, another one whenever the database of this name is made anew.
        snapshot: the name that a user gave to it; empty for a copy that follows the branch.
        replaces: the name of the database whose place it takes; empty for none.
        template: whether it is an empty one, which tests clone.
        places: the version tables that env.py goes by, each with its schema, where its text does not tell; empty if
            nobody knows.
        env: the digest of that env.py.
    """

    name: str
    head: str = ""
    revisions: Mapping[str, Content] | None = None
    state: str = READY
    used: float = 0.0
    born: str = ""
    snapshot: str = ""
    replaces: str = ""
    template: bool = False
    places: tuple[tuple[str, str], ...] = ()
    env: str = ""

    @property
    def follows(self) -> bool:
        """Whether it is a complete copy that may be taken up."""
        return self.state == READY and not self.snapshot and not self.template


@dataclass(frozen=True, slots=True)
class Records:
    """All copies of a server, and the name of the one that was taken up last."""

    copies: tuple[Copy, ...] = ()
    present: str = ""

    def named(self, name: str) -> Copy | None:
        """Return the copy with this database's name, None if there is none."""
        return next((each for each in self.copies if each.name == name), None)

    def snapshot(self, name: str) -> Copy | None:
        """Return the snapshot of this name, None if there is none."""
        return next((each for each in self.copies if each.snapshot == name and each.state == READY), None)

    def with_copy(self, copy: Copy, *, present: bool = False) -> Records:
        """Return the records with this copy in the place of the one of its name."""
        others = tuple(each for each in self.copies if each.name != copy.name)
        return Records((*others, copy), copy.name if present else self.present)

    def without(self, names: Iterable[str]) -> Records:
        """Return the records without the copies of these names."""
        gone = frozenset(names)
        kept = tuple(each for each in self.copies if each.name not in gone)
        return Records(kept, "" if self.present in gone else self.present)


def read(home: Path) -> Records:
    """Return the records of the server in `home`; empty ones if the file is missing, odd, or somebody else's."""
    file = home / _FILE
    if not ownership.is_own(file):
        return Records()
    try:
        content = untrusted.table(untrusted.json_of(reading.read(file, most=untrusted.MOST_JSON)))
        copies = tuple(_copy(untrusted.table(each)) for each in untrusted.rows(content["copies"]))
        return Records(copies, untrusted.text(content["present"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Records()


def write(home: Path, records: Records) -> None:
    """Replace the records of the server in `home`."""
    content = {
        "schema": _SCHEMA,
        "present": records.present,
        "copies": [dataclasses.asdict(each) for each in records.copies],
    }
    files.write(home / _FILE, json.dumps(content), mode=0o600)


def stamp(home: Path) -> tuple[int, int]:
    """Return what changes with every write of the records: the file's number and time; zeros without a file."""
    try:
        about = (home / _FILE).stat()
    except OSError:
        return 0, 0
    return about.st_ino, about.st_mtime_ns


def is_name(name: str) -> bool:
    """Return whether a text may stand for a database's name as it is, without quotes."""
    return bool(_NAME.fullmatch(name))


def _copy(row: Mapping[str, Any]) -> Copy:
    name, state, replaces = (untrusted.text(row[key]) for key in ("name", "state", "replaces"))
    if not is_name(name) or (replaces and not is_name(replaces)) or state not in _STATES:
        raise untrusted.Odd(f"no copy: {untrusted.shown(name)}")
    revisions = None
    if row["revisions"] is not None:
        pairs = {each: untrusted.texts(pair) for each, pair in untrusted.table(row["revisions"]).items()}
        revisions = {each: Content(*pair) for each, pair in pairs.items()}
    return Copy(
        name,
        untrusted.text(row["head"]),
        revisions,
        state,
        untrusted.seconds(row["used"]),
        untrusted.text(row["born"]),
        untrusted.text(row["snapshot"]),
        replaces,
        row.get("template") is True,
        tuple(_pair(untrusted.texts(each)) for each in untrusted.rows(row.get("places", []))),
        untrusted.text(row.get("env", "")),
    )


def _pair(texts: Sequence[str]) -> tuple[str, str]:
    schema, table = texts
    return schema, table
