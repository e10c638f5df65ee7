"""What plain Python does all day, a function for each: timed as Python, as Cython has it, and as we have it."""
# ruff: noqa: PIE804, PERF401, PERF203, B023, PYI034

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Callable, Iterator


class Point:
    """Attributes, a property, methods of three kinds."""

    def __init__(self, x: int, y: int) -> None:
        self.x = x
        self.y = y

    @property
    def sum(self) -> int:
        return self.x + self.y

    def moved(self, x: int, y: int = 0) -> Point:
        return Point(self.x + x, self.y + y)

    @classmethod
    def origin(cls) -> Point:
        return cls(0, 0)

    @staticmethod
    def distance(one: Point, other: Point) -> int:
        return abs(one.x - other.x) + abs(one.y - other.y)


class Named(Point):
    """Calls its base."""

    def __init__(self, x: int, y: int, name: str) -> None:
        super().__init__(x, y)
        self.name = name

    def moved(self, x: int, y: int = 0) -> Point:
        return Named(super().moved(x, y).x, self.y, self.name)


class Colour(enum.Enum):
    """Looked up by name."""

    RED = 1
    BLUE = 2


@dataclasses.dataclass
class Record:
    """Its functions are made by the library: they stay Python."""

    key: str
    value: int = 0


def _add(a: int, b: int, c: int = 3, *, d: int = 4) -> int:
    return a + b + c + d


def _all(*given: int, **named: int) -> int:
    return len(given) + len(named)


def calls() -> int:
    """Functions with positional arguments and defaults."""
    total = 0
    for at in range(3000):
        total += _add(at, 1) + _add(at, 2, 3)
    return total


def keywords() -> int:
    """Arguments by keyword, `*args`, `**kwargs`."""
    total = 0
    for at in range(1500):
        total += _add(at, b=1, d=2) + _all(at, 1, x=2) + _add(*(1, 2), **{"d": at})
    return total


def methods() -> int:
    """Methods, class methods, static methods, properties."""
    point = Point.origin()
    total = 0
    for at in range(1000):
        point = point.moved(at, 1)
        total += point.sum + Point.distance(point, Point.origin())
    return total


def inheritance() -> int:
    """`super()`, and methods that are overridden."""
    point: Point = Named(0, 1, "a")
    for at in range(600):
        point = point.moved(at % 3)
    return point.x


def attributes() -> int:
    """Attributes read, set and changed in place."""
    point = Point(1, 2)
    for at in range(4000):
        point.x = point.y + at
        point.y -= 1
        point.x += point.y
    return point.x


def integers() -> int:
    """Numbers in a loop."""
    total = 0
    for at in range(8000):
        total += at * 3 % 7 - (at >> 2 & 5)
    return total


def floats() -> float:
    """Numbers with a point."""
    x, y = 0.0, 1.0
    for at in range(8000):
        x = x * 0.5 + y
        y = y - x / (at + 1.0)
    return x + y


def recursion() -> int:
    """A function that calls itself."""

    def fib(n: int) -> int:
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    return _fib(15) + fib(8)


def _fib(n: int) -> int:
    return n if n < 2 else _fib(n - 1) + _fib(n - 2)


def while_loops() -> int:
    """`while`, `break`, `continue`, comparisons in a chain."""
    at = found = 0
    while True:
        at += 1
        if not 0 < at < 6000:
            break
        if at % 3 == 0 or at % 5 == 0:
            continue
        found += 1
    return found


def lists() -> int:
    """Lists: made, appended to, indexed, cut, sorted."""
    values = []
    for at in range(2500):
        values.append(at * 7919 % 101)
    values.sort()
    total = values[0] + values[-1] + len(values[5:50])
    for at in range(len(values)):
        total += values[at]
    return total


def dictionaries() -> int:
    """Dictionaries: counted in, asked, walked through."""
    counts: dict[int, int] = {}
    for at in range(2500):
        key = at % 37
        if key in counts:
            counts[key] += 1
        else:
            counts[key] = counts.get(key, 0) + 1
    return sum(value * key for key, value in counts.items())


