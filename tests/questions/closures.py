"""Functions in functions, lambdas, `super`, private names: what is taken from around a function."""

import functools


def counter(start):
    n = start

    def get():
        return n

    def add(k=1, *, times=1):
        return n + k * times

    return get, add


def tagged(tag):
    def outer(function):
        @functools.wraps(function)
        def inner(*args, **kwargs):
            return (tag, function(*args, **kwargs))

        return inner

    return outer


@tagged("x")
def hello(a, b=2):
    return [a, b]


class A:
    def f(self):
        return ["A"]

    @classmethod
    def make(cls):
        return cls()

    def __private(self):
        return "p"

    def use(self):
        return self.__private()

    def key(self, __name=3):
        return __name


class B(A):
    def __init__(self):
        super().__init__()
        self.v = 1

    def f(self):
        return ["B", *super().f()]

    @classmethod
    def make(cls):
        return super().make()

    def me(self):
        return __class__.__name__

    def other_self(self):
        self = B()
        self.v = 2
        return super().f()


def mutual():
    total = 0

    def add(k):
        nonlocal total
        total += k
        return total

    add(1)
    add(2)
    return total


def classes(z):
    class Local:
        def get(self):
            return z

        def sup(self):
            return super().__repr__()[:1]

    return Local


def makers(k):
    return [lambda x, y=k: x + y + k for k in range(3)]


def q_counter():
    get, add = counter(3)
    return [get(), add(), add(2, times=3), add(k=5)]


def q_wrapped():
    return [hello(1, b=3), hello.__wrapped__.__name__, hello.__name__, hello(b=1, a=2)]


def q_super():
    return [B().f(), B.make().v, B().me(), B().other_self()]


def q_private_names():
    return [B().use(), hasattr(B, "_A__private"), B().key(), B().key(_A__name=4)]


def q_cells_are_shared():
    get, add = counter(1)
    get.__closure__[0].cell_contents = 50
    return [add(), get(), get.__closure__[0] is add.__closure__[0], add.__code__.co_freevars]


def q_free_name_without_a_value():
    def get():
        return value

    try:
        get()
    finally:
        value = 1


def q_nonlocal():
    return mutual()


def q_classes_in_functions():
    return [classes(5)().get(), classes(5)().sup(), classes(6).__qualname__]


def q_lambdas():
    return [sorted([(1, 2), (2, 9)], key=lambda p: -p[1]), [f(1) for f in makers(1)], makers(2)[1].__defaults__]


def q_two_lambdas_in_a_line():
    f, g = (lambda: 1), (lambda: 2)
    return [f(), g(), f.__name__, (lambda *a, **k: (a, k))(1, x=2)]


def q_wrong_arguments():
    get, add = counter(3)
    return add(1, 2, 3)


def q_class_cell_replaced():
    import dataclasses

    @dataclasses.dataclass(slots=True)
    class C(A):
        x: int = 1

        def f(self):
            return ["C", *super().f()]

    return [C().f(), hasattr(C(), "__dict__")]


def q_a_function_that_goes_while_it_runs():
    import sys
    from collections import defaultdict

    found = []

    def made():
        values = defaultdict()
        state = ["state"]

        def default():
            values.default_factory = None
            kept = [(each, each) for each in range(50)]
            found.append((state, len(kept)))
            return 1

        values.default_factory = default
        del default
        return values

    values = made()
    values["x"]

    def install():
        state = ["hook"]

        def hook(*given):
            sys.unraisablehook = sys.__unraisablehook__
            kept = [(each, each) for each in range(50)]
            found.append((state, len(kept)))

        sys.unraisablehook = hook

    class Dying:
        def __del__(self):
            raise ValueError

    install()
    thing = Dying()
    del thing
    return found


def q_a_method_that_goes_while_it_runs():
    def call(thing):
        return thing.get()

    def made(flag):
        x = ["alpha"]

        class Made:
            def get(self):
                if flag:
                    del Made.get
                    kept = [(each, each) for each in range(100)]
                return x

        return Made

    flag = []
    thing = made(flag)()
    found = [call(thing) for _ in range(5)]
    flag.append(1)
    return found[-1], call(thing)


def q_what_is_given_goes_while_it_is_used():
    import weakref

    class Key(weakref.ref):
        __slots__ = ("key",)

    class Made:
        pass

    kept, found = {}, []

    def remove(ref):
        del kept["k"]
        others = [Key(Made()) for _ in range(20)]
        found.append((ref.key, len(others)))

    def go():
        thing = Made()
        ref = kept["k"] = Key(thing, remove)
        ref.key = "key"
        del ref
        del thing

    go()
    return found
