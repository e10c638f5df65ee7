"""The migration step by itself: what it refuses before it looks at a database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from buildkit.errors import ConfigurationError
from buildkit.runtime.migrations import COMMANDS
from buildkit.runtime.settings import RuntimeSettings


@pytest.mark.parametrize("command", sorted(COMMANDS))
@pytest.mark.parametrize(
    ("migrate", "words"),
    [(None, "this image has no migrations"), ({"url_env": "DATABASE_URL"}, "DATABASE_URL is not set")],
    ids=["no migrations", "no database"],
)
def test_without_migrations_or_a_database_it_ends_with_what_is_missing(
    command: str, migrate: Mapping[str, str] | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        COMMANDS[command](RuntimeSettings(Path("/app"), None, migrate), {}, print)

    assert caught.value.hint
    assert capsys.readouterr().out == ""
