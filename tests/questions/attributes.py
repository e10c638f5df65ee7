"""Attributes, which a compiled function looks for where it found them the last time: whatever changes between two looks."""

import copy
import gc
import threading


class Plain:
    kind = "plain"

    def __init__(self, x=1, y=2):
        self.x = x
        self.y = y

    def get(self):
        return self.x

    def both(self):
        return self.x, self.y


class Below(Plain):
    def get(self):
        return "below", self.x


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a):
        self.a = a


class Mixed(Slotted):
    def __init__(self, a, c):
        super().__init__(a)
        self.c = c


def read(thing):
    return thing.x


def write(thing, value):
    thing.x = value


def call(thing):
    return thing.get()


def kind_of(thing):
    return thing.kind


def said(function, *given):
    try:
        return function(*given)
    except Exception as error:
        return type(error).__name__, str(error)


def made(**names):
    """Return a class of its own, as this module changes them."""
    return type("Made", (Plain,), names)


def warm(thing):
    return [(read(thing), call(thing), said(kind_of, thing)) for _ in range(3)]


def q_read_and_written():
    thing = Plain()
    write(thing, 5)
    return warm(thing), vars(thing), [read(each) for each in (Plain(7), Below(8), thing)]


def q_two_classes_in_turn():
    return [(read(each), call(each)) for _ in range(40) for each in (Plain(1), Below(2), made()(3))][-3:]


def q_more_classes_than_are_remembered():
    things = [made()(at) for at in range(40)]
    return [read(each) for each in things * 2], [call(each) for each in things * 2]


def q_a_value_that_is_deleted():
    thing = Plain()
    found = [*warm(thing)]
    del thing.x
    found.append((said(read, thing), list(vars(thing))))
    write(thing, 3)
    return found, read(thing), list(vars(thing))


def q_a_value_of_the_class_in_its_place():
    one = made(x="of the class")
    thing = one()
    found = [read(thing)]
    del thing.x
    found.append(read(thing))
    del one.x
    return found, said(read, thing)


def q_the_order_of_names():
    class Made:
        def __init__(self, order):
            for name in order:
                if name == "a":
                    self.a = 1
                elif name == "b":
                    self.b = 2
                else:
                    self.c = 3

    return [list(vars(Made(order))) for order in ("abc", "cba", "bac", "b", "cab", "abc")]


def q_the_order_after_deletion():
    class Made:
        def fill(self):
            self.a = 1
            self.b = 2
            self.c = 3

    found = []
    for _ in range(3):
        thing = Made()
        thing.fill()
        del thing.a
        thing.fill()
        found.append(list(vars(thing)))
        thing.fill()
        found.append(list(vars(thing).items()))
    return found


def q_a_dict_that_was_looked_at():
    thing = Plain()
    warm(thing)
    inner = thing.__dict__
    write(thing, 10)
    inner["x"] = 11
    found = [read(thing), dict(inner)]
    write(thing, 12)
    inner["z"] = 13
    del inner["y"]
    return found, read(thing), inner, thing.z, said(lambda: thing.y)


def q_a_dict_that_was_looked_at_before():
    thing = Plain()
    inner = vars(thing)
    for at in range(4):
        write(thing, at)
    return inner, read(thing), [(write(thing, at), inner["x"])[1] for at in range(3)]


def q_another_dict():
    thing = Plain()
    warm(thing)
    thing.__dict__ = {"x": 5, "get": lambda: "own"}
    return warm(thing), thing.__dict__


def q_another_class():
    thing = Plain()
    warm(thing)
    thing.__class__ = Below
    found = warm(thing)
    write(thing, 4)
    thing.__class__ = Plain
    return found, warm(thing), vars(thing)


def q_a_method_of_the_object_itself():
    thing = Plain()
    found = warm(thing)
    thing.get = lambda: "own"
    found += warm(thing)
    found += warm(Plain())
    del thing.get
    return found + warm(thing)


