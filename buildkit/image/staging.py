"""The folder that one image build reads beside the project: `.buildkit/image/NAME/`.

It holds the Dockerfile with the image's own last lines, the ignore rules, the lists of packages, the suite itself, and
what the last step of the build stage gathers. Files whose content is the same are not written, and the builder looks at
content alone, so an unchanged part keeps its layers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.core.fingerprint import digest_bytes, key_of
from buildkit.errors import ImageError
from buildkit.image import rules, templates
from buildkit.image.requirements import as_text, tools_text
from buildkit.model import Digest
from buildkit.trees import exact

DOCKERFILE = "Dockerfile"
"""What is built."""

IGNORED = "Dockerfile.dockerignore"
"""The ignore rules, at the place where the builder looks for them first."""

TESTS = "**/tests"
"""The ignore rule that a build for tests does without."""


_MOUNT = b"id=buildkit-"
"""How the names of the suite's cache mounts begin in its Dockerfiles."""


@dataclass(frozen=True, slots=True)
class Own:
    """What a project brings to its image build.

    Args:
        dockerfile: its own Dockerfile; None for the suite's.
        rules: the text of the ignore file that counts for the build.
        data: the folder of its data, relative to it.
        include: files and folders that its settings name.
    """

    dockerfile: bytes | None = None
    rules: str = ""
    data: str = "data"
    include: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contents:
    """What the runtime stage gets of a project.

    Args:
        project: its [project] table.
        source_root: where its packages are, relative to the project's folder.
        packages: their names.
        files: globs of what else it needs, relative to the project's folder.
        settings: the text of the entrypoint's settings.
        tools: packages that compile it, beside those of every project.
    """

    project: Mapping[str, Any]
    source_root: str
    packages: tuple[str, ...]
    files: tuple[str, ...]
    settings: str
    tools: tuple[str, ...] = ()

    def as_json(self) -> str:
        """Return what `buildkit.image.assemble` reads."""
        points = {**self.project.get("entry-points", {})}
        if scripts := self.project.get("scripts"):
            points["console_scripts"] = scripts
        about = {"name": self.project["name"], "version": self.project.get("version", "0"), "entry_points": points}
        wanted = {
            "source_root": self.source_root,
            "packages": list(self.packages),
            "files": sorted(set(self.files)),
            "distribution": about,
        }
        return json.dumps(wanted, indent=2, sort_keys=True) + "\n"


def staged_files(contents: Contents, last_lines: Iterable[str], own: Own) -> dict[str, bytes]:
    """Return the files of the folder: path → content.

    Args:
        contents: what the runtime stage gets.
        last_lines: instructions behind the Dockerfile's: the command, the health check.
        own: what the project says of its context, and its Dockerfile where it has one.
    """
    docker = templates.folder()
    if own.dockerfile is None:
        dockerfile = _joined((docker / "Dockerfile").read_text("utf-8"), *last_lines).encode()
        ignored = rules.joined(suite_rules(), own.rules, own.data, own.include)
    else:
        dockerfile, ignored = own.dockerfile, rules.of_project(own.rules)
    texts = {
        IGNORED: ignored,
        "tools.txt": tools_text(contents.tools),
        "requirements.txt": as_text(contents.project.get("dependencies", ())),
        "contents/contents.json": contents.as_json(),
        "contents/app/buildkit.json": contents.settings,
    }
    return {DOCKERFILE: dockerfile, **{name: text.encode() for name, text in texts.items()}, **_suite()}


def suite_rules() -> str:
    """Return the text of the suite's ignore rules."""
    return (templates.folder() / IGNORED).read_text("utf-8")


def for_tests(staged: Mapping[str, bytes], requirements: Iterable[str], command: Iterable[str]) -> dict[str, bytes]:
    """Return the files that make `staged` build the image for tests too.

    Args:
        staged: what `staged_files` gave.
        requirements: what the tests need beside the service's packages.
        command: what runs them.
    """
    stages = (templates.folder() / "Dockerfile").read_text("utf-8")
    test = (templates.folder() / "test.Dockerfile").read_text("utf-8")
    ignored = staged[IGNORED].decode().splitlines()
    texts = {
        "test.Dockerfile": _joined(stages, test, instruction("CMD", command)),
        "test.Dockerfile.dockerignore": _joined(*(rule for rule in ignored if rule != TESTS)),
        "test-requirements.txt": as_text(requirements),
    }
    return {**staged, **{name: text.encode() for name, text in texts.items()}}


def instruction(name: str, command: Iterable[str]) -> str:
    """Return an instruction with its command as a list, which needs no shell in the image."""
    return f"{name} {json.dumps(list(command), ensure_ascii=False)}"


def write(folder: Path, staged: Mapping[str, bytes], cache: str = "buildkit") -> None:
    """Make `folder` hold exactly `staged`; what is there already is left alone.

    All that lies in it and is not of `staged` is deleted, so it must be a folder that only this makes: no part of its
    path below the project's own folder of the suite may be a link, nor anything in it.

    Args:
        folder: `.buildkit/image/NAME`.
        staged: what `staged_files` gave.
        cache: what the names of the suite's cache mounts begin with. It has no part in what is built, and so none in
            `staged`.

    Raises:
        ImageError: a link leads elsewhere.
    """
    for place in (folder.parent.parent, folder.parent, folder):
        if place.is_symlink():
            raise ImageError(f"{place} is a link to {place.readlink()}", hint="delete it: it must be a folder")
    exact.hold(folder, {name: _with_mounts(name, content, cache) for name, content in staged.items()})


def _with_mounts(name: str, content: bytes, cache: str) -> bytes:
    own = name.endswith(DOCKERFILE) and not name.startswith("suite/")
    return content.replace(_MOUNT, f"id={cache}-".encode()) if own else content


def digests(staged: Mapping[str, bytes]) -> dict[str, Digest]:
    """Return the digest of each file by `build NAME`; the suite counts as one."""
    own = {f"build {name}": digest_bytes(text) for name, text in staged.items() if not name.startswith("suite/")}
    suite = {name: digest_bytes(text) for name, text in staged.items() if name.startswith("suite/")}
    return {**own, "suite buildkit": key_of(suite)}


def _suite() -> dict[str, bytes]:
    modules = sorted(templates.PACKAGE.rglob("*.py"))
    return {f"suite/buildkit/{file.relative_to(templates.PACKAGE).as_posix()}": file.read_bytes() for file in modules}


def _joined(*texts: str) -> str:
    return "".join(f"{text.rstrip()}\n" for text in texts)
