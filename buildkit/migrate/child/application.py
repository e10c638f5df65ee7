"""Finds the application whose context a project's env.py needs, and the Alembic configuration that it may carry.

Flask-Migrate's env.py asks `current_app` for the database; advanced-alchemy's asks the configuration that its own
commands make in code. What is found is recognized by its attributes, so that no package is imported only for the check.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alembic.config import Config

_NAMES = ("app", "application", "create_app", "make_app")


class NoApplication(Exception):  # noqa: N818 - a fact; the supervisor words it
    """The setting `migrate.app` names no usable application."""


def load(name: str) -> Any:  # noqa: ANN401 - whatever the project put there
    """Return the application that `name` refers to.

    It is written as `module:attribute`, `module:factory`, `module:factory("argument")`, or as a module alone.

    Raises:
        NoApplication: there is no such module or attribute.
    """
    module, colon, expression = name.partition(":")
    try:
        place = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and module != error.name and not module.startswith(f"{error.name}."):
            raise
        raise NoApplication(f"there is no module {error.name!r}") from None
    if not colon:
        expression = next((each for each in _NAMES if hasattr(place, each)), "")
    found = _evaluated(place, expression, name)
    if inspect.isroutine(found) or inspect.isclass(found):
        found = found()
    return found


def _evaluated(place: Any, expression: str, name: str) -> Any:  # noqa: ANN401
    try:
        node: ast.expr = ast.parse(expression.strip(), mode="eval").body
    except SyntaxError:
        raise NoApplication(f"{name!r} is not written as module:attribute") from None
    arguments: list[Any] = []
    options: dict[str, Any] = {}
    called = isinstance(node, ast.Call)
    try:
        if isinstance(node, ast.Call):
            arguments = [ast.literal_eval(each) for each in node.args]
            options = {each.arg: ast.literal_eval(each.value) for each in node.keywords if each.arg}
            node = node.func
    except ValueError:
        raise NoApplication(f"{name!r}: its arguments are not written out") from None
    found = place
    for part in ast.unparse(node).split("."):
        if not hasattr(found, part):
            raise NoApplication(f"there is no {part!r} in {name!r}")
        found = getattr(found, part)
    return found(*arguments, **options) if called else found


@contextlib.contextmanager
def around(found: Any) -> Iterator[None]:  # noqa: ANN401
    """Enter the context of the application, if it has one, for the block."""
    context = getattr(found, "app_context", None)
    if not callable(context):
        yield
        return
    entered = context()
    if not hasattr(entered, "__enter__"):
        raise NoApplication("its application context is asynchronous, which Alembic's env.py cannot be run in")
    with entered:
        yield


def configuration(found: Any) -> Config | None:  # noqa: ANN401
    """Return the Alembic configuration that the application or its extensions have made in code, or None.

    Raises:
        NoApplication: there are several, and none is named.
    """
    made = list(_configurations(found))
    if len(made) > 1:
        raise NoApplication(f"it configures Alembic {len(made)} times; name one of the configurations instead")
    return made[0]() if made else None


def _configurations(found: Any) -> Iterator[Any]:  # noqa: ANN401 - gives what makes a configuration, when it is called
    from alembic.config import Config  # noqa: PLC0415 - in the child alone

    if isinstance(found, Config):
        yield lambda: found
    elif isinstance(getattr(found, "config", None), Config):
        yield lambda: found.config
    elif hasattr(found, "alembic_config") and hasattr(found, "get_engine"):  # advanced-alchemy's
        yield lambda: _commands(found).config
    elif isinstance(found, Sequence) and not isinstance(found, (str, bytes)):
        for each in found:
            yield from _configurations(each)
    elif callable(getattr(getattr(found, "migrate", None), "get_config", None)):  # Flask-Migrate's
        yield found.migrate.get_config
    else:
        yield from _inside(found)


def _inside(found: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield the configurations inside an application: Flask's extensions, Litestar's plugins, a plugin's own."""
    extensions = getattr(found, "extensions", None)
    plugins = getattr(found, "plugins", None)
    inner = getattr(found, "config", None) if _is_plugin(found) else None
    seen: list[Any] = []
    for each in (
        *(extensions.values() if isinstance(extensions, dict) else ()),
        *(plugins if plugins is not None and hasattr(plugins, "__iter__") else ()),
    ):
        if not (_is_plugin(each) or hasattr(each, "migrate")):
            continue
        key = getattr(each, "config", each)
        if not any(key is other or key == other for other in seen):
            seen.append(key)
            yield from _configurations(each)
    if inner is not None:
        yield from _configurations(inner)


def _is_plugin(found: Any) -> bool:  # noqa: ANN401
    """Whether it is one of advanced-alchemy's plugins or extensions, which have their configurations in `config`."""
    config = getattr(found, "config", None)
    first = config[0] if isinstance(config, (list, tuple)) and config else config
    return hasattr(first, "alembic_config") and hasattr(first, "get_engine")


def _commands(found: Any) -> Any:  # noqa: ANN401
    return importlib.import_module("advanced_alchemy.alembic.commands").AlembicCommands(found)
