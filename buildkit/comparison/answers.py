"""What came of importing modules, as the importer answers it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Import:
    """What came of importing one module.

    Args:
        module: its dotted name.
        error: what was raised, as its last line; empty if nothing was.
        ended: how the process ended at this import: a signal's name, an exit code, or `late`; empty if it did not.
        words: the last words of a process that ended.
        file: the module's file; where something was raised, the place.
        prefix: `sys.prefix` of the interpreter.
        seconds: what the import took.
        memory: the most memory that its process has had, in bytes.
        extensions: the extensions that were loaded then, by their names as modules.
        facts: what can be seen of the module, by path.
    """

    module: str
    error: str = ""
    ended: str = ""
    words: str = ""
    file: str = ""
    prefix: str = ""
    seconds: float = 0.0
    memory: int = 0
    extensions: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def failure(self) -> str:
        """What went wrong, in words; empty if nothing did."""
        if self.ended == "late":
            return "the import does not end"
        if self.ended:
            how = self.ended if self.ended.startswith("SIG") else f"exit code {self.ended}"
            return f"the import ends the process: {how}"
        return self.error


def parse(lines: Iterable[str]) -> dict[str, Import]:
    """Return the answers by module.

    Raises:
        ValueError, TypeError: a line is no answer.
    """
    found = (json.loads(line) for line in lines if line.strip())
    answers = (Import(**{**each, "extensions": tuple(each.get("extensions", ()))}) for each in found)
    return {each.module: each for each in answers}
