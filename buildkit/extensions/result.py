"""The result of one subject, and its new entry in the state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from buildkit.model import Digest, Outcome, Record


class Basis(Protocol):
    """What a translation rests on: every file that it read, with its digest, and every other place it looked at."""

    @property
    def read(self) -> Mapping[str, Digest]:
        """Every file that was read, by its portable name."""

    @property
    def probes(self) -> tuple[str, ...]:
        """Every other place: `+NAME` was there, `-NAME` was not."""


@dataclass(frozen=True, slots=True)
class SubjectResult:
    """The result of one subject.

    Args:
        outcome: the row.
        basis: the translation's inputs; None if the result would not be the same again with them.
        outputs: the digest of each file that was made, by its path; empty where it failed.
        headers: names of the headers that the compilers read.
        as_recorded: whether the present record is still right.
        failure: what is recorded of a refusal; None for the outcome's detail.
    """

    outcome: Outcome
    basis: Basis | None = None
    outputs: Mapping[str, Digest] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    as_recorded: bool = False
    failure: str | None = None


class Recording(NamedTuple):
    """What is recorded of one subject.

    Args:
        record: what it was made from.
        probes: where its making looked: `+NAME` was there, `-NAME` was not.
        failure: the compiler's words; None where it did not fail.
        headers: the sets of headers that the record names, each with the digests of its headers.
    """

    record: Record
    probes: tuple[str, ...]
    failure: str | None
    headers: Mapping[str, Mapping[str, Digest]]


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a plan.

    Args:
        outcomes: one row for each subject and for each module that stays Python, in the order of the plan.
        entries: what is to be recorded of each subject of which the record is no longer right; None for nothing.
    """

    outcomes: tuple[Outcome, ...]
    entries: Mapping[str, Recording | None]
