"""Generator expressions that are consumed where they stand, which compiled are loops of the function."""

import traceback


def said(function, *given):
    try:
        return function(*given)
    except Exception as error:
        cause = error.__cause__
        found = [type(error).__name__, str(error), steps(error), type(cause).__name__]
        return [*found, steps(cause)] if cause else found


def steps(error):
    return [(each.name, each.lineno) for each in traceback.extract_tb(error.__traceback__)[1:]]


def asked(function):
    return [said(function, make()) for make in (
        lambda: [1, 2, 3],
        lambda: [0, "x", None],
        lambda: [],
        lambda: 5,
        lambda: range(4),
        lambda: iter([1, 0]),
        lambda: "ab",
        lambda: {1: 2},
    )]


class Odd:
    def __bool__(self):
        raise KeyError("truth")


class Logged:
    log = []

    def __init__(self, value):
        self.value = value

    def __gt__(self, other):
        self.log.append(self.value)
        return self.value > other


def q_any():
    return asked(lambda values: any(x > 1 for x in values))


def q_all_and_a_name_of_the_function():
    def function(values):
        x = "kept"
        return all(x for x in values if x != 2), x

    return asked(function)


def q_a_text():
    return asked(lambda values: "-".join(str(x) for x in values))


def q_a_text_of_what_is_none():
    return asked(lambda values: "-".join(x for x in values))


def q_bytes():
    return asked(lambda values: b"-".join(bytes([x]) for x in values))


def q_two_loops():
    return asked(lambda values: list(x * 2 for x in values for y in range(2) if y))


def q_any_of_two_loops():
    return asked(lambda values: any(x == y for x in values for y in (2, 3)))


def q_sets_and_tuples():
    return asked(lambda values: (set((x, 1) for x in values) == {(1, 1), (2, 1), (3, 1)}, tuple((x, 1) for x in values)))


def q_sorted():
    return asked(lambda values: sorted(str(x) for x in values))


def q_a_generator_that_stops():
    return [said(lambda: tuple(next(iter([])) for x in [1])), said(lambda: any(next(iter([])) for x in [1]))]


def q_where_the_first_that_decides_is():
    Logged.log.clear()
    found = any(Logged(x) > 1 for x in (1, 2, 3)), all(Logged(x) > 1 for x in (5, 0, 7))
    return found, Logged.log[:]


def q_truth_that_raises():
    return [said(lambda: any(Odd() for x in [1])), said(lambda: all(Odd() for x in [1])), said(lambda: any(not Odd() for x in [1]))]


def q_a_name_that_is_shared():
    def function(values):
        k = 3

        def inner():
            return k

        return all(x + k for x in values), inner(), [k for k in values], k

    return said(function, [1, 2])


def q_a_name_of_ones_own():
    def function(any):
        return type(any(x for x in [1])).__name__

    return function(lambda given: given)


def q_inside_of_a_comprehension():
    return [any(x == y for x in (1, 2)) for y in (1, 5)]


def q_inside_of_another():
    return any(all(x for x in y) for y in ([0], [1, 1])), list(list(x + y for x in (1, 2)) for y in (1, 2))


def q_with_a_function_in_it():
    return [each() for each in list((lambda: x) for x in (1, 2))], any((lambda: x)() for x in (0, 1))


def q_with_a_name_that_is_bound_within():
    found = any((last := x) > 1 for x in (1, 2, 3))
    return found, last


def q_a_name_that_is_deleted():
    def function():
        k = 1
        del k
        return any(k for x in [1])

    return said(function)


def q_the_variable_is_gone():
    def function():
        any(x for x in [1])
        return x

    return said(function)


def q_in_a_method():
    class Made:
        limit = 2

        def over(self, values):
            return any(x > self.limit for x in values)

        def missing(self, values):
            return any(x > self.nothing for x in values)

    return Made().over([1, 3]), said(Made().missing, [1])


def q_in_a_generator():
    def function(values):
        yield any(x > 1 for x in values)
        yield "".join(x for x in "abc" if x != "b")

    return list(function([1, 2]))


def q_in_a_handler():
    try:
        raise ValueError("first")
    except ValueError:
        return said(lambda: list(1 // x for x in [1, 0]))


def q_a_list_that_grows_meanwhile():
    values = [1]

    def more(x):
        if x < 5:
            values.append(x + 1)
        return x

    return tuple(more(x) for x in values), any(x is values for x in [values])


def q_in_a_loop_with_breaks():
    found = []
    for at in range(5):
        if any(at == x for x in (1, 3)):
            continue
        if all(at > x for x in (1, 3)):
            break
        found.append(at)
    return found


class Unhashed:
    def __init__(self, value):
        self.value = value

    def __hash__(self):
        if self.value == 3:
            raise KeyError("hash")
        return 1


def q_a_set_whose_values_fail():
    return asked(lambda values: len(set(Unhashed(x) for x in values))), asked(lambda values: set([x] for x in values))


def q_a_set_of_a_set():
    return asked(lambda values: sorted(set(x * 2 for x in values if set(y for y in "ab")) | set(x for x in (1, 2))))


def q_displays_that_cannot_be_made():
    return [
        *asked(lambda values: list(x for x in {**values})),
        *asked(lambda values: any(x == 2 for x in {"k": 1, **values})),
        *asked(lambda values: sorted(x for x in {*values})),
        *asked(lambda values: tuple(x for x in (*values, 1))),
    ]
