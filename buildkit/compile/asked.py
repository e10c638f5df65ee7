"""What settings ask for a module's extension, as a setup.py does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """What settings ask for a module's extension, as a setup.py does; what `# distutils:` lines ask for comes besides.

    Args:
        language: `c` or `c++`; empty for what the source says.
        sources: further C and C++ files, relative to the project's folder.
        libraries: names for the linker.
        macros: names for the C compiler, each with its value; empty for a name alone.
    """

    language: str = ""
    sources: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    macros: tuple[tuple[str, str], ...] = ()

    @property
    def by_key(self) -> dict[str, object]:
        """What is asked for, by the key of the setting."""
        values: dict[str, object] = {
            "language": self.language,
            "sources": self.sources,
            "libraries": self.libraries,
            "define-macros": self.macros,
        }
        return {key: value for key, value in values.items() if value}


NOTHING_ASKED = Asked()
