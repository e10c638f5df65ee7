"""Loops over ranges and sums of whole numbers, which compiled are counted in C, and the formats of numbers."""

import itertools
import traceback


def said(function, *args):
    try:
        return function(*args)
    except Exception as error:
        steps = [(each.name, each.lineno) for each in traceback.extract_tb(error.__traceback__)[1:]]
        return [type(error).__name__, str(error), steps]


class Number:
    def __init__(self, value, log):
        self.value, self.log = value, log

    def __index__(self):
        self.log.append(self.value)
        return self.value


class Whole(int):
    def __index__(self):
        return 2

    def __format__(self, spec):
        return f"<{spec}>"


def up_to(stop):
    found = []
    for at in range(stop):
        found.append(at)
        if len(found) > 5:
            break
    else:
        found.append("whole")
    return found


def between(first, stop):
    found = []
    for at in range(first, stop):
        found.append(at)
        if len(found) > 5:
            break
    return found


def by_steps(first, stop, step):
    found = []
    for at in range(first, stop, step):
        if at == 3:
            continue
        found.append((at, type(at).__name__))
        if len(found) > 5:
            break
    return found


ODD = [0, 1, 4, -3, True, 2**30 - 1, 2**30, -(2**30), 2**31, 2**62, 2**63, -(2**64), 2.0, "4", None, Whole(4)]


def q_one_argument():
    return [said(up_to, stop) for stop in ODD]


def q_in_comprehensions():
    def made(first, stop, step):
        return [at for at in range(first, stop, step)], {at for at in range(step)}, {at: at for at in range(first, stop)}

    return [said(made, *each) for each in ((0, 7, 2), (7, 0, 3), (2**64, 2**64 + 3, 1), (True, 4, True), (0, "4", 1))]


def q_two_arguments():
    near = [0, 3, -3, True, 2**63 + 1, 2.5, None, Whole(1)]
    return [said(between, first, stop) for first, stop in itertools.product(near, [4, -2, 2**30 + 2, -(2**63), "x"])]


def q_three_arguments():
    steps = [1, 2, -1, -7, 0, 2**30 - 1, -(2**30 - 1), 2**70, -(2**70), 1.5, False, Whole(3)]
    bounds = [(0, 10), (10, 0), (5, 5), (-(2**29), 2**30 - 1), (2**30 - 1, -(2**30 - 1)), (2**64, 0), (0, -(2**64))]
    return [said(by_steps, first, stop, step) for (first, stop), step in itertools.product(bounds, steps)]


def q_who_is_asked_for_a_number():
    log = []
    found = [at for at in range(Number(1, log), Number(9, log), Number(3, log))]
    return found, log


def q_arguments_are_evaluated_in_order_and_once():
    log = []

    def noted(value):
        log.append(value)
        return value

    return [at for at in range(noted(0), noted(6), noted(4))], log


def q_too_many_arguments():
    def many(x):
        return [at for at in range(x, 2, 3, 4)]

    def none():
        return [at for at in range()]

    return said(many, 1), said(none)


def q_a_bound_that_changes_meanwhile():
    stop, found = 3, []
    for at in range(stop):
        stop = 10
        found.append((at, stop))
    return found


def q_a_counter_that_is_bound_meanwhile():
    found, stop = [], 4
    for at in range(stop):
        at = at * 10
        found.append(at)
    return found, at


def nothing(stop):
    for at in range(stop):
        pass
    return at


def q_a_loop_without_rounds():
    return said(nothing, 0), said(nothing, 3), said(nothing, -(2**40))


def paused(stop):
    for at in range(stop):
        sent = yield at
        for inner in range(at):
            yield (sent, inner)


def q_in_a_generator():
    generator = paused(3)
    found = [next(generator), generator.send("a"), *generator]
    return found, said(list, paused("x")), [*zip(paused(2), paused(3))]


def nested(stop):
    found = []
    for first in range(stop):
        for second in range(first, stop):
            try:
                if second == 2:
                    continue
                if first == 3:
                    break
                found.append((first, second))
            finally:
                for at in range(first):
                    found.append(at)
        else:
            found.append("else")
    return found


def q_within_each_other():
    return nested(5), [(x, y) for x in range(len("abc")) for y in range(x, -x, -1)]


def q_over_lines():
    def spread(x):
        return [
            at
            for at in range(
                1,
                x,
            )
        ]

    return said(spread, 3), said(spread, "x")


