"""Small programs at which C, or Cython, did something else."""


class CM:
    def __enter__(self):
        return self

    def __exit__(self, *a):
        self.seen = a
        return True


def a1(b):
    try:
        1 / 0
    except Exception as x:
        del x
        b.nope


def a1b(b):
    def see():
        return x

    try:
        1 / 0
    except Exception as x:
        del x
        b.nope


def a2():
    c = CM()
    with c:
        raise
    return str(c.seen[1])


class Meta(type):
    def __instancecheck__(c, o):
        raise OSError("ic")


class K(metaclass=Meta):
    pass


def b1(a, V=3.5):
    return isinstance(V, (list, str, a))


def b1g(V=2.5):
    if isinstance(V, (int, K)):
        return 1
    return 2


def b2():
    c
    c = 1
    return "no error"


def b2n():
    def g():
        return c

    c
    c = 1
    return "no error"


def b2f():
    def g():
        c

    g()
    c = 1


def b3():
    return "abc".startswith("a", "b")


def b3e(a=1):
    return "abc".endswith("c", a, "x")


def b4():
    return iter(2, 5)


log = []


def t(x):
    log.append(x)
    return x


def b5():
    c[t(0)] += t(1)
    c = 1


def b6b():
    return "a".nope(t(1))


def b7():
    try:
        1 / 0
    finally:
        yield 1
        b7.nope


def c1(a=1):
    try:
        1 / 0
    finally:
        a.nope


def c2():
    for x in (1, 2):
        raise


def d1():
    def n():
        return z

    n()
    z = 1


def d3a():
    return "a".split(5)


def d3b():
    return "a".endswith(5)


def d3c():
    return "abc".endswith(("x", 5))


def d3d():
    return "abc".startswith(5)


def e():
    c = [2, 3]
    a, b = [1, *c][:2]
    told = [a, b]
    a, *b = [1, *c]
    told += [a, b]
    a, b = (*c,)[0:1] * 2
    told += [a, b]
    for wrong in (e1, e2, e3, e4, e5, e6, e7, e8, e9):
        try:
            told.append(wrong(c))
        except Exception as x:
            told.append((type(x).__name__, str(x)))
    return told


def e1(c):
    a, b, *d = [*c]
    return a, b, d


def e2(c):
    a, (b, d) = 1, [*c]
    return a, b, d


def e3(c):
    a, b = c = []


def e4(c):
    a, b = "xyz"


def e5(c):
    return "".startswith()


def e6(c):
    return "".join()


def e7(c):
    return iter(e=1)


def e8(c):
    return len(x=1)


def e9(c):
    return dir(1, 2), vars(1, 2), b"a".decode("zz")


def issub(x):
    return (
        isinstance(x, (int, str)),
        isinstance(x, (K2, K3)),
        isinstance(x, (int, K2)),
        isinstance(x, int),
        issubclass(type(x), (K2, int)),
    )


class K2:
    pass


class K3:
    pass


def fin(x):
    import sys

    try:
        try:
            raise KeyError(x)
        finally:
            seen = sys.exc_info()[1].__traceback__ is not None
    except KeyError as e:
        import traceback

        return seen, [f.lineno for f in traceback.extract_tb(e.__traceback__)]


def fin2():
    def n():
        raise

    try:
        1 / 0
    except ZeroDivisionError:
        try:
            n()
        except ZeroDivisionError as e:
            import traceback

            return [(f.name, f.lineno) for f in traceback.extract_tb(e.__traceback__)]


def fin3():
    for i in range(3):
        try:
            if i:
                return i
        finally:
            try:
                1 / 0
            except ZeroDivisionError:
                pass


def show(e):
    import traceback

    if e is None:
        return None
    frames = [(f.name, f.lineno) for f in traceback.extract_tb(e.__traceback__)][1:]
    return type(e).__name__, str(e), frames, show(e.__context__), getattr(e, "name", None)


def told(f, *args):
    log.clear()
    try:
        r = f(*args)
        return r if isinstance(r, (str, int)) else list(r), list(log)
    except Exception as e:
        return show(e), list(log)


def q_an_error_behind_the_deletion_of_an_error():
    return told(a1, 1)


def q_the_same_of_a_shared_name():
    return told(a1b, 1)


def q_raise_of_nothing_in_a_with():
    return told(a2)


def q_a_check_of_classes_that_raises():
    return told(b1, 1)


def q_a_check_by_a_metaclass_that_raises():
    return told(b1g)


def q_a_name_alone_without_a_value():
    return told(b2)


def q_a_shared_name_alone_without_a_value():
    return told(b2n)


def q_a_free_name_alone_without_a_value():
    return told(b2f)


def q_startswith_of_no_index():
    return told(b3)


def q_endswith_of_no_index():
    return told(b3e)


def q_iter_of_what_cannot_be_called():
    return told(b4)


def q_the_order_of_an_augmented_subscript():
    return told(b5)


def q_a_method_that_a_text_has_not():
    return told(b6b)


def q_yield_in_finally():
    return told(b7)


def q_an_error_that_passes_finally():
    return told(c1)


def q_raise_of_nothing():
    return told(c2)


def q_the_name_of_a_free_name():
    return told(d1)


def q_split_at_a_number():
    return told(d3a)


def q_endswith_a_number():
    return told(d3b)


def q_endswith_one_of():
    return told(d3c)


def q_startswith_a_number():
    return told(d3d)


def q_unpacking_of_displays():
    return e()


def q_checks_of_classes():
    return issub(K2()), issub(3), issub("s")


def q_what_finally_sees():
    return fin(1), fin2(), fin3()


def goes_on_from_a_handler_in_a_handler(xs):
    seen = []
    for x in xs:
        try:
            raise KeyError(x)
        except KeyError as error:
            seen.append(repr(error))
            try:
                if x:
                    raise ValueError(x)
            except ValueError as error:
                seen.append(repr(error))
                continue
        break
    return seen


def reads_what_a_handler_let_go_of(xs):
    error = 1
    for x in xs:
        try:
            raise KeyError(x)
        except KeyError as error:
            try:
                raise ValueError(x)
            except ValueError as other:
                if x:
                    continue
        break
    return error


def returns_from_a_third_handler(x):
    try:
        raise KeyError(x)
    except KeyError as error:
        try:
            if x:
                raise ValueError(x)
        except ValueError as error:
            try:
                raise TypeError
            except TypeError as error:
                return repr(error)
        error = 1


def q_jumps_out_of_handlers_in_handlers():
    found = [goes_on_from_a_handler_in_a_handler([1, 0]), goes_on_from_a_handler_in_a_handler([1, 2])]
    for xs in ([1, 2], [], [0]):
        try:
            found.append(reads_what_a_handler_let_go_of(xs))
        except NameError as error:
            found.append(type(error).__name__)
    return [*found, returns_from_a_third_handler(0), returns_from_a_third_handler(1)]
