"""How arguments reach parameters, and what is said where they do not."""

import functools
import types


def said(function, *args, **named):
    try:
        return function(*args, **named)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


def none():
    return "none"


def one(a):
    return a


def two(a, b):
    return a, b


def defaults(a, b=2, c=3):
    return a, b, c


def only_positional(a, b=2, /):
    return a, b


def only_named(*, a, b=2):
    return a, b


def mixed(a, b=2, /, c=3, *, d, e=5):
    return a, b, c, d, e


def stars(*args, **named):
    return args, named


def all_kinds(a, b=2, /, c=3, *args, d=4, e, **named):
    return a, b, c, args, d, e, named


def same_names(self, /, **named):
    return self, named


def star_then_named(first, *rest, last=None):
    return first, rest, last


def changed_defaults(x=[]):
    x.append(1)
    return x


def big(a, b, c, d, e, f, g, h, i=9, j=10):
    return a + b + c + d + e + f + g + h + i + j


def argument_rebound(a, b=1):
    a = a + 1
    b += a
    return a, b


def star_kept(*args, **named):
    named["more"] = 1
    return args, sorted(named)


def calls_by_name():
    return two(b=1, a=2), defaults(1, c=5), mixed(1, d=4), mixed(1, 2, c=9, d=4, e=0), same_names(1, self=2)


def calls_with_stars():
    args, named = (1, 2), {"d": 4}
    return mixed(*args, **named), all_kinds(*args, 3, *args, e=1, **named), stars(*args, *args, **named, x=1), stars(**{"a b": 1})


def calls_wrong_of_two():
    return two(1)


def calls_wrong_of_none():
    return none(1)


def calls_wrong_name():
    return two(1, c=2)


def calls_twice():
    return two(1, a=2)


def calls_missing_named():
    return only_named()


def calls_many():
    return only_positional(1, 2, 3)


def calls_positional_by_name():
    return only_positional(a=1)


def calls_missing_three():
    return big(1, 2)


def calls_key_of_number():
    return stars(**{1: 2})


def calls_key_twice():
    return stars(a=1, **{"a": 2})


def calls_keys_twice():
    return stars(**{"a": 1}, **{"a": 2})


class Texts(str):
    def __hash__(self):
        return 5

    def __eq__(self, other):
        return str.__eq__(self, other)


class Mapped:
    def __init__(self, **kept):
        self.kept = kept

    def keys(self):
        return self.kept.keys()

    def __getitem__(self, name):
        return self.kept[name]


class Half:
    def keys(self):
        return ["a"]


class Failing:
    def keys(self):
        return ["a"]

    def __getitem__(self, name):
        raise ValueError("no item")


def by_mapping(mapping):
    return stars(**mapping)


def by_mapping_after(mapping):
    return stars(1, z=1, **mapping)


def display_of_mapping(mapping):
    return {**mapping}, {"q": 1, **mapping}


class Methods:
    def plain(self, a, b=2):
        return a, b

    @classmethod
    def of_class(cls, a=1, *, b=2):
        return cls.__name__, a, b

    @staticmethod
    def static(a, *rest):
        return a, rest

    def __call__(self, *args, **named):
        return args, named

    def no_self():
        return "no self"

    def star_self(*args):
        return len(args)


def calls_of_methods():
    m = Methods()
    return m.plain(1), m.plain(b=1, a=2), Methods.plain(m, 5), m.of_class(b=3), Methods.of_class(4), m.static(1, 2), m(1, x=2), m.star_self(1, 2)


def calls_method_wrong():
    return Methods().plain()


def calls_method_with_too_many():
    return Methods().plain(1, 2, 3)


def calls_method_of_class_wrong():
    return Methods.plain(1)


def calls_no_self():
    return Methods().no_self()


def calls_of_class_with_more():
    return Methods(1)


def calls_object_with_more():
    return object(1)


def q_none():
    return [said(none), said(none, 1), said(none, a=1)]


def q_one():
    return [said(one, 1), said(one, a=1), said(one), said(one, 1, 2), said(one, 1, a=1), said(one, b=1), said(one, **{"a": 1, "b": 2})]


def q_defaults():
    return [said(defaults, *args, **named) for args, named in (((1,), {}), ((1, 2, 3), {}), ((), {"a": 1}), ((1,), {"c": 5}), ((), {"c": 1}), ((1, 2, 3, 4), {}), ((1, 2), {"b": 3}))]


def q_only_positional():
    return [said(only_positional, 1), said(only_positional, 1, 5), said(only_positional), said(only_positional, 1, b=2), said(only_positional, a=1, b=2), said(only_positional, 1, 2, 3)]


def q_only_named():
    return [said(only_named, a=1), said(only_named, b=1), said(only_named, 1), said(only_named, 1, a=2), said(only_named, c=1, a=2), said(only_named)]


def q_mixed():
    return [said(mixed, 1, d=4), said(mixed, 1, 2, 3, d=4, e=5), said(mixed, 1), said(mixed, 1, b=2, d=4), said(mixed, d=4), said(mixed, 1, 2, 3, 4, d=4), said(mixed, 1, 2, c=3, d=4)]


def q_all_kinds():
    return [said(all_kinds, 1, e=5), said(all_kinds, 1, 2, 3, 4, 5, e=6, f=7), said(all_kinds, 1), said(all_kinds, 1, e=5, a=2, b=3), said(all_kinds, 1, 2, 3, c=4, e=5)]


