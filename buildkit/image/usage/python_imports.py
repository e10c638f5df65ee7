"""Finds in the source of a Python module what it imports, and the texts by which something may be imported."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence

from buildkit.image.usage import texts
from buildkit.image.usage.cython_imports import uses_in_cython
from buildkit.image.usage.named_values import Values
from buildkit.image.usage.use import Kind, Use

_MISSING = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_IMPORTERS = frozenset({"import_module", "__import__", "find_spec", "importorskip"})
_BY_DISTRIBUTION = frozenset(
    {"version", "distribution", "metadata", "requires", "files", "get_distribution", "require"}
)
_OF_POINTS = frozenset({"entry_points", "iter_entry_points", "select", "ExtensionManager", "DriverManager"})
_SHELLS = frozenset(
    {"system", "popen", "run", "call", "check_call", "check_output", "Popen", "create_subprocess_shell"}
)
_SURROUNDINGS = frozenset(
    {"version_info", "hexversion", "platform", "system", "python_implementation", "implementation"}
)
_FRAMEWORKS = frozenset({"fastapi", "starlette", "pydantic"})
_FORMS = ("python_multipart", "multipart")
_FEATURES = {
    "EmailStr": ("email_validator",),
    "NameEmail": ("email_validator",),
    "validate_email": ("email_validator",),
    "Form": _FORMS,
    "File": _FORMS,
    "UploadFile": _FORMS,
    "OAuth2PasswordRequestForm": _FORMS,
    "OAuth2PasswordRequestFormStrict": _FORMS,
    "Jinja2Templates": ("jinja2",),
    "SessionMiddleware": ("itsdangerous",),
    "TestClient": ("httpx",),
    "ORJSONResponse": ("orjson",),
    "UJSONResponse": ("ujson",),
}
"""Names of these frameworks that import a package which the framework does not require: no metadata says which."""


def uses_in_python(text: str, file: str) -> list[Use]:
    """Return what a module names.

    Args:
        text: its source; of one that this Python cannot parse, lines are read as those of Cython.
        file: its path, for the uses.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of strange escapes in it
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return uses_in_cython(text, file)
    reader = _Reader(file, Values(tree, _IMPORTERS))
    try:
        reader.visit_all(tree.body, "import")
    except RecursionError:
        return [*reader.found, *uses_in_cython(text, file)]
    return reader.found


class _Reader:
    """Walks over the tree of one module."""

    def __init__(self, file: str, values: Values) -> None:
        self.found: list[Use] = []
        self._file = file
        self._values = values
        self._depth = 0

    def _add(self, node: ast.AST, name: str, kind: Kind, members: Sequence[str] = ()) -> None:
        self.found.append(Use(name, kind, self._file, getattr(node, "lineno", 1), tuple(members), self._depth > 0))

    def visit_all(self, nodes: Sequence[ast.AST], kind: Kind) -> None:
        """Visit nodes whose imports are of a kind."""
        for node in nodes:
            self._visit(node, kind)

    def _visit(self, node: ast.AST, kind: Kind) -> None:
        if isinstance(node, ast.Import):
            for each in node.names:
                self._import(node, each.name, kind)
        elif isinstance(node, ast.ImportFrom):
            if not node.level and node.module:
                self._import(node, node.module, kind, [each.name for each in node.names])
        elif isinstance(node, ast.If) and (checked := _type_checking(node.test)) is not None:
            self.visit_all(node.body, "type" if checked else kind)
            self.visit_all(node.orelse, kind if checked else "type")
        elif isinstance(node, ast.If) and kind == "import" and _is_of_surroundings(node.test):
            self._other(node.test, kind)
            self.visit_all([*node.body, *node.orelse], "optional")
        elif isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
            self._try(node, kind)
        elif isinstance(node, (ast.With, ast.AsyncWith)) and any(_suppresses(each) for each in node.items):
            self.visit_all(node.body, "optional" if kind == "import" else kind)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            pass  # a text that nobody gets
        else:
            self._other(node, kind)

    def _try(self, node: ast.AST, kind: Kind) -> None:
        handlers = getattr(node, "handlers", [])
        forgiving = any(_catches_missing(each) for each in handlers)
        inner: Kind = "optional" if forgiving and kind == "import" else kind
        self.visit_all(getattr(node, "body", []), inner)
        for each in handlers:  # what stands in for it: one of both is enough
            self.visit_all(each.body, inner)
        self.visit_all([*getattr(node, "orelse", []), *getattr(node, "finalbody", [])], kind)

    def _import(self, node: ast.AST, name: str, kind: Kind, members: Sequence[str] = ()) -> None:
        if name.startswith("cython.cimports."):
            self._add(node, name.removeprefix("cython.cimports."), "cimport", members)
            return
        self._add(node, name, kind, members)
        if kind != "type" and name.partition(".")[0] in _FRAMEWORKS:
            for member in members:
                for module in _FEATURES.get(member, ()):
                    self._add(node, module, "feature")

    def _other(self, node: ast.AST, kind: Kind) -> None:
        if isinstance(node, ast.Call):
            self._call(node, kind)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            self._text(node, node.value)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in _FRAMEWORKS:
            for module in _FEATURES.get(node.attr, ()):
                self._add(node, module, "feature")
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and _is_applications(node):
            for each in ast.walk(node):
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    self._add(each, each.value, "path")
        inside = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        self._depth += inside
        passed = _notes(node)
        for child in ast.iter_child_nodes(node):
            if child not in passed:
                self._visit(child, kind)
        self._depth -= inside

    def _text(self, node: ast.AST, text: str) -> None:
        for driver, how in texts.drivers(text):
            self._add(node, driver, how)
        if (word := texts.word(text)) is not None:
            self._add(node, word, "path" if "." in word else "word")

    def _call(self, node: ast.Call, kind: Kind) -> None:
        called = self._values.function(_last_name(node.func))
        by_name = {each.arg: each.value for each in node.keywords}
        group = by_name.get("group") or by_name.get("namespace") or next(iter(node.args), None)
        if called in _OF_POINTS and group is not None:
            for word in self._values.words(group):
                self._add(node, word, "points")
        first = node.args[0] if node.args else by_name.get("name")
        if first is None:
            return
        literal = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
        if called in _IMPORTERS:
            self._import_by_call(node, first, "optional" if called == "find_spec" and kind == "import" else kind)
            if called != "find_spec" and not self._values.words(first):
                self._add(node, _beginning(node, first), "dynamic")
        elif literal is not None and called in _BY_DISTRIBUTION and re.fullmatch(r"[\w.-]+", literal):
            self._add(node, literal, "distribution")
        if called in _SHELLS and literal is not None and " " in literal:
            for word in literal.split():
                self._add(node, word, "program")

    def _import_by_call(self, node: ast.Call, first: ast.AST, kind: Kind) -> None:
        for name in self._values.words(first):
            if not name.startswith("."):
                self._add(node, name, kind)


