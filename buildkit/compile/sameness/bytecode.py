"""The body of a module as Python's own bytecode, written as C: run by the interpreter that the extension is for.

Each function of the text gets a mark. When the extension is loaded, the marks are replaced by
what redirects the function's calls (`support.c`), so no name is looked up and none is visible.

A script of its own too: another Python runs it without the suite.
"""

from __future__ import annotations

import ast
import marshal
import string
import sys
import warnings
from pathlib import Path
from types import CodeType
from typing import Any

MARK = b"\0buildkit "
SLICE = MARK + b":"
LINE = 4000

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def body(text: bytes, name: str) -> tuple[bytes, bytes]:
    """Return the marshalled code of a module's body, its functions marked by their number in the text, and their names.

    Args:
        text: the source.
        name: what stands for its file's path; the extension writes the true one over it.

    Raises:
        SyntaxError: this Python does not understand it.
    """
    tree = ast.parse(text, name)
    functions = [node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS)]
    functions.sort(key=lambda node: (node.lineno, node.col_offset))
    marks = {id(each): ast.Constant(MARK + str(number).encode()) for number, each in enumerate(functions)}
    _Marking(marks).visit(tree)
    code = _marshalled(compile(tree, name, "exec", dont_inherit=True, optimize=0))
    return code, "".join(f"{getattr(each, 'name', '<lambda>')}\n" for each in functions).encode()


def _marshalled(code: CodeType) -> bytes:
    """Return the code's bytes, the same in every process.

    From version 3 of its format on, `marshal` writes which objects are used more than once, and asks how often they are
    used in the whole process. Version 2 does not, but knows no slices, which are constants from Python 3.14 on.
    """
    return marshal.dumps(_without_slices(code), 2)


def _without_slices(constant: Any) -> Any:
    """Return a constant in which tuples that begin with a mark stand for slices; `support.c` puts them back.

    A slice is found where a subscript is, so in a code itself or in a tuple: `a[1:2, ::3]`.
    """
    if isinstance(constant, slice):
        return (SLICE, constant.start, constant.stop, constant.step)
    if isinstance(constant, tuple):
        return tuple(map(_without_slices, constant))
    if isinstance(constant, CodeType):
        return constant.replace(co_consts=tuple(map(_without_slices, constant.co_consts)))
    return constant


class _Marking(ast.NodeTransformer):
    """Lets each function go through its mark: as the innermost decorator of a `def`, as a call around a `lambda`."""

    def __init__(self, marks: dict[int, ast.Constant]) -> None:
        self._marks = marks

    def visit(self, node: ast.AST) -> ast.AST:
        mark = self._marks.get(id(node))
        self.generic_visit(node)
        if mark is not None:
            ast.copy_location(mark, node)
            if isinstance(node, ast.Lambda):
                return ast.copy_location(ast.Call(mark, [node], []), node)
            assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))  # noqa: S101 - the other two
            node.decorator_list.append(mark)
        return node


def as_c(name: str, content: bytes) -> str:
    """Return the C that holds a content under a name."""
    pieces = (content[at : at + LINE] for at in range(0, len(content), LINE))
    literal = '""' + "\n".join(f'"{"".join(_ESCAPED[byte] for byte in piece)}"' for piece in pieces)
    size = f"static const Py_ssize_t {name}_size = {len(content)};"
    return f"static const char {name}[] = {literal};\n{size}\n"


_PRINTED = f"{string.ascii_letters}{string.digits} .,:;_-+*/=()[]{{}}<>|&^%$#@!~'`"
_ESCAPED = [chr(byte) if chr(byte) in _PRINTED else f"\\{byte:03o}" for byte in range(256)]


def header(text: bytes, source: str) -> str:
    """Return the C header that has a module's body; see `body`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the user hears them from Python itself
        code, names = body(text, source)
    return as_c("buildkit_body", code) + as_c("buildkit_body_names", names)


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
