"""Who is on the stack: what functions that look at frames see of those that called them."""

import faulthandler
import functools
import gc
import inspect
import io
import logging
import operator
import signal
import sys
import tempfile
import threading
import traceback
import tracemalloc
import warnings
import weakref


def seen(count=4, skip=1):
    """Names and lines of who called: this stays Python, since it asks for its frame."""
    frame, found = sys._getframe(skip), []
    while frame is not None and len(found) < count and frame.f_code.co_name != "answer":
        found.append((frame.f_code.co_name, frame.f_lineno))
        frame = frame.f_back
    return found


def frame_of_caller():
    return sys._getframe(1)


def warned(level):
    warnings.warn("old", DeprecationWarning, stacklevel=level)


def logged(level):
    logger = logging.getLogger("questions of frames")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(module)s %(funcName)s %(lineno)d"))
    logger.addHandler(handler)
    logger.propagate = False
    logger.error("x", stacklevel=level)
    logger.removeHandler(handler)
    return stream.getvalue()


def first(x):
    y = x
    return second(
        y,
        x,
    )


def second(*given):
    for each in range(2):
        result = third(each,
                       third(1, 2),
                       3) if each else seen()
    return result


def third(*given):
    return seen()


class Asked:
    def __init__(self):
        self.made = seen()

    @property
    def prop(self):
        return seen()

    def method(self):
        return self.prop

    def __getattr__(self, name):
        if name != "missing":
            raise AttributeError(name)
        return seen()

    def __add__(self, other):
        return seen()

    def __eq__(self, other):
        self.compared = seen()
        return True

    __hash__ = None

    def __getitem__(self, key):
        return seen()

    def __call__(self, *args, **named):
        return seen()

    def __enter__(self):
        self.entered = seen()
        return self

    def __exit__(self, *args):
        self.left = seen()

    def __iter__(self):
        yield seen()
        yield from self.rest()

    def rest(self):
        yield seen()
        x = yield seen()
        yield seen()

    def __len__(self):
        self.counted = seen()
        return 1

    def __str__(self):
        return str(seen())

    @staticmethod
    def static():
        return seen()

    @classmethod
    def of_class(cls):
        return seen()

    def __del__(self):
        LAST.append(seen(2))


LAST = []


def around(function):
    @functools.wraps(function)
    def inner(*args, **named):
        return function(*args, **named)

    return inner


@around
def decorated(x):
    return seen()


def q_calls():
    return first(1)


def q_methods():
    made = Asked()
    return made.made, made.method(), made.static(), made.of_class(), made.missing, made()


def q_operators():
    made = Asked()
    found = [made + 1, made[0], f"{made}"]
    made == 2
    len(made)
    return (
        found,
        made.compared,
        made.counted,
    )


def q_blocks():
    with Asked() as made:
        x = 1
        x = 2
    try:
        try:
            raise KeyError(1)
        except seen_error(LAST) as error:
            x = seen()
    finally:
        y = seen()
    return made.entered, made.left, x, y


def seen_error(into):
    into.append(seen())
    return KeyError


def q_what_an_except_names():
    LAST.clear()
    q_blocks()
    return LAST[:1]


def q_loops():
    found = []
    for each in Asked():
        found.append(each)

        found.append(seen())
    while not found[-1] or len(found) < 8:
        found.append(seen())
        if len(found) == 7:
            continue
        found += [
            seen(),
        ]
    return found


def q_generators():
    def outer():
        yield seen()

        got = yield from inner()
        yield got, seen()

    def inner():
        x = yield seen()
        y = yield x, seen()
        return seen()

    made = outer()
    found = [next(made)]
    found.append(next(made))
    found.append(made.send(1))
    found += [*made]
    other = outer()
    next(other), next(other)
    other.close()
    return found


def q_a_generator_into_which_is_thrown():
    def inner():
        try:
            yield 1
        except KeyError:
            yield seen()

    def outer():
        yield from inner()

    made = outer()
    next(made)
    return made.throw(KeyError("x"))