def q_stars():
    return [stars(), stars(1, 2), stars(a=1), stars(1, args=2, named=3), stars(**{"odd name": 1}), type(stars()[0]).__name__]


def q_stars_are_new():
    given = {"a": 1}
    result = stars(**given)[1]
    result["b"] = 2
    return given, stars(*[1, 2])[0], star_kept(1, **given), given


def q_same_names():
    return [said(same_names, 1, self=2), said(same_names, self=2), said(same_names, 1, 2)]


def q_star_then_named():
    return [said(star_then_named, 1, 2, 3, last=4), said(star_then_named, first=1), said(star_then_named), said(star_then_named, 1, first=2)]


def q_changed_defaults():
    found = [changed_defaults(), changed_defaults()]
    changed_defaults.__defaults__[0].clear()
    found.append(changed_defaults())
    return found


def q_defaults_replaced():
    kept = defaults.__defaults__
    try:
        defaults.__defaults__ = (7,)
        found = [said(defaults, 1, 2), said(defaults, 1)]
        defaults.__defaults__ = None
        found.append(said(defaults, 1, 2))
        defaults.__defaults__ = (4, 5, 6)
        found.append(said(defaults))
        return found
    finally:
        defaults.__defaults__ = kept


def q_named_defaults_replaced():
    kept = only_named.__kwdefaults__
    try:
        only_named.__kwdefaults__ = {"a": 7}
        found = [said(only_named), said(only_named, b=1)]
        only_named.__kwdefaults__ = None
        found.append(said(only_named, a=1))
        return found
    finally:
        only_named.__kwdefaults__ = kept


def q_code_replaced():
    def other(a, b=2, c=3):
        return "other", a

    kept = defaults.__code__
    try:
        defaults.__code__ = other.__code__
        return said(defaults, 1), said(defaults, 1, 2, 3, 4)
    finally:
        defaults.__code__ = kept


def q_code_back():
    return defaults(1)


def q_big():
    return said(big, 1, 2, 3, 4, 5, 6, 7, 8), said(big, *range(10)), said(big, *range(11)), said(big)


def q_argument_rebound():
    return argument_rebound(1), argument_rebound(1, 2)


def q_keys_of_subclasses():
    return said(one, **{Texts("a"): 1}), said(stars, **{Texts("q"): 1}), said(two, **{Texts("a"): 1, "b": 2})


def q_mappings():
    return [said(by_mapping, m) for m in (Mapped(a=1), Half(), Failing(), [("a", 1)], None, {1: 2}, types.MappingProxyType({"p": 1}))]


def q_mappings_after():
    return [said(by_mapping_after, m) for m in (Mapped(a=1), Mapped(z=2), Half(), [("a", 1)], {"z": 1}, {2: 3})]


def q_displays_of_mappings():
    return [said(display_of_mapping, m) for m in (Mapped(a=1), Half(), Failing(), [("a", 1)], {"q": 2}, {1: 2}, 5)]


def q_partial():
    return functools.partial(mixed, 1, d=5)(2), functools.partial(stars, 1, a=2)(3, a=4), said(functools.partial(one, b=1), 2)


def q_map_and_sorted():
    return [*map(one, [1, 2])], sorted([3, 1], key=one), [*map(two, "ab", "cd")], said(lambda: [*map(two, "ab")]), [*filter(one, [0, 1])]


def q_unbound_calls():
    return said(Methods.plain), said(Methods.plain, Methods(), 1), said(Methods.no_self), said(Methods.star_self)


def q_call_protocols():
    return one.__call__(5), type(one).__call__(one, 6), one.__get__(7)(), said(one.__get__(7), 8), Methods.plain.__get__(Methods())(1)


def q_apply():
    return types.FunctionType.__call__(two, 1, b=2), said(types.FunctionType.__call__, two, 1), functools.reduce(two, [1, 2, 3])


def q_new_function_of_code():
    made = types.FunctionType(two.__code__, globals(), "made", (9,))
    return made(1), made.__name__, said(made)


def q_calls_by_name():
    return said(calls_by_name)


def q_calls_with_stars():
    return said(calls_with_stars)


def q_calls_wrong_of_two():
    return said(calls_wrong_of_two)


def q_calls_wrong_of_none():
    return said(calls_wrong_of_none)


def q_calls_wrong_name():
    return said(calls_wrong_name)


def q_calls_twice():
    return said(calls_twice)


def q_calls_missing_named():
    return said(calls_missing_named)


def q_calls_many():
    return said(calls_many)


def q_calls_positional_by_name():
    return said(calls_positional_by_name)


def q_calls_missing_three():
    return said(calls_missing_three)


def q_calls_key_of_number():
    return said(calls_key_of_number)


def q_calls_key_twice():
    return said(calls_key_twice)


def q_calls_keys_twice():
    return said(calls_keys_twice)


def q_calls_of_methods():
    return said(calls_of_methods)


def q_calls_method_wrong():
    return said(calls_method_wrong)


def q_calls_method_with_too_many():
    return said(calls_method_with_too_many)


def q_calls_method_of_class_wrong():
    return said(calls_method_of_class_wrong)


def q_calls_no_self():
    return said(calls_no_self)


def q_calls_of_class_with_more():
    return said(calls_of_class_with_more)


def q_calls_object_with_more():
    return said(calls_object_with_more)
