"""Finds the applications of a project in its syntax: what is made of a framework's class, and by which function."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from buildkit.proposal.look import Look, module_of

ASGI = frozenset({"fastapi", "litestar", "quart", "starlette"})
WSGI = frozenset({"bottle", "django", "falcon", "flask"})
WORKERS = frozenset({"celery", "dramatiq", "huey"})

_CLASSES = {
    "FastAPI": ("fastapi",),
    "Flask": ("flask",),
    "Starlette": ("starlette",),
    "Litestar": ("litestar",),
    "Quart": ("quart",),
    "Application": ("aiohttp",),
    "Bottle": ("bottle",),
    "Celery": ("celery",),
    "get_asgi_application": ("django",),
    "get_wsgi_application": ("django",),
}
"""What makes an application, with the package that it comes from."""

_USUAL = ("app", "application", "create_app", "make_app", "get_app", "get_application", "init_app", "api")
_HEALTH = ("/health", "/healthz", "/healthcheck", "/health-check", "/health_check", "/ping", "/livez")
_BESIDE = frozenset({"bench", "benchmark", "benchmarks", "docs", "example", "examples", "test", "tests", "testing"})


@dataclass(frozen=True, slots=True)
class Application:
    """An application.

    Args:
        module: the dotted name of its module.
        name: what it, or the function that makes it, is called there.
        framework: the package that its class is from.
        file: the source.
        line: where it is made.
        factory: whether `name` is a function that makes it.
        needs: the parameters of the function that must be given.
        takes: those that may be given by position.
    """

    module: str
    name: str
    framework: str
    file: str
    line: int
    factory: bool = False
    needs: int = 0
    takes: int = 0

    @property
    def target(self) -> str:
        """It as servers are told: `module:attribute`."""
        return f"{self.module}:{self.name}"

    @property
    def place(self) -> str:
        """Where it stands: file and line."""
        return f"{self.file}:{self.line}"


def applications_of(look: Look, source_root: str) -> list[Application]:
    """Return the applications of a project, the likeliest first."""
    made: list[Application] = []
    for file, tree in look.trees.items():
        module = module_of(file, source_root)
        if module and not _BESIDE & {*file.split("/")[:-1]}:
            made += _in(file, module, tree)
    factories = {(each.module, each.name): each for each in made if each.factory}
    by_name = {each.name: each for each in made if each.factory}
    for file, tree in look.trees.items():
        module = module_of(file, source_root)
        if module and not _BESIDE & {*file.split("/")[:-1]}:
            made += _made_by_factories(file, module, tree, factories, by_name)
    return sorted(made, key=_order)


def _order(each: Application) -> tuple[bool, bool, bool, int, int, str, int]:
    at = _USUAL.index(each.name) if each.name in _USUAL else len(_USUAL)
    return each.framework in WORKERS, each.factory, each.needs > 0, at, each.module.count("."), each.file, each.line


def _in(file: str, module: str, tree: ast.Module) -> Iterator[Application]:
    known = _imported(tree)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            framework = next(filter(None, (_framework(base, known) for base in node.bases)), "")
            if framework:
                known[node.name] = f"{framework}.{_class_of(framework)}"
    for node in tree.body:
        for name, value in _assigned(node):
            framework = _framework(value.func, known) if isinstance(value, ast.Call) else ""
            if framework:
                yield Application(module, name, framework, file, node.lineno)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            framework = _returned(node, known)
            if framework:
                parameters = node.args
                needs = len(parameters.posonlyargs) + len(parameters.args) - len(parameters.defaults)
                needs += sum(default is None for default in parameters.kw_defaults)
                yield Application(
                    module,
                    node.name,
                    framework,
                    file,
                    node.lineno,
                    factory=True,
                    needs=needs,
                    takes=len(parameters.posonlyargs) + len(parameters.args),
                )


def _made_by_factories(
    file: str,
    module: str,
    tree: ast.Module,
    factories: Mapping[tuple[str, str], Application],
    by_name: Mapping[str, Application],
) -> Iterator[Application]:
    """Yield what a module makes by calling a function of the project that makes an application."""
    known = _imported(tree, module if not file.endswith("__init__.py") else f"{module}.__init__")
    for node in tree.body:
        for name, value in _assigned(node):
            if not isinstance(value, ast.Call):
                continue
            dotted = _dotted(value.func)
            first, _, rest = dotted.partition(".")
            whole = f"{known.get(first, first)}{'.' if rest else ''}{rest}"
            place, _, last = whole.rpartition(".")
            found = factories.get((place or module, last)) or (by_name.get(last) if place else None)
            if found is not None:
                yield Application(module, name, found.framework, file, node.lineno)


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """Yield each name that a statement of a module binds, with the value."""
    if isinstance(node, ast.Assign):
        yield from ((each.id, node.value) for each in node.targets if isinstance(each, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        yield node.target.id, node.value
    elif isinstance(node, (ast.If, ast.Try, ast.With)):
        for below in node.body:
            yield from _assigned(below)


def _returned(function: ast.FunctionDef | ast.AsyncFunctionDef, known: Mapping[str, str]) -> str:
    """Return the framework of the application that a function returns; empty if it returns none."""
    inner = {**known, **_imported(ast.Module(body=[*_imports_in(function)], type_ignores=[]))}
    if function.returns is not None:
        promised = _framework(function.returns, inner)
        if promised:
            return promised
    bound = (pair for node in ast.walk(function) if isinstance(node, ast.stmt) for pair in _assigned(node))
    made = {name: _framework(value.func, inner) for name, value in bound if isinstance(value, ast.Call)}
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    names = (made.get(value.id, "") for value in returned if isinstance(value, ast.Name))
    calls = (_framework(value.func, inner) for value in returned if isinstance(value, ast.Call))
    return next(filter(None, (*names, *calls)), "")


def _imports_in(function: ast.AST) -> Iterator[ast.stmt]:
    for node in ast.walk(function):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node


def _imported(tree: ast.Module, module: str = "") -> dict[str, str]:
    """Return what the names of a module's imports stand for, as dotted names."""
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                first = each.name.partition(".")[0]
                known[each.asname or first] = each.name if each.asname else first
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            place = ".".join([*above, *([node.module] if node.module else [])])
            known.update({each.asname or each.name: f"{place}.{each.name}".lstrip(".") for each in node.names})
    return known


def _framework(node: ast.expr, known: Mapping[str, str]) -> str:
    """Return the package of a framework whose class, or whose function, an expression is; empty for others."""
    dotted = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else _dotted(node)
    first, _, rest = dotted.partition(".")
    whole = f"{known.get(first, '')}{'.' if rest else ''}{rest}"
    package, last = whole.partition(".")[0], whole.rpartition(".")[2]
    return package if package in _CLASSES.get(last, ()) else ""


def _class_of(framework: str) -> str:
    return next(name for name, packages in _CLASSES.items() if framework in packages)


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def health_of(look: Look, chosen: Application) -> tuple[str, str]:
    """Return the path on which an application answers that it is well, and where that stands; empty if none is sure.

    Sure is a route of the application itself: that of a router may have a prefix which is given elsewhere.
    """
    for file, tree in look.trees.items():
        if _BESIDE & {*file.split("/")[:-1]}:
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            owner = node.func.value
            if not (isinstance(owner, ast.Name) and owner.id in {chosen.name, "app", "application"}):
                continue
            if node.func.attr not in {"get", "route", "api_route", "add_get", "add_api_route"}:
                continue
            path = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
            if path in _HEALTH:
                return str(path), f"{file}:{node.lineno}"
    return "", ""
