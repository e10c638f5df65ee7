"""What the exit codes of a container behind the suite's entrypoint mean, and the error that each is in a release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from buildkit import errors
from buildkit.errors import BuildkitError, RestoredError

EXITS = {
    30: "its data is missing or damaged",
    31: "a stage of its data failed",
    40: "a revision failed to apply",
    41: "its revisions do not lead to one head",
    42: "the database refused or could not be reached",
    43: "the database is ahead of its code",
    44: "the version table does not fit its revisions",
    75: "another process held the migration lock",
    126: "its command cannot be run",
    127: "its command is not there",
    137: "it was killed, for want of memory where nobody did it",
}
"""What the exit codes of a service behind the suite's entrypoint mean, and those of the engine."""

_ERRORS: Mapping[int, type[BuildkitError]] = {
    kind.exit_code: kind
    for kind in (
        errors.ConfigurationError,
        errors.RevisionError,
        errors.HeadsError,
        errors.DatabaseError,
        errors.DatabaseAheadError,
        errors.VersionTableError,
        errors.LockBusyError,
    )
}
"""The errors of a migration, by the exit code of its container."""


def ended(code: int) -> str:
    """Return in words that something ended with an exit code."""
    meaning = EXITS.get(code, "")
    return f"ended with exit code {code}{f': {meaning}' if meaning else ''}"


def migration_failed(service: str, code: int, lines: Sequence[str]) -> BuildkitError:
    """Return the error for a migration whose container ended with an exit code.

    Args:
        service: the service for which it was run.
        code: the exit code.
        lines: the last lines of its log.
    """
    hint = "the old release serves; mend what the lines say and release again"
    if code in _ERRORS:
        meaning = EXITS.get(code, "a setting is wrong")
        return _ERRORS[code](f"the migration of {service} failed: {meaning}", details=lines, hint=hint)
    return RestoredError(
        f"the migration of {service} {ended(code)}",
        details=lines,
        hint=f"what it had not committed is rolled back; {hint}",
    )
