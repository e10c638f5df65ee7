"""Modules that stay Python for what they are: programs that `python -m` runs, and files that others include.

Only what is due is read for it: a module that is as it was when it was compiled is no other one now.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from buildkit.compile.module import Module
from buildkit.compile.modules import Modules
from buildkit.compile.roles import included, is_program
from buildkit.config import Config
from buildkit.doors import reading
from buildkit.extensions.sight import Subject
from buildkit.model import Reason


def without_others(
    config: Config, modules: Modules, subjects: Mapping[str, Subject]
) -> tuple[Modules, dict[str, Subject]]:
    """Return the modules and the subjects without those that stay Python for what they are.

    Args:
        config: the project; a module that it names with a backend is compiled whatever it is.
        modules: the project's.
        subjects: the modules held against their records.
    """
    due = [
        subject.module
        for name, subject in subjects.items()
        if name in modules.compiled and subject.module.backend == "cython" and not _is_fresh(subject)
    ]
    others = {**_programs(config, due), **_parts(config, modules, due)}
    if not others:
        return modules, dict(subjects)
    compiled = {name: module for name, module in modules.compiled.items() if name not in others}
    left = {name: subject for name, subject in subjects.items() if name not in others}
    return replace(modules, compiled=compiled, kept={**modules.kept, **others}), left


def _is_fresh(subject: Subject) -> bool:
    return subject.then is not None and subject.then.key == subject.now.key


def _programs(config: Config, due: list[Module]) -> dict[str, Reason]:
    found = {}
    for module in due:
        settings = config.compile.module.get(module.name)
        is_asked_for = settings is not None and settings.backend
        if module.source.endswith(".py") and not is_asked_for and is_program(_text(config, module.source)):
            found[module.name] = Reason("a program", "it asks whether it is __main__")
    return found


def _parts(config: Config, modules: Modules, due: list[Module]) -> dict[str, Reason]:
    """Return which of what is due is included by another source of Cython."""
    candidates = {module.source: module.name for module in due if module.source.endswith(".pyx")}
    if not candidates:
        return {}
    found = {}
    for module in modules.compiled.values():
        if module.source.endswith(".pyx"):
            for place in _included(config, module.source, set()):
                if place in candidates and place != module.source:
                    found[candidates[place]] = Reason("included", module.source)
    return found


def _included(config: Config, source: str, seen: set[str]) -> Iterator[str]:
    """Yield the places of what a source includes, itself or by way of others."""
    for place in included(_text(config, source), source.rpartition("/")[0]):
        if place not in seen:
            seen.add(place)
            yield place
            yield from _included(config, place, seen)


def _text(config: Config, source: str) -> bytes:
    with contextlib.suppress(OSError):
        return reading.read(config.source / source)
    return b""  # gone, or not to be read: the build says so
