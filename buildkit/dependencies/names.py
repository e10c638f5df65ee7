"""Names of packages, extras and groups, which tools compare in one form."""

from __future__ import annotations


def normalized(name: str) -> str:
    """Return a package's, extra's or group's name as all tools compare it."""
    from packaging.utils import canonicalize_name  # noqa: PLC0415 - no start-up pays for it

    return str(canonicalize_name(name))
