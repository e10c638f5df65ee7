"""A module that is loaded again: by `importlib.reload`, and by an import after it has left `sys.modules`."""

import gc
import importlib
import os
import sys
import weakref

FIRST = sys.modules[__name__]
COUNT = globals().get("COUNT", 0) + 1
VALUE = os.environ.get("QUESTIONS_VALUE", "")
if VALUE == "refused":
    raise ValueError(VALUE)


class Box:
    def value(self):
        return VALUE


def value():
    return VALUE


def makes():
    def inner():
        return VALUE

    return inner, lambda: VALUE, (VALUE for _ in range(1))


def generates():
    yield VALUE
    yield from [VALUE]


def loaded(given, load):
    """Return what `load` returns while the variable is what is given."""
    os.environ["QUESTIONS_VALUE"] = given
    try:
        return load()
    finally:
        del os.environ["QUESTIONS_VALUE"]


def anew(given):
    """Return the module as an import makes it that does not find it in `sys.modules`, which then has it as before."""
    kept = sys.modules.pop(__name__)
    try:
        return loaded(given, lambda: importlib.import_module(__name__))
    finally:
        sys.modules[__name__] = kept


def said(module):
    inner, written, generated = module.makes()
    return [
        module.VALUE,
        module.COUNT,
        module.value(),
        module.Box().value(),
        inner(),
        written(),
        *generated,
        *module.generates(),
    ]


def q_imported_again():
    other = anew("other")
    return [
        other is FIRST,
        said(other),
        said(FIRST),
        other.FIRST is other,
        other.value.__globals__ is vars(other),
        other.__name__,
        other.__spec__.name,
        other.__package__,
        other.value.__module__,
        other.value.__code__ is value.__code__,
        other.Box is Box,
        sorted(vars(other)) == sorted(vars(FIRST)),
    ]


def q_imported_again_and_reloaded():
    other = anew("other")
    sys.modules[__name__] = other
    try:
        same = loaded("third", lambda: importlib.reload(other))
    finally:
        sys.modules[__name__] = FIRST
    return same is other, said(other), said(FIRST)


def q_an_import_that_fails():
    try:
        anew("refused")
    except ValueError as error:
        frames, step = [], error.__traceback__
        while step:
            code = step.tb_frame.f_code
            if code.co_filename == value.__code__.co_filename:
                frames.append((code.co_name, step.tb_lineno))
            step = step.tb_next
        return repr(error), frames, sys.modules[__name__] is FIRST, said(FIRST)


def q_modules_are_let_go():
    def gone():
        left = weakref.ref(anew("other"))
        gc.collect()
        return left() is None

    return [gone() for _ in range(3)]


def q_reloaded():
    old, box = value, Box()
    again = loaded("again", lambda: importlib.reload(FIRST))
    first = [again is FIRST, said(FIRST), old(), box.value(), isinstance(box, FIRST.Box), old is FIRST.value]
    loaded("", lambda: importlib.reload(FIRST))
    return first, said(FIRST), old()


def q_a_reload_that_fails():
    try:
        loaded("refused", lambda: importlib.reload(FIRST))
    except ValueError as error:
        failed = repr(error), FIRST.VALUE, FIRST.COUNT, value()
    loaded("", lambda: importlib.reload(FIRST))
    return failed, said(FIRST), value()
