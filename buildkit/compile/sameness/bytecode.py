"""The body of a module as Python's own bytecode, written as C: run by the interpreter that the extension is for.

Each function of the text gets a mark. When the extension is loaded, the marks are replaced by
what redirects the function's calls (`body.c`), so no name is looked up and none is visible.

A script of its own too: another Python runs it without the suite.
"""

from __future__ import annotations
import __future__

import ast
import marshal
import string
import sys
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

MARK = b"\0buildkit "
SLICE = MARK + b":"
INSIDE = "\0inside "
LINE = 4000
DEPTH = 4000
"""How deep calls may be: a tree is gone through by several a node, and Python takes trees of many hundred in a row."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
"""What is a function in Python's tree."""


@dataclass(frozen=True)
class Body:
    """The body of a module, as the extension has it.

    Args:
        code: marshalled; its functions are marked by their number in the text.
        names: those of all codes, each with a line feed: functions, then classes, then generator expressions.
        places: which constant of the code around it each code is; -1 where that is not known.
        texts: marshalled, the annotations of functions in functions, by number, where annotations are texts; or empty.
    """

    code: bytes
    names: bytes
    places: tuple[int, ...]
    texts: bytes


def body(text: bytes, name: str) -> Body:
    """Return the body of a module.

    Args:
        text: the source.
        name: what stands for its file's path; the extension writes the true one over it.

    Raises:
        SyntaxError: this Python does not understand it.
    """
    tree = ast.parse(text, name)
    nodes = numbered(tree)
    texts = _texts(tree, nodes)
    marks = {id(each): ast.Constant(MARK + str(at).encode()) for at, each in enumerate(nodes)}
    _Marking(marks).visit(tree)
    code = _compiled(tree, name)
    return Body(
        _marshalled(code),
        "".join(f"{name_of(each)}\n" for each in nodes).encode(),
        _places(code, text, name),
        _marshalled(texts) if texts else b"",
    )


def numbered(tree: ast.Module) -> list[ast.AST]:
    """Return the functions of a module in the order of the text, then its classes, then its generator expressions."""
    every = [*ast.walk(tree)]
    functions = sorted((node for node in every if isinstance(node, FUNCTIONS)), key=place_of)
    classes = sorted((node for node in every if isinstance(node, ast.ClassDef)), key=place_of)
    generators = (node for node in every if isinstance(node, ast.GeneratorExp))
    return [*functions, *classes, *sorted(generators, key=place_of)]


def place_of(node: ast.AST) -> tuple[int, int]:
    """Return the line and the column by which a function, a class or a generator expression has its number."""
    if isinstance(node, ast.GeneratorExp):
        return _start(node.generators[0].target)
    decorators = () if isinstance(node, ast.ClassDef) else getattr(node, "decorator_list", ())
    return _start(decorators[0] if decorators else node)


def _start(node: ast.AST) -> tuple[int, int]:
    return node.lineno, node.col_offset  # type: ignore[attr-defined]


def name_of(node: ast.AST) -> str:
    """Return what Python calls the code of a function, a class or a generator expression."""
    return "<genexpr>" if isinstance(node, ast.GeneratorExp) else getattr(node, "name", "<lambda>")


def _compiled(tree: ast.Module, name: str) -> CodeType:
    made: CodeType = compile(tree, name, "exec", dont_inherit=True, optimize=0)
    return made


def _marshalled(value: Any) -> bytes:
    """Return the bytes of a code, the same in every process.

    From version 3 of its format on, `marshal` writes which objects are used more than once, and asks how often they are
    used in the whole process. Version 2 does not, but knows no slices, which are constants from Python 3.14 on.
    """
    return marshal.dumps(_without_slices(value), 2)


def _without_slices(constant: Any) -> Any:
    """Return a constant in which tuples that begin with a mark stand for slices; `body.c` puts them back.

    A slice is found where a subscript is, so in a code itself or in a tuple: `a[1:2, ::3]`.
    """
    if isinstance(constant, slice):
        return (SLICE, constant.start, constant.stop, constant.step)
    if isinstance(constant, tuple):
        return tuple(map(_without_slices, constant))
    if isinstance(constant, CodeType):
        return constant.replace(co_consts=tuple(map(_without_slices, constant.co_consts)))
    return constant


def _places(code: CodeType, text: bytes, name: str) -> tuple[int, ...]:
    """Return where each code stands among the constants of the one around it.

    A second body, of which each code has its own number inside, is compiled to the same codes in the same order.
    """
    tree = ast.parse(text, name)
    nodes = numbered(tree)
    for at, node in enumerate(nodes):
        _put_inside(node, ast.Name(f"{INSIDE}{at}", ast.Load()))
    places = [-1] * len(nodes)
    _compare(code, _compiled(ast.fix_missing_locations(tree), name), places)
    for at, node in enumerate(nodes):
        if getattr(node, "type_params", ()):
            places[at] = -1  # it stands in the code that makes its parameters
    return tuple(places)


