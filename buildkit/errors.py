"""One tree of errors. Each class owns an exit code; each error says what happened and what to do about it.

Low rooms raise these with facts; the doors (`tasks`, `sessions`, `runtime`) turn them into text and an exit code.
Anything else that escapes is a fault of the suite and exits with 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from buildkit.model import Report


class BuildkitError(Exception):
    """An error that a user can cause and correct.

    Args:
        message: what happened: the object, then the reason; lower-case, no full stop.
        hint: what to do about it; one or more lines.
        details: further lines between message and hint, such as a compiler's output.
        report: the outcomes of all subjects, if some had finished before the error.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, message: str, *, hint: str = "", details: Sequence[str] = (), report: Report | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = tuple(details)
        self.report = report


class ConfigurationError(BuildkitError):
    """A setting or a flag is wrong."""

    exit_code = 2


class OtherDatabaseError(ConfigurationError):
    """Alembic's env.py goes to another database than the one that is named; nothing was applied."""


class CompileError(BuildkitError):
    """One or more modules did not compile."""

    exit_code = 10


class ToolchainError(BuildkitError):
    """No working compiler, or no headers of Python."""

    exit_code = 11


class StoreError(BuildkitError):
    """The cache, or an archive of it, cannot be read or written."""

    exit_code = 12


class DifferenceError(BuildkitError):
    """A compiled module, or a test with compiled modules, does otherwise than plain Python."""

    exit_code = 13


class ImageError(BuildkitError):
    """An image did not build, or is not what it should be."""

    exit_code = 20


class EngineError(BuildkitError):
    """No Docker Engine answers, or it lacks buildx."""

    exit_code = 21


class BudgetError(BuildkitError):
    """Something is larger than the project allows."""

    exit_code = 22


class DataError(BuildkitError):
    """The data is missing or damaged."""

    exit_code = 30


class StageError(BuildkitError):
    """A stage of the data pipeline failed."""

    exit_code = 31


class RevisionError(BuildkitError):
    """A revision failed to apply."""

    exit_code = 40

    leaves_nothing = False
    """Whether it is known that nothing of the failed revision is left, and all before it is committed."""


class HeadsError(BuildkitError):
    """The revision files do not lead to exactly one head."""

    exit_code = 41


class DatabaseError(BuildkitError):
    """The database refused or could not be reached."""

    exit_code = 42


class DatabaseAheadError(BuildkitError):
    """The database is at a revision that the code does not have."""

    exit_code = 43


class VersionTableError(BuildkitError):
    """The database has tables but no version table, or the version table's revisions do not fit the files."""

    exit_code = 44


class ReleaseRefusedError(BuildkitError):
    """A gate refused the release; nothing was changed."""

    exit_code = 50


class RegistryError(BuildkitError):
    """A registry refuses an image or cannot be reached, or has another one under the tag."""

    exit_code = 51


class RestoredError(BuildkitError):
    """A rollout failed, and the release before it serves."""

    exit_code = 52


class MixedError(BuildkitError):
    """A rollout failed and could not be undone: what runs is mixed, and a person has to look."""

    exit_code = 53


class SupersededError(MixedError):
    """Another deployment took the place of a rollout, which was not undone: what runs is somebody else's release."""


class UndecidedError(BuildkitError):
    """A rollout was neither well nor failed when its time ran out; run again, and it waits on."""

    exit_code = 54


class AccessError(BuildkitError):
    """Credentials or permission for a release or a registry are missing, or are not accepted."""

    exit_code = 55


class LockBusyError(BuildkitError):
    """Another process held the migration lock for longer than `lock_wait`."""

    exit_code = 75


def render(error: BuildkitError) -> str:
    """Return the text of `error` for stderr: message, details, an empty line, the hint."""
    lines = [f"error: {error.message}", *(f"  {line}" for line in error.details)]
    if error.hint:
        lines += [
            "",
            *(f"hint: {line}" if at == 0 else f"      {line}" for at, line in enumerate(error.hint.splitlines())),
        ]
    return "\n".join(lines)