def _notes(node: ast.AST) -> list[ast.AST]:
    """Return the types that are written in it: a name in their texts is one that was imported."""
    found = [getattr(node, "annotation", None), getattr(node, "returns", None)]
    if isinstance(node, ast.Call) and _last_name(node.func) == "cast":
        found += node.args[:1]
    return [each for each in found if each is not None]


def _beginning(node: ast.Call, first: ast.AST) -> str:
    """Return how the name begins that a call imports: `.` for what is in a package of the caller, empty if unknown."""
    known = _known(first)
    relative = len(node.args) > 1 or any(each.arg == "package" for each in node.keywords)
    return "." if relative and _last_name(node.func) == "import_module" else known


def _known(node: ast.AST) -> str:  # noqa: PLR0911 - a line for each form
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, (ast.Name, ast.Attribute)) and _last_name(node) in {"__name__", "__package__"}:
        return "."
    if isinstance(node, ast.JoinedStr) and node.values:
        return _known(node.values[0])
    if isinstance(node, ast.FormattedValue):
        return _known(node.value)
    if isinstance(node, ast.BinOp):
        known = _known(node.left)
        return known.partition("%")[0] if isinstance(node.op, ast.Mod) else known
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"format", "join"}:
        return _known(node.func.value).partition("{")[0] if node.func.attr == "format" else ""
    return ""


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _type_checking(test: ast.AST) -> bool | None:
    """Return whether a condition holds for type checkers alone (True) or for all but them (False); None for others."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return False if _type_checking(test.operand) else None
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return True if any(_type_checking(each) for each in test.values) else None
    return True if _last_name(test) == "TYPE_CHECKING" else None


def _is_of_surroundings(test: ast.AST) -> bool:
    """Return whether a condition asks for the version of Python or the system: each way has imports of its own."""
    return any(_last_name(each) in _SURROUNDINGS for each in ast.walk(test))


def _catches_missing(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    raises = bool(handler.body) and isinstance(handler.body[-1], ast.Raise)  # what says which extra to install
    return not raises and any(kind is None or _last_name(kind) in _MISSING for kind in kinds)


def _suppresses(item: ast.withitem) -> bool:
    call = item.context_expr
    return (
        isinstance(call, ast.Call)
        and _last_name(call.func) == "suppress"
        and any(_last_name(each) in _MISSING for each in call.args)
    )


def _is_applications(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> bool:
    """Return whether it sets Django's list of applications, whose words are modules."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(_last_name(each).endswith(("INSTALLED_APPS", "_APPS")) for each in targets)
