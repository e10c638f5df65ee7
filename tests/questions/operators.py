"""Every operator met with values of every kind: its result, its kind, and the words where it fails."""

import decimal
import fractions


class Whole(int):
    pass


class Reversed(int):
    def __radd__(self, other):
        return ("radd", other)

    def __rmul__(self, other):
        return ("rmul", other)

    def __rsub__(self, other):
        return ("rsub", other)

    def __rand__(self, other):
        return ("rand", other)

    def __lt__(self, other):
        return ("lt", other)

    def __eq__(self, other):
        return ("eq", other)

    __hash__ = int.__hash__


class Real(float):
    def __rmul__(self, other):
        return ("real rmul", other)


class Silent:
    def __add__(self, other):
        return NotImplemented

    def __radd__(self, other):
        return "silent radd"

    def __iadd__(self, other):
        return NotImplemented

    def __mul__(self, other):
        return NotImplemented

    def __eq__(self, other):
        return NotImplemented

    def __lt__(self, other):
        return NotImplemented

    __hash__ = None

    def __repr__(self):
        return "Silent"


class Text(str):
    pass


VALUES = [
    0, 1, -1, 2, 7, 255, -256, 2**30, 2**62, -(2**63), 2**64, 10**30, True, False, 0.0, -0.0, 1.5, -2.5, 1e308, float("inf"),
    float("nan"), 1j, "ab", "", b"x", [1], (1,), {"a": 1}, {1}, None, Whole(3), Reversed(4), Real(2.5), Silent(), Text("t"),
    decimal.Decimal("1.5"), fractions.Fraction(1, 3), range(3), bytearray(b"q"), ..., int, frozenset({2}),
]
SHORT = [0, 1, -1, 3, 2**40, True, 0.0, -0.0, 2.5, "ab", [1], (1,), None, Whole(3), Reversed(4), Real(2.5), Silent(), 1j, b"x", fractions.Fraction(1, 3), {1}, {"a": 1}]


def said(function, *args):
    try:
        found = function(*args)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return f"{type(found).__name__} {found!r}"


def table(function, few=SHORT):
    return [said(function, first, second) for first in few for second in few]


def row(function):
    return [said(function, value) for value in VALUES]


def copies(function, few=SHORT):
    """Of what is changed in place."""
    found = []
    for first in few:
        for second in few:
            value = first.copy() if isinstance(first, (list, set, dict)) else first
            found.append(said(function, value, second))
    return found


def add(a, b):
    return a + b


def add_in_place(a, b):
    a += b
    return a


def q_add():
    return table(add)


def q_add_in_place():
    return copies(add_in_place)


def subtract(a, b):
    return a - b


def subtract_in_place(a, b):
    a -= b
    return a


def q_subtract():
    return table(subtract)


def q_subtract_in_place():
    return copies(subtract_in_place)


def multiply(a, b):
    return a * b


def multiply_in_place(a, b):
    a *= b
    return a


def q_multiply():
    return table(multiply, SHORT[:4] + SHORT[5:])


def q_multiply_in_place():
    return copies(multiply_in_place, SHORT[:4] + SHORT[5:])


def divide(a, b):
    return a / b


def divide_in_place(a, b):
    a /= b
    return a


def q_divide():
    return table(divide)


def q_divide_in_place():
    return copies(divide_in_place)


def divide_whole(a, b):
    return a // b


def divide_whole_in_place(a, b):
    a //= b
    return a


def q_divide_whole():
    return table(divide_whole)


def q_divide_whole_in_place():
    return copies(divide_whole_in_place)


def rest(a, b):
    return a % b


def rest_in_place(a, b):
    a %= b
    return a


def q_rest():
    return table(rest)


def q_rest_in_place():
    return copies(rest_in_place)


def power(a, b):
    return a ** b


def power_in_place(a, b):
    a **= b
    return a


def q_power():
    return table(power, SHORT[:4] + SHORT[5:])


def q_power_in_place():
    return copies(power_in_place, SHORT[:4] + SHORT[5:])


def shift_left(a, b):
    return a << b


def shift_left_in_place(a, b):
    a <<= b
    return a


def q_shift_left():
    return table(shift_left, SHORT[:4] + SHORT[5:])


def q_shift_left_in_place():
    return copies(shift_left_in_place, SHORT[:4] + SHORT[5:])


def shift_right(a, b):
    return a >> b


def shift_right_in_place(a, b):
    a >>= b
    return a


def q_shift_right():
    return table(shift_right)


def q_shift_right_in_place():
    return copies(shift_right_in_place)


def both(a, b):
    return a & b


def both_in_place(a, b):
    a &= b
    return a


def q_both():
    return table(both)


def q_both_in_place():
    return copies(both_in_place)


def either(a, b):
    return a | b


def either_in_place(a, b):
    a |= b
    return a


def q_either():
    return table(either)


def q_either_in_place():
    return copies(either_in_place)


def one_of(a, b):
    return a ^ b


def one_of_in_place(a, b):
    a ^= b
    return a


def q_one_of():
    return table(one_of)


def q_one_of_in_place():
    return copies(one_of_in_place)


def matrix(a, b):
    return a @ b


def matrix_in_place(a, b):
    a @= b
    return a


def q_matrix():
    return table(matrix)


def q_matrix_in_place():
    return copies(matrix_in_place)


def add_zero(a):
    return [a + 0]


def zero_add(a):
    return [0 + a]


def add_zero_in_place(a):
    a += 0
    return [a]


def add_one(a):
    return [a + 1]


def one_add(a):
    return [1 + a]


def add_one_in_place(a):
    a += 1
    return [a]


