"""Which wheels fit an image's Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugins.bases import Folder, files_of

from buildkit.errors import ImageError
from buildkit.image.oci.base import Base, bring
from buildkit.image.oci.layout import Layout
from buildkit.image.oci.reference import InLayout
from buildkit.image.oci.target import Target, target_of


def target(libc: str, release: str, machine: str = "x86_64") -> Target:
    return Target("3.12", "3.12.4", "/usr/bin/python3", machine, libc, release)


def test_platforms_go_down_from_the_c_library_of_the_base() -> None:
    found = [*target("glibc", "2.19").platforms()]
    assert found[:2] == ["manylinux_2_19_x86_64", "manylinux_2_18_x86_64"]
    assert found[2:4] == ["manylinux_2_17_x86_64", "manylinux2014_x86_64"]
    assert found[-2:] == ["manylinux1_x86_64", "linux_x86_64"]
    assert [*target("glibc", "2.18", "aarch64").platforms()] == [
        "manylinux_2_18_aarch64",
        "manylinux_2_17_aarch64",
        "manylinux2014_aarch64",
        "linux_aarch64",
    ]
    assert [*target("musl", "1.2").platforms()][:2] == ["musllinux_1_2_x86_64", "musllinux_1_1_x86_64"]


def base(tmp_path: Path, files: dict[str, bytes | str | None], **more: object) -> Base:
    made = Folder(tmp_path / "base")
    made.write(one=made.image(files, **more))  # type: ignore[arg-type]
    architecture = str(more.get("architecture", "amd64"))
    return bring(Layout(tmp_path / "layout"), InLayout(tmp_path / "base", ""), architecture, {})


def test_facts_for_markers_are_those_of_the_base(tmp_path: Path) -> None:
    found = target_of(base(tmp_path, files_of("3.13", "2.41"), architecture="arm64"))
    assert found.facts()["platform_machine"] == "aarch64"
    assert found.facts()["python_full_version"] == "3.13.2"
    assert found.suffix == ".cpython-313-aarch64-linux-gnu.so"
    assert not found.is_of_this_machine


def test_the_official_images_say_their_version_in_a_variable(tmp_path: Path) -> None:
    config = {"Env": ["PYTHON_VERSION=3.13.9"]}
    assert target_of(base(tmp_path, files_of("3.13"), config=config)).version == "3.13.9"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"etc": None}, "has no Python 3"),
        ({"usr/bin/python3.12": b""}, "has no C library that is known"),
        (files_of("3.9"), "has Python 3.9"),
    ],
)
def test_a_base_without_a_python_that_fits_is_refused(
    tmp_path: Path, files: dict[str, bytes | str | None], words: str
) -> None:
    with pytest.raises(ImageError, match=words):
        target_of(base(tmp_path, files))
