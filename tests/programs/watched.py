"""What the programs use: values that note what is done with them, and calls of which everything is noted.

It stays Python, in the plain and in the compiled form alike. A program has a budget of steps and of lines.
"""

from __future__ import annotations

import builtins
import re
import sys
from typing import Any

LINES: list[str] = []
MOST_LINES, MOST_STEPS = 300, 1500
_left = [0, 0]
_OWN = ("/watched.py", "/run.py")
_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>")


class Enough(BaseException):
    """The budget of the program is used up."""


def begin() -> None:
    LINES.clear()
    _left[:] = MOST_LINES, MOST_STEPS


def step() -> None:
    _left[1] -= 1
    if _left[1] < 0:
        raise Enough


def tick() -> bool:
    """Return whether a loop may go on."""
    _left[1] -= 40
    return _left[1] > 0


def note(*things: Any) -> None:
    step()
    _left[0] -= 1
    if _left[0] < 0:
        raise Enough
    LINES.append(" ".join(each if type(each) is Word else show(each) for each in things))


class Word(str):
    """A text of ours, shown without quotes."""

    __slots__ = ()


def t(name: str, value: Any = None) -> Any:
    """Return a value, and note that its turn has come."""
    note(Word(name))
    return value


def boom(name: str, error: type[BaseException] = ValueError) -> Any:
    note(Word(name))
    raise error(name)


def show(value: Any, depth: int = 3) -> str:
    kind = type(value)
    if value is None or kind in (bool, float, complex, str, bytes, bytearray, range, slice, type(...)):
        return ascii(value)[:120]
    if kind is int:
        return str(value) if value.bit_length() < 400 else f"int of {value.bit_length()} bits, {value % 1000003}"
    if isinstance(value, BaseException):
        if _is_of_comprehension(value):
            return "a name without a value"
        return f"{kind.__name__}({', '.join(show(each, depth - 1) for each in value.args)})"
    if depth == 0:
        return kind.__name__
    if isinstance(value, Loud):
        return f"<{_called(value)}>"
    if isinstance(value, type):
        return f"class {value.__qualname__}"
    prefix = kind.__name__
    if kind in (list, tuple):
        return f"{prefix}[{', '.join(show(each, depth - 1) for each in value[:12])}]"
    if kind in (set, frozenset):
        return f"{prefix}{{{', '.join(sorted(show(each, depth - 1) for each in value)[:12])}}}"
    if kind is dict:
        pairs = [*value.items()][:12]
        return f"{{{', '.join(f'{show(k, depth - 1)}: {show(v, depth - 1)}' for k, v in pairs)}}}"
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{prefix} {value.__qualname__}"
    return re.sub(r"0x[0-9a-f]+", "0x", f"{prefix} {object.__repr__(value)}".rpartition("/")[2])


def _is_of_comprehension(error: BaseException) -> bool:
    """Return whether the words may be others: before Python 3.12 a comprehension is a function, compiled it never is."""
    return sys.version_info < (3, 12) and isinstance(error, NameError) and "variable" in str(error)


def described(error: BaseException, seen: tuple[int, ...] = ()) -> str:
    """Return all that can be seen of an error: its steps, its cause, its context, its notes."""
    if id(error) in seen or len(seen) > 5:
        return f"{type(error).__name__} again"
    seen = (*seen, id(error))
    steps: list[tuple[str, int]] = []
    at = error.__traceback__
    while at is not None and len(steps) < 40:
        code = at.tb_frame.f_code
        if code.co_name not in _COMPREHENSIONS and not code.co_filename.endswith(_OWN):
            steps.append((code.co_name, at.tb_lineno))
        at = at.tb_next
    if _is_of_comprehension(error) and steps:  # and Python 3.11 may name the line before
        steps[-1] = (steps[-1][0], 0)
    parts = [show(error), f"[{' '.join(f'{name}:{line}' for name, line in steps)}]"]
    for name in ("name", "obj", "value"):
        found = getattr(error, name, None)
        if found is not None and not _is_of_comprehension(error):
            parts.append(f"{name}={show(found, 1)}")
    if getattr(error, "__notes__", None):
        parts.append(f"notes={error.__notes__}")
    if error.__cause__ is not None:
        parts.append(f"cause ({described(error.__cause__, seen)})")
    if error.__context__ is not None and error.__context__ is not error.__cause__:
        parts.append(f"context ({described(error.__context__, seen)})")
    if error.__suppress_context__:
        parts.append("suppressed")
    return " ".join(parts)


def attempt(what: str, function: Any, *args: Any, **named: Any) -> Any:
    """Call a function, note what it gives or raises, and return what it gives."""
    try:
        result = function(*args, **named)
    except Enough:
        raise
    except BaseException as error:
        note(Word(what), Word("raises"), Word(described(error)))
        return None
    note(Word(what), Word("gives"), result)
    return result


