"""Several operations on floats are reckoned in one go: what comes between them is no object.

Only where each operand is a local name or a number, and turns out to be a float (or a small whole number that meets
one) when it comes to it; all else is reckoned one operation at a time, as before. Each operation is rounded for itself,
as Python does it: not where the processor adds and multiplies at once (`floats.h`). In `x = x * y + z` the new value
is written into the old object of `x`, where nobody else has that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from Cython.Compiler import ExprNodes, PyrexTypes
from Cython.Compiler.StringEncoding import EncodedString

from buildkit.compile.sameness.tree import kind, replace_children

_SIGNS = {"AddNode": "+", "SubNode": "-", "MulNode": "*", "DivNode": "/"}
_EXACT = 1 << 30


def keep_floats(body: Any) -> None:
    """Let the chains of operations in a function's body that may be of floats be reckoned in one go.

    Args:
        body: Cython's tree of it, just parsed; it is changed.
    """
    replace_children(body, _reckoned)


def _reckoned(node: Any) -> Any:
    if not _is_operation(node):
        replace_children(node, _reckoned)
        if kind(node) == "SingleAssignmentNode" and kind(node.lhs) == "NameNode" and kind(node.rhs) == "Reckoned":
            node.rhs.target = node.lhs.name
        return node
    leaves = [*_leaves(node)]
    is_chain = len(leaves) > 2 and all(_is_operand(each) for each in leaves)  # noqa: PLR2004 - one operation has two
    if is_chain and any(kind(each) == "NameNode" for each in leaves):
        with suppress(NoChainError):
            return Reckoned(node.pos, arg=node, chain=Chain(node))
    return replace_children(node, _reckoned)


def _is_operation(node: Any) -> bool:
    """Return whether a chain may have the operation; Cython has one kind of node for `/` and `//`."""
    return kind(node) in _SIGNS and node.operator == _SIGNS[kind(node)]


def _leaves(node: Any) -> Iterator[Any]:
    if _is_operation(node):
        yield from _leaves(node.operand1)
        yield from _leaves(node.operand2)
    else:
        yield node


def _is_operand(node: Any) -> bool:
    if kind(node) == "IntNode":
        return abs(int(node.value.replace("_", ""), 0)) < _EXACT
    return kind(node) == "NameNode" or (kind(node) == "FloatNode" and math.isfinite(_value(node)))


def _value(node: Any) -> float:
    return float(node.value.replace("_", ""))


class Chain:
    """The C of a chain of operations.

    Attributes:
        floats: the names that must be floats.
        numbers: those that may be small whole numbers too.
        divisors: what must not be zero, each with the variable that has it.
        result: the C of the whole.
    """

    def __init__(self, node: Any) -> None:
        self.floats: set[str] = set()
        self.numbers: set[str] = set()
        self.divisors: list[tuple[str, str]] = []
        self.result, _ = self._reckon(node)
        self.numbers -= self.floats

    def _reckon(self, node: Any) -> tuple[str, bool]:
        """Return the C of a node, and whether it is surely a float."""
        if kind(node) == "IntNode":
            return f"{int(node.value.replace('_', ''), 0)}.0", False
        if kind(node) == "FloatNode":
            return repr(_value(node)), True
        if kind(node) == "NameNode":
            return variable(node.name), False
        (left, is_left), (right, is_right) = self._reckon(node.operand1), self._reckon(node.operand2)
        for other, is_float, is_known in ((node.operand1, is_left, is_right), (node.operand2, is_right, is_left)):
            if kind(other) == "NameNode" and not is_float:
                (self.numbers if is_known else self.floats).add(other.name)
        if not is_left and not is_right and kind(node.operand1) == kind(node.operand2) == "IntNode":
            raise NoChainError
        if kind(node) == "DivNode":
            divisor = f"divisor{len(self.divisors)}"
            self.divisors.append((divisor, right))
            right = divisor
        return f"({left} {_SIGNS[kind(node)]} {right})", True


def _is_local(entry: Any) -> bool:
    return entry is not None and entry.is_local and entry.type is PyrexTypes.py_object_type


class NoChainError(Exception):
    """Two whole numbers meet."""


def variable(name: str) -> str:
    """Return the variable of C that has a name's value."""
    return f"number_{name.encode('punycode').decode('ascii').replace('-', '_')}"


class Reckoned(ExprNodes.ExprNode):
    """A chain of operations.

    Attributes:
        arg: the operations, one at a time.
        chain: how they are reckoned in one go.
        names: the local names, by name.
        target: the name that gets the value, empty if none does.
    """

    subexprs = ["arg"]  # noqa: RUF012 - as all of Cython's nodes
    type = PyrexTypes.py_object_type
    is_temp = True
    arg: Any
    chain: Chain
    names: dict[str, Any]
    old: Any
    target = ""

    def infer_type(self, env: Any) -> Any:
        return PyrexTypes.py_object_type

    def analyse_types(self, env: Any) -> Any:
        self.names = {name: env.lookup(EncodedString(name)) for name in self.chain.floats | self.chain.numbers}
        self.arg = self.arg.analyse_types(env).coerce_to_pyobject(env)
        entry: Any = env.lookup(EncodedString(self.target)) if self.target else None
        self.old = entry if _is_local(entry) else None  # in a generator its variable is known only later
        return self if all(map(_is_local, self.names.values())) else self.arg

    def generate_evaluation_code(self, code: Any) -> None:
        code.mark_pos(self.pos)
        self.allocate_temp_result(code)
        chain, result = self.chain, self.result()
        declared = [*(variable(name) for name in self.names), *(name for name, _ in chain.divisors)]
        ways = ((chain.floats, "buildkit_is_float"), (chain.numbers, "buildkit_is_number"))
        tests = [
            f"{test}({self.names[name].cname}, &{variable(name)})" for names, test in ways for name in sorted(names)
        ]
        tests += [f"({name} = {divisor}) != 0.0" for name, divisor in chain.divisors]
        code.putln(f"{{ double {', '.join(f'{name} = 0.0' for name in declared)};")
        code.putln(f"if ({' && '.join(tests)}) {{")
        code.putln(f"{result} = buildkit_float({chain.result}, {self.old.cname if self.old else 'NULL'});")
        code.putln(code.error_goto_if_null(result, self.pos))
        code.putln("} else {")
        self.arg.generate_evaluation_code(code)
        self.arg.make_owned_reference(code)
        code.putln(f"{result} = {self.arg.py_result()};")
        self.arg.generate_post_assignment_code(code)
        self.arg.free_temps(code)
        code.putln("} }")
        self.generate_gotref(code)
