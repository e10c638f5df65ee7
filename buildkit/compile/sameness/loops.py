"""A loop lets the interpreter do what waits: hand over its lock, serve Ctrl-C and other signals, search for garbage.

Python looks for it at each jump back and at the start of each function. The C of a loop never does: other threads stood
still, and a service could not be ended (cython/cython#2698, #5720). `loops.c` says how often it looks.
"""

from __future__ import annotations

from typing import Any

from Cython.Compiler import Nodes, PyrexTypes

from buildkit.compile.sameness.tree import kind, within


def with_turns(body: Any) -> Any:
    """Return a function's body with a look for what waits at the start of each round of its loops.

    Args:
        body: Cython's tree of it, just parsed.
    """
    loops = [node for node in within(body) if kind(node) in ("WhileStatNode", "ForInStatNode")]
    if not loops:
        return body
    counter = Counter()
    for node in loops:
        node.body = Nodes.StatListNode(node.body.pos, stats=[Round(node.pos, counter=counter), node.body])
    return Counted(body.pos, body=body, counter=counter)


class Counter:
    """The C variable that counts down, the same for all loops of a function."""

    name = ""

    def __deepcopy__(self, memo: object) -> Counter:
        return self  # Cython copies what stands in `finally`


class Counted(Nodes.StatNode):
    """The body of a function that has loops."""

    child_attrs = ["body"]  # type: ignore[assignment]  # noqa: RUF012 - as all of Cython's nodes
    body: Any
    counter: Counter

    def analyse_declarations(self, env: Any) -> None:
        self.body.analyse_declarations(env)

    def analyse_expressions(self, env: Any) -> Any:
        self.body = self.body.analyse_expressions(env)
        return self

    def generate_function_definitions(self, env: Any, code: Any) -> None:
        self.body.generate_function_definitions(env, code)

    def generate_execution_code(self, code: Any) -> None:
        self.counter.name = code.funcstate.allocate_temp(PyrexTypes.c_int_type, manage_ref=False)
        code.putln(f"{self.counter.name} = BUILDKIT_FIRST_ROUNDS;")
        self.body.generate_execution_code(code)
        code.funcstate.release_temp(self.counter.name)

    def annotate(self, code: Any) -> None:
        self.body.annotate(code)


class Round(Nodes.StatNode):
    """The start of a loop's round."""

    child_attrs: list[str] = []  # type: ignore[assignment]  # noqa: RUF012
    counter: Counter

    def analyse_declarations(self, env: Any) -> None:
        pass

    def analyse_expressions(self, env: Any) -> Any:
        return self

    def generate_execution_code(self, code: Any) -> None:
        rounds = self.counter.name
        pause = f"{rounds} = buildkit_pause(); if (unlikely({rounds} < 0)) {code.error_goto(self.pos)}"
        code.putln(f"if (unlikely(--{rounds} < 0)) {{ {pause} }}")

    def annotate(self, code: Any) -> None:
        pass
