"""What a project's files and variables say of a database: ini and TOML files, env.py, revisions, URLs, settings."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from unittest import mock

from hypothesis import example, given
from hypothesis import strategies as st
from odd import NOISE, TEXTS, changed, documents, harmed, lines, written
from running import emptied, inputs, survives

from buildkit.data.stages.pipeline import Pipeline, Stage, as_json, from_json
from buildkit.errors import ConfigurationError
from buildkit.migrate import discovery
from buildkit.migrate.postgres import url
from buildkit.migrate.postgres.connection import Address
from buildkit.migrate.postgres.redaction import redact
from buildkit.migrate.scripts import alembic_files, env_text, graph
from buildkit.migrate.settings import MigrationSettings
from buildkit.runtime import settings as runtime
from buildkit.runtime import state
from buildkit.runtime.migrate_gate import pass_migrations

INI = """\
[alembic]
script_location = %(here)s/migrations
version_locations = %(here)s/a %(here)s/b
prepend_sys_path = .
path_separator = space
recursive_version_locations = true
metadata = app.models:Base.metadata
[loggers]
keys = root
"""
VALUES_OF_INI = st.sampled_from(
    [*TEXTS, "%(a)s", "%(b)s%(b)s", "%(script_location)s", "\n  more", "%%", "%(here)", "x\n[x]"]
)
LINES = st.builds(
    lambda name, sign, value: f"{name}{sign}{value}\n",
    st.sampled_from(
        ["script_location", "version_locations", "path_separator", "a", "b", "", " more", "[alembic]", "here"]
    ),
    st.sampled_from([" = ", ": ", "", " ", "="]),
    VALUES_OF_INI,
)
BOMB = "[DEFAULT]\na0 = " + "x" * 1000 + "\n"
BOMB += (
    "".join(f"a{at} = " + f"%(a{at - 1})s" * 100 + "\n" for at in range(1, 9)) + "[alembic]\nscript_location = %(a8)s\n"
)


@inputs(quick=150, night=10000)
@given(
    harmed(st.just(INI.encode()))
    | st.lists(LINES, max_size=6).map(lambda rows: (INI + "".join(rows)).encode(errors="surrogatepass"))
    | st.lists(LINES, max_size=6).map(lambda rows: ("[alembic]\n" + "".join(rows)).encode(errors="surrogatepass"))
    | NOISE
)
@example(BOMB.encode())
@example(b"[alembic]\nscript_location = a\0b\n")
@example(b"[DEFAULT]\n[alembic]\nscript_location\n  more\n")
def test_an_ini_file_is_read_or_its_fault_is_said(room: Path, content: bytes) -> None:
    (emptied(room) / "alembic.ini").write_bytes(content)
    (room / "migrations").mkdir()
    (room / "migrations/env.py").touch()
    found = survives(room, lambda: alembic_files.from_ini(room / "alembic.ini"))
    assert found is None or all(found.versions)
    survives(room, lambda: discovery.find(room))


TABLE = {
    "tool": {
        "alembic": {
            "script_location": "%(here)s/migrations",
            "version_locations": ["%(here)s/a"],
            "prepend_sys_path": ["."],
            "recursive_version_locations": True,
            "metadata": "app.models:Base.metadata",
        }
    }
}


@inputs(quick=150, night=10000)
@given(changed(TABLE).map(lines) | NOISE)
@example(b"tool = 5")
@example(b"tool = {alembic = 'x'}")
@example(b'[tool.alembic]\nscript_location = "%(here)9999999999s"')
@example(b"x = " + b"[" * 5000)
@example(b"\xff")
def test_a_table_for_alembic_is_read_or_its_fault_is_said(room: Path, content: bytes) -> None:
    (emptied(room) / "pyproject.toml").write_bytes(content)
    (room / "migrations").mkdir()
    (room / "migrations/env.py").touch()
    survives(room, lambda: alembic_files.from_toml(room / "pyproject.toml"))
    survives(room, lambda: discovery.find(room))


# ------------------------------------------------------------------ Python that is read and not run


REVISION = '''\
"""add a table

