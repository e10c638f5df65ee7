"""What can be seen of a function, and changed."""

import copy
import functools
import inspect
import pickle
import types
import typing
import weakref


def plain(a, /, b: int, *args: str, c: float = 1.5, **kwargs) -> "list[int]":
    """What it is for."""
    return [a, b, args, c, kwargs]


def mutable(x=[]):
    x.append(1)
    return x


class C:
    """A class."""

    def method(self, k=2):
        """A method."""
        return k

    @staticmethod
    def static(a: int) -> int:
        return a

    @classmethod
    def cls(cls):
        return cls

    @property
    def prop(self):
        """A property."""
        return 5

    @functools.cached_property
    def cached(self):
        return 3

    def __init_subclass__(cls, **k):
        cls.given = k

    def __class_getitem__(cls, item):
        return (cls.__name__, item)

    def __new__(cls, *a):
        made = super().__new__(cls)
        made.made = a
        return made


class D(C, tag=1):
    pass


@functools.lru_cache
def cached(n):
    return n


@functools.singledispatch
def dispatched(x):
    return "o"


@dispatched.register
def _(x: int):
    return "i"


def q_kind():
    return [
        isinstance(plain, types.FunctionType),
        inspect.isfunction(plain),
        inspect.isroutine(plain),
        plain.__class__,
        inspect.ismethod(C().method),
        type(C().method),
        callable(plain),
        inspect.isfunction(C.static),
    ]


def q_names():
    return [plain.__name__, plain.__qualname__, plain.__module__, C.method.__qualname__, repr(plain)]


def q_documentation():
    return [plain.__doc__, C.method.__doc__, C.prop.__doc__, C.__doc__, inspect.getdoc(C.method), mutable.__doc__]


def q_signature():
    return [inspect.signature(plain), inspect.getfullargspec(plain), inspect.signature(C.method), inspect.signature(D)]


def q_annotations():
    return [plain.__annotations__, typing.get_type_hints(plain), C.static.__annotations__]


def q_defaults():
    return [mutable(), mutable(), mutable.__defaults__, plain.__kwdefaults__, plain.__defaults__]


def q_changed_defaults():
    def f(a, b=1, *, c=2):
        return [a, b, c]

    before = f(0)
    f.__defaults__ = (10, 20)
    f.__kwdefaults__ = {"c": 30}
    return [before, f(), f(1), f(c=3), f.__defaults__]


def f_changed(a, b=1, *, c=2):
    return [a, b, c]


def q_changed_defaults_of_a_module_function():
    f_changed.__defaults__ = (10, 20)
    f_changed.__kwdefaults__ = {"c": 30}
    return [f_changed(), f_changed(1), f_changed(c=3)]


def other(a, b=1, *, c=2):
    return "other"


def q_changed_code():
    before = other(1)
    other.__code__ = mutable.__code__
    other.__defaults__ = ([5],)
    return [before, other(), other.__code__.co_name, mutable.__code__ is other.__code__]


def q_code():
    code = plain.__code__
    return [code.co_varnames, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_firstlineno, code.co_name]


def q_globals():
    return [plain.__globals__ is globals(), type(plain.__globals__["__builtins__"]), plain.__builtins__ is plain.__globals__["__builtins__"]]


def q_attributes():
    plain.flag = 1
    found = [plain.flag, plain.__dict__, hasattr(plain, "nothing")]
    del plain.flag
    return [*found, plain.__dict__]


def q_copied():
    return [copy.copy(plain) is plain, copy.deepcopy(plain) is plain, pickle.loads(pickle.dumps(plain)) is plain]


def q_pickle_of_methods():
    return [pickle.loads(pickle.dumps(C.static)) is C.static, pickle.loads(pickle.dumps(C().method))(4)]


def q_weak_reference():
    return weakref.ref(plain)() is plain


def q_rebuilt():
    made = types.FunctionType(mutable.__code__, globals(), "made", ([7],))
    return [made(), made.__name__, type(made)]


