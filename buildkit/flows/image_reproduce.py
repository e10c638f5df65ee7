"""`invoke image.reproduce`: an image is built twice, and each file that differs is named with its cause."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from buildkit.config import Config
from buildkit.core.untrusted import Odd, shown
from buildkit.doors import files
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ImageError
from buildkit.flows.image import NO_IMAGE, build_images, chosen
from buildkit.flows.image_inputs import cache_mount_prefix, request_of, staged_of
from buildkit.flows.image_oci import OciImage, builder_of, layout_of
from buildkit.flows.image_own import arguments_of
from buildkit.flows.image_packages import packages_of
from buildkit.image import checkout, measure, staging
from buildkit.image.build import build
from buildkit.image.checkout import Checkout
from buildkit.image.context import scan
from buildkit.image.ignore.lines import parse
from buildkit.image.oci.layout import Descriptor, Layout
from buildkit.image.oci.reference import InLayout, base_of
from buildkit.image.push import engine
from buildkit.image.push.differing import Different, differing
from buildkit.image.push.parcel import Manifest, Parcel, parcel
from buildkit.image.routes import OCI
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console

SCHEMA = "buildkit.image-reproduce/1"
_MOST_NAMED = 20
_SETTINGS = ("*.toml", "*.lock", "*.txt", "*.in", "*.ini", "*.cfg", "setup.py", "README*", "LICENSE*", ".dockerignore")
"""What says how an image is built, and need not be in its context."""
_OTHER_UMASK = 0o077


def reproduce_images(
    config: Config, console: Console, environment: Mapping[str, str], *, names: Sequence[str] = ()
) -> Report:
    """Build images a second time from nothing, and compare the two builds file by file.

    The second build of the builder `oci` happens in another folder, with another umask, other times of the files and an
    empty store; that of an engine without its cache.

    Args:
        config: the project.
        console: shows progress.
        environment: what builds get.
        names: the images; all of them if empty.

    Raises:
        ImageError: a file differs; the report has all of them.
    """
    watch = Stopwatch()
    images = chosen(config, names)
    build_images(config, console, environment, names=images, required=True)
    seen = checkout.read(config.root, environment) if images else Checkout()
    rows: list[Outcome] = []
    found: dict[str, list[dict[str, object]]] = {}
    for name in images:
        part = Stopwatch()
        twice = _Twice(config, console, environment, name, seen)
        try:
            others = twice.without_engine() if builder_of(config, name) == OCI else twice.by_engine()
        except Odd as odd:
            raise ImageError(f"image {name} cannot be compared: {odd}", hint="build it again: invoke image") from None
        found[name] = [{"path": each.path, "layer": each.layer, "cause": each.cause} for each in others]
        reason = Reason("differs", f"{len(others)} files") if others else Reason("the same bytes")
        rows.append(Outcome(name, "differs" if others else "same", reason, part.seconds))
        for each in others[:_MOST_NAMED]:
            console.say(f"image {name}: /{shown(each.path)} in layer {each.layer}: {each.cause}")
    report = Report(SCHEMA, tuple(rows), watch.seconds, {"different": found}, row="image")
    failed = [row.subject for row in rows if row.result == "differs"]
    if failed:
        raise ImageError(
            f"{', '.join(failed)}: a second build made other bytes",
            hint="what is named above with its cause; until then, each build is another image to a registry",
            report=report,
        )
    return report


def lines(report: Report) -> list[str]:
    """Return the summary."""
    return [f"image {row.subject}: {row.result} ({row.reason})" for row in report.outcomes] or [NO_IMAGE]


class _Twice:
    """One image, built twice."""

    def __init__(
        self, config: Config, console: Console, environment: Mapping[str, str], name: str, seen: Checkout
    ) -> None:
        self._config = config
        self._console = console
        self._environment = environment
        self._name = name
        self._seen = seen
        self._folder = config.work / "reproduce"

    def without_engine(self) -> list[Different]:
        """Return what differs of a build without an engine."""
        first = _parcel(layout_of(self._config), self._tag())
        shutil.rmtree(self._folder, ignore_errors=True)
        root = self._folder / "project"
        given = arguments_of(self._config)["PYTHON_SLIM"]
        where = base_of(given, self._config.root, "engine.python-slim")
        engine_ = replace(self._config.engine, python_slim=str(where) if isinstance(where, InLayout) else given)
        before = os.umask(_OTHER_UMASK)
        try:
            self._copy(root)
            config = replace(self._config, root=root, file=root / self._config.file.name, engine=engine_)
            variables = {**self._environment, "PYBUILDKIT_CACHE_DIR": str(self._folder / "store")}
            self._copy_base(Layout(layout_of(config).folder))
            OciImage(config, self._console, variables, self._name).bring_up_to_date(self._seen, dry_run=False)
            second = _parcel(layout_of(config), self._tag())
            return _compared(first, second)
        finally:
            os.umask(before)
            shutil.rmtree(self._folder, ignore_errors=True)

    def by_engine(self) -> list[Different]:
        """Return what differs of a build by an engine."""
        layout = layout_of(self._config)
        folder = self._config.work / "image" / self._name
        packages = packages_of(self._config, self._name, self._environment, keep=False)
        request = request_of(self._config, self._name, folder, self._seen, packages)
        own = staged_of(self._config, self._name, packages)
        staging.write(folder, own, cache_mount_prefix(self._config, self._environment, make=True))
        again = f"{request.tags[0].rpartition(':')[0]}:reproduce"
        metadata = folder.with_name(f"{self._name}.reproduce.json")
        build(replace(request, tags=(again,), fresh=True), metadata, lambda _: None, self._environment)
        files.remove(metadata)
        known = measure.inspect([request.tags[0], again], self._environment)
        found = [
            engine.brought(layout, known[tag].identity, [tag], self._seen.labels, self._environment)
            for tag in (request.tags[0], again)
        ]
        layout.name({}, [again])
        return _compared(*(parcel(layout, each) for each in found))

    def _tag(self) -> str:
        folder = self._config.work / "image" / self._name
        packages = packages_of(self._config, self._name, self._environment, keep=False)
        return request_of(self._config, self._name, folder, self._seen, packages).tags[0]

    def _copy(self, root: Path) -> None:
        """Copy what enters the image, and what says how it is built, with other modes and times."""
        packages = packages_of(self._config, self._name, self._environment, keep=False)
        staged = staged_of(self._config, self._name, packages)
        context = scan(self._config.root, parse(staged[staging.IGNORED].decode(), staging.IGNORED))
        paths = [each.path for each in reversed(context.entries) if not stat.S_ISDIR(each.mode)]
        for folder in (self._config.root, self._config.service_folder):
            found = (place for pattern in _SETTINGS for place in folder.glob(pattern) if place.is_file())
            paths += [place.relative_to(self._config.root).as_posix() for place in found]
        for path in dict.fromkeys(paths):
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._config.root / path, target, follow_symlinks=False)
            if not target.is_symlink():
                target.chmod(0o700 if (self._config.root / path).stat().st_mode & stat.S_IXUSR else 0o600)
                os.utime(target, (1, 1))
        for place in ("source", "service_folder"):
            (root / getattr(self._config, place).relative_to(self._config.root)).mkdir(parents=True, exist_ok=True)

    def _copy_base(self, target: Layout) -> None:
        """Let the second build have the same base, without asking a registry for it."""
        layout = layout_of(self._config)
        known = layout.known()
        wanted = {name: each for name, each in known.items() if name.startswith("base ")}
        for each in wanted.values():
            kept = {str(text) for text in each.more.get("annotations", {}).values() if str(text).startswith("sha256:")}
            for digest in layout.reachable(each) | kept:
                place = layout.place(digest)
                if place.exists():
                    target.place(digest).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(place, target.place(digest))
        target.name(wanted)


def _parcel(layout: Layout, tag: str) -> Parcel:
    image: Descriptor = layout.known()[tag]
    return parcel(layout, image)


def _compared(first: Parcel, second: Parcel) -> list[Different]:
    pairs: list[tuple[Manifest, Manifest]] = [*zip(first.images, second.images, strict=True)]
    return [each for one, two in pairs for each in differing((first.layout, one), (second.layout, two))]
