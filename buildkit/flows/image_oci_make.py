"""Makes an image without an engine: fetches wheels, compiles, writes layers, and names the image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from buildkit.compile.modules import find_modules
from buildkit.config import Config
from buildkit.dependencies.installation import NOTHING
from buildkit.doors import reading
from buildkit.errors import ToolchainError
from buildkit.flows.compile import compile_modules
from buildkit.flows.image_packages import Packages
from buildkit.flows.wheel import release
from buildkit.image import staging
from buildkit.image.oci import driver, fetching, grouping, interpreters, runtime, service, venv, wheel, writing
from buildkit.image.oci.base import Base, kept_by
from buildkit.image.oci.bytecode import Bytecode
from buildkit.image.oci.fetching import Access
from buildkit.image.oci.grouping import Distribution, Group
from buildkit.image.oci.layer import with_folders
from buildkit.image.oci.layout import Descriptor, Layout
from buildkit.image.oci.nodes import Node, Tree
from buildkit.image.oci.target import Target, target_of
from buildkit.image.oci.wheel import Wheel
from buildkit.image.secrets import LOCKED
from buildkit.report.console import Console

if TYPE_CHECKING:
    from buildkit.flows.image_oci import Inputs

_PIP_CONF = "pip.conf"
_NETRC = "netrc"
_ENV = "env:"
_MOST_SECRET = 1 << 20
SIZE, LAYERS = "buildkit.size", "buildkit.layers"
"""Annotations in the index of the layout: bytes of an image, and how many layers it has."""


class Maker:
    """Makes one image.

    Args:
        config: the project.
        console: shows progress.
        environment: the variables of pip and of the compilers.
        name: the image.
        layout: where it goes.
        inputs: what it is made from.
    """

    def __init__(
        self,
        config: Config,
        console: Console,
        environment: Mapping[str, str],
        name: str,
        layout: Layout,
        inputs: Inputs,
    ) -> None:
        self._config = config
        self._console = console
        self._environment = environment
        self._name = name
        self._layout = layout
        self._inputs = inputs
        self._wheels: list[Wheel] = []

    def make(self, migrates: bool) -> tuple[Descriptor, int]:
        """Make the image; return its manifest or index, and how many layers were written.

        Args:
            migrates: whether the service has the migration gate, which needs a driver.

        Raises:
            ImageError: a package or the base does not fit.
            CompileError: a module did not compile.
            ToolchainError: there is nothing here that compiles for the image.
        """
        images, made, sizes, layers = [], 0, 0, 0
        for architecture, base in self._inputs.bases.items():
            image, written, size, count = self._of_processor(base, self._inputs.packages[architecture], migrates)
            images.append(image)
            made, sizes, layers = made + written, max(sizes, size), max(layers, count)
        found = images[0] if len(images) == 1 else writing.write_index(self._layout, images, self._annotations(None))
        about = {"annotations": {SIZE: str(sizes), LAYERS: str(layers)}}
        row = Descriptor(found.media_type, found.digest, found.size, {**found.more, **about})
        tags = self._inputs.request.tags
        former = [name for name in self._layout.known() if name.rpartition(":")[0] == tags[0].rpartition(":")[0]]
        self._layout.name(dict.fromkeys(tags, row), [name for name in former if name not in tags])
        self._layout.sweep(kept_by(self._layout))
        fetching.sweep(self._folder, self._wheels)
        return row, made

    @property
    def _folder(self) -> Path:
        return self._layout.folder / "wheels"

    def _of_processor(self, base: Base, packages: Packages, migrates: bool) -> tuple[Descriptor, int, int, int]:
        target = target_of(base)
        access = self._access()
        wheels = fetching.wheels(packages.files, target, self._folder, access, self._environment, packages.lock)
        extra = fetching.wheels(
            driver.missing(wheels, target) if migrates else NOTHING,
            target,
            self._folder,
            access,
            self._environment,
            "",
        )
        self._wheels += [*wheels, *extra]
        python = interpreters.find(target, self._environment)
        if python is None:
            self._console.warn(
                f"image {self._name}: no Python {target.python} here, so the image gets no bytecode and starts slower"
            )
        scratch = self._config.work / "scratch" / "bytecode"
        bytecode = Bytecode(target, python and python[0], scratch, self._environment)
        groups = self._groups(base, target, wheels, extra, bytecode, python)
        folders = writing.above([group.tree for group in groups])

        def around(tree: Tree) -> Tree:
            return with_folders(tree, lambda path: base.ground.folder(path) or folders.get(path))

        layers, made = writing.write_layers(self._layout, groups, bytecode.make, around)
        request = self._inputs.request
        config = runtime.configured(
            self._inputs.staged[staging.DOCKERFILE].decode(),
            request.arguments,
            base.configuration.get("config") or {},
            request.labels,
        )
        image, _ = writing.write_image(self._layout, base, layers, config, self._annotations(base), request.time)
        size = base.ground.size + sum(each.unpacked for _, each in layers)
        return image, made, size, len(base.layers) + len(layers)

    def _annotations(self, base: Base | None) -> dict[str, str]:
        known = dict(self._inputs.request.labels)
        if base is not None:
            known["org.opencontainers.image.base.digest"] = base.digest
            if not base.name.startswith("oci:"):
                known["org.opencontainers.image.base.name"] = base.name
        return known

    # ------------------------------------------------------------------ the files

    def _groups(
        self,
        base: Base,
        target: Target,
        wheels: Sequence[Wheel],
        extra: Sequence[Wheel],
        bytecode: Bytecode,
        python: tuple[Path, str] | None,
    ) -> list[Group]:
        staged = self._inputs.staged
        context = service.files_of(self._inputs.context)
        extensions = self._extensions(target, python)
        places = {**context, **extensions}
        tree = service.project(staged, context, extensions, self._inputs.cache)
        writable = service.writable(staged, self._config.data.mount, base.ground)
        own = service.owned(tree | bytecode.beside(tree), writable)
        suite = service.suite(staged)

        def size(path: str) -> int:
            place = places.get(path.removeprefix(f"{service.PROJECT}/"))
            return place.stat().st_size if place is not None and path.endswith((".py", ".so")) else 0

        of_service = grouping.of_service(own, size)
        before = [Group("Python environment", venv.environment(target))]
        if extra:
            found = self._installed(extra, target, bytecode, driver.DRIVER, ".")
            files: dict[str, Node] = {path: node for each in found for path, node in each.tree.items()}
            before.append(Group("driver of the migration gate", files | driver.last_on_path(target)))
        behind = [Group("runtime of the suite", suite | bytecode.beside(suite)), *of_service]
        room = grouping.MOST_LAYERS - len(base.layers) - len(before) - len(behind)
        found = self._installed(wheels, target, bytecode)
        several = grouping.twice(found)
        for path, names in several.items():
            self._console.warn(
                f"image {self._name}: {' and '.join(names)} both bring /{path}; that of {names[-1]} is taken"
            )
        layers, merged = grouping.of_distributions(grouping.without_twice(found, several), room)
        if merged:
            self._console.say(
                f"image {self._name}: an image has at most {grouping.MOST_LAYERS} layers, so these share some: "
                f"{', '.join(merged)}"
            )
        return [*before, *layers, *behind]

    def _installed(
        self, wheels: Sequence[Wheel], target: Target, bytecode: Bytecode, top: str = wheel.VENV, site: str = ""
    ) -> list[Distribution]:
        found = []
        for each in wheels:
            tree = wheel.installed(each, target, top, site)
            library = {path: node for path, node in tree.items() if f"{top}/bin/" not in path}
            whole = tree | bytecode.beside(library)
            found.append(Distribution(each.name, each.version, each.place.stat().st_size, whole))
        return found

    def _extensions(self, target: Target, python: tuple[Path, str] | None) -> dict[str, Path]:
        """Return the service's extensions by the names that they have beside their sources."""
        config = release(self._config)
        if not find_modules(config).compiled:
            return {}
        if not target.is_of_this_machine:
            raise ToolchainError(
                f"image {self._name}: its modules are compiled, and only for this machine can that be done here; the "
                f"base is for {target.machine} with {target.libc}",
                hint="build it on such a machine, by a buildx builder that has one, or let the modules stay Python:\n"
                '[tool.buildkit] backend = "none"',
            )
        if python is None or python[1] != target.suffix:
            raise ToolchainError(
                f"image {self._name}: there is no Python {target.python} here to compile for, which the base has",
                hint=f"install Python {target.python} with its headers, or name a base with this one: "
                "engine.python-slim",
            )
        folder = self._config.work / "image" / f"extensions-{target.tag}-{target.libc}"
        environment = {key: text for key, text in self._environment.items() if key != "PYBUILDKIT_COMPILE"}
        compile_modules(config, self._console, environment, python=python[0], output=folder)
        made = sorted(folder.rglob(f"*{target.suffix}"))
        root = self._inputs.request.arguments["SOURCE_ROOT"]
        inside = "" if root == "." else f"{root}/"
        found = {f"{inside}{place.relative_to(folder).as_posix()}": place for place in made}
        interpreters.require_runs_in(found, target, reading.read)
        return found

    def _access(self) -> Access:
        given = self._inputs.request.given

        def text(name: str) -> str:
            place = given.secrets.get(name, "")
            if place.startswith(_ENV):
                variable = place.removeprefix(_ENV)
                return given.made.get(variable) or self._environment.get(variable, "")
            return reading.read_text(place, most=_MOST_SECRET) if place else ""

        given.require(self._environment)
        bundle = self._inputs.request.ca_bundle
        identity = given.arguments.get("PACKAGE_INDEX", "")
        return Access(text(LOCKED) or text(_PIP_CONF), text(_NETRC), bundle, identity)
