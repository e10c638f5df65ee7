"""Which services run Python where there is an extension by now, and which of them may be started anew for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from buildkit.dev.actions import Keeper
    from buildkit.dev.forms import Forms


class CatchingUp:
    """The services that are behind what is compiled.

    Args:
        forms: which modules the services run as Python.
        keeper: runs the services.
    """

    def __init__(self, forms: Forms, keeper: Keeper) -> None:
        self._forms = forms
        self._keeper = keeper

    def due(self) -> tuple[list[str], list[str]]:
        """Return the services that nobody looks at now, and the modules for which they are started anew."""
        behind = self._forms.behind()
        idle = self._keeper.idle(self._keeper.replaceable(behind)) if behind else []
        return idle, sorted(frozenset[str]().union(*(behind[name] for name in idle)))

    def keeping(self) -> list[str]:
        """Return the services for whose new processes the old ones have to end: nobody wants that for an extension."""
        behind = self._forms.behind()
        replaceable = self._keeper.replaceable(behind)
        return [name for name in behind if name not in replaceable]
