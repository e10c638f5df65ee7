"""Classes: how they are made, how attributes are found, what operators and protocols ask of them."""

import abc
import functools


def said(function, *args, **named):
    try:
        return function(*args, **named)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


class Meta(type):
    made = []

    @classmethod
    def __prepare__(meta, name, bases, **named):
        return {"prepared": name, "named": named}

    def __new__(meta, name, bases, space, **named):
        cls = super().__new__(meta, name, bases, dict(space))
        cls.order = [each for each in space if not each.startswith("_")]
        return cls

    def __init__(cls, name, bases, space, **named):
        super().__init__(name, bases, space)
        Meta.made.append((name, sorted(named)))

    def __call__(cls, *args, **named):
        made = super().__call__(*args, **named)
        made.called = True
        return made

    def __instancecheck__(cls, other):
        return other == "instance"

    def __subclasscheck__(cls, other):
        return other is int

    def __getattr__(cls, name):
        if name.startswith("dynamic"):
            return f"{cls.__name__}.{name}"
        raise AttributeError(name)

    def __len__(cls):
        return 7

    def __iter__(cls):
        return iter("meta")

    def __contains__(cls, other):
        return other == 1

    def __getitem__(cls, key):
        return cls.__name__, key

    def __or__(cls, other):
        return "meta or"

    @property
    def of_meta(cls):
        return cls.__name__.lower()


class Made(metaclass=Meta, flag=True):
    a = 1

    def method(self):
        return self.a

    b = 2


class Registry:
    known = {}

    def __init_subclass__(cls, tag=None, **named):
        super().__init_subclass__(**named)
        cls.known[tag] = cls.__name__

    def __class_getitem__(cls, item):
        return cls.__name__, item


class Registered(Registry, tag="t"):
    pass


class Field:
    def __set_name__(self, owner, name):
        self.owner, self.name = owner.__name__, name

    def __get__(self, instance, owner):
        if instance is None:
            return self
        return instance.__dict__.get(self.name, "unset")

    def __set__(self, instance, value):
        if value == "bad":
            raise ValueError(f"bad {self.name}")
        instance.__dict__[self.name] = value

    def __delete__(self, instance):
        del instance.__dict__[self.name]


class OnlyGet:
    def __get__(self, instance, owner):
        return "got", instance is None


class Described:
    field = Field()
    only_get = OnlyGet()

    def __init__(self):
        self.plain = 1

    @property
    def size(self):
        """The size."""
        return self._size

    @size.setter
    def size(self, value):
        self._size = value

    @size.deleter
    def size(self):
        del self._size

    @property
    def fixed(self):
        return "fixed"

    @property
    def failing(self):
        raise AttributeError("inside")

    @functools.cached_property
    def cached(self):
        self.counted = getattr(self, "counted", 0) + 1
        return self.counted


class WithGetattr:
    present = 1

    def __getattr__(self, name):
        if name == "deep":
            return self.missing_in_getattr
        if name == "missing_in_getattr":
            raise AttributeError("deep missing")
        return f"made {name}"


class WithGetattribute:
    def __getattribute__(self, name):
        if name == "hidden":
            raise AttributeError("hidden")
        return object.__getattribute__(self, name)

    def __getattr__(self, name):
        return f"fallback {name}"

    shown = 1


class WithSetattr:
    def __setattr__(self, name, value):
        object.__setattr__(self, name, (name, value))

    def __delattr__(self, name):
        raise AttributeError(f"no deleting {name}")

    def fill(self):
        self.a = 1
        self.b = self.a
        self.b += (5,)
        return self.a, self.b


class Slots:
    __slots__ = ("a", "b", "__private")

    def __init__(self):
        self.a = 1
        self.__private = 2

    def read(self):
        return self.a, self.__private

    def unset(self):
        return self.b

    def unknown(self):
        self.c = 1


class SlotsWithDict(Slots):
    def fill(self):
        self.c = 3
        return self.a, self.c, self.__dict__


