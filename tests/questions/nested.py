"""Functions, classes and generator expressions that functions make, and the names that they share."""

from __future__ import annotations

import functools, dataclasses


def deco(func: "Callable[..., int]", /, *more: int, name: str | None = None) -> dict[str, int]:
    """Doc."""
    count = 0

    @functools.wraps(func)
    def wrapper(*args: object, key: list[int] = [], **kw) -> int:
        nonlocal count
        count += 1
        return func(*args, **kw), count, key, name

    wrapper.reset = lambda: count
    return wrapper


def h(x, y=2, *, z=3):
    return x + y + z


def classes(n):
    base = object

    @dataclasses.dataclass
    class P(base):
        "doc of p"

        x: int
        y: int = n

        def m(self, k=n):
            return self.x + self.y + k + n

        def s(self):
            return super().__repr__ is not None, __class__.__name__

    class M(type):
        def __new__(mcs, name, bases, ns, **kw):
            return super().__new__(mcs, name, bases, ns)

    class Q(P, metaclass=M):
        pass

    return P(1), P(1).m(), P(2).s(), P.__qualname__, P.m.__qualname__, Q.__mro__, P.__doc__, Q(3).m()


def gens(xs, k):
    total = sum(x * k for x in xs)
    k += 1
    g = (x + k for x in xs if x != k)
    k = 100
    return (
        total,
        list(g),
        any(x == k for x in xs),
        dict((a, b) for a, b in zip(xs, xs)),
        g.__qualname__,
        [[*(y for y in range(x))] for x in [1, 2]],
    )


def acc():
    fs = []
    for i in range(3):
        fs.append(lambda: i)
    return (
        [f() for f in fs],
        [f() for f in [lambda: j for j in range(3)]],
        [f() for f in [lambda j=j: j for j in range(3)]],
    )


def rec(n):
    def fact(k):
        return 1 if k < 2 else k * fact(k - 1)

    return fact(n)


def unbound(f):
    def g():
        return later

    try:
        g()
    except NameError as e:
        first = type(e).__name__, str(e)
    try:
        later
    except NameError as e:
        second = type(e).__name__, str(e)
    later = 3
    third = g()
    del later
    try:
        del later
    except NameError as e:
        fourth = str(e)
    return first, second, third, fourth


def exc():
    def see():
        try:
            return repr(e)
        except NameError as n:
            return str(n)

    try:
        raise ValueError(1)
    except ValueError as e:
        a = see()
    return a, see()


def kinds():
    (a, *b), c = [1, 2, 3], 4

    def f():
        return a, b, c

    for a, c in [(5, 6)]:
        pass
    import os.path as c
    from os import sep as a

    with open(os.devnull) if 0 else Ctx() as b:
        pass
    x = f()
    return x[0], x[1], x[2].__name__


class Ctx:
    def __enter__(self):
        return 7

    def __exit__(self, *a):
        pass


class K:
    __p = 5

    def m(self):
        __q = 3

        def inner():
            return self.__p, __q, super(K, self).__init__()

        return (
            inner(),
            inner.__code__.co_freevars,
            (lambda: __class__)(),
            (lambda s: super(K, s).__hash__() == hash(s))(self),
        )

    @staticmethod
    def gen():
        def __inner():
            yield 1

        return __inner.__name__, __inner.__qualname__, list(__inner())


def par(a, b=1, *c, d, **e):
    def f():
        return a, b, c, d, e

    a = 9
    del b
    try:
        f()
    except NameError as x:
        m = str(x)
    b = 2
    return f(), m


def glob():
    global made

    def made():
        return 1

    class made2:
        pass

    return made.__qualname__, made2.__qualname__


def q_decorated():
    w = deco(h, name="n")
    told = w(1), w(2, y=5, z=6), w.reset(), w.__name__, w.__annotations__, deco.__annotations__, w.__wrapped__ is h
    return told, w.__kwdefaults__, w.__closure__[0].cell_contents


def q_code_of_an_inner_function():
    code = deco(h).__code__
    return code.co_freevars, code.co_varnames, code.co_flags


def q_classes_in_a_function():
    return classes(4)


def q_generator_expressions():
    return gens([1, 2, 3], 2)


def q_lambdas_of_a_loop():
    return acc()


def q_inner_recursion():
    return rec(5)


def q_shared_names_without_a_value():
    return unbound(1)


def q_the_name_of_an_error_is_shared():
    return exc()


def q_private_names_are_shared():
    return K().m(), K.gen()


def q_every_kind_of_assignment_to_a_shared_name():
    return kinds()


def q_parameters_are_shared():
    return par(1, d=4, z=5)


def q_declared_global():
    return glob()


def q_cascaded():
    def see():
        return a, b

    a = b = [1]
    first = see()
    a += [2]
    b = (c := 3)
    return first, see(), c


def q_error_in_an_inner_function():
    def fail():
        raise KeyError(value)

    value = 1
    return fail()


def q_defaults_are_evaluated_once():
    seen = []

    def default(x):
        seen.append(x)
        return x

    def f(a=default(1), *, b=default(2)):
        return a, b

    return f(), f(3), f.__defaults__, f.__kwdefaults__, seen


def q_order_of_decorators():
    seen = []

    def mark(x):
        seen.append(x)
        return lambda f: seen.append(-x) or f

    @mark(1)
    @mark(2)
    def f(a=seen.append("default")):
        pass

    @mark(3)
    class C:
        seen.append("body")

    return seen


def q_not_iterable():
    return list(x for x in 5)


def q_generator_expression_asks_late():
    k = 1
    g = (x + k for x in [1, 2])
    k = 10
    return list(g)


def q_functions_on_one_line():
    return [f(2) for f in [lambda x: x, lambda x: x + 1, lambda x: x]], (lambda: lambda: 3)()()


def q_qualified_names():
    def a():
        def b():
            pass

        return b

    class C:
        def m(self):
            return lambda: 0

    return a().__qualname__, C().m().__qualname__, (lambda: 0).__qualname__, a.__module__


def q_pickle_of_an_inner_function():
    import pickle

    def a():
        pass

    return pickle.dumps(a)


def q_annotations_in_a_function():
    x: int
    y: str = "y"
    z: list[missing] = []

    def see():
        return x, y, z

    told = y, z
    x = 1
    return told, see(), q_annotations_in_a_function.__annotations__


def q_super_that_finds_nothing():
    class X:
        def f(x):
            nonlocal __class__
            del __class__
            super()

        def g(x):
            del x
            super()

    def h():
        super()

    told = []
    for wrong in (X().f, X().g, h):
        try:
            wrong()
        except RuntimeError as e:
            told.append(str(e))
    return told
