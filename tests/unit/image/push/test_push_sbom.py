"""The list of what is in an image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from plugins.bases import Folder

from buildkit.core.untrusted import Odd
from buildkit.image.oci.layout import Layout, descriptor
from buildkit.image.push import sbom
from buildkit.image.push.parcel import Manifest, manifest_of

SITE = "opt/venv/lib/python3.12/site-packages"
SYSTEM: Mapping[str, bytes | str | None] = {
    "etc/os-release": "../usr/lib/os-release",
    "usr/lib/os-release": b'ID=debian\nVERSION_ID="12"\n',
    "var/lib/dpkg/status": (
        b"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9+deb12u13\n"
        b"Description: x\n more: y\n"
        b"\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n"
    ),
}
PACKAGES: Mapping[str, bytes | str | None] = {
    f"{SITE}/Alpha_Tool-1.1.dist-info/METADATA": (
        b"Name: Alpha_Tool\nVersion: 1.1\nLicense-Expression: MIT\n"
        b"Requires-Dist: beta>=1\nRequires-Dist: fast; extra == 'x'\n\nText"
    ),
    f"{SITE}/beta-2.0.dist-info/METADATA": b"Name: beta\nVersion: 2.0\n",
}


def made(folder: Path, *layers: Mapping[str, bytes | str | None]) -> tuple[Layout, Manifest]:
    image = Folder(folder).image(*layers)
    layout = Layout(folder)
    row = descriptor(image)
    return layout, manifest_of(layout.read(row.digest), row.media_type, row.digest)


def listed(layout: Layout, image: Manifest) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sbom.listed(layout, image, {"name": "shop", "version": "1"}))
    return found


def test_distributions_and_packages_of_the_system_are_named_as_scanners_know_them(tmp_path: Path) -> None:
    found = listed(*made(tmp_path, SYSTEM, PACKAGES))
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.5")
    assert {row.get("purl", row["name"]) for row in found["components"]} == {
        "debian",
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u13?arch=amd64&distro=debian-12",
        "pkg:pypi/alpha-tool@1.1",
        "pkg:pypi/beta@2.0",
    }
    edges = {row["ref"]: row["dependsOn"] for row in found["dependencies"]}
    assert edges["pkg:pypi/alpha-tool@1.1"] == ["pkg:pypi/beta@2.0"]
    assert edges["shop"] == ["pkg:pypi/alpha-tool@1.1", "pkg:pypi/beta@2.0"]
    licences = {row["name"]: row.get("licenses") for row in found["components"]}
    assert licences["Alpha_Tool"] == [{"expression": "MIT"}]


def test_the_same_packages_make_the_same_bytes(tmp_path: Path) -> None:
    one, two = made(tmp_path / "one", SYSTEM, PACKAGES), made(tmp_path / "two", SYSTEM, PACKAGES, {"app/x.py": b"1"})
    about = {"name": "shop", "version": "1"}
    assert sbom.listed(*one, about) == sbom.listed(*two, about)


def test_what_a_later_layer_took_away_is_not_in_it(tmp_path: Path) -> None:
    gone: Mapping[str, bytes | str | None] = {f"{SITE}/.wh.beta-2.0.dist-info": b""}
    found = listed(*made(tmp_path, PACKAGES, gone))
    assert [row["name"] for row in found["components"]] == ["Alpha_Tool"]


def test_packages_of_alpine_are_known(tmp_path: Path) -> None:
    alpine: Mapping[str, bytes | str | None] = {
        "etc/os-release": b"ID=alpine\nVERSION_ID=3.22.1\n",
        "lib/apk/db/installed": b"C:Q1\nP:musl\nV:1.2.5-r1\nA:x86_64\n\nP:zlib\nV:1.3\nA:x86_64\n",
    }
    found = listed(*made(tmp_path, alpine))
    assert "pkg:apk/alpine/musl@1.2.5-r1?arch=x86_64&distro=alpine-3.22.1" in {
        row.get("purl") for row in found["components"]
    }


def test_a_layer_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout, image = made(tmp_path, SYSTEM, PACKAGES)
    first = listed(layout, image)
    monkeypatch.setattr("tarfile.open", lambda *_, **__: pytest.fail("a layer is read again"))
    assert listed(layout, image) == first


def test_a_damaged_layer_is_named(tmp_path: Path) -> None:
    layout, image = made(tmp_path, PACKAGES)
    layout.place(image.blobs[1].digest).write_bytes(b"no tar")
    with pytest.raises(Odd, match="cannot be read"):
        listed(layout, image)
