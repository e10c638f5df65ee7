"""`invoke db.*` as a user types it: the development database opened, stopped, made anew, kept and restored."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from branches import ENV, ONE, PYPROJECT, TWO, Branches, branching, revision
from held_address import until
from plugins.projects import InvokeRunner, ProjectMaker, Ran

from buildkit.db import development
from buildkit.db.users import Use


@pytest.fixture
def it(postgres: Path, project: ProjectMaker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Branches]:
    assert postgres.is_dir()
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with branching(project) as branches:
        yield branches


@pytest.fixture
def db(it: Branches, invoke: InvokeRunner) -> InvokeRunner:
    """Run `invoke db.NAME` in the project."""

    def run(name: str, *arguments: str, **environment: str) -> Ran:
        return invoke(it.root, f"db.{name}", *arguments, **environment)

    return run


def table(ran: Ran) -> dict[str, str]:
    """Return what a command with --json says of each row."""
    assert ran.exit_code == 0, ran.stderr
    content = json.loads(ran.stdout)
    row = next(name for name in ("database", "snapshot", "file") if f"{name}s" in content)
    return {each[row]: each["outcome"] for each in content[f"{row}s"]}


# ------------------------------------------------------------------ url, shell


def test_url_starts_the_server_and_gives_the_address_of_a_database_at_head(it: Branches, db: InvokeRunner) -> None:
    ran = db("url")
    assert ran.exit_code == 0, ran.stderr
    assert ran.stdout == f"{it.server.url}\n"
    assert "`invoke db.stop` stops it" in ran.stderr
    with psycopg.connect(ran.stdout.strip()) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("one",)
    again = db("url", "--json")
    assert (again.stderr, json.loads(again.stdout)["url"]) == ("", it.server.url)
    it.check_out(ONE, TWO)
    assert db("url").stdout.strip() != it.server.url


COMPUTED = ENV.replace("configure(connection", "configure(version_table=TABLE, connection").replace(
    "import os",
    """import os, pathlib
from svc.settings import TABLE  # nothing but the application says which