Revision ID: a1
"""
from alembic import op
PREVIOUS = "a0"
revision: str = "a1"
down_revision = PREVIOUS
depends_on = ("a" + "0", f"{PREVIOUS}")
branch_labels = None
def upgrade() -> None:
    op.execute("select 1")
def downgrade() -> None:
    pass
'''
WORDS = st.sampled_from(
    [
        *('"%s%s" % (a, a)', 'f"{a}{a}"', "(a, a)", "str(a)", "[a] + [a]", 'a.replace("", a)', '"x".zfill(10**9)'),
        *('"%9999999999d" % 1', '"{:>9999999999}".format(1)', "{(a, a)}", "set([a])", "a[0]", "-a", "a[10**9]"),
        *(
            '"%*d" % (9999999999, 1)',
            '"{:{}}".format(1, 9999999999)',
            "int('9' * 5000)",
            'int("9")',
            "1e999",
            "9" * 5000,
        ),
        *(
            '"".join([a, a])',
            "b'x'",
            "None",
            "{}",
            "()",
            "a if a else a",
            "lambda: a",
            "(yield)",
            '"' + "x" * 9000 + '"',
        ),
        *("-" * 3000 + "1", "a" + ".a" * 3000, "(" * 300 + ")" * 300, "\0", '"\\ud800"', "not " * 3000 + "a"),
    ]
)
STATEMENTS = st.builds(
    lambda name, word: f"{name} = {word}\n",
    st.sampled_from(["a", "a", "a", "revision", "down_revision", "depends_on"]),
    WORDS,
)


@inputs(quick=120, night=8000)
@given(
    st.lists(STATEMENTS, max_size=12).map(lambda rows: REVISION + 'a = "x"\n' + "".join(rows))
    | harmed(st.just(REVISION.encode())).map(lambda each: each.decode(errors="replace"))
)
@example(REVISION + 'a = "xxxxxxxx"\n' + 'a = f"{a}{a}"\n' * 60 + "revision = a\n")
@example(REVISION + 'a = "x"\n' + "a = (a, a)\n" * 60 + "revision = str(a)\n")
@example(REVISION + 'a = "x"\n' + "a = (a, a)\n" * 60 + "revision = frozenset([a])\n")
@example(REVISION + 'revision = "%9999999999d" % 1\n')
@example(REVISION + 'revision = "%*d" % (9999999999, 1)\n')
@example(REVISION + 'revision = "{:>9999999999}".format(1)\n')
@example(REVISION + 'revision = "1".zfill(9999999999)\n')
@example(REVISION + 'revision = "a0"\n')
@example(REVISION + "down_revision = 5\n")
@example(REVISION + "down_revision = [5, None]\n")
@example(REVISION + "depends_on = [['x']]\n")
@example(REVISION + "revision = " + "-" * 50000 + "1\n")
def test_a_revision_says_what_it_is_or_its_fault_is_said(room: Path, text: str) -> None:
    (emptied(room) / "a0.py").write_text('revision = "a0"\ndown_revision = None\n')
    (room / "a1.py").write_bytes(text.encode(errors="surrogatepass"))
    with mock.patch.object(graph, "author", return_value=""):  # that is asked of git
        found = survives(room, lambda: graph.read([room]))
    if found is not None:
        assert all(isinstance(each, str) and len(each) <= 10_000 for each in found.revisions)


ENVIRONMENT = """\
import os
from alembic import context
from sqlalchemy import engine_from_config
config = context.config
TABLE = "versions"
def run() -> None:
    with engine_from_config(config.get_section(config.config_ini_section)).connect() as connection:
        context.configure(connection=connection, version_table=TABLE, url=os.environ.get("DATABASE_URL"))
        context.run_migrations()