def q_a_method_that_is_replaced():
    one = made()
    thing = one()
    found = [call(thing)]
    one.get = lambda self: ("new", self.x)
    found.append(call(thing))
    Plain.get, kept = (lambda self: "of the base"), Plain.get
    found += [call(thing), call(Plain())]
    del one.get
    found.append(call(thing))
    Plain.get = kept
    return found + [call(thing), call(Plain())]


def q_methods_of_other_kinds():
    found = []
    for method in (
        staticmethod(lambda: "static"),
        classmethod(lambda cls: cls.__name__),
        property(lambda self: lambda: "property"),
        len,
        str,
        Plain,
        type("Called", (), {"__call__": lambda self: "called"})(),
    ):
        thing = made(get=method)()
        found.append([type(said(call, thing)).__name__ if method is Plain else said(call, thing) for _ in range(3)])
    return found


def q_a_property_that_comes_later():
    one = made()
    thing = one()
    found = warm(thing)
    one.x = property(lambda self: "property", lambda self, value: self.log.append(value))
    one.log = []
    write(thing, 9)
    found += [read(thing), one.log]
    del one.x
    return found, read(thing), vars(thing)


def q_a_descriptor_whose_class_gets_a_setter():
    class Descriptor:
        def __get__(self, thing, of):
            return "got"

    one = made(x=Descriptor())
    thing = one.__new__(one)
    found = [read(thing)]
    write(thing, 1)
    found += [read(thing), read(thing)]
    Descriptor.__set__ = lambda self, thing, value: found.append(value)
    write(thing, 2)
    return found, read(thing)


def q_a_hook_that_comes_later():
    one = made()
    thing = one()
    found = warm(thing)
    one.__getattr__ = lambda self, name: ("asked", name)
    found += [read(thing), said(lambda: thing.nothing)]
    one.__getattribute__ = lambda self, name: ("always", name)
    found.append(read(thing))
    one.__setattr__ = lambda self, name, value: found.append((name, value))
    write(thing, 1)
    del one.__getattribute__, one.__setattr__
    return found, read(thing), said(lambda: thing.nothing)


def q_more_names_than_are_shared():
    thing = Plain()
    for at in range(60):
        setattr(thing, f"name{at}", at)
    write(thing, 5)
    return warm(thing), read(Plain(3)), len(vars(thing)), thing.name59


def q_names_that_are_made():
    thing = Plain()
    warm(thing)
    setattr(thing, "".join(["g", "et"]), lambda: "own")
    vars(thing)["".join(["x", ""])] = 6
    other = Plain()
    vars(other)["".join(["ge", "t"])] = lambda: "other"
    return warm(thing), warm(other), warm(Plain())


def q_slots():
    one, two = Slotted(1), Slotted(2)
    found = [one.a, two.a, said(lambda: one.b)]
    for at in range(3):
        one.b = at
        one.a = one.b + two.a
        found += [one.a, one.b]
    del one.b
    return found, said(lambda: one.b), said(setattr, one, "c", 1)


def q_slots_and_a_dict():
    found = []
    for at in range(3):
        thing = Mixed(at, at + 1)
        thing.b = thing.a + thing.c
        found.append((thing.a, thing.b, thing.c, vars(thing)))
    return found


def q_a_slot_in_another_class():
    class Stolen:
        a = Slotted.__dict__["a"]

    def steal(thing):
        return thing.a

    return [said(steal, each) for each in (Slotted(1), Stolen(), Slotted(2), Stolen())]


def q_read_only():
    def change(thing):
        thing.x = 1

    return [said(change, each) for each in (Plain(), 1, "a", Plain, (), object(), Slotted(1), Plain())]


def q_values_that_die():
    class Dying:
        def __init__(self, of):
            self.of = of

        def __del__(self):
            found.append(self.of.x)

    found = []
    thing = Plain()
    for _ in range(3):
        write(thing, Dying(thing))
        write(thing, 7)
    return found, read(thing)


