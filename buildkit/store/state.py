"""The state file of a checkout: what each output was last made from. It is replaced as a whole and has a checksum.

A state that is missing, cut or flipped is as good as none: everything is decided anew, mostly from the store. So is one
that says what the suite would not have written, whatever its checksum: a cloned repository may bring one along.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd
from buildkit.doors import files, reading
from buildkit.model import Digest, Record
from buildkit.store import own_outputs

SCHEMA = 3

MOST = 1 << 30
"""Bytes of a state that is read; ten thousand modules have thirty million."""

_SET = "headers "


@dataclass(slots=True)
class State:
    """The memory of one checkout for one interpreter.

    Args:
        records: what each subject was last made from.
        probes: for each subject the paths that its translation looked for: `+NAME` existed, `-NAME` did not.
        failures: the compiler's output for each subject that fails with its present inputs.
        headers: sets of headers by their name, each with the digest that it had; the records refer to them.
        damaged: the file was there but could not be believed.
    """

    records: dict[str, Record] = field(default_factory=dict)
    probes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    headers: dict[str, Mapping[str, Digest]] = field(default_factory=dict)
    damaged: bool = False


Owns = Callable[[object, object, object], tuple[str, Digest]]
"""Takes a subject, an output's name and its digest; returns the last two, raises `Odd` where it can have none such."""


def read(path: Path, owns: Owns = own_outputs.require_own) -> State:
    """Return the state that the file holds, or an empty one.

    Args:
        path: the file.
        owns: says which outputs a subject may have; extension modules, unless it is given.
    """
    try:
        content = reading.read(path, most=MOST)
    except FileNotFoundError:
        return State()
    except OSError:
        return State(damaged=True)
    return parse(content, owns)


def parse(content: bytes, owns: Owns = own_outputs.require_own) -> State:
    """Return the state that a file with this content holds; `owns` as for `read`."""
    checksum, _, body = content.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != checksum:
        return State(damaged=True)
    try:
        document = json.loads(body)
        if b"\\u" in body:
            untrusted.require_serializable(document)
        return _from_json(document, owns)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return State(damaged=True)


def text(state: State) -> bytes:
    """Return the content of a file that holds `state`."""
    body = json.dumps(_to_json(state), separators=(",", ":"), sort_keys=True).encode()
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def write(path: Path, state: State) -> bytes:
    """Replace the file by `state`; return its content.

    Raises:
        OSError: the disk is full or read-only; the old file is left as it was.
    """
    content = text(state)
    files.write(path, content)
    return content


def _to_json(state: State) -> dict[str, object]:
    sets: dict[tuple[str, ...], int] = {}
    return {
        "schema": SCHEMA,
        "records": {
            name: [record.key, record.parts, record.outputs, _index(sets, state.probes.get(name, ()))]
            for name, record in sorted(state.records.items())
        },
        "probes": list(sets),
        "failures": state.failures,
        "headers": state.headers,
    }


def _index(sets: dict[tuple[str, ...], int], names: tuple[str, ...]) -> int:
    """Return the index of `names` in the table of sets; most modules share their probes."""
    return sets.setdefault(names, len(sets))


def _from_json(document: Mapping[str, Any], owns: Owns) -> State:
    if document["schema"] != SCHEMA:
        return State()
    sets = [_probes(names) for names in document["probes"]]
    headers: dict[str, Mapping[str, Digest]] = {
        label: _texts(digests) for label, digests in document["headers"].items()
    }
    records: dict[str, Record] = {}
    probes: dict[str, tuple[str, ...]] = {}
    for name, (key, parts, outputs, at) in document["records"].items():
        if not headers.keys() >= {part for part in _texts(parts) if part.startswith(_SET)}:
            raise Odd(name)
        own = dict(owns(name, path, digest) for path, digest in outputs.items())
        records[name] = Record(untrusted.digest(key), parts, own)
        probes[name] = sets[untrusted.number(at)]
    return State(records, probes, _texts(document["failures"]), headers)


def _probes(names: list[str]) -> tuple[str, ...]:
    if not {type(name) for name in names} <= {str} or not all(names):
        raise Odd("probes")
    return tuple(names)


def _texts(values: dict[str, Any]) -> dict[str, Any]:
    """Check that all values are texts, with one test for the whole table, for speed."""
    if not {*map(type, values.values())} <= {str}:
        raise Odd("table")
    return values
