"""Lists, dicts and sets: methods that Cython calls in C where it sees them."""


class Stack:
    def __init__(self):
        self.items = [*range(40)]

    def pop_all(self):
        found = []
        while self.items:
            found.append(self.items.pop())
        return found

    def pop_first(self):
        return [self.items.pop(0), self.items.pop(-1), len(self.items)]


def methods(d, l, s):
    found = [d.get("a"), d.get("z", 5), [*d.items()], [*d.keys()], [*d.values()], d.pop("a"), d.pop("q", None)]
    found += [d.setdefault("n", []), dict.fromkeys("ab"), l.index(2), l.count(2), l.append(9), l.extend("xy"), l.reverse(), l]
    found += [s.add(4), s.discard(99), sorted(s), s.pop() in (1, 2, 3, 4), len(s)]
    return found


class Odd(dict):
    def __missing__(self, key):
        return key * 2

    def get(self, key, default=None):
        return "got"


def q_pop_until_empty():
    return Stack().pop_all()


def q_pop_first():
    return Stack().pop_first()


def q_pop_from_an_empty_list():
    return [].pop()


def q_pop_from_an_empty_set():
    return set().pop()


def q_methods():
    return methods({"a": 1, "b": 2}, [1, 2, 3], {1, 2, 3})


def q_subclasses():
    d = Odd(a=1)
    return [d["x"], d.get("a"), "x" in d, d["a"]]


def q_dict_changes_while_iterating():
    d = {1: 1, 2: 2}
    for key in d:
        d[key + 10] = 1


def q_items_change_while_iterating():
    d = {1: 1, 2: 2}
    for key, value in d.items():
        d[key + 10] = value


def q_list_grows_while_iterating():
    found = [1]
    for each in found:
        if len(found) < 5:
            found.append(each + 1)
    return found


def q_unhashable():
    return {[]: 1}


def q_missing_key():
    return {}["k"]


def q_index_out_of_range():
    return [1, 2][5]


def q_slices():
    a = [*range(10)]
    a[2:4] = "xyz"
    del a[::3]
    return [a, a[-3:], a[:-20], a[20:], a[::-1], (1, 2, 3)[1:], "hello"[1:-1:2]]


def q_comprehensions():
    return [[x * y for x in range(3) for y in range(x)], {x % 3 for x in range(9)}, {k: v for k, v in zip("ab", (1, 2))}]


def q_starred():
    a, *b, c = range(5)
    (d, e), *f = (1, 2), 3
    return [a, b, c, d, e, f, [*b, *f], {**{"x": 1}, "y": 2}]


def q_a_dict_that_changes_while_it_is_gone_through():
    def items(d):
        for k, v in d.items():
            del d[0]
            d[len(d) + 5] = 0

    def values(d):
        for i, v in enumerate(d.values()):
            del d[0]
            d[len(d) + 5] = 0

    def keys(d):
        return [(d.pop(0), d.setdefault(9, 9), k) for k in d.keys()]

    told = []
    for change in (items, values, keys):
        try:
            change({0: 0})
        except (RuntimeError, KeyError) as e:
            told.append((type(e).__name__, str(e)))
    return told


def q_an_iterator_that_loses_its_next():
    class Bad:
        def __iter__(self):
            return self

        def __next__(self):
            del Bad.__next__
            return 1

    told = []
    for x in Bad():
        told.append(x)


class TextOfOurs(str):
    def startswith(self, *given):
        return ("own", given)


class DictOfOurs(dict):
    def get(self, *given):
        return ("own", given)


class SameAs:
    def __init__(self, text):
        self.text = text

    def __hash__(self):
        return hash(self.text)

    def __eq__(self, other):
        return self.text == other


class WithoutHash:
    def __hash__(self):
        raise KeyError("no hash")


def outcome(function, *given):
    try:
        return function(*given)
    except Exception as error:
        return type(error).__name__, str(error)


def q_get_of_a_dict_and_its_kin():
    def one(of, key):
        return of.get(key)

    def two(of, key, other):
        return of.get(key, other)

    ofs = {"a": 1, 1: 2, None: None}, DictOfOurs(a=1), {SameAs("a"): 3}, [], "a", dict.fromkeys("ab")
    keys = "a", "b", 1, None, [], WithoutHash(), TextOfOurs("a"), SameAs("a")
    return [(outcome(one, of, key), outcome(two, of, key, "other")) for of in ofs for key in keys]


def q_methods_of_texts_and_their_kin():
    def starts(of, what):
        return of.startswith(what), of.endswith(what)

    def finds(of, what):
        return of.find(what)

    def replaces(of, what):
        return of.replace(what, "-"), of.replace("a", what)

    ofs = "abc", "", TextOfOurs("abc"), b"abc", 1, "a\udc80b", "äöü"
    whats = "a", "", "abcd", ("x", "a"), b"a", 1, None, TextOfOurs("a"), [], "ü"
    return [outcome(each, of, what) for each in (starts, finds, replaces) for of in ofs for what in whats]


def q_the_text_itself_where_nothing_is_replaced():
    text = "".join(["a", "bc"])
    return text.replace("x", "y") is text, text.replace("a", "") == "bc"
