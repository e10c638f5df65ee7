"""The checks before a commit: settings that are valid, one head of the revisions, contexts under their budgets.

Each looks at files alone, and loads no more than it needs: a commit waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from buildkit.config import Config, load
from buildkit.errors import BudgetError

Say = Callable[[str], None]


def settings(config: Config, say: Say) -> None:
    """Check nothing more: that the settings were read is the check."""
    say(f"{config.file.name}: the settings are valid")


def heads(config: Config, say: Say) -> None:
    """Check that the files of the revisions lead to one head.

    Raises:
        HeadsError: not one head.
    """
    from buildkit.flows.migration_settings import migration_settings  # noqa: PLC0415 - this check alone
    from buildkit.migrate import revisions  # noqa: PLC0415

    found = migration_settings(config)
    if found is None:
        say("there are no revisions")
        return
    graph = revisions.read(found, say=say)
    say(f"one head: {graph.head}" if graph.head else "there are no revisions")


def contexts(config: Config, say: Say) -> None:
    """Check that what the build of each image may read is under its budget.

    Raises:
        BudgetError: one is over it.
    """
    from buildkit.core.sizes import in_words  # noqa: PLC0415 - this check alone
    from buildkit.flows.image_rules import look  # noqa: PLC0415

    for name, image in config.image.items():
        size = look(config, name).scene.context.size
        if image.context_budget and size > image.context_budget:
            raise BudgetError(
                f"the context of image {name} has {in_words(size)}, its budget is {in_words(image.context_budget)}",
                hint="`invoke image.context` says what is in it, and proposes an ignore file",
            )
        say(f"context of image {name}: {in_words(size)}")


CHECKS: Mapping[str, Callable[[Config, Say], None]] = {"settings": settings, "heads": heads, "contexts": contexts}


def check(name: str, folder: Path, environment: Mapping[str, str], say: Say) -> None:
    """Do one of the checks in the project that a folder is in.

    Args:
        name: one of `CHECKS`.
        folder: the project's folder, or one in it.
        environment: the variables.
        say: called with what was found where all is well.

    Raises:
        BuildkitError: it is not.
    """
    CHECKS[name](load(folder, environment), say)
