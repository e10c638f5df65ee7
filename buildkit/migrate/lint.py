"""Runs squawk, a linter for PostgreSQL migrations, on the SQL of each revision if it is installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from buildkit.doors import process
from buildkit.migrate.settings import MigrationSettings

# Every session of a migration has both limits, so it is not the revision's business to set them.
_LIMITS = "SET lock_timeout = '5s'; SET statement_timeout = '1h';\n"


def find_squawk(environment: Mapping[str, str]) -> str | None:
    """Return the program, from beside this Python or from PATH; None if it is not installed."""
    places = (str(Path(sys.executable).parent), environment.get("PATH", ""))
    return shutil.which("squawk", path=os.pathsep.join(places))


def lint(program: str, settings: MigrationSettings, sql: Mapping[str, str]) -> list[dict[str, object]]:
    """Return squawk's findings in the SQL of each revision: `revision`, `rule`, `message`, `help`, `statement`.

    Args:
        program: the path of squawk.
        settings: the project's migration settings; squawk reads a `.squawk.toml` in the project's folder.
        sql: the SQL of each revision by its id.
    """
    return [row for revision, text in sql.items() for row in _findings(program, settings, revision, text)]


def _findings(program: str, settings: MigrationSettings, revision: str, sql: str) -> Iterator[dict[str, object]]:
    table = re.escape(settings.version_table)
    text = _LIMITS + re.sub(rf"CREATE TABLE \S*{table}\b.*?;", "", sql, flags=re.DOTALL)
    answer = process.run([program, "--reporter", "json"], folder=settings.root, stdin=text, timeout=60.0)
    lines = text.splitlines()
    try:
        found = json.loads(answer.stdout or "[]")
    except ValueError:
        found = [{"rule_name": "squawk", "message": (answer.stderr or answer.stdout).strip(), "line": 0}]
    for each in found:
        last = each.get("line_end", each["line"]) + 1
        yield {
            "revision": revision,
            "rule": each["rule_name"],
            "message": each["message"],
            "help": each.get("help") or "",
            "statement": " ".join(" ".join(lines[each["line"] : last]).split()),
        }