def add_three(a):
    return [a + 3]


def three_add(a):
    return [3 + a]


def add_three_in_place(a):
    a += 3
    return [a]


def add_minus(a):
    return [a + (-2)]


def minus_add(a):
    return [(-2) + a]


def add_minus_in_place(a):
    a += -2
    return [a]


def add_large(a):
    return [a + 4294967296]


def large_add(a):
    return [4294967296 + a]


def add_large_in_place(a):
    a += 4294967296
    return [a]


def add_real(a):
    return [a + 1.5]


def real_add(a):
    return [1.5 + a]


def add_real_in_place(a):
    a += 1.5
    return [a]


def add_nil(a):
    return [a + 0.0]


def nil_add(a):
    return [0.0 + a]


def add_nil_in_place(a):
    a += 0.0
    return [a]


def add_minus_real(a):
    return [a + (-0.5)]


def minus_real_add(a):
    return [(-0.5) + a]


def add_minus_real_in_place(a):
    a += -0.5
    return [a]


def q_add_by_literals():
    return [row(each) for each in (add_zero, add_one, add_three, add_minus, add_large, add_real, add_nil, add_minus_real)]


def q_literals_add():
    return [row(each) for each in (zero_add, one_add, three_add, minus_add, large_add, real_add, nil_add, minus_real_add)]


def q_add_by_literals_in_place():
    return [said(each, value) for each in (add_zero_in_place, add_one_in_place, add_three_in_place, add_minus_in_place, add_large_in_place, add_real_in_place, add_nil_in_place, add_minus_real_in_place) for value in VALUES if not isinstance(value, (list, bytearray))]


def subtract_zero(a):
    return [a - 0]


def zero_subtract(a):
    return [0 - a]


def subtract_zero_in_place(a):
    a -= 0
    return [a]


def subtract_one(a):
    return [a - 1]


def one_subtract(a):
    return [1 - a]


def subtract_one_in_place(a):
    a -= 1
    return [a]


def subtract_three(a):
    return [a - 3]


def three_subtract(a):
    return [3 - a]


def subtract_three_in_place(a):
    a -= 3
    return [a]


def subtract_minus(a):
    return [a - (-2)]


def minus_subtract(a):
    return [(-2) - a]


def subtract_minus_in_place(a):
    a -= -2
    return [a]


def subtract_large(a):
    return [a - 4294967296]


def large_subtract(a):
    return [4294967296 - a]


def subtract_large_in_place(a):
    a -= 4294967296
    return [a]


def subtract_real(a):
    return [a - 1.5]


def real_subtract(a):
    return [1.5 - a]


def subtract_real_in_place(a):
    a -= 1.5
    return [a]


def subtract_nil(a):
    return [a - 0.0]


def nil_subtract(a):
    return [0.0 - a]


def subtract_nil_in_place(a):
    a -= 0.0
    return [a]


def subtract_minus_real(a):
    return [a - (-0.5)]


def minus_real_subtract(a):
    return [(-0.5) - a]


def subtract_minus_real_in_place(a):
    a -= -0.5
    return [a]


def q_subtract_by_literals():
    return [row(each) for each in (subtract_zero, subtract_one, subtract_three, subtract_minus, subtract_large, subtract_real, subtract_nil, subtract_minus_real)]


def q_literals_subtract():
    return [row(each) for each in (zero_subtract, one_subtract, three_subtract, minus_subtract, large_subtract, real_subtract, nil_subtract, minus_real_subtract)]


def q_subtract_by_literals_in_place():
    return [said(each, value) for each in (subtract_zero_in_place, subtract_one_in_place, subtract_three_in_place, subtract_minus_in_place, subtract_large_in_place, subtract_real_in_place, subtract_nil_in_place, subtract_minus_real_in_place) for value in VALUES if not isinstance(value, (list, bytearray))]


def multiply_zero(a):
    return [a * 0]


def zero_multiply(a):
    return [0 * a]


def multiply_zero_in_place(a):
    a *= 0
    return [a]


def multiply_one(a):
    return [a * 1]


def one_multiply(a):
    return [1 * a]


def multiply_one_in_place(a):
    a *= 1
    return [a]


def multiply_three(a):
    return [a * 3]


def three_multiply(a):
    return [3 * a]


def multiply_three_in_place(a):
    a *= 3
    return [a]


def multiply_minus(a):
    return [a * (-2)]


def minus_multiply(a):
    return [(-2) * a]


def multiply_minus_in_place(a):
    a *= -2
    return [a]


def multiply_real(a):
    return [a * 1.5]


def real_multiply(a):
    return [1.5 * a]


def multiply_real_in_place(a):
    a *= 1.5
    return [a]


def multiply_nil(a):
    return [a * 0.0]


def nil_multiply(a):
    return [0.0 * a]


def multiply_nil_in_place(a):
    a *= 0.0
    return [a]


def multiply_minus_real(a):
    return [a * (-0.5)]


def minus_real_multiply(a):
    return [(-0.5) * a]


def multiply_minus_real_in_place(a):
    a *= -0.5
    return [a]


def q_multiply_by_literals():
    return [row(each) for each in (multiply_zero, multiply_one, multiply_three, multiply_minus, multiply_real, multiply_nil, multiply_minus_real)]


def q_literals_multiply():
    return [row(each) for each in (zero_multiply, one_multiply, three_multiply, minus_multiply, real_multiply, nil_multiply, minus_real_multiply)]


def q_multiply_by_literals_in_place():
    return [said(each, value) for each in (multiply_zero_in_place, multiply_one_in_place, multiply_three_in_place, multiply_minus_in_place, multiply_real_in_place, multiply_nil_in_place, multiply_minus_real_in_place) for value in VALUES if not isinstance(value, (list, bytearray))]


