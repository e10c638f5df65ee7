"""Opens the layers of an image as `docker image save` writes them."""

from __future__ import annotations

import gzip
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from buildkit.core.untrusted import shown
from buildkit.doors import process
from buildkit.errors import ImageError

_GZIP, _ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer.

    Args:
        number: its place, from 1 at the bottom.
        digest: the digest of its unpacked tar, with the algorithm.
        step: the instruction that made it, as the history has it.
        member: its name in the saved image.
    """

    number: int
    digest: str
    step: str
    member: str


class Saved:
    """A saved image.

    Args:
        archive: the tar that `docker image save` wrote.
        name: what the image is called, for messages.

    Raises:
        ImageError: it is not of the form that engines write.
    """

    def __init__(self, archive: tarfile.TarFile, name: str) -> None:
        self._archive = archive
        self._name = name
        try:
            about = json.load(self._member("manifest.json"))[0]
            self._configuration = json.load(self._member(about["Config"]))
            digests = self._configuration["rootfs"]["diff_ids"]
            steps = [
                str(each.get("created_by", ""))
                for each in self._configuration.get("history") or ()
                if not each.get("empty_layer")
            ]
            if len(steps) != len(digests):  # a squashed or imported image
                steps = [""] * len(digests)
            self.layers = tuple(
                Layer(number, digest, step, member)
                for number, (digest, step, member) in enumerate(
                    zip(digests, steps, about["Layers"], strict=True), start=1
                )
            )
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ImageError(
                f"{name} is not saved as engines save images: {shown(str(error))}",
                hint="docker image save is asked for it; is the engine older than 1.10, or a look-alike?",
            ) from None

    @property
    def architecture(self) -> str:
        """The processor that it is for, as the Open Container Initiative names it: `amd64`."""
        return str(self._configuration.get("architecture", ""))

    @property
    def about(self) -> Mapping[str, Any]:
        """What its configuration says of containers."""
        return self._configuration.get("config") or {}

    @property
    def environment(self) -> dict[str, str]:
        """The variables that a container has."""
        pairs = self.about.get("Env") or ()
        return dict(pair.split("=", 1) for pair in pairs if "=" in pair)

    @property
    def folder(self) -> str:
        """The working folder of a container, without a slash at the front; empty if it is the root."""
        return str(self.about.get("WorkingDir") or "").strip("/")

    @property
    def history(self) -> tuple[str, ...]:
        """All instructions, those that made no layer too."""
        return tuple(str(each.get("created_by", "")) for each in self._configuration.get("history") or ())

    @contextmanager
    def opened(self, layer: Layer) -> Iterator[IO[bytes]]:
        """Open the tar of a layer, unpacked.

        Raises:
            ImageError: it is packed in a way that this Python cannot read.
        """
        with self._member(layer.member) as packed:
            first = packed.read(4)
            packed.seek(0)
            if first == _ZSTANDARD:
                raise ImageError(
                    f"layer {layer.number} of {self._name} is packed by zstd, which is not read",
                    hint="build it with gzip (--output type=image,compression=gzip), or audit it before it is pushed",
                )
            if first[:2] == _GZIP:
                with gzip.open(packed) as content:
                    yield cast("IO[bytes]", content)
            else:
                yield packed

    def _member(self, name: str) -> IO[bytes]:
        found = self._archive.extractfile(name)
        if found is None:
            raise KeyError(name)
        return found


@contextmanager
def saved(
    image: str, folder: Path, environment: Mapping[str, str] | None = None, run: process.Runner = process.run
) -> Iterator[Saved]:
    """Let the engine save an image into a folder, and open it.

    Args:
        image: a name or id.
        folder: where the archive stays while it is read; it has the bytes of the image.
        environment: the variables of the docker client; this process's own if None.
        run: the function that runs the docker client.

    Raises:
        ImageError: the engine has no such image, or could not write it.
    """
    file = folder / "image.tar"
    answer = run(["docker", "image", "save", "--output", str(file), image], environment=environment)
    if not answer.ok:
        words = answer.stderr.strip().splitlines() or ["docker image save failed"]
        raise ImageError(f"image {image} could not be read", details=words[-3:], hint="invoke image builds it")
    with tarfile.open(file) as archive:
        yield Saved(archive, image)
