"""The project's build backend, asked for the requirements and the version that pyproject.toml leaves to it."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from buildkit.core.fingerprint import digest_bytes, digest_value
from buildkit.doors import files, python, reading
from buildkit.doors.process import Runner, run
from buildkit.errors import ConfigurationError

_QUOTED = re.compile(r"""["']([^"'\n]{1,200})["']|^\s*(?:[\w-]+\s*=\s*)?(?:file:\s*)?([\w./-]+)\s*$""", re.MULTILINE)
_READ = ("pyproject.toml", "setup.py", "setup.cfg", "MANIFEST.in")
_MOST_LINES = 20


def at_hand(service: Path) -> bool:
    """Return whether the backend's requirements are installed beside the suite: it then needs no isolation.

    Raises:
        ConfigurationError: its [build-system] table is not valid.
    """
    from build import BuildException, ProjectBuilder, check_dependency  # noqa: PLC0415 - a tenth of a second

    try:
        requires = ProjectBuilder(service).build_system_requires
    except BuildException as error:
        raise ConfigurationError(str(error), hint="mend its [build-system] table") from None
    return not any(unmet for need in requires for unmet in check_dependency(need))


def requirements(
    service: Path, memory: Path, environment: Mapping[str, str], runner: Runner = run, *, keep: bool = True
) -> Sequence[str]:
    """Return the requirements that the backend gives the project, with the extra of each in its marker.

    It is asked again where a file changed that it is told of: its settings, and the files that they name.

    Args:
        service: the folder of the service's pyproject.toml.
        memory: the file that keeps the answer.
        environment: the variables of the backend.
        runner: runs it.
        keep: whether the answer is kept; a dry run writes nothing.

    Raises:
        ConfigurationError: it failed; gives its last output lines.
    """
    key = _key(service)
    kept = _kept(memory)
    if kept is not None and kept["key"] == key:
        return [str(text) for text in kept["requires"]]
    found = [str(text) for text in _asked(service, environment, runner)["requires"]]
    if keep and not any("@" in text for text in found):  # an address may hold credentials
        files.write_if_changed(memory, json.dumps({"key": key, "requires": found}))
    return found


def version(
    service: Path,
    memory: Path,
    environment: Mapping[str, str],
    revision: str,
    runner: Runner = run,
    *,
    keep: bool = True,
) -> str:
    """Return the version that the backend gives the project; empty where it does not say one.

    It is asked again at another revision, since many read the version from the history, and where a file changed.

    Args:
        service: the folder of the service's pyproject.toml.
        memory: the file that keeps the answer, also that there is none.
        environment: the variables of the backend.
        revision: the commit of the sources.
        runner: runs it.
        keep: whether the answer is kept; a dry run writes nothing.
    """
    key = _key(service, revision)
    kept = _kept(memory)
    if kept is not None and kept["key"] == key:
        return str(kept["version"])
    try:
        found = str(_asked(service, environment, runner)["version"])
    except ConfigurationError:
        found = ""
    if keep:
        files.write_if_changed(memory, json.dumps({"key": key, "requires": [], "version": found}))
    return found


def _key(service: Path, revision: str = "") -> str:
    about: dict[str, object] = {name: digest_bytes(content) for name, content in _inputs(service)}
    return str(digest_value([about, revision] if revision else about))


def _asked(service: Path, environment: Mapping[str, str], runner: Runner) -> Mapping[str, Any]:
    """Return what the backend says.

    Raises:
        ConfigurationError: it failed; gives its last output lines.
    """
    with tempfile.TemporaryDirectory() as scratch:
        answer = Path(scratch) / "answer.json"
        isolation = ["--no-isolation"] if at_hand(service) else []
        command = python.module_command("buildkit.dependencies.ask", str(service), str(answer), *isolation)
        done = runner(command, environment=environment, timeout=None)
        if not done.ok:
            raise ConfigurationError(
                f"{service / 'pyproject.toml'}: the build backend does not say what the project requires",
                details=(done.stdout + done.stderr).strip().splitlines()[-_MOST_LINES:],
                hint="what it said stands above; or write the requirements as `dependencies = [...]`",
            )
        found: Mapping[str, Any] = json.loads(reading.read_text(answer))
        return found


def _inputs(service: Path) -> Iterable[tuple[str, bytes]]:
    """Yield the files that decide what the backend says: those of its settings, and those that these name."""
    named: dict[str, None] = dict.fromkeys(_READ)
    for name in _READ:
        if reading.is_file(service / name):
            text = reading.read_text(service / name, errors="replace")
            named |= dict.fromkeys(quoted or bare for quoted, bare in _QUOTED.findall(text))
    for name in named:
        if name and reading.is_file(service / name):
            yield name, reading.read(service / name)


def _kept(memory: Path) -> Mapping[str, Any] | None:
    try:
        found: Any = json.loads(reading.read_text(memory))
        return {"key": str(found["key"]), "requires": [*found["requires"]], "version": str(found.get("version", ""))}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
