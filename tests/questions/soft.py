"""Names that are words of the language for a newer Python, for Cython, or for Python 2."""


def match(*given):
    return "match", given


def case(*given):
    return "case", given


def type(*given):
    return "type", given


def lazy(*given):
    return "lazy", given


def print(*given, **named):
    return "print", given, sorted(named)


def q_called():
    match(1)
    type(2)
    case(3)
    lazy(4)
    print(5, end=6)
    return match(1), type(2), case(3), lazy(4), print(5, end=6)


def q_called_with_blanks():
    # fmt: off
    found = [match (1), type (2), case (3), lazy (4), print (5)]
    match (1, 2)
    type (1, 2)
    case (1, 2)
    lazy (1, 2)
    # fmt: on
    return found


def q_bound():
    match = [1, 2]
    match[0] = 3
    match[1] += 1
    match += [7]
    type = {"x": match}
    type["x"] = type["x"] * 2
    case: int = 4
    case -= 1
    lazy = case
    lazy *= 2
    print = lazy - case
    return match, type, case, lazy, print


def q_unpacked():
    match, type = 1, 2
    (case, *lazy), print = (3, 4, 5), 6
    match, type = type, match
    return match, type, case, lazy, print


def q_attributes_and_arguments():
    class Holder:
        match = type = case = lazy = print = nogil = cdef = cimport = ctypedef = include = 1

        def type(self, match, *, case=2, lazy=3, **print):
            return match, case, lazy, print

    held = Holder()
    held.match = held.print + held.nogil
    held.cdef += held.cimport + held.ctypedef + held.include
    return held.match, held.cdef, held.type(1, case=4, lazy=5, print=6, nogil=7), held.type(match=1)


def q_words_of_cython():
    cdef, cpdef, cimport, ctypedef, include, nogil, gil, extern, by, public, api, inline, new, sizeof = range(14)
    DEF = IF = ELIF = ELSE = cdef + cpdef
    readonly = struct = union = enum = fused = DEF + IF
    cdef = cimport + 1
    include(1) if callable(include) else None
    return [cdef, cpdef, cimport, ctypedef, include, nogil, gil, extern, by, public, api, inline, new, sizeof], [
        DEF, IF, ELIF, ELSE, readonly, struct, union, enum, fused,
    ]  # fmt: skip


def q_words_of_c():
    auto = register = volatile = static = const = unsigned = signed = typedef = goto = switch = default = 1
    int_ = char = short = long = double = void = NULL = errno = main = true = false = bool_ = restrict = auto
    long += register + double
    return [auto, register, volatile, static, const, unsigned, signed, typedef, goto, switch, default], [
        int_, char, short, long, double, void, NULL, errno, main, true, false, bool_, restrict,
    ]  # fmt: skip


def q_lambdas_and_loops():
    found = [(lambda match, type=2: match + type)(1), [match for match in range(3)], {type: case for type, case in [(1, 2)]}]
    for match in range(2):
        for type in range(2):
            found.append(match - type)
    with open(__file__, "rb") as print:
        found.append(print.closed)
    try:
        raise KeyError(1)
    except KeyError as case:
        found.append(case.args)
    return found


def q_unbound():
    try:
        return match
    except UnboundLocalError as error:
        return str(error)
    match = 1


def q_global_names():
    global print
    before = print
    print = match
    after = print(1)
    print = before
    return after, print(2)
