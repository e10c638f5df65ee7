"""The failure of a request to a registry; the caller turns it into an error with an exit code."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818 - a fact, which the caller makes an error of
    """A registry refused a request, or could not be reached.

    Args:
        message: the registry or repository, and the reason.
        hint: what to do about it.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Denied(Failure):
    """The registry wants credentials, or does not accept those that it got."""


class Missing(Failure):
    """The repository has no manifest under the requested name."""


def other_bytes(where: object, digest: str, hint: str) -> Failure:
    """Return the failure for content whose digest is not the requested one."""
    return Failure(f"{where}: what came is not {digest[:19]}…", hint)
