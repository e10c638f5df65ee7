"""Numbers: what C would wrap around, round, or turn into another kind."""


def numbers_of(x):
    return [1 if x else 0.5, x and 1 or 0.5, 1 if x else 2.5, min(len(x), 0.5), max(1, 2.5), 10 ** -len(x), -len(x)]


def lengths(x):
    return [len(x) - 1, len(x) - 1 - 2, (len(x) - 1) ** 70, (len(x) - 1) << 70, len(x) / 2, len(x) // 2, len(x) * 10**30]


def truths(x):
    return [(not x) << 40, (x == 1) + (x == 2), isinstance(x, str) << 70, True + True, -True, ~5, +True]


def q_kinds_of_branches():
    return numbers_of("ab")


def q_lengths():
    return lengths("abc")


def q_truths_are_numbers():
    return truths("q")


def q_hash():
    return [abs(hash(-1)), hash(1 << 60) * 8, -hash(1 << 60)]


def q_ord():
    return [ord("a") << 60, ord("\xff") << 56, chr(97)]


def q_powers():
    return [2**70, 2**-1, (-2) ** 0.5, 0**0, float(3) ** 0.5, float(-8) ** (1 / 3), pow(2, -1), pow(2, 70), pow(3, 4, 5)]


def q_divisions():
    return [1 / 3, 7 // -2, -7 % 3, 5 % -3, divmod(-7, 2), divmod(7.5, -2)]


def q_conversions():
    return [int("7"), int(7.9), bool([]), float("inf"), abs(-0.0), abs(True), round(2.5), round(2.567, 2), complex("1+2j")]


def q_shifts():
    return [1 << 70, (1 << len(range(70))) - 1, -1 >> 3, 5 >> 100]


def q_running_values():
    n = len("abc")
    n += 0.5
    m = 5
    m /= 2
    k = 1
    k <<= 70
    s = 0
    for i in range(3):
        s += i / 2
    return [n, m, k, s, i]


def q_comparisons():
    x = "ab"
    return [len(x) == 1.0, 1 < len(x) < 3, len(x) in (1, 2), float("nan") in [1], 1 < 2 < 3 > 2]


def q_not_equal_to_itself():
    nothing = float("nan")
    return [nothing in [nothing], nothing in (1, nothing), nothing not in [nothing], [nothing] == [nothing]]


def q_float_overflow():
    ten = 10.0
    return ten**400




def q_in_place():
    found = []
    for value in (5, 2.5, "a", [1], (1,)):
        value *= 2
        found.append(value)
    return found


def q_mean():
    total = 0
    count = len([1, 2, 3])
    for each in (1, 2, 6):
        total += each
    count = total / count
    return [count, [1, 2, 3][int(count) - 1]]
