"""The standard library's tools around functions and classes of the module."""

import asyncio
import collections
import contextlib
import copy
import dataclasses
import enum
import functools
import inspect
import operator
import pickle
import types
import typing
import weakref
from unittest import mock


def said(function, *args, **named):
    try:
        return function(*args, **named)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


def documented(a: int, b: "str" = "x", *args: float, c: bool = True, **named: typing.Any) -> list[int]:
    """Says what it does.

    In two paragraphs.
    """
    return [a]


def plain(a, b=1):
    # a comment
    return a + b


async def waited(x):
    await asyncio.sleep(0)
    return x


def generated(n):
    """Yields."""
    for i in range(n):
        got = yield i
        if got:
            yield got


async def generated_later(n):
    for i in range(n):
        yield i


def decorator(function):
    @functools.wraps(function)
    def wrapper(*args, **named):
        return "wrapped", function(*args, **named)

    return wrapper


def with_arguments(prefix):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args):
            return prefix, function(*args)

        return wrapper

    return decorate


@decorator
@with_arguments("p")
def decorated(a):
    """Decorated."""
    return a


@functools.lru_cache(maxsize=2)
def cached(n):
    calls.append(n)
    return n * 2


calls = []


@functools.cache
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


@functools.singledispatch
def dispatched(x):
    return "object"


@dispatched.register
def _(x: int):
    return "int"


@dispatched.register(list)
def of_list(x):
    return "list"


@dispatched.register
def _(x: str | bytes if hasattr(types, "UnionType") and __import__("sys").version_info >= (3, 11) else str):
    return "text"


class Dispatching:
    @functools.singledispatchmethod
    def shown(self, x):
        return "object"

    @shown.register
    def _(self, x: int):
        return "int"

    @functools.partialmethod
    def nothing(self):
        return None

    def base(self, a, b):
        return a, b

    half = functools.partialmethod(base, 1)

    @functools.cached_property
    def once(self):
        return object()

    @functools.lru_cache
    def cached(self, n):
        return n


@contextlib.contextmanager
def managed(events):
    events.append("enter")
    try:
        yield "value"
    except ValueError:
        events.append("swallowed")
    finally:
        events.append("exit")


@dataclasses.dataclass(order=True)
class Point:
    x: int
    y: int = 0
    tags: list = dataclasses.field(default_factory=list, compare=False, repr=False)

    def length(self) -> float:
        return (self.x**2 + self.y**2) ** 0.5

    def __post_init__(self):
        self.sum = self.x + self.y


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    a: int
    b: str = "b"

    def changed(self, **changes):
        return dataclasses.replace(self, **changes)

    def write(self):
        self.a = 5

    def who(self):
        return super().__repr__()[:5], __class__.__name__


@dataclasses.dataclass(kw_only=True)
class Keyword(Point):
    z: typing.ClassVar[int] = 3
    w: int = 4
    v: dataclasses.InitVar[int] = 5

    def __post_init__(self, v):
        self.v2 = v


class Color(enum.Enum):
    RED = 1
    GREEN = "g"

    def shown(self):
        return self.name.lower(), self.value

    @classmethod
    def default(cls):
        return cls.RED

    @property
    def upper(self):
        return self.name

    @classmethod
    def _missing_(cls, value):
        return cls.GREEN if value == "unknown" else None


