"""Lets Cython load in half of its time and hold half of the memory: the rest went into tables that hardly a job uses.

Nothing that Cython does with a source becomes another: `tests/unit/compile/cython/test_quick_start.py` holds both ways
against each other. A Cython that has not the parts meant here loads as it would.
"""

from __future__ import annotations

import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from importlib import import_module
from typing import Any

START = ("unicode_start_ch_any", "unicode_start_ch_range")
"""Names in Cython's lexicon: letters that begin an identifier, single ones, and ranges as first and last letter."""

CONTINUATION = ("unicode_continuation_ch_any", "unicode_continuation_ch_range")
"""The same of letters with which an identifier may only go on."""

ASCII_ONLY = {
    "unicode_start_ch_any": "_",
    "unicode_start_ch_range": "AZaz",
    "unicode_continuation_ch_any": "",
    "unicode_continuation_ch_range": "09",
}


def prepare() -> None:
    """Change what Cython makes while it loads; to be called before any of its compiler is imported."""
    with_compiled_expressions()
    letters = Letters.of(import_module("Cython.Compiler.Lexicon"))
    if letters is not None and "Cython.Compiler.Scanning" not in sys.modules:
        letters.replace_the_lexicon()
        letters.watch_sources(import_module("Cython.Utils"))


class Letters:
    """The letters beyond ASCII that Cython's scanner knows: those that a source has had so far.

    Cython makes a table for each state of its scanner. Ten of them have an entry for each of the 149 000 letters that
    an identifier may have. Here the tables are made with one letter of each kind, and the others are entered when they
    are read, just before the scanner gets them: where that letter leads, all of its kind do.

    Args:
        lexicon: the module in which Cython defines its tokens.
    """

    def __init__(self, lexicon: Any) -> None:  # noqa: ANN401 - a module of Cython
        self._lexicon = lexicon
        self._kinds = [_Kind(*(getattr(lexicon, name) for name in names)) for names in (START, CONTINUATION)]
        self._known: set[str] = set()

    @classmethod
    def of(cls, lexicon: Any) -> Letters | None:  # noqa: ANN401 - a module of Cython
        """Return the letters of Cython's lexicon; None where it is not made from the four texts meant here."""
        names = (*START, *CONTINUATION, "make_lexicon")
        return cls(lexicon) if all(hasattr(lexicon, name) for name in names) else None

    def replace_the_lexicon(self) -> Any:  # noqa: ANN401 - an object of Cython
        """Make the tables for ASCII and one letter of each kind, let Cython take them for its own, and return them."""
        whole = {name: getattr(self._lexicon, name) for name in ASCII_ONLY}
        samples = [kind.sample for kind in self._kinds]
        for name, text in ASCII_ONLY.items():
            setattr(self._lexicon, name, text)
        for (name, _), sample in zip((START, CONTINUATION), samples, strict=True):
            setattr(self._lexicon, name, ASCII_ONLY[name] + sample)
        try:
            made = self._lexicon.make_lexicon()
        finally:
            for name, text in whole.items():
                setattr(self._lexicon, name, text)
        for kind in self._kinds:
            kind.tables = [(table, table[kind.sample]) for table in made.machine.states if kind.sample in table]
        self._known.update(samples)
        self._lexicon.make_lexicon = lambda: made
        return made

    def watch_sources(self, utils: Any) -> None:  # noqa: ANN401 - a module of Cython
        """Let each text that Cython opens as a source be looked at as it is read."""
        opened: Callable[..., Any] = utils.open_source_file

        def open_source_file(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as Cython's own
            stream = opened(*arguments, **named)
            read = stream.read

            def read_known(*size: int) -> str:
                text: str = read(*size)
                self.know(text)
                return text

            stream.read = read_known
            return stream

        utils.open_source_file = open_source_file

    def know(self, text: str) -> None:
        """Enter the letters of a text, and of the identifiers that it may be normalised to."""
        if text.isascii():
            return
        for letter in {*text, *unicodedata.normalize("NFKC", text)} - self._known:
            self._known.add(letter)
            kind = next((kind for kind in self._kinds if not letter.isascii() and letter in kind), None)
            for table, target in kind.tables if kind else ():
                table[letter] = target


class _Kind:
    """A kind of letters.

    Args:
        single: letters.
        ranges: the first and the last letter of each range, one after the other in the order of Unicode.
    """

    def __init__(self, single: str, ranges: str) -> None:
        self._single = frozenset(single)
        self._first, self._last = ranges[::2], ranges[1::2]
        self.sample = next(letter for letter in (*single, *ranges) if not letter.isascii())
        self.tables: list[tuple[dict[str, Any], Any]] = []  # those with an entry for these letters, and what it is

    def __contains__(self, letter: str) -> bool:
        at = bisect_right(self._first, letter) - 1
        return letter in self._single or (at >= 0 and letter <= self._last[at])


def with_compiled_expressions() -> None:
    """Let an expression in Cython's own templates be compiled once, not each of the thousands of times it is used."""
    tempita: Any = import_module("Cython.Tempita")
    compiled: dict[str, Any] = {}

    class Template(tempita.Template):  # type: ignore[misc]  # Cython has no types
        def _eval(self, code: str, ns: dict[str, Any], pos: tuple[int, int]) -> Any:  # noqa: ANN401 - any value
            try:
                if code not in compiled:
                    compiled[code] = compile(code.lstrip(" \t"), "<string>", "eval")
                return eval(compiled[code], self.default_namespace, ns)  # noqa: S307 - of Cython's own files
            except Exception:  # noqa: BLE001 - whatever it is, Cython's own way says where
                return super()._eval(code, ns, pos)

    tempita.Template = Template