def q_lines_of_a_generator():
    def made():
        x = 1
        yield x

        yield x + 1

    generator = made()
    found = [generator.gi_frame.f_lineno - generator.gi_code.co_firstlineno, inspect.getgeneratorstate(generator)]
    for _ in generator:
        found.append(generator.gi_frame.f_lineno - generator.gi_code.co_firstlineno)
    return found, generator.gi_frame


def q_callbacks():
    found = [*map(lambda x: seen(), [1])]
    found.append(sorted([2, 1], key=lambda x: LAST.append(seen()) or x))
    found.append(functools.reduce(lambda x, y: seen(), [1, 2]))
    found.append(functools.partial(third, 1)())
    found.append(operator.methodcaller("prop") and operator.attrgetter("prop")(Asked()))
    found.append(decorated(1))
    return found, LAST.pop()


def q_closures():
    def outer(x):
        def inner(y):
            return x, y, seen()

        return inner

    return outer(1)(2), (lambda z: seen())(3)


def q_defaults_and_decorators():
    def shown(function):
        return seen()

    def by_default(x=seen()):
        return x

    class Made:
        x = seen()

        @shown
        def method(self):
            pass

    return by_default(), Made.x, Made.method


def q_recursion():
    def down(n):
        return down(n - 1) if n else len(seen(1000))

    return down(3), down(400)


def caught(function):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        function()
    return [(each.filename.rpartition("/")[2], each.lineno) for each in found]


def q_warnings():
    def near():
        warned(2)

    def far():
        warned(3)

    def further():
        far()

    def by_map():
        [*map(warned, [1, 2, 3])]

    return [caught(each) for each in (near, far, further, by_map)]


def q_warnings_of_a_module():
    def old():
        warned(2)

    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("ignore")
        warnings.filterwarnings("always", module=__name__.replace(".", r"\."))
        old()
    return len(found)


def q_warnings_once_a_place():
    def old():
        warned(2)

    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("default")
        for _ in range(3):
            old()
        old()
    return len(found), "__warningregistry__" in globals()


def q_logging():
    def near():
        return logged(2)

    def far():
        return logged(3)

    return near(), far()


def q_stacks():
    def names():
        return [each.name for each in traceback.extract_stack()]

    def frames():
        return [(each.function, each.lineno, each.code_context) for each in inspect.stack()[1:3]]

    def printed():
        stream = io.StringIO()
        traceback.print_stack(file=stream, limit=3)
        return [line.partition(", ")[2] or line for line in stream.getvalue().splitlines()]

    def through(function):
        return function()

    return through(names)[-3:], through(frames), through(printed)


def kept():
    frame = frame_of_caller()
    x = 1
    return frame


def q_a_frame_that_is_kept():
    frame = kept()
    first = frame.f_lineno, frame.f_code is kept.__code__, frame.f_globals is globals(), frame.f_back.f_code.co_name
    gc.collect()
    return first, repr(frame).rpartition("/")[2], frame.clear(), frame.f_lineno, frame.f_trace, frame.f_builtins is frame.f_back.f_builtins


def q_frames_that_are_kept_of_many_calls():
    frames = [kept() for _ in range(100)]
    return len({id(each) for each in frames}), {each.f_lineno for each in frames}, {each.f_code for each in frames} == {kept.__code__}


def q_a_frame_is_the_same_as_long_as_it_runs():
    frame = frame_of_caller()
    same = frame is frame_of_caller()
    line = frame.f_lineno
    return same, line, frame.f_lineno


def q_what_cannot_be_done_to_a_frame():
    frame, found = frame_of_caller(), []
    for each in (frame.clear, lambda: setattr(frame, "f_lineno", 1), lambda: setattr(frame, "f_code", None), lambda: delattr(frame, "f_lineno")):
        try:
            found.append(each())
        except Exception as error:
            found.append((type(error).__name__, str(error)))
    frame.f_trace = found.append
    found.append(frame.f_trace == found.append)
    del frame.f_trace
    found.append(frame.f_trace)
    return found


