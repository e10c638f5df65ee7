"""How calls reach the compiled functions, and how the module's body starts: the last statement that Cython sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from Cython.Compiler import Nodes
from Cython.Compiler.Code import UtilityCode
from Cython.Compiler.StringEncoding import EncodedString

from buildkit.compile.sameness import arithmetic
from buildkit.compile.sameness.making import Inner
from buildkit.compile.sameness.stack import Lines

_PARTS = (
    "stack",
    "support",
    "attributes",
    "tracebacks",
    "lookups",
    "builtins",
    "arithmetic",
    "floats",
    "unpacking",
    "calls",
    "methods",
    "imports",
    "loops",
    "ranges",
    "sums",
    "making",
    "generators",
    "frames",
    "shown",
    "body",
)

SHARED = "_buildkit_2_"
"""How the module is called in which all modules of ours share their type of generators: not with those of Cython's own,
which are made otherwise. The number is another one when what they have of ours changes."""

_IN_PROTO = ("arithmetic", "floats")
"""Of which all C is in the header."""
_IN_IMPL = ("body",)
"""Of which nothing is in a header."""
_REPLACED = ("PyObjectFastCall", "PyObjectFastCallMethod", "PyObjectGetAttrStr", "PyObjectSetAttrStr")
"""Of Cython's own C that in whose place functions have something of ours."""


@dataclass(frozen=True, slots=True)
class Lifted:
    """A compiled function.

    Args:
        node: Cython's, of its C function.
        number: its place among all functions of the text.
        parameters: how many there are, with `*args` and `**kwargs`.
        is_plain: whether each may be given by position, but what `*args` and `**kwargs` take.
        rest: whether it has these two.
        is_generator: whether its C function makes a generator.
        free: the names of the cells in its closure.
        made: the functions, classes and generator expressions that it makes.
        asks: whether it may call what asks for its names.
    """

    node: Any
    number: int
    parameters: int
    is_plain: bool
    rest: tuple[bool, bool]
    is_generator: bool
    free: tuple[str, ...]
    made: tuple[Inner, ...]
    asks: bool


class Entries(Nodes.StatNode):
    """The last statement of a module: how calls reach the compiled functions, and the start of the module's body.

    Attributes:
        functions: the compiled ones.
        lines: those to which they come.
        names: of all codes: functions, classes and generator expressions.
        count: how many of them are functions.
        builtins: those that C calls by itself.
        masks: of each compiled function, which of these it uses.
    """

    child_attrs: list[str] = []  # type: ignore[assignment]  # noqa: RUF012 - as all of Cython's nodes
    functions: Sequence[Lifted]
    lines: Lines
    names: Sequence[str]
    count: int
    builtins: Sequence[str]
    masks: Sequence[int]

    def analyse_declarations(self, env: Any) -> None:
        env.use_utility_code(support())

    def analyse_expressions(self, env: Any) -> Any:
        return self

    def generate_function_definitions(self, env: Any, code: Any) -> None:
        for each, mask in zip(self.functions, self.masks, strict=True):
            code.putln(_entry(each, mask, is_seen=self.lines.is_seen(each.number)))
        compiled = {each.number: each for each in self.functions}
        rows = []
        for number, name in enumerate(self.names[: self.count]):
            if number not in compiled:
                rows.append(f"{{BUILDKIT_NO_FRAMES, 0, 0, {_text(name)}}},")
                continue
            function, made = compiled[number], "NULL"
            if function.made:
                made = f"buildkit_made_by_{number}"
                inner = [*(_inner(each) for each in function.made), "{0}"]
                code.putln(f"static const buildkit_code {made}[] = {{{', '.join(inner)}}};")
            free = _text(",".join(function.free))
            first, count, _ = self.lines.functions[number]
            parts = f"{first}, {count}, {_text(name)}, {free}, buildkit_entry_{number}, {made}, {int(function.asks)}"
            rows.append(f"{{BUILDKIT_NO_FRAMES, {parts}}},")
        names = "".join(f"{name}\n" for name in self.names)
        code.putln(f"static const char buildkit_names[] = {_text(names)};")
        code.putln("static buildkit_function buildkit_functions[] = {")
        code.putln("\n".join(rows))
        code.putln("{{0}}")
        code.putln("};")
        code.putln(f"static const Py_ssize_t buildkit_function_count = {self.count};")
        code.putln("#if BUILDKIT_FRAMES")
        code.putln(
            f"static const int buildkit_line_numbers[] = {{{''.join(f'{each}, ' for each in self.lines.numbers)}0}};"
        )
        code.putln(f"static void *buildkit_lines[{len(self.lines.numbers) + 1}];")
        code.putln("#undef __Pyx_RefNannyDeclarations")
        code.putln("#define __Pyx_RefNannyDeclarations")
        code.putln("#endif")
        code.putln(f"static PyObject *buildkit_codes[{len(self.names) + 1}];")
        code.putln(f"static buildkit_pattern buildkit_patterns[{len(self.names) + 1}];")
        used = "".join(f"{_text(name)}, " for name in self.builtins)
        code.putln(f"static const char *const buildkit_used[] = {{{used}NULL}};")
        code.putln("#undef __PYX_ABI_MODULE_NAME")
        code.putln(f"#define __PYX_ABI_MODULE_NAME {_text(SHARED)} CYTHON_ABI")
        code.putln("#undef __Pyx_AddTraceback")
        code.putln("#undef __Pyx_PyObject_IsTrue")
        for name in arithmetic.REPLACED:
            code.putln(f"#undef {name}")
        code.putln("#ifdef BUILDKIT_NEVER")
        code.putln("#undef __Pyx_PyObject_GetAttrStr")
        code.putln("#undef __Pyx_PyObject_SetAttrStr")
        code.putln("#endif")

    def generate_execution_code(self, code: Any) -> None:
        source = Path(self.pos[0].get_filenametable_entry()).name
        code.putln(f"if (buildkit_run_body(__pyx_m, {_text(source)}) < 0) {{")
        code.putln("stringtab_initialized = 0;  /* so that Cython puts no step of its own into the traceback */")
        code.putln(code.error_goto(self.pos))
        code.putln("}")

    def annotate(self, code: Any) -> None:
        pass


