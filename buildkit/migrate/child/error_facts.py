"""Turns errors and differences into one line, a SQLSTATE or a hint."""

from __future__ import annotations

import os
import re
import traceback
from pathlib import Path
from typing import Any

from buildkit.migrate.child.application import NoApplication
from buildkit.migrate.settings import MigrationSettings

_APP = "let `app` name the application whose context env.py needs"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message; if that is one word, with the name of the error's class.

    If SQLAlchemy wraps a driver's error, that error counts. `KeyError: 'NAME'` says what only the name would not.
    """
    origin = getattr(error, "orig", None) or error
    line = str(origin).strip().partition("\n")[0]
    kind = type(origin).__name__
    return line if " " in line else f"{kind}: {line}" if line else kind


def sqlstate(error: BaseException) -> str:
    """Return the server's SQLSTATE from any driver's error; empty if there is none."""
    origin = getattr(error, "orig", None) or error
    return getattr(origin, "sqlstate", None) or getattr(origin, "pgcode", None) or ""


def hint(error: BaseException, settings: MigrationSettings) -> str:
    """Return a hint for a known kind of error; empty for others."""
    own = getattr(error, "hint", None)
    if isinstance(own, str):
        return own
    return next((words for words in (each(error, settings) for each in _KNOWN) if words), "")


def _of_application(error: BaseException, settings: MigrationSettings) -> str:
    if isinstance(error, NoApplication):
        return f'{_APP}, or what configures Alembic in code; it says "{settings.app}"'
    if isinstance(error, RuntimeError) and "Working outside of application context" in str(error):
        return f'{_APP}:\n[tool.buildkit.migrate]\napp = "package.module:create_app"'
    return ""


def _of_drivers(error: BaseException, _: MigrationSettings) -> str:
    if isinstance(error, TypeError) and re.search(r"connect\(\) got an unexpected keyword argument 'ssl", str(error)):
        return (
            "asyncpg does not know it: for TLS, write ?ssl=require or ?ssl=verify-full, and name the certificate of "
            "the authority by PGSSLROOTCERT"
        )
    return ""


def _of_surroundings(error: BaseException, settings: MigrationSettings) -> str:
    if isinstance(error, EOFError) or type(error).__name__ == "Abort":  # that of click, for its own questions
        return "it asks a question, and nobody is there to answer: take what it asks for from the environment"
    if isinstance(error, AttributeError) and "get_alembic_option" in str(error):
        return "this env.py needs Alembic 1.16 or a later one: alembic>=1.16"
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _missing(error.name, settings)
    if _in_logging(error) and settings.ini is None:
        return (
            "env.py reads the settings of logging from an ini file, and there is none: name it with "
            "[tool.buildkit.migrate] config, or write `if config.config_file_name is not None:` before fileConfig"
        )
    return ""


_KNOWN = (_of_application, _of_drivers, _of_surroundings)


def _missing(name: str, settings: MigrationSettings) -> str:
    top = name.partition(".")[0]
    if top in {"psycopg2", "psycopg", "asyncpg"}:
        return f"install {top}, or name in {settings.url_env} a driver that is there, as in postgresql+psycopg://"
    places = [place for place in (settings.root, settings.root / "src") if _has(place, top)]
    if places:
        folder = os.path.relpath(places[0], settings.root)
        setting = f"prepend_sys_path = {folder}" if settings.ini else f'prepend_sys_path = ["{folder}"]'
        where = f"[alembic] of {settings.ini.name}" if settings.ini else "[tool.alembic] of pyproject.toml"
        return f"it lies in {folder}, which `alembic` does not look into either: write into {where}\n{setting}"
    return ""


def _has(place: Path, name: str) -> bool:
    return (place / name).is_dir() or (place / f"{name}.py").is_file()


def _in_logging(error: BaseException) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and any("logging" in frame.filename and frame.name == "fileConfig" for frame in frames)


def described(difference: Any) -> str:  # noqa: ANN401 - Alembic's tuples, or lists of them
    """Return one difference between models and database as a text, with types in PostgreSQL's notation."""
    if isinstance(difference, list):
        return "; ".join(described(each) for each in difference)
    kind, *rest = difference
    if kind.startswith("modify"):
        schema, table, column, _, old, new = rest
        place = ".".join(filter(None, (schema, table, column)))
        return f"{kind.replace('_', ' ')} {place}: {_written(old)} → {_written(new)}"
    thing = rest[-1]
    names = (getattr(getattr(thing, "table", None), "name", None), getattr(thing, "name", None))
    return f"{kind.replace('_', ' ')} {'.'.join(filter(None, names)) or str(thing)}{_of(thing)}"


def _written(value: Any) -> str:  # noqa: ANN401 - a type, a default, a comment, or none
    from sqlalchemy.dialects.postgresql import dialect  # noqa: PLC0415 - where models differ
    from sqlalchemy.types import TypeEngine  # noqa: PLC0415

    if not isinstance(value, TypeEngine):
        return str(value)
    try:
        return value.compile(dialect=dialect())  # type: ignore[no-untyped-call]
    except Exception:  # noqa: BLE001 - a type of the project that cannot be written alone
        return repr(value)


def _of(thing: Any) -> str:  # noqa: ANN401 - what SQLAlchemy has in a table
    """Return the columns of a key, a constraint or an index, and those that it refers to."""
    names = [getattr(column, "name", None) or str(column) for column in getattr(thing, "columns", None) or ()]
    if not names or hasattr(thing, "primary_key"):  # a table or a column
        return ""
    referred = ", ".join(str(element.target_fullname) for element in getattr(thing, "elements", ()))
    return f" ({', '.join(names)}){' → ' if referred else ''}{referred}"
