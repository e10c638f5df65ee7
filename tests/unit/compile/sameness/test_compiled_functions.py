from __future__ import annotations

import pytest
from parsed import module

from buildkit.compile.sameness import frames, reasons
from buildkit.compile.sameness.functions import Definition, definitions, why_python
from buildkit.compile.sameness.scopes import scopes

COMPILED = {
    "plain": "def f(a, b=1, /, c=2, *args, d, **named):\n    return a + b\n",
    "loops": "def f(x):\n    for a, b in x:\n        while a:\n            a -= b\n    return [a for a in x]\n",
    "errors": "def f(x):\n    try:\n        with x as y:\n            raise y\n    except A as e:\n        del x\n",
    "calls": "def f(x):\n    return x.y(*x, **x), {**x}, f'{x!r:>{x}}', x[1:2]\n",
    "methods": "def f(x):\n    return len(x)\n\nclass C:\n    def m(self):\n        return self.__x\n",
    "nested": "def f(x):\n    @x(1)\n    def g(y=x, *, z: A):\n        nonlocal x\n        x = y\n    return g, x\n",
    "class": "def f(x):\n    class C(x, metaclass=x):\n        def m(self):\n            return super().m\n",
    "generator expression": "def f(x):\n    return all(y + x for y in x)\n",
    "calls with a frame": "def f(log, x):\n    log.info(x, y=x)\n    return globals(), vars(x), type('X', (), x)\n",
    "bound within": "def f(x):\n    return x + (x := 2), [y := z for z in x]\n",
    "methods called as builtins are": "def f(x):\n    return x.exec(x, y=x), x.eval(*x), x.locals(), x.vars()\n",
    "such a method before a loop": "def f(x):\n    return [y for y in x.exec(x)]\n",
    "yield": "def f(x):\n    yield (yield x)\n    yield from x\n",
}
PYTHON = {
    "await": "async def f():\n    await g()\n",
    "match": "def f(x):\n    match x:\n        case 1:\n            return 2\n",
    "class of many": "def f(x):\n    class C(*x):\n        pass\n    return C\n",
    "lambda in a comprehension": "def f(x):\n    return [lambda: y for y in x]\n",
    "locals": "def f():\n    return locals()\n",
    "break in finally": "def f(x):\n    for y in x:\n        try: pass\n        finally: break\n",
    "eval": "def f(x):\n    return eval(x)\n",
    "eval of an object in a generator": "def f(x):\n    yield x.eval(x)\n",
    "exec of an object in a comprehension": "def f(x):\n    return [x.exec(y) for y in x]\n",
    "a breakpoint of an object": "def f(x):\n    x.breakpoint()\n",
    "frame": "def f(sys):\n    return sys._getframe()\n",
    "frame by its name": "def f(sys):\n    return getattr(sys, '_getframe')(1)\n",
    "frame as a value": "def f(inspect):\n    look = inspect.currentframe\n    return look()\n",
    "globals as a value": "def f():\n    return globals\n",
    "vars of the frame": "def f():\n    return vars()\n",
}


def found(text: str) -> list[Definition]:
    return definitions(scopes(module(text)))


@pytest.mark.parametrize("text", COMPILED.values(), ids=COMPILED)
def test_what_c_does_as_python_is_compiled(text: str) -> None:
    assert [why_python(each) for each in found(text)] == [""] * text.count("def ")


@pytest.mark.parametrize("text", PYTHON.values(), ids=PYTHON)
def test_what_c_does_otherwise_stays_python(text: str) -> None:
    first, *_ = found(text)

    assert why_python(first)


@pytest.mark.parametrize("kind", sorted(reasons.KINDS))
def test_a_reason_has_words(kind: str) -> None:
    assert reasons.of_kind(kind)[0] in "`abcdefghijklmnopqrstuvwxyz"


def test_functions_are_numbered_in_the_order_of_the_text() -> None:
    text = "@f(lambda: 1)\ndef a(x=lambda: 2): pass\nclass C:\n    def b(self): pass\ndef c(): pass\n"

    every = found(text)

    assert [each.number for each in every] == [0, 1, 2, 3, 4]
    assert [each.scope.name for each in every if each.scope.name != "<lambda>"] == ["a", "b", "c"]
    assert [each.scope.owner for each in every if each.scope.name == "b"] == ["C"]


def test_a_function_that_looks_at_its_caller_is_known_by_its_name() -> None:
    assert {"warn", "info", "namedtuple"} <= frames.LOOK_AT_THEIR_CALLER