class Private:
    __hidden = "class"
    __dunder__ = "dunder"
    _single = "single"

    def __init__(self):
        self.__value = 1
        self.__other__ = 2

    def read(self):
        return self.__value, self.__hidden, self.__dunder__, self._single, self.__other__

    def call(self):
        return self.__method(5)

    def __method(self, __argument):
        return __argument, sorted(vars(type(self)))[:3]

    def rename(self):
        __local = 3
        __local += 1
        return __local, [__each for __each in (1, 2)]

    def with_global(self):
        global __shared
        __shared = 7
        return "_Private__shared" in self.names()

    def names(self):
        return __import__("sys").modules[__name__].__dict__

    def by_name(self, **named):
        return self.taker(__key=1)

    def taker(self, **named):
        return named

    def imports(self):
        import os.path as __path

        return __path.basename("a/b")

    def strings(self):
        return getattr(self, "__value", "not mangled"), hasattr(self, "_Private__value")


class _Under:
    def read(self):
        self.__x = 1
        return self.__dict__


class __:
    def read(self):
        self.__x = 1
        return self.__dict__


class Base:
    def __init__(self, value=0):
        self.value = value

    def who(self):
        return "base"

    @classmethod
    def make(cls, *args):
        return cls(*args)

    @staticmethod
    def helper(x):
        return x * 2

    def chain(self):
        return [self.who(), self.helper(2), self.make(3).value]


class Left(Base):
    def who(self):
        return "left " + super().who()


class Right(Base):
    def who(self):
        return "right " + super(Right, self).who()

    @classmethod
    def make(cls, *args):
        return super().make(*args)


class Both(Left, Right):
    def who(self):
        return "both " + super().who()

    @property
    def prop(self):
        return super().who()

    def missing(self):
        return super().nothing()


class Abstract(abc.ABC):
    @abc.abstractmethod
    def do(self):
        """Do it."""

    @property
    @abc.abstractmethod
    def name(self):
        """Its name."""


class Concrete(Abstract):
    def do(self):
        return super().do()

    @property
    def name(self):
        return "concrete"


class Number:
    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return f"N({self.value})"

    def __add__(self, other):
        return Number(self.value + getattr(other, "value", other)) if not isinstance(other, str) else NotImplemented

    def __radd__(self, other):
        return Number(other + self.value) if not isinstance(other, str) else NotImplemented

    def __iadd__(self, other):
        self.value += other
        return self

    def __neg__(self):
        return Number(-self.value)

    def __eq__(self, other):
        return isinstance(other, Number) and self.value == other.value

    def __lt__(self, other):
        return self.value < other.value

    def __hash__(self):
        return hash(self.value)

    def __bool__(self):
        return self.value != 0

    def __int__(self):
        return self.value

    def __index__(self):
        return self.value

    def __float__(self):
        return float(self.value)

    def __round__(self, digits=None):
        return ("round", digits)

    def __divmod__(self, other):
        return "divmod", other

    def __pow__(self, other, modulo=None):
        return "pow", other, modulo

    def __matmul__(self, other):
        return "matmul"

    def __getitem__(self, key):
        return key

    def __contains__(self, other):
        return other

    def __len__(self):
        return self.value

    def __reversed__(self):
        return "reversed"

    def __abs__(self):
        return "abs"

    def __invert__(self):
        return "invert"

    def __call__(self):
        return "called"

    def __format__(self, spec):
        return f"<{spec}>"

    def __dir__(self):
        return ["z", "a"]

    def __missing__(self, key):
        return key

    def __length_hint__(self):
        return 3

    def __sizeof__(self):
        return 10

    def __complex__(self):
        return 1j

    def __bytes__(self):
        return b"bytes"

    def __fspath__(self):
        return "path"


@functools.total_ordering
class Ordered:
    def __init__(self, n):
        self.n = n

    def __eq__(self, other):
        return self.n == other.n if isinstance(other, Ordered) else NotImplemented

    def __lt__(self, other):
        return self.n < other.n if isinstance(other, Ordered) else NotImplemented


def operate(n):
    return [n + 1, 1 + n, -n, ~n, n @ 1, n**2, abs(n), divmod(n, 3), round(n), round(n, 2), pow(n, 2, 3), n[1:2], n[..., 1], n[1, 2:3], 5 in n, 0 in n, len(n), bool(n), int(n), float(n), [10, 20, 30, 40][n], "x" * n, list(range(n)), f"{n:q}", n(), reversed(n), hash(n), complex(n), bytes(n), dir(n)]


