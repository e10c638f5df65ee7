"""The folder that one image build reads beside the project: `.buildkit/image/NAME/`.

It holds the Dockerfile with the image's own last lines, the ignore rules, the lists of packages, the suite itself, and
the instructions for the last step of the build stage. The builder compares only content, so an unchanged part keeps its
layers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.core.fingerprint import digest_bytes, key_of
from buildkit.dependencies.installation import CHECKOUT, NOTHING, Files, mounted
from buildkit.errors import ImageError
from buildkit.image import assets, driver, rules, slimming, system_packages, templates
from buildkit.image.requirements import as_text, tools_text
from buildkit.model import Digest
from buildkit.trees import exact

DOCKERFILE = "Dockerfile"
"""The Dockerfile that is built."""

IGNORED = "Dockerfile.dockerignore"
"""The ignore rules, at the place where the builder looks for them first."""

TESTS = "**/tests"
"""The ignore rule that is left out of a build for tests."""


_FOLDERS = "# A package of the lock that lies in the checkout is built here, from its folder alone.\n"
"""The line of the Dockerfile behind which that is written."""

_BUILD_PACKAGES = "# What `build-packages` names is installed here, by apt or apk.\n"
_SYSTEM_PACKAGES = "# What `system-packages` names is installed here, by apt or apk.\n"
"""The lines of the Dockerfiles behind which that is written."""

_SLIM = (
    "# What `slim` names is taken from the packages here, in a stage of its own: the service is compiled with all.\n"
)
_ASSETS = "# What `assets` name runs here, each command in a stage of its own.\n"
_RESULTS = "# What `assets` made is laid over it.\n"
_DRIVER = "# The migration gate gets a driver here, where the service has none that it could take.\n"

_INSTALL = r"""COPY --from=buildkit folders.txt /requirements/
RUN --mount=type=cache,id=buildkit-pip-${PYTHON_BUILD}-${TARGETARCH},target=/cache/pip \
    --mount=type=secret,id=ca --mount=type=secret,id=pip.conf --mount=type=secret,id=netrc \
MOUNTS    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca SSL_CERT_FILE=/run/secrets/ca; fi \
    && if [ -s /run/secrets/pip.conf ]; then export PIP_CONFIG_FILE=/run/secrets/pip.conf; fi \
    && if [ -s /run/secrets/netrc ]; then export NETRC=/run/secrets/netrc; fi \
    && python3 -m pip --python /opt/venv/bin/python install --no-compile --no-deps \
        --requirement /requirements/folders.txt \
    && { /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib || true; } \
    && find /opt -exec touch -h -d @315532800 {} +
"""

_OWN_LINES = "# The image's own lines."
"""The line between the stages and what one image adds to the last of them."""

_MOUNT = b"id=buildkit-"
"""The beginning of the names of the suite's cache mounts in its Dockerfiles."""


@dataclass(frozen=True, slots=True)
class Own:
    """The project's own part of its image build.

    Args:
        dockerfile: its own Dockerfile; None for the suite's.
        rules: the text of its ignore file.
        data: the data's folder, relative to the project.
        include: files and folders that its settings name.
    """

    dockerfile: bytes | None = None
    rules: str = ""
    data: str = "data"
    include: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of the runtime stage.

    Args:
        project: the [project] table of its pyproject.toml.
        source_root: the folder with its packages, relative to the project's folder.
        packages: the names of the packages.
        files: globs of other files that it needs, relative to the project's folder.
        settings: the text of the entrypoint's settings.
        installed: what pip installs.
        tools: packages that it needs to be compiled, besides those of every project.
        system: packages of the system that the service needs when it runs.
        build: packages of the system that the build needs.
        writable: folders that the service may write, as absolute paths in the image.
        assets: commands that make files before the project is compiled.
        slim: rules by which something is taken from the packages.
        migrates: whether the service has the migration gate, which needs a driver.
    """

    project: Mapping[str, Any]
    source_root: str
    packages: tuple[str, ...]
    files: tuple[str, ...]
    settings: str
    installed: Files = NOTHING
    tools: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    build: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    migrates: bool = False
    assets: tuple[assets.Asset, ...] = ()
    slim: tuple[str, ...] = ()

    def as_json(self) -> str:
        """Return the JSON text that `buildkit.image.assemble` reads."""
        points = {**self.project.get("entry-points", {})}
        if scripts := self.project.get("scripts"):
            points["console_scripts"] = scripts
        about = {"name": self.project["name"], "version": self.project.get("version", "0"), "entry_points": points}
        wanted = {
            "source_root": self.source_root,
            "packages": list(self.packages),
            "files": sorted(set(self.files)),
            "writable": sorted(set(self.writable)),
            "distribution": about,
        }
        return json.dumps(wanted, indent=2, sort_keys=True) + "\n"


def staged_files(
    contents: Contents, last_lines: Iterable[str], own: Own, rooms: Sequence[str] = ()
) -> dict[str, bytes]:
    """Return the files of the folder: path → content.

    Args:
        contents: the contents of the runtime stage.
        last_lines: instructions to append to the Dockerfile: the command, the health check.
        own: the project's own ignore rules and included files, and its Dockerfile if it has one.
        rooms: the files and rooms of the suite that are handed in, where nothing else of it is needed; all if empty.
    """
    if own.dockerfile is None:
        dockerfile = _joined(_stages(contents), _OWN_LINES, *last_lines).encode()
        ignored = rules.joined(suite_rules(), own.rules, own.data, own.include)
    else:
        dockerfile, ignored = own.dockerfile, rules.of_project(own.rules)
    texts = {
        IGNORED: ignored,
        **({} if rooms else {"tools.txt": tools_text(contents.tools)}),
        "requirements.txt": contents.installed.requirements,
        "unhashed.txt": contents.installed.unhashed,
        "constraints.txt": contents.installed.constraints,
        "folders.txt": contents.installed.folders,
        "options.txt": contents.installed.options,
        "contents/contents.json": contents.as_json(),
        "contents/app/buildkit.json": contents.settings,
        **slimming.files(contents.slim),
    }
    return {DOCKERFILE: dockerfile, **{name: text.encode() for name, text in texts.items()}, **_suite(rooms)}


def own_files(dockerfile: bytes, own: Own) -> dict[str, bytes]:
    """Return the files of the folder for a project's own Dockerfile that takes nothing of the suite."""
    return {DOCKERFILE: dockerfile, IGNORED: rules.of_project(own.rules).encode()}