pathlib.Path("loaded").open("a").write("x")
""",
)


def test_url_loads_no_application_for_a_database_that_is_known_to_be_at_head(it: Branches, db: InvokeRunner) -> None:
    (it.root / "pyproject.toml").write_text(f'{PYPROJECT}prepend_sys_path = ["src"]\n')
    (it.root / "src/svc/settings.py").write_text("TABLE = 'ours'\n")
    (it.root / "migrations/env.py").write_text(COMPUTED)
    loaded = it.root / "loaded"

    def url() -> int:
        """Return how often env.py was run for it."""
        loaded.write_text("")
        ran = db("url")
        assert ran.exit_code == 0, ran.stderr
        it.url = ran.stdout.strip()
        return len(loaded.read_text())

    assert url() > 0
    assert (url(), url()) == (0, 0)
    (it.root / "migrations/env.py").write_text(f"{COMPUTED}# edited")
    assert (url() > 0, url()) == (True, 0)
    it.check_out(ONE, TWO)
    assert (url() > 0, url()) == (True, 0)
    first = it.url
    it.run("UPDATE ours SET version_num = 'elsewhere'")
    assert url() > 0, "somebody took it elsewhere by hand"
    assert it.url != first


def test_url_is_about_the_projects_own_database(it: Branches, db: InvokeRunner) -> None:
    ran = db("url", DATABASE_URL="postgresql://elsewhere/production")
    assert ran.stdout.strip() == it.server.url
    assert "warning: DATABASE_URL is set; this is about the project's own development database" in ran.stderr


def test_a_project_without_migrations_has_a_database_too(
    postgres: Path, project: ProjectMaker, invoke: InvokeRunner
) -> None:
    assert postgres.is_dir()
    with branching(project) as plain:
        shutil.rmtree(plain.root / "migrations")
        (plain.root / "pyproject.toml").write_text('[project]\nname = "plain"\n[tool.buildkit]\npackages = []\n')
        ran = invoke(plain.root, "db.url")
        plain.url = ran.stdout.strip()
        plain.run("CREATE TABLE t (id int)")
        assert invoke(plain.root, "db.snapshot", "full").exit_code == 0
        assert table(invoke(plain.root, "db.reset", "--json")) == {"dev": "made"}
        assert plain.run("SELECT to_regclass('t')") == [(None,)]
        assert invoke(plain.root, "db.restore", "full").exit_code == 0
        assert plain.run("SELECT to_regclass('t')::text") == [("t",)]


def test_shell_is_psql_with_its_words_and_its_exit_code(db: InvokeRunner) -> None:
    ran = db("shell", "-c", "SELECT version_num AS at FROM alembic_version")
    assert (ran.exit_code, ran.stdout.split()) == (0, ["at", "-----", "one", "(1", "row)"])
    wrong = db("shell", "--command", "SELECT nothing")
    assert wrong.exit_code == 1
    assert 'column "nothing" does not exist' in wrong.stderr
    assert "would run" in db("shell", "--dry-run").stdout


def test_without_psql_one_is_told_what_else_there_is(it: Branches, db: InvokeRunner, tmp_path: Path) -> None:
    it.migrate(ONE)
    (tmp_path / "bin").mkdir()
    programs = development.find_programs(os.environ)
    assert programs is not None
    for program in programs.iterdir():
        if program.name != "psql":
            (tmp_path / "bin" / program.name).symlink_to(program)
    ran = db("shell", PYBUILDKIT_POSTGRES=str(tmp_path / "bin"), PATH=str(tmp_path / "bin"))
    assert ran.exit_code == 42
    assert "error: there is no psql" in ran.stderr
    assert "`invoke db.url`" in ran.stderr


@pytest.mark.parametrize("command", [("url",), ("shell",), ("reset",), ("snapshot", "x"), ("revision", "-m", "x")])
def test_without_postgresql_each_says_how_to_get_it(it: Branches, db: InvokeRunner, command: tuple[str, ...]) -> None:
    ran = db(*command, PYBUILDKIT_POSTGRES=str(it.root))
    assert ran.exit_code == 42
    assert 'pip install "invoke-buildkit[postgres]"' in ran.stderr
    assert development.running(it.root) is None


# ------------------------------------------------------------------ stop


def test_stop_stops_and_says_if_there_was_nothing(it: Branches, db: InvokeRunner) -> None:
    it.migrate(ONE)
    it.note("kept")
    port = it.server.port
    assert db("stop").stdout == f"stopped the development PostgreSQL at 127.0.0.1:{port}\n"
    assert development.running(it.root) is None
    assert db("stop").stdout == "no development PostgreSQL runs for this project\n"
    it.migrate(ONE)
    assert it.notes() == ["kept"]


def test_a_server_in_use_by_a_loop_is_stopped_by_force_alone(it: Branches, db: InvokeRunner) -> None:
    use = Use(it.root)
    use.begin()
    it.migrate(ONE)
    ran = db("stop")
    assert ran.exit_code == 42
    assert f"the development server is in use by process {os.getpid()}" in ran.stderr
    assert "Ctrl-C" in ran.stderr
    assert development.running(it.root) is not None
    assert "stopped" in db("stop", "--force").stdout
    assert not use.end()


# ------------------------------------------------------------------ reset


def test_reset_makes_the_database_anew_under_its_name(it: Branches, db: InvokeRunner) -> None:
    it.migrate(ONE)
    it.note("of main")
    it.migrate(ONE, TWO)
    it.note("of the branch")
    name = it.name
    assert table(db("reset", "--dry-run", "--json")) == {name: "would be removed"}
    assert it.notes() == ["of main", "of the branch"]
    with contextlib.closing(psycopg.connect(it.url)) as service:
        service.execute("SELECT 1")
        ran = db("reset")
    assert ran.stdout.splitlines() == [f"database {name}: removed, at two", f"database {name}: made, at two"]
    assert it.notes() == []
    it.migrate(ONE, TWO)
    assert it.name == name
    it.migrate(ONE)
    assert it.notes() == ["of main"]


def test_a_reset_whose_revisions_fail_leaves_the_old_database(it: Branches, db: InvokeRunner) -> None:
    it.migrate(ONE)
    it.note("kept")
    # the same to a database that is at head, and impossible for an empty one
    env = it.root / "migrations/env.py"
    env.write_text(env.read_text() + "\nif context.get_x_argument() is None: raise SystemExit\n")
    env.write_text("import nothing_of_this_name\n")
    ran = db("reset")
    assert ran.exit_code == 40
    assert "nothing_of_this_name" in ran.stderr
    assert it.notes() == ["kept"]


def test_reset_all_leaves_snapshots_alone(it: Branches, db: InvokeRunner) -> None:
    it.migrate(ONE)
    it.note("kept")
    assert db("snapshot", "mine").exit_code == 0
    it.migrate(ONE, TWO)
    feature = it.name
    assert table(db("reset", "--all", "--json")) == {"dev": "removed", feature: "removed"}
    assert [name.partition("_")[0] for name in it.databases()] == ["snapshot"]
    assert db("restore", "mine").exit_code == 0
    it.migrate()
    assert it.notes() == ["kept"]
    assert it.run("SELECT version_num FROM alembic_version") == [("two",)]


# ------------------------------------------------------------------ snapshots


def test_a_snapshot_is_restored_as_it_was(it: Branches, db: InvokeRunner) -> None:
    it.migrate(ONE)
    it.note("before")
    assert db("snapshot", "Before the import!").stdout == "snapshot Before the import!: kept, at one\n"
    it.note("imported")
    ran = db("restore", "Before the import!")
    assert ran.stdout.startswith("snapshot Before the import!: restored, into dev: as it was 2")
    assert it.notes() == ["before"]
    assert table(db("snapshot", "--list", "--json")) == {"Before the import!": "kept"}


def test_an_older_snapshot_is_migrated_when_it_is_restored(it: Branches, db: InvokeRunner) -> None:
    it.migrate(ONE)
    it.note("early")
    db("snapshot", "early")
    it.migrate(ONE, TWO)
    it.note("late")
    assert db("restore", "early").exit_code == 0
    assert it.notes() == ["early"]
    assert it.run("SELECT version_num FROM alembic_version") == [("two",)]


def test_a_name_is_taken_once_unless_it_is_to_be_replaced(it: Branches, db: InvokeRunner) -> None:
    it.migrate(ONE)
    db("snapshot", "mine")
    it.note("later")
    again = db("snapshot", "mine")
    assert again.exit_code == 2
    assert "there is a snapshot mine already" in again.stderr
    assert "--replace" in again.stderr
    assert db("snapshot", "mine", "--replace").exit_code == 0
    it.note("too late")
    db("restore", "mine")
    assert it.notes() == ["later"]
    assert table(db("snapshot", "mine", "--delete", "--json")) == {"mine": "deleted"}
    assert db("snapshot", "--list").stdout == "there is no snapshot\n"
    assert it.databases() == {"dev"}


def test_a_snapshot_that_is_not_there_is_named_with_those_that_are(it: Branches, db: InvokeRunner) -> None:
    it.migrate(ONE)
    for command in (("restore", "x"), ("snapshot", "x", "--delete"), ("restore", "x", "--dry-run")):
        ran = db(*command)
        assert ran.exit_code == 2
        assert "there is no snapshot x" in ran.stderr
    db("snapshot", "mine")
    assert "there are: mine" in db("restore", "x").stderr


def test_a_snapshot_of_another_branch_is_refused(it: Branches, db: InvokeRunner) -> None:
    it.migrate(ONE, TWO)
    db("snapshot", "feature")
    it.migrate(ONE)
    it.note("kept")
    ran = db("restore", "feature")
    assert ran.exit_code == 43
    assert "snapshot feature is at revision two, and the code has no two" in ran.stderr
    assert "switch to the branch" in ran.stderr
    it.check_out(revision("one", None, "CREATE TABLE t_one (note text, more text)"))
    edited = db("restore", "feature")
    assert edited.exit_code == 43
    it.check_out(revision("one", None, "CREATE TABLE t_one (note text, more text)"), TWO)
    edited = db("restore", "feature")
    assert edited.exit_code == 44
    assert "was made before one was edited" in edited.stderr
    it.migrate(ONE)
    assert it.notes() == ["kept"]


# ------------------------------------------------------------------ revision

MODELS = """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase): ...

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
"""


@pytest.fixture
def modelled(it: Branches) -> Branches:
    """The project with a model, and no revision yet."""
    repository = Path(__file__).parents[2]
    for name in ("env.py", "script.py.mako"):
        shutil.copy(repository / "migrations" / name, it.root / "migrations" / name)
    (it.root / "src/svc/models.py").write_text(MODELS)
    settings = it.root / "pyproject.toml"
    more = 'prepend_sys_path = ["src"]\nmetadata = "svc.models:Base.metadata"\n'
    settings.write_text(settings.read_text() + more)
    it.check_out()
    return it


def test_a_revision_is_written_from_the_models_and_then_nothing_differs(modelled: Branches, db: InvokeRunner) -> None:
    ran = db("revision", "-m", "make orders", "--json")
    ((file, result),) = table(ran).items()
    assert result == "written"
    text = (modelled.root / file).read_text()
    assert file.endswith("_make_orders.py")
    assert "op.create_table('orders'" in text
    assert "down_revision: str | None = None" in text or "down_revision = None" in text

    modelled.migrate()
    assert modelled.run("SELECT to_regclass('orders')::text") == [("orders",)]
    nothing = db("revision", "-m", "again")
    assert (nothing.exit_code, len([*(modelled.root / "migrations/versions").glob("*.py")])) == (0, 1)
    assert "the models are as at head" in nothing.stdout
    assert "_empty.py" in db("revision", "-m", "empty", "--empty").stdout


def test_a_revision_follows_head_even_if_the_database_was_behind(modelled: Branches, db: InvokeRunner) -> None:
    db("revision", "-m", "make orders")
    models = modelled.root / "src/svc/models.py"
    models.write_text(f"{MODELS}    total: Mapped[int] = mapped_column()\n")
    ran = db("revision", "-m", "add total")
    assert ran.exit_code == 0, ran.stderr
    text = (modelled.root / ran.stdout.strip()).read_text()
    assert "op.add_column('orders'" in text
    assert "create_table" not in text


SLOWLY = '[[tool.alembic.post_write_hooks]]\nname = "slowly"\ntype = "exec"\nexecutable = "sleep"\noptions = "2"\n'
CLONED = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


def test_a_revision_is_written_although_a_loop_clones_its_database(modelled: Branches, db: InvokeRunner) -> None:
    """`invoke dev` sees the new file while Alembic formats it, and ends the sessions of what it clones."""
    settings = modelled.root / "pyproject.toml"
    settings.write_text(f"{settings.read_text()}{SLOWLY}")
    name = db("url").stdout.strip().rpartition("/")[2]
    ended: list[object] = []

    def clone() -> None:
        until(lambda: [*(modelled.root / "migrations/versions").glob("*.py")], 60)
        with psycopg.connect(modelled.server.url_of("postgres"), autocommit=True) as connection:
            ended.extend(connection.execute(CLONED, (name,)))

    loop = threading.Thread(target=clone)
    loop.start()
    ran = db("revision", "-m", "make orders")
    loop.join(60)
    assert ended, "its own session was there"
    assert ran.exit_code == 0, ran.stderr
    assert ran.stdout.strip().endswith("_make_orders.py")


def test_a_revision_that_cannot_be_written_says_why(modelled: Branches, db: InvokeRunner) -> None:
    assert db("revision", "-m", " ").exit_code == 2
    (modelled.root / "src/svc/models.py").write_text("import nothing_of_this_name\n")
    ran = db("revision", "-m", "x")
    assert ran.exit_code == 40
    assert "no revision was written: " in ran.stderr
    assert "nothing_of_this_name" in ran.stderr
    settings = modelled.root / "pyproject.toml"
    settings.write_text(settings.read_text().replace('metadata = "svc', '#"svc'))
    ran = db("revision", "-m", "x")
    assert ran.exit_code == 2
    assert "nothing names the models" in ran.stderr
    assert [*(modelled.root / "migrations/versions").glob("*.py")] == []
