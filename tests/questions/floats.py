"""Chains of operations that may be of floats, which a compiled function reckons in one go where they are."""

import math
import struct
from decimal import Decimal
from fractions import Fraction


class Logged:
    log = []

    def __init__(self, name):
        self.name = name

    def _add(self, sign, other):
        self.log.append((self.name, sign, getattr(other, "name", other)))
        return Logged(f"({self.name}{sign}{getattr(other, 'name', other)})")

    def __add__(self, other):
        return self._add("+", other)

    def __radd__(self, other):
        return self._add("r+", other)

    def __sub__(self, other):
        return self._add("-", other)

    def __rsub__(self, other):
        return self._add("r-", other)

    def __mul__(self, other):
        return self._add("*", other)

    def __rmul__(self, other):
        return self._add("r*", other)

    def __truediv__(self, other):
        return self._add("/", other)

    def __rtruediv__(self, other):
        return self._add("r/", other)

    def __repr__(self):
        return self.name


class Real(float):
    def __add__(self, other):
        return "own"

    __radd__ = __add__


class Whole(int):
    def __mul__(self, other):
        return "own"

    __rmul__ = __mul__


VALUES = [
    0.0, -0.0, 1.5, -2.5, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan, 0.1, 1 / 3,
    0, 1, -1, 3, 2**29, 2**30, -(2**30), 2**53 + 1, 2**70, 10**400, True, None, "a", 1j, Decimal("1.5"), Fraction(1, 3),
    Real(1.5), Whole(2),
]


def said(function, *given):
    try:
        found = function(*given)
    except Exception as error:
        return type(error).__name__, str(error)
    if type(found) is not float:
        return type(found).__name__, found
    return struct.pack("<d", found) if found == found else "nan"  # whose sign no processor promises


def of_all(function):
    found = [said(function, x, y) for x in VALUES for y in VALUES]
    Logged.log.clear()
    odd = [said(function, Logged("x"), y) for y in (1.5, 2, Logged("y"))] + [said(function, 1.5, Logged("y"))]
    return found, odd, Logged.log[:]


def q_products_and_sums():
    return of_all(lambda x, y: x * 0.5 + y)


def q_without_a_literal():
    return of_all(lambda x, y: x * y - x)


def q_quotients():
    return of_all(lambda x, y: y - x / (y + 1.0))


def q_quotients_of_quotients():
    return of_all(lambda x, y: 1 / (x / y) / 2.5)


def q_whole_literals():
    return of_all(lambda x, y: 2 * x + 3 * y - 1)


def q_whole_literals_that_meet():
    return of_all(lambda x, y: 2 * 3 + x)


def q_long_ones():
    return of_all(lambda x, y: x * x + y * y - 2.0 * x * y + 0.1 * (x - y) / 3)


def q_large_literals():
    return of_all(lambda x, y: x * 1e300 * 1e300 + y), of_all(lambda x, y: x * 1e999 + y)


def q_in_place():
    def function(x, y):
        x += y * 2 - 1.5
        x *= x * 0.5 - y
        return x

    return of_all(function)


def q_compared():
    def function(x, y):
        return 1 if x * x + y * y > 4.0 else 2

    return of_all(function)


def q_names_without_a_value():
    def function(x, y):
        if x is None:
            z = 1.0
        return x * 0.5 + z - y

    return said(function, 1.0, 2.0), said(function, None, 2.0)


def q_shared_names_and_globals():
    def function(x, y):
        def inner():
            nonlocal x
            x = x * 0.5 + y - LIMIT
            return x

        return inner(), x

    return said(function, 3.0, 2.0), said(function, 3, "a")


LIMIT = 2.5


def q_in_comprehensions_and_generators():
    def made(values, y):
        for x in values:
            yield x * 0.5 + y - 1
            y = y + x * 0.25 - 1

    values = [1.0, 2, 3.5]
    return list(made(values, 2.0)), [x * 0.5 + y - 1 for x in values for y in values], sum(x * 2.0 - 1 for x in values)


def q_each_is_another_object():
    x = 2.0
    y = x * 1.0 + 0.0
    return y is x, y == x


def q_names_of_all_kinds():
    größe, _x, x_ = 1.5, 2.5, 3.5
    return größe * _x + x_ * 2 - größe


def q_a_generator_keeps_what_it_reckons():
    def halves(low, high):
        while low < high:
            middle = (low + high) / 2
            yield middle
            middle = (low + high * 1.5) / 4 - middle
            yield middle
            low += 1

    return list(halves(1.0, 3.5)), list(halves(1, 3))


def q_whole_quotients_of_floats():
    def found(high):
        low, seen = 0, []
        while low < high:
            middle = (low + high) // 2
            seen.append(middle)
            low = middle + 1
        return seen

    def halves(high):
        low = 0.0
        while low < high:
            middle = (low + high) // 2
            yield middle, (low * high) // 2.0, low - high // 2, low / high // 2
            low = middle + 1

    def half(low, high):
        return (low + high) // 2, (low - high) // high + low

    return found(5.5), found(5), [*halves(5.5)], half(1.0, 4.5), half(-2.5, 1), half(1, 4)