def _stages(contents: Contents) -> str:
    """Return the text of the Dockerfile's stages.

    They build packages from folders of the checkout too, and install packages of the system, where there are such.
    """
    text = (templates.folder() / "Dockerfile").read_text("utf-8")
    folders = mounted(contents.installed.folders)
    mounts = [f"    --mount=type=bind,source={each},target={CHECKOUT}/{each},rw \\\n" for each in folders]
    behind = {
        _FOLDERS: _INSTALL.replace("MOUNTS", "".join(mounts)) if mounts else "",
        _SLIM: slimming.stage(contents.slim),
        _ASSETS: assets.stages(contents.assets),
        _RESULTS: assets.results(contents.assets),
        _DRIVER: driver.instructions(contents.system) if contents.migrates else "",
        _BUILD_PACKAGES: system_packages.instructions(contents.build, "PYTHON_BUILD"),
        _SYSTEM_PACKAGES: system_packages.instructions(contents.system, "PYTHON_SLIM"),
    }
    for line, written in behind.items():
        text = text.replace(line, f"{line}{written}")
    return text.replace(slimming.PACKAGES, slimming.PACKAGES_SLIMMED) if contents.slim else text


def suite_rules() -> str:
    """Return the text of the suite's ignore rules."""
    return (templates.folder() / IGNORED).read_text("utf-8")


def for_tests(
    staged: Mapping[str, bytes], requirements: Iterable[str], command: Iterable[str], system: Iterable[str] = ()
) -> dict[str, bytes]:
    """Return the files that make `staged` build the image for tests too.

    Args:
        staged: the result of `staged_files`.
        requirements: the packages that the tests need besides the service's.
        command: the command that runs them.
        system: packages of the system that the service needs.
    """
    stages = staged[DOCKERFILE].decode().partition(_OWN_LINES)[0]
    installed = system_packages.instructions(system, "PYTHON_BUILD")
    test = (templates.folder() / "test.Dockerfile").read_text("utf-8")
    test = test.replace(_SYSTEM_PACKAGES, f"{_SYSTEM_PACKAGES}{installed}")
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
    """Make `folder` hold exactly `staged`; files that already have the right content are not rewritten.

    Everything else in it is deleted, so only this function may write to the folder: neither a part of its path inside
    the suite's folder of the project nor anything in it may be a link.

    Args:
        folder: `.buildkit/image/NAME`.
        staged: what `staged_files` gave.
        cache: the beginning of the names of the suite's cache mounts. It does not affect the image, so `staged` does
            not contain it.

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


def _suite(rooms: Sequence[str] = ()) -> dict[str, bytes]:
    tops = [templates.PACKAGE / name for name in rooms] or [templates.PACKAGE]
    every = (file for top in tops for file in ([top] if top.is_file() else top.rglob("*")))
    found = sorted(file for file in every if file.suffix in (".py", ".c", ".h"))
    return {f"suite/buildkit/{file.relative_to(templates.PACKAGE).as_posix()}": file.read_bytes() for file in found}


def _joined(*texts: str) -> str:
    return "".join(f"{text.rstrip()}\n" for text in texts)
