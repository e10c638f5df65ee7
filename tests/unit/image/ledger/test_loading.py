"""Whether compiled files load in an image: real files of ELF, made by this machine's compiler, in made-up images."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from layered import Content, Given, image

from buildkit.image.ledger.loading import Fault, faults
from buildkit.image.ledger.owners import Owners
from buildkit.image.ledger.tree import read_tree

SITE = "usr/lib/python3.12/site-packages"
TAG = "cpython-312-x86_64-linux-gnu"


class Made:
    """Makes libraries."""

    def __init__(self, folder: Path, compiler: str) -> None:
        self._folder = folder
        self._compiler = compiler

    def library(self, name: str, versions: tuple[str, ...] = (), needs: tuple[str, ...] = (), *flags: str) -> bytes:
        """Return a library of a name that defines a function in each version, or calls those of what it needs.

        Args:
            name: its own name (`DT_SONAME`).
            versions: the versions that it defines, the oldest first; the function `call` is of the newest.
            needs: the libraries that it is linked against, made before.
            flags: further flags of the linker.
        """
        source, script = self._folder / "it.c", self._folder / "it.map"
        body = (
            "int call(void) { return 1; }" if versions else "extern int call(void); int PyInit(void) { return call(); }"
        )
        source.write_text(body if versions or needs else "int PyInit(void) { return 0; }")
        nodes = [
            f"{each} {{ global: {'call' if each == versions[-1] else 'none_' + str(at)}; }};"
            for at, each in enumerate(versions)
        ]
        script.write_text("\n".join(nodes))
        command = [
            self._compiler,
            "-shared",
            "-fPIC",
            "-nostdlib",
            f"-Wl,-soname,{name}",
            *flags,
            "-o",
            str(self._folder / name),
        ]
        if versions:
            command.append(f"-Wl,--version-script={script}")
        subprocess.run([*command, str(source), *(str(self._folder / each) for each in needs)], check=True)
        return (self._folder / name).read_bytes()


@pytest.fixture
def made(tmp_path: Path, compiler: str) -> Made:
    return Made(tmp_path, compiler)


def judged(*layers: Content, architecture: str = "amd64", environment: tuple[str, ...] = ()) -> list[Fault]:
    with image(*layers, given=Given(architecture=architecture, environment=environment)) as saved:
        tree = read_tree(saved)
        return faults(tree, Owners(tree, saved.folder), saved.architecture, saved.environment)


def words(found: list[Fault]) -> list[str]:
    return [fault.words for fault in found]


def test_what_is_at_home_loads(made: Made) -> None:
    libc = made.library("libc.so.6", ("GLIBC_2.34",))
    extension = made.library("fast.so", (), ("libc.so.6",))
    found = judged(
        {"usr/lib/libc.so.6": libc, "lib": "usr/lib", f"{SITE}/fast.{TAG}.so": extension, "usr/bin/python3.12": b""}
    )
    assert found == []


def test_a_newer_c_library_is_needed(made: Made) -> None:
    """Linked where the C library had a version that the image's does not have."""
    made.library("libc.so.6", ("GLIBC_2.34", "GLIBC_2.38"))
    extension = made.library("fast.so", (), ("libc.so.6",))
    old = made.library("libc.so.6", ("GLIBC_2.34", "GLIBC_2.36"))
    found = judged({"lib64/libc.so.6": old, f"{SITE}/fast.{TAG}.so": extension})
    assert found == [Fault(f"{SITE}/fast.{TAG}.so", "needs GLIBC_2.38 of libc.so.6, the image's has up to GLIBC_2.36")]


def test_it_is_built_for_the_other_c_library(made: Made) -> None:
    made.library("libc.musl-x86_64.so.1", ("V",))
    musl = made.library("fast.so", (), ("libc.musl-x86_64.so.1",))
    libc = made.library("libc.so.6", ("GLIBC_2.34",))
    glibc = made.library("slow.so", (), ("libc.so.6",))
    assert words(judged({"lib/libc.so.6": libc, f"{SITE}/fast.so": musl})) == [
        "is built for musl, which the image does not have (it needs libc.musl-x86_64.so.1)"
    ]
    assert words(judged({f"{SITE}/slow.so": glibc})) == [
        "is built for glibc, which the image does not have (it needs libc.so.6)"
    ]


