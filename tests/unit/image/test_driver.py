"""The driver of the migration gate: what is installed beside what the service has of its own."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from buildkit.doors.process import run
from buildkit.image.driver import question
from buildkit.image.staging import Contents, Own, staged_files

OURS = f"psycopg[binary]=={version('psycopg')}"


@pytest.mark.parametrize(
    ("installed", "system", "missing"),
    [
        ([], [], OURS),
        (["asyncpg-0.30", "SQLAlchemy-2.0"], [], OURS),
        (["psycopg2_binary-2.9"], ["libpq5"], OURS),
        (["psycopg-3.1.18"], [], "psycopg-binary==3.1.18"),
        (["psycopg-3.1.18"], ["curl", "libpq5"], ""),
        (["psycopg-3.1.18", "psycopg_binary-3.1.18"], [], ""),
    ],
)
def test_what_is_missing_beside_what_the_service_has(
    tmp_path: Path, installed: list[str], system: list[str], missing: str
) -> None:
    for each in installed:
        (tmp_path / f"{each}.dist-info").mkdir()
        name, _, number = each.rpartition("-")
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n"
        (tmp_path / f"{name}-{number}.dist-info" / "METADATA").write_text(text)

    answer = run([sys.executable, "-S", "-c", question(system)], environment={"PYTHONPATH": str(tmp_path)})

    assert (answer.stdout.strip(), answer.stderr) == (missing, "")
    assert "'" not in question(system), "a shell quotes it"


def test_a_service_without_migrations_gets_no_driver() -> None:
    texts = [
        staged_files(Contents({"name": "x"}, "src", ("app",), (), "{}", migrates=migrates), [], Own())["Dockerfile"]
        for migrates in (False, True)
    ]
    assert [b"/opt/driver" in text for text in texts] == [False, True]