class Rights(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()

    def both(self):
        return self | Rights.WRITE


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2

    def __str__(self):
        return f"level {self.value}"


Pair = collections.namedtuple("Pair", "a b", defaults=[2])


class Typed(typing.NamedTuple):
    a: int
    b: str = "z"

    def joined(self):
        return f"{self.a}{self.b}"


class Shape(typing.TypedDict, total=False):
    name: str
    sides: int


@typing.runtime_checkable
class Closes(typing.Protocol):
    def close(self) -> None: ...


class Closing:
    def close(self):
        return "closed"


T = typing.TypeVar("T")


class Box(typing.Generic[T]):
    def __init__(self, item: T) -> None:
        self.item = item

    def get(self) -> T:
        return self.item

    def __reduce__(self):
        return Box, (self.item,)


class Stateful:
    def __init__(self):
        self.a, self.b = 1, [2]

    def __getstate__(self):
        return {"a": self.a}

    def __setstate__(self, state):
        self.a, self.b = state["a"] + 10, "restored"

    def __eq__(self, other):
        return vars(self) == vars(other)

    def __copy__(self):
        made = Stateful()
        made.a = "copied"
        return made

    def __deepcopy__(self, memo):
        made = Stateful()
        made.a = "deep"
        return made


class Counted(dict):
    def __missing__(self, key):
        self[key] = value = len(self)
        return value


class Chained(collections.UserDict):
    def __getitem__(self, key):
        return "user", super().__getitem__(key)


class Plain:
    """Plain class."""

    def method(self, a: int, *, b=2) -> str:
        """A method."""
        return str(a)

    @classmethod
    def of_class(cls, x: "Plain") -> "Plain":
        return x

    @staticmethod
    def static(q=1):
        return q

    @property
    def prop(self) -> int:
        return 1

    def __call__(self, z):
        return z


def described(function):
    return str(inspect.signature(function))


def count_by(values):
    counted, found = collections.Counter(values), collections.defaultdict(list)
    for value in values:
        found[len(value)].append(value)
    return counted.most_common(1), dict(found), Counted()["new"], Chained(a=1)["a"]


def q_signatures():
    return [described(each) for each in (documented, plain, waited, generated, decorated, cached, dispatched, Plain.method, Plain().method, Plain.of_class, Plain.static, Plain(), Point, Frozen, Color.shown, Pair, Typed, Box, Box.get, managed)]


def q_kinds_of_functions():
    tests = (inspect.isfunction, inspect.ismethod, inspect.isroutine, inspect.isbuiltin, inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction, inspect.iscode, callable, inspect.ismethoddescriptor)
    return [[test(each) for test in tests] for each in (plain, waited, generated, generated_later, Plain.method, Plain().method, Plain.of_class, Plain.static, decorated, cached)]


def q_types_of_functions():
    return [type(each).__name__ for each in (plain, Plain.method, Plain().method, waited, generated)], isinstance(plain, types.FunctionType), plain.__class__ is types.FunctionType


def q_attributes_of_functions():
    return [(each.__name__, each.__qualname__, each.__module__, each.__doc__, each.__defaults__, each.__kwdefaults__, each.__closure__, each.__dict__, each.__globals__ is globals()) for each in (documented, plain, generated, Plain.method)], [str(each.__annotations__) for each in (documented, plain)]


def q_attributes_set():
    plain.mark = 5
    plain.__name__, plain.__doc__ = "renamed", "new doc"
    try:
        return plain.mark, plain.__dict__, plain.__name__, repr(plain)[:18], inspect.getdoc(plain), said(setattr, plain, "__name__", 5), said(setattr, plain, "__code__", 5), said(setattr, plain, "__defaults__", 5)
    finally:
        plain.__name__, plain.__doc__ = "plain", None
        del plain.mark


def q_code():
    code = documented.__code__
    return code.co_name, code.co_varnames, code.co_argcount, code.co_kwonlyargcount, code.co_posonlyargcount, code.co_flags, code.co_firstlineno, code.co_filename.rpartition("/")[2], code.co_nlocals, code.co_freevars, code.co_cellvars


def q_source():
    return inspect.getsource(plain), inspect.getsource(Plain.method), inspect.getsourcelines(documented)[1], inspect.getcomments(plain), inspect.getfile(plain).rpartition("/")[2], inspect.getsourcefile(plain).rpartition("/")[2], inspect.getmodule(plain).__name__


def q_documents():
    return inspect.getdoc(documented), inspect.getdoc(Plain.method), inspect.getdoc(Plain), inspect.cleandoc(documented.__doc__), decorated.__doc__


def q_argspec():
    return str(inspect.getfullargspec(documented)), str(inspect.getcallargs(plain, 1)), said(inspect.getcallargs, plain), str(inspect.signature(plain).bind(1, b=2)), said(inspect.signature(plain).bind, c=1)


def q_hints():
    return str(typing.get_type_hints(documented)), str(typing.get_type_hints(Plain.of_class)), str(typing.get_type_hints(Point)), str(typing.get_type_hints(Shape)), str(Typed.__annotations__), str(typing.get_type_hints(Box.get))


def q_members():
    return [name for name, _ in inspect.getmembers(Plain, inspect.isfunction)], [name for name, _ in inspect.getmembers(Plain(), inspect.ismethod)], [(each.name, each.kind) for each in inspect.classify_class_attrs(Plain) if not each.name.startswith("__")]


def q_unwrapped():
    return inspect.unwrap(decorated).__name__, decorated.__wrapped__.__wrapped__.__name__, decorated(1), decorated.__wrapped__(2)


def q_lru_cache():
    calls.clear()
    return cached(1), cached(1), cached(2), cached(3), cached(1), calls, str(cached.cache_info()), cached.__wrapped__(5), said(cached, []), fibonacci(80)


def q_singledispatch():
    return dispatched(1.5), dispatched(1), dispatched([]), dispatched("a"), dispatched(True), sorted(each.__name__ for each in dispatched.registry), dispatched.dispatch(int)(0), Dispatching().shown(1), Dispatching().shown("a")


def q_methods_of_tools():
    x = Dispatching()
    return x.half(2), x.once is x.once, x.cached(3), Dispatching.cached.cache_info().misses > 0, said(lambda: x.nothing)


def q_contextmanager():
    events = []
    with managed(events) as value:
        events.append(value)
        raise ValueError("x")
    try:
        with managed(events):
            raise KeyError("y")
    except KeyError as error:
        events.append(repr(error))
    return events, said(lambda: managed())


def q_dataclasses():
    a, b = Point(3, 4), Point(1)
    return a, a.length(), sorted([a, b]), a == Point(3, 4), a.sum, dataclasses.asdict(a), dataclasses.astuple(b), said(Point), [f.name for f in dataclasses.fields(Point)], Point.__match_args__, said(hash, a), a.tags is b.tags


def q_dataclasses_frozen():
    x = Frozen(1)
    return x, x.changed(a=2), said(x.write), hash(x) == hash(Frozen(1)), hasattr(x, "__dict__"), Frozen.__slots__, said(x.who)


def q_dataclasses_keyword():
    return Keyword(x=1, v=7).v2, said(Keyword, 1), described(Keyword), Keyword.z


def q_enums():
    return Color.RED.shown(), Color("g"), Color["RED"], Color.default().upper, [*Color], Color("unknown"), said(Color, 5), said(lambda: Color.BLUE), Color.RED in Color, repr(Color.RED), str(Level.LOW), Level.LOW < 2, f"{Level.HIGH}", Rights.READ.both(), repr(Rights.READ | Rights.WRITE), said(setattr, Color, "RED", 2)


def q_named_tuples():
    p, t = Pair(1), Typed(5)
    return p, p._replace(b=9), p._asdict(), Pair._fields, t.joined(), t, Typed.__annotations__.keys(), t + (1,), said(Pair), said(p._replace, c=1), p == (1, 2), Pair._make("ab")


def q_typed_dicts():
    return Shape(name="a"), sorted(Shape.__annotations__), Shape.__total__, Shape.__optional_keys__ == {"name", "sides"}


def q_protocols():
    return isinstance(Closing(), Closes), isinstance(5, Closes), issubclass(Closing, Closes), said(Closes)


def q_generics():
    return Box[int](5).get(), str(Box[int]), Box[int].__origin__ is Box, typing.get_args(Box[str]), Box.__parameters__


def q_pickled():
    made = [Point(1, 2), Frozen(3), Color.RED, Rights.READ, Level.HIGH, Pair(1), Typed(2), Shape(name="q"), plain, Plain.method, documented, decorated, cached, Plain, Color, Stateful(), Counted(a=1), Closing.close, functools.partial(plain, 1), len, Keyword(x=1)]
    return [repr(pickle.loads(pickle.dumps(each, protocol))) == repr(each) or type(each).__name__ for each in made for protocol in (0, 2, 5)], pickle.loads(pickle.dumps(Box(7))).get(), pickle.loads(pickle.dumps(Plain().method))(4)


def q_pickled_wrong():
    return [said(pickle.dumps, each).partition(" at ")[0].replace("'", "") for each in (lambda: 1, generated(1))]


def q_copied():
    x = Stateful()
    return copy.copy(x).a, copy.deepcopy(x).a, copy.copy(plain) is plain, copy.deepcopy(plain) is plain, copy.deepcopy(Plain.method) is Plain.method, copy.deepcopy([Point(1)])[0], copy.copy(Frozen(1)), pickle.loads(pickle.dumps(x)).b, copy.deepcopy({plain: plain})[plain] is plain


def q_weak():
    ref = weakref.ref(plain)
    method = weakref.WeakMethod(Plain().method)
    table = weakref.WeakKeyDictionary({plain: 1})
    return ref() is plain, method() is None, table[plain], weakref.getweakrefcount(plain) > 0


def q_mocked():
    auto = mock.create_autospec(plain, return_value=9)
    found = [auto(1), said(auto), said(auto, 1, 2, 3)]
    with mock.patch(f"{__name__}.plain", return_value=7) as patched:
        found += [plain(1), patched.call_args.args]
    with mock.patch.object(Plain, "method", autospec=True, return_value="m"):
        found.append(Plain().method(1))
    with mock.patch.object(Plain, "prop", new_callable=mock.PropertyMock, return_value=5):
        found.append(Plain().prop)
    return found, plain(1)


def q_generators():
    g = generated(3)
    found = [next(g), g.send("sent"), next(g), inspect.getgeneratorstate(g), g.gi_code.co_name, g.__name__, g.gi_running]
    g.close()
    return found, inspect.getgeneratorstate(g), list(g), said(g.throw, ValueError("t")), inspect.isgenerator(g)


def q_coroutines():
    async def all_of_them():
        return await asyncio.gather(waited(1), waited(2)), [x async for x in generated_later(2)]

    c = waited(5)
    found = [inspect.iscoroutine(c), c.__name__, inspect.getcoroutinestate(c), inspect.isawaitable(c)]
    c.close()
    return asyncio.run(all_of_them()), found


def q_collections():
    return count_by(["a", "bb", "a"])


def q_operators_of_library():
    return operator.methodcaller("method", 5)(Plain()), operator.attrgetter("prop")(Plain()), operator.itemgetter(1)(Typed(1)), [*map(Plain().method, [1, 2])]


def q_equal_and_hash():
    return plain == plain, plain != documented, hash(plain) == hash(plain), {plain: 1}[plain], Plain.method is Plain.method, Plain().method == Plain().method, Plain.method.__get__(1)(5)


def q_repr_of_functions():
    import re

    return [re.sub(r"0x[0-9a-f]+", "", repr(each)) for each in (plain, Plain.method, Plain().method, generated(1), Plain.of_class, decorated, cached)]


def q_subclass_of_function():
    return said(lambda: type("F", (types.FunctionType,), {})), types.FunctionType.__mro__[-1].__name__, types.MethodType(plain, 5)(), said(types.MethodType, plain, None)


def q_bound_to_instances():
    x = Plain()
    x.own = plain
    x.bound = plain.__get__(5)
    Plain.added = plain
    try:
        return x.own(1), x.bound(), said(x.added, 5), Plain.added(2)
    finally:
        del Plain.added