run()
"""


@inputs(quick=100, night=8000)
@given(
    harmed(st.just(ENVIRONMENT.encode()))
    | st.lists(STATEMENTS).map(lambda each: (ENVIRONMENT + "".join(each)).encode(errors="surrogatepass"))
)
@example((ENVIRONMENT + "os.environ.get()\n").encode())
@example((ENVIRONMENT + "config.get_section()\nconfig.get_main_option()\nos.getenv()\n").encode())
@example(b"x = " + b"-" * 50000 + b"1\n")
def test_an_environment_is_understood_or_its_fault_is_said(room: Path, content: bytes) -> None:
    (emptied(room) / "env.py").write_bytes(content)
    found = survives(room, lambda: env_text.read(room / "env.py"))
    assert found is None or found.version_table


# ------------------------------------------------------------------ addresses


PARTS = st.sampled_from(
    [
        *(
            "postgresql",
            "postgresql+asyncpg",
            "postgres",
            "mysql",
            "://",
            "//",
            ":",
            "@",
            "/",
            "?",
            "&",
            "=",
            ",",
            "[",
            "]",
        ),
        *(
            "user",
            "p%40ss",
            "host",
            "[::1]",
            "5432",
            "99999999999",
            "db",
            "sslmode",
            "host=a:1",
            "host=b:2",
            "port=1,2",
        ),
        *("password=x", "%", "%zz", "%00", "\0", "\n", "#", "é", "service=x", "options=-c%20x", "\ud800", "ssl=true"),
    ]
)
URLS = st.lists(PARTS, max_size=14).map("".join)


@inputs(quick=300, night=20000)
@given(URLS | URLS.map(lambda rest: f"postgresql://{rest}") | st.sampled_from(TEXTS))
@example("postgresql://" + "a" * 50000 + ":" + "@" * 3000)
@example("postgresql://" + ":@" * 20000)
@example("postgresql://" + "@:/?" * 20000)
def test_an_address_is_one_or_is_said_to_be_none(room: Path, text: str) -> None:
    def read() -> None:
        url.parse(text)
        if text:
            found = Address.parse(text)
            for words in (str(found), found.place, found.database, found.sqlalchemy):
                assert isinstance(words, str)
            assert found.redact(f"no {text}").startswith("no ")

    survives(room, read)


# ------------------------------------------------------------------ what is written down in an image


PIPELINE = Pipeline(
    Path("/app"),
    Path("/app/src"),
    Path("/app/data"),
    (
        Stage("read", "app.read:read", ("tle/*",), ("read/",), {"x": 1}),
        Stage("cut", ("cut",), (), ("cut/",), each="a/*"),
    ),
)
MIGRATE = MigrationSettings(Path("/app"), Path("/app/migrations"), gone=("a0",), versions=(Path("/app/migrations/v"),))
IMAGE = json.loads(runtime.RuntimeSettings(Path("/app"), PIPELINE, MIGRATE.as_json()).as_text())


@inputs(quick=250, night=14000)
@given(documents(IMAGE), st.sampled_from([*TEXTS, "7d", "9" * 400 + "d", "1_0s", "-5s", "0"]))
@example(json.dumps({**IMAGE, "migrate": {"url_env": "DATABASE_URL"}}).encode(), "7d")
@example(json.dumps({**IMAGE, "migrate": {**IMAGE["migrate"], "wait": "long"}}).encode(), "7d")
@example(json.dumps({**IMAGE, "migrate": {**IMAGE["migrate"], "more": 1}}).encode(), "7d")
@example(json.dumps({**IMAGE, "migrate": {**IMAGE["migrate"], "gone": [[]]}}).encode(), "7d")
@example(json.dumps(IMAGE).encode(), "9" * 400 + "d")
def test_what_an_image_knows_is_read_or_is_said_to_be_odd(room: Path, content: bytes, ttl: str) -> None:
    (emptied(room) / "buildkit.json").write_bytes(content)
    variables = {runtime.VARIABLE: str(room / "buildkit.json"), "PYBUILDKIT_DATA_TTL": ttl}
    found = survives(room, lambda: runtime.of(variables))
    if found is None:
        return
    assert survives(room, lambda: runtime.read(room / "buildkit.json")) is not None
    if found.data is not None:
        assert from_json(as_json(found.data)) == found.data
    if found.migrate is not None:
        values = found.migrate

        def migrate() -> None:
            pass_migrations(values, room, {}, lambda line: None)
            known = MigrationSettings.from_json(values, room)
            assert MigrationSettings.from_json(json.loads(json.dumps(known.as_json())), known.root).gone == known.gone
            for seconds in (known.wait, known.lock_wait, known.lock_timeout, known.statement_timeout):
                assert isinstance(seconds, int | float)
            assert all(isinstance(each, str) for each in (*known.gone, known.url_env, known.app, known.ahead))

        survives(room, migrate)


STATE = {"state": "renewing", "detail": "newer data", "current": "/data/current", "generation": "x"}


@inputs(quick=100, night=8000)
@given(documents(STATE))
def test_what_a_container_is_at_is_a_line(room: Path, content: bytes) -> None:
    (emptied(room) / "state.json").write_bytes(content)
    found = survives(room, lambda: state.read({state.VARIABLE: str(room / "state.json")}))
    assert found is None or str(found).isprintable()


def test_the_targets_above_begin_with_what_the_suite_understands(room: Path) -> None:
    """Without changes each is taken: else nothing of it would be tried but the refusal."""
    (room / "alembic.ini").write_text(INI)
    assert alembic_files.from_ini(room / "alembic.ini").versions == (f"{room}/a", f"{room}/b")
    (room / "pyproject.toml").write_bytes(lines(TABLE))
    assert alembic_files.from_toml(room / "pyproject.toml").versions == (f"{room}/a",)
    (room / "env.py").write_text(ENVIRONMENT)
    assert env_text.read(room / "env.py").version_table == "versions"
    (room / "buildkit.json").write_text(written(IMAGE))
    found = runtime.read(room / "buildkit.json")
    assert found.data == PIPELINE
    assert found.migrate is not None
    assert MigrationSettings.from_json(found.migrate, Path("/app")) == MIGRATE
    with contextlib.suppress(ConfigurationError):
        assert redact("x", frozenset()) == "x"
