"""What a base holds, read from its layers."""

from __future__ import annotations

import io
import json

import pytest
from plugins.bases import files_of, layer

from buildkit.core.untrusted import Odd
from buildkit.image.oci import ground


def read(*layers: dict[str, bytes | str | None]) -> ground.Ground:
    return ground.read([io.BytesIO(layer(each)) for each in layers])


def test_python_and_the_c_library_are_found_without_starting_anything() -> None:
    found = read(files_of("3.12", "2.36", "3.12.4"))
    assert (found.python, found.version, found.program) == ("3.12", "3.12.4", "/usr/bin/python3")
    assert (found.libc, found.release) == ("glibc", "2.36")


def test_the_python_of_the_official_images_comes_before_that_of_the_system() -> None:
    own: dict[str, bytes | str | None] = {"usr/local/bin/python3.13": b"\0" + b"3.13.1\0"}
    found = read(files_of("3.11"), own)
    assert (found.python, found.program, found.version) == ("3.13", "/usr/local/bin/python3", "3.13.1")


def test_musl_is_told_from_glibc() -> None:
    found = read({"usr/bin/python3.12": b"", "lib/ld-musl-x86_64.so.1": b"musl libc\n\0" + b"1.2.5\0"})
    assert (found.libc, found.release) == ("musl", "1.2")


def test_links_on_the_way_to_a_folder_are_followed() -> None:
    found = read({"var/run": "/run", "lib": "usr/lib", "srv/a": "../data"})
    assert found.resolved("var/run/shop") == "run/shop"
    assert found.resolved("lib/x") == "usr/lib/x"
    assert found.resolved("srv/a/b") == "data/b"
    assert found.resolved("srv/b") == "srv/b"


def test_what_a_later_layer_takes_away_is_gone() -> None:
    before: dict[str, bytes | str | None] = {"srv": None, "srv/old": None, "opt": None, "opt/x": None}
    found = read(before, {"srv/.wh.old": b"", "opt/.wh..wh..opq": b""})
    assert {path for path in found.folders if path.startswith(("srv", "opt"))} == {"srv", "opt"}


def test_modes_of_folders_are_known() -> None:
    folder = read(files_of()).folder("tmp")
    assert folder is not None
    assert (folder.mode, folder.user, folder.group) == (0o1777, 0, 0)
    assert read(files_of()).folder("nothing") is None


def test_what_is_kept_of_a_base_is_read_again_and_anything_else_refused() -> None:
    found = read(files_of())
    assert ground.parsed(json.loads(json.dumps(found.as_json()))) == found
    with pytest.raises(Odd):
        ground.parsed({**found.as_json(), "folders": {"tmp": ["x", 0, 0]}})
