"""What Python 3.14 has and those before it have not: no Python below it takes this text."""

import annotationlib
import ast
import dataclasses
import functools
import gc
import inspect
import pickle
import string.templatelib
import sys
import traceback
import types
import typing
import warnings
from compression import zstd

FORMATS = annotationlib.Format.VALUE, annotationlib.Format.FORWARDREF, annotationlib.Format.STRING


def said(call, *args, **named):
    try:
        return call(*args, **named)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def annotations(owner):
    return [repr(said(annotationlib.get_annotations, owner, format=each)) for each in FORMATS]


# ---- annotations are evaluated when they are asked for

limit: int = 3
later: Later
if limit > 2:
    sometimes: list[Later]
else:
    never: Never


def annotated(a: int, b: Later, *rest: "text", c: list[Missing] = (), **named: limit) -> dict[str, Later]:
    return a, b, rest, c, named


def q_annotations():
    return annotations(annotated)


class Later:
    own: Own
    other: int = 3

    def method(self, x: other, y: Later) -> "Own":
        return x, y


class Own:
    pass


def q_annotations_of_a_class():
    return annotations(Later), annotations(Later.method)


def q_annotations_of_a_module():
    return annotations(sys.modules[__name__])


def local_annotations(kind):
    class Local:
        x: kind
        y: Unknown

        def method(self, a: kind, b: Local) -> Unknown:
            return a

    def inner(a: kind, b: Local):
        return a

    return annotations(Local), annotations(Local.method), annotations(inner)


def q_local_annotations():
    return local_annotations(int)


def q_annotate_functions():
    asked = annotated.__annotate__
    return type(asked).__name__, asked.__name__, asked.__qualname__, said(asked, 1) is not None, said(asked, 4), asked.__module__ == __name__


def set_annotations():
    def f(a: int):
        return a

    said_first = f.__annotations__
    f.__annotate__ = lambda format: {"a": str, "format": format}
    second = f.__annotations__
    f.__annotations__ = {"b": 1}
    return said_first, second, f.__annotations__, f.__annotate__, f(3), said(lambda: setattr(f, "__annotate__", 3))


def q_set_annotations():
    return set_annotations()


def q_signatures():
    return [str(said(inspect.signature, annotated, annotation_format=each)) for each in FORMATS]


def q_wrapped_annotations():
    @functools.wraps(annotated)
    def wrapper(*args):
        return args

    return annotations(wrapper), wrapper.__wrapped__ is annotated, wrapper(1)


@dataclasses.dataclass
class Data:
    here: int
    there: list[Later]
    self: Data | None = None


def q_dataclass():
    return Data(1, []), [(each.name, each.type) for each in dataclasses.fields(Data)], annotations(Data.__init__)


class Named(typing.NamedTuple):
    a: int
    b: Later = None


class Typed(typing.TypedDict):
    a: int
    b: typing.NotRequired[Later]


def q_typing():
    return Named(1), typing.get_type_hints(Named), Typed.__required_keys__, typing.get_type_hints(Typed), pickle.loads(pickle.dumps(Named(2)))


@functools.singledispatch
def sort(value):
    return "object"


@sort.register
def sort_int(value: int):
    return "int"


@sort.register
def sort_both(value: str | bytes):
    return "text"


def q_singledispatch():
    return sort(1), sort("a"), sort(b""), sort(1.5), int | str, typing.Union[int, None]


# ---- texts with holes


def template(name, value):
    return t"hello {name!r:>{value}} and {value + 1}!"


def q_templates():
    made = template("a", 7)
    return made.strings, [(each.value, each.expression, each.conversion, each.format_spec) for each in made.interpolations], made.values, type(made).__name__


def q_template_sums():
    return (t"a{1}" + t"b").strings, said(lambda: t"a" + "b"), [*t"x{2}y"], isinstance(t"", string.templatelib.Template), t"{limit=}".strings


# ---- `except` without parentheses


def several(call):
    try:
        return call()
    except KeyError, IndexError:
        return "missing"
    except TypeError, ValueError, ZeroDivisionError:
        return "wrong"


def q_except_without_parentheses():
    return several(lambda: {}[1]), several(lambda: [][1]), several(lambda: int("x")), several(lambda: 1 / 0), said(several, lambda: None.x)


def q_except_star_without_parentheses():
    seen = []
    try:
        raise ExceptionGroup("g", [KeyError(1), TypeError(2), OSError(3)])
    except* KeyError, TypeError:
        seen.append("both")
    except* OSError:
        seen.append("os")
    return seen


# ---- `return` in `finally`, of which the compiler warns


def finally_wins(call):
    for _ in [1, 2]:
        try:
            call()
        finally:
            break
    try:
        return call()
    finally:
        return "won"


def q_return_in_finally():
    return finally_wins(lambda: 1 / 0), finally_wins(lambda: 2), sys.exception()


# ---- the rest


class Plain:
    pass


class Asynchronous:
    async def __aenter__(self):
        pass

    async def __aexit__(self, *args):
        pass


