"""The folder that one image build reads beside the project: `.buildkit/image/NAME/`.

It holds the Dockerfile with the image's own last lines, the ignore rules, the lists of packages, the suite itself, and
what the last step of the build stage gathers. Files whose content is the same are not written, and the builder looks at
content alone, so an unchanged part keeps its layers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.core.fingerprint import digest_bytes, key_of
from buildkit.doors import files
from buildkit.image import templates
from buildkit.image.requirements import as_text, tools_text
from buildkit.model import Digest

TESTS = "**/tests"
"""The ignore rule that a build for tests does without."""


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


def staged_files(contents: Contents, last_lines: Iterable[str], own_rules: Iterable[str]) -> dict[str, bytes]:
    """Return the files of the folder: path → content.

    Args:
        contents: what the runtime stage gets.
        last_lines: instructions behind the Dockerfile's: the command, the health check.
        own_rules: ignore rules of the project, behind the suite's: a `!` rule wins over them.
    """
    docker = templates.folder()
    dockerfile = (docker / "Dockerfile").read_text("utf-8")
    rules = (docker / "Dockerfile.dockerignore").read_text("utf-8")
    texts = {
        "Dockerfile": _joined(dockerfile, *last_lines),
        "Dockerfile.dockerignore": _joined(rules, *own_rules),
        "tools.txt": tools_text(contents.tools),
        "requirements.txt": as_text(contents.project.get("dependencies", ())),
        "contents/contents.json": contents.as_json(),
        "contents/app/buildkit.json": contents.settings,
    }
    return {**{name: text.encode() for name, text in texts.items()}, **_suite()}


def for_tests(staged: Mapping[str, bytes], requirements: Iterable[str], command: Iterable[str]) -> dict[str, bytes]:
    """Return the files that make `staged` build the image for tests too.

    Args:
        staged: what `staged_files` gave.
        requirements: what the tests need beside the service's packages.
        command: what runs them.
    """
    stages = (templates.folder() / "Dockerfile").read_text("utf-8")
    test = (templates.folder() / "test.Dockerfile").read_text("utf-8")
    rules = staged["Dockerfile.dockerignore"].decode().splitlines()
    texts = {
        "test.Dockerfile": _joined(stages, test, instruction("CMD", command)),
        "test.Dockerfile.dockerignore": _joined(*(rule for rule in rules if rule != TESTS)),
        "test-requirements.txt": as_text(requirements),
    }
    return {**staged, **{name: text.encode() for name, text in texts.items()}}


def instruction(name: str, command: Iterable[str]) -> str:
    """Return an instruction with its command as a list, which needs no shell in the image."""
    return f"{name} {json.dumps(list(command), ensure_ascii=False)}"


def write(folder: Path, staged: Mapping[str, bytes]) -> None:
    """Make `folder` hold exactly `staged`; what is there already is left alone."""
    for name, content in staged.items():
        files.write_if_changed(folder / name, content)
    for place, _, names in os.walk(folder):
        for name in names:
            file = Path(place, name)
            if file.relative_to(folder).as_posix() not in staged:
                files.remove(file)


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