def divide_zero(a):
    return [a / 0]


def zero_divide(a):
    return [0 / a]


def divide_zero_in_place(a):
    a /= 0
    return [a]


def divide_one(a):
    return [a / 1]


def one_divide(a):
    return [1 / a]


def divide_one_in_place(a):
    a /= 1
    return [a]


def divide_three(a):
    return [a / 3]


def three_divide(a):
    return [3 / a]


def divide_three_in_place(a):
    a /= 3
    return [a]


def divide_minus(a):
    return [a / (-2)]


def minus_divide(a):
    return [(-2) / a]


def divide_minus_in_place(a):
    a /= -2
    return [a]


def divide_large(a):
    return [a / 4294967296]


def large_divide(a):
    return [4294967296 / a]


def divide_large_in_place(a):
    a /= 4294967296
    return [a]


def divide_real(a):
    return [a / 1.5]


def real_divide(a):
    return [1.5 / a]


def divide_real_in_place(a):
    a /= 1.5
    return [a]


def divide_nil(a):
    return [a / 0.0]


def nil_divide(a):
    return [0.0 / a]


def divide_nil_in_place(a):
    a /= 0.0
    return [a]


def divide_minus_real(a):
    return [a / (-0.5)]


def minus_real_divide(a):
    return [(-0.5) / a]


def divide_minus_real_in_place(a):
    a /= -0.5
    return [a]


def q_divide_by_literals():
    return [row(each) for each in (divide_zero, divide_one, divide_three, divide_minus, divide_large, divide_real, divide_nil, divide_minus_real)]


def q_literals_divide():
    return [row(each) for each in (zero_divide, one_divide, three_divide, minus_divide, large_divide, real_divide, nil_divide, minus_real_divide)]


def q_divide_by_literals_in_place():
    return [said(each, value) for each in (divide_zero_in_place, divide_one_in_place, divide_three_in_place, divide_minus_in_place, divide_large_in_place, divide_real_in_place, divide_nil_in_place, divide_minus_real_in_place) for value in VALUES if not isinstance(value, (list, bytearray))]


