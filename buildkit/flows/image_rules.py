"""The rules of an image's context: looked at, and written anew where that takes nothing from any image."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from buildkit.config import Config
from buildkit.core.untrusted import shown
from buildkit.doors import files, originals, reading
from buildkit.errors import ImageError
from buildkit.flows.image_own import arguments_of, own_of
from buildkit.image import dockerfile, rules, staging, templates
from buildkit.image.advice.finding import Finding
from buildkit.image.advice.proposal import findings, guarded, settled
from buildkit.image.advice.scene import Scene, within
from buildkit.image.context import ignore_file, ignore_text
from buildkit.image.sources import sources

_IGNORED = ".dockerignore"


@dataclass(frozen=True, slots=True)
class Seen:
    """One image, looked at."""

    name: str
    scene: Scene
    found: tuple[Finding, ...]
    target: Path


def look(config: Config, name: str) -> Seen:
    """Return one image with what is wrong with its rules.

    Raises:
        ConfigurationError: its Dockerfile is not there, or the builder would refuse a rule.
        ImageError: a folder of its context, or its ignore file, cannot be read.
    """
    scene = _scene(config, name)
    place = scene.file or config.root / _IGNORED
    return Seen(name, scene, tuple(findings(scene)), place)


def _scene(config: Config, name: str) -> Scene:
    """Return what is sent for one image, and what takes it; nothing is looked at yet."""
    own = own_of(config, name)
    place = config.root / staging.DOCKERFILE if own is None else own.place
    if own is None:
        text = (templates.folder() / staging.DOCKERFILE).read_text("utf-8")
        given = {**arguments_of(config), **{key: str(value) for key, value in config.engine.build_args.items()}}
        wanted = sources(dockerfile.read(text), given)
    else:
        wanted = own.sources
    return Scene(
        root=config.root,
        dockerfile=None if own is None else own.place,
        file=ignore_file(config.root, place),
        lines=_lines(config, name, ignore_text(config.root, place)),
        sources=wanted,
    )


def _lines(config: Config, name: str, text: str) -> list[rules.Line]:
    """Return the lines of the rules of one image, if the project's own file has this text."""
    if config.image[name].dockerfile:
        return rules.lines_of_project(text)
    data = os.path.relpath(config.root / config.data.path, config.root)
    return rules.lines_of_suite(staging.suite_rules(), text, data, config.image[name].include)


def write_proposed(config: Config, seen: Iterable[Seen], wanted: Sequence[str], *, dry_run: bool) -> list[str]:
    """Write the proposed ignore file of each group of images that share one; return what was done.

    A change is made if it takes nothing from any image of the project that the file counts for. What they get is looked
    at anew under the new rules before anything is written.

    Raises:
        ImageError: an image would get something else.
    """
    groups: dict[Path, list[Seen]] = {}
    for each in seen:
        groups.setdefault(each.target, []).append(each)
    said = []
    for target, group in groups.items():
        if not any(each.name in wanted for each in group):
            continue
        text = _text(target)
        name = group[0].scene.shown(target)

        def found_under(text: str, group: Sequence[Seen] = group) -> list[Finding]:
            return _agreed([_under(config, each, text) for each in group], wanted)

        new = settled(text, found_under, f"/{rules.escaped(name)}.original*" if text else "")
        if new == text:
            continue
        for each in group:
            _require_same(config, each, new)
        place = target.resolve()
        if not place.is_relative_to(config.root.resolve()):
            raise ImageError(
                f"{name} is a link to {place}, outside of the project", hint="make it a file of the project"
            )
        if dry_run:
            said.append(f"{name} would be written")
            continue
        kept = originals.keep(target)
        said.append(f"{name} is written{f', the former one is kept as {kept}' if kept else ''}")
        files.write(place, new.encode("utf-8", "surrogateescape"), mode=0o644)
    return said


def _under(config: Config, seen: Seen, text: str) -> Seen:
    """Return an image as it would be if the project's ignore file had this text."""
    scene = replace(seen.scene, lines=_lines(config, seen.name, text))
    return replace(seen, scene=scene, found=tuple(findings(scene)))


def _text(file: Path) -> str:
    """Return the text of an ignore file; empty if there is none."""
    if not file.is_file():
        return ""
    return reading.read_text(file, errors="surrogateescape").removeprefix("\ufeff")


def _agreed(group: Sequence[Seen], wanted: Sequence[str]) -> list[Finding]:
    """Return the findings of the images asked for; held where a change takes something from another image."""
    found: dict[tuple[object, ...], Finding] = {}
    for each in group:
        if each.name not in wanted:
            continue
        for finding in each.found:
            roots = frozenset(finding.paths)
            others = (other for other in group if other is not each)
            holder = next((other.name for other in others if roots and _takes(other, roots, finding)), "")
            held = finding._replace(held_by=f"image {holder} takes it") if holder else finding
            found.setdefault(finding.changes or (finding.code, finding.place), held)
    return list(found.values())


def _takes(other: Seen, roots: frozenset[str], finding: Finding) -> bool:
    if other.scene.needs.unknown:
        return True
    paths = other.scene.named if finding.made_again else [entry.path for entry in other.scene.needs.entries]
    return any(within(path, roots) for path in paths)


def _require_same(config: Config, seen: Seen, text: str) -> None:
    """Check under the new rules that an image gets all that it got, but for what tools make again."""
    after = replace(seen.scene, lines=_lines(config, seen.name, text))
    keeps = {entry.path for entry in guarded(seen.scene, seen.found)}
    now = {entry.path for entry in after.needs.entries}  # with folders: some are there for what is in them alone
    before = {entry.path for entry in seen.scene.needs.entries}
    wrong = sorted((keeps - now) | (now - before))
    if wrong:
        raise ImageError(
            f"the proposed rules would change what image {seen.name} gets, so nothing was written: {shown(wrong[0])}",
            details=[shown(path) for path in wrong[1:10]],
            hint="here the rules depend on each other; make the changes that are named one by one by hand",
        )