def test_it_is_for_another_processor(made: Made) -> None:
    extension = made.library("fast.so")
    assert words(judged({f"{SITE}/fast.so": extension}, architecture="arm64")) == ["is for x64, the image for arm64"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (f"fast.{TAG}.so", []),
        ("fast.cpython-311-x86_64-linux-gnu.so", ["is for CPython 3.11, the image's Python is 3.12"]),
        ("fast.cpython-312t-x86_64-linux-gnu.so", ["is for CPython 3.12t, the image's Python is 3.12"]),
        ("fast.abi3.so", []),
        ("fast.so", []),
    ],
)
def test_it_is_for_another_python(made: Made, name: str, said: list[str]) -> None:
    extension = made.library("fast.so")
    assert words(judged({f"{SITE}/{name}": extension})) == said
    assert words(judged({f"srv/{name}": extension, "usr/local/bin/python3.12": b""})) == said, (
        "by the one that is there"
    )


def test_the_stable_abi_is_newer_than_the_python(made: Made) -> None:
    record, wheel = b"fast.abi3.so,,\n", b"Wheel-Version: 1.0\nTag: cp313-abi3-manylinux_2_28_x86_64\n"
    info = f"{SITE}/Fast_Pkg-1.dist-info"
    files: Content = {
        f"{SITE}/fast.abi3.so": made.library("fast.so"),
        f"{info}/RECORD": record,
        f"{info}/WHEEL": wheel,
    }
    assert words(judged(files)) == ["needs the stable ABI of CPython 3.13, the image's Python is 3.12"]
    assert judged({**files, f"{info}/WHEEL": wheel.replace(b"313", b"39")}) == []


def test_a_library_that_is_missing_or_where_nobody_looks(made: Made) -> None:
    libpq = made.library("libpq.so.5", ("V",))
    extension = made.library("fast.so", (), ("libpq.so.5",))
    place = f"{SITE}/fast.{TAG}.so"
    assert judged({place: extension}) == [Fault(place, "needs libpq.so.5, which the image does not have")]
    assert judged({place: extension, "opt/pg/libpq.so.5": libpq}) == [
        Fault(
            place,
            "needs libpq.so.5, which the image does not have; the one in opt/pg is not where the loader looks",
            sure=False,
        )
    ]


def test_where_the_loader_looks(made: Made) -> None:
    libpq = made.library("libpq.so.5", ("V",))
    plain = made.library("plain.so", (), ("libpq.so.5",))
    bundled = made.library("bundled.so", (), ("libpq.so.5",), "-Wl,-rpath,$ORIGIN/../pkg.libs")
    place = {f"{SITE}/pkg/plain.{TAG}.so": plain}
    assert judged({f"{SITE}/pkg/bundled.{TAG}.so": bundled, f"{SITE}/pkg.libs/libpq.so.5": libpq}) == []
    assert judged({**place, "usr/lib/x86_64-linux-gnu/libpq.so.5": libpq}) == []
    assert (
        judged({**place, "usr/lib/libpq.so.5.17": libpq, "lib": "usr/lib", "usr/lib/libpq.so.5": "libpq.so.5.17"}) == []
    )
    configured: Content = {"etc/ld.so.conf.d/pg.conf": b"# of PostgreSQL\n/opt/pg\n", "opt/pg/libpq.so.5": libpq}
    assert judged({**place, **configured}) == []
    assert judged({**place, "opt/pg/libpq.so.5": libpq}, environment=("LD_LIBRARY_PATH=/opt/pg",)) == []


def test_a_library_that_a_later_layer_removes_is_missing(made: Made) -> None:
    libpq = made.library("libpq.so.5", ("V",))
    extension = made.library("fast.so", (), ("libpq.so.5",))
    layers: list[Content] = [
        {"usr/lib/libpq.so.5": libpq, f"{SITE}/fast.so": extension},
        {"usr/lib/.wh.libpq.so.5": b""},
    ]
    assert words(judged(*layers)) == ["needs libpq.so.5, which the image does not have"]


def test_a_damaged_file_is_told_and_the_others_are_judged(made: Made) -> None:
    whole = made.library("fast.so")
    found = judged({f"{SITE}/cut.so": whole[:100], f"{SITE}/only.so": b"\x7fELF", f"{SITE}/fast.{TAG}.so": whole})
    assert [(fault.path.rpartition("/")[2], fault.sure) for fault in found] == [("cut.so", False), ("only.so", False)]
    assert all("cannot be read" in fault.words for fault in found)