def drive(what: str, generator: Any, *acts: Any) -> None:
    """Do these acts with a generator: `None` for `next`, an error to throw, `"close"`, or a value to send."""
    for act in (*acts, None, None, None, "close", None):
        if act is None:
            attempt(f"{what} next", builtins.next, generator, "the end")
        elif act == "close":
            attempt(f"{what} close", getattr(generator, "close", list))
        elif isinstance(act, type) and issubclass(act, BaseException):
            attempt(f"{what} throw {act.__name__}", lambda act=act: generator.throw(act("thrown")))
        else:
            attempt(f"{what} send", lambda act=act: generator.send(act))
        names = ("gi_running", "gi_frame", "gi_yieldfrom")
        note(Word("state"), *(Word(type(getattr(generator, name, 0)).__name__) for name in names))


class Manager:
    """A context manager that notes, and may raise or swallow.

    Args:
        name: what it is called.
        how: letters: `s` swallows, `e` raises when entered, `x` when left.
    """

    def __init__(self, name: str, how: str = "") -> None:
        self.name, self.how = name, how

    def __enter__(self) -> Any:
        note(Word(f"enter {self.name}"))
        if "e" in self.how:
            raise LookupError(self.name)
        return [self.name, 2] if "2" in self.how else self.name

    def __exit__(self, *error: object) -> Any:
        note(
            Word(f"exit {self.name}"),
            error[0],
            Word(described(error[1]) if isinstance(error[1], BaseException) else "-"),
        )
        if "x" in self.how:
            raise KeyError(self.name)
        return "s" in self.how


def _called(value: Any) -> str:
    try:
        return str(object.__getattribute__(value, "_name"))
    except AttributeError:
        return "new"  # of a class whose `__init__` gives it no name


class Loud:
    """A value that notes what is done with it. Its name says how it is: `no…` knows no operation, `bad…` raises."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name[:24])

    def _note(self, what: str, *others: Any) -> str:
        name = _called(self)
        note(Word(name), Word(what), *others)
        if name.startswith("bad"):
            raise ValueError(name, what)
        return name

    def __repr__(self) -> str:
        return f"<{self._note('repr')}>"

    def __str__(self) -> str:
        return f"{self._note('str')}!"

    def __format__(self, how: str) -> str:
        return format(self._note("format", how), how)

    def __bool__(self) -> bool:
        return not self._note("bool").endswith("0")

    def __hash__(self) -> int:
        return len(self._note("hash"))

    def __len__(self) -> int:
        self._note("len")
        return 2

    def __index__(self) -> int:
        return len(self._note("index")) % 3

    def __iter__(self) -> Any:
        name = self._note("iter")
        return iter([Loud(f"{name}1"), 2] if not name.startswith("no") else [])

    def __contains__(self, other: Any) -> Any:
        return other == self._note("contains", other)

    def __getitem__(self, at: Any) -> Any:
        name = self._note("getitem", at)
        if name.startswith("no") or (isinstance(at, int) and at > 2):
            raise IndexError(name, at)
        return Loud(f"{name}i")

    def __setitem__(self, at: Any, value: Any) -> None:
        self._note("setitem", at, value)

    def __delitem__(self, at: Any) -> None:
        self._note("delitem", at)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or self._note("getattr", name).startswith("no"):
            raise AttributeError(name)
        return Loud(f"{_called(self)}.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        self._note("setattr", name, value)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        self._note("delattr", name)
        object.__delattr__(self, name)

    def __call__(self, *args: Any, **named: Any) -> Any:
        self._note("call", args, named)
        return args[0] if args else self

    def __enter__(self) -> Any:
        self._note("enter")
        return self

    def __exit__(self, *error: object) -> bool:
        return self._note("exit", error[0]).startswith("s")

    def keys(self) -> list[str]:
        return [self._note("keys"), "k"]


def _binary(name: str) -> Any:
    def operation(self: Loud, other: Any) -> Any:
        return NotImplemented if self._note(name, other).startswith("no") else Loud(f"{name[2:5]}{_called(self)[:9]}")

    operation.__name__ = operation.__qualname__ = name
    return operation


def _compared(name: str) -> Any:
    def compared(self: Loud, other: Any) -> Any:
        called = self._note(name, other)
        if called.startswith("no"):
            return NotImplemented
        if isinstance(other, Loud) and name in ("__eq__", "__ne__"):
            return (called == other._name) is (name == "__eq__")
        return Loud(f"{name[2:4]}{called[:9]}")

    return compared


for _name in "add sub mul truediv floordiv mod pow lshift rshift and or xor matmul".split():  # noqa: SIM905
    setattr(Loud, f"__{_name}__", _binary(f"__{_name}__"))
    setattr(Loud, f"__r{_name}__", _binary(f"__r{_name}__"))
for _name in "lt le gt ge eq ne".split():  # noqa: SIM905
    setattr(Loud, f"__{_name}__", _compared(f"__{_name}__"))
for _name in "neg pos invert abs".split():  # noqa: SIM905
    setattr(Loud, f"__{_name}__", lambda self, _name=_name: Loud(f"{_name}{self._note(_name)}"))


class InPlace(Loud):
    """The same with operations in place of its own."""


for _name in "add sub mul truediv floordiv mod pow lshift rshift and or xor matmul".split():  # noqa: SIM905
    setattr(InPlace, f"__i{_name}__", lambda self, other, _name=_name: (self._note(f"i{_name}", other), self)[1])
