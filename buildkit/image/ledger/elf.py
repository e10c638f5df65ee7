"""Reads what a program or library of ELF says of itself, by pyelftools: nothing is run."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

MAGIC = b"\x7fELF"
_WEAK = 2
"""The flag of a version that may be missing (`VER_FLG_WEAK`, Linux Standard Base 5.0, "Symbol Versioning")."""

_SYMBOLS = (".symtab", ".strtab", ".debug", ".zdebug", ".gnu_debuglink")


@dataclass(frozen=True, slots=True)
class Binary:
    """What the file says.

    Args:
        machine: the processor, as ELF names it: `x64`, `AArch64`.
        needs: the libraries that it needs, by the name under which the loader looks for them.
        versions: by library, the versions of symbols that it must have.
        defines: the versions of symbols that it has itself.
        folders: where the loader looks first (RPATH or RUNPATH), `$ORIGIN` in them.
        symbols: bytes that `strip` would take away.
        loader: the dynamic loader that a program names; empty for a library.
        unread: why it could not be read; empty if it could.
    """

    machine: str = ""
    needs: tuple[str, ...] = ()
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    defines: frozenset[str] = frozenset()
    folders: tuple[str, ...] = ()
    symbols: int = 0
    loader: str = ""
    unread: str = ""


def read_binary(content: bytes) -> Binary:
    """Return what a file of ELF says."""
    from elftools.common.exceptions import ELFError  # noqa: PLC0415 - only what audits images needs it
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415

    try:
        file = ELFFile(io.BytesIO(content))
        sections = [*file.iter_sections()]
        needs, folders = _looked_for(sections)
        versions, defines = _versions(sections)
        loader = next((str(part.get_interp_name()) for part in file.iter_segments("PT_INTERP")), "")
        return Binary(file.get_machine_arch(), needs, versions, defines, folders, _symbols(sections), loader)
    except (ELFError, ValueError, KeyError, IndexError, AttributeError, TypeError, struct.error) as error:
        return Binary(unread=f"{type(error).__name__}: {error}")


def _looked_for(sections: Iterable[Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the needed libraries, and the folders that the file itself names."""
    needs: list[str] = []
    folders: list[str] = []
    for section in sections:
        if section.header.sh_type != "SHT_DYNAMIC":
            continue
        for tag in section.iter_tags():
            if tag.entry.d_tag == "DT_NEEDED":
                needs.append(tag.needed)
            elif tag.entry.d_tag == "DT_RPATH":
                folders += tag.rpath.split(":")
            elif tag.entry.d_tag == "DT_RUNPATH":
                folders += tag.runpath.split(":")
    return tuple(needs), tuple(each for each in folders if each)


def _versions(sections: Iterable[Any]) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """Return the versions of symbols that the file must find, by library, and those that it has."""
    wanted: dict[str, tuple[str, ...]] = {}
    defines: set[str] = set()
    for section in sections:
        if section.header.sh_type == "SHT_GNU_verneed":
            for library, versions in section.iter_versions():
                named = tuple(each.name for each in versions if not each.entry.vna_flags & _WEAK)
                wanted[library.name] = (*wanted.get(library.name, ()), *named)
        elif section.header.sh_type == "SHT_GNU_verdef":
            for _, names in section.iter_versions():
                defines.update(each.name for each in names)
    return wanted, frozenset(defines)


def _symbols(sections: Iterable[Any]) -> int:
    return sum(
        section.header.sh_size
        for section in sections
        if section.name.startswith(_SYMBOLS) and section.header.sh_type != "SHT_NOBITS"
    )
