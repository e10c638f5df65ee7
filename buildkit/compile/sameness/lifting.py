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

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, ClassVar

from Cython.Compiler import Future, Nodes, PyrexTypes
from Cython.Compiler.Errors import CompileError
from Cython.Compiler.StringEncoding import EncodedString

from buildkit.compile.sameness import cells, functions, generators, names, private, scopes, shown
from buildkit.compile.sameness.aside import Aside, lines_of
from buildkit.compile.sameness.consuming import consume
from buildkit.compile.sameness.entries import Entries, Lifted
from buildkit.compile.sameness.functions import Definition, definitions, why_python
from buildkit.compile.sameness.handlers import Reraise
from buildkit.compile.sameness.loops import with_turns
from buildkit.compile.sameness.making import Maker
from buildkit.compile.sameness.parameters import as_locals, with_locals
from buildkit.compile.sameness.reading import CYTHONS
from buildkit.compile.sameness.repairs import repair
from buildkit.compile.sameness.sharing import Sharing
from buildkit.compile.sameness.stack import Lines, with_lines
from buildkit.compile.sameness.texts import Texts
from buildkit.compile.sameness.tree import kind, within

_OURS: dict[str, Any] = {"ReraiseStatNode": Reraise, "GeneratorDefNode": generators.LiftedGenerator}
"""Kinds of nodes that Cython itself makes more of after it has parsed a module."""
PLUS_PLUS = "`# distutils: language = c++`, and plain Python keeps its meaning in C alone"
"""What is said of a module of plain Python that asks for C++."""

_CYTHONS = {name: getattr(Nodes, name) for name in _OURS}


class Lifting:
    """Lifts the functions of plain Python modules, one job after another.

    Args:
        pipeline: Cython's module of that name; the stage is put in behind that which parses.

    `is_wanted` says whether the module of the present job may be lifted, `is_done` whether that of the last one was,
    `is_parsed` whether its text was read to the end; and `line` where Cython is in it.
    """

    DIRECTIVES: ClassVar[dict[str, object]] = {
        "infer_types": False,
        "binding": False,
        "autotestdict": False,
        "optimize.inline_defnode_calls": False,
    }
    """So that no local has a type of C, no function is made, and no name is added to the module."""

    def __init__(self, pipeline: Any) -> None:
        self.is_done = self.is_parsed = False
        self.is_wanted = False
        self.line: Callable[[], int] = int
        self._language = "c"
        self._given: Collection[str] = ()
        self._aside, self._text = Aside(), ""
        self._texts = Texts()
        original = pipeline.create_py_pipeline

        def create(context: Any, given: Any, result: Any) -> list[Any]:
            parse, *others = original(context, given, result)
            return [parse, lambda module: self._stage(module, context), *others]

        pipeline.create_py_pipeline = create

    def begin(self, *, is_wanted: bool, language: str = "c", given: Collection[str] = ()) -> None:
        """Begin a job.

        Args:
            is_wanted: whether the module may be lifted, if it is one of plain Python.
            given: the directives that the project's settings give.
            language: what is written. Plain Python in C++ is an error of the job: its meaning is kept in C alone, and
                what only a comment asks for must not take it away.
        """
        self.is_wanted = is_wanted
        self._language = language
        self._given = given
        self._aside, self._text = Aside(), ""
        self._begin()

    def _begin(self) -> None:
        self.is_done = self.is_parsed = False
        self._texts.use(ours=False)
        vars(Nodes).update(_CYTHONS)

    def _stage(self, module: Any, context: Any) -> Any:
        self.is_parsed = True
        if not self.is_wanted:
            return module
        if speaks_cython(module):
            if "annotation_typing" not in self._given:  # its annotations are Cython's, and its .pxd agrees with them
                module.directive_comments = {"annotation_typing": True, **module.directive_comments}
            return module
        if self._language != "c":
            raise CompileError(module.pos, PLUS_PLUS)
        self.is_done = True
        self._texts.use(ours=True)
        vars(Nodes).update(_OURS)
        module.directive_comments = {**self.DIRECTIVES, **module.directive_comments}
        annotations_are_texts = Future.annotations in context.future_directives
        return lift(module, annotations_are_texts=annotations_are_texts, aside=self._aside)

    def read(self, text: str) -> str:
        """Return what Cython is to read of the text of the present job's module."""
        self._text = text
        return self._aside.cut(text)

    def set_aside(self, words: str, source: str) -> bool:
        """Set aside what Cython refused in the present job, and begin it anew; return whether that may help.

        Args:
            words: what Cython said.
            source: the module's file, as Cython knows it.
        """
        if not self.is_wanted or self._language != "c" or is_cythons(self._text, source):
            return False
        if not self._aside.put(self._text, lines_of(words, source), is_deep="RecursionError" in words):
            return False
        self._begin()
        return True


