"""Which files of a project its image gets."""

from __future__ import annotations

import pytest

from buildkit.image.gathering import Absent, gathered

THERE = [
    "src/app/__init__.py",
    "src/app/fast.pyx",
    *(f"src/app/native/{name}" for name in ("a.c", "a.cc", "a.cxx", "a.c++", "a.C", "a.h", "a.hh", "a.hpp", "a.hxx")),
    "src/app/fast.cpython-311-x86_64-linux-gnu.so",
    "src/app/pages/index.html",
    "src/app/.hidden",
    "src/app/__pycache__/x.pyc",
    "src/app__mypyc.cpython-311-x86_64-linux-gnu.so",
    "src/alone.py",
    "src/alone_not.py",
    "migrations/env.py",
    "migrations/versions/1.py",
    "tle/a.txt",
    "tle/deep/b.txt",
    "tle/.c.txt",
    "empty/",
]


def wanted(*files: str, packages: tuple[str, ...] = (), root: str = "src") -> dict[str, object]:
    return {"source_root": root, "packages": list(packages), "files": list(files)}


def test_a_package_comes_with_its_extensions_and_data_and_without_what_only_a_compiler_reads() -> None:
    assert gathered(wanted(packages=("app",)), THERE) == [
        "src/app/__init__.py",
        "src/app/fast.cpython-311-x86_64-linux-gnu.so",
        "src/app/pages/index.html",
        "src/app__mypyc.cpython-311-x86_64-linux-gnu.so",
    ]


def test_a_module_beside_the_packages_is_its_own_file_alone() -> None:
    assert gathered(wanted(packages=("alone",)), THERE) == ["src/alone.py"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("migrations", ["migrations/env.py", "migrations/versions/1.py"]),
        ("migrations/", ["migrations/env.py", "migrations/versions/1.py"]),
        ("tle/*.txt", ["tle/.c.txt", "tle/a.txt"]),
        ("tle/**/*.txt", ["tle/.c.txt", "tle/a.txt", "tle/deep/b.txt"]),
        ("tle/[ab].txt", ["tle/a.txt"]),
        ("tle/[!b].txt", ["tle/a.txt"]),
        ("*/deep/?.txt", ["tle/deep/b.txt"]),
        ("tle/.c.txt", ["tle/.c.txt"]),
        ("empty", ["empty/"]),
    ],
)
def test_patterns_are_those_of_pathlib(pattern: str, found: list[str]) -> None:
    assert gathered(wanted(pattern), THERE) == found


def test_a_source_root_may_be_the_project_itself() -> None:
    assert gathered(wanted(packages=("app",), root="."), ["app/__init__.py", "other/x.py"]) == ["app/__init__.py"]


@pytest.mark.parametrize("given", [wanted("nothing"), wanted(packages=("ap",))])
def test_what_is_not_there_is_named(given: dict[str, object]) -> None:
    with pytest.raises(Absent, match="not in the build context"):
        gathered(given, THERE)