def _put_inside(node: ast.AST, mark: ast.Name) -> None:
    if isinstance(node, ast.Lambda):
        node.body = ast.Call(mark, [node.body], [])
    elif isinstance(node, ast.GeneratorExp):
        node.elt = ast.Call(mark, [node.elt], [])
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        node.body.insert(0, ast.Expr(ast.Call(mark, [], [])))


def _compare(code: CodeType, numbered: CodeType, places: list[int]) -> None:
    at = [place for place, each in enumerate(code.co_consts) if isinstance(each, CodeType)]
    others = [each for each in numbered.co_consts if isinstance(each, CodeType)]
    if len(at) != len(others):
        return  # two that are alike have become one
    for place, other in zip(at, others):  # noqa: B905 - of one length
        mark = next((each for each in other.co_names if each.startswith(INSIDE)), None)
        if mark is not None:
            number = int(mark[len(INSIDE) :])
            places[number] = place if places[number] < 0 else places[number]
        _compare(code.co_consts[place], other, places)


def _texts(tree: ast.Module, nodes: list[ast.AST]) -> dict[int, tuple[str, ...]]:
    """Return the annotations of functions in functions, where they are texts: names and texts in turn, by number."""
    futures = (node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__")
    if not any(each.name == "annotations" for node in futures for each in node.names):
        return {}
    inner = {id(each) for node in ast.walk(tree) if isinstance(node, FUNCTIONS) for each in ast.walk(node)} - {
        id(node) for node in tree.body
    }
    found = {}
    for number, node in enumerate(nodes):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and id(node) in inner:
            annotations = _annotations(node)
            if annotations:
                found[number] = tuple(part for pair in annotations.items() for part in pair)
    return found


def _annotations(function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, str]:
    """Return the annotations of a function, each as the text that Python makes of it."""
    given = function.args
    bare = ast.arguments(
        given.posonlyargs, given.args, given.vararg, given.kwonlyargs, [None] * len(given.kwonlyargs), given.kwarg, []
    )
    alone = ast.FunctionDef("alone", bare, [ast.Pass()], [], function.returns)
    alone.type_params = []  # type: ignore[attr-defined]  # which Python 3.12 and later ask for
    module = ast.fix_missing_locations(ast.Module([alone], []))
    code = compile(module, "", "exec", __future__.annotations.compiler_flag, dont_inherit=True)
    names: dict[str, dict[str, str]] = {}
    exec(code, names)  # noqa: S102 - it makes a function of which no part is evaluated
    return dict(names["alone"].__annotations__)


class _Marking(ast.NodeTransformer):
    """Lets each function go through its mark: as the innermost decorator of a `def`, as a call around a `lambda`."""

    def __init__(self, marks: dict[int, ast.Constant]) -> None:
        self._marks = marks

    def visit(self, node: ast.AST) -> ast.AST:
        mark = self._marks.get(id(node))
        self.generic_visit(node)
        if mark is not None and isinstance(node, FUNCTIONS):
            ast.copy_location(mark, node)
            if isinstance(node, ast.Lambda):
                return ast.copy_location(ast.Call(mark, [node], []), node)
            node.decorator_list.append(mark)
        return node


def as_c(name: str, content: bytes) -> str:
    """Return the C that holds a content under a name."""
    pieces = (content[at : at + LINE] for at in range(0, len(content), LINE))
    literal = '""' + "\n".join(f'"{"".join(_ESCAPED[byte] for byte in piece)}"' for piece in pieces)
    size = f"static const Py_ssize_t {name}_size = {len(content)};"
    return f"static const char {name}[] = {literal};\n{size}\n"


_ALONE = threading.Lock()
_PRINTED = f"{string.ascii_letters}{string.digits} .,:;_-+*/=()[]{{}}<>|&^%$#@!~'`"
_ESCAPED = [chr(byte) if chr(byte) in _PRINTED else f"\\{byte:03o}" for byte in range(256)]


def header(text: bytes, source: str) -> str:
    """Return the C header that has a module's body; see `body`."""
    with _ALONE, warnings.catch_warnings():  # which are of the process, not of a thread
        warnings.simplefilter("ignore")  # the user hears them from Python itself
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, DEPTH))
        try:
            made = body(text, source)
        finally:
            sys.setrecursionlimit(limit)
    places = ", ".join(map(str, [*made.places, -1]))
    return "".join(
        (
            as_c("buildkit_body", made.code),
            as_c("buildkit_body_names", made.names),
            as_c("buildkit_body_texts", made.texts),
            f"static const int buildkit_body_places[] = {{{places}}};\n",
        )
    )


REFUSALS = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What Python raises at a text that it does not take: as it is written, for its bytes, or for its depth."""


def refusal(error: BaseException, source: str) -> str:
    """Return what is said of a text that Python does not take.

    Args:
        error: one of `REFUSALS`.
        source: the file's name.
    """
    if isinstance(error, SyntaxError):
        return f"{source}:{error.lineno or 0}: {error.msg}"
    return f"{source}: {type(error).__name__}: {error}"


if __name__ == "__main__":
    try:
        sys.stdout.write(header(Path(sys.argv[1]).read_bytes(), sys.argv[2]))
    except REFUSALS as error:
        sys.exit(refusal(error, sys.argv[2]))
