"""Whether the modules of a wheel can be imported where it is installed: as well as by plain Python, and from there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from buildkit.comparison.answers import Import
from buildkit.comparison.differences import misplaced
from buildkit.comparison.imports import Request, compared, imported
from buildkit.compile.modules import find_unimportable
from buildkit.config import Config
from buildkit.errors import DifferenceError
from buildkit.flows.wheel import modules_of
from buildkit.report.console import Console
from buildkit.wheels.contents import NATIVE


def import_installed(
    wheel: Path, config: Config, console: Console, environment: Mapping[str, str], *, python: Path, folder: Path
) -> None:
    """Import every module of an installed wheel; what fails as plain Python in the same way is only said.

    Args:
        wheel: it is installed in the interpreter's environment.
        config: the project.
        console: shows how many there are, and which cannot be imported in either form.
        environment: the variables.
        python: the interpreter.
        folder: where what is asked and answered goes.

    Raises:
        DifferenceError: a module cannot be imported that plain Python imports, or it does not come from the wheel.
    """
    native = modules_of(wheel, config)
    for name in find_unimportable(config):
        native.pop(name, None)

    def ask(request: Request) -> Mapping[str, Import]:
        return imported(request, python, folder=folder, scratch=folder, environment=environment, isolated=True)

    answers, faults, forgiven = compared([*native], ask)
    faults |= misplaced(answers, native, NATIVE)
    for name, words in forgiven.items():
        console.warn(f"{name}: cannot be imported, as plain Python neither: {words.splitlines()[-1]}")
    if faults:
        raise DifferenceError(
            f"{len(faults)} of {len(native)} modules of the wheel cannot be imported as they should",
            details=[f"{name}: {words.splitlines()[-1]}" for name, words in faults.items()],
            hint="what is compiled and plain Python imports must stay Python: add it to `exclude` in [tool.buildkit];\n"
            "`invoke compile.verify` says what differs",
        )
    whole = len(native) - len(forgiven)
    console.say(f"{whole} modules imported, {sum(native.values())} of the wheel's {len(native)} are extensions")