def is_cythons(text: str, source: str) -> bool:
    """Return whether the text of a module looks as if it had to do with Cython, also where that does not take it.

    Args:
        text: of the module.
        source: its file.
    """
    return CYTHONS.search(text) is not None or Path(source).with_suffix(".pxd").exists()


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


def lift(module: Any, *, annotations_are_texts: bool = False, aside: Aside | None = None) -> Any:
    """Return the tree of a module with nothing but its compiled functions, and the entries to them.

    Args:
        module: Cython's, just parsed.
        annotations_are_texts: whether it begins with `from __future__ import annotations`.
        aside: what Cython did not get to see of it.
    """
    aside = aside or Aside()
    private.write_out(module)
    top = scopes.scopes(module)
    fixed = names.fixed(module, aside.bound)
    consume(top, fixed)
    found, every = definitions(top, aside.missing), functions.ordered(top, aside.missing)
    numbers = {id(each.node): number for number, each in enumerate(every) if isinstance(each, scopes.Scope)}
    maker = Maker(numbers, annotations_are_texts=annotations_are_texts)
    compiled = [each for each in found if not why_python(each)]
    used = [names.used(each.body) for each in compiled]
    builtins = sorted(names.declare(module, fixed, set().union(*used)))
    module.scope.lines = lines = Lines()
    # those around first: they take the defaults of those in them
    lifted = [_lifted(each, maker, fixed) for each in compiled]
    entries = Entries(
        module.pos,
        functions=lifted,
        lines=lines,
        names=[each.name for each in every],
        count=len(found) + sum(each.is_function for each in aside.missing),
        builtins=builtins,
        masks=[sum(1 << at for at, name in enumerate(builtins) if name in each) for each in used],
    )
    module.body = Nodes.StatListNode(module.pos, stats=[*(each.node for each in lifted), entries])
    return module


class CFunction(Nodes.CFuncDefNode):
    """A function of the module as a C function, with all parameters by position."""

    def analyse_declarations(self, env: Any) -> None:
        super().analyse_declarations(env)
        self.entry.used = True

    def generate_function_body(self, env: Any, code: Any) -> None:
        write = super().generate_function_body
        with_lines(self.body, env.global_scope().lines, code, lambda writer: write(env, writer))


def _lifted(definition: Definition, maker: Maker, fixed: Collection[str]) -> Lifted:
    scope = definition.scope
    made = tuple(maker.inner(each) for each in definition.made)
    function = _as_def(definition.node)
    stars = [star for star in (function.star_arg, function.starstar_arg) if star]
    is_plain = not any(arg.kw_only for arg in function.args)
    rest = (function.star_arg is not None, function.starstar_arg is not None)
    parameters = [(arg.pos, arg.declarator.name) for arg in function.args] + [(star.pos, star.name) for star in stars]
    passed = [name for _, name in parameters]
    is_generator = generators.yields(function.body)
    sharing = Sharing(scope, passed[0] if function.args else None, maker)
    function.body = Nodes.StatListNode(function.body.pos, stats=[sharing.put_into(function.body)])
    asks = shown.show_names(
        function.body, sorted(scope.own - scope.cells), sorted(scope.cells | {*scope.free}), sharing.variable
    )
    function.body, given = as_locals(function.body, passed, scope.cells)
    repair(function.body)
    function.body = with_turns(function.body)
    function.body = cells.with_cells(function.body, sorted(scope.cells), passed)
    counts = "range" in fixed and not scope.binds("range") and not asks
    function.body = with_locals(function.body, scope.own - scope.cells, counts=counts)
    arguments = [_parameter(pos, EncodedString(each)) for (pos, _), each in zip(parameters, given, strict=True)]
    if scope.free:
        arguments.insert(0, _parameter(function.pos, EncodedString(cells.CLOSURE)))
    function.args, function.star_arg, function.starstar_arg = arguments, None, None
    function.num_kwonly_args = function.num_posonly_args = 0
    function.decorators = function.return_type_annotation = function.doc = None
    function.name = EncodedString(f"buildkit_{definition.number}")
    if not is_generator:
        function = function.as_cfunction(overridable=False)
        function.__class__ = CFunction
    return Lifted(function, definition.number, len(parameters), is_plain, rest, is_generator, scope.free, made, asks)


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
