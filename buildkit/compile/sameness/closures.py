"""What a function takes from around it is read from the cells of the real function: its closure, which C is handed.

So a class that is replaced after its methods were made (`attrs`, `dataclass(slots=True)`) is found by `super()` as in
Python, since whoever replaces it writes into that cell.
"""

from __future__ import annotations

from typing import Any

from Cython.Compiler import ExprNodes, PyrexTypes
from Cython.Compiler.StringEncoding import EncodedString

from buildkit.compile.sameness import scopes
from buildkit.compile.sameness.tree import kind, replace

PARAMETER = "__buildkit_closure__"
"""The parameter of the C function that has the closure, a tuple of cells."""


def read_from_cells(body: Any, free: tuple[str, ...], first: str | None) -> Any:
    """Return a function's body with its free names read from cells.

    Args:
        body: Cython's tree of it, just parsed.
        free: the names, in the order of the cells.
        first: the name of the function's first parameter, None if there is none.
    """

    def by(node: Any) -> Any:
        if kind(node) == "SimpleCallNode" and kind(node.function) == "NameNode" and node.function.name == "super":
            if not node.args and first is not None:
                here = FreeVariable(
                    node.pos, name=scopes.CLASS, at=free.index(scopes.CLASS), closure=_closure(node.pos)
                )
                node.args = [here, ExprNodes.NameNode(node.pos, name=EncodedString(first))]
        elif kind(node) == "NameNode" and node.name in free:
            return FreeVariable(node.pos, name=node.name, at=free.index(node.name), closure=_closure(node.pos))
        return node

    return replace(body, by)


def _closure(pos: Any) -> Any:
    return ExprNodes.NameNode(pos, name=EncodedString(PARAMETER))


class FreeVariable(ExprNodes.ExprNode):
    """The value of a variable of a function around."""

    subexprs = ["closure"]  # noqa: RUF012 - as all of Cython's nodes
    type = PyrexTypes.py_object_type
    is_temp = True
    name: str
    at: int
    closure: Any

    def infer_type(self, env: Any) -> Any:
        return PyrexTypes.py_object_type

    def analyse_types(self, env: Any) -> Any:
        self.closure = self.closure.analyse_types(env)
        return self

    def generate_result_code(self, code: Any) -> None:
        name = EncodedString(self.name).as_c_string_literal()
        value = f"buildkit_free_variable({self.closure.py_result()}, {self.at}, {name})"
        code.putln(f"{self.result()} = {value}; {code.error_goto_if_null(self.result(), self.pos)}")
        self.generate_gotref(code)
