"""What only makes sense of several settings together, or with what is on the disk: folders, packages, stages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from buildkit.config import folders
from buildkit.config.messages import nearest
from buildkit.config.releasing import ReleaseConfig
from buildkit.config.running import MAIN_SERVICE, DevConfig
from buildkit.config.settings import Config, StageConfig
from buildkit.doors import reading


def problems(config: Config, environment: Mapping[str, str]) -> list[str]:
    """Return what is wrong with settings of which each is well by itself.

    Args:
        config: the settings.
        environment: the variables.
    """
    found = [*folders.problems(config, environment)]
    if not reading.is_folder(config.source):
        found.append(f'source-root: there is no folder "{config.source_root}"')
    elif "\n" in str(config.source):
        found.append("source-root: no line break in its path, as compilers list the headers that they read by lines")
    elif config.packages:
        there = _packages(config.source)
        found += [
            f'packages: there is no package or module "{name}" under {config.source_root}/{nearest(name, there)}'
            for name in config.packages
            if not any((config.source / f"{name.replace('.', '/')}{ending}").exists() for ending in ("", ".py", ".pyx"))
        ]
    is_own = config.service_folder.resolve() == config.root  # which is being read, or is about to be written
    if not is_own and not reading.is_file(config.service_folder / "pyproject.toml"):
        found.append(f'project: there is no "{config.project}/pyproject.toml"')
    if config.store.remote:
        found.append("store.remote: remote stores are not part of this version")
    names = [stage.name for stage in config.data.stage]
    for at, stage in enumerate(config.data.stage):
        label = stage.name or f"number {at + 1}"
        if not stage.name or names.index(stage.name) != at:
            found.append(f"data.stage {label}: every stage needs a name of its own")
        if not stage.run or not stage.outputs:
            found.append(f"data.stage {label}: needs `run` and `outputs`")
        found += [
            f'data.stage {label}: input "{name}": no such stage before it{nearest(name[6:], names[:at])}'
            for name in stage.inputs
            if name.startswith("stage:") and name[6:] not in names[:at]
        ]
        found += [f"data.stage {label}: {words}" for words in _of_pieces(stage, config.data.stage[:at])]
    includes = {
        "": config.compile.include,
        **{f".module.{at}": its.include for at, its in config.compile.module.items()},
    }
    found += [
        f'compile{at}.include: there is no folder "{folder}"'
        for at, folders in includes.items()
        for folder in folders
        if not folder.startswith("package:") and not reading.is_folder(config.root / folder)
    ]
    found += [
        f'compile.module.{at}.sources: there is no file "{path}" in {config.root}{_of_pattern(path)}'
        for at, its in config.compile.module.items()
        for path in its.sources
        if not reading.is_file(config.root / path)
    ]
    return [*found, *_of_services(config.dev), *_of_release(config)]


def _of_pattern(path: str) -> str:
    """Return what is said of a path that is meant as a pattern; empty where it is none."""
    return "; name each file, since patterns are not followed here" if any(sign in path for sign in "*?[") else ""


def _of_release(config: Config) -> Iterator[str]:
    """Yield what is wrong with the services that are released, and with the environment that they go to."""
    release = config.release
    for name, service in release.service.items():
        if not service.image or not service.target:
            yield f"release.service.{name}: needs `image` and `target`"
        elif service.image not in config.image:
            near = nearest(service.image, config.image)
            yield f'release.service.{name}.image: there is no image "{service.image}"{near}'
    known = {*release.environments, ReleaseConfig().environment}
    if release.environments and release.environment not in known:
        near = nearest(release.environment, known)
        yield f"release.environment: there is no table release.environments.{release.environment}{near}"
    if not release.environments and release.environment != ReleaseConfig().environment:
        yield (
            f'release.environment: "{release.environment}" needs a table: '
            f"[tool.buildkit.release.environments.{release.environment}]"
        )


def _of_services(dev: DevConfig) -> Iterator[str]:
    """Yield what is wrong with the order in which services start."""
    names = [*dev.service, *([MAIN_SERVICE] if dev.command else [])]
    if MAIN_SERVICE in dev.service and dev.command:
        yield f"dev.service.{MAIN_SERVICE}: that is what `dev.command` is called; choose another name"
    waits: dict[str, set[str]] = {name: set(its.after) for name, its in dev.service.items()}
    for name, its in dev.service.items():
        if not its.command:
            yield f"dev.service.{name}: needs a `command`"
        yield from (
            f'dev.service.{name}.after: there is no service "{other}"{nearest(other, names)}'
            for other in its.after
            if other not in names
        )
    free = {MAIN_SERVICE}
    while ready := {name for name in waits if name not in free and waits[name] <= free}:
        free |= ready
    if not any(other not in names for its in dev.service.values() for other in its.after):
        yield from (f"dev.service.{name}.after: it would wait for itself" for name in waits if name not in free)


def _of_pieces(stage: StageConfig, before: Sequence[StageConfig]) -> Iterator[str]:
    """Yield what is wrong with `each` and `combine` of a stage, given the stages before it."""
    names = [other.name for other in before]
    scheme, _, rest = stage.each.partition(":")
    name = rest.partition("/")[0]
    if scheme == "stage" and name not in names:
        yield f'each "{stage.each}": no such stage before it{nearest(name, names)}'
    if scheme == "env":
        yield f'each "{stage.each}": a variable has no pieces; name it in `inputs`'
    for name in stage.combine:
        other = next((other for other in before if other.name == name), None)
        if other is None:
            near = nearest(name, [each.name for each in before if each.each])
            yield f'combine "{name}": no such stage before it{near}'
        elif not other.each:
            yield f'combine "{name}": it is not in pieces; write "stage:{name}" in `inputs`, or give it `each`'


def _packages(source: Path) -> list[str]:
    return sorted(entry.stem for entry in source.iterdir() if entry.is_dir() or entry.suffix in {".py", ".pyx"})