def operate_in_place(n):
    m = n
    m += 5
    return m is n, m


def operate_wrong(n):
    return n + "a"


def operate_wrong_right(n):
    return "a" + n


def operate_unknown(n):
    return n // 2


def compare(a, b):
    return [a == b, a != b, a < b, a > b, a is b, a in [b], [a] == [b], sorted([b, a]), min(a, b), {a: 1}.get(b)]


def compare_unknown(a, b):
    return a <= b


class OddResults:
    def __len__(self):
        return -1

    def __bool__(self):
        return 5

    def __hash__(self):
        return "text"

    def __repr__(self):
        return 5

    def __iter__(self):
        return 5

    def __contains__(self, other):
        raise KeyError("in contains")

    def __index__(self):
        return "x"

    def __int__(self):
        return 1.5

    def __init__(self, value=None):
        if value:
            return value

    def __getitem__(self, at):
        return [1, 2][at]

    def __next__(self):
        return 1

    def __enter__(self):
        return 1


class HugeLength:
    def __len__(self):
        return 2**70


class LengthOnly:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n


class NoneHash:
    __hash__ = None
    __iter__ = None
    __contains__ = None
    __len__ = None


def length(x):
    return len(x)


def truth(x):
    return bool(x), not x, "yes" if x else "no", x and 1, x or 2


def as_condition(x):
    if x:
        return "yes"
    return "no"


def hash_of(x):
    return hash(x)


def iterate(x):
    return [y for y in x]


def contains(x):
    return 1 in x


def index_with(x):
    return [1, 2, 3][x]


def to_int(x):
    return int(x)


def text_of(x):
    return f"{x!r}"


def get(x, name):
    return getattr(x, name)


def read_size(x):
    return x.size


def set_size(x):
    x.size = 5
    x.size += 1
    return x.size


def del_size(x):
    del x.size
    return x.size


def set_fixed(x):
    x.fixed = 1


def del_fixed(x):
    del x.fixed


def read_failing(x):
    return x.failing


def use_field(x):
    found = [x.field]
    x.field = 5
    found.append(x.field)
    x.field += 1
    found.append(x.field)
    del x.field
    found.append(x.field)
    x.only_get = 3
    found.append(x.only_get)
    return found


def set_bad_field(x):
    x.field = "bad"


def class_attributes():
    found = [Base.helper(2), Base.make(5).value, Both().who(), Both().prop, Both.make(2).value, Both().chain()]
    Base.helper = staticmethod(lambda x: "patched")
    try:
        found.append(Both().chain())
    finally:
        Base.helper = staticmethod(lambda x: x * 2)
    return found


def instance_shadows():
    x = Base()
    x.who = lambda: "instance"
    x.helper = len
    return x.who(), x.helper("abc"), x.chain.__self__ is x


def class_changed():
    x = Left()
    found = [x.who()]
    x.__class__ = Right
    found.append(x.who())
    Right.who, kept = (lambda self: "new"), Right.who
    found.append(x.who())
    Right.who = kept
    return found


def missing_attribute(x):
    return x.nothing


def set_on_builtin():
    int.x = 1


def bases():
    return Both.__mro__[0].__name__, [each.__name__ for each in Both.__mro__], Both.__bases__ == (Left, Right), issubclass(Both, Base), isinstance(Both(), Right)


def isinstance_kinds(x):
    return isinstance(x, (int, (str, float))), isinstance(x, int | None), issubclass(type(x), (int, bytes))


def isinstance_wrong(x):
    return isinstance(x, [int])


def q_metaclass():
    return Meta.made, Made.order, Made.prepared, Made.named, Made().called, Made().method()


def q_metaclass_protocols():
    return isinstance("instance", Made), isinstance(Made(), Made), issubclass(int, Made), len(Made), [*Made], 1 in Made, Made[3], Made | 1, Made.of_meta, Made.dynamic_x, said(get, Made, "other"), said(get, Made(), "of_meta")


def q_init_subclass():
    return Registry.known, Registry[5], Registered["x"], said(type, "New", (Registry,), {}) is not None, said(type, "Bad", (Registered,), {}, wrong=1)