def q_bound():
    return [C().method(), C().method(k=4), C.method(None), plain.__get__(1)(2), C().cls() is C, C.static(3)]


def q_class_hooks():
    return [D.given, C[3], C(1, 2).made, D().prop, D().cached]


def q_wrapped():
    return [cached(3), cached.cache_info(), cached.__wrapped__.__name__, dispatched(1), dispatched("a")]


def q_partial():
    return [functools.partial(plain, 1)(2, c=3), functools.partialmethod(C.method, k=9).__get__(C())()]


def q_members():
    return [name for name, _ in inspect.getmembers(C, inspect.isfunction)]


def q_too_few():
    return plain(1)


def q_too_many():
    return mutable(1, 2, 3)


def q_by_name_what_is_by_position():
    return plain(a=1, b=2)


def q_given_twice():
    return mutable(1, x=2)


def q_not_a_name():
    return mutable(**{1: 2})


def q_unknown_name():
    return mutable(y=2)


def q_missing_by_name():
    def f(*, a, b):
        return a

    return f(a=1)


def q_method_without_self():
    return C.method()


def q_equal_hash():
    return [plain == plain, plain != mutable, hash(plain) == hash(plain), {plain: 1}[plain]]


def is_value_error(error):
    return isinstance(error, ValueError)


def q_functions_that_choose_of_a_group():
    if "BaseExceptionGroup" not in dir(__import__("builtins")):
        return None
    group = ExceptionGroup("g", [ValueError(1), TypeError(2), ExceptionGroup("h", [ValueError(3)])])
    matched, rest = group.split(is_value_error)
    found = [matched, rest, group.subgroup(is_value_error), group.subgroup(lambda error: isinstance(error, TypeError))]
    split = group.split
    wrong = []
    for condition in (1, len, print, is_value_error.__get__(1)):
        try:
            wrong.append(split(condition))
        except TypeError as error:
            wrong.append(str(error))

    def fails(error):
        raise KeyError(error)

    try:
        group.subgroup(fails)
    except KeyError as error:
        wrong.append(repr(error))
    return found, split(is_value_error), wrong, type(fails).__name__, isinstance(fails, type(is_value_error))


def made(value):
    def f(x, y=value, *, z: int = value):
        return x, y, z, value

    return f, lambda: value


def described(function):
    names = "__module__ __name__ __qualname__ __doc__ __defaults__ __kwdefaults__ __annotations__".split()
    found = [repr(getattr(function, name)) for name in names]
    return found, function.__dict__, function.__builtins__ is __builtins__ or type(function.__builtins__).__name__


def q_functions_that_are_made_again():
    first, second = made(1), made(2)
    first[0].tag = "first"
    first[0].__doc__ = "its own"
    first[0].__name__ = "renamed"
    first[0].__defaults__ = (7,)
    third = made(3)
    found = [described(each) for each in (*first, *second, *third)]
    return found, [(pair[0](0), pair[1]()) for pair in (first, second, third)]


def q_functions_that_are_made_in_another_module():
    names = globals()
    before = names["__name__"]
    made(1)
    try:
        names["__name__"] = "another"
        during = [each.__module__ for each in made(2)]
        del names["__name__"]
        without = [getattr(each, "__module__", "none") for each in made(3)]
    finally:
        names["__name__"] = before
    return during, without, [each.__module__ == before for each in made(4)]


def q_functions_that_are_made_with_other_builtins():
    import builtins

    names = globals()
    before = names["__builtins__"]
    made(1)
    others = dict(vars(builtins))
    try:
        names["__builtins__"] = others
        during = [each.__builtins__ is others for each in made(2)]
    finally:
        names["__builtins__"] = before
    return during, [each.__builtins__ is vars(builtins) for each in made(3)]


def q_functions_that_are_made_are_let_go_of():
    import gc
    import weakref

    kept = [weakref.ref(each) for each in made([1])]
    gc.collect()
    return [each() for each in kept], sum(getattr(each, "__qualname__", "") == "made.<locals>.f" for each in gc.get_objects())
