"""Asks each question of a module, in the order of its text, and prints name and answer as JSON.

A question is a function of the module that begins with `q_`; its answer is what it returns, or what it raises.

    ask.py MODULE
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import re
import sys
import traceback
import types

ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


def answer(question) -> str:
    try:
        said = repr(question())
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the answer
        said = "".join(traceback.format_exception_only(error)).strip()
    return ADDRESS.sub("0x…", said)


def compiled(module) -> list[str]:
    """Return the names of the module's functions whose calls run C: their vectorcall is not Python's own.

    Python 3.10 has no function that tells it: where it lies is found out by that of one which is surely Python's.
    """
    if sys.version_info >= (3, 11):
        vectorcall = ctypes.pythonapi.PyVectorcall_Function
        vectorcall.argtypes, vectorcall.restype = [ctypes.py_object], ctypes.c_void_p
    else:
        own = ctypes.cast(ctypes.pythonapi._PyFunction_Vectorcall, ctypes.c_void_p).value
        size = types.FunctionType.__basicsize__ // ctypes.sizeof(ctypes.c_void_p)
        at = [*(ctypes.c_void_p * size).from_address(id(answer))].index(own) * ctypes.sizeof(ctypes.c_void_p)

        def vectorcall(function):
            return ctypes.c_void_p.from_address(id(function) + at).value

    functions = [
        each
        for each in gc.get_objects()
        if isinstance(each, types.FunctionType) and each.__globals__ is vars(module)
    ]
    return sorted(each.__qualname__ for each in functions if vectorcall(each) != vectorcall(answer))


del sys.path[0]  # the questions are no modules at the top
module = importlib.import_module(sys.argv[1])
questions = {name: value for name, value in vars(module).items() if name.startswith("q_")}
answers = {name: answer(questions[name]) for name in questions}
print(json.dumps({"file": module.__file__, "compiled": compiled(module), "answers": answers}))