def support() -> UtilityCode:
    """Return the C that every module has: how parameters are bound, and how the body is run."""
    folder = Path(__file__).parent
    return UtilityCode(
        name="BuildkitSupport",
        requires=[UtilityCode.load_cached(name, "ObjectHandling.c") for name in _REPLACED],
        proto="".join((folder / f"{name}.h").read_text("utf-8") for name in _PARTS if name not in _IN_IMPL)
        + "".join(f"#define {name} {ours}\n" for name, ours in arithmetic.REPLACED.items()),
        impl="".join((folder / f"{name}.c").read_text("utf-8") for name in _PARTS if name not in _IN_PROTO),
    )


def _entry(function: Lifted, mask: int, *, is_seen: bool) -> str:
    """Return the C function that receives the calls of a Python function."""
    number, total = function.number, function.parameters
    python = "return buildkit_in_python(function, args, nargsf, names);"
    guard = f"\n  if (unlikely(!buildkit_are_builtins(UINT64_C({mask})))) {python}" if mask else ""
    holds, lets_go = _held(function)
    run = _run(function, is_seen=is_seen)
    named = total - sum(function.rest)
    taken = "".join(f" bound[{at}] = args[{at}]; Py_INCREF(bound[{at}]);" for at in range(named))
    left = "".join(f" Py_DECREF(bound[{at}]);" for at in range(total))
    unused = "".join(f" Py_DECREF(bound[{at}]);" for at in range(named, total))
    test = "BUILDKIT_IS_STARRED" if function.rest[0] else "BUILDKIT_IS_PLAIN"
    direct = f"""
  if (likely({test}(function, {number}, nargsf, names, {named}))) {{{_rest(function, named)}
    if (unlikely(!(state = buildkit_enter()))) {{{unused} return NULL; }}
    {holds}{taken}
    {run}
    buildkit_leave(state);
    {lets_go}{left}
    return result;
  }}"""
    return f"""
static PyObject *buildkit_entry_{number}(BUILDKIT_CALL) {{
  PyObject *result = NULL, *bound[{max(total, 1)}];
  PyObject *closure = PyFunction_GET_CLOSURE(function);
  PyThreadState *state;
  buildkit_frame *frame CYTHON_UNUSED, *previous CYTHON_UNUSED;
  int how;{guard}{direct if function.is_plain else ""}
  how = buildkit_bind(&buildkit_functions[{number}], function, args, nargsf, names, bound, {total});
  if (how < 0) return NULL;
  if (how == 0) {python}
  if (likely(state = buildkit_enter())) {{
    {holds}
    {run}
    buildkit_leave(state);
    {lets_go}
  }}
  buildkit_release(bound, {total});
  return result;
}}"""


def _rest(function: Lifted, named: int) -> str:
    """Return the C that makes what `*args` and `**kwargs` are of a call without names."""
    made, at = "", named
    if function.rest[0]:
        made = f"\n    if (unlikely(!(bound[{at}] = buildkit_rest(args, nargsf, {named})))) return NULL;"
        at += 1
    if function.rest[1]:
        failed = f"Py_DECREF(bound[{named}]); return NULL;" if function.rest[0] else "return NULL;"
        made += f"\n    if (unlikely(!(bound[{at}] = PyDict_New()))) {{ {failed} }}"
    return made


def _run(function: Lifted, *, is_seen: bool) -> str:
    """Return how the C function is called: with a frame where it calls others, which a generator has as it goes on."""
    if function.is_generator:
        return f"result = make_{function.node.name}({_list(function, 'bound')});"
    call = f"result = {function.node.entry.func_cname}({_list(function, 'bound')});"
    if not is_seen:
        return f"buildkit_push_none();\n    {call}"
    own = f"&buildkit_functions[{function.number}].frames"
    return (
        f"frame = buildkit_push(state, {own}, &previous);\n    {call}\n    buildkit_pop(state, {own}, frame, previous);"
    )


def _held(function: Lifted) -> tuple[str, str]:
    """Return how the closure is held during the call and let go: whoever calls may let go of the function meanwhile."""
    return ("Py_INCREF(closure);", "Py_DECREF(closure);") if function.free else ("", "")


def _list(function: Lifted, array: str) -> str:
    """Return what the C function is called with."""
    itself = ["function"] if function.is_generator else []
    closure = ["closure"] if function.free else []
    return ", ".join([*itself, *closure, *(f"{array}[{at}]" for at in range(function.parameters))])


def _inner(made: Inner) -> str:
    return f"{{{_text(made.name)}, {_text(','.join(made.free))}, {made.number}, {int(made.is_annotated)}}}"


def _text(text: str) -> str:
    literal: str = EncodedString(text).as_c_string_literal()
    return literal
