"""Which file of a package is taken for a Python, and what of it a lock says."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.dependencies.locked import Package, Source
from buildkit.dependencies.offers import File, Offer, admits, files_of, offers
from buildkit.errors import ConfigurationError
from buildkit.image.oci.target import Target

LOCKS = Path(__file__).parents[2] / "projects" / "locked"
ARCHIVE = "fast-1.0.tar.gz"


def target(python: str = "3.11", libc: str = "glibc", release: str = "2.36", machine: str = "x86_64") -> Target:
    return Target(python, f"{python}.0", "/usr/bin/python3", machine, libc, release)


def taken(where: Target, *names: str) -> tuple[str, str]:
    found = offers(
        [Package("fast", "1.0")],
        {("fast", "1.0"): tuple(map(File, names))},
        where.python,
        tuple(where.platforms()),
    )
    return found[0].kind, found[0].file


@pytest.mark.parametrize(
    ("where", "wheel", "fits"),
    [
        (target(), "fast-1.0-py3-none-any.whl", True),
        (target(), "fast-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", True),
        (target(), "fast-1.0-cp311-cp311-manylinux_2_36_x86_64.whl", True),
        (target(), "fast-1.0-cp311-cp311-manylinux_2_39_x86_64.whl", False),
        (target(), "fast-1.0-cp311-cp311-musllinux_1_2_x86_64.whl", False),
        (target(), "fast-1.0-cp312-cp312-manylinux_2_17_x86_64.whl", False),
        (target(), "fast-1.0-cp39-abi3-manylinux_2_17_x86_64.whl", True),
        (target(), "fast-1.0-cp312-abi3-manylinux_2_17_x86_64.whl", False),
        (target(), "fast-1.0-cp311-cp311-manylinux_2_17_aarch64.whl", False),
        (target(), "fast-1.0-cp311-cp311-win_amd64.whl", False),
        (target(machine="aarch64"), "fast-1.0-cp311-cp311-manylinux_2_17_aarch64.whl", True),
        (target(libc="musl", release="1.2"), "fast-1.0-cp311-cp311-musllinux_1_2_x86_64.whl", True),
        (target(libc="musl", release="1.2"), "fast-1.0-cp311-cp311-musllinux_1_1_x86_64.whl", True),
        (target(libc="musl", release="1.2"), "fast-1.0-cp311-cp311-manylinux2014_x86_64.whl", False),
        (target("3.13t"), "fast-1.0-cp313-cp313t-manylinux_2_17_x86_64.whl", True),
        (target("3.13t"), "fast-1.0-cp313-cp313-manylinux_2_17_x86_64.whl", False),
        (target("3.13t"), "fast-1.0-cp39-abi3-manylinux_2_17_x86_64.whl", False),
        (target(), "fast.whl", False),
    ],
)
def test_a_wheel_is_taken_where_it_runs_and_its_archive_elsewhere(where: Target, wheel: str, fits: bool) -> None:
    assert taken(where, ARCHIVE, wheel) == (("wheel", wheel) if fits else ("source", ARCHIVE))
    assert taken(where, wheel)[0] == ("wheel" if fits else "none")


def test_of_two_wheels_that_fit_the_nearer_one_is_taken() -> None:
    near, far = "fast-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", "fast-1.0-py3-none-any.whl"
    assert taken(target(), far, near) == taken(target(), near, far) == ("wheel", near)


def test_what_no_lock_says_is_unknown_and_a_commit_or_folder_is_built() -> None:
    packages = [
        Package("loose"),
        Package("commit", source=Source("git", "https://example.invalid/x", "1" * 40)),
        Package("near", source=Source("path", "libs/near")),
        Package("file", source=Source("url", "https://example.invalid/a/file-1.0-py3-none-any.whl#sha256=0")),
    ]
    found = offers(packages, {}, "3.11", tuple(target().platforms()))
    assert [(each.package, each.kind) for each in found] == [
        ("loose", "unknown"),
        ("commit", "source"),
        ("near", "source"),
        ("file", "wheel"),
    ]


@pytest.mark.parametrize(
    "name", ["uv/uv.lock", "uv-pylock/pylock.toml", "pdm/pdm.lock", "poetry-1/poetry.lock", "poetry-2/poetry.lock"]
)
def test_each_form_of_lock_names_its_files(name: str) -> None:
    files = files_of(LOCKS / name)
    assert [each.name for each in files["alpha", "1.1"]][:1] == ["alpha-1.1-py3-none-any.whl"]
    assert [each.name for each in files["beta", "2.0"]][:1] == ["beta-2.0-py3-none-any.whl"]


def test_sizes_and_archives_are_read_where_the_lock_has_them(tmp_path: Path) -> None:
    lock = tmp_path / "uv.lock"
    lock.write_text(
        "version = 1\n[[package]]\nname = 'Fast_Er'\nversion = '1.0'\n"
        "sdist = { url = 'https://i.invalid/f/fast%2Ber-1.0.tar.gz', size = 7 }\n"
        "wheels = [{ url = 'https://i.invalid/f/fast_er-1.0-cp311-cp311-musllinux_1_2_x86_64.whl', size = 9 }]\n"
    )
    files = files_of(lock)
    package = Package("fast-er", "1.0")
    here, musl = target(), target(libc="musl", release="1.2")
    assert offers([package], files, here.python, tuple(here.platforms())) == (
        Offer("fast-er", "1.0", "source", "fast+er-1.0.tar.gz", 7),
    )
    assert offers([package], files, musl.python, tuple(musl.platforms())) == (
        Offer("fast-er", "1.0", "wheel", "fast_er-1.0-cp311-cp311-musllinux_1_2_x86_64.whl", 9),
    )


def test_a_requirements_file_names_none_and_a_broken_lock_is_told(tmp_path: Path) -> None:
    assert files_of(LOCKS / "requirements/requirements.txt") == {}
    (tmp_path / "uv.lock").write_text("[[package]\n")
    with pytest.raises(ConfigurationError, match=r"uv\.lock: not valid TOML"):
        files_of(tmp_path / "uv.lock")


def test_a_python_that_the_project_does_not_take_is_known() -> None:
    assert admits(">=3.10", "3.13.0")
    assert not admits(">=3.10,<3.13", "3.13.0")
    assert admits("what is this", "3.13.0")
