"""Whose a file of an image is, and of what kind."""

from __future__ import annotations

import pytest
from layered import Content, image

from buildkit.image.ledger.kinds import kind_of
from buildkit.image.ledger.owners import Owners
from buildkit.image.ledger.tree import read_tree

SITE = "usr/local/lib/python3.12/site-packages"


def owners_of(files: Content) -> Owners:
    with image(files) as saved:
        return Owners(read_tree(saved), saved.folder)


def test_distributions_own_what_their_records_name() -> None:
    record = b'pkg/__init__.py,sha256=x,1\n"pkg/with, comma.py",,\n../../../bin/run-pkg,,\n/opt/share/pkg.txt,,\n'
    owners = owners_of({f"{SITE}/My_Pkg-1.2.dist-info/RECORD": record})
    for path in ("pkg/__init__.py", "pkg/with, comma.py", "My_Pkg-1.2.dist-info/RECORD"):
        assert owners.of(f"{SITE}/{path}") == "my-pkg"
    assert owners.of("usr/local/bin/run-pkg") == "my-pkg"
    assert owners.of("opt/share/pkg.txt") == "my-pkg"
    assert owners.versions == {"my-pkg": "1.2"}
    assert owners.of(f"{SITE}/stray.py") == ""


def test_bytecode_that_no_record_names_belongs_to_its_source() -> None:
    owners = owners_of({f"{SITE}/pkg-1.dist-info/RECORD": b"pkg/mod.py,,\n"})
    assert owners.of(f"{SITE}/pkg/__pycache__/mod.cpython-312.pyc") == "pkg"
    assert owners.of(f"{SITE}/pkg/__pycache__/mod.cpython-312.opt-1.pyc") == "pkg"
    assert owners.of(f"{SITE}/pkg/__pycache__/other.cpython-312.pyc") == ""
    assert owners.of("usr/local/lib/python3.12/__pycache__/ast.cpython-312.pyc") == "(Python)"


def test_a_path_that_two_distributions_have_is_told() -> None:
    owners = owners_of(
        {f"{SITE}/one-1.dist-info/RECORD": b"shared.py,,\n", f"{SITE}/two-1.dist-info/RECORD": b"shared.py,,\n"}
    )
    assert owners.twice == {f"{SITE}/shared.py": ("one", "two")}


def test_packages_of_debian_own_what_their_lists_name_where_it_is_today() -> None:
    owners = owners_of({"var/lib/dpkg/info/libc6:amd64.list": b"/.\n/lib\n/lib/x86_64-linux-gnu/libc.so.6\n"})
    assert owners.of("usr/lib/x86_64-linux-gnu/libc.so.6") == "libc6"
    assert owners.of("lib/x86_64-linux-gnu/libc.so.6") == "libc6"
    assert owners.of("var/lib/dpkg/status") == "dpkg"


def test_packages_of_alpine_own_what_their_database_names() -> None:
    database = b"P:musl\nV:1.2\nF:lib\nR:ld-musl-x86_64.so.1\n\nP:busybox\nF:bin\nR:busybox\n"
    owners = owners_of({"lib/apk/db/installed": database})
    assert (owners.of("lib/ld-musl-x86_64.so.1"), owners.of("bin/busybox")) == ("musl", "busybox")


def test_python_and_the_service_own_their_places() -> None:
    owners = owners_of({"a": b""})
    python = ("usr/local/lib/python3.12/json/__init__.py", "usr/local/bin/python3.12", "usr/local/lib/libpython3.12.so")
    for path in python:
        assert owners.of(path) == "(Python)"
    assert owners.of("app/main.py") == "(service)"
    assert owners.of("srv/app/main.py") == ""


@pytest.mark.parametrize(
    ("path", "is_binary", "kind"),
    [
        (f"{SITE}/pkg/mod.py", False, "code"),
        (f"{SITE}/pkg/fast.cpython-312-x86_64-linux-gnu.so", True, "extension"),
        (f"{SITE}/pkg/fast.abi3.so", True, "extension"),
        (f"{SITE}/pkg/fast.so", True, "extension"),
        (f"{SITE}/pkg.libs/libz-1a2b.so", True, "library"),
        (f"{SITE}/pkg.libs/libz-1a2b.so.1.2", True, "library"),
        ("usr/local/lib/python3.12/lib-dynload/_ssl.cpython-312-x86_64-linux-gnu.so", True, "extension"),
        ("usr/bin/perl", True, "library"),
        (f"{SITE}/pkg/__pycache__/mod.cpython-312.pyc", False, "bytecode"),
        (f"{SITE}/pkg/tests/data.json", False, "tests"),
        (f"{SITE}/pkg/test_it.py", False, "tests"),
        (f"{SITE}/pkg/testing/tools.py", False, "code"),
        (f"{SITE}/pkg/latest/a.py", False, "code"),
        (f"{SITE}/pkg-1.dist-info/METADATA", False, "metadata"),
        (f"{SITE}/pkg/fast.pyx", False, "sources"),
        (f"{SITE}/pkg/libfast.a", False, "static"),
        ("usr/share/doc/pkg/copyright", False, "docs"),
        (f"{SITE}/pkg/model.bin", False, "data"),
        (f"{SITE}/pkg.d/NOSUFFIX", False, "data"),
    ],
)
def test_the_kind_follows_from_the_name(path: str, is_binary: bool, kind: str) -> None:
    assert kind_of(path, is_binary=is_binary) == kind
