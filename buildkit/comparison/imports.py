"""Has modules imported by the service's interpreter, and reads what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from buildkit.comparison.answers import Import, parse
from buildkit.doors import files, process
from buildkit.errors import ToolchainError

IMPORTER = Path(__file__).with_name("importer.py")
DESCRIPTION = tuple(str(Path(__file__).with_name(f"{name}.py")) for name in ("description", "frameworks"))

PATIENCE = 120.0
"""Seconds that the plain import of one module may take."""

_LEAST, _TIMES = 20.0, 10
_MARGIN = 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """What the importer is asked for; its text says what each value means."""

    modules: Sequence[str]
    together: bool = False
    plain: Sequence[str] = ()
    describe: Sequence[str] = ()
    jobs: int = 1
    seconds: float = PATIENCE
    limits: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> str:
        """Return the request as the importer reads it."""
        return json.dumps(asdict(self))


def imported(
    request: Request, python: Path, *, folder: Path, scratch: Path, environment: Mapping[str, str]
) -> dict[str, Import]:
    """Import modules as the request says, and return the answers by module.

    Args:
        request: which, and how.
        python: the interpreter.
        folder: the working directory.
        scratch: where request and answers go.
        environment: all of the interpreter's environment.

    Raises:
        ToolchainError: the interpreter does not run.
    """
    if not request.modules:
        return {}
    asked, answered = scratch / "request.json", scratch / "answers.jsonl"
    files.write(asked, request.as_json())
    limit = sum(request.limits.get(name, request.seconds) for name in request.modules) + _MARGIN
    command = [str(python), str(IMPORTER), str(asked), str(answered)]
    done = process.run(command, folder=folder, environment=environment, timeout=limit)
    if not done.ok:
        words = done.stderr.strip().splitlines()[-20:]
        raise ToolchainError(
            f"{python}: the imports cannot be compared", hint="see its last words above", details=words
        )
    return parse(answered.read_text("utf-8").splitlines())


def limits_of(plain: Mapping[str, Import]) -> dict[str, float]:
    """Return the seconds that each import may take compiled, from what it took as plain Python."""
    return {name: _LEAST + _TIMES * each.seconds for name, each in plain.items()}
