"""Prune the store by itself, after a build; `flows.cache` does it when it is asked for."""

from __future__ import annotations

import contextlib

from buildkit.config import Config
from buildkit.core.sizes import in_words
from buildkit.doors import clock
from buildkit.report.console import Console
from buildkit.store import prune
from buildkit.store.artifacts import Store
from buildkit.store.inventory import read_inventory
from buildkit.store.prune import Limits

TIGHT = "store: the limit of {} is less than what was used within an hour; it will be made anew"


def prune_now_and_then(config: Config, console: Console, store: Store) -> None:
    """Prune the store after a build, if that was not done for a day. Errors do not fail the build."""
    limits = Limits(config.store.size, config.store.age)
    with contextlib.suppress(OSError):
        if not prune.take_turn(store.folder, clock.now()):
            return
        found = read_inventory(store.folder)
        if prune.exceeded(found, limits, clock.now()):
            pruned = prune.prune(found, limits, clock.now(), dry_run=False)
            if pruned.is_tight:
                console.warn(TIGHT.format(in_words(limits.size)))
            if pruned.gone:
                freed, kept = in_words(pruned.freed), in_words(pruned.kept)
                console.say(f"store: {len(pruned.gone)} entries deleted, {freed} freed, {kept} kept")
