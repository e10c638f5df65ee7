"""What Cython refuses is cut out of the text that it reads: each line stays, and so does each function's number."""

from __future__ import annotations

import ast

import pytest
from parsed import module

from buildkit.compile.sameness import functions, names
from buildkit.compile.sameness.aside import ANY, Aside, Missing, lines_of
from buildkit.compile.sameness.bytecode import name_of, numbered
from buildkit.compile.sameness.scopes import scopes

TEXT = '''\
import len as sum

@first
@(
    second
)
def one(x, y=lambda: 1):
    def inner(z):
        return (w for w in z), lambda: x
    class Inner: pass
    return inner

class Outer(one(lambda: 2)):
    def two(self): return 2; 3
    async def three(self):
        """Text
of three."""
    if one:
        max = lambda: 4
    else:
        a = lambda: 5; b = (q for q in a)
    c = 3

try:
    for i in one: pass
except one:
    def four(): global all; return "\f"
match one:
    case 1:
        def five(): pass
def six(): return [lambda: 6]
'''


@pytest.mark.parametrize("line", range(1, len(TEXT.splitlines()) + 1))
def test_each_line_can_be_cut_and_the_numbers_stay(line: int) -> None:
    whole, aside = numbered(ast.parse(TEXT)), Aside()
    lines = TEXT.split("\n")
    if not lines[line - 1].strip():
        assert not aside.put(TEXT, [line])
        return

    assert aside.put(TEXT, [line])
    cut = aside.cut(TEXT)

    ast.parse(cut)
    (part,) = aside.parts
    assert part[0] <= line <= part[1]
    assert len(cut.split("\n")) == len(lines)
    kept = [at for at in range(len(lines)) if not part[0] <= at + 1 <= part[1]]
    assert [cut.split("\n")[at] for at in kept] == [lines[at] for at in kept]
    found = functions.ordered(scopes(module(cut)), aside.missing)
    assert [each.name for each in found] == [name_of(each) for each in whole]
    assert any(isinstance(each, Missing) for each in found) or part[1] - part[0] < 4


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (1, [(1, 1)]),
        (3, [(3, 11)]),
        (8, [(3, 11)]),
        (13, [(13, 22)]),
        (14, [(14, 14), (13, 22)]),
        (21, [(21, 21), (13, 22)]),
        (25, [(25, 25), (24, 27)]),
    ],
)
def test_what_is_named_again_goes_with_what_stands_around_it(line: int, parts: list[tuple[int, int]]) -> None:
    aside = Aside()

    assert aside.put(TEXT, [line, line])
    first = {*aside.parts}
    while aside.put(TEXT, [line]):
        pass

    assert first == {parts[0]}
    assert parts[-1] in aside.parts
    assert not aside.put(TEXT, [line])


def test_what_the_module_may_bind_is_known() -> None:
    aside = Aside()
    aside.put(TEXT, [1, 18, 27])
    assert {"sum", "max", "all"} <= aside.bound
    bound = module(aside.cut(TEXT))
    assert names.BUILTINS - names.fixed(bound, aside.bound) >= {"sum", "max", "all"}
    aside.put(TEXT, [29])
    assert ANY in aside.bound
    assert names.fixed(module(aside.cut(TEXT)), aside.bound) == frozenset()


def test_what_python_refuses_too_is_not_cut() -> None:
    for text in ("def f(:\n", "return 3\n", "nonlocal x\n", "\0"):
        assert not Aside().put(text, [1])


def test_what_is_deepest_is_cut_where_cython_ran_out_of_calls() -> None:
    text = f"def f(x):\n    return x\ndef g(x):\n    return x{' + 1' * 300}\n"
    aside = Aside()

    assert aside.put(text, [1], is_deep=True)

    assert aside.parts == {(3, 4)}


def test_lines_are_those_of_errors_and_crashes_not_of_warnings() -> None:
    words = (
        "warning: a/b.py:1:2: Unreachable code\n\nError compiling Cython file:\n---\nx = 'a/b.py:7:1: no'\n---\n"
        "a/b.py:3:4: no such thing\na/b.py:5:0: Compiler crash in PostParse\na/c.py:9:9: of another\n"
    )
    assert lines_of(words, "a/b.py") == [3, 5]
