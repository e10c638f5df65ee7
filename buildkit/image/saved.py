"""Reads an image as the engine saves it, in one pass and without a copy on the disk.

The tar that `docker image save` writes has the layers in any order, and what says which they are may come last. So each
layer is given, unpacked, to a function of the reader's as it comes by, and what that makes of it is put in order at the
end.
"""

from __future__ import annotations

import gzip
import importlib
import io
import json
import lzma
import posixpath
import tarfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Generic, TypeVar, cast

from buildkit.core.untrusted import shown
from buildkit.doors import process
from buildkit.errors import ImageError

T = TypeVar("T")

_GZIP, _ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_TAR, _TAR_AT = b"ustar", 257
_BLOCK = 512
_CHUNK = 1 << 20
_ABOUT = 4 << 20
"""Bytes of a description of the image at most; what is larger is a layer."""

_READERS = ("compression.zstd", "backports.zstd")
"""Modules that read zstd: Python's own from 3.14 on, and the same for older ones."""

BROKEN = (
    tarfile.TarError,
    AttributeError,
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    OSError,
)
"""What reading a file that no engine wrote may raise."""


@dataclass(frozen=True, slots=True)
class Layer(Generic[T]):
    """One layer.

    Args:
        number: its place, from 1 at the bottom.
        step: the instruction that made it, as the history has it.
        content: what the reader made of it.
    """

    number: int
    step: str
    content: T


@dataclass(frozen=True, slots=True)
class Saved(Generic[T]):
    """A saved image.

    Args:
        layers: its layers, the lowest first.
        configuration: its configuration, as the image specification of the Open Container Initiative has it.
    """

    layers: tuple[Layer[T], ...]
    configuration: Mapping[str, Any]

    @property
    def architecture(self) -> str:
        """The processor that it is for, as the Open Container Initiative names it: `amd64`."""
        return str(self.configuration.get("architecture", ""))

    @property
    def about(self) -> Mapping[str, Any]:
        """What its configuration says of containers."""
        return self.configuration.get("config") or {}

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
        return tuple(str(each.get("created_by", "")) for each in self.configuration.get("history") or ())


def saved(image: str, each: Callable[[IO[bytes]], T], environment: Mapping[str, str]) -> Saved[T]:
    """Let the engine save an image, and read it.

    Args:
        image: a name or id.
        each: makes something of a layer, from its unpacked tar.
        environment: the variables of the docker client.

    Raises:
        ImageError: the engine has no such image or does not give it, or it cannot be read.
    """
    command = ["docker", "image", "save", image]
    try:
        child = process.start(command, environment=environment, output=process.PIPE, errors=process.PIPE)
    except OSError as error:
        raise ImageError(f"docker: {error.strerror}", hint="install Docker, or put it on PATH") from None
    try:
        return read(cast("IO[bytes]", cast("Any", child.stdout).buffer), image, each)
    except ImageError:
        words = cast("Any", child.stderr).read().strip().splitlines() if process.ended_within(child, 1.0) else ()
        if not (words and child.returncode):
            raise
        raise ImageError(
            f"image {image} could not be read",
            details=[shown(line) for line in words[-3:]],
            hint="invoke image builds it",
        ) from None
    finally:
        process.end(child)


def read(stream: IO[bytes], name: str, each: Callable[[IO[bytes]], T]) -> Saved[T]:
    """Return an image from the tar that the engine saves it as.

    Args:
        stream: the tar; it is read to its end.
        name: what the image is called, for messages.
        each: makes something of a layer, from its unpacked tar.

    Raises:
        ImageError: it is not of the form that engines write, or packed in a way that this Python cannot read.
    """
    found: dict[str, T] = {}
    texts: dict[str, bytes] = {}
    links: dict[str, str] = {}
    try:
        with tarfile.open(fileobj=stream, mode="r|") as whole:
            for member in whole:
                if member.issym():  # engines once wrote a layer that was there already as a link
                    folder = posixpath.dirname(member.name)
                    links[member.name] = posixpath.normpath(posixpath.join(folder, member.linkname))
                content = whole.extractfile(member) if member.isreg() else None
                if content is None:
                    continue
                if _is_layer(cast("io.BufferedReader", content), member.size):
                    found[member.name] = each(_unpacked(cast("io.BufferedReader", content), name))
                elif member.size <= _ABOUT:
                    texts[member.name] = content.read()
        while stream.read(_CHUNK):  # the engine is not told that nobody listens
            pass
        return _in_order(found, texts, links)
    except BROKEN as error:
        raise ImageError(
            f"{name} is not saved as engines save images: {shown(str(error) or type(error).__name__)}",
            hint="build it again: invoke image; engines older than 1.10, and look-alikes, save in another way",
        ) from None


def _in_order(found: Mapping[str, T], texts: Mapping[str, bytes], links: Mapping[str, str]) -> Saved[T]:
    about = json.loads(texts["manifest.json"])[0]
    configuration = json.loads(texts[about["Config"]])
    names = [links.get(name, name) for name in about["Layers"]]
    history = configuration.get("history") or ()
    steps = [str(each.get("created_by", "")) for each in history if not each.get("empty_layer")]
    if len(steps) != len(names):  # a squashed or imported image
        steps = [""] * len(names)
    layers = (Layer(number, steps[number - 1], found[name]) for number, name in enumerate(names, start=1))
    return Saved(tuple(layers), configuration)


def _is_layer(content: io.BufferedReader, size: int) -> bool:
    """Return whether a member is a layer, packed or not: by what stands at its beginning."""
    start = content.peek(_BLOCK)[:_BLOCK]
    packed = start.startswith((_GZIP, _ZSTANDARD))
    return packed or start[_TAR_AT:].startswith(_TAR) or (size >= _BLOCK and not start.strip(b"\0")) or size > _ABOUT


def _unpacked(content: io.BufferedReader, name: str) -> IO[bytes]:
    """Return the tar of a layer.

    Raises:
        ImageError: it is packed by zstd, and nothing here reads that.
    """
    start = content.peek(_BLOCK)
    if start.startswith(_GZIP):
        return cast("IO[bytes]", gzip.open(content))
    if not start.startswith(_ZSTANDARD):
        return content
    for module in _READERS:
        with suppress(ImportError):
            return cast("IO[bytes]", importlib.import_module(module).open(content))
    raise ImageError(
        f"a layer of {name} is packed by zstd, which this Python does not read",
        hint='pip install "invoke-buildkit[audit]"',
    )
