"""Reads env.py without running it: the version table that it names, and whether the text shows all that it does.

Nearly every start of a service finds its database at head, and one SELECT shows that if the version table is known. For
an env.py like those that `alembic init` writes, the text names it. An env.py that does more (settings of its own, a
search path, tenants, a table with a computed name) is left to the child, which sees what really happens: `plain` is
False as soon as the text holds anything that is not known here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from buildkit.core.syntax import tree_of
from buildkit.doors import reading
from buildkit.errors import ConfigurationError
from buildkit.migrate.settings import VERSION_TABLE, MigrationSettings

_KNOWN = frozenset({"__future__", "alembic", "asyncio", "importlib", "logging", "os", "pathlib", "sys", "typing"})
_CALLS = frozenset(
    # Alembic's
    {"configure", "begin_transaction", "run_migrations", "is_offline_mode", "get_main_option", "get_section"}
    | {"get_alembic_option", "set_main_option", "has_section", "fileConfig", "getLogger", "basicConfig"}
    # SQLAlchemy's
    | {"engine_from_config", "async_engine_from_config", "create_engine", "create_async_engine", "connect", "begin"}
    | {"dispose", "run_sync", "run", "MetaData"}
    # of texts, names and paths
    | {"partition", "replace", "startswith", "getenv", "get", "import_module", "getattr", "SystemExit", "str", "Path"}
    | {"insert", "append", "resolve", "dirname", "abspath", "split", "join"}
)
_OPTIONS = frozenset(
    {"connection", "url", "target_metadata", "literal_binds", "dialect_opts", "transaction_per_migration"}
    | {"compare_type", "compare_server_default", "include_object", "include_name", "include_schemas", "render_item"}
    | {"render_as_batch", "process_revision_directives", "user_module_prefix", "version_table", "version_table_schema"}
    | {"version_table_pk", "prefix", "poolclass", "future", "echo", "pool_pre_ping", "encoding", "dotall"}
    | {"disable_existing_loggers", "paramstyle", "level"}
)
_OPTION_CALLS = frozenset({"get_main_option", "set_main_option", "get_alembic_option"})
_OPTION_NAMES = frozenset({"sqlalchemy.url", "metadata"})
_ONCE = frozenset({"run", "run_sync", "run_until_complete"})
"""Functions that call the function passed to them once."""
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_ADDRESS = re.compile(r"://\S|search_path|\bset\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class EnvText:
    """What is known about an env.py from its text.

    Args:
        version_table: the version table's name; Alembic's default if the text gives none that can be read.
        version_schema: its schema; empty for the first of the search path.
        plain: whether all that it does is to migrate the database of `sqlalchemy.url` or of the variable, once.
        several: whether it may run the revisions more than once.
        models: whether it may give Alembic the models' metadata.
    """

    version_table: str
    version_schema: str
    plain: bool
    several: bool
    models: bool = True


def of_project(settings: MigrationSettings) -> EnvText:
    """Return what the text of a project's env.py shows; never `plain` if it runs within an application."""
    found = read(settings.script_location / "env.py", settings.url_env)
    return replace(found, plain=found.plain and not settings.app)


def read(file: Path, variable: str = "DATABASE_URL") -> EnvText:
    """Return what the text of an env.py shows.

    Args:
        file: the env.py.
        variable: the environment variable that names the database.

    Raises:
        ConfigurationError: the file is not valid Python, or cannot be read.
    """
    try:
        tree = tree_of(reading.read(file, most=reading.TEXT), str(file))
    except OSError as error:
        raise ConfigurationError(
            f"{file}: {error.strerror}", hint="Alembic needs it; in an image, build that anew with `invoke image`"
        ) from None
    except SyntaxError as error:
        raise ConfigurationError(f"{file}:{error.lineno or 1}: {error.msg}", hint="mend the file") from None
    reader = _Reader(tree, variable)
    table, schema = reader.text("version_table"), reader.text("version_table_schema")
    try:
        several = reader.several()
    except RecursionError:  # too deep to be followed: the child sees what it does
        several = True
    known = table is not None and schema is not None
    plain = known and not several and reader.known()
    return EnvText(table or VERSION_TABLE, schema or "", plain, several, reader.models())


