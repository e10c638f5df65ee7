"""Reads the entries of an action from the store, and leaves out those that lack a field or have a malformed one.

The store is shared by all checkouts of a machine, and archives bring entries from others. An entry that lacks a field
or has another form was not written by this version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from buildkit.compile.distutils import DistutilsSettings
from buildkit.core import untrusted
from buildkit.core.untrusted import Odd
from buildkit.model import Digest
from buildkit.store.artifacts import Store

_DISTUTILS = {each.name for each in fields(DistutilsSettings)}


def checked_entries(store: Store, key: Digest, *names: str) -> list[dict[str, Any]]:
    """Return the well-formed entries of an action that have all of these fields.

    Args:
        store: is asked for them.
        key: the action's.
        names: of what `FIELDS` knows.
    """
    return [entry for entry in store.entries(key) if all(_is(entry.get(name), FIELDS[name]) for name in names)]


def _is(value: object, check: Callable[[Any], object]) -> bool:
    try:
        check(value)
    except Odd:
        return False
    return True


def _made(value: object) -> None:
    if value != "":
        untrusted.digest(value)


def _texts(value: object) -> None:
    if not all(untrusted.texts(value)):
        raise Odd("an empty text")


def _digests(value: object) -> None:
    for each in untrusted.table(value).values():
        untrusted.text(each)


def _distutils(value: object) -> None:
    found = untrusted.table(value)
    if found.keys() - _DISTUTILS:
        raise Odd("asks for what this version does not know")
    for name, each in found.items():
        untrusted.text(each) if name == "language" else untrusted.texts(each)


def _public(value: object) -> None:
    for name, digest in untrusted.table(value).items():
        untrusted.name(name)
        untrusted.digest(digest)


def _truth(value: object) -> None:
    if not isinstance(value, bool):
        raise Odd("neither true nor false")


def _units(value: object) -> None:
    """Check that the name of every file stays inside its folder."""
    for unit in untrusted.table(value).values():
        for kind in ("texts", "beside"):
            for name, digest in untrusted.table(untrusted.table(unit).get(kind)).items():
                untrusted.path(name)
                untrusted.digest(digest)


FIELDS: Mapping[str, Callable[[Any], object]] = {
    "asks": _distutils,
    "c": _made,
    "digest": untrusted.text,
    "headers": _texts,
    "lifted": _truth,
    "object": _made,
    "output": _made,
    "probes": _texts,
    "public": _public,
    "read": _digests,
    "units": _units,
    "words": untrusted.text,
}
"""The check for each field of an entry, which raises `Odd` for a malformed value.

`c`, `object` and `output` are digests, empty where a tool refused.
"""
