"""Methods that are called as builtins are which ask for the names of a function, and those builtins as attributes."""

import builtins


class Session:
    """Has methods of such names, as sessions of databases and evaluators have."""

    def __init__(self):
        self.log = []

    def exec(self, statement, *more, **named):
        self.log.append((statement, more, sorted(named)))
        return [statement, *more]

    def eval(self, text="none"):
        return f"evaluated {text}"

    def locals(self):
        return "of a place"

    def vars(self):
        return "variables"

    def dir(self):
        return "directory"


class Holder:
    """Was given the builtins."""

    exec = exec
    run = eval
    eval = staticmethod(eval)
    locals = staticmethod(locals)
    vars = vars
    dir = dir


GLOBAL = "of the module"


def said(function, *given):
    try:
        return function(*given)
    except Exception as error:
        return type(error).__name__, str(error)


def select(what, limit=3):
    return f"select {what} {limit}"


def of_a_session(session, name, *more, order=None):
    found = session.exec(select(name), *more, order=order)
    for each in session.exec(select(name, limit=1)):
        found.append(each)
    found += [each.upper() for each in session.exec(select("names"))]
    return found, session.eval(name), session.eval(text=name), session.locals(), session.vars(), session.dir()


def of_the_builtins(where, x, *rest, y=2, **named):
    kept = x + y
    found = [where.eval("x + y + kept + len(rest)"), where.eval("GLOBAL"), where.eval("sorted(named)")]
    found.append(sorted(where.locals()))
    found.append((sorted(where.vars()), sorted(where.dir())))
    where.exec("found.append(kept * 10)")
    where.exec("kept = 100")
    return found, kept


def with_cells(where, x):
    count = 1

    def step():
        nonlocal count
        count += 1
        return where.eval("count + x") if x else None

    step()
    step.__name__ = "renamed"
    return step(), where.eval("count, x, step.__name__"), sorted(where.locals())


def unbound(where, x):
    if x:
        late = 1
    names = sorted(where.locals())
    del x
    return names, sorted(where.locals()), said(where.eval, "1 + 1")


def unbound_here(where):
    try:
        return where.eval("later")
    except NameError as error:
        found = str(error)
    later = 1
    return found, where.eval("later"), later


def persistent(where):
    where.exec("made = 5")
    first = where.locals()
    x = 1
    second = where.locals()
    return "made" in second, sorted(first), sorted(second), first is second, x


def loops(where):
    total = 0
    for at in range(4):
        total += where.eval("at * 2 + total")
    for _ in range(3):
        total += 1
    while total < 60:
        total = where.eval("total + 7")
    return total, sorted(where.locals())


def given_globals(where):
    x, names = 1, {"x": 5}
    where.exec("y = x + 1", names)
    return names["y"], where.eval("x", {"x": 7}), where.eval("x + z", {"x": 8}, {"z": 9}), said(where.eval, "x", {}), x


def deep(where, text):
    x = "outer"
    return where.eval(text)


def q_a_session():
    session = Session()
    return of_a_session(session, "hero", 1, 2, order="name"), session.log


def q_the_module():
    return of_the_builtins(builtins, 1, 3, 4, y=5, z=6)


def q_a_class_that_was_given_them():
    return said(of_the_builtins, Holder, 1, 3, 4), of_the_builtins(Holder, 1, y=5, z=6), said(Holder().eval, "1 + 1")


def q_cells():
    return with_cells(builtins, 5), said(with_cells, builtins, 0)


def q_names_without_a_value():
    return unbound(builtins, 1), unbound(builtins, 0), unbound_here(builtins)


def q_what_stays_of_a_call():
    return persistent(builtins)


def q_loops():
    return loops(builtins)


def q_names_that_are_given():
    return given_globals(builtins)


def q_errors():
    found = [said(deep, builtins, "1 +"), said(deep, builtins, "nothing"), said(deep, builtins, "1 / 0")]
    return found, said(deep, Session(), "text"), said(deep, None, "text"), said(deep, object(), "text")


def q_the_step_that_is_seen():
    import traceback

    try:
        deep(builtins, "1 / 0")
    except ZeroDivisionError as error:
        steps = traceback.extract_tb(error.__traceback__)
        return [(step.name, step.lineno if step.name != "<module>" else 0) for step in steps]


def q_a_frame_that_asks_itself():
    return deep(builtins, "__import__('sys')._getframe().f_back.f_code.co_name, [deep(__import__('builtins'), 'x'), x]")


def q_nothing_is_held():
    import gc
    import weakref

    class Value:
        pass

    def holds(where):
        value = Value()
        kept = weakref.ref(value)
        where.eval("value")
        value = None
        where.eval("value")
        return kept

    kept = holds(builtins)
    gc.collect()
    return kept() is None


def q_in_a_comprehension():
    x = 3
    return [builtins.eval("x + at", {"x": x, "at": at}) for at in range(3)], [each for each in builtins.eval("[x, x]")]


def q_in_a_generator():
    def values(where):
        x = 1
        while x < 4:
            yield where.eval("x * 10")
            x += 1

    return list(values(builtins)), list(values(Session()))


def q_names_that_another_replaced(monkey=Session()):
    before = builtins.eval
    x = 4
    try:
        builtins.eval = monkey.eval
        replaced = builtins.eval("x")
    finally:
        builtins.eval = before
    return replaced, builtins.eval("x")


def q_methods_by_lambda():
    session = Session()
    run = lambda text: session.exec(text)  # noqa: E731
    ask = lambda text, x=3: builtins.eval(text)  # noqa: E731
    return run("select"), ask("x + len(text)")
