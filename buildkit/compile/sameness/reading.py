"""How Cython gets to read the texts of plain Python: without what is set aside, and as `written` has it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

from Cython.Compiler import Errors, ExprNodes
from Cython.Compiler.StringEncoding import EncodedString

from buildkit.compile.sameness.written import for_cython

CYTHONS = re.compile(r"^[ \t]*(?:from|import|cimport)[ \t]+cython\b|^#[ \t]*cython[ \t]*:", re.MULTILINE)
"""How a module shows that it has to do with Cython, which then decides what it means; see `lifting.speaks_cython`."""


def read_as_python(main: Any, keeps_python: Callable[[], bool], read: Callable[[str], str] = str) -> Callable[[], int]:
    """Let Cython read the texts of plain Python in which something is written otherwise.

    Returns what tells the line to which Cython has come in the text that it read last.

    Args:
        main: Cython's module of that name.
        keeps_python: whether the present module is to mean what it means to Python. Of another one Cython makes the
            body, and would make classes without their parameters: it refuses the text, as it does by itself.
        read: returns what of such a text is read at all.
    """
    scanner = main.PyrexScanner
    scanners: list[Any] = []

    def scan(file: Any, source: Any, *args: Any, **named: Any) -> Any:
        if str(source.filename).endswith(".py"):
            text = read(file.read())
            is_generic = keeps_python() and not CYTHONS.search(text)
            file = io.StringIO(for_cython(text, is_generic=is_generic))
        scanners[:] = [scanner(file, source, *args, **named)]
        return scanners[0]

    main.PyrexScanner = scan
    init: Any = ExprNodes.AnnotationNode.__init__

    def annotate(node: Any, pos: Any, expr: Any, string: Any = None) -> None:
        try:
            init(node, pos, expr, string)
        except Errors.CompilerCrash:  # it cannot write `f(**{x: y})` as a text, which we do not need
            init(node, pos, expr, ExprNodes.UnicodeNode(pos, value=EncodedString("")))

    ExprNodes.AnnotationNode.__init__ = annotate  # type: ignore[method-assign]
    return lambda: int(scanners[0].position()[1]) if scanners else 0
