"""Tracebacks: file, line and function of each step, the chain of errors, and what a frame says of its function."""

import traceback


def a(x):
    y = 1
    return b(x)


def b(x):
    try:
        c(x)
    except ValueError as e:
        raise KeyError("k") from e


def c(x):
    for i in range(3):
        if i == x:
            raise ValueError(i)


class K:
    def m(self):
        return self.missing

    def quiet(self):
        try:
            self.m()
        except AttributeError:
            raise TypeError("again")


def shown(function):
    """Return the traceback's text, without the lines that underline columns."""
    try:
        function()
    except Exception as error:
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        text = "".join(lines).splitlines()
        return [line.partition("questions/")[2] or line for line in text if not set(line.strip()) <= set("~^")]


def frames(function):
    try:
        function()
    except Exception as error:
        found, step = [], error.__traceback__
        while step:
            code = step.tb_frame.f_code
            found.append((code.co_name, step.tb_lineno, code.co_firstlineno, step.tb_frame.f_globals is globals()))
            step = step.tb_next
        return found


def q_a_chain_of_errors():
    return shown(lambda: a(1))


def q_an_error_in_a_method():
    return shown(K().m)


def q_an_error_while_another_is_handled():
    return shown(K().quiet)


def q_an_error_of_an_operator():
    return shown(lambda: a(5) + None)


def q_frames():
    return [frames(lambda: a(1)), frames(K().m), frames(K().quiet)]


def q_frames_have_the_code_of_their_function():
    found = []
    for function in (lambda: a(1), K().m):
        try:
            function()
        except Exception as error:
            for frame, line in [*traceback.walk_tb(error.__traceback__)][2:]:
                known = {a.__code__: "a", b.__code__: "b", c.__code__: "c", K.m.__code__: "m"}
                found.append((known.get(frame.f_code), frame.f_lineno, line, frame.f_code.co_varnames))
    return found


def q_twice_the_same():
    return [shown(lambda: c(0)), shown(lambda: c(1)), frames(lambda: c(2))]


def q_context():
    try:
        K().quiet()
    except TypeError as error:
        return [repr(error.__context__), error.__cause__, error.__suppress_context__]


def q_source_of_functions():
    import inspect

    return [inspect.getsource(c), inspect.getsourcelines(K.m)[1], inspect.getsourcefile(a).rpartition("/")[2]]


class Base:
    def value(self):
        raise LookupError("x")


class Derived(Base):
    def value(self):
        return super().value()


def q_variables_of_a_frame_that_never_ran():
    def inner():
        return outer + None

    outer = 1
    found = []
    for function in (Derived().value, inner):
        try:
            function()
        except Exception as error:
            step = error.__traceback__
            while step:
                found.append((step.tb_frame.f_code.co_name, type(step.tb_frame.f_locals).__name__ in ("dict", "FrameLocalsProxy")))
                step = step.tb_next
    return found


def q_an_import_that_fails():
    import importlib

    try:
        importlib.import_module("questions.broken.raises")
    except Exception as error:
        found, step = [], error.__traceback__
        while step:
            code = step.tb_frame.f_code
            if "importlib" not in code.co_filename:
                found.append((code.co_name, code.co_filename.rpartition("questions/")[2], step.tb_lineno))
            step = step.tb_next
        return [repr(error), found]


def hidden_from_pytest(x):
    __tracebackhide__ = True
    raise ValueError(x)


def hidden_from_werkzeug(x):
    __traceback_hide__ = True
    hidden_from_pytest(x)


def hidden_from_rich(x):
    _rich_traceback_guard, _rich_traceback_omit = True, False
    hidden_from_werkzeug(x)


def q_variables_by_which_a_traceback_leaves_frames_out():
    try:
        hidden_from_rich(1)
    except ValueError as error:
        found, step = [], error.__traceback__.tb_next
        while step:
            frame = step.tb_frame
            found.append((frame.f_code.co_name, sorted(name for name in dict(frame.f_locals) if "traceback" in name)))
            step = step.tb_next
        return found
