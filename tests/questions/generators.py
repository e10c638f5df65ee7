"""Generators: what they give, what they are, and how they end."""

import inspect, types, contextlib, sys, traceback


def count(n, k=1):
    """Doc."""
    for i in range(n):
        got = yield i * k
        if got is not None:
            yield ("got", got)
    return "end"


def outer(n):
    r = yield from count(n)
    yield r
    try:
        yield from [1, 2]
    finally:
        yield "fin"


class C:
    def __init__(self):
        self.log = []

    def walk(self, depth):
        yield depth
        if depth:
            yield from self.walk(depth - 1)

    def closing(self):
        try:
            while True:
                try:
                    yield 1
                except ValueError as e:
                    yield ("caught", str(e), sys.exc_info()[0].__name__)
        finally:
            self.log.append("closed")

    def __iter__(self):
        yield from (1, 2)

    @contextlib.contextmanager
    def managed(self, fail=False):
        self.log.append("in")
        try:
            yield self
        except KeyError:
            self.log.append("key")
        finally:
            self.log.append("out")


def closure(k):
    total = 0

    def g(x):
        nonlocal total
        for j in x:
            total += j * k
            yield total

    return g


def stop():
    yield 1
    raise StopIteration(2)


def recur():
    yield from recur()


def boom():
    yield 1
    x = 1 / 0


def state(g):
    return (
        inspect.getgeneratorstate(g),
        inspect.isgenerator(g),
        isinstance(g, types.GeneratorType),
        g.gi_running,
        g.gi_code.co_name,
        g.__name__,
        g.__qualname__,
        repr(g).split(" at ")[0],
        g.gi_yieldfrom,
        g.gi_frame is None,
        type(g).__name__,
        hasattr(g, "gi_suspended"),
    )


def deep():
    for x in recur2(3000):
        pass


def recur2(n):
    if n:
        yield from recur2(n - 1)
    else:
        yield n


def emp():
    return
    yield


def lam():
    f = lambda x: (yield x)
    return list(f(3))


def q_plain():
    return list(count(3)), list(outer(3)), inspect.isgeneratorfunction(count)


def q_state():
    a = count(3)
    told = [state(a)]
    next(a)
    told += [state(a), a.send("x"), a.send(None)]
    return told, list(a), state(a)


def q_walk():
    return list(C().walk(4)), list(C())


def q_throw_and_close():
    c = C()
    w = c.closing()
    next(w)
    told = [w.throw(ValueError("v")), next(w), w.close(), c.log]
    w = c.closing()
    next(w)
    del w
    return told, c.log


def q_managers():
    c = C()
    with c.managed():
        pass
    with c.managed():
        raise KeyError(1)
    try:
        with c.managed():
            raise OSError(2)
    except OSError as e:
        frames = traceback.extract_tb(e.__traceback__)
        return c.log, [frame.name for frame in frames], [frame.lineno for frame in frames]


def q_shared_total():
    k = closure(2)
    return list(k([1, 2])), list(k([3]))


def how(f):
    try:
        for _ in f() or ():
            pass
    except BaseException as e:
        frames = traceback.extract_tb(e.__traceback__)
        return type(e).__name__, str(e)[:30], repr(e.__cause__), [frame.lineno for frame in frames][:5]


def q_stop_inside():
    return how(stop)


def q_without_end():
    return how(recur)[:2]


def q_error_inside():
    return how(boom)


def q_too_deep():
    return how(deep)[:2]


def q_empty():
    return list(emp()), lam()


def q_send_too_early():
    return count(2).send(1)


def q_throw_too_early():
    b = count(2)
    try:
        b.throw(KeyError("q"))
    except KeyError as e:
        return repr(e), state(b), list(b), [x.lineno for x in traceback.extract_tb(e.__traceback__)][1:]


def bad(what):
    b = count(2)
    next(b)
    try:
        b.throw(what)
    except BaseException as e:
        return type(e).__name__, str(e)


def q_throw_what_is_no_error():
    return bad(1), bad("x"), bad(object), bad(None), bad(OSError)


def q_wrong_arguments():
    return count()


def q_runs_already():
    def rerun():
        yield next(it)

    it = rerun()
    return next(it)


def q_ignores_close():
    def ignore():
        try:
            yield
        except GeneratorExit:
            yield 3

    x = ignore()
    next(x)
    x.close()


def q_value_of_close():
    def value():
        try:
            yield
        except GeneratorExit:
            return 3

    x = value()
    next(x)
    return x.close()


def handling():
    try:
        1 / 0
    except ZeroDivisionError:
        yield sys.exc_info()[0].__name__
        try:
            raise KeyError
        except KeyError as e:
            yield repr(e.__context__)