def q_set_name():
    return Described.field.owner, Described.field.name, Described.only_get


def q_property():
    x = Described()
    return said(read_size, x), said(set_size, x), said(del_size, x), said(set_fixed, x), said(del_fixed, x), said(read_failing, x), Described.size.__doc__


def q_property_failing_with_getattr():
    class Both(Described):
        def __getattr__(self, name):
            return f"getattr {name}"

    return Both().failing, Both().nothing


def q_field():
    return said(use_field, Described()), said(set_bad_field, Described())


def q_cached_property():
    x = Described()
    return x.cached, x.cached, x.__dict__


def q_getattr():
    x = WithGetattr()
    return x.present, x.other, said(get, x, "deep"), hasattr(x, "deep"), getattr(x, "deep", "default")


def q_getattribute():
    x = WithGetattribute()
    return x.shown, x.hidden, x.other, said(missing_attribute, x)


def q_setattr():
    x = WithSetattr()
    return x.fill(), said(delattr, x, "a")


def q_slots():
    x = Slots()
    return x.read(), said(x.unset), said(x.unknown), hasattr(x, "__dict__"), SlotsWithDict().fill(), said(get, x, "b"), Slots.a.__class__.__name__


def q_private():
    x = Private()
    return x.read(), x.call(), x.rename(), x.with_global(), x.by_name(), x.imports(), x.strings(), sorted(x.__dict__)


def q_private_of_odd_classes():
    return _Under().read(), __().read()


def q_super():
    return Both().who(), Both().prop, said(Both().missing), Right.make(1).who()


def q_abstract():
    return said(Abstract), said(Concrete().do), Concrete().name, sorted(Abstract.__abstractmethods__), said(type("Half", (Abstract,), {"do": len}))


def q_operators():
    return operate(Number(3)), operate_in_place(Number(1)), said(operate_wrong, Number(1)), said(operate_wrong_right, Number(1)), said(operate_unknown, Number(1))


def q_comparisons():
    return compare(Number(1), Number(2)), compare(Number(2), Number(2)), said(compare_unknown, Number(1), Number(2)), said(compare, Number(1), 5)


def q_total_ordering():
    a, b = Ordered(1), Ordered(2)
    return a < b, a <= b, a > b, a >= b, a != b, said(compare_unknown, a, 5), sorted([b, a])[0].n


def q_odd_results():
    x = OddResults()
    return [said(each, x) for each in (length, truth, as_condition, hash_of, iterate, contains, index_with, to_int, text_of)], said(OddResults, 5)


def q_lengths():
    return said(length, HugeLength()), said(truth, HugeLength()), said(as_condition, HugeLength()), truth(LengthOnly(0)), truth(LengthOnly(3)), said(length, LengthOnly(1.5)), said(truth, LengthOnly(-1)), said(length, LengthOnly("x"))


def q_none_protocols():
    x = NoneHash()
    return said(hash_of, x), said(iterate, x), said(contains, x), said(length, x)


def q_class_attributes():
    return class_attributes()


def q_instance_shadows():
    return instance_shadows()


def q_class_changed():
    return class_changed()


def q_missing_attributes():
    return said(missing_attribute, 5), said(missing_attribute, Base), said(missing_attribute, Base()), said(missing_attribute, abc), said(missing_attribute, None), said(missing_attribute, len), said(missing_attribute, missing_attribute), said(set_on_builtin)


def q_bases():
    return bases()


def q_isinstance():
    return isinstance_kinds(1), isinstance_kinds("a"), isinstance_kinds(None), said(isinstance_wrong, 1)


def q_class_body_scopes():
    x = 1

    class Scoped:
        y = x
        x = 2
        z = [x for _ in (1,)]
        w = [each for each in (x, y)]

        def read(self):
            return x

    return Scoped.y if hasattr(Scoped, "y") else None, Scoped.z, Scoped.w, Scoped().read()


def q_qualnames():
    def outer():
        class Inner:
            def method(self):
                return None

        return Inner

    return Base.chain.__qualname__, outer().method.__qualname__, outer().__qualname__, Made.method.__module__


def q_class_dict():
    return sorted(vars(Left)), [name for name in vars(Described) if not name.startswith("_")], Left.__doc__, Abstract.do.__doc__
