"""Takes the functions of a module out of it: Cython compiles these, and the module's body stays Python.

Cython compiles whole modules, and much of what differs from Python comes from that: classes and functions are made by
C that has no frame, and a compiled function is an object of another type. Here the body of the module, with its
classes, decorators, defaults and annotations, is the bytecode that Python itself makes of it (`bytecode`), and each
function that it makes is a real one. Those that are compiled are only *called* otherwise: their calls run the C
(`support.c`).

So Cython gets no more than the functions: each becomes a C function of its own at the module's level, with all
parameters by position, and a node at the end writes the entries by which calls arrive.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from Cython.Compiler import Nodes, PyrexTypes
from Cython.Compiler.StringEncoding import EncodedString

from buildkit.compile.sameness import names, scopes
from buildkit.compile.sameness.closures import PARAMETER, read_from_cells
from buildkit.compile.sameness.entries import Entries
from buildkit.compile.sameness.functions import Definition, definitions, why_python
from buildkit.compile.sameness.handlers import Reraise
from buildkit.compile.sameness.loops import with_turns
from buildkit.compile.sameness.parameters import as_locals, with_locals
from buildkit.compile.sameness.repairs import repair
from buildkit.compile.sameness.tree import kind, within
from buildkit.compile.sameness.wording import Words

_CYTHONS_RERAISE = Nodes.ReraiseStatNode


class Lifting:
    """Lifts the functions of plain Python modules, one job after another.

    Args:
        pipeline: Cython's module of that name; the stage is put in behind that which parses.

    `is_done` says whether the module of the last job was lifted.
    """

    DIRECTIVES: ClassVar[dict[str, object]] = {"infer_types": False, "binding": False, "autotestdict": False}
    """So that no local has a type of C, no function is made, and no name is added to the module."""

    def __init__(self, pipeline: Any) -> None:
        self.is_done = False
        self._is_wanted = False
        self._words = Words()
        original = pipeline.create_py_pipeline

        def create(context: Any, given: Any, result: Any) -> list[Any]:
            parse, *others = original(context, given, result)
            return [parse, self._stage, *others]

        pipeline.create_py_pipeline = create

    def begin(self, *, is_wanted: bool) -> None:
        """Begin a job.

        Args:
            is_wanted: whether the module may be lifted, if it is one of plain Python.
        """
        self.is_done = False
        self._is_wanted = is_wanted
        self._words.use(python=False)
        Nodes.ReraiseStatNode = _CYTHONS_RERAISE  # type: ignore[misc]

    def _stage(self, module: Any) -> Any:
        if not self._is_wanted or speaks_cython(module):
            return module
        self.is_done = True
        self._words.use(python=True)
        Nodes.ReraiseStatNode = Reraise  # type: ignore[misc]  # Cython itself makes more of them
        module.directive_comments = {**self.DIRECTIVES, **module.directive_comments}
        return lift(module)


def speaks_cython(module: Any) -> bool:
    """Return whether a module of Python has to do with Cython: it says itself how it is compiled, and so it is."""
    if module.directive_comments or Path(module.pos[0].filename).with_suffix(".pxd").exists():
        return True
    for node in within(module.body):
        if kind(node) in ("CImportStatNode", "FromCImportStatNode"):
            return True
        if kind(node) == "ImportNode" and node.module_name.value.partition(".")[0] == "cython":
            return True
    return False


def lift(module: Any) -> Any:
    """Return the tree of a module with nothing but its compiled functions, and the entries to them."""
    found = definitions(module)
    all_names = [each.name for each in found]  # now: those that are lifted get others
    compiled = [each for each in found if not why_python(each)]
    names.declare(module, [each.body for each in compiled])
    functions = [_lifted(each) for each in compiled]
    entries = Entries(module.pos, functions=functions, names=all_names)
    module.body = Nodes.StatListNode(module.pos, stats=[*functions, entries])
    return module


class LiftedFunction(Nodes.CFuncDefNode):
    """A function of the module as a C function, with all parameters by position; see `entries.Lifted`."""

    number = 0
    parameters = 0
    is_plain = False
    free: tuple[str, ...] = ()

    def analyse_declarations(self, env: Any) -> None:
        super().analyse_declarations(env)
        self.entry.used = True


def _lifted(definition: Definition) -> LiftedFunction:
    free = definition.free
    function = _as_def(definition.node)
    stars = [star for star in (function.star_arg, function.starstar_arg) if star]
    is_plain = not stars and not any(arg.kw_only for arg in function.args)
    written = _private(definition.owner)
    parameters = [(arg.pos, arg.declarator.name) for arg in function.args] + [(star.pos, star.name) for star in stars]
    first = parameters[0][1] if function.args else None
    own = {written(each) for each in scopes.bound(function)} - {*free}
    function.body = read_from_cells(function.body, free, first)
    _write_out(function.body, written)
    function.body = Nodes.StatListNode(function.body.pos, stats=[function.body])
    function.body, given = as_locals(function.body, [written(each) for _, each in parameters])
    repair(function.body)
    function.body = with_locals(with_turns(function.body), own)
    arguments = [_parameter(pos, EncodedString(each)) for (pos, _), each in zip(parameters, given, strict=True)]
    if free:
        arguments.insert(0, _parameter(function.pos, EncodedString(PARAMETER)))
    function.args, function.star_arg, function.starstar_arg = arguments, None, None
    function.num_kwonly_args = function.num_posonly_args = 0
    function.decorators = function.return_type_annotation = function.doc = None
    function.name = EncodedString(f"buildkit_{definition.number}")
    lifted = function.as_cfunction(overridable=False)
    lifted.__class__ = LiftedFunction
    lifted.number, lifted.parameters, lifted.is_plain = definition.number, len(parameters), is_plain
    lifted.free = free
    made: LiftedFunction = lifted
    return made


def _as_def(function: Any) -> Any:
    """Return a function as a `def`, which a lambda becomes."""
    if kind(function) == "DefNode":
        return function
    value = function.result_expr
    return Nodes.DefNode(
        function.pos,
        name=EncodedString("<lambda>"),
        args=function.args,
        star_arg=function.star_arg,
        starstar_arg=function.starstar_arg,
        body=Nodes.StatListNode(value.pos, stats=[Nodes.ReturnStatNode(value.pos, value=value)]),
        doc=None,
    )


def _parameter(pos: Any, name: str) -> Nodes.CArgDeclNode:
    base = Nodes.CAnalysedBaseTypeNode(pos, type=PyrexTypes.py_object_type)
    declarator = Nodes.CNameDeclaratorNode(pos, name=name, cname=None, default=None)
    return Nodes.CArgDeclNode(pos, base_type=base, declarator=declarator, default=None, annotation=None)


def _private(owner: str) -> Callable[[str], str]:
    """Return what writes the private names of a class (`__x`) out, as they are in Python's bytecode."""
    prefix = f"_{owner.lstrip('_')}" if owner.strip("_") else ""

    def written(name: str) -> str:
        if prefix and name.startswith("__") and not name.endswith("__"):
            whole: str = EncodedString(prefix + name)
            return whole
        return name

    return written


def _write_out(body: Any, written: Callable[[str], str]) -> None:
    for node in within(body):
        if kind(node) == "NameNode":
            node.name = written(node.name)
        elif kind(node) == "AttributeNode":
            node.attribute = written(node.attribute)
        elif kind(node) == "GlobalNode":
            node.names = [written(name) for name in node.names]
