"""The actions of GitHub that the workflows use, each at one commit: a tag can be moved to other code.

Dependabot and Renovate read the version behind the commit, and propose newer ones.
"""

from __future__ import annotations

from typing import NamedTuple


class Pin(NamedTuple):
    """An action at one commit.

    Args:
        action: owner and name.
        commit: forty hexadecimal digits.
        version: the release that this commit is.
    """

    action: str
    commit: str
    version: str

    def __str__(self) -> str:
        """Return it as a workflow names it."""
        return f"{self.action}@{self.commit} # {self.version}"


CHECKOUT = Pin("actions/checkout", "9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0", "v7.0.0")
SETUP_PYTHON = Pin("actions/setup-python", "5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0")
CACHE = Pin("actions/cache", "27d5ce7f107fe9357f9df03efb73ab90386fccae", "v5.0.5")
