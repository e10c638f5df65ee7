"""`invoke image.pack` and `image.unpack`: the compile store of a builder, to and from one file."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from buildkit.config import Config
from buildkit.core.sizes import in_words
from buildkit.doors import files, reading
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ConfigurationError, StoreError
from buildkit.flows.image import chosen
from buildkit.flows.image_inputs import cache_mount_prefix, request_of, staged_of
from buildkit.flows.image_oci import builder_of
from buildkit.flows.image_packages import packages_of
from buildkit.image import checkout, engine, staging
from buildkit.image.build import build
from buildkit.image.routes import OCI
from buildkit.image.store_carry import ARCHIVE, CARRIED, PACKED, UNPACKED, stages
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console

SCHEMA = "buildkit.image-store/1"


def pack(config: Config, console: Console, environment: Mapping[str, str], *, file: Path, name: str = "") -> Report:
    """Write what the builder has compiled for this project to one archive.

    Args:
        config: the project.
        console: says what is done.
        environment: the variables of the docker client.
        file: the archive that is written.
        name: the image whose base it is compiled with; the only one if empty.

    Raises:
        ConfigurationError: an image that is not built by an engine with the suite's Dockerfile.
        ImageError: the builder failed.
    """
    watch = Stopwatch()
    carry = _Carry(config, environment, name)
    with tempfile.TemporaryDirectory(prefix="buildkit-store-") as folder:
        console.say(f"packing the store of the builder for image {carry.name}")
        carry.run(PACKED, f"type=local,dest={folder}", {})
        packed = Path(folder, ARCHIVE)
        try:
            files.copy(packed, file)
        except OSError as error:
            raise StoreError(f"{file}: {error.strerror}", hint="name a file that can be written") from None
    return _report("packed", carry.name, file, watch)


def unpack(config: Config, console: Console, environment: Mapping[str, str], *, file: Path, name: str = "") -> Report:
    """Put what an archive has into the store of the builder, so that it compiles none of that again.

    Args:
        config: the project.
        console: says what is done.
        environment: the variables of the docker client.
        file: the archive.
        name: the image whose base it was compiled with; the only one if empty.

    Raises:
        StoreError: there is no such file.
        ConfigurationError: an image that is not built by an engine with the suite's Dockerfile.
        ImageError: the builder failed, or the archive is none.
    """
    watch = Stopwatch()
    carry = _Carry(config, environment, name)
    if not reading.is_file(file):
        raise StoreError(f"{file} is not there", hint="invoke image.pack writes it")
    with tempfile.TemporaryDirectory(prefix="buildkit-store-") as folder:
        shutil.copyfile(file, Path(folder, ARCHIVE))
        console.say(f"unpacking {file.name} into the store of the builder for image {carry.name}")
        carry.run(UNPACKED, "type=cacheonly", {CARRIED: Path(folder)})
    return _report("unpacked", carry.name, file, watch)


def lines(report: Report) -> list[str]:
    """Return what is printed."""
    return [f"{row.subject}: {row.result} ({row.reason})" for row in report.outcomes]


def _report(result: str, name: str, file: Path, watch: Stopwatch) -> Report:
    size = file.stat().st_size
    outcome = Outcome(name, result, Reason(str(file), in_words(size)), watch.seconds)
    return Report(SCHEMA, (outcome,), watch.seconds, {"file": str(file), "bytes": size}, row="image")


class _Carry:
    """The builder of one image, and the Dockerfile that it gets."""

    def __init__(self, config: Config, environment: Mapping[str, str], name: str) -> None:
        wanted = chosen(config, (name,) if name else ())
        if len(wanted) != 1:
            raise ConfigurationError(
                f"the store is that of one image, and there are {len(wanted)}", hint="name it: --name NAME"
            )
        self.name = wanted[0]
        self._config = config
        self._environment = environment
        if builder_of(config, self.name) == OCI:
            raise ConfigurationError(
                f"image {self.name} is built without an engine, by the store of this machine",
                hint="invoke cache.pack FILE, invoke cache.unpack FILE",
            )

    def run(self, stage: str, output: str, contexts: Mapping[str, Path]) -> None:
        config, name = self._config, self.name
        engine.require(self._environment)
        folder = config.work / "image" / name
        packages = packages_of(config, name, self._environment)
        seen = checkout.read(config.root, self._environment)
        request = request_of(config, name, folder, seen, packages)
        staging.write(
            folder, staged_of(config, name, packages), cache_mount_prefix(config, self._environment, make=True)
        )
        text = stages(reading.read_text(folder / staging.DOCKERFILE))
        if text is None or config.image[name].dockerfile:
            raise ConfigurationError(
                f"image {name} has a Dockerfile of its own, so the suite compiles nothing in its build",
                hint="leave image.NAME.dockerfile out",
            )
        own = folder.with_name(f"{name}.store.Dockerfile")
        files.write(own, text)
        metadata = folder.with_name(f"{name}.store.json")
        asked = replace(
            request,
            dockerfile=own,
            arguments={**request.arguments, "ONCE": secrets.token_hex(8)},
            contexts={**request.contexts, **contexts},
            target=stage,
            output=output,
        )
        build(asked, metadata, lambda _: None, self._environment)
        files.remove(metadata)
