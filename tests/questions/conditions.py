"""Remainders and comparisons of which only the truth is asked, and operations with a number that stands in the text."""

import decimal
import fractions


class Told:
    """Tells what was asked of it, and answers with what a truth can be made of, or not."""

    def __init__(self, truth):
        self.truth = truth
        self.asked = []

    def __mod__(self, other):
        self.asked.append(("mod", other))
        return self

    def __eq__(self, other):
        self.asked.append(("eq", other))
        return self

    def __ne__(self, other):
        self.asked.append(("ne", other))
        return self

    def __lt__(self, other):
        self.asked.append(("lt", other))
        return self

    def __gt__(self, other):
        self.asked.append(("gt", other))
        return self

    def __bool__(self):
        self.asked.append("bool")
        if self.truth is None:
            raise ValueError("no truth")
        return self.truth

    __hash__ = None


class Whole(int):
    def __mod__(self, other):
        return ("whole", int(self), other)

    def __add__(self, other):
        return ("added", int(self), other)

    def __lt__(self, other):
        return other == 3


class Text(str):
    def __mod__(self, other):
        return ""


VALUES = (
    *range(-9, 10),
    -(2**30),
    2**30 - 1,
    2**30,
    2**62 + 1,
    -(2**62) - 1,
    10**40,
    -(10**40) + 1,
    True,
    False,
    0.0,
    -0.0,
    1.0,
    3.0,
    2.5,
    -2.5,
    float("inf"),
    float("nan"),
    1j,
    "a",
    "%d",
    b"%d",
    None,
    [1],
    Whole(7),
    Text("b"),
    fractions.Fraction(7, 2),
    decimal.Decimal("-7.5"),
)


def outcome(function, value):
    try:
        result = function(value)
    except Exception as error:
        return type(error).__name__, str(error)
    return repr(result)


def asks(x):
    found = []
    if x % 3:
        found.append("remains")
    if x % 3 == 0:
        found.append("divisible")
    if x % 3 != 2:
        found.append("not two")
    if not x % 4 or x % 5 == 1:
        found.append("either")
    found.append("odd" if x % 2 else "even")
    found += [each for each in (x,) if each % 2 == 1]
    while x % 1_000:
        found.append("while")
        break
    assert x % 7 == x % 7
    return found


def compares(x):
    return [
        (1 if x < 3 else 0, 1 if 3 < x else 0),
        (1 if x <= 3 else 0, 1 if x >= 3.0 else 0),
        "chain" if 0 < x < 6000 else "out",
        "chain" if -1.5 <= x <= 5 else "out",
    ]


def reckons(x):
    found = []
    for operation in (plus, minus, times, remains, divides, masks, changes):
        found.append(outcome(operation, x))
    return found


def plus(x):
    return x + 1, x + 1_000_000_000, x + 0, x + -3


def minus(x):
    return x - 1, x - 1_000_000_000, x - 0


def times(x):
    big = 1 if hasattr(x, "__len__") else x * 1_000_000_000
    return x * 3, big, x * 0, x * -1


def remains(x):
    return x % 3, x % -3, x % 1_000_000_000, x % 1


def divides(x):
    return x // 3, x // -3, x // 1, x // -1


def masks(x):
    return x & 3, x & 0, x & -4


def changes(x):
    x += 1
    x *= 3
    x -= 2
    x %= 1000
    x //= 7
    x &= 6
    return x


def q_remainders():
    return [(repr(each), outcome(asks, each)) for each in VALUES]


def q_comparisons():
    return [(repr(each), outcome(compares, each)) for each in VALUES]


def q_operations_with_numbers():
    return [(repr(each), reckons(each)) for each in VALUES]


def q_what_is_asked_of_an_object():
    found = []
    for truth in (True, False, None):
        for function in (asks, compares):
            value = Told(truth)
            found.append((type(outcome(function, value)), value.asked))
    return found


def q_no_truth():
    value = Told(None)
    if value % 2 == 1:
        return "never"


def q_no_remainder():
    value = object()
    if value % 2:
        return "never"


def q_the_line_of_a_condition():
    x = None
    if (
        x
        % 3
        == 1
    ):
        return "never"


def q_while_numbers_grow():
    found, x = [], 1
    while x < 10**25:
        x = x * 7 + 3
        found.append((x % 2 == 1, x % 5, x // 4, x & 15, x - 1 > 5))
    return found


def q_floats_are_values():
    kept, x, y = [], 0.5, 1.5
    for at in range(6):
        x = x * 0.5 + y
        kept.append(x)
        z = x
        x = x + y * 2.0
        y = y - z / (at + 1.0)
        kept += [y, z, (x, x := x * 2.0 + y, x)]
    return kept


def grow(x, *more):
    kept = [x, *more]
    x = x * 2.0 + 1.0
    more = x
    x = x - more * 3.0
    return kept, x, more


def q_floats_that_others_have():
    first, second = 1.25, 2.5
    third = first + second * 1.0
    found = [grow(third), grow(third, third), grow(first), grow(1.5)]
    return found, first, second, third


def q_floats_in_cells_and_generators():
    total = 1.5

    def add(by):
        nonlocal total
        total = total + by * 2.0
        return total

    def walk(x):
        while x < 50.0:
            yield x
            x = x * 2.0 + 1.0

    seen = [add(0.5), add(1.5), total]
    return seen, list(walk(1.0)), [each + total * 1.0 for each in walk(3.0)]


def q_a_float_that_fails_keeps_its_value():
    x = 3.0
    zero = 0.0
    try:
        x = x * 2.0 / zero
    except ZeroDivisionError as error:
        return x, str(error)


def q_a_default_and_a_constant():
    def step(x=0.5):
        x = x * 3.0 + 1.0
        return x

    return [step(), step(), step.__defaults__]