def comprehensions() -> int:
    """Comprehensions of lists, sets and dictionaries."""
    total = 0
    for size in range(60):
        squares = [at * at for at in range(size) if at % 2]
        named = {str(at): at for at in squares}
        total += len({at % 7 for at in squares}) + len(named)
    return total


def generator_expressions() -> int:
    """`sum`, `any` and `all` of generator expressions."""
    total = 0
    for size in range(150):
        total += sum(at * 2 for at in range(size % 30))
        if any(at > 20 for at in range(size % 30)):
            total += 1
        if all(at < 20 for at in range(size % 30)):
            total += 1
    return total


def _walk(depth: int) -> Iterator[int]:
    if depth:
        yield depth
        yield from _walk(depth - 1)


def _count(to: int) -> Iterator[int]:
    at = 0
    while at < to:
        yield at
        at += 1


def generators() -> int:
    """Generator functions, `yield from`."""
    total = 0
    for at in _count(3000):
        total += at
    return total + sum(_walk(40))


def strings() -> int:
    """Methods of texts, formatting, joining."""
    words = ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog"]
    total = 0
    for at in range(250):
        line = " ".join(word.upper() if at % 2 else word.strip("t") for word in words)
        total += len(line.replace("o", "00")) + line.find("fox") + len(f"{at:>5}|{line!r}")
        if line.startswith("the") and not line.endswith("g"):
            total += 1
        for word in words:
            total += len(word.lower().rstrip("x") + "-")
    return total


def characters() -> int:
    """A text read character by character."""
    total = 0
    for character in "some text 123 with (many) kinds of characters; " * 40:
        if character.isalpha():
            total += 1
        elif character in "0123456789":
            total += ord(character) - 48
        elif character == " ":
            total += 2
    return total


def unpacking() -> int:
    """Tuples made and taken apart."""
    pairs = [(at, (at + 1, at + 2)) for at in range(60)]
    total = 0
    for _ in range(30):
        for first, (second, third) in pairs:
            total += first - second + third
        head, *rest = pairs
        total += head[0] + len(rest)
    return total


def exceptions() -> int:
    """Errors that are raised and caught, and `try` where nothing is."""
    found: dict[str, int] = {}
    total = 0
    for at in range(800):
        try:
            total += found["missing"] if at % 4 == 0 else at
        except KeyError as error:
            total += len(error.args)
        finally:
            total += 1
    return total


class _Managed:
    def __enter__(self) -> int:
        return 1

    def __exit__(self, *_: object) -> bool:
        return False


def with_blocks() -> int:
    """`with`."""
    total = 0
    for _ in range(1500):
        with _Managed() as one:
            total += one
    return total


def closures() -> int:
    """Functions that keep the names of another one."""

    def counter() -> Callable[[], int]:
        count = 0

        def step() -> int:
            nonlocal count
            count += 1
            return count

        return step

    step = counter()
    for _ in range(3000):
        step()
    return step()


def functions_made() -> int:
    """Functions and lambdas made again and again."""
    total = 0
    for at in range(600):
        key = lambda value: value - at  # noqa: E731
        total += key(1) + max([3, 1, 2], key=lambda value: -value)
    return total


def classes_made() -> int:
    """Classes made in a function."""
    total = 0
    for at in range(25):

        class Made:
            value = at

            def get(self) -> int:
                return self.value

        total += Made().get()
    return total


def objects() -> int:
    """Many objects of a class, of an enumeration, of a dataclass."""
    total = 0
    for at in range(600):
        record = Record("a", at)
        total += record.value + Colour.RED.value + Point(at, 1).x
        if isinstance(record, Record) and record.key == "a":
            total += 1
    return total


def globals_and_builtins() -> int:
    """Names of the module and of the language."""
    total = 0
    for at in range(2500):
        total += len(_TABLE) + abs(-at) + int(at in _TABLE) + min(at, 3)
    return total


