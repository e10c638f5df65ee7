"""Literals met with literals: what a compiler could reckon itself, and where Python raises."""


def said(function, *args):
    try:
        return function(*args)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def shift_negative():
    return 1 << -1


def shift_right_negative():
    return 8 >> -2


def rest_of_zero():
    return 1 % 0


def whole_by_zero():
    return 7 // 0


def by_zero():
    return 1 / 0


def float_by_zero():
    return 1.5 / 0


def float_by_float_zero():
    return 1.5 / 0.0


def float_whole_by_zero():
    return 1.5 // 0


def float_rest_of_zero():
    return 2.5 % 0


def power_of_zero():
    return 0**-1


def float_power_of_zero():
    return 0.0**-2


def huge_shift():
    return len(str(1 << 300))


def text_by_negative():
    return ["ab" * -1, [1] * -2, (1,) * 0, b"x" * 3]


def text_and_number():
    return "a" + 1


def number_and_text():
    return 1 + "a"


def minus_text():
    return -"a"


def tilde_float():
    return ~1.5


def number_called():
    return 1()


def text_called():
    return "ab"(1)


def number_subscript():
    return 1[0]


def text_index():
    return "abc"[5]


def tuple_index():
    return (1, 2, 3)[3]


def list_index():
    return [1, 2, 3][-4]


def dict_key():
    return {"a": 1}["b"]


def none_attribute():
    return None.real


def text_subscripted_by_text():
    return "abc"["a"]


def list_of_text():
    return [1, 2]["a"]


def tuple_of_float():
    return (1, 2)[1.5]


def compare_kinds():
    return 1 < "a"


def contained_in_number():
    return 1 in 5


def contained_number_in_text():
    return 1 in "abc"


def unhashable_key():
    return {[]: 1}


def unhashable_member():
    return {1, [2]}


def complex_order():
    return 1j < 2j


def complex_whole():
    return 1j // 2


def complex_zero():
    return 1j / 0


def number_times_text():
    return 2.5 * "a"


def bitwise_float():
    return 1.5 | 2


def q_shift_negative():
    return said(shift_negative), said(shift_right_negative)


def q_rest_of_zero():
    return said(rest_of_zero)


def q_whole_by_zero():
    return said(whole_by_zero)


def q_by_zero():
    return said(by_zero)


def q_float_by_zero():
    return [said(each) for each in (float_by_zero, float_by_float_zero, float_whole_by_zero, float_rest_of_zero)]


def q_power_of_zero():
    return said(power_of_zero), said(float_power_of_zero)


def q_huge_shift():
    return huge_shift(), text_by_negative()


def q_wrong_kinds():
    return [said(each) for each in (text_and_number, number_and_text, minus_text, tilde_float, number_times_text, bitwise_float)]


def q_called():
    return said(number_called), said(text_called)


def q_subscripts():
    return [said(each) for each in (number_subscript, text_index, tuple_index, list_index, dict_key)]


def q_subscripts_of_wrong_kinds():
    return [said(each) for each in (text_subscripted_by_text, list_of_text, tuple_of_float)]


def q_none_attribute():
    return said(none_attribute)


def q_compared():
    return [said(each) for each in (compare_kinds, contained_in_number, contained_number_in_text, complex_order)]


def q_unhashable():
    return said(unhashable_key), said(unhashable_member)


def q_complex():
    return said(complex_whole), said(complex_zero)


def big():
    return [0xFFFFFFFFFFFFFFFFFFFF, 10_000_000_000_000_000_000, -9223372036854775808, -9223372036854775809, 1e400, 1e-400]


def q_big():
    return big()


def folded():
    return [2**0.5, 2**63, -(2**63), 1 << 64, 5 // 2, -5 // 2, 5 % -3, 7.5 // 2, 1e308 * 10, not 1, 1 if 0 else 2, 1 or 2, 0 and 1]


def q_folded():
    return folded()


def literals_of_kinds():
    return [1_000.5, 0b101, 0o17, 0xFF, 1e3, 1j, 1.5e-3j, True + 1, "a" "b", b"a" b"b", r"\n", "\u00e9\N{BULLET}", ...]


def q_literals_of_kinds():
    return literals_of_kinds()


def signed_zero():
    return [0.0, -0.0, 0.0 * -1, -0.0 + 0.0, 0.0 == -0.0, str(-0.0), -0 / 5, 0 / -5, {0.0: 1, -0.0: 2}]


def q_signed_zero():
    return signed_zero()


def equal_literals():
    x = [1, 1.0, True, 0, 0.0, False]
    return [x, 1 == 1.0 == True, {1: "a", 1.0: "b", True: "c"}, {1, 1.0, True}]


def q_equal_literals():
    return equal_literals()


def conditions():
    found = []
    if 0.0:
        found.append("float")
    if "":
        found.append("text")
    if ():
        found.append("tuple")
    if 1 - 1:
        found.append("difference")
    if not ...:
        found.append("dots")
    while 0:
        found.append("loop")
    else:
        found.append("else")
    return found


def q_conditions():
    return conditions()


def slices_of_literals():
    return ["abc"[:2], "abc"[::-1], (1, 2, 3)[1:], [1, 2, 3][:-1], b"abc"[1], b"abc"[1:2], "abc"[10:], "a,b".split(",")[1]]


def q_slices_of_literals():
    return slices_of_literals()


def bad_slices():
    return "abc"[::0]


def bad_slice_kind():
    return [1, 2]["a":]


def q_bad_slices():
    return said(bad_slices), said(bad_slice_kind)


def min_max():
    return [min(1, 2.0), max("a", "b"), min([3, 1], key=abs), max(1, 1.0), max(1.0, 1), min((), default=None), sum([0.1] * 3)]


def q_min_max():
    return min_max()


def min_of_nothing():
    return min([])


def max_of_one():
    return max(1)


def sum_of_texts():
    return sum(["a"])


def q_min_of_nothing():
    return said(min_of_nothing), said(max_of_one), said(sum_of_texts)


class Shown:
    def __getitem__(self, key):
        return key


SLICES = [0, 1, 2, 3][1:3], "abcdef"[::-2], Shown()[1:2, ::3, (4, 5)], Shown()["a":None:1.5]


def slices_of_a_generator(values):
    yield values[1:-1]
    yield Shown()[..., 2:][1], Shown()[:1, (2, (3,)), b"x":]


class Sliced:
    values = "abcdef"[2:4]


def q_slices_that_are_constants():
    return SLICES, [*slices_of_a_generator("abcd")], Sliced.values, SLICES.__getitem__(slice(1, 2))
