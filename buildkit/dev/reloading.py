"""Meets what a change of the settings needs, before anything else is done."""

from __future__ import annotations

from collections.abc import Callable

from buildkit.core.changes import Need
from buildkit.dev.actions import Actions
from buildkit.doors.clock import time_of_day
from buildkit.errors import BuildkitError, render


def meet(wanted: set[Need], actions: Actions, say: Callable[[str], None]) -> bool:
    """Read the settings again and say what has to be installed, if that is wanted; return whether the settings differ.

    Args:
        wanted: what is needed; what is met is taken out.
        actions: the steps.
        say: called with what is wrong in the settings; they stay as they were then.
    """
    if Need.INSTALL in wanted:
        wanted.remove(Need.INSTALL)
        actions.outdated()
    if Need.RELOAD not in wanted:
        return False
    wanted.remove(Need.RELOAD)
    try:
        return actions.reload()
    except BuildkitError as error:
        say(f"{render(error)}\n{time_of_day()} the settings stay as they were")
        return False
