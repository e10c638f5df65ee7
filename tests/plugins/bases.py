"""Bases for images that need no engine: folders with an OCI layout, made by hand, and projects on top of them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import platform
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buildkit.config import load
from buildkit.flows import image_push
from buildkit.flows.image import build_images
from buildkit.flows.image_oci import layout_of
from buildkit.image.oci.layout import Layout
from buildkit.model import Outcome
from buildkit.report.console import Console

PYTHON = f"3.{sys.version_info.minor}"
VERSION = platform.python_version()
NEWEST_LIBC = "2.99"
"""A C library that everything runs on which is compiled here."""

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def files_of(python: str = PYTHON, libc: str = NEWEST_LIBC, version: str = "") -> dict[str, bytes | str | None]:
    """Return what a base holds: text for a link, None for a folder."""
    said = version or (VERSION if python == PYTHON else f"{python}.2")
    return {
        "usr": None,
        "usr/bin": None,
        "usr/lib/x86_64-linux-gnu": None,
        f"usr/bin/python{python}": b"\x7fELF\0" + f"{said}\0".encode(),
        "usr/bin/python3": f"python{python}",
        "usr/lib/x86_64-linux-gnu/libc.so.6": f"GNU C Library stable release version {libc}.\n".encode(),
        "var/run": "/run",
        "tmp": None,
    }


def layer(files: Mapping[str, bytes | str | None], *, packed: bool = True) -> bytes:
    """Return a layer; /tmp is open to all."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.mode = 0o1777 if path == "tmp" else 0o755
            if content is None:
                member.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
            else:
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content if isinstance(content, bytes) else b""))
    return gzip.compress(out.getvalue(), mtime=0) if packed else out.getvalue()


class Folder:
    """A layout that is made piece by piece."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "blobs/sha256").mkdir(parents=True, exist_ok=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        self.rows: list[dict[str, Any]] = []

    def blob(self, content: bytes | dict[str, Any], kind: str, **more: Any) -> dict[str, Any]:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        name = hashlib.sha256(data).hexdigest()
        (self.folder / "blobs/sha256" / name).write_bytes(data)
        return {"mediaType": kind, "digest": f"sha256:{name}", "size": len(data), **more}

    def image(
        self,
        *layers: Mapping[str, bytes | str | None],
        architecture: str = "amd64",
        packed: bool = True,
        config: dict[str, Any] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Add an image; return its descriptor."""
        tars = [layer(each, packed=False) for each in layers]
        kind = "application/vnd.oci.image.layer.v1.tar" + ("+gzip" if packed else "")
        rows = [self.blob(layer(each, packed=packed), kind) for each in layers]
        about = {
            "architecture": architecture,
            "os": "linux",
            "config": config or {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(each).hexdigest()}" for each in tars]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.blob(about, "application/vnd.oci.image.config.v1+json"),
            "layers": rows,
        }
        return self.blob(manifest, MANIFEST, **more)

    def write(self, **images: dict[str, Any]) -> Path:
        """Name images; return the folder."""
        rows = [{**row, "annotations": {"org.opencontainers.image.ref.name": name}} for name, row in images.items()]
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": rows}))
        return self.folder


def base_in(folder: Path, python: str = PYTHON, libc: str = NEWEST_LIBC) -> Path:
    """Make a base for this machine's processor and return its folder."""
    made = Folder(folder)
    return made.write(one=made.image(files_of(python, libc)))


SERVICE = {
    "pyproject.toml": """\
[project]
name = "shop"
version = "2.0"
dependencies = [DEPENDENCIES]

[tool.buildkit]
packages = ["shop"]
backend = "none"

[tool.buildkit.engine]
builder = "oci"
python-slim = "oci:base"

[tool.buildkit.image.api]
command = ["uvicorn", "shop.main:app"]
writable = ["uploads", "/var/run/shop", "/tmp/shop"]
environment = { COLOUR = "blue" }
""",
    "src/shop/__init__.py": "",
    "src/shop/main.py": "def app() -> int:\n    return 1\n",
    "src/shop/prices.py": "PRICE = 3\n",
    "src/shop/page.html": "<p>shop</p>\n",
    "tasks.py": "from buildkit.tasks import ns\n",
    ".gitignore": ".buildkit/\nbase/\n",
}
"""A service whose modules stay Python, so that its image takes no compiler."""


@dataclass
class Shop:
    """A project that is built without an engine, and what was said."""

    root: Path
    talk: io.StringIO = field(default_factory=io.StringIO)
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        return layout_of(load(self.root, self._environment()))

    @property
    def image(self) -> dict[str, Any]:
        """The manifest of the image."""
        name = next(name for name in sorted(self.layout.known()) if name.startswith("shop-api:"))
        found: dict[str, Any] = json.loads(self.layout.read(self.layout.known()[name].digest))
        return found

    @property
    def config(self) -> dict[str, Any]:
        """Its configuration."""
        found: dict[str, Any] = json.loads(self.layout.read(self.image["config"]["digest"]))
        return found

    def build(self, **given: Any) -> tuple[Outcome, dict[str, Any]]:
        environment = self._environment()
        self.talk = io.StringIO()
        console = Console(environment, talk=self.talk)
        report = build_images(load(self.root, environment), console, environment, **given)
        facts: Any = report.facts["built"]
        return report.outcomes[0], facts["api"]

    def push(self, to: str, **asked: Any) -> tuple[Outcome, dict[str, Any]]:
        environment = self._environment()
        self.talk = io.StringIO()
        console = Console(environment, talk=self.talk)
        wanted = image_push.Asked(to, **asked)
        report = image_push.push_images(load(self.root, environment), console, environment, asked=wanted)
        facts: Any = report.facts["pushed"]
        return report.outcomes[0], facts["api"]

    def invoke(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `invoke` in the project."""
        command = [sys.executable, "-m", "invoke", *words]
        environment = self._environment()
        return subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=240, check=False
        )

    def _environment(self) -> dict[str, str]:
        # CI names a base for all images of an engine; these have one of their own.
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PYBUILDKIT_ENGINE_")}
        return {**outside, "CI": "", **self.variables}

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text()
        assert old in text
        (self.root / name).write_text(text.replace(old, new))

    def files(self) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
        """Return what a container would see of the layers on top of the base, by path."""
        found: dict[str, tuple[tarfile.TarInfo, bytes]] = {}
        for row in self.image["layers"]:
            found.update(self.members(row["digest"]))
        return found

    def members(self, digest: str) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
        """Return what is in one layer."""
        found = {}
        with tarfile.open(self.layout.place(digest)) as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isfile() else None
                found[member.name] = (member, stream.read() if stream else b"")
        return found


def shop_in(folder: Path, *dependencies: str, base: bool = True) -> Shop:
    """Make the service, with a base beside it."""
    for name, text in SERVICE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.replace("DEPENDENCIES", ", ".join(f'"{each}"' for each in dependencies)))
    if base:
        base_in(folder / "base")
    return Shop(folder)
