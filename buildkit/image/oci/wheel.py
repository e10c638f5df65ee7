"""What a wheel becomes when it is installed: files at their places, scripts, and the list of them.

The binary distribution format (packaging.python.org) is followed as pip does. Modes are those of the wheel, an
executable file or another one, whatever the umask here is.
"""

from __future__ import annotations

import base64
import configparser
import csv
import hashlib
import io
import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from buildkit.core.untrusted import Odd, shown
from buildkit.errors import ImageError
from buildkit.image.oci import nodes
from buildkit.image.oci.nodes import Content, Node
from buildkit.image.oci.target import Target
from buildkit.trees import zipped

VENV = "opt/venv"
"""Where packages lie in an image; the Dockerfile says it too."""

_PROGRAM = f"/{VENV}/bin/python"
_POINT = re.compile(r"(?P<module>[\w.]+)\s*:\s*(?P<name>[\w.]+)(\s*\[.*\])?")
_SCRIPT = """\
#!{program}
import sys
from {module} import {first}
if __name__ == "__main__":
    sys.exit({name}())
"""
_INSTALLER = b"invoke-buildkit\n"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel on this machine.

    Args:
        place: the file.
        digest: its digest.
    """

    place: Path
    digest: str

    @property
    def name(self) -> str:
        """The name of its distribution, normalized."""
        return re.sub(r"[-_.]+", "-", self.place.name.partition("-")[0]).lower()

    @property
    def version(self) -> str:
        """Its version."""
        return self.place.name.split("-")[1]


def installed(wheel: Wheel, target: Target, top: str = VENV, site: str = "") -> dict[str, Node]:
    """Return what a wheel becomes.

    Args:
        wheel: the wheel.
        target: the Python that it is for.
        top: the folder that it is installed in, without a slash at the front.
        site: the folder in it that packages go to; that of a virtual environment if empty.

    Raises:
        ImageError: it is no wheel that can be installed.
    """
    try:
        return _Installation(wheel, target, top, site).all()
    except (Odd, zipfile.BadZipFile, KeyError, UnicodeDecodeError, configparser.Error, StopIteration) as error:
        raise ImageError(
            f"{wheel.place.name} cannot be installed: {shown(error) or type(error).__name__}",
            hint="see what its index gives",
        ) from None


class _Installation:
    """One wheel on its way."""

    def __init__(self, wheel: Wheel, target: Target, top: str, site: str) -> None:
        self._wheel = wheel
        self._target = target
        self._top = top
        self._site = posixpath.join(top, site) if site != "." else top
        if not site:
            self._site = f"{top}/{target.site}"
        self._rows: list[tuple[str, str, str]] = []

    def all(self) -> dict[str, Node]:
        names = zipped.names_of(self._wheel.place)
        info = next(name.partition("/")[0] for name in names if name.endswith(".dist-info/WHEEL"))
        if info.count("/") or not info.lower().replace("_", "-").startswith(self._wheel.name.partition("-")[0]):
            raise Odd(f"its metadata lies in {shown(repr(info))}")
        found: dict[str, Node] = {}
        with zipfile.ZipFile(self._wheel.place) as archive:
            members = {each.filename: each for each in archive.infolist()}
            recorded = _recorded(archive.read(f"{info}/RECORD").decode(), info)
            for name in names:
                if name in {f"{info}/RECORD", f"{info}/RECORD.jws", f"{info}/RECORD.p7s"}:
                    continue
                path, is_script = self._place(name, info)
                mode = 0o755 if is_script or members[name].external_attr >> 16 & 0o111 else 0o644
                if is_script:
                    found[path] = self._noted(path, _with_program(archive.read(name)), mode)
                else:
                    found[path] = self._member(path, name, mode, recorded.get(name))
            points = archive.read(f"{info}/entry_points.txt").decode() if f"{info}/entry_points.txt" in members else ""
        for name, script in _scripts(points):
            path = f"{self._top}/bin/{name}"
            found[path] = self._noted(path, script.encode(), 0o755)
        path = f"{self._site}/{info}/INSTALLER"
        found[path] = self._noted(path, _INSTALLER, 0o644)
        found[f"{self._site}/{info}/RECORD"] = nodes.text(self._record(info))
        return found

    def _place(self, name: str, info: str) -> tuple[str, bool]:
        """Return the path of a member in the image, and whether it is a script."""
        data = f"{info.removesuffix('.dist-info')}.data/"
        if not name.startswith(data):
            return f"{self._site}/{name}", False
        scheme, _, rest = name[len(data) :].partition("/")
        folders = {
            "purelib": self._site,
            "platlib": self._site,
            "scripts": f"{self._top}/bin",
            "data": self._top,
            "headers": f"{self._top}/include/site/python{self._target.python}/{self._wheel.name}",
        }
        if scheme not in folders or not rest:
            raise Odd(f"{shown(repr(name))} has no place to go to")
        return f"{folders[scheme]}/{rest}", scheme == "scripts"

    def _member(self, path: str, name: str, mode: int, recorded: tuple[str, str] | None) -> Node:
        identity = f"{self._wheel.digest} {name}"
        self._rows.append((self._relative(path), *(recorded or ("", ""))))
        return nodes.file(Content(identity, partial(_read, self._wheel.place, name)), mode)

    def _noted(self, path: str, content: bytes, mode: int) -> Node:
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        self._rows.append((self._relative(path), f"sha256={digest}", str(len(content))))
        return nodes.text(content, mode)

    def _relative(self, path: str) -> str:
        return posixpath.relpath(path, self._site)

    def _record(self, info: str) -> str:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(sorted([*self._rows, (f"{info}/RECORD", "", "")]))
        return out.getvalue()


def _read(place: Path, name: str) -> bytes:
    with zipfile.ZipFile(place) as archive:
        return archive.read(name)


def _recorded(text: str, info: str) -> dict[str, tuple[str, str]]:
    """Return what a wheel's own list says of each of its files: digest and bytes."""
    rows = {row[0]: (row[1], row[2]) for row in csv.reader(text.splitlines()) if len(row) == 3}  # noqa: PLR2004
    return {name: row for name, row in rows.items() if name != f"{info}/RECORD"}


def _with_program(content: bytes) -> bytes:
    """Return a script whose first line names the image's Python where it asks for Python."""
    if not content.startswith(b"#!python"):
        return content
    first, line_break, rest = content.partition(b"\n")
    return b"#!" + _PROGRAM.encode() + line_break + rest if first.strip() else content


def _scripts(text: str) -> Iterator[tuple[str, str]]:
    """Yield the scripts that entry points ask for."""
    parser = configparser.ConfigParser(delimiters=("=",), strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    for group in ("console_scripts", "gui_scripts"):
        points: Mapping[str, str] = parser[group] if parser.has_section(group) else {}
        for name, value in points.items():
            point = _POINT.fullmatch(value.strip())
            if point is None or "/" in name or name in {"", ".", ".."}:
                raise Odd(f"its entry point {shown(repr(name))} cannot be called")
            first = point["name"].partition(".")[0]
            yield name, _SCRIPT.format(program=_PROGRAM, module=point["module"], first=first, name=point["name"])
