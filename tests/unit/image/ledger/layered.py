"""Images as `docker image save` writes them, made of files that a test names."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from buildkit.image.ledger.layer_files import LayerFiles, layer_files
from buildkit.image.saved import Saved, read

Content = Mapping[str, "bytes | str | None"]
"""A layer by path: bytes are a file, a text is where a symbolic link leads, None is a folder; `=NAME` a hard link."""


def layer(files: Content) -> bytes:
    """Return the tar of a layer."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            if content is None:
                member.type = tarfile.DIRTYPE
            elif isinstance(content, bytes):
                member.size = len(content)
            elif content.startswith("="):
                member.type, member.linkname = tarfile.LNKTYPE, content[1:]
            else:
                member.type, member.linkname = tarfile.SYMTYPE, content
            archive.addfile(member, io.BytesIO(content) if isinstance(content, bytes) else None)
    return out.getvalue()


@dataclass(frozen=True)
class Given:
    """What an image says beside its layers."""

    architecture: str = "amd64"
    environment: Sequence[str] = ()
    steps: Sequence[str] = ()
    packed: bool = False


@contextlib.contextmanager
def image(*layers: Content, given: Given | None = None) -> Iterator[Saved[LayerFiles]]:
    """Give an image with these layers, the lowest first."""
    about = given or Given()
    tars = [layer(each) for each in layers]
    history: list[dict[str, object]] = [{"created_by": f"step {number}"} for number in range(1, len(tars) + 1)]
    history += [{"created_by": step, "empty_layer": True} for step in about.steps]
    configuration = {
        "architecture": about.architecture,
        "config": {"Env": [*about.environment], "WorkingDir": "/app"},
        "rootfs": {"diff_ids": [f"sha256:{number:064}" for number in range(len(tars))]},
        "history": history,
    }
    names = [f"blobs/sha256/{number}" for number in range(len(tars))]
    contents = {name: gzip.compress(tar) if about.packed else tar for name, tar in zip(names, tars, strict=True)}
    contents["config.json"] = json.dumps(configuration).encode()
    contents["manifest.json"] = json.dumps([{"Config": "config.json", "Layers": names}]).encode()
    yield read(io.BytesIO(layer(contents)), "sample:latest", layer_files)
