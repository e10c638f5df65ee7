"""Imports in functions: what stands in `sys.modules`, and what another thread is just importing."""

import importlib.abc
import importlib.machinery
import sys
import threading
import types
from unittest import mock


def said(function, *given):
    try:
        found = function(*given)
    except Exception as error:
        return type(error).__name__, str(error).partition(" (/")[0]
    return found.__name__ if isinstance(found, types.ModuleType) else found


def whole():
    import json

    return json


def below():
    import json.decoder

    return json


def named():
    import json.decoder as found

    return found


def names():
    from json import decoder, dumps

    return decoder.__name__, dumps.__name__


def each():
    return [said(function) for function in (whole, below, named, names)]


class Slow(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module, which takes its time."""

    def __init__(self):
        self.begun, self.go_on = threading.Event(), threading.Event()

    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name == "slow_one" else None

    def exec_module(self, module):
        self.begun.set()
        self.go_on.wait(10)
        module.value = 1


def q_as_they_are():
    return each()


def q_none_in_its_place():
    found = []
    for name in ("json", "json.decoder"):
        whole(), below()
        with mock.patch.dict(sys.modules, {name: None}):
            found.append(each())
    return found, each()


def q_another_module_in_its_place():
    other = types.ModuleType("other")
    other.dumps = other.decoder = len
    other.decoder = other
    with mock.patch.dict(sys.modules, {"json": other}):
        found = each()
    with mock.patch.dict(sys.modules, {"json.decoder": other}):
        return found, each()


def q_no_module_in_its_place():
    with mock.patch.dict(sys.modules, {"json": 5}):
        return each()


def q_not_there():
    def absent():
        import absent_one.inner

    def no_package():
        import json.decoder.nothing

    def no_name():
        from json import nothing

    return [said(function) for function in (absent, no_package, no_name)]


def q_one_that_another_thread_is_importing():
    def use():
        import slow_one

        return slow_one.value

    finder, found = Slow(), []
    sys.meta_path.insert(0, finder)
    try:
        first = threading.Thread(target=lambda: found.append(said(use)))
        first.start()
        finder.begun.wait(10)
        second = threading.Thread(target=lambda: found.append(said(use)))
        second.start()
        second.join(0.3)
        waits = second.is_alive()
        finder.go_on.set()
        first.join(10), second.join(10)
    finally:
        sys.meta_path.remove(finder)
        sys.modules.pop("slow_one", None)
    return waits, found


def q_relative():
    def here():
        from . import ask_nobody

    def above():
        from .. import nothing

    return said(here), said(above)