def q_copies():
    thing = Plain([1], 3)
    warm(thing)
    other, deep = copy.copy(thing), copy.deepcopy(thing)
    write(other, 2)
    return read(thing), read(other), read(deep), vars(deep), deep.x is thing.x


def q_an_object_without_init():
    thing = Plain.__new__(Plain)
    return said(read, thing), said(call, thing), write(thing, 1), warm(thing), list(vars(thing))


def q_classes_and_modules():
    return [kind_of(each) for each in (Plain, Plain(), Below, Below(), Plain)], [said(call, each) for each in (Plain, gc, 1)]


def q_builtins():
    def up(thing):
        return thing.upper(), thing.join("ab")

    class Text(str):
        def upper(self):
            return "own"

    text = Text("t")
    found = [said(up, each) for each in ("a", b"a", text, "b", 1, "c")]
    text.join = "shadow"
    return found + [said(up, text), said(up, "d")]


def q_exceptions():
    class Odd(Exception):
        def __init__(self, code):
            super().__init__(code)
            self.code = code

    found = []
    for at in range(3):
        try:
            raise Odd(at)
        except Odd as error:
            error.code += 1
            found.append((error.code, error.args, vars(error)))
    return found


def q_many_at_once():
    thing = Plain(0)
    classes = [made() for _ in range(4)]

    def work(at):
        for each in range(3000):
            other = classes[each % 4](each)
            if read(other) != each or call(other) != each:
                wrong.append(at)
            write(thing, each)
            if each % 100 == 0:
                classes[at].get = Plain.get

    wrong = []
    threads = [threading.Thread(target=work, args=(at,)) for at in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return wrong, read(thing) == 2999


def q_objects_that_go():
    found = 0
    for at in range(2000):
        one = type(f"Made{at}", (Plain,), {"get": lambda self, at=at: at}) if at % 4 == 0 else one
        thing = one(at)
        found += call(thing) + read(thing)
        if at % 500 == 0:
            gc.collect()
    return found


def q_a_base_that_changes():
    class Base:
        def get(self):
            return "base"

    class Other:
        def get(self):
            return "other"

    class Made(Base):
        x = 1

    thing = Made()
    found = [call(thing), call(thing)]
    Made.__bases__ = (Other,)
    return found + [call(thing)]


class Constant:
    limit = 3

    @property
    def doubled(self):
        return self.limit * 2


def of_constant(each):
    return each.limit, each.doubled


def q_a_constant_that_an_object_gets_itself():
    found, one = [], Constant()
    for at in range(5):
        found.append(of_constant(one))
        if at == 1:
            one.limit = 4
        if at == 2:
            Constant.limit = 5
        if at == 3:
            del one.limit
    Constant.limit = 3
    return found


def q_a_property_that_becomes_a_value():
    class Changing:
        @property
        def value(self):
            return "of the class"

    one, found = Changing(), []
    for at in range(4):
        found.append(one.value)
        if at == 1:
            del Changing.value
            one.value = "its own"
        if at == 2:
            Changing.value = property(lambda self: "of the class again")
    return found


def q_a_builtin_that_is_none():
    found = []
    for name in ("__dict__", "__class__", "__repr__", "__name__"):
        found.append(hasattr(__import__("builtins"), name))
    try:
        __dict__
    except NameError as error:
        found.append(str(error))
    return found


def q_a_manager_that_stops_to_be_one():
    class Managed:
        def __enter__(self):
            return "entered"

        def __exit__(self, *_):
            return False

    def use(each):
        try:
            with each as found:
                return found
        except (TypeError, AttributeError) as error:
            return type(error).__name__, str(error)

    found, one = [use(Managed())], Managed()
    one.__exit__ = None
    found.append(use(one))
    leave = Managed.__exit__
    del Managed.__exit__
    found.append(use(Managed()))
    Managed.__exit__ = leave
    found.append(use(Managed()))
    Managed.__enter__ = lambda self: "another"
    return [*found, use(Managed()), use(1)]