def q_a_frame_goes_when_nobody_has_it():
    class Held:
        pass

    held = Held()
    gone = weakref.ref(held)

    def keeps():
        return frame_of_caller()

    def made():
        inner = held
        return keeps()

    frame = made().f_back
    del held, frame
    gc.collect()
    return gone() is None


def q_what_is_deleted():
    LAST.clear()
    made = Asked()
    del made
    made = Asked()
    made = None
    return LAST


def q_functions_that_look_for_names():
    ask = [eval, exec, globals][0]
    find = globals
    made = [*map(ask, ["__name__", "first is None"])]
    get = getattr(sys.modules["builtins"], "__import__")
    return made, find() is q_calls.__globals__, get("operator").__name__


def q_modules_of_what_is_made():
    class Meta(type):
        pass

    make = type
    return make("A", (), {}).__module__ == __name__, Meta("B", (), {}).__module__ == __name__


def q_another_thread():
    ready, done, found = threading.Event(), threading.Event(), []

    def waits():
        ready.set()
        done.wait()
        x = 1

    thread = threading.Thread(target=waits)
    thread.start()
    ready.wait()
    frame = sys._current_frames()[thread.ident]
    while frame is not None:
        if frame.f_globals["__name__"] == __name__:
            found.append((frame.f_code.co_name, frame.f_code is waits.__code__))
        frame = frame.f_back
    done.set()
    thread.join()
    return found


def q_signals():
    found = []

    def handler(number, frame):
        found.append((frame.f_code.co_name, frame.f_lineno, frame.f_back.f_code.co_name))

    def raises():
        signal.raise_signal(signal.SIGUSR1)
        for _ in range(1000):
            pass

    before = signal.signal(signal.SIGUSR1, handler)
    raises()
    signal.signal(signal.SIGUSR1, before)
    return [each[::2] for each in found]


def q_faulthandler():
    def dies():
        with tempfile.TemporaryFile() as file:
            faulthandler.dump_traceback(file, all_threads=False)
            file.seek(0)
            return file.read().decode()

    lines = dies().splitlines()
    return [line.partition(", ")[2] for line in lines if "frames.py" in line][:2]


def q_where_memory_was_taken():
    def takes():
        x = 1
        return (
            [x] * 1000
        )

    tracemalloc.start(5)
    try:
        trace = tracemalloc.get_object_traceback(takes())
    finally:
        tracemalloc.stop()
    return [(each.filename.rpartition("/")[2], each.lineno) for each in trace][-1:], takes.__code__.co_firstlineno


def q_tracing():
    found = []

    def trace(frame, event, arg):
        if event == "call" and frame.f_code is seen.__code__:
            found.append((frame.f_back.f_code.co_name, frame.f_back.f_lineno))

    def traced():
        third(1)
        third(
            2,
        )

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        traced()
    finally:
        sys.settrace(before)
    return found


def q_profiling():
    found = []

    def profile(frame, event, arg):
        if event in ("call", "return") and frame.f_code is seen.__code__:
            found.append((event, frame.f_back.f_code.co_name, frame.f_back.f_lineno))

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        third(1)
    finally:
        sys.setprofile(before)
    return found


def q_jumps_of_a_tracer_elsewhere():
    """A tracer may only move the frame of which it is told; what Python says of another one that runs is an error."""
    found = []

    def trace(frame, event, arg):
        if event == "call" and frame.f_code is seen.__code__:
            try:
                frame.f_back.f_lineno = frame.f_back.f_lineno
            except ValueError as error:
                found.append(type(error).__name__)

    sys.settrace(trace)
    try:
        third(1)
    finally:
        sys.settrace(None)
    return found


def q_errors_that_pass():
    def fails(x):
        return 1 / x

    def passes(x):
        return fails(
            x
        )

    try:
        passes(0)
    except ZeroDivisionError as error:
        first = [(each.name, each.lineno) for each in traceback.extract_tb(error.__traceback__)]
    return first, seen()


def q_names_of_callers():
    def inner():
        return inspect.getframeinfo(frame_of_caller())[1:4], sys._getframemodulename(1) if sys.version_info >= (3, 12) else ""

    return inner()
