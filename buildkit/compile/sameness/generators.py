"""Generator functions: Cython's generator runs the body, and the object is a generator to all who look.

What Cython's own lacks or does otherwise is put right in the C of its generators (`generator_texts.py`). They are of a
type of our own, so that other modules of Cython have theirs.
"""

from __future__ import annotations

from typing import Any

from Cython.Compiler import Naming, Nodes, PyrexTypes

from buildkit.compile.sameness.definitions import parts
from buildkit.compile.sameness.stack import with_lines
from buildkit.compile.sameness.tree import kind


def yields(body: Any) -> bool:
    """Return whether a function with this body is a generator function.

    Args:
        body: Cython's tree of it, just parsed.
    """
    return any(kind(node) in ("YieldExprNode", "YieldFromExprNode") for node in parts(body))


class NoCode:
    """In place of the code object that Cython makes of a function: the real one is at hand."""

    def generate_result_code(self, code: Any) -> None:
        """Make nothing."""


class LiftedBody(Nodes.GeneratorBodyDefNode):
    """What a generator runs."""

    body: Any

    def generate_function_body(self, env: Any, code: Any) -> None:
        write = super().generate_function_body
        frame = f"BUILDKIT_FRAME_OF({Naming.generator_cname})"
        with_lines(self.body, env.global_scope().lines, code, lambda writer: write(env, writer), frame=frame)


class LiftedGenerator(Nodes.GeneratorDefNode):
    """A generator function. What Cython hands it as its own object is the function that was called."""

    py_wrapper_required = False
    pymethdef_required = False
    no_assignment_synthesis = 1
    is_cyfunction = False
    code_object: Any = NoCode()
    gbody: Any
    entry: Any
    name: str

    def analyse_declarations(self, env: Any) -> None:
        super().analyse_declarations(env)
        self.entry.pyfunc_cname = f"make_{self.name}"
        self.gbody.__class__ = LiftedBody

    def generate_function_body(self, env: Any, code: Any) -> None:
        parts = (self.gbody.entry.func_cname, Naming.self_cname, Naming.cur_scope_cname, self.name.rpartition("_")[2])
        made = f"buildkit_generator({', '.join(parts)})"
        code.putln(f"{{ PyObject *made = {made};")
        code.putln(code.error_goto_if_null("made", self.pos))
        code.put_decref(Naming.cur_scope_cname, PyrexTypes.py_object_type)
        code.put_finish_refcount_context()
        code.putln("return made; }")
