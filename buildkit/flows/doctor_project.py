"""What `invoke doctor` finds out about a project: what of it will hurt, each with the line that mends it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from buildkit.compile.modules import find_modules
from buildkit.compile.suffix import own_suffix
from buildkit.config import Config
from buildkit.core.sizes import in_words
from buildkit.dependencies import declared, present
from buildkit.dependencies.needs import Need
from buildkit.dev import installing, reloaders
from buildkit.doctor.finding import MISSING, OK, WARNING, Finding
from buildkit.doors import process, reading
from buildkit.errors import BudgetError, BuildkitError, ConfigurationError
from buildkit.flows.migration_settings import migration_settings
from buildkit.image.serving import AUTO, is_server

_MOST_NAMED = 3
_USUAL_HEALTH = "/health"

Check = Callable[[], "list[Finding]"]


def wants_of(config: Config, environment: Mapping[str, str]) -> dict[str, bool]:
    """Return what a project needs of the machine, by the names of `Wants`."""
    compiled = find_modules(config).compiled.values()
    return {
        "compiles": bool(compiled),
        "mypyc": any(each.backend == "mypyc" for each in compiled),
        "migrates": not environment.get(config.migrate.url_env) and migration_settings(config) is not None,
        "images": bool(config.image),
        "watches": bool(config.dev.command or config.dev.service),
    }


def checks(config: Config, environment: Mapping[str, str]) -> list[Check]:
    """Return what is to be looked at; each check can run beside the others."""
    return [
        lambda: _worded(lambda: _python_and_packages(config)),
        lambda: _worded(lambda: list(_reloader(config))),
        lambda: _worded(lambda: list(_health(config))),
        lambda: _worded(lambda: list(_context(config))),
        lambda: _worded(lambda: list(_ignored(config))),
        lambda: _worded(lambda: list(_server(config, environment))),
    ]


def _worded(check: Check) -> list[Finding]:
    """Return the findings of a check; an error of the project's own files is one."""
    try:
        return check()
    except BuildkitError as error:
        return [Finding("project", MISSING, error.message, "this project", code=error.exit_code)]


def _python_and_packages(config: Config) -> list[Finding]:
    file = config.service_folder / "pyproject.toml"
    tables = declared.tables_of(config.service_folder)
    if "project" not in tables and "poetry" not in tables.get("tool", {}):
        return []
    found = []
    project = declared.project_table(file, tables)
    requires = project.get("requires-python", "")
    if isinstance(requires, str) and not present.admits_this_python(requires):
        words = f"it asks for Python {requires}, and another one runs"
        found.append(Finding("requires-python", MISSING, words, "nox -s build, invoke image", code=2))
    if declared.left_to_backend(tables):
        return found
    needs, lacking = _needs_and_lacking(config, tables)
    serves = "invoke dev"
    if not lacking:
        return [*found, Finding("its packages", OK, f"{len(needs)} declared, all installed", serves)]
    named = [f"{each.need}, installed is {each.version}" if each.version else str(each.need) for each in lacking]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    words = f"not installed as declared: {'; '.join(named[:_MOST_NAMED])}{more}"
    return [*found, Finding("its packages", WARNING, words, serves, _installs(config))]


def installs_what_lacks(config: Config) -> str:
    """Return the command that installs what a project declares; empty where this Python has all that is known of it."""
    tables = declared.tables_of(config.service_folder)
    known = "project" in tables or "poetry" in tables.get("tool", {})
    if not known or declared.left_to_backend(tables) or not _needs_and_lacking(config, tables)[1]:
        return ""
    return _installs(config)


def _needs_and_lacking(config: Config, tables: Mapping[str, Any]) -> tuple[tuple[Need, ...], list[present.Unmet]]:
    needs = declared.read(config.service_folder / "pyproject.toml", tables).chosen(())
    return needs, list(present.unmet(needs, present.installed(), present.facts_of_this_python()))


def _installs(config: Config) -> str:
    return shlex.join(installing.command_of(config.service_folder))


def _reloader(config: Config) -> Iterator[Finding]:
    commands = {
        "dev": config.dev.command,
        **{f"dev.service.{at}": its.command for at, its in config.dev.service.items()},
    }
    for name, command in commands.items():
        words = tuple(shlex.split(command) if isinstance(command, str) else command)
        found = reloaders.reloader_of(words)
        if found is not None:
            instead = ", ".join(f'"{word}"' for word in found.instead)
            said = f"[{name}] {found.word} reloads beside invoke dev, which does that itself"
            yield Finding("reloader", WARNING, said, "invoke dev", f"[tool.buildkit.{name}] command = [{instead}]")


