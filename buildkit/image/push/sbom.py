"""The list of what is in an image, as CycloneDX 1.5 has it, which scanners of images read.

It is read from the layers themselves: the metadata of installed distributions, and the lists of dpkg and apk. So it
says what is there, not what was asked for. What a layer has is kept, so the base is read once. The list has no date and
no number by chance: an image with the same packages has the same list, which is sent once.
"""

from __future__ import annotations

import json
import posixpath
import re
import tarfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from email.parser import HeaderParser
from typing import Any
from urllib.parse import quote

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd
from buildkit.doors import files, reading
from buildkit.image.oci.layout import Descriptor, Layout, as_bytes
from buildkit.image.push.parcel import Manifest

MEDIA_TYPE = "application/vnd.cyclonedx+json"
_RECIPE = "1"
_MOST = 16 << 20
_MOST_TEXT = 8 << 20
_HIDDEN = ".wh."
_NEED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""The name space of addresses (RFC 4122, appendix C)."""

Component = dict[str, Any]


def listed(layout: Layout, image: Manifest, about: Mapping[str, str]) -> bytes:
    """Return the list of what is in an image.

    Args:
        layout: where its layers are.
        image: its manifest.
        about: name and version of the service.

    Raises:
        Odd: a layer cannot be read.
    """
    seen: dict[str, list[Component]] = {}
    with _memory(layout) as known:
        for layer in image.blobs[1:]:
            if layer.digest not in known:
                known[layer.digest] = _read(layout, layer)
            for path, rows in known[layer.digest].items():
                folder, _, name = path.rpartition("/")
                if name.startswith(_HIDDEN):
                    hidden = posixpath.join(folder, name[len(_HIDDEN) :])
                    seen = {key: each for key, each in seen.items() if not f"{key}/".startswith(f"{hidden}/")}
                else:
                    seen[path] = rows
    rows = [component for path in sorted(seen) for component in seen[path]]
    system = next((row for row in rows if row["type"] == "operating-system"), None)
    return as_bytes(_document(rows, system, about))


def _document(rows: list[Component], system: Component | None, about: Mapping[str, str]) -> dict[str, Any]:
    of_system = f"{system['name']}-{system['version']}" if system is not None else ""
    found: dict[str, Component] = {}
    needs: dict[str, list[str]] = {}
    for row in rows:
        wanted = row.get("needs", [])
        each = {key: value for key, value in row.items() if key not in {"needs", "kind"}}
        if row.get("kind"):
            each["purl"] = _purl(row, system, of_system)
        each["bom-ref"] = each.get("purl") or f"{each['name']}@{each['version']}"
        found.setdefault(each["bom-ref"], each)
        needs.setdefault(each["bom-ref"], []).extend(wanted)
    by_name = {
        _normal(each["name"]): ref for ref, each in found.items() if str(each.get("purl")).startswith("pkg:pypi/")
    }
    service = {"type": "container", "name": about["name"], "version": about["version"], "bom-ref": about["name"]}
    edges = [
        {"ref": ref, "dependsOn": sorted({by_name[_normal(name)] for name in needs[ref] if _normal(name) in by_name})}
        for ref in sorted(found)
    ]
    edges.append({"ref": about["name"], "dependsOn": sorted(by_name.values())})
    body = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": service,
            "tools": {"components": [{"type": "application", "name": "invoke-buildkit"}]},
        },
        "components": [found[ref] for ref in sorted(found)],
        "dependencies": edges,
    }
    return {**body, "serialNumber": f"urn:uuid:{uuid.uuid5(_SPACE, json.dumps(body, sort_keys=True))}"}


def _purl(row: Component, system: Component | None, of_system: str) -> str:
    """Return the package URL (github.com/package-url) of a package."""
    name, version = quote(row["name"], safe=".-_~"), quote(row["version"], safe=".-_~")
    if row["kind"] == "pypi":
        return f"pkg:pypi/{quote(_normal(row['name']), safe='.-_~')}@{version}"
    vendor = system["name"] if system is not None else "debian" if row["kind"] == "deb" else "alpine"
    distro = f"&distro={of_system}" if of_system else ""
    return f"pkg:{row['kind']}/{vendor}/{name}@{version}?arch={row['arch']}{distro}"


# ------------------------------------------------------------------ one layer


def _read(layout: Layout, layer: Descriptor) -> dict[str, list[Component]]:
    """Return the components that each file of a layer names, by its path; and what the layer hides."""
    found: dict[str, list[Component]] = {}
    try:
        with tarfile.open(layout.place(layer.digest), mode="r|*") as archive:
            for member in archive:
                path = posixpath.normpath(f"/{member.name}").lstrip("/")
                name = path.rpartition("/")[2]
                if name.startswith(_HIDDEN):
                    found[path] = []
                read = _READERS.get(name) if member.isfile() and member.size <= _MOST_TEXT else None
                stream = archive.extractfile(member) if read is not None and _is_list(path) else None
                if stream is not None and read is not None:
                    found[path] = [*read(stream.read().decode("utf-8", "replace"))]
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Odd(f"layer {layer.digest[:19]}… cannot be read: {error}") from None
    return found


def _is_list(path: str) -> bool:
    return path.endswith((".dist-info/METADATA", "lib/dpkg/status", "lib/apk/db/installed", "/os-release"))


def _distribution(text: str) -> Iterator[Component]:
    about = HeaderParser().parsestr(text)
    if not about["Name"] or not about["Version"]:
        return
    found: Component = {"type": "library", "kind": "pypi", "name": about["Name"], "version": about["Version"]}
    licence = about["License-Expression"] or ""
    if licence:
        found["licenses"] = [{"expression": licence}]
    needs = [
        match[0] for row in about.get_all("Requires-Dist", []) if (match := _NEED.match(row)) and "extra ==" not in row
    ]
    yield {**found, "needs": sorted({*needs})}


def _dpkg(text: str) -> Iterator[Component]:
    for row in _paragraphs(text, ": "):
        if "installed" in row.get("Status", "").split()[2:] and row.get("Package"):
            yield {
                "type": "library",
                "kind": "deb",
                "name": row["Package"],
                "version": row.get("Version", ""),
                "arch": row.get("Architecture", ""),
            }


def _apk(text: str) -> Iterator[Component]:
    for row in _paragraphs(text, ":"):
        if row.get("P"):
            yield {
                "type": "library",
                "kind": "apk",
                "name": row["P"],
                "version": row.get("V", ""),
                "arch": row.get("A", ""),
            }


def _paragraphs(text: str, sign: str) -> Iterator[dict[str, str]]:
    for paragraph in text.split("\n\n"):
        lines = (line.partition(sign) for line in paragraph.splitlines() if line[:1] not in {"", " ", "\t"})
        yield {key: value.strip() for key, found, value in lines if found}


def _system(text: str) -> Iterator[Component]:
    rows = dict(line.partition("=")[::2] for line in text.splitlines() if "=" in line)
    name, version = (rows.get(key, "").strip("\"'") for key in ("ID", "VERSION_ID"))
    if name:
        yield {"type": "operating-system", "name": name, "version": version}


_READERS = {"METADATA": _distribution, "status": _dpkg, "installed": _apk, "os-release": _system}


class _memory:  # noqa: N801 - used as a function
    """What was read of layers, which is kept for those that the layout has."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._place = layout.folder / "components.json"
        self._rows: dict[str, dict[str, list[Component]]] = {}

    def __enter__(self) -> dict[str, dict[str, list[Component]]]:
        with suppress(OSError, ValueError, KeyError, TypeError):
            found = untrusted.table(untrusted.json_of(reading.read(self._place, most=_MOST)))
            if found["recipe"] == _RECIPE:
                self._rows = untrusted.table(found["layers"])
        return self._rows

    def __exit__(self, *_: object) -> None:
        kept = {digest: rows for digest, rows in self._rows.items() if self._layout.place(digest).exists()}
        files.write_if_changed(self._place, json.dumps({"recipe": _RECIPE, "layers": kept}))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names_of(document: bytes) -> Iterable[str]:
    """Return the package URLs of a list."""
    found = untrusted.table(json.loads(document))
    return [str(row.get("purl", "")) for row in untrusted.rows(found["components"])]
