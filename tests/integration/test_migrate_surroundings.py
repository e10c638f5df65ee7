"""env.py finds what it finds under `alembic`: driver, path, configuration; and nobody to answer questions."""

from __future__ import annotations

import re
import textwrap
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from migrating import TABLE, Service

from buildkit.db import development

ENVIRONMENT = """
from alembic import context
from sqlalchemy import engine_from_config, pool

config = context.config
{before}
section = config.get_section(config.config_ini_section, {{}})
engine = engine_from_config(section, prefix="sqlalchemy.", poolclass=pool.NullPool)
{after}
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


@pytest.fixture
def service(server: development.Server, tmp_path: Path) -> Service:
    service = Service(tmp_path / "service", server)
    service.chain(TABLE)
    with_environment(service)
    return service


def with_environment(service: Service, before: str = "", after: str = "", ini: str = "prepend_sys_path = .\n") -> None:
    """Give the service an env.py like that of `alembic init`, with something before and after its engine is made."""
    parts = {"before": textwrap.dedent(before), "after": textwrap.dedent(after)}
    (service.root / "migrations" / "env.py").write_text(ENVIRONMENT.format(**parts))
    (service.root / "alembic.ini").write_text(f"[alembic]\nscript_location = migrations\n{ini}")


def applied(service: Service, **given: Any) -> str:
    """Migrate, which has to go well, and return what was said."""
    done = service.migrate(**given)
    assert done.exit_code == 0, done.stderr
    assert service.at == ["0001"]
    return done.stderr


def refused(service: Service, **given: Any) -> str:
    """Migrate, which must not go well, and return what was said; there is no traceback, and no lock is left."""
    start = time.monotonic()
    done = service.migrate(**given)
    assert done.exit_code == 40, done.stderr
    assert "Traceback" not in done.stderr
    assert time.monotonic() - start < 30
    assert not service.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'")
    return done.stderr


def test_a_project_may_have_folders_and_modules_named_as_those_of_others(service: Service) -> None:
    for name in ("types", "token", "select", "email", "json", "queue"):
        (service.root / f"{name}.py").write_text("raise SystemExit('the project has such a module')\n")
    (service.root / "alembic").mkdir()
    (service.root / "alembic" / "__init__.py").write_text("raise SystemExit('the project has an alembic')\n")
    with_environment(service, ini="")
    applied(service)


def test_what_prepend_sys_path_says_comes_first_and_only_then(service: Service) -> None:
    (service.root / "src" / "shop").mkdir(parents=True)
    (service.root / "src" / "shop" / "__init__.py").write_text("NAME = 'shop'\n")
    with_environment(service, "import shop\n", ini="prepend_sys_path = src\n")
    applied(service)


def test_a_module_that_alembic_would_not_find_either_is_refused_with_the_way_out(service: Service) -> None:
    (service.root / "shop.py").write_text("")
    with_environment(service, "import shop\n", ini="")
    words = refused(service)
    assert "No module named 'shop'" in words
    assert "prepend_sys_path = ." in words


def test_where_no_configuration_says_what_is_on_the_path_the_project_is(service: Service) -> None:
    (service.root / "shop.py").write_text("")
    with_environment(service, "import shop\n")
    (service.root / "alembic.ini").unlink()
    applied(service)


def test_env_py_sees_what_alembic_would_have_been_called_with(service: Service) -> None:
    with_environment(
        service,
        """
        import os, sys
        assert os.path.basename(sys.argv[0]) == "alembic", sys.argv
        assert sys.argv[1:] == ["upgrade", "head"], sys.argv
        assert os.getcwd() == os.path.dirname(config.config_file_name)
        assert context.get_x_argument() == [] and context.get_x_argument(as_dictionary=True) == {}
        assert not getattr(config.cmd_opts, "autogenerate", False)
        assert config.cmd_opts.x is None and config.cmd_opts.revision == "head" and not config.cmd_opts.sql
        assert config.attributes.get("connection") is None
        assert config.config_ini_section == "alembic" and config.get_main_option("of_ours") == "50%"
        """,
        ini="prepend_sys_path = .\nof_ours = 50%%\n",
    )
    applied(service)


def test_what_env_py_prints_and_logs_is_shown_and_disturbs_nothing(service: Service) -> None:
    logging = (
        "[loggers]\nkeys = root\n[handlers]\nkeys = out\n[formatters]\nkeys = words\n[logger_root]\nlevel = INFO\n"
    )
    logging += "handlers = out\n[handler_out]\nclass = StreamHandler\nargs = (sys.stdout,)\nformatter = words\n"
    logging += "[formatter_words]\nformat = %(levelname)s says %(message)s\n"
    with_environment(
        service,
        """
        import logging, os
        from logging.config import fileConfig
        fileConfig(config.config_file_name)
        print('{"event": "done"}', flush=True)
        os.write(1, b'\\xff\\xfe not text\\n')
        config.print_stdout("told by alembic")
        logging.getLogger("ours").info("hello")
        """,
        ini=logging,
    )
    said = applied(service)
    for words in ('{"event": "done"}', "not text", "told by alembic", "INFO says hello"):
        assert words in said


def test_a_process_that_a_revision_leaves_behind_is_not_waited_for(service: Service) -> None:
    service.chain(f"{TABLE}; import subprocess; subprocess.Popen(['sleep', '120'])")
    start = time.monotonic()
    assert "migrated to head 0001" in applied(service)
    assert time.monotonic() - start < 60, "it holds the output open, and the lock is not held for it"


@pytest.mark.parametrize(
    "question", ["input('Production? ')", "__import__('getpass').getpass()", "open('/dev/tty').readline()"]
)
def test_a_question_is_an_error_at_once_and_the_lock_is_free(service: Service, question: str) -> None:
    with_environment(service, f"import warnings; warnings.simplefilter('ignore')\n{question}\n")
    words = refused(service)
    assert "env.py" in words
    if "tty" not in question:
        assert "nobody is there to answer" in words


def test_an_option_that_only_env_py_fills_is_read_by_nobody_else(service: Service) -> None:
    with_environment(
        service,
        "config.set_section_option('alembic', 'WHO', 'ann')\nassert config.get_main_option('greeting') == 'to ann'\n",
        ini="prepend_sys_path = .\ngreeting = to %(WHO)s\nsqlalchemy.url = postgresql://%(WHO)s:p%40ss@h/d\n",
    )
    applied(service)


@pytest.mark.parametrize(
    ("mark", "text"),
    [
        (b"\xef\xbb\xbf", "utf-8"),
        (b"# -*- coding: latin-1 -*-\n", "latin-1"),
        (b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n", "cp1252"),
    ],
)
def test_revisions_are_read_as_python_reads_them(service: Service, mark: bytes, text: str) -> None:
    file = next(service.versions.glob("*.py"))
    file.write_bytes(mark + file.read_text().replace("Revision 0001.", "Créée.").encode(text))
    assert "Créée." in applied(service)


def test_a_revision_that_computes_what_it_is_is_asked(service: Service) -> None:
    (service.root / "names.py").write_text("FIRST = '0001'\n")
    (service.versions / "second.py").write_text(
        "from names import FIRST\nfrom pathlib import Path\n"
        "revision = Path(__file__).stem\ndown_revision = FIRST\ndef upgrade(): pass\n"
    )
    done = service.migrate()
    assert done.exit_code == 0, done.stderr
    assert service.at == ["second"]


def test_a_revision_that_cannot_be_run_is_named(service: Service) -> None:
    (service.versions / "second.py").write_text(
        "from nowhere import FIRST\nrevision = 'second'\ndown_revision = FIRST\ndef upgrade(): pass\n"
    )
    done = service.migrate()
    assert (done.exit_code, "Traceback" in done.stderr) == (41, False), done.stderr
    assert "No module named 'nowhere'" in done.stderr
    assert "`down_revision` is not written out" in done.stderr


@pytest.mark.parametrize("how", ["url", "arguments", "event"])
def test_limits_that_the_user_gives_win(service: Service, how: str) -> None:
    show = """
    from sqlalchemy import event, text
    with engine.connect() as connection:
        print("limit", connection.execute(text("SHOW lock_timeout")).scalar_one())
        print("other", connection.execute(text("SHOW statement_timeout")).scalar_one())
    """
    url = service.url
    if how == "url":
        url += "?options=" + quote("-c lock_timeout=77s")
        with_environment(service, after=show)
    elif how == "arguments":
        give = "from sqlalchemy import create_engine\n"
        give += "engine = create_engine(engine.url, connect_args={'options': '-c lock_timeout=77s'})\n"
        with_environment(service, after=give + textwrap.dedent(show))
    else:
        give = "from sqlalchemy import event\n@event.listens_for(engine, 'connect')\ndef limit(connection, record):\n"
        give += "    connection.cursor().execute(\"SET lock_timeout = '77s'\")\n    connection.commit()\n"
        with_environment(service, after=give + textwrap.dedent(show))
    said = applied(service, url=url, statement_timeout=33.0)
    assert "limit 77s" in said
    assert "other 33s" in said


def test_ours_hold_where_the_user_gives_none(service: Service) -> None:
    with_environment(
        service,
        after="from sqlalchemy import text\n"
        "with engine.connect() as c: print(c.execute(text('SHOW lock_timeout')).scalar())\n",
    )
    assert re.search("^9s$", applied(service, lock_timeout=9.0), re.MULTILINE)


@pytest.mark.parametrize("password", ["done", "true", "0000", 'geheimß"x', "a%b'c", "xy"])
def test_a_password_is_never_shown_and_breaks_nothing(service: Service, password: str) -> None:
    with service.session() as connection:
        connection.execute(f"ALTER ROLE {service.name} PASSWORD '{password.replace(chr(39), chr(39) * 2)}'")
    service.PASSWORD = "no such text at all"  # that of the role is another one now
    url = service.url_with(password=password)
    show = f"import json; print('start', {password!r}, json.dumps({password!r}))\n"
    show += "print(config.get_main_option('sqlalchemy.url'))\n"
    with_environment(service, show + f"raise RuntimeError('cannot use ' + {url!r} + {password!r})\n")
    done = service.migrate(url=url)
    assert done.exit_code == 40, done.stderr
    assert "cannot use postgresql://" in done.stderr
    for word in {password, quote(password, safe=""), password.replace('"', '\\"')}:
        assert not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", done.stderr.replace("SystemExit", "")), done.stderr
    with_environment(service, show)
    done = service.migrate(url=url)
    assert done.exit_code == 0, done.stderr
    assert "applied 0001" in done.stderr
