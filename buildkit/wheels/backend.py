"""The PEP 517 backend of the service, which makes the wheel without extensions."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from buildkit.core.untrusted import Odd
from buildkit.dependencies.backend import at_hand
from buildkit.doors import python
from buildkit.doors.process import Completed, Runner, run
from buildkit.errors import ConfigurationError
from buildkit.trees import zipped


def make_wheel(service: Path, folder: Path, environment: Mapping[str, str], runner: Runner = run) -> Path:
    """Have the service's own backend make its wheel in `folder`, which must not hold another.

    Raises:
        ConfigurationError: the backend failed; gives its last output lines.
    """
    isolation = ["--no-isolation"] if at_hand(service) else []
    command = [*python.module_command("build"), "--wheel", *isolation, "--outdir", str(folder), str(service)]
    expect(runner(command, environment=environment), f"{service / 'pyproject.toml'}: the wheel could not be built")
    return next(folder.glob("*.whl"))


def make_wheel_by(
    interpreter: Path, service: Path, folder: Path, environment: Mapping[str, str], runner: Runner = run
) -> Path:
    """Have the service's own backend make its wheel under another Python, as extensions of its own need it.

    The backend and all it requires are installed for that Python, in environments that go with `folder`.

    Args:
        interpreter: the Python.
        service: the folder of the service's pyproject.toml.
        folder: where the wheel goes; it must not hold another.
        environment: the variables of the commands.
        runner: runs them.

    Raises:
        ConfigurationError: the environment could not be made, or the backend failed; gives the last output lines.
    """
    own = folder / "environment"
    # virtualenv comes with nox; it brings pip with it, which the Python itself may lack.
    made = runner(
        python.module_command("virtualenv", "--quiet", "--python", str(interpreter), str(own)),
        environment=environment,
        timeout=None,
    )
    expect(made, f"{interpreter}: no environment could be made for it")
    command = [str(own / "bin" / "python"), "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(folder), str(service)]
    built = runner(command, environment=environment, timeout=None)
    expect(built, f"{service / 'pyproject.toml'}: the wheel could not be built by {interpreter}")
    return next(folder.glob("*.whl"))


def unpack(wheel: Path, folder: Path, environment: Mapping[str, str], runner: Runner = run) -> Path:
    """Unpack `wheel` under `folder` and return the folder with its contents.

    Raises:
        ConfigurationError: the file is no wheel, a path in it leads out of the folder, or the tool failed.
    """
    try:
        zipped.names_of(wheel)
    except (Odd, zipfile.BadZipFile) as error:
        raise ConfigurationError(
            f"{wheel.name}: {error}", hint="see to it that the service's backend writes a wheel that installs"
        ) from None
    command = [*python.module_command("wheel"), "unpack", "--dest", str(folder), str(wheel)]
    expect(runner(command, environment=environment), f"{wheel.name}: cannot be unpacked")
    return next(path for path in folder.iterdir() if path.is_dir())


def pack(tree: Path, folder: Path, environment: Mapping[str, str], runner: Runner = run) -> Path:
    """Pack `tree` as the wheel that its WHEEL file describes, with a new RECORD, and return it.

    Names are sorted and every file gets the time SOURCE_DATE_EPOCH of `environment`, so equal trees give equal bytes.
    """
    folder.mkdir(parents=True)
    command = [*python.module_command("wheel"), "pack", "--dest-dir", str(folder), str(tree)]
    expect(runner(command, environment=environment), f"{tree.name}: cannot be packed")
    return next(folder.glob("*.whl"))


def expect(answer: Completed, failure: str) -> None:
    """Raise a `ConfigurationError` with the last output lines of a command that failed."""
    if not answer.ok:
        words = (answer.stdout + answer.stderr).strip().splitlines()[-20:]
        raise ConfigurationError(failure, hint="what the tool said stands above", details=words)
