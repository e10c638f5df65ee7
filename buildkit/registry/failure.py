"""What went wrong with a registry. Who asked turns it into an error with an exit code."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818 - a fact, which the caller makes an error of
    """A registry did not do what it was asked to.

    Args:
        message: the registry or repository, and the reason.
        hint: what to do about it.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Missing(Failure):
    """The repository has no manifest under the name that was asked for."""


def other_bytes(where: object, digest: str, hint: str) -> Failure:
    """Return the failure for content whose digest is not the one that was asked for."""
    return Failure(f"{where}: what came is not {digest[:19]}…", hint)
