"""Texts and how values are put into them."""

import decimal


def said(function, *args):
    try:
        return function(*args)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


class Shown:
    def __str__(self):
        return "str"

    def __repr__(self):
        return "repr"

    def __format__(self, spec):
        return f"format({spec})"


class Odd:
    def __str__(self):
        return 5

    def __format__(self, spec):
        return 5


class SubText(str):
    def __format__(self, spec):
        return f"<{spec}>"

    def __str__(self):
        return "sub"

    def __mod__(self, other):
        return f"mod {other}"

    def __add__(self, other):
        return f"add {other}"

    def join(self, parts):
        return "joined"


class SubInt(int):
    def __str__(self):
        return "seven"

    def __format__(self, spec):
        return "fmt" + spec


def in_f(x):
    return [f"{x}", f"{x!r}", f"{x!s}", f"{x!a}", f"{x:>5}", f"<{x}>", f"{x}{x}", f"a{x}b{x!r}c"]


def q_f_of_objects():
    return in_f(Shown())


def in_f_plain(x):
    return [f"{x}", f"{x!r}", f"{x!s}", f"{x!a}", f"<{x}>", f"{x}{x}"]


def q_f_of_kinds():
    return [in_f_plain(x) for x in (1, 1.5, "é", b"a", None, True, [1], ("a",), 10**30, SubInt(7), 1e22, float("nan"))]


def q_f_of_subclasses():
    return in_f(SubText("x")), in_f(SubInt(3))


def numbers_in_f(x, width):
    return [f"{x:5}|", f"{x:<5}|", f"{x:^{width}}|", f"{x:+}", f"{x:,}", f"{x:05}", f"{x:e}", f"{x:.2f}", f"{x:{width}.1f}"]


def q_numbers_in_f():
    return numbers_in_f(5, 7), numbers_in_f(-2.5, 9), numbers_in_f(True, 3)


def of_ints(x):
    return [f"{x:d}", f"{x:x}", f"{x:#o}", f"{x:b}", f"{x:c}", f"{x:n}", f"{x:_}", f"{x:>3d}", f"{x:03d}", f"{x:%}", f"{x!r:>4}"]


def q_of_ints():
    return of_ints(65), of_ints(True)


def of_lengths(x):
    return [f"{len(x)}", f"{len(x):3}|", f"{len(x):x}", f"{len(x):.1f}", f"{len(x):c}", f"{len(x)!r}", f"{len(x):<4}|", f"{len(x) == 3}", f"{not x}", f"{ord(x[0])}"]


def q_of_lengths():
    return of_lengths("abc")


def bad_spec(x):
    return f"{x:q}"


def bad_spec_of_text(x):
    return f"{x:d}"


def length_bad_spec(x):
    return f"{len(x):q}"


def length_as_text(x):
    return f"{len(x):s}"


def q_bad_specs():
    return [said(bad_spec, 1), said(bad_spec, "a"), said(bad_spec, []), said(bad_spec_of_text, "a"), said(bad_spec_of_text, 1.5), said(bad_spec, None)]


def q_bad_specs_of_lengths():
    return said(length_bad_spec, "abc"), said(length_as_text, "abc")


def q_wrong_results_of_methods():
    return said(in_f, Odd()), said(str, Odd())


def debug_f(x, y):
    return [f"{x=}", f"{x = !s}", f"{y=:.1f}", f"{x + 'b'=}", f"{{}}", f"{{{x}}}", f"{'nested'}{f'{x}'}"]


def q_debug_f():
    return debug_f("a", 2.0)


def percent(x):
    return ["%s" % x, "%r" % (x,), "%a" % (x,), "<%s>" % (x,), "%s%s" % (x, x), "%5s|%-5s|" % (x, x), "%.2s" % (x,), "%%%s" % (x,)]


def q_percent():
    return [percent(x) for x in (1, "é", None, 2.5, Shown(), SubInt(7), SubText("x"), [1])]


def percent_of_tuple(x):
    return "%s" % x


def q_percent_of_tuples():
    return [said(percent_of_tuple, x) for x in ((1,), (), (1, 2), {"a": 1}, [1, 2])]


def percent_numbers(x):
    return ["%d" % x, "%i" % (x,), "%5d|" % (x,), "%-5d|" % (x,), "%05d" % (x,), "%+d" % (x,), "%x" % int(x), "%X" % int(x), "%o" % int(x), "%e" % x, "%g" % x, "%.3f" % x, "%5.1f|" % (x,), "%c" % int(x), "%*d" % (4, x)]


def q_percent_numbers():
    return percent_numbers(65), percent_numbers(65.7), percent_numbers(True)


def percent_wrong(fmt, x):
    return fmt % x


def q_percent_wrong():
    pairs = [("%d", "a"), ("%s %s", 1), ("%q", 1), ("%", 1), ("%(a)s", 1), ("%(a)s", {}), ("%x", 1.5), ("%c", "ab"), ("a", 1), ("%s", ()), ("%d", None), ("%(a)s %(b)d", {"a": 1, "b": 2}), ("%*d", ("a", 1))]
    return [said(percent_wrong, fmt, x) for fmt, x in pairs]


def percent_literal_d(x):
    return "%d items" % x


def percent_literal_x(x):
    return "%x" % x


def percent_two(x, y):
    return "%s and %s" % (x, y, x)


def percent_few(x):
    return "%s and %s" % (x,)


def percent_names(**names):
    return "%(a)s-%(b)r" % names


def q_percent_literals_wrong():
    return [said(percent_literal_d, "a"), said(percent_literal_d, 1.9), said(percent_literal_x, 1.5), said(percent_two, 1, 2), said(percent_few, 1), percent_names(a=1, b="x"), said(percent_names)]