class _Token(str):
    """A text that knows where it stood, as lexers make them."""

    __slots__ = ("at", "kind")

    kind: str
    at: int

    def __new__(cls, kind: str, value: str, at: int = 0) -> _Token:
        made = super().__new__(cls, value)
        made.kind = kind
        made.at = at
        return made


_LEXER = re.compile(r"(?P<NAME>[a-z]+)|(?P<NUMBER>[0-9]+)|(?P<SIGN>[-+*/()])|(?P<SPACE> +)")


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = _LEXER.match(text, at)
        if found is None:
            raise ValueError(text[at:])
        kind = found.lastgroup or ""
        if kind != "SPACE":
            yield _Token(kind, found.group(), at=at)
        at = found.end()


def lexing() -> int:
    """A text cut by a regular expression into objects of a class of texts, in a generator."""
    return sum(token.at + len(token.kind) for token in _tokens("one + 22 * (three - 4) / five " * 12))


class _Tree:
    def __init__(self, kind: str, children: list[object]) -> None:
        self.kind = kind
        self.children = children


class _Visitor:
    """Finds the method for each node by its name."""

    def visit(self, node: object) -> int:
        if isinstance(node, _Tree):
            method = getattr(self, f"visit_{node.kind}", self.visit_other)
            return method(node, [self.visit(child) for child in node.children])
        return 1

    def visit_sum(self, node: _Tree, values: list[int]) -> int:
        return sum(values) + len(node.children)

    def visit_other(self, _: _Tree, values: list[int]) -> int:
        return max(values, default=0)


def _tree(depth: int) -> _Tree:
    return _Tree("sum" if depth % 2 else "pair", [_tree(depth - 1), _tree(depth - 1)] if depth else ["leaf"])


def visiting() -> int:
    """A tree made and walked through, with a method for each kind of node."""
    return sum(_Visitor().visit(_tree(6)) for _ in range(3))


class _Version:
    """Compared by a key that is made once."""

    def __init__(self, text: str) -> None:
        number, _, rest = text.partition("+")
        self._parts = tuple(int(part) for part in number.split("."))
        self._rest = rest or None
        self._key: tuple[tuple[int, ...], str] | None = None

    @property
    def key(self) -> tuple[tuple[int, ...], str]:
        if self._key is None:
            self._key = (self._parts, self._rest or "")
        return self._key

    def __lt__(self, other: object) -> bool:
        return self.key < other.key if isinstance(other, _Version) else NotImplemented

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, _Version) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)


def ordering() -> int:
    """Objects with `<`, `==` and `hash` of their own, sorted, counted and asked for."""
    versions = [_Version(f"{at % 7}.{at % 5}.{at}+x") for at in range(60)]
    return len({*versions, *versions}) + versions.index(sorted(versions)[30])


def choosing() -> int:
    """Conditions on texts and objects one after the other, as in parsers and selectors."""
    total = 0
    for at, word in enumerate(["name", ":not", "[attr]", ".class", "#id", "*", ">"] * 40):
        if word is None or not word:
            continue
        if word.startswith(":") and word[1:] in ("not", "is", "has"):
            total += 1
        elif word[0] == "[" and word[-1] == "]":
            total += len(word.strip("[]"))
        elif word[0] in ".#":
            total += 2 if at % 2 and word != ".other" else 3
        elif word in {"*", ">"} or (at & 1 and not total):
            total -= 1
    return total


_TABLE = {1: "a", 2: "b", 3: "c"}

PROGRAMS: dict[str, Callable[[], object]] = {
    each.__name__: each
    for each in (
        calls,
        keywords,
        methods,
        inheritance,
        attributes,
        integers,
        floats,
        recursion,
        while_loops,
        lists,
        dictionaries,
        comprehensions,
        generator_expressions,
        generators,
        strings,
        characters,
        unpacking,
        exceptions,
        with_blocks,
        closures,
        functions_made,
        classes_made,
        objects,
        globals_and_builtins,
        lexing,
        visiting,
        ordering,
        choosing,
    )
}
