"""Who called: what logging, warnings, tracebacks and frames say of functions that call them."""

import io
import logging
import sys
import traceback
import warnings

STREAM = io.StringIO()
logger = logging.getLogger(__name__)
handler = logging.StreamHandler(STREAM)
handler.setFormatter(logging.Formatter("%(module)s %(filename)s %(funcName)s %(lineno)d %(levelname)s %(message)s"))
logger.addHandler(handler)
logger.setLevel(logging.DEBUG)
logger.propagate = False


def taken():
    text = STREAM.getvalue()
    STREAM.seek(0)
    STREAM.truncate()
    return text.splitlines()


def logs(x):
    logger.info("of %s", x)
    return taken()


def logs_deeper(x):
    return logs(x)


class Logs:
    def method(self):
        logger.warning("method")
        return taken()


def logs_error():
    try:
        raise ValueError("v")
    except ValueError:
        logger.exception("caught")
    return [line.partition("questions/")[2] or line for line in taken() if not set(line.strip()) <= set("~^")]


def logs_stack():
    logger.info("stack", stack_info=True)
    return [line.partition("questions/")[2] for line in taken() if "questions/" in line][-1:]


def logs_lazily():
    logger.debug("%d items", "wrong")
    return "logged"


def warns():
    warnings.warn("old", DeprecationWarning)


class Warns:
    def method(self):
        warnings.warn("in method", stacklevel=1)


def caught(function):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        function()
    return [(str(each.message), each.category.__name__, each.filename.rpartition("/")[2], each.lineno) for each in seen]


def frame_name():
    return sys._getframe().f_code.co_name


def frame_line():
    return sys._getframe().f_lineno


def stack_names():
    return [each.name for each in traceback.extract_stack()][-1:]


def fails(x):
    return 1 / x


def fails_deeper(x):
    y = fails(
        x,
    )
    return y


def fails_in_expression(x, y):
    return (
        x
        + y.missing
        + x
    )


def fails_in_call(x):
    return len(
        x,
    )


def fails_in_loop(xs):
    for x in xs:
        if x:
            fails(0)


def fails_in_with():
    with open("/nonexistent/file") as file:
        return file


def fails_in_display(x):
    return {
        "a": 1,
        "b": x.b,
    }


def fails_in_condition(x):
    if (
        x
        and x.y
    ):
        return 1


def fails_in_assignment(x):
    x.a = \
        5


def fails_in_unpacking(x):
    a, \
        b = x
    return a


def fails_in_raise():
    raise ValueError(
        "a"
        "b"
    )


def fails_in_return(x):
    return x[
        5
    ]


def fails_in_subscript(x):
    return x["a"][
        "b"
    ]["c"]


def fails_in_comparison(x):
    return (
        1
        < x
    )


def fails_in_chain(x):
    return (
        x
        .strip()
        .missing()
        .strip()
    )


def fails_in_default_call(x):
    return fails_deeper(
        fails(
            x
        )
    )


def fails_in_augmented(x):
    x += \
        "a"


def fails_in_while(x):
    while x.missing:
        pass


def fails_in_del(x):
    del x[
        0]


def fails_in_formatted(x):
    return (
        f"{x}"
        f"{x.missing}"
    )


def fails_in_import():
    from os import (
        path,
        nothing,
    )


def fails_in_try(x):
    try:
        fails(x)
    finally:
        x = 1


def fails_in_handler(x):
    try:
        fails(x)
    except ZeroDivisionError:
        x.missing


def fails_again(x):
    try:
        fails(x)
    except ZeroDivisionError:
        raise


def fails_again_by_name(x):
    try:
        fails(x)
    except ZeroDivisionError as error:
        raise error


def fails_with_traceback(x):
    try:
        fails(x)
    except ZeroDivisionError as error:
        raise error.with_traceback(None)


def fails_within_with(x):
    with Quiet():
        fails(x)


def fails_within_two(x):
    with Quiet() as a, Quiet():
        try:
            with Quiet():
                x.missing
        finally:
            a = 1


class Quiet:
    def __enter__(self):
        return self

    def __exit__(self, *args):
        return False


def fails_in_recursion(n):
    if n == 0:
        raise KeyError(n)
    fails_in_recursion(n - 1)


class Fails:
    def __init__(self, x):
        self.y = fails(x)

    @property
    def prop(self):
        return self.missing

    def __getitem__(self, key):
        return fails(key)

    def __eq__(self, other):
        return fails(0)

    def __enter__(self):
        return fails(0)

    def __exit__(self, *args):
        pass

    def __iter__(self):
        return fails(0)


def uses_getitem(x):
    return x[0]


def uses_eq(x):
    return x == 1


def uses_with(x):
    with x:
        pass


def uses_iter(x):
    for y in x:
        pass


def uses_prop(x):
    return x.prop


def lines(function, *args):
    try:
        function(*args)
    except BaseException as error:
        return [(step.name, step.lineno, step.filename.rpartition("/")[2], step.line) for step in traceback.extract_tb(error.__traceback__)][1:]


def texts(function, *args):
    try:
        function(*args)
    except BaseException as error:
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__)).splitlines()
        return [line.partition("questions/")[2] or line for line in text if not set(line.strip()) <= set("~^")]


def q_logging():
    return logs(1), logs_deeper(2), Logs().method()