def _health(config: Config) -> Iterator[Finding]:
    """Yield the paths of health that no source of the packages has: the container would never be healthy."""
    asked = {
        f"image.{name}.health": _USUAL_HEALTH if its.health == AUTO and is_server(its.command) else its.health
        for name, its in config.image.items()
        if not its.dockerfile
    }
    ready = config.dev.ready
    if isinstance(ready, str) and ready.startswith("http"):
        asked["dev.ready"] = "/" + ready.partition("://")[2].partition("/")[2].partition("?")[0]
    for key, path in asked.items():
        if isinstance(path, str) and path.startswith("/") and path != "/" and not _says(config, path):
            words = f"no source of the packages has the path {path}, which {key} asks"
            mend = f"[tool.buildkit.{key.rpartition('.')[0]}] {key.rpartition('.')[2]} = "
            example = '"http://127.0.0.1:{port}/your/path"' if key == "dev.ready" else '"/your/path"'
            yield Finding("health", WARNING, words, "the container's health check", f"{mend}{example}")


def _says(config: Config, path: str) -> bool:
    """Return whether a source of the packages has the last part of a path: a router may have the rest as its prefix."""
    last = re.compile(rf"[\"']/?{re.escape(path.rstrip('/').rpartition('/')[2])}/?[\"']")
    sources = {each.source for each in find_modules(config).compiled.values()}
    sources |= {str(file.relative_to(config.source)) for file in _inits(config)}
    kept = (name.replace(".", "/") + ".py" for name in find_modules(config).kept)
    for source in (*sources, *kept):
        file = config.source / source
        if reading.is_file(file) and last.search(reading.read_text(file, errors="replace")):
            return True
    return False


def _inits(config: Config) -> Iterator[Path]:
    for package in config.packages or [entry.name for entry in config.source.iterdir() if entry.is_dir()]:
        yield from (config.source / package.replace(".", "/")).rglob("__init__.py")


def _context(config: Config) -> Iterator[Finding]:
    if not config.image:
        return
    from buildkit.flows.image_rules import look  # noqa: PLC0415 - a fifth of the time, for who has images

    for name in config.image:
        size, budget = look(config, name).scene.context.size, config.image[name].context_budget
        if budget and size > budget:
            words = f"{in_words(size)}, the budget is {in_words(budget)}"
            mend = "invoke image.context --write"
            yield Finding(f"context of {name}", MISSING, words, "invoke image", mend, BudgetError.exit_code)
        else:
            yield Finding(f"context of {name}", OK, in_words(size), "invoke image")


def _ignored(config: Config) -> Iterator[Finding]:
    """Yield what git would take though it is made here: extensions, the data, secrets."""
    if shutil.which("git") is None or process.run(["git", "rev-parse", "--git-dir"], folder=config.root).exit_code:
        return
    source = os.path.relpath(config.source, config.root)
    wanted = {f"{source}/made_by_buildkit{own_suffix()}": "*.so"}
    if config.data.stage:
        wanted[f"{config.data.path}/current/x"] = f"{config.data.path}/"
    if (config.root / ".env").exists():
        wanted[".env"] = ".env"
    asked = process.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        folder=config.root,
        stdin="".join(f"{each}\n" for each in wanted),
    )
    ignored = {line.strip('"') for line in asked.stdout.splitlines()}
    lacking = [line for place, line in wanted.items() if place not in ignored]
    if lacking:
        mend = f"printf '%s\\n' {shlex.join(lacking)} >> {shlex.quote(str(config.root / '.gitignore'))}"
        yield Finding("ignored files", WARNING, f"git would take {', '.join(lacking)}", "git add", mend)
    else:
        yield Finding("ignored files", OK, "what is made here is ignored by git", "git add")


def _server(config: Config, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the development server that runs though no loop uses it."""
    if migration_settings(config) is None:
        return
    from buildkit.db import development, users  # noqa: PLC0415 - for who has revisions

    server = development.running(config.root)
    if server is None:
        return
    others = users.others(config.root)
    words = f"runs on port {server.port}, for {', '.join(others) or 'nobody now'}"
    named = environment.get(config.migrate.url_env)
    if others or not named:
        yield Finding("database", OK, words, "invoke dev, invoke migrate")
    else:
        said = f"{words}; {config.migrate.url_env} names another one"
        yield Finding("database", WARNING, said, "invoke dev, invoke migrate", "invoke db.stop")


def unset(error: ConfigurationError) -> Finding:
    """Return the finding for a project whose settings cannot be read, or that has none."""
    details = "; ".join(error.details)
    words = f"{error.message}{': ' if details else ''}{details}"
    is_none = "no [tool.buildkit]" in error.message or "no pyproject.toml" in error.message
    mend = "python -m buildkit init" if is_none else ""
    return Finding("settings", MISSING, words, "every command", mend, ConfigurationError.exit_code)
