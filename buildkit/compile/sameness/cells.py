"""Names that functions share are cells, as in Python, so that each sees what another assigns.

What a function takes from around it is read from its closure, a tuple of cells that C is handed. So a class that is
replaced after its methods were made (`attrs`, `dataclass(slots=True)`) is found by `super()` as in Python, since
whoever replaces it writes into that cell. What it gives to functions in it has a cell that C makes.
"""

from __future__ import annotations

from typing import Any

from Cython.Compiler import ExprNodes, Nodes, PyrexTypes
from Cython.Compiler.StringEncoding import EncodedString

CLOSURE = "__buildkit_closure__"
"""The parameter of the C function that has the closure."""


def cell_of(name: str) -> str:
    """Return the local that has the cell of a function's own name."""
    return f"__buildkit_cell_{name}"


def given(name: str) -> str:
    """Return what a parameter is called of which the value is kept in a cell or another local."""
    return f"__buildkit_given_{name}"


def local(pos: Any, name: str) -> Any:
    """Return the node of a local name."""
    return ExprNodes.NameNode(pos, name=EncodedString(name))


def with_cells(body: Any, cells: list[str], taken_over: list[str]) -> Any:
    """Return a function's body that begins with the making of its cells.

    Args:
        body: Cython's tree of it.
        cells: the names that have cells.
        taken_over: those of them that are parameters, whose values the cells begin with.
    """
    if not cells:
        return body
    pos = body.pos
    made = [
        Nodes.SingleAssignmentNode(
            pos,
            lhs=local(pos, cell_of(name)),
            rhs=NewCell(pos, value=local(pos, given(name)) if name in taken_over else None),
        )
        for name in cells
    ]
    return Nodes.StatListNode(pos, stats=[*made, body])


class NewCell(ExprNodes.ExprNode):
    """A cell.

    Attributes:
        value: what it has at first, None for nothing.
    """

    subexprs = ["value"]  # noqa: RUF012 - as all of Cython's nodes
    type = PyrexTypes.py_object_type
    is_temp = True
    value: Any

    def infer_type(self, env: Any) -> Any:
        return PyrexTypes.py_object_type

    def analyse_types(self, env: Any) -> Any:
        if self.value is not None:
            self.value = self.value.analyse_types(env)
        return self

    def may_be_none(self) -> bool:
        return False

    def generate_result_code(self, code: Any) -> None:
        value = "NULL" if self.value is None else self.value.py_result()
        code.putln(f"{self.result()} = PyCell_New({value}); {code.error_goto_if_null(self.result(), self.pos)}")
        self.generate_gotref(code)


class Variable(ExprNodes.ExprNode):
    """A name that is shared: its value is in a cell.

    Attributes:
        name: in the source.
        at: which cell of the closure; -1 for the function's own.
        cell: the local that has the closure, or the cell.
        is_of_super: whether it is the class that `super()` looks for.
    """

    subexprs = ["cell"]  # noqa: RUF012 - as all of Cython's nodes
    type = PyrexTypes.py_object_type
    is_temp = True
    name: str
    at: int
    cell: Any
    is_of_super = False

    def infer_type(self, env: Any) -> Any:
        return PyrexTypes.py_object_type

    def analyse_types(self, env: Any) -> Any:
        self.cell = self.cell.analyse_types(env)
        return self

    def analyse_target_declaration(self, env: Any) -> None:
        pass

    def analyse_target_types(self, env: Any) -> Any:
        return self.analyse_types(env)

    def is_lvalue(self) -> bool:
        return True

    def in_c(self) -> str:
        """Return the C expression of the cell."""
        return self.cell.py_result() if self.at < 0 else f"PyTuple_GET_ITEM({self.cell.py_result()}, {self.at})"

    def generate_result_code(self, code: Any) -> None:
        name, what = EncodedString(self.name).as_c_string_literal(), "own" if self.at < 0 else "free"
        what = "super" if self.is_of_super else what
        code.putln(f"{self.result()} = buildkit_{what}_variable({self.in_c()}, {name});")
        code.putln(code.error_goto_if_null(self.result(), self.pos))
        self.generate_gotref(code)

    def generate_assignment_code(self, rhs: Any, code: Any, *_: Any, **__: Any) -> None:
        self.generate_subexpr_evaluation_code(code)
        code.putln(f"buildkit_set_cell({self.in_c()}, {rhs.py_result()});")
        rhs.generate_disposal_code(code)
        rhs.free_temps(code)
        self.generate_subexpr_disposal_code(code)
        self.free_subexpr_temps(code)

    def generate_deletion_code(self, code: Any, ignore_nonexisting: bool = False) -> None:
        self.generate_subexpr_evaluation_code(code)
        if ignore_nonexisting:
            code.putln(f"buildkit_set_cell({self.in_c()}, NULL);")
        else:
            name, what = EncodedString(self.name).as_c_string_literal(), "own" if self.at < 0 else "free"
            code.put_error_if_neg(self.pos, f"buildkit_delete_{what}({self.in_c()}, {name})")
        self.generate_subexpr_disposal_code(code)
        self.free_subexpr_temps(code)


class BoundWithin(ExprNodes.ExprNode):
    """`name := value`.

    Attributes:
        target: the variable.
    """

    subexprs = ["value"]  # noqa: RUF012 - as all of Cython's nodes
    type = PyrexTypes.py_object_type
    is_temp = True
    value: Any
    target: Variable

    def infer_type(self, env: Any) -> Any:
        return PyrexTypes.py_object_type

    def analyse_types(self, env: Any) -> Any:
        self.value = self.value.analyse_types(env).coerce_to_pyobject(env)
        self.target = self.target.analyse_types(env)
        return self

    def generate_result_code(self, code: Any) -> None:
        self.target.generate_subexpr_evaluation_code(code)
        code.putln(f"buildkit_set_cell({self.target.in_c()}, {self.value.py_result()});")
        self.target.generate_subexpr_disposal_code(code)
        self.target.free_subexpr_temps(code)
        code.putln(f"{self.result()} = {self.value.py_result()}; Py_INCREF({self.result()});")
        self.generate_gotref(code)
