"""What the text of an env.py shows: whether the revisions can only run once."""

from __future__ import annotations

from pathlib import Path

import alembic
import pytest

from buildkit.errors import ConfigurationError
from buildkit.migrate.scripts.env_text import read

RUN = """
from alembic import context
from sqlalchemy import create_engine

def run(schema=None):
    with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
        context.configure(connection=connection, version_table_schema=schema)
        with context.begin_transaction():
            context.run_migrations()

"""


@pytest.mark.parametrize(
    "calls",
    [
        'run("a")\nrun("b")',
        'list(map(run, ["a", "b"]))',
        "from tenants import each\neach(run)",
        "import tenants\ntenants.each(run)",
        "def both():\n    run('a')\n    run('b')\nboth()",
        "def one(name):\n    run(name)\none('a')\none('b')",
        "import asyncio\nasync def main():\n    await asyncio.gather(run('a'), run('b'))\nasyncio.run(main())",
        "again = run\nagain('a')\nagain('b')",
        "def down(names):\n    run(names[0])\n    if names[1:]:\n        down(names[1:])\ndown(['a', 'b'])",
        "from tenants import for_each\n@for_each\ndef one(name):\n    run(name)\none()",
    ],
)
def test_what_may_run_the_revisions_twice_is_looked_at_to_its_end(tmp_path: Path, calls: str) -> None:
    (tmp_path / "env.py").write_text(f"{RUN}{calls}\n")
    found = read(tmp_path / "env.py")
    assert found.several
    assert not found.plain


@pytest.mark.parametrize("template", ["generic", "async", "pyproject", "pyproject_async"])
def test_those_that_alembic_writes_run_them_once(template: str) -> None:
    found = read(Path(alembic.__file__).parent / "templates" / template / "env.py")
    assert not found.several
    assert found.plain


@pytest.mark.parametrize("calls", ["run('a')", "if context.is_offline_mode():\n    run('a')\nelse:\n    run('b')"])
def test_one_call_is_one(tmp_path: Path, calls: str) -> None:
    (tmp_path / "env.py").write_text(f"{RUN}{calls}\n")
    assert not read(tmp_path / "env.py").several


def test_an_environment_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"env\.py: No such file or directory") as caught:
        read(tmp_path / "env.py")
    assert "build that anew" in caught.value.hint