class _Reader:
    def __init__(self, tree: ast.Module, variable: str) -> None:
        self._tree = tree
        self._variable = variable
        self._functions = {
            node.name: node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        }
        self._constants = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def text(self, name: str) -> str | None:
        """Return an option's value in the calls of `configure`: empty if they give none, None if it is not known."""
        found: set[str | None] = set()
        configures = [call for call in self._calls() if _called(call) == "configure"]
        for call in configures:
            values = [keyword.value for keyword in call.keywords if keyword.arg == name]
            found.add(self._constant(values[0]) if values else "")
        return found.pop() if len(found) == 1 else None if found else ""

    def models(self) -> bool:
        """Whether anything but None may be given as the models' metadata."""
        configures = [call for call in self._calls() if _called(call) == "configure"]
        given = [each for call in configures for each in call.keywords if each.arg in {None, "target_metadata"}]
        return not configures or not all(each.arg and self._is_none(each.value) for each in given)

    def _is_none(self, node: ast.expr) -> bool:
        if not isinstance(node, ast.Name):
            return isinstance(node, ast.Constant) and node.value is None
        bound = [each for each in ast.walk(self._tree) if isinstance(each, ast.Assign) and _binds(each, node.id)]
        return bool(bound) and all(isinstance(each.value, ast.Constant) and each.value.value is None for each in bound)

    def several(self) -> bool:
        """Whether the revisions may run more than once: in a loop, by two calls, or where the text does not show."""
        runs = [call for call in self._calls() if _called(call) == "run_migrations"]
        if not 0 < len(runs) <= 2:  # noqa: PLR2004 - with a connection, and without one
            return True
        reaching = {"run_migrations", "configure"}
        while True:
            more = {name for name, node in self._functions.items() if _names(node) & reaching} - reaching
            if not more:
                break
            reaching |= more
        if any(isinstance(node, _LOOPS) and _names(node) & reaching for node in ast.walk(self._tree)):
            return True
        return any(not self._used_once(name) for name in reaching & self._functions.keys())

    def _used_once(self, name: str) -> bool:
        """Whether a function of env.py's own is called in one place, by env.py or by what calls it once."""
        function = self._functions[name]
        inside = set(ast.walk(function))
        uses = [node for node in ast.walk(self._tree) if _is_named(node, name)]
        handed = {
            argument
            for call in self._calls()
            if isinstance(call.func, (ast.Name, ast.Attribute)) and _called(call) in _ONCE
            for argument in call.args
        }
        called = {call.func for call in self._calls()}
        own = not function.decorator_list and not any(node in inside for node in uses)
        return own and _uses(self._tree, name) <= 1 and all(node in called or node in handed for node in uses)

    def known(self) -> bool:
        """Whether the text holds only calls, options and imports that are known here."""
        quiet = set(self._unrun())
        foreign: set[str] = set()
        for node in ast.walk(self._tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                foreign |= _foreign(node)
        for node in ast.walk(self._tree):
            if node in quiet:
                continue
            if isinstance(node, ast.Call) and not self._known_call(node):
                return False
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _ADDRESS.search(node.value):
                return False
            if isinstance(node, ast.Subscript) and _names(node.value) & {"environ"} and not self._ours(node.slice):
                return False
            if isinstance(node, ast.Name) and node.id in foreign:
                return False
        return True

    def _known_call(self, call: ast.Call) -> bool:
        name = _called(call)
        first = call.args[0] if call.args else None
        if name not in _CALLS and name not in self._functions:
            return False
        if name in {"get", "getenv"} and _names(call.func) & {"environ", "getenv"} and not self._ours(first):
            return False
        if any(keyword.arg not in _OPTIONS for keyword in call.keywords):  # None: more of them, in a dict
            return False
        if any(isinstance(argument, ast.Starred) for argument in call.args):
            return False
        if name == "get_section":
            return isinstance(first, ast.Attribute) and first.attr == "config_ini_section"
        return name not in _OPTION_CALLS or (isinstance(first, ast.Constant) and first.value in _OPTION_NAMES)

    def _ours(self, node: ast.AST | None) -> bool:
        return isinstance(node, ast.Constant) and node.value == self._variable

    def _unrun(self) -> Iterator[ast.AST]:
        """Yield the nodes that cannot change the database: docstrings, errors, the models' metadata, filters."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Assign):
                quiet = all(isinstance(each, ast.Name) and "metadata" in each.id for each in node.targets)
            elif isinstance(node, ast.keyword):
                quiet = node.arg == "target_metadata"
            else:
                text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
                quiet = text or isinstance(node, ast.Raise)
            if quiet:
                yield from ast.walk(node)

    def _calls(self) -> list[ast.Call]:
        return [node for node in ast.walk(self._tree) if isinstance(node, ast.Call)]

    def _constant(self, node: ast.expr) -> str | None:
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(node, ast.Name):
            value = self._constants.get(node.id)
        elif isinstance(node, ast.Constant) and value is None:
            return ""
        return value if isinstance(value, str) else None


def _binds(node: ast.Assign, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for target in node.targets for each in ast.walk(target))


def _called(call: ast.Call) -> str:
    function = call.func
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def _is_named(node: ast.AST, name: str) -> bool:
    return (isinstance(node, ast.Name) and node.id == name) or (isinstance(node, ast.Attribute) and node.attr == name)


def _uses(node: ast.AST, name: str) -> int:
    """Return how often a name is used at most in one run; of two branches one is taken."""
    if isinstance(node, ast.If):
        branches = (sum(_uses(each, name) for each in branch) for branch in (node.body, node.orelse))
        return _uses(node.test, name) + max(branches)
    return _is_named(node, name) + sum(_uses(each, name) for each in ast.iter_child_nodes(node))


def _names(node: ast.AST) -> set[str]:
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return names | {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}


def _foreign(node: ast.Import | ast.ImportFrom) -> set[str]:
    """Return the names that come from the project, or from a package that may do anything."""
    if isinstance(node, ast.ImportFrom):
        root = (node.module or ".").partition(".")[0]
        known = not node.level and (root in _KNOWN or root in {"sqlalchemy", "sqlmodel"})
        return set() if known else {alias.asname or alias.name for alias in node.names}
    return {
        (alias.asname or alias.name).partition(".")[0]
        for alias in node.names
        if alias.name.partition(".")[0] not in _KNOWN | {"sqlalchemy", "sqlmodel"}
    }
