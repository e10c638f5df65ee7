"""Has modules imported by the service's interpreter, and reads what came of it."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from buildkit.comparison import differences
from buildkit.comparison.answers import Import, parse
from buildkit.core.untrusted import shown
from buildkit.doors import files, process, reading
from buildkit.errors import ToolchainError

IMPORTER = Path(__file__).with_name("importer.py")
DESCRIPTION = tuple(str(Path(__file__).with_name(f"{name}.py")) for name in ("description", "frameworks"))

PATIENCE = 120.0
"""Seconds that the plain import of one module may take."""

_LEAST, _TIMES = 20.0, 10
_MARGIN = 60.0
_TICK = 1.0

Hear = Callable[[int, int], None]
"""Told again and again, in a thread of its own, how many modules have been imported, and of how many."""


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

    @property
    def limit(self) -> float:
        """The seconds that all of it may take."""
        return sum(self.limits.get(name, self.seconds) for name in self.modules) + _MARGIN


def imported(
    request: Request,
    python: Path,
    *,
    folder: Path,
    scratch: Path,
    environment: Mapping[str, str],
    isolated: bool = False,
    hear: Hear | None = None,
) -> dict[str, Import]:
    """Import modules as the request says, and return the answers by module.

    Args:
        request: which, and how.
        python: the interpreter.
        folder: the working directory.
        scratch: where request and answers go.
        environment: all of the interpreter's environment.
        isolated: nothing but what is installed in the interpreter's environment is found.
        hear: told how far it is.

    Raises:
        ToolchainError: the interpreter does not run.
    """
    if not request.modules:
        return {}
    asked, answered = scratch / "request.json", scratch / "answers.jsonl"
    files.write(asked, request.as_json())
    files.remove(answered)
    flags = ["-I"] if isolated else []
    command = [str(python), *flags, str(IMPORTER), str(asked), str(answered)]
    with _heard(answered, len(request.modules), hear):
        done = process.run(command, folder=folder, environment=environment, timeout=request.limit)
    if not done.ok:
        words = done.stderr.strip().splitlines()[-20:]
        raise ToolchainError(f"{python}: cannot import modules", hint="its last words stand above", details=words)
    return parse(answered.read_text("utf-8").splitlines())


@contextlib.contextmanager
def _heard(answered: Path, of: int, hear: Hear | None) -> Iterator[None]:
    """Tell during the block how many answers there are, again and again."""
    if hear is None:
        yield
        return
    is_over = threading.Event()

    def listen() -> None:
        while not is_over.wait(_TICK):
            with contextlib.suppress(OSError):  # it has not begun
                hear(answered.read_bytes().count(b"\n"), of)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield
    finally:
        is_over.set()
        listener.join()


def imported_elsewhere(
    request: Request, command: Sequence[str], environment: Mapping[str, str]
) -> tuple[dict[str, Import], str]:
    """Import modules by an interpreter that sees no file of this machine; return the answers, or why there are none.

    Args:
        request: which, and how; nothing can be described.
        command: starts the interpreter with further arguments, and hands it this process's input.
        environment: all of the command's environment.
    """
    if not request.modules:
        return {}, ""
    text = reading.read_text(IMPORTER)
    done = process.run(
        [*command, "-c", text, "-", "-"], environment=environment, stdin=request.as_json(), timeout=request.limit
    )
    try:
        found = parse(done.stdout.splitlines())
    except (TypeError, ValueError):
        found = {}
    if found.keys() != {*request.modules}:
        words = done.stderr.strip().splitlines()
        return {}, shown(words[-1]) if words else f"python ended with {done.exit_code}"
    return found, ""


Ask = Callable[[Request], Mapping[str, Import]]
"""Imports modules as a request says."""


def compared(names: Sequence[str], ask: Ask) -> tuple[Mapping[str, Import], dict[str, str], dict[str, str]]:
    """Import modules, and what fails again by itself and as plain Python.

    Args:
        names: the modules.
        ask: imports them.

    Returns:
        The imports; then the words of those that fail, by module: where plain Python does not, and where it does too.
    """
    together = ask(Request(names, together=True))
    failing = [name for name in names if together[name].failure]
    packages = sorted({name.partition(".")[0] for name in names})
    alone, plain = ask(Request(failing)), ask(Request(failing, plain=packages))
    return {**together, **alone}, *differences.faults(alone, plain)


def limits_of(plain: Mapping[str, Import]) -> dict[str, float]:
    """Return the seconds that each import may take compiled, from what it took as plain Python."""
    return {name: _LEAST + _TIMES * each.seconds for name, each in plain.items()}
