"""Asks each question of a module, in the order of its text, and prints name and answer as JSON.

A question is a function of the module that begins with `q_`; its answer is what it returns, or what it raises.

    ask.py MODULE
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import traceback

ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


def answer(question) -> str:
    try:
        said = repr(question())
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the answer
        said = "".join(traceback.format_exception_only(error)).strip()
    return ADDRESS.sub("0x…", said)


module = importlib.import_module(sys.argv[1])
questions = {name: value for name, value in vars(module).items() if name.startswith("q_")}
answers = {name: answer(questions[name]) for name in questions}
print(json.dumps({"file": module.__file__, "answers": answers}))
