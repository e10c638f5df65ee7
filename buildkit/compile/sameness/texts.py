"""Changes Cython's own C while a module of plain Python is translated: what it says, and how its generators are.

Each section is replaced by its name and its text. Where Cython's text is not the one that is expected here, as in
another version, the first translation fails: else it would be Cython's again in silence.
"""

from __future__ import annotations

from typing import Any

from Cython.Compiler import Builtin
from Cython.Compiler.Code import UtilityCode

from buildkit.compile.sameness.generator_texts import GENERATORS
from buildkit.compile.sameness.replacement import Replacement
from buildkit.compile.sameness.wording import WORDINGS


class Texts:
    """Puts our texts into Cython's C, and takes them out again."""

    def __init__(self) -> None:
        self._texts: list[tuple[Any, str, str]] | None = None

    def use(self, *, ours: bool) -> None:
        """Use from now on our texts, or Cython's.

        Raises:
            RuntimeError: Cython's text is not what is expected here.
        """
        if self._texts is None:
            if not ours:
                return
            self._texts = []
            for each in (*WORDINGS, *GENERATORS):
                code = _section(each)
                self._texts.append((code, code.impl, _changed(code.impl, each)))
                code.impl = self._texts[-1][2]
        for code, cython, changed in self._texts if ours else reversed(self._texts):
            code.impl = changed if ours else cython


def _section(text: Replacement) -> Any:
    if text.section == "IterNext":
        return Builtin.iter_next_utility_code  # Cython has read this one aside
    return UtilityCode.load_cached(text.section, text.file)


def _changed(text: str, replacement: Replacement) -> str:
    if text.count(replacement.cython) != 1:
        raise RuntimeError(
            f"the section {replacement.section} of Cython's {replacement.file} is not the one known to buildkit"
        )
    return text.replace(replacement.cython, replacement.python)
