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


def complaints(
    answers: Mapping[str, Import], plain: Mapping[str, Import], wanted: Mapping[str, bool], suffixes: tuple[str, ...]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what is wrong with modules that were imported from an installed wheel, and what plain Python says too.

    Args:
        answers: the imports as installed.
        plain: imports of those that failed, each as plain Python.
        wanted: every module, with whether an extension must provide it.
        suffixes: endings of extensions.

    Returns:
        The faults by module, and the modules that fail in the same way as plain Python, with their words.
    """
    faults, forgiven = {}, {}
    for name, native in wanted.items():
        answer = answers[name]
        if answer.failure:
            otherwise = plain.get(name)
            if otherwise is not None and same_words(otherwise.failure) == same_words(answer.failure):
                forgiven[name] = answer.failure
            else:
                faults[name] = answer.failure
        elif not answer.file.startswith(answer.prefix):
            faults[name] = f"comes from {answer.file}, not from the installed wheel"
        elif native and not answer.file.endswith(suffixes):
            faults[name] = f"is not an extension: {answer.file}"
    return faults, forgiven
