"""Changes Cython's own C while a module of plain Python is translated: what it says, and how its generators are.

Each section is replaced by its name and its text. Where Cython's text is not the one that is expected here, as in
another version, the first translation fails: else it would be Cython's again in silence.
"""

from __future__ import annotations

from typing import Any

from Cython.Compiler import Builtin
from Cython.Compiler.Code import GlobalState, UtilityCode

from buildkit.compile.sameness.generator_texts import GENERATORS
from buildkit.compile.sameness.replacement import Replacement
from buildkit.compile.sameness.wording import WORDINGS


class Texts:
    """Puts our texts into Cython's C, and takes them out again.

    Cython has some sections more than once, since it reads those on which others rest for each of these: so each is
    looked at when it is used.
    """

    def __init__(self) -> None:
        self._ours: dict[tuple[str, str], list[Replacement]] = {}
        self._changed: list[tuple[Any, str]] = []
        self._use_section = GlobalState.use_utility_code

    def use(self, *, ours: bool) -> None:
        """Use from now on our texts, or Cython's.

        Raises:
            RuntimeError: Cython's text is not what is expected here.
        """
        if ours and not self._ours:
            for each in (*WORDINGS, *GENERATORS):
                self._ours.setdefault((each.file, each.section), []).append(each)
            for replacements in self._ours.values():
                _changed(_section(replacements[0]).impl, replacements)
        for section, cython in self._changed:
            section.impl = cython
        self._changed = []
        GlobalState.use_utility_code = self._use if ours else self._use_section  # type: ignore[method-assign]

    @property
    def _use(self) -> Any:
        def use_utility_code(state: Any, section: Any, *args: Any, **named: Any) -> Any:
            replacements = self._ours.get((getattr(section, "file", ""), getattr(section, "name", "")))
            if replacements and all(section is not each for each, _ in self._changed):
                self._changed.append((section, section.impl))
                section.impl = _changed(section.impl, replacements)
            return self._use_section(state, section, *args, **named)

        return use_utility_code


def _section(text: Replacement) -> Any:
    if text.section == "IterNext":
        return Builtin.iter_next_utility_code  # Cython has read this one aside
    return UtilityCode.load_cached(text.section, text.file)


def _changed(text: str, replacements: list[Replacement]) -> str:
    for each in replacements:
        if text.count(each.cython) != 1:
            raise RuntimeError(f"the section {each.section} of Cython's {each.file} is not the one known to buildkit")
        text = text.replace(each.cython, each.python)
    return text