def percent_d_of(x):
    return ["%d" % (x,), "%3d" % (x,), "<%d>" % x]


class WithIndex:
    def __index__(self):
        return 42

    def __int__(self):
        return 43

    def __float__(self):
        return 4.5


def q_percent_d_of_index():
    return said(percent_d_of, WithIndex()), said(percent_d_of, decimal.Decimal("7.9")), said(percent_d_of, 10**30), said(percent_d_of, 2**63)


def formats(x):
    return ["{}".format(x), "{0!r:>8}|{0}".format(x), "{x.real}".format(x=x), "{:<{}}|".format(x, 6), format(x), format(x, ">4")]


def q_formats():
    return formats(5), formats(1.5)


def format_wrong(text, *args, **named):
    return text.format(*args, **named)


def q_format_wrong():
    return [said(format_wrong, *each) for each in (("{} {}", 1), ("{a}",), ("{", 1), ("{0.x}", 1), ("{!q}", 1), ("{:d}", "a"), ("{[0]}", 5), ("{} {0}", 1))]


def joins(x):
    return [",".join(x), "".join(map(str, x)), "-".join([str(y) for y in x]), "".join(y for y in "ab")]


def q_joins():
    return joins(["a", "b"]), said(joins, [1]), said(joins, "xyz"), said(joins, 5)


def join_wrong(x):
    return "".join(["a", x])


def q_join_wrong():
    return said(join_wrong, 1), said(join_wrong, b"a"), said(join_wrong, None)


def methods(x):
    return [x.upper(), x.title(), x.strip(), x.split(), x.split("a", 1), x.partition("b"), x.startswith(("a", " a")), x.endswith("c"), x.replace("a", "b", 1), x.find("z"), x.count("a"), x.center(9, "*"), x.encode(), x.isalpha(), x.zfill(8), x.splitlines(), x.translate({97: "X"})]


def q_methods():
    return methods(" abc "), methods("aba\ncdc")


def methods_wrong(x):
    out = []
    for each in (x.upper,):
        out.append(said(each, 1))
    return out


def split_by(x, by):
    return x.split(by)


def starts(x, what):
    return x.startswith(what)


def encode(x, how):
    return x.encode(how)


def index_in(x, what):
    return x.index(what)


def q_methods_wrong():
    return [methods_wrong("a"), said(split_by, "a", ""), said(split_by, "a", 1), said(starts, "a", 1), said(starts, "a", [1]), said(encode, "é", "ascii"), said(encode, "é", "nope"), said(index_in, "a", "z"), said(index_in, [1], 2), said(index_in, (1,), 2)]


def methods_of_others(x):
    return x.join(["a"]), x % 5, x + "z"


def q_overridden():
    return methods_of_others(SubText("s"))


def literal_with_sub(x):
    return "a" + x, "%s" % x, "a" in x, "a" == x, x == "a"


def q_literal_with_sub():
    return literal_with_sub(SubText("a"))


def bytes_of(x):
    return [x[0], x[:1], x + b"c", b"%s-%d" % (x, 5), x.decode(), x.hex(), bytes(3), bytes([1, 2]), b"a" in x, 97 in x, bytearray(x), memoryview(x)[0], list(x), b"".join([x, x])]


def q_bytes():
    return bytes_of(b"ab")


def bytes_wrong(x):
    return x + "a"


def bytes_format_wrong(x):
    return b"%d" % x


def bytes_contains(x):
    return x in b"abc"


def q_bytes_wrong():
    return [said(bytes_wrong, b"a"), said(bytes_format_wrong, "a"), said(bytes_contains, "a"), said(bytes_contains, 300), said(bytes, "a"), said(bytes, [300]), said(bytes, -1)]


def in_place(x):
    y = x
    x += "b"
    x *= 2
    x %= ()
    return x, y


def q_in_place():
    return in_place("a")


def iterated(x):
    found = []
    for letter in x:
        found.append((letter, ord(letter)))
    return found


def q_iterated():
    return iterated("aé\U0001f600"), iterated("")


def ord_wrong(x):
    return ord(x)


def chr_wrong(x):
    return chr(x)


def q_ord_wrong():
    return [said(ord_wrong, "ab"), said(ord_wrong, ""), said(ord_wrong, 5), said(ord_wrong, b"a"), said(ord_wrong, b"ab"), said(chr_wrong, -1), said(chr_wrong, 2**31), said(chr_wrong, 2**70), said(chr_wrong, 1.5), said(chr_wrong, 0x110000)]


def lone_surrogate():
    x = "\ud800"
    return len(x), repr(x), x.encode("utf-8", "surrogatepass"), f"{x!a}"


def q_lone_surrogate():
    return lone_surrogate()


def conversions(x):
    return [str(x), repr(x), ascii(x), f"{x}"]


def q_conversions():
    return [conversions(x) for x in ("é", 1, None, b"\xff", 1.0, Shown())], str(b"a", "ascii"), str(), str(object=5)


def str_of(*args, **named):
    return str(*args, **named)


def int_of(*args, **named):
    return int(*args, **named)


def float_of(*args):
    return float(*args)


def q_conversions_wrong():
    return [said(str_of, b"\xff", "ascii"), said(str_of, 1, "ascii"), said(int_of, "a"), said(int_of, "1", 1), said(int_of, None), said(int_of, 1.5, 2), said(float_of, "a"), said(float_of, None), said(float_of, "1_0"), said(int_of, "12", 3), said(int_of, float("nan")), said(int_of, float("inf"))]


def repeated(x, n):
    return x * n, n * x


def q_repeated():
    return repeated("ab", 2), repeated("ab", 0), said(repeated, "a", 1.5), repeated([1], True), said(repeated, "a", 2**62)
