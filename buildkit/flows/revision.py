"""`invoke db.revision`: writes the revision that brings the development database to what the models say."""

from __future__ import annotations

import os
from collections.abc import Mapping

from buildkit.config import Config
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ConfigurationError
from buildkit.flows.development import AtHand
from buildkit.flows.outdated import remove_outdated_extensions
from buildkit.migrate import autogenerate
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console

SCHEMA = "buildkit.db.revision/1"


def write_revision(
    config: Config, console: Console, environment: Mapping[str, str], *, message: str, empty: bool = False
) -> Report:
    """Compare the models with the development database, brought to head first, and write the revision between them.

    Args:
        config: the project.
        console: shows what Alembic found.
        environment: where PostgreSQL's programs are.
        message: what the revision does.
        empty: write it although there is no difference.

    Raises:
        ConfigurationError: the project has no migrations, or nothing names its models.
        RevisionError: env.py cannot be run, or the file cannot be written.
    """
    watch = Stopwatch()
    if not message.strip():
        raise ConfigurationError("a revision needs a message", hint='invoke db.revision -m "add the table of orders"')
    at_hand = AtHand(config, console, environment)
    if at_hand.settings is None:
        raise ConfigurationError("the project has no migrations", hint="`alembic init migrations` makes the folder")
    server, name = at_hand.follow()
    remove_outdated_extensions(config, console, environment)
    found = autogenerate.write_revision(
        at_hand.settings, at_hand.chain.head, server.url_of(name), message, empty=empty, say=console.say
    )
    if found is None:
        raise ConfigurationError(
            "nothing names the models, so there is nothing to compare",
            hint='[tool.buildkit.migrate]\nmetadata = "app.models:Base.metadata"',
        )
    rows = tuple(
        Outcome(os.path.relpath(file, config.root), "written", Reason("follows", at_hand.chain.head or "nothing"))
        for file in found
    )
    return Report(SCHEMA, rows, watch.seconds, at_hand.facts(server, name), "file")


def lines(report: Report) -> list[str]:
    """Return the file that was written."""
    if not report.outcomes:
        return [f"the models are as at head {report.facts['head']}: nothing was written"]
    return [row.subject for row in report.outcomes]