class Half:
    def __exit__(self, *args):
        pass


class Entering:
    def __enter__(self):
        pass


class Told:
    def __init__(self, name, order):
        self.name, self.order = name, order

    def __get__(self, owner, kind):
        self.order.append(self.name)
        return lambda *args: self.order.append(f"call {self.name}")


def enter(manager):
    with manager:
        return "entered"


def q_managers():
    order = []
    kind = type("Ordered", (), {"__enter__": Told("enter", order), "__exit__": Told("exit", order)})
    return [said(enter, each) for each in (Plain(), Asynchronous(), Half(), Entering(), None, Plain, kind())], order


def q_new_of_builtins():
    return said(lambda: [*map(pow, [1, 2], [3], strict=True)]), int(" 1_0 "), float.from_number(3), said(float.from_number, "3"), complex.from_number(2), memoryview[int]


def not_implemented(x):
    return NotImplemented or x


def q_truth_of_not_implemented():
    return said(not_implemented, 1), said(lambda: not NotImplemented), said(lambda: bool(NotImplemented))


def conversions(x):
    return int(x), round(x)


class Truncating:
    def __trunc__(self):
        return 3


def q_trunc_is_no_int():
    return said(conversions, Truncating()), said(conversions, 2.5)


def q_partial_places():
    return functools.partial(max, functools.Placeholder, 3)(5), said(functools.partial(max, functools.Placeholder, 3)), repr(functools.Placeholder)


def borrowed(values):
    first = values
    values = None
    inner = first.pop()
    first.append(inner)
    del values
    return first, [(x, y) for x in first for y in [inner] if x or y]


def q_borrowed_locals():
    return borrowed([1, 2, 3]), sys.getrefcount(object()) < 3


def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)


def q_deep():
    return deep(500), said(deep, 10**6)


class Weak:
    def method(self, /, x, *, y=1):
        "documentation"
        return self, x, y


def q_function_objects():
    f = Weak.method
    return type(f) is types.FunctionType, f.__doc__, f.__code__.co_consts, f.__code__.co_varnames, f.__code__.co_flags, f.__kwdefaults__, f.__type_params__, gc.is_tracked(f), [name for name in dir(f) if "annot" in name]


def q_documentation_of_code():
    return Weak.method.__code__.co_flags & 0x4000000 == inspect.CO_HAS_DOCSTRING if hasattr(inspect, "CO_HAS_DOCSTRING") else None, deep.__doc__


def fails(x):
    text = "é" * 3
    return text + (
        x
        + 1
    )


def q_traceback_lines():
    try:
        fails(None)
    except TypeError as error:
        return [(step.name, step.lineno, step.line) for step in traceback.extract_tb(error.__traceback__)]


def q_suggestions():
    def close():
        return limt

    def attribute():
        return Data.heer

    return said(close), said(attribute), said(lambda: "".jion), said(lambda: [].push), said(lambda: {}.ad)


def unpack(values):
    a, b = values
    return a, b


def q_words():
    return [said(call) for call in (lambda: unpack([1, 2, 3]), lambda: unpack({1}), lambda: unpack((1, 2, 3)), lambda: unpack({1: 2, 3: 4, 5: 6}), lambda: hash([]), lambda: {[]: 1}, lambda: {[1]}, lambda: {}[[]], lambda: 1 in 2, lambda: [1][:"a"], lambda: "%d" % "x", lambda: f"{1:s}", lambda: "a" * 2.0, lambda: -"a", lambda: None[0], lambda: None.x, lambda: 1(), lambda: [1, 2]["a"], lambda: (1,)[2], lambda: [].pop(), lambda: int("é"), lambda: "abc".index("z"), lambda: b"a" + "b", lambda: 3 @ 4, lambda: 1 // 0, lambda: 1 % 0, lambda: 1.5 // 0, lambda: 2.0 % 0, lambda: 0 ** -1, lambda: 1j / 0, lambda: divmod(1, 0), lambda: 1 << -1, lambda: max(), lambda: sum(1), lambda: iter(1), lambda: next(1), lambda: len(1), lambda: abs(""), lambda: ord("ab"), lambda: chr(-1), lambda: set()["a"], lambda: {1} - [1], lambda: {**{1: 2}, **3}, lambda: [*4])]


def unhashable_key(d, key):
    d[key] = 1
    return d


def q_unhashable():
    return said(unhashable_key, {}, []), said(unhashable_key, [], []), said(lambda: {}.get([])), said(lambda: [] in {1}), said(lambda: {[]: 1 for _ in [1]}), said(lambda: {[] for _ in [1]})


def q_compressed():
    return zstd.decompress(zstd.compress(b"abc" * 100))[:4]


def q_warned():
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        said(lambda: ~True)
        compile("1 is 1", "x", "exec")
    return [str(each.message)[:40] for each in heard]


def q_generic_without_brackets():
    return [ast.unparse(ast.parse(text)) for text in ("x: y", "t'{a}'", "try:\n f()\nexcept A, B:\n g()")]