def q_logging_of_errors():
    return logs_error(), logs_stack(), logs_lazily()


def q_warnings():
    return caught(warns), caught(Warns().method)


def q_warnings_as_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            warns()
        except DeprecationWarning as error:
            return repr(error), lines(warns)


def q_frames():
    return frame_name(), frame_line(), stack_names()


def q_lines():
    return [lines(*each) for each in ((fails, 0), (fails_deeper, 0), (fails_in_loop, [0, 1]), (fails_in_with,), (fails_in_raise,), (fails_in_recursion, 3), (fails_in_try, 0), (fails_within_with, 0), (fails_within_two, 0), (fails_in_handler, 0), (fails_again, 0), (fails_again_by_name, 0), (fails_with_traceback, 0))]


def q_texts():
    return [texts(*each) for each in ((fails_in_loop, [1]), (fails_in_handler, 0), (fails_again, 0))]


def q_lines_of_methods():
    made = Fails(1)
    return [lines(*each) for each in ((Fails, 0), (uses_getitem, made), (uses_eq, made), (uses_with, made), (uses_iter, made), (uses_prop, made))]


def q_lines_of_frames_left():
    try:
        fails_deeper(0)
    except ZeroDivisionError as error:
        trace, found = error.__traceback__, []
        while trace:
            found.append((trace.tb_lineno, trace.tb_frame.f_code.co_name, trace.tb_frame.f_globals["__name__"]))
            trace = trace.tb_next
        return found[1:]


def q_lines_of_fails_in_expression():
    return lines(fails_in_expression, *(1, 2))


def q_lines_of_fails_in_call():
    return lines(fails_in_call, *(5,))


def q_lines_of_fails_in_display():
    return lines(fails_in_display, *(1,))


def q_lines_of_fails_in_condition():
    return lines(fails_in_condition, *(1,))


def q_lines_of_fails_in_assignment():
    return lines(fails_in_assignment, *(1,))


def q_lines_of_fails_in_unpacking():
    return lines(fails_in_unpacking, *(1,))


def q_lines_of_fails_in_return():
    return lines(fails_in_return, *(1,))


def q_lines_of_fails_in_subscript():
    return lines(fails_in_subscript, *({'a': 1},))


def q_lines_of_fails_in_comparison():
    return lines(fails_in_comparison, *('a',))


def q_lines_of_fails_in_chain():
    return lines(fails_in_chain, *('a',))


def q_lines_of_fails_in_default_call():
    return lines(fails_in_default_call, *(0,))


def q_lines_of_fails_in_augmented():
    return lines(fails_in_augmented, *(1,))


def q_lines_of_fails_in_while():
    return lines(fails_in_while, *(1,))


def q_lines_of_fails_in_del():
    return lines(fails_in_del, *(1,))


def q_lines_of_fails_in_formatted():
    return lines(fails_in_formatted, *(1,))


def q_lines_of_fails_in_import():
    return lines(fails_in_import, *())


def q_modules_of_what_is_made():
    from collections import namedtuple
    from enum import Enum
    from typing import NamedTuple, NewType, TypeVar

    made = [
        namedtuple("A", "x y"),
        Enum("B", "x y"),
        NamedTuple("C", [("x", int)]),
        TypeVar("D"),
        NewType("E", int),
        type("F", (), {}),
        type("G", (object,), {"x": 1}),
    ]
    return [each.__module__.rpartition(".")[2] for each in made], made[0](1, 2), list(made[1])


def defstruct(name):
    """As that of msgspec."""
    caller = sys._getframe(1)
    return name, caller.f_globals["__name__"].rpartition(".")[2], caller.f_code.co_name, caller.f_lineno


def q_module_of_a_struct():
    return defstruct("Point")


def q_module_names():
    names = globals()
    return names is q_module_names.__globals__, vars(Logs("x") if False else Warns()), dir(3)[:2]


def q_numbers_are_no_loggers():
    import math

    return math.log(8, 2), math.log(1)


def q_logging_from_everywhere():
    def inner():
        logger.info("inner")

    class Local:
        def method(self):
            logger.error("local")

    def generator():
        logger.info("first")
        yield 1
        logger.info("second")

    inner()
    (lambda: logger.warning("lambda"))()
    Local().method()
    list(generator())
    logger.log(
        logging.INFO,
        "%s",
        "several lines",
    )
    logger.info("named", extra={"x": 1})
    logger.info(*["star %s", 1], **{})
    return taken()


def q_a_warning_that_is_an_error():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            warnings.warn("x", stacklevel=1)
        except UserWarning as e:
            frames = traceback.extract_tb(e.__traceback__)
            return str(e), [(frame.name, frame.lineno) for frame in frames]


def q_a_logger_that_fails():
    class Broken:
        def info(self, *args):
            raise OSError(args)

    log = Broken()
    try:
        log.info(1, 2)
    except OSError as e:
        return str(e), [(frame.name, frame.lineno) for frame in traceback.extract_tb(e.__traceback__)]


def q_a_class_that_is_called_log():
    class log:
        def __init__(self, x, y=2):
            self.x = x, y

    return log(1).x, log(1, y=3).x, log(*[4]).x


def q_where_a_code_was_made():
    code = compile("1/0", "there", "eval")
    return code.co_filename, code.co_firstlineno
