"""The nouns that every room shares: frozen values without behaviour.

Everything the suite does is one act: make an output from inputs, decide by content, and say why. A *subject* is what is
made (a module's extension, a data stage, an image); its *fingerprint* describes its present inputs, its *record* the
inputs and outputs of the last time that it was made.

They are named tuples: every command makes these classes, and a frozen dataclass takes seven times as long to make.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple, NewType

Digest = NewType("Digest", str)
"""SHA-256 in lower-case hexadecimal, or `ABSENT`."""

ABSENT = Digest("absent")
"""The digest of a file that does not exist; its absence is an input like any other."""

LIBRARY = "__mypyc"
"""The ending of the name of a library that modules compiled by mypyc load; nothing else imports it."""


WORK = ".buildkit"
"""The folder in a project that is the suite's own."""


class Action(Enum):
    """The action that a plan decides on for one subject."""

    LEAVE = "leave"
    RESTORE = "restore"
    MAKE = "make"
    REMOVE = "remove"


class Reason(NamedTuple):
    """The reason for a decision, such as `source changed: app/fast.py`.

    Args:
        kind: the fixed vocabulary of `buildkit.core.plan`, readable as it stands (`source changed`).
        detail: the input or output that it is about; empty if the kind says everything.
    """

    kind: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else self.kind


class Fingerprint(NamedTuple):
    """The present inputs of a subject.

    Args:
        key: the digest over all parts; equal keys mean equal inputs.
        parts: every input by its name (`source app/fast.py`, `toolchain cython`) with its digest.
    """

    key: Digest
    parts: Mapping[str, Digest]


class Record(NamedTuple):
    """The inputs and outputs of a subject when it was last made.

    Args:
        key: the fingerprint's key at that time.
        parts: the fingerprint's parts at that time.
        outputs: every file that was made, by its path relative to the project, with its digest.
    """

    key: Digest
    parts: Mapping[str, Digest]
    outputs: Mapping[str, Digest]


class Step(NamedTuple):
    """One subject of a plan with the decision and its reason."""

    subject: str
    action: Action
    reason: Reason


class Outcome(NamedTuple):
    """The outcome of one subject.

    Args:
        subject: the module, stage or image.
        result: `fresh`, `restored`, `compiled`, `made`, `failed` or `removed`; each command documents its own words.
        reason: why it has this result.
        seconds: wall time spent on it.
        detail: the tool's own words, for a failure.
        pieces: the number of its pieces by result, if it has pieces.
        before: what was there; empty if nothing is to be said of it.
        after: what is there now.
    """

    subject: str
    result: str
    reason: Reason
    seconds: float = 0.0
    detail: str = ""
    pieces: Mapping[str, int] = MappingProxyType({})
    before: str = ""
    after: str = ""


class Report(NamedTuple):
    """The result of one command: its rows, and facts for the summary.

    Args:
        schema: name and version of the JSON form, such as `buildkit.compile/1`.
        outcomes: one row a subject.
        seconds: wall time of the whole command.
        facts: further values of the JSON form (`profile`, `generation` …), all of them JSON types.
        row: what a subject is called in the JSON form (`module`, `stage`).
    """

    schema: str
    outcomes: tuple[Outcome, ...]
    seconds: float
    facts: Mapping[str, object] = MappingProxyType({})
    row: str = "subject"
