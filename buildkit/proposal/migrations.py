"""Where a project keeps Alembic's revisions, and what must be said so that they run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from buildkit.proposal.look import Look, module_of

_ENV = "env.py"
_INI = "alembic.ini"
_URL = re.compile(r"(?:[A-Z0-9_]*_)?(?:DATABASE|DB|SQLALCHEMY|POSTGRES(?:QL)?|PG)_(?:[A-Z0-9_]*_)?(?:URL|URI|DSN)")
_LOCATION = re.compile(r"^script_location\s*=\s*([^\s:]+)\s*$", re.MULTILINE)
_PART = re.compile(r"(?:DATABASE|DB|POSTGRES(?:QL)?|PG)_?(?:SERVER|HOST|ADDRESS|USER|USERNAME|PASSWORD|NAME|DB|PORT)")
_FEWEST_PARTS = 3
_USUAL_URL = "DATABASE_URL"
_READS = frozenset({"environ.get", "getenv", "environ", "config", "env", "env.str", "os.environ.get", "os.getenv"})


@dataclass(frozen=True, slots=True)
class Migrations:
    """The revisions of a project.

    Args:
        place: the file by which they were found: Alembic's ini file, or env.py.
        config: the ini file to name; empty where it is found anyway.
        metadata: the models' metadata as `module:attribute`; empty if env.py does not say it plainly.
        metadata_place: where env.py says it.
        wants_application: what in env.py asks for an application's context, or why it configures in code; empty if not.
        url_variable: the variable that names the database, where it is another than `DATABASE_URL`.
        url_place: where it is read.
        elsewhere: what `script_location` says, where that counts from another folder than the project's: Alembic would
            not find it, so that none of the others is said; empty if it is well.
    """

    place: str
    config: str = ""
    metadata: str = ""
    metadata_place: str = ""
    wants_application: str = ""
    url_variable: str = ""
    url_place: str = ""
    elsewhere: str = ""


def migrations_of(look: Look, source_root: str) -> Migrations | None:
    """Return the revisions of a project, None if it has none."""
    env = next(iter(sorted(_environments(look), key=lambda name: (name.count("/"), name))), "")
    ini = _ini(look, env)
    if not env and not look.table("tool", "alembic"):
        return None
    found_anyway = _INI in look.names or bool(look.table("tool", "alembic")) or env == f"migrations/{_ENV}"
    location = _LOCATION.search(look.texts.get(ini, ""))
    if not found_anyway and location and "%(here)s" not in location[1] and f"{location[1]}/{_ENV}" not in look.names:
        return Migrations(place=ini, elsewhere=location[1])
    metadata, line = _metadata(look, env, source_root)
    variable, place = _url_variable(look)
    return Migrations(
        place=ini or env or "pyproject.toml",
        config="" if found_anyway else ini,
        metadata=metadata,
        metadata_place=f"{env}:{line}" if metadata else "",
        wants_application=_wants_application(look, env),
        url_variable=variable,
        url_place=place,
    )


def _environments(look: Look) -> Iterator[str]:
    for name, text in look.texts.items():
        folders = name.split("/")[:-1]
        if name.endswith(f"/{_ENV}") and "alembic" in text and "context" in text and not {"tests", "docs"} & {*folders}:
            yield name


def _ini(look: Look, env: str) -> str:
    """Return the ini file of Alembic that goes with an env.py: the one in its folder, or in one above."""
    folder = env.rpartition("/")[0]
    while True:
        name = f"{folder}/{_INI}" if folder else _INI
        if name in look.names:
            return name
        if not folder:
            return ""
        folder = folder.rpartition("/")[0]


def _wants_application(look: Look, env: str) -> str:
    text = look.texts.get(env, "")
    for number, line in enumerate(text.splitlines(), 1):
        if "current_app" in line:
            return f"{env}:{number} asks for current_app"
        if "advanced_alchemy" in line:
            return f"{env}:{number} is advanced-alchemy's"
    return ""


def _metadata(look: Look, env: str, source_root: str) -> tuple[str, int]:
    """Return what env.py binds `target_metadata` to, as `module:attribute`, and the line; empty if it is not plain."""
    tree = look.trees.get(env)
    known: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            known.update({each.asname or each.name: (node.module, each.name) for each in node.names})
        elif isinstance(node, ast.Import):
            known.update({each.asname: (each.name, "") for each in node.names if each.asname})
    own = {module_of(name, source_root) for name in look.trees}
    for node in tree.body if tree is not None else ():
        if not isinstance(node, ast.Assign) or not any(
            isinstance(each, ast.Name) and each.id == "target_metadata" for each in node.targets
        ):
            continue
        names = ast.unparse(node.value).split(".")
        if names[0] in known and all(name.isidentifier() for name in names):
            module, first = known[names[0]]
            if f"{module}.{first}" in own:
                module, first = f"{module}.{first}", ""
            attribute = ".".join([*([first] if first else []), *names[1:]])
            if module in own and attribute:
                return f"{module}:{attribute}", node.lineno
    return "", 0


def _url_variable(look: Look) -> tuple[str, str]:
    """Return the variable by which the service is told its database, where that is another than the usual one."""
    found: dict[str, str] = {}
    for file, tree in look.trees.items():
        if {"tests", "test"} & {*file.split("/")}:
            continue
        for node in ast.walk(tree):
            name = _variable(node)
            if name and _URL.fullmatch(name):
                found.setdefault(name, f"{file}:{getattr(node, 'lineno', 1)}")
    if not found or _USUAL_URL in found or len(found) > 1:
        return "", ""
    return next(iter(found.items()))


def database_parts(look: Look) -> list[str]:
    """Return the variables by which a service is told its database in parts; none where it reads an address too."""
    found = set()
    for file, tree in look.trees.items():
        if not {"tests", "test"} & {*file.split("/")}:
            for node in ast.walk(tree):
                found |= {name for name in _variables(node) if _URL.fullmatch(name) or _PART.fullmatch(name)}
    parts = sorted(name for name in found if _PART.fullmatch(name))
    return parts if len(parts) >= _FEWEST_PARTS and not any(map(_URL.fullmatch, found)) else []


def _variables(node: ast.AST) -> list[str]:
    """Return the variables that an expression, or the fields of a class of settings, read."""
    if isinstance(node, ast.ClassDef) and any("Settings" in ast.unparse(base) for base in node.bases):
        fields = (each.target for each in node.body if isinstance(each, ast.AnnAssign))
        return [each.id.upper() for each in fields if isinstance(each, ast.Name)]
    return [_variable(node)]


def _variable(node: ast.AST) -> str:
    """Return the variable of the environment that an expression reads; empty for all else."""
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) in {"os.environ", "environ"}:
        key: ast.expr | None = node.slice
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in _READS:
        key = node.args[0] if node.args else None
    elif isinstance(node, ast.ClassDef) and any("BaseSettings" in ast.unparse(base) for base in node.bases):
        fields = (each.target for each in node.body if isinstance(each, ast.AnnAssign))
        names = (each.id.upper() for each in fields if isinstance(each, ast.Name))
        return next((name for name in names if _URL.fullmatch(name)), "")
    else:
        return ""
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
