"""Ignore files that the builder does not read, and sources that it does not find."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from buildkit.image.advice.finding import Finding
from buildkit.image.advice.scene import Scene
from buildkit.image.ignore.patterns import EXACT, compiled

_NAME = ".dockerignore"


def findings(scene: Scene) -> Iterator[Finding]:
    """Yield what is odd about files."""
    at_top = scene.root / _NAME
    dockerfile = scene.dockerfile or scene.root / "Dockerfile"
    beside = dockerfile.with_name(f"{dockerfile.name}{_NAME}")
    for file in (at_top, beside):
        yield from _unread(scene, file)
    if scene.file == beside and os.path.lexists(at_top):
        words = "is empty, so that all is sent" if not beside.stat().st_size else "is read in its place"
        yield Finding(
            "replaced",
            _NAME,
            f"it is not read for this image: {scene.shown(beside)} {words}",
            proposal="keep one of them",
        )
    elsewhere = dockerfile.parent / _NAME
    if elsewhere != at_top and elsewhere.is_file():
        yield Finding(
            "beside-dockerfile",
            scene.shown(elsewhere),
            "it is not read: the builder looks in the context's own folder",
            proposal=f"move it to {_NAME}, or to {scene.shown(beside)}",
        )
    yield from _hidden(scene)


def _unread(scene: Scene, file: Path) -> Iterator[Finding]:
    if file.is_dir():
        yield Finding("not-a-file", scene.shown(file), "a folder, which the builder passes over without a word")
    elif file.is_symlink() and not file.exists():
        yield Finding(
            "broken-link", scene.shown(file), f"a link to {file.readlink()}, which is not there: there are no rules"
        )


def _hidden(scene: Scene) -> Iterator[Finding]:
    """Find the sources of COPY that rules keep out, or that are nowhere."""
    for source in scene.needs.missing:
        path = source.path or ""
        where = f"{scene.shown(scene.dockerfile) if scene.dockerfile else 'Dockerfile'}:{source.line}"
        if compiled(path).kind == EXACT and os.path.lexists(scene.root / path):
            rule = scene.ignore.explain(path).rule
            yield Finding(
                "hides-source",
                where,
                f'"{source.written}" finds nothing: {scene.origin(rule)} keeps {path} out',
                proposal=f"!{path}",
            )
        else:
            yield Finding("no-source", where, f'"{source.written}" finds nothing: there is no {path}')
    for source in scene.needs.unknown:
        where = f"{scene.shown(scene.dockerfile) if scene.dockerfile else 'Dockerfile'}:{source.line}"
        yield Finding("not-known", where, f'what "{source.word}" takes is not known: "{source.written}"')
