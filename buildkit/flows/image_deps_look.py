"""What `invoke image.deps` rests on: what is declared and installed, and where the project names what."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from buildkit.compile.modules import top_level_packages
from buildkit.config import Config, ImageConfig
from buildkit.dependencies import backend, declared, lockfile
from buildkit.dependencies.needs import BadNeed
from buildkit.errors import ConfigurationError
from buildkit.flows.image_own import relative
from buildkit.flows.migrate import migration_settings
from buildkit.image.usage import import_trace, project, words
from buildkit.image.usage.closure import Share
from buildkit.image.usage.declarations import Declaration, Holds, declarations, of_requirements
from buildkit.image.usage.evidence import Evidence
from buildkit.image.usage.import_memory import Memory
from buildkit.image.usage.inventory import Inventory
from buildkit.image.usage.use import Role, Use
from buildkit.image.usage.verdicts import Verdict

_GATE = "the migration gate"
_OF_GATE = ("alembic", "sqlalchemy", "psycopg", "psycopg-binary", "psycopg-c")
_STARTED = ("Procfile", "Dockerfile", "compose")


@dataclass(frozen=True, slots=True)
class Look:
    """What was found of one image's packages, before anything is decided.

    Args:
        declared: the requirements, with their places.
        inventory: what is installed.
        evidence: where the project names what.
        python: the interpreter whose packages these are.
        starts: whether it is known what is started.
        is_list: whether what is declared is a list of all that is installed, such as a requirements.txt.
    """

    declared: Sequence[Declaration]
    inventory: Inventory
    evidence: Evidence
    python: Path
    starts: bool
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of one image's packages.

    Args:
        look: what it rests on.
        verdicts: by package.
        shares: what goes with each of them.
        missing: packages that are declared and not installed here.
        memory: what the import of those that may go takes.
    """

    look: Look
    verdicts: Mapping[str, Verdict]
    shares: Mapping[str, Share]
    missing: Sequence[str]
    memory: Mapping[str, Memory]


def trace_of(config: Config) -> Path:
    """Return the file that keeps what the tests loaded."""
    return config.work / "usage" / "loaded.json"


def python_of(config: Config, environment: Mapping[str, str]) -> Path:
    """Return the interpreter whose packages are the service's: of the active environment, of `.venv`, or this one."""
    active = environment.get("VIRTUAL_ENV", "")
    places = [*([Path(active)] if active else []), config.service_folder / ".venv", config.root / ".venv"]
    for place in places:
        if (place / "pyvenv.cfg").is_file() and (place / "bin" / "python").exists():
            return place / "bin" / "python"
    return Path(sys.executable)


def looked(config: Config, name: str, inventory: Inventory, python: Path, environment: Mapping[str, str]) -> Look:
    """Return what is found of one image's packages."""
    settings = config.image[name] if name else ImageConfig()
    tables = declared.tables_of(config.service_folder)
    held = _held(config, settings)
    files = [
        file
        for file in project.project_files(config.root, held, config.data.path)
        if not file.path.endswith("pyproject.toml")
    ]
    uses = {file.path: file.uses() if file.is_source else [*words.uses_in_settings(file)] for file in files}
    root = relative(config, config.source)
    while (grown := project.with_imported(held, files, uses, root)) != held:
        held = grown
        files = [replace(file, role=project.role_of(file.path, held)) for file in files]
    own = project.own_modules([file.path for file in files if file.is_source], {"", root.removeprefix(".")})
    found: list[tuple[Use, Role]] = [(use, file.role) for file in files for use in uses[file.path]]
    found += [(use, "runtime") for use in words.of_tables(tables, "pyproject.toml")]
    commands = [*_commands(config)]
    for place, command in commands:
        found += [(use, "runtime") for use in words.of_command(command, place)]
    evidence = Evidence(inventory, own, found)
    if migration_settings(config) is not None and not settings.dockerfile:
        for each in _OF_GATE:
            evidence.add(each, Use(each, "import", _GATE, 0), "runtime")
    for seen in import_trace.kept(trace_of(config)):
        if not Path(seen.by).is_absolute():
            evidence.add_loaded(Use(seen.module, "loaded", seen.by, seen.line), project.role_of(seen.by, held))
    starts = bool(commands) or any(each in file.path for file in files for each in _STARTED)
    given, is_list = _declared(config, settings, tables, environment, inventory.holds)
    return Look(given, inventory, evidence, python, starts, is_list)


def _declared(
    config: Config, settings: ImageConfig, tables: Mapping[str, object], environment: Mapping[str, str], holds: Holds
) -> tuple[list[Declaration], bool]:
    """Return what is declared, and whether that is a list of all that is installed."""
    service = config.service_folder
    file = service / "pyproject.toml"

    def ask() -> Sequence[str]:
        return backend.requirements(service, config.work / "requirements.json", environment)

    asked = ask() if declared.left_to_backend(tables) else ()
    found = declared.read(file, tables, settings.groups, asked)
    try:
        needs = found.chosen(settings.extras)
    except BadNeed as error:
        raise ConfigurationError(f"{file}: {error}", hint="correct image.NAME.extras, or declare it") from None
    lists = [service / each for each in ("requirements.in", "requirements.txt")]
    if needs:
        return declarations(needs, file, reversed(lists), config.root, holds), False
    named = service / settings.lock if settings.lock.endswith((".txt", ".in")) else None
    places = [named] if named is not None else [place for place in lists if place.is_file()]
    if not places or _locked(service, config.root):
        return [], False
    return of_requirements(places[0], config.root, holds), places[0].suffix != ".in"


def _locked(service: Path, root: Path) -> bool:
    """Return whether a lock of a tool that resolves says what is installed."""
    return any(place.name != lockfile.NAMES[-1] for place in lockfile.found(service, root))


def _held(config: Config, settings: ImageConfig) -> project.Held:
    """Return what of the project an image holds; of one with a Dockerfile of its own that may be all."""
    if settings.dockerfile:
        return project.Held([""])
    root = relative(config, config.source)
    packages = [name.partition(".")[0] for name in (*(config.packages or top_level_packages(config)), *_loaded(config))]
    folders = [os.path.normpath(f"{root}/{name}") for name in packages]
    folders += [f"{folder}.py" for folder in folders]
    migrate = migration_settings(config)
    if migrate is not None:
        folders += [relative(config, Path(place)) for place in (migrate.script_location, *migrate.versions)]
    folders += [each.rstrip("/*") for each in settings.include]
    return project.Held(folders)


def _loaded(config: Config) -> Iterator[str]:
    """Yield the modules that commands and stages load, as far as they are words of these."""
    for _, command in _commands(config):
        for word in command:
            top = word.partition(":")[0].partition(".")[0]
            if top.isidentifier() and (config.source / f"{top}.py").is_file():
                yield top


def _commands(config: Config) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield what the settings start, with the setting."""
    for name, image in config.image.items():
        yield f"image.{name}.command", image.command
        if not isinstance(image.health, str):
            yield f"image.{name}.health", image.health
    yield "dev.command", config.dev.command
    yield from ((f"dev.service.{name}.command", each.command) for name, each in config.dev.service.items())
    for stage in config.data.stage:
        yield f"data.stage.{stage.name}", [stage.run] if isinstance(stage.run, str) else stage.run
