"""Decides what differs between a module as plain Python and its compiled form."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from buildkit.comparison.answers import Import

_NO_PLAIN_FORM = re.compile(r"__pyx_capi__|does not export expected C|binary incompatibility|is not a type object")
"""Messages of a module of Cython that finds a module which it declares in C only as Python."""

_SUFFIX = re.compile(r"\.(?:cpython-[\w-]+\.|abi3\.)?(?:so|pyd)\b")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_MODULE = "the module"


class Difference(NamedTuple):
    """One thing that differs.

    Args:
        path: what it is about, such as `Greeter.greet.parameters`.
        plain: what it is as plain Python; empty where there is no such thing.
        compiled: the same compiled.
    """

    path: str
    plain: str
    compiled: str

    def __str__(self) -> str:
        return f"{self.path}: {self.plain or 'not there'} → {self.compiled or 'not there'}"


def differences(plain: Import, compiled: Import) -> tuple[Difference, ...]:
    """Return what differs between the two forms of one module, in the order of its paths."""
    was, now = same_words(plain.failure), same_words(compiled.failure)
    if was != now:
        return (Difference(_MODULE, was or "is imported", now or "is imported"),)
    paths = [*plain.facts, *(path for path in compiled.facts if path not in plain.facts)]
    found = (Difference(path, plain.facts.get(path, ""), compiled.facts.get(path, "")) for path in paths)
    return _without_what_follows([each for each in found if each.plain != each.compiled])


def steady(
    found: Collection[Difference], plain: tuple[Import, Import], compiled: tuple[Import, Import]
) -> list[Difference]:
    """Return the differences without those that also differ between two imports of one form.

    Args:
        found: those of the first imports.
        plain: two imports of the plain form.
        compiled: two of the compiled form.
    """
    moving = {each.path for pair in (plain, compiled) for each in differences(*pair)}
    return [each for each in found if each.path not in moving and _MODULE not in moving]


def has_no_plain_form(plain: Import, compiled: Import) -> bool:
    """Return whether a module works compiled alone, since what it imports is declared in C."""
    return bool(_NO_PLAIN_FORM.search(plain.error)) and not compiled.failure


def same_words(words: str) -> str:
    """Return an error's words as they are wherever the module comes from."""
    return _ADDRESS.sub("", _SUFFIX.sub(".py", words))


def _without_what_follows(found: list[Difference]) -> tuple[Difference, ...]:
    """Leave out the parts of a thing that is only on one side: that it is says all."""
    absent = {f"{each.path}." for each in found if not (each.plain and each.compiled)}
    return tuple(each for each in found if not any(each.path.startswith(path) for path in absent))


def faults(compiled: Mapping[str, Import], plain: Mapping[str, Import]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what is wrong with imports that failed, and what is no fault of the extensions.

    Args:
        compiled: the imports.
        plain: the same modules as plain Python.

    Returns:
        The words by module: of those that fail compiled alone, and of those that fail as plain Python in the same way.
    """
    wrong: dict[str, str] = {}
    forgiven: dict[str, str] = {}
    for name, answer in compiled.items():
        if answer.failure:
            same = same_words(plain[name].failure) == same_words(answer.failure)
            (forgiven if same else wrong)[name] = answer.failure
    return wrong, forgiven


def misplaced(answers: Mapping[str, Import], native: Mapping[str, bool], suffixes: tuple[str, ...]) -> dict[str, str]:
    """Return the modules that do not come from where they should, with the words for that.

    Args:
        answers: imports from an environment in which they are installed.
        native: whether an extension must provide each.
        suffixes: endings of extensions.
    """
    found = {}
    for name, answer in answers.items():
        if not (answer.failure or answer.file.startswith(answer.prefix)):
            found[name] = f"comes from {answer.file}, not from the installed wheel"
        elif native[name] and not (answer.failure or answer.file.endswith(suffixes)):
            found[name] = f"is not an extension: {answer.file}"
    return found
