"""What only Python 3.11 and later take: `*` in a subscript."""

import traceback
from typing import Generic, TypeVarTuple, Unpack

Ts = TypeVarTuple("Ts")


class Shows:
    def __getitem__(self, key):
        return key

    def __setitem__(self, key, value):
        self.set = key, value

    def __delitem__(self, key):
        self.gone = key


S = Shows()
KEPT = S[*(1, 2)]


class Many(Generic[*Ts]):
    def method(self, x: tuple[*Ts], *args: *Ts) -> tuple[*Ts, int]:
        return S[*x], args


def star(x):
    return S[*x], S[*x,], S[1, *x], S[*x, 2,], S[*x, *x]


def star_of_a_choice(x):
    return S[*x or (3,), x]


def over_lines(x):
    return S[
        *x,  # one
        S[*S[*x], 4],
    ], S[
        *x  # two
    ]


def stored(x):
    S[*x] = 1
    first = S.set
    S[0, *x] = 2
    del S[*x]
    return first, S.set, S.gone


def shared(x):
    def inner(y):
        return S[*x, y], S[z := 1, *x], z

    return inner(3), [S[*each] for each in [x]], {S[*x]: 1}, (lambda: S[*x])(), f"{S[*x]=}", f"{S[*x]!r:>10}"


def said(function, *given):
    try:
        return function(*given)
    except Exception as error:
        return type(error).__name__, str(error)


def q_stars():
    return KEPT, star((1, 2)), star(()), said(star, 3)[0], star_of_a_choice(()), over_lines([5])


def q_stores():
    return stored("ab"), said(stored, None)[0]


def q_shared():
    return shared((1, 2))


def q_classes():
    return Many().method((1, 2), 3), Many[int, str].__args__, Many.__orig_bases__ == (Generic[Unpack[Ts]],)


def q_lines():
    try:
        over_lines(None)
    except TypeError as error:
        return [step.lineno - over_lines.__code__.co_firstlineno for step in traceback.extract_tb(error.__traceback__)][1:]