def divide_whole_zero(a):
    return [a // 0]


def zero_divide_whole(a):
    return [0 // a]


def divide_whole_zero_in_place(a):
    a //= 0
    return [a]


def divide_whole_one(a):
    return [a // 1]


def one_divide_whole(a):
    return [1 // a]


def divide_whole_one_in_place(a):
    a //= 1
    return [a]


def divide_whole_three(a):
    return [a // 3]


def three_divide_whole(a):
    return [3 // a]


def divide_whole_three_in_place(a):
    a //= 3
    return [a]


def divide_whole_minus(a):
    return [a // (-2)]


def minus_divide_whole(a):
    return [(-2) // a]


def divide_whole_minus_in_place(a):
    a //= -2
    return [a]


def divide_whole_large(a):
    return [a // 4294967296]


def large_divide_whole(a):
    return [4294967296 // a]


def divide_whole_large_in_place(a):
    a //= 4294967296
    return [a]


def divide_whole_real(a):
    return [a // 1.5]


def real_divide_whole(a):
    return [1.5 // a]


def divide_whole_real_in_place(a):
    a //= 1.5
    return [a]


def divide_whole_nil(a):
    return [a // 0.0]


def nil_divide_whole(a):
    return [0.0 // a]


def divide_whole_nil_in_place(a):
    a //= 0.0
    return [a]


def divide_whole_minus_real(a):
    return [a // (-0.5)]


def minus_real_divide_whole(a):
    return [(-0.5) // a]


def divide_whole_minus_real_in_place(a):
    a //= -0.5
    return [a]


def q_divide_whole_by_literals():
    return [row(each) for each in (divide_whole_zero, divide_whole_one, divide_whole_three, divide_whole_minus, divide_whole_large, divide_whole_real, divide_whole_nil, divide_whole_minus_real)]


def q_literals_divide_whole():
    return [row(each) for each in (zero_divide_whole, one_divide_whole, three_divide_whole, minus_divide_whole, large_divide_whole, real_divide_whole, nil_divide_whole, minus_real_divide_whole)]


def q_divide_whole_by_literals_in_place():
    return [said(each, value) for each in (divide_whole_zero_in_place, divide_whole_one_in_place, divide_whole_three_in_place, divide_whole_minus_in_place, divide_whole_large_in_place, divide_whole_real_in_place, divide_whole_nil_in_place, divide_whole_minus_real_in_place) for value in VALUES if not isinstance(value, (list, bytearray))]


def rest_zero(a):
    return [a % 0]


def zero_rest(a):
    return [0 % a]


def rest_zero_in_place(a):
    a %= 0
    return [a]


def rest_one(a):
    return [a % 1]


def one_rest(a):
    return [1 % a]


def rest_one_in_place(a):
    a %= 1
    return [a]


def rest_three(a):
    return [a % 3]


def three_rest(a):
    return [3 % a]


def rest_three_in_place(a):
    a %= 3
    return [a]


def rest_minus(a):
    return [a % (-2)]


def minus_rest(a):
    return [(-2) % a]


def rest_minus_in_place(a):
    a %= -2
    return [a]


def rest_large(a):
    return [a % 4294967296]


def large_rest(a):
    return [4294967296 % a]


def rest_large_in_place(a):
    a %= 4294967296
    return [a]


def rest_real(a):
    return [a % 1.5]


def real_rest(a):
    return [1.5 % a]


def rest_real_in_place(a):
    a %= 1.5
    return [a]


def rest_nil(a):
    return [a % 0.0]


def nil_rest(a):
    return [0.0 % a]


def rest_nil_in_place(a):
    a %= 0.0
    return [a]


def rest_minus_real(a):
    return [a % (-0.5)]


def minus_real_rest(a):
    return [(-0.5) % a]


def rest_minus_real_in_place(a):
    a %= -0.5
    return [a]


def q_rest_by_literals():
    return [row(each) for each in (rest_zero, rest_one, rest_three, rest_minus, rest_large, rest_real, rest_nil, rest_minus_real)]


def q_literals_rest():
    return [row(each) for each in (zero_rest, one_rest, three_rest, minus_rest, large_rest, real_rest, nil_rest, minus_real_rest)]


def q_rest_by_literals_in_place():
    return [said(each, value) for each in (rest_zero_in_place, rest_one_in_place, rest_three_in_place, rest_minus_in_place, rest_large_in_place, rest_real_in_place, rest_nil_in_place, rest_minus_real_in_place) for value in VALUES if not isinstance(value, (list, bytearray))]


def power_zero(a):
    return [a ** 0]


def zero_power(a):
    return [0 ** a]


def power_zero_in_place(a):
    a **= 0
    return [a]


def power_one(a):
    return [a ** 1]


def one_power(a):
    return [1 ** a]


def power_one_in_place(a):
    a **= 1
    return [a]


def power_three(a):
    return [a ** 3]


def three_power(a):
    return [3 ** a]


def power_three_in_place(a):
    a **= 3
    return [a]


def power_minus(a):
    return [a ** (-2)]


def minus_power(a):
    return [(-2) ** a]


def power_minus_in_place(a):
    a **= -2
    return [a]


def power_real(a):
    return [a ** 1.5]


def real_power(a):
    return [1.5 ** a]


def power_real_in_place(a):
    a **= 1.5
    return [a]


def power_nil(a):
    return [a ** 0.0]


def nil_power(a):
    return [0.0 ** a]


def power_nil_in_place(a):
    a **= 0.0
    return [a]


def power_minus_real(a):
    return [a ** (-0.5)]


def minus_real_power(a):
    return [(-0.5) ** a]


def power_minus_real_in_place(a):
    a **= -0.5
    return [a]


def q_power_by_literals():
    return [row(each) for each in (power_zero, power_one, power_three, power_minus, power_real, power_nil, power_minus_real)]


def q_literals_power():
    return [said(each, value) for each in (zero_power, one_power, three_power, minus_power, real_power, nil_power, minus_real_power) for value in VALUES if not isinstance(value, int) or abs(value) < 300]


def q_power_by_literals_in_place():
    return [said(each, value) for each in (power_zero_in_place, power_one_in_place, power_three_in_place, power_minus_in_place, power_real_in_place, power_nil_in_place, power_minus_real_in_place) for value in VALUES if not isinstance(value, (list, bytearray))]


def shift_left_zero(a):
    return [a << 0]


def zero_shift_left(a):
    return [0 << a]


def shift_left_zero_in_place(a):
    a <<= 0
    return [a]


def shift_left_one(a):
    return [a << 1]


def one_shift_left(a):
    return [1 << a]


def shift_left_one_in_place(a):
    a <<= 1
    return [a]


def shift_left_three(a):
    return [a << 3]


def three_shift_left(a):
    return [3 << a]


def shift_left_three_in_place(a):
    a <<= 3
    return [a]


def shift_left_minus(a):
    return [a << (-2)]


def minus_shift_left(a):
    return [(-2) << a]


def shift_left_minus_in_place(a):
    a <<= -2
    return [a]


def shift_left_real(a):
    return [a << 1.5]


def real_shift_left(a):
    return [1.5 << a]


def shift_left_real_in_place(a):
    a <<= 1.5
    return [a]


def q_shift_left_by_literals():
    return [row(each) for each in (shift_left_zero, shift_left_one, shift_left_three, shift_left_minus, shift_left_real)]


def q_literals_shift_left():
    return [said(each, value) for each in (zero_shift_left, one_shift_left, three_shift_left, minus_shift_left, real_shift_left) for value in VALUES if not isinstance(value, int) or abs(value) < 300]


def q_shift_left_by_literals_in_place():
    return [said(each, value) for each in (shift_left_zero_in_place, shift_left_one_in_place, shift_left_three_in_place, shift_left_minus_in_place, shift_left_real_in_place) for value in VALUES if not isinstance(value, (list, bytearray))]


def shift_right_zero(a):
    return [a >> 0]


def zero_shift_right(a):
    return [0 >> a]


def shift_right_zero_in_place(a):
    a >>= 0
    return [a]


def shift_right_one(a):
    return [a >> 1]


def one_shift_right(a):
    return [1 >> a]


def shift_right_one_in_place(a):
    a >>= 1
    return [a]


def shift_right_three(a):
    return [a >> 3]


def three_shift_right(a):
    return [3 >> a]


def shift_right_three_in_place(a):
    a >>= 3
    return [a]


def shift_right_minus(a):
    return [a >> (-2)]


def minus_shift_right(a):
    return [(-2) >> a]


def shift_right_minus_in_place(a):
    a >>= -2
    return [a]


def shift_right_large(a):
    return [a >> 4294967296]


def large_shift_right(a):
    return [4294967296 >> a]


def shift_right_large_in_place(a):
    a >>= 4294967296
    return [a]


def shift_right_real(a):
    return [a >> 1.5]


def real_shift_right(a):
    return [1.5 >> a]


def shift_right_real_in_place(a):
    a >>= 1.5
    return [a]


def q_shift_right_by_literals():
    return [row(each) for each in (shift_right_zero, shift_right_one, shift_right_three, shift_right_minus, shift_right_large, shift_right_real)]


def q_literals_shift_right():
    return [row(each) for each in (zero_shift_right, one_shift_right, three_shift_right, minus_shift_right, large_shift_right, real_shift_right)]


def q_shift_right_by_literals_in_place():
    return [said(each, value) for each in (shift_right_zero_in_place, shift_right_one_in_place, shift_right_three_in_place, shift_right_minus_in_place, shift_right_large_in_place, shift_right_real_in_place) for value in VALUES if not isinstance(value, (list, bytearray))]


def both_zero(a):
    return [a & 0]


def zero_both(a):
    return [0 & a]


def both_zero_in_place(a):
    a &= 0
    return [a]


def both_one(a):
    return [a & 1]


def one_both(a):
    return [1 & a]


def both_one_in_place(a):
    a &= 1
    return [a]


def both_three(a):
    return [a & 3]


def three_both(a):
    return [3 & a]


def both_three_in_place(a):
    a &= 3
    return [a]


def both_minus(a):
    return [a & (-2)]


def minus_both(a):
    return [(-2) & a]


def both_minus_in_place(a):
    a &= -2
    return [a]


def both_large(a):
    return [a & 4294967296]


def large_both(a):
    return [4294967296 & a]


def both_large_in_place(a):
    a &= 4294967296
    return [a]


def both_real(a):
    return [a & 1.5]


def real_both(a):
    return [1.5 & a]


def both_real_in_place(a):
    a &= 1.5
    return [a]


def q_both_by_literals():
    return [row(each) for each in (both_zero, both_one, both_three, both_minus, both_large, both_real)]


def q_literals_both():
    return [row(each) for each in (zero_both, one_both, three_both, minus_both, large_both, real_both)]


def q_both_by_literals_in_place():
    return [said(each, value) for each in (both_zero_in_place, both_one_in_place, both_three_in_place, both_minus_in_place, both_large_in_place, both_real_in_place) for value in VALUES if not isinstance(value, (list, bytearray))]


def either_zero(a):
    return [a | 0]


def zero_either(a):
    return [0 | a]


def either_zero_in_place(a):
    a |= 0
    return [a]


def either_one(a):
    return [a | 1]


def one_either(a):
    return [1 | a]


def either_one_in_place(a):
    a |= 1
    return [a]


def either_three(a):
    return [a | 3]


def three_either(a):
    return [3 | a]


def either_three_in_place(a):
    a |= 3
    return [a]


def either_minus(a):
    return [a | (-2)]


def minus_either(a):
    return [(-2) | a]


def either_minus_in_place(a):
    a |= -2
    return [a]


def either_large(a):
    return [a | 4294967296]


def large_either(a):
    return [4294967296 | a]


def either_large_in_place(a):
    a |= 4294967296
    return [a]


def either_real(a):
    return [a | 1.5]


def real_either(a):
    return [1.5 | a]


def either_real_in_place(a):
    a |= 1.5
    return [a]


def q_either_by_literals():
    return [row(each) for each in (either_zero, either_one, either_three, either_minus, either_large, either_real)]


def q_literals_either():
    return [row(each) for each in (zero_either, one_either, three_either, minus_either, large_either, real_either)]


def q_either_by_literals_in_place():
    return [said(each, value) for each in (either_zero_in_place, either_one_in_place, either_three_in_place, either_minus_in_place, either_large_in_place, either_real_in_place) for value in VALUES if not isinstance(value, (list, bytearray))]


def one_of_zero(a):
    return [a ^ 0]


def zero_one_of(a):
    return [0 ^ a]


def one_of_zero_in_place(a):
    a ^= 0
    return [a]


def one_of_one(a):
    return [a ^ 1]


def one_one_of(a):
    return [1 ^ a]


def one_of_one_in_place(a):
    a ^= 1
    return [a]


def one_of_three(a):
    return [a ^ 3]


def three_one_of(a):
    return [3 ^ a]


def one_of_three_in_place(a):
    a ^= 3
    return [a]


def one_of_minus(a):
    return [a ^ (-2)]


def minus_one_of(a):
    return [(-2) ^ a]


def one_of_minus_in_place(a):
    a ^= -2
    return [a]


def one_of_large(a):
    return [a ^ 4294967296]


def large_one_of(a):
    return [4294967296 ^ a]


def one_of_large_in_place(a):
    a ^= 4294967296
    return [a]


def one_of_real(a):
    return [a ^ 1.5]


def real_one_of(a):
    return [1.5 ^ a]


def one_of_real_in_place(a):
    a ^= 1.5
    return [a]


def q_one_of_by_literals():
    return [row(each) for each in (one_of_zero, one_of_one, one_of_three, one_of_minus, one_of_large, one_of_real)]


def q_literals_one_of():
    return [row(each) for each in (zero_one_of, one_one_of, three_one_of, minus_one_of, large_one_of, real_one_of)]


def q_one_of_by_literals_in_place():
    return [said(each, value) for each in (one_of_zero_in_place, one_of_one_in_place, one_of_three_in_place, one_of_minus_in_place, one_of_large_in_place, one_of_real_in_place) for value in VALUES if not isinstance(value, (list, bytearray))]


def less(a, b):
    return a < b


def less_asked(a, b):
    if a < b:
        return "yes"
    return "no"


def q_less():
    return table(less), table(less_asked)


def less_one(a):
    return [a < 1, "yes" if a < 1 else "no"]


def one_less(a):
    return [1 < a, not 1 < a]


def less_large(a):
    return [a < 4294967296, "yes" if a < 4294967296 else "no"]


def large_less(a):
    return [4294967296 < a, not 4294967296 < a]


def less_real(a):
    return [a < 1.5, "yes" if a < 1.5 else "no"]


def real_less(a):
    return [1.5 < a, not 1.5 < a]


def less_text(a):
    return [a < "ab", "yes" if a < "ab" else "no"]


def text_less(a):
    return ["ab" < a, not "ab" < a]


def less_bytes(a):
    return [a < b"x", "yes" if a < b"x" else "no"]


def bytes_less(a):
    return [b"x" < a, not b"x" < a]


def less_none(a):
    return [a < None, "yes" if a < None else "no"]


def none_less(a):
    return [None < a, not None < a]


def less_truth(a):
    return [a < True, "yes" if a < True else "no"]


def truth_less(a):
    return [True < a, not True < a]


def less_minus(a):
    return [a < -1, "yes" if a < -1 else "no"]


def minus_less(a):
    return [-1 < a, not -1 < a]


def less_tuple(a):
    return [a < (1,), "yes" if a < (1,) else "no"]


def tuple_less(a):
    return [(1,) < a, not (1,) < a]


def q_less_literals():
    return [row(each) for each in (less_one, one_less, less_large, large_less, less_real, real_less, less_text, text_less, less_bytes, bytes_less, less_none, none_less, less_truth, truth_less, less_minus, minus_less, less_tuple, tuple_less)]


def less_or_equal(a, b):
    return a <= b


def less_or_equal_asked(a, b):
    if a <= b:
        return "yes"
    return "no"


def q_less_or_equal():
    return table(less_or_equal), table(less_or_equal_asked)


def less_or_equal_one(a):
    return [a <= 1, "yes" if a <= 1 else "no"]


def one_less_or_equal(a):
    return [1 <= a, not 1 <= a]


def less_or_equal_large(a):
    return [a <= 4294967296, "yes" if a <= 4294967296 else "no"]


def large_less_or_equal(a):
    return [4294967296 <= a, not 4294967296 <= a]


def less_or_equal_real(a):
    return [a <= 1.5, "yes" if a <= 1.5 else "no"]


def real_less_or_equal(a):
    return [1.5 <= a, not 1.5 <= a]


def less_or_equal_text(a):
    return [a <= "ab", "yes" if a <= "ab" else "no"]


def text_less_or_equal(a):
    return ["ab" <= a, not "ab" <= a]


def less_or_equal_bytes(a):
    return [a <= b"x", "yes" if a <= b"x" else "no"]


def bytes_less_or_equal(a):
    return [b"x" <= a, not b"x" <= a]


def less_or_equal_none(a):
    return [a <= None, "yes" if a <= None else "no"]


def none_less_or_equal(a):
    return [None <= a, not None <= a]


def less_or_equal_truth(a):
    return [a <= True, "yes" if a <= True else "no"]


def truth_less_or_equal(a):
    return [True <= a, not True <= a]


def less_or_equal_minus(a):
    return [a <= -1, "yes" if a <= -1 else "no"]


def minus_less_or_equal(a):
    return [-1 <= a, not -1 <= a]


def less_or_equal_tuple(a):
    return [a <= (1,), "yes" if a <= (1,) else "no"]


def tuple_less_or_equal(a):
    return [(1,) <= a, not (1,) <= a]


def q_less_or_equal_literals():
    return [row(each) for each in (less_or_equal_one, one_less_or_equal, less_or_equal_large, large_less_or_equal, less_or_equal_real, real_less_or_equal, less_or_equal_text, text_less_or_equal, less_or_equal_bytes, bytes_less_or_equal, less_or_equal_none, none_less_or_equal, less_or_equal_truth, truth_less_or_equal, less_or_equal_minus, minus_less_or_equal, less_or_equal_tuple, tuple_less_or_equal)]


def equal(a, b):
    return a == b


def equal_asked(a, b):
    if a == b:
        return "yes"
    return "no"


def q_equal():
    return table(equal), table(equal_asked)


def equal_one(a):
    return [a == 1, "yes" if a == 1 else "no"]


def one_equal(a):
    return [1 == a, not 1 == a]


def equal_large(a):
    return [a == 4294967296, "yes" if a == 4294967296 else "no"]


def large_equal(a):
    return [4294967296 == a, not 4294967296 == a]


def equal_real(a):
    return [a == 1.5, "yes" if a == 1.5 else "no"]


def real_equal(a):
    return [1.5 == a, not 1.5 == a]


def equal_text(a):
    return [a == "ab", "yes" if a == "ab" else "no"]


def text_equal(a):
    return ["ab" == a, not "ab" == a]


def equal_bytes(a):
    return [a == b"x", "yes" if a == b"x" else "no"]


def bytes_equal(a):
    return [b"x" == a, not b"x" == a]


def equal_none(a):
    return [a == None, "yes" if a == None else "no"]


def none_equal(a):
    return [None == a, not None == a]


def equal_truth(a):
    return [a == True, "yes" if a == True else "no"]


def truth_equal(a):
    return [True == a, not True == a]


def equal_minus(a):
    return [a == -1, "yes" if a == -1 else "no"]


def minus_equal(a):
    return [-1 == a, not -1 == a]


def equal_tuple(a):
    return [a == (1,), "yes" if a == (1,) else "no"]


def tuple_equal(a):
    return [(1,) == a, not (1,) == a]


def q_equal_literals():
    return [row(each) for each in (equal_one, one_equal, equal_large, large_equal, equal_real, real_equal, equal_text, text_equal, equal_bytes, bytes_equal, equal_none, none_equal, equal_truth, truth_equal, equal_minus, minus_equal, equal_tuple, tuple_equal)]


def unequal(a, b):
    return a != b


def unequal_asked(a, b):
    if a != b:
        return "yes"
    return "no"


def q_unequal():
    return table(unequal), table(unequal_asked)


def unequal_one(a):
    return [a != 1, "yes" if a != 1 else "no"]


def one_unequal(a):
    return [1 != a, not 1 != a]


def unequal_large(a):
    return [a != 4294967296, "yes" if a != 4294967296 else "no"]


def large_unequal(a):
    return [4294967296 != a, not 4294967296 != a]


def unequal_real(a):
    return [a != 1.5, "yes" if a != 1.5 else "no"]


def real_unequal(a):
    return [1.5 != a, not 1.5 != a]


def unequal_text(a):
    return [a != "ab", "yes" if a != "ab" else "no"]


def text_unequal(a):
    return ["ab" != a, not "ab" != a]


def unequal_bytes(a):
    return [a != b"x", "yes" if a != b"x" else "no"]


def bytes_unequal(a):
    return [b"x" != a, not b"x" != a]


def unequal_none(a):
    return [a != None, "yes" if a != None else "no"]


def none_unequal(a):
    return [None != a, not None != a]


def unequal_truth(a):
    return [a != True, "yes" if a != True else "no"]


def truth_unequal(a):
    return [True != a, not True != a]


def unequal_minus(a):
    return [a != -1, "yes" if a != -1 else "no"]


def minus_unequal(a):
    return [-1 != a, not -1 != a]


def unequal_tuple(a):
    return [a != (1,), "yes" if a != (1,) else "no"]


def tuple_unequal(a):
    return [(1,) != a, not (1,) != a]


def q_unequal_literals():
    return [row(each) for each in (unequal_one, one_unequal, unequal_large, large_unequal, unequal_real, real_unequal, unequal_text, text_unequal, unequal_bytes, bytes_unequal, unequal_none, none_unequal, unequal_truth, truth_unequal, unequal_minus, minus_unequal, unequal_tuple, tuple_unequal)]


def greater(a, b):
    return a > b


def greater_asked(a, b):
    if a > b:
        return "yes"
    return "no"


def q_greater():
    return table(greater), table(greater_asked)


def greater_one(a):
    return [a > 1, "yes" if a > 1 else "no"]


def one_greater(a):
    return [1 > a, not 1 > a]


def greater_large(a):
    return [a > 4294967296, "yes" if a > 4294967296 else "no"]


def large_greater(a):
    return [4294967296 > a, not 4294967296 > a]


def greater_real(a):
    return [a > 1.5, "yes" if a > 1.5 else "no"]


def real_greater(a):
    return [1.5 > a, not 1.5 > a]


def greater_text(a):
    return [a > "ab", "yes" if a > "ab" else "no"]


def text_greater(a):
    return ["ab" > a, not "ab" > a]


def greater_bytes(a):
    return [a > b"x", "yes" if a > b"x" else "no"]


def bytes_greater(a):
    return [b"x" > a, not b"x" > a]


def greater_none(a):
    return [a > None, "yes" if a > None else "no"]


def none_greater(a):
    return [None > a, not None > a]


def greater_truth(a):
    return [a > True, "yes" if a > True else "no"]


def truth_greater(a):
    return [True > a, not True > a]


def greater_minus(a):
    return [a > -1, "yes" if a > -1 else "no"]


def minus_greater(a):
    return [-1 > a, not -1 > a]


def greater_tuple(a):
    return [a > (1,), "yes" if a > (1,) else "no"]


def tuple_greater(a):
    return [(1,) > a, not (1,) > a]


def q_greater_literals():
    return [row(each) for each in (greater_one, one_greater, greater_large, large_greater, greater_real, real_greater, greater_text, text_greater, greater_bytes, bytes_greater, greater_none, none_greater, greater_truth, truth_greater, greater_minus, minus_greater, greater_tuple, tuple_greater)]


def greater_or_equal(a, b):
    return a >= b


def greater_or_equal_asked(a, b):
    if a >= b:
        return "yes"
    return "no"


def q_greater_or_equal():
    return table(greater_or_equal), table(greater_or_equal_asked)


def greater_or_equal_one(a):
    return [a >= 1, "yes" if a >= 1 else "no"]


def one_greater_or_equal(a):
    return [1 >= a, not 1 >= a]


def greater_or_equal_large(a):
    return [a >= 4294967296, "yes" if a >= 4294967296 else "no"]


def large_greater_or_equal(a):
    return [4294967296 >= a, not 4294967296 >= a]


def greater_or_equal_real(a):
    return [a >= 1.5, "yes" if a >= 1.5 else "no"]


def real_greater_or_equal(a):
    return [1.5 >= a, not 1.5 >= a]


def greater_or_equal_text(a):
    return [a >= "ab", "yes" if a >= "ab" else "no"]


def text_greater_or_equal(a):
    return ["ab" >= a, not "ab" >= a]


def greater_or_equal_bytes(a):
    return [a >= b"x", "yes" if a >= b"x" else "no"]


def bytes_greater_or_equal(a):
    return [b"x" >= a, not b"x" >= a]


def greater_or_equal_none(a):
    return [a >= None, "yes" if a >= None else "no"]


def none_greater_or_equal(a):
    return [None >= a, not None >= a]


def greater_or_equal_truth(a):
    return [a >= True, "yes" if a >= True else "no"]


def truth_greater_or_equal(a):
    return [True >= a, not True >= a]


def greater_or_equal_minus(a):
    return [a >= -1, "yes" if a >= -1 else "no"]


def minus_greater_or_equal(a):
    return [-1 >= a, not -1 >= a]


def greater_or_equal_tuple(a):
    return [a >= (1,), "yes" if a >= (1,) else "no"]


def tuple_greater_or_equal(a):
    return [(1,) >= a, not (1,) >= a]


def q_greater_or_equal_literals():
    return [row(each) for each in (greater_or_equal_one, one_greater_or_equal, greater_or_equal_large, large_greater_or_equal, greater_or_equal_real, real_greater_or_equal, greater_or_equal_text, text_greater_or_equal, greater_or_equal_bytes, bytes_greater_or_equal, greater_or_equal_none, none_greater_or_equal, greater_or_equal_truth, truth_greater_or_equal, greater_or_equal_minus, minus_greater_or_equal, greater_or_equal_tuple, tuple_greater_or_equal)]


def contained(a, b):
    return a in b


def contained_asked(a, b):
    if a in b:
        return "yes"
    return "no"


def q_contained():
    return table(contained), table(contained_asked)


def contained_one(a):
    return [a in 1, "yes" if a in 1 else "no"]


def one_contained(a):
    return [1 in a, not 1 in a]


def contained_large(a):
    return [a in 4294967296, "yes" if a in 4294967296 else "no"]


def large_contained(a):
    return [4294967296 in a, not 4294967296 in a]


def contained_real(a):
    return [a in 1.5, "yes" if a in 1.5 else "no"]


def real_contained(a):
    return [1.5 in a, not 1.5 in a]


def contained_text(a):
    return [a in "ab", "yes" if a in "ab" else "no"]


def text_contained(a):
    return ["ab" in a, not "ab" in a]


def contained_bytes(a):
    return [a in b"x", "yes" if a in b"x" else "no"]


def bytes_contained(a):
    return [b"x" in a, not b"x" in a]


def contained_none(a):
    return [a in None, "yes" if a in None else "no"]


def none_contained(a):
    return [None in a, not None in a]


def contained_truth(a):
    return [a in True, "yes" if a in True else "no"]


def truth_contained(a):
    return [True in a, not True in a]


def contained_minus(a):
    return [a in -1, "yes" if a in -1 else "no"]


def minus_contained(a):
    return [-1 in a, not -1 in a]


def contained_tuple(a):
    return [a in (1,), "yes" if a in (1,) else "no"]


def tuple_contained(a):
    return [(1,) in a, not (1,) in a]


def q_contained_literals():
    return [row(each) for each in (contained_one, one_contained, contained_large, large_contained, contained_real, real_contained, contained_text, text_contained, contained_bytes, bytes_contained, contained_none, none_contained, contained_truth, truth_contained, contained_minus, minus_contained, contained_tuple, tuple_contained)]


def not_contained(a, b):
    return a not in b


def not_contained_asked(a, b):
    if a not in b:
        return "yes"
    return "no"


def q_not_contained():
    return table(not_contained), table(not_contained_asked)


def not_contained_one(a):
    return [a not in 1, "yes" if a not in 1 else "no"]


def one_not_contained(a):
    return [1 not in a, not 1 not in a]


def not_contained_large(a):
    return [a not in 4294967296, "yes" if a not in 4294967296 else "no"]


def large_not_contained(a):
    return [4294967296 not in a, not 4294967296 not in a]


def not_contained_real(a):
    return [a not in 1.5, "yes" if a not in 1.5 else "no"]


def real_not_contained(a):
    return [1.5 not in a, not 1.5 not in a]


def not_contained_text(a):
    return [a not in "ab", "yes" if a not in "ab" else "no"]


def text_not_contained(a):
    return ["ab" not in a, not "ab" not in a]


def not_contained_bytes(a):
    return [a not in b"x", "yes" if a not in b"x" else "no"]


def bytes_not_contained(a):
    return [b"x" not in a, not b"x" not in a]


def not_contained_none(a):
    return [a not in None, "yes" if a not in None else "no"]


def none_not_contained(a):
    return [None not in a, not None not in a]


def not_contained_truth(a):
    return [a not in True, "yes" if a not in True else "no"]


def truth_not_contained(a):
    return [True not in a, not True not in a]


def not_contained_minus(a):
    return [a not in -1, "yes" if a not in -1 else "no"]


def minus_not_contained(a):
    return [-1 not in a, not -1 not in a]


def not_contained_tuple(a):
    return [a not in (1,), "yes" if a not in (1,) else "no"]


def tuple_not_contained(a):
    return [(1,) not in a, not (1,) not in a]


def q_not_contained_literals():
    return [row(each) for each in (not_contained_one, one_not_contained, not_contained_large, large_not_contained, not_contained_real, real_not_contained, not_contained_text, text_not_contained, not_contained_bytes, bytes_not_contained, not_contained_none, none_not_contained, not_contained_truth, truth_not_contained, not_contained_minus, minus_not_contained, not_contained_tuple, tuple_not_contained)]


def same(a, b):
    return a is b


def same_asked(a, b):
    if a is b:
        return "yes"
    return "no"


def q_same():
    return table(same), table(same_asked)


def minus_of(a):
    return -a


def q_minus_of():
    return row(minus_of)


def plus_of(a):
    return +a


def q_plus_of():
    return row(plus_of)


def inverted_of(a):
    return ~a


def q_inverted_of():
    return row(inverted_of)


def not__of(a):
    return not a


def q_not__of():
    return row(not__of)

