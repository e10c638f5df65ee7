"""The body of a module as Python's own bytecode, written as C: run by the interpreter that the extension is for.

Each `def` of the text gets a mark as its innermost decorator. When the extension is loaded, the marks are replaced by
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

MARK = b"\0buildkit "
LINE = 4000


def body(text: bytes, name: str) -> bytes:
    """Return the marshalled code of a module's body, with its functions marked by their number in the text.

    Args:
        text: the source.
        name: what stands for its file's path; the extension writes the true one over it.

    Raises:
        SyntaxError: this Python does not understand it.
    """
    tree = ast.parse(text, name)
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    functions.sort(key=lambda node: (node.lineno, node.col_offset))
    for number, function in enumerate(functions):
        mark = ast.Constant(MARK + str(number).encode())
        function.decorator_list.append(ast.copy_location(mark, function))
    return marshal.dumps(compile(tree, name, "exec", dont_inherit=True, optimize=0))


def as_c(content: bytes) -> str:
    """Return the C that holds a content."""
    pieces = (content[at : at + LINE] for at in range(0, len(content), LINE))
    literal = "\n".join(f'"{"".join(_ESCAPED[byte] for byte in piece)}"' for piece in pieces)
    size = f"static const Py_ssize_t buildkit_body_size = {len(content)};"
    return f"static const char buildkit_body[] = {literal};\n{size}\n"


_PRINTED = f"{string.ascii_letters}{string.digits} .,:;_-+*/=()[]{{}}<>|&^%$#@!~'`"
_ESCAPED = [chr(byte) if chr(byte) in _PRINTED else f"\\{byte:03o}" for byte in range(256)]


def header(text: bytes, source: str) -> str:
    """Return the C header that has a module's body; see `body`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the user hears them from Python itself
        return as_c(body(text, source))


if __name__ == "__main__":
    try:
        sys.stdout.write(header(Path(sys.argv[1]).read_bytes(), sys.argv[2]))
    except SyntaxError as error:
        sys.exit(f"{sys.argv[2]}:{error.lineno or 0}: {error.msg}")