def q_errors_being_handled():
    told = [*handling()]
    try:
        raise OSError
    except OSError:
        z = handling()
        told += [next(z), sys.exc_info()[0].__name__, next(z)]
    return told, sys.exc_info()


def q_delegates_to_what_is_no_generator():
    class Some:
        def __init__(self):
            self.log = []

        def __iter__(self):
            return self

        def __next__(self):
            self.log.append("next")
            return 1

        def send(self, value):
            self.log.append(value)
            return 2

        def throw(self, *error):
            self.log.append(error)
            return 3

        def close(self):
            self.log.append("close")

    def delegate():
        yield from some

    some = Some()
    it = delegate()
    told = [next(it), it.send("s"), it.throw(KeyError), it.gi_yieldfrom is some]
    it.close()
    return told, [str(each) for each in some.log]


def q_delegates_to_what_cannot_be_iterated():
    def delegate():
        yield from 5

    return list(delegate())


def q_result_of_a_delegate():
    def inner():
        yield 1
        return (1, 2)

    def delegate():
        x = yield from inner()
        return x

    it = delegate()
    next(it)
    try:
        next(it)
    except StopIteration as e:
        return e.value, e.args


def q_result_that_is_an_error():
    def value():
        return KeyError(1)
        yield

    try:
        next(value())
    except StopIteration as e:
        return repr(e.value)


def q_attributes():
    g = count(1)
    g.__name__ = "other"
    told = g.__name__, count.__name__, repr(g).split(" at ")[0]
    try:
        g.foreign = 1
    except AttributeError as e:
        return told, str(e)


def q_called_wrongly():
    g = count(1)
    told = []
    for wrong in (lambda: g(), lambda: g[0], lambda: len(g), lambda: g + 1, lambda: g.send(), lambda: g.throw()):
        try:
            wrong()
        except TypeError as e:
            told.append(str(e))
    return told


def q_copied():
    import copy
    import pickle

    told = []
    for wrong in (lambda: copy.copy(count(1)), lambda: pickle.dumps(count(1))):
        try:
            wrong()
        except TypeError as e:
            told.append(str(e))
    return told


def q_kept_weakly():
    import weakref

    g = count(1)
    return weakref.ref(g)() is g


def q_swaps_while_it_loops():
    def merge(a, b):
        a, b = iter(a), iter(b)
        while True:
            try:
                yield next(a)
                yield next(b)
            except StopIteration:
                return

    return list(merge([1, 2, 3], "abc"))


def q_names_without_a_value():
    def g():
        yield 1
        yield later
        later = 1

    return list(g())


def q_yields_in_every_place(x=3):
    def g():
        a = [(yield 1), (yield 2)]
        b = f"{(yield a)}"
        c = {"k": (yield b), **{}}
        d = max((yield c), (yield 0))
        (yield d) or (yield 4)
        with (yield 5) as e:
            yield e
        while (yield 6):
            yield 7
        assert (yield 8), (yield 9)

    it = g()
    told = [next(it)]
    for value in (1, 2, "x", "y", 5, 6, None, contextlib.nullcontext(7), 1, 0, 0, 0, "no"):
        try:
            told.append(it.send(value))
        except (AssertionError, StopIteration) as e:
            told.append(repr(e))
            break
    return told


def q_kinds():
    from collections import abc

    g = count(1)
    return isinstance(g, abc.Generator), isinstance(g, abc.Iterator), callable(g), g.__class__, iter(g) is g, bool(g)


def q_begins_after_a_wrong_send():
    g = count(2)
    try:
        g.send(1)
    except TypeError as e:
        return str(e), list(g), state(g)


def q_thrown_while_another_is_handled():
    def g():
        try:
            raise KeyError("a")
        except KeyError:
            yield

    def delegate():
        yield from g()

    told = []
    for make in (g, delegate):
        it = make()
        next(it)
        try:
            it.throw(ValueError("b"))
        except ValueError as e:
            told.append((repr(e), repr(e.__context__), e.__traceback__ is not None))
    return told


def q_delegate_while_it_runs():
    def inner():
        seen.append(it.gi_yieldfrom)
        yield 1
        seen.append(it.gi_yieldfrom)

    def delegate():
        yield from inner()

    seen = []
    it = delegate()
    next(it)
    seen.append(it.gi_yieldfrom is not None)
    list(it)
    return seen, it.gi_yieldfrom


def q_delegates_to_a_coroutine():
    async def coroutine():
        pass

    def delegate():
        yield from c

    c = coroutine()
    try:
        list(delegate())
    except TypeError as e:
        return str(e)
    finally:
        c.close()
