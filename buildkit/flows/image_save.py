"""`invoke image.save`: an image that was built without an engine, as a tar that an engine loads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from buildkit.config import Config
from buildkit.core.sizes import in_words
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ConfigurationError, ImageError
from buildkit.flows.image import build_images, chosen
from buildkit.flows.image_oci import builder_of, layout_of
from buildkit.image.oci import archive
from buildkit.image.routes import OCI
from buildkit.model import Outcome, Reason, Report
from buildkit.registry.client import INDEX
from buildkit.report.console import Console
from buildkit.report.progress import Progress

SCHEMA = "buildkit.image-save/1"


def save_image(
    config: Config, console: Console, environment: Mapping[str, str], *, names: Sequence[str] = (), output: str = ""
) -> Report:
    """Bring an image up to date and write it as a tar.

    Args:
        config: the project.
        console: shows progress.
        environment: what its build gets.
        names: the image; the only one if empty.
        output: the file; `NAME.tar` in the suite's folder if empty.

    Raises:
        ConfigurationError: it is not said which image, or an engine builds it.
        ImageError: it is for several processors, or the file cannot be written.
    """
    watch = Stopwatch()
    images = chosen(config, names)
    if len(images) != 1:
        raise ConfigurationError(
            f"{len(images)} images cannot be written to one file", hint=f"say which: --name {' or '.join(config.image)}"
        )
    name = images[0]
    if builder_of(config, name) != OCI:
        raise ConfigurationError(
            f"image {name} is built by an engine, which has it already",
            hint='docker image save, or [tool.buildkit.engine] builder = "oci"',
        )
    built = build_images(config, console, environment, names=images).facts["built"]
    tags = built[name]["tags"]  # type: ignore[index]
    layout = layout_of(config)
    image = layout.known()[tags[0]]
    if image.media_type == INDEX:
        raise ImageError(
            f"image {name} is for several processors, and an engine loads one",
            hint=f'push it, or build for one: [tool.buildkit.image.{name}] platforms = ["linux/amd64"]',
        )
    target = config.root / output if output else config.work / "image" / f"{name}.tar"
    try:
        with Progress(console, f"saving image {name}", unit=in_words).shown() as progress:
            size = archive.write(layout, image, tags, target, progress)
    except OSError as error:
        raise ImageError(
            f"{target}: {error.strerror or error}", hint="name another file: --output FILE; nothing was left there"
        ) from None
    row = Outcome(name, "made", Reason("saved", str(target)), watch.seconds)
    return Report(SCHEMA, (row,), watch.seconds, {"file": str(Path(target)), "bytes": size}, row="image")


def lines(report: Report) -> list[str]:
    """Return the summary: the file, and what loads it."""
    place, size = report.facts["file"], report.facts["bytes"]
    return [
        f"image {report.outcomes[0].subject}: {place}, {in_words(int(str(size)))}: docker image load --input {place}"
    ]
