"""Compiler and linker flags from the environment and from the project's settings."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

_FOR_LINKER = ("-l", "-L", "-Wl,")


@dataclass(frozen=True, slots=True)
class Flags:
    """Additional flags for compiling and for linking an extension.

    The linker's driver gets those of the compiler too, as a setup.py does it: -fsanitize, -flto, -m32 and -fopenmp mean
    nothing at one of the two alone.
    """

    compile: tuple[str, ...] = ()
    link: tuple[str, ...] = ()

    def __add__(self, other: Flags) -> Flags:
        return Flags((*self.compile, *other.compile), (*self.link, *other.link))

    @property
    def both(self) -> tuple[str, ...]:
        """All flags that the linker's driver gets."""
        return (*self.compile, *self.link)


NO_FLAGS = Flags()


def environment_flags(environment: Mapping[str, str], variable: str = "CFLAGS") -> Flags:
    """Return the flags in `variable` (`CFLAGS` or `CXXFLAGS`) and in `LDFLAGS`."""
    words, links = (tuple(shlex.split(environment.get(name, ""))) for name in (variable, "LDFLAGS"))
    return Flags(words, links)


def split_flags(words: tuple[str, ...]) -> Flags:
    """Return a project's flags, with `-l`, `-L` and `-Wl,` flags assigned to linking only."""
    links = [word.startswith(_FOR_LINKER) for word in words]
    return Flags(
        tuple(word for word, link in zip(words, links, strict=True) if not link),
        tuple(word for word, link in zip(words, links, strict=True) if link),
    )