def q_a_range_of_another():
    def other(range, x):
        return [at for at in range(x)], sum(at for at in range(x))

    return other(lambda x: [x, x], 3)


def q_sums_of_counters():
    def sums(n):
        return [
            sum(at for at in range(n)),
            sum(at * 2 - 1 for at in range(n) if at % 3),
            sum(-at // 2 for at in range(n)),
            sum(at == 2 for at in range(n)),
            sum(not at for at in range(n)),
            sum(~at & 7 for at in range(n)),
            sum(1 for at in range(n) if at),
            sum(x * y for x in range(n) for y in range(x)),
            sum(at << 70 for at in range(n)),
            sum(at * 2**70 - 2**80 for at in range(n)),
        ]

    return [[(each, type(each).__name__) for each in sums(n)] for n in (0, 1, 2, 7, -3)]


def q_sums_of_other_things():
    def sums(values):
        return [
            said(lambda: sum(1 for x in values)),
            said(lambda: sum(len(x) for x in values)),
            said(lambda: sum(len(x) - 2**62 for x in values)),
            said(lambda: sum(x for x in values)),
            said(lambda: sum(x / 2 for x in values)),
            said(lambda: sum(x == 1 for x in values)),
            said(lambda: sum(at for at in range(2) for at in values)),
        ]

    return [sums(values) for values in ([], ["a", "bc"], [1, 2.5], [0.1] * 10, [True], 5, [None], [[1], []])]


def q_large_sums():
    def sums(n):
        return [
            sum(2**61 + at for at in range(n)),
            sum(-(2**61) - at for at in range(n)),
            sum(2**29 * (at + 1) for at in range(n)),
            sum(at * 2**62 - at for at in range(n)),
        ]

    return [sums(n) for n in (1, 2, 3, 5, 100)]


def q_sums_that_fail():
    def divided(n):
        return sum(10 // at for at in range(n))

    def of_none(x):
        return sum(1 for y in x)

    def of_a_range(x):
        return sum(at for at in range(x))

    return said(divided, 2), said(divided, 0), said(of_none, None), said(of_a_range, "a"), said(of_a_range, 2**64 - 2**64)


def q_sums_with_a_start():
    def started(n):
        return sum((at for at in range(n)), 10), sum([at for at in range(n)]), sum((at for at in range(n)), start=2.5)

    return started(4)


def q_sums_in_sums():
    def sums(n):
        return sum(sum(y for y in range(x)) for x in range(n)), sum(x for x in range(sum(1 for _ in range(n))))

    return sums(5)


def q_formats_of_numbers():
    def formats(x):
        return [
            said(lambda: f"{x:5}"),
            said(lambda: f"{x:>5}|{x:d}|{x:>12d}"),
            said(lambda: f"{x:<5}|{x:^5}|{x:05}|{x:+}|{x:5,}"),
            said(lambda: f"{x:}|{x:1}"),
            said(lambda: f"{x:x}|{x:>8x}"),
            said(lambda: f"{x!r:>5}|{x!s:>5}"),
            said(lambda: f"{x:>{5}}"),
            said(lambda: f"{x:>300}"),
        ]

    return [formats(x) for x in (0, 7, -7, 123456, -(2**29), 2**30, 2**80, True, 1.5, "ab", None, Whole(3))]


class Truth(int):
    def __bool__(self):
        raise KeyError("truth")


def q_whether_numbers_are_true():
    def asked(x):
        return [1 if x else 2, not x, x and "and", x or "or", [0 for _ in "a" if x], [0 for _ in "a" if x % 2]]

    return [said(asked, x) for x in (0, 1, -1, 2**30, -(2**80), 0.0, True, False, Truth(1))]


class Named:
    def sum(self):
        return "method"

    def len(self, x):
        return len(x), sum(1 for y in x), self.sum()

    range = staticmethod(lambda x: "static")

    def counted(self, x):
        return [at for at in range(x)], sum(at for at in range(x)), self.range(x)

    class Inner:
        global abs

        def abs(x):
            return "the module's"

        def max(self, x):
            return max(x, 1), abs(x)


def q_methods_that_are_called_as_builtins():
    named = Named()
    return named.sum(), named.len("abc"), named.counted(4), Named.Inner().max(-3), abs(-4)
