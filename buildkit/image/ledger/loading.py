"""Judges whether each compiled file of an image loads there: processor, Python, C library, the libraries it needs.

It reads what the dynamic loader would read (ld.so(8)): needed names, where it looks for them, the versions of symbols
that a library must have against those that the image's own library defines. Nothing is started, so an image for
another processor is judged as well.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from buildkit.image.ledger.elf import Binary
from buildkit.image.ledger.owners import Owners
from buildkit.image.ledger.tree import Tree

_MACHINES = {
    "amd64": "x64",
    "arm64": "AArch64",
    "386": "x86",
    "arm": "ARM",
    "ppc64le": "64-bit PowerPC",
    "s390x": "IBM S/390",
    "riscv64": "RISC-V",
}
"""What pyelftools calls the processors of the Open Container Initiative."""

_TAG = re.compile(r"\.cpython-(?P<major>3)(?P<minor>\d+)(?P<kind>[a-z]*)(-(?P<platform>[\w-]+))?\.so$")
_AT = re.compile(r"(^|/)python3\.(?P<minor>\d+)(?P<kind>t?)/")
_PROGRAM = re.compile(r"(^|/)bin/python3\.(?P<minor>\d+)(?P<kind>t?)$")
_STABLE = re.compile(r"^Tag: (?P<pythons>[\w.]+)-abi3-", re.MULTILINE)
_FOLDERS = ("lib", "usr/lib", "lib64", "usr/lib64", "usr/local/lib")
_TRIPLETS = {"amd64": "x86_64", "arm64": "aarch64", "386": "i386", "ppc64le": "powerpc64le", "s390x": "s390x"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that does not load, or perhaps not.

    Args:
        path: the file.
        words: why.
        sure: whether it cannot load; a library that the package itself may load beforehand leaves it open.
    """

    path: str
    words: str
    sure: bool = True


def faults(tree: Tree, owners: Owners, architecture: str, environment: Mapping[str, str]) -> list[Fault]:
    """Return what does not load, in the order of the paths.

    Args:
        tree: the image.
        owners: whose its files are.
        architecture: the processor that it is for, as the Open Container Initiative names it.
        environment: the variables of its containers.
    """
    runtime = _Runtime(tree, architecture, environment)
    return [
        fault
        for path, file in sorted(tree.seen.items())
        if file.binary is not None and file.path == path
        for fault in runtime.judge(path, file.binary, owners)
    ]


class _Runtime:
    """What is there to load a file: the interpreter, the libraries, the folders in which they are looked for."""

    def __init__(self, tree: Tree, architecture: str, environment: Mapping[str, str]) -> None:
        self._tree = tree
        self._architecture = architecture
        self._pythons = {
            int(found["minor"]): found["kind"]
            for path in (*tree.seen, *tree.links)
            if (found := _PROGRAM.search(path)) is not None
        }
        self._folders = (*_listed(environment.get("LD_LIBRARY_PATH", "")), *_configured(tree), *self._usual())
        self._names: dict[str, list[str]] = {}
        for path, file in tree.seen.items():
            if file.binary is not None:
                self._names.setdefault(posixpath.basename(path), []).append(path)
        for path in tree.links:
            if ".so" in path:
                self._names.setdefault(posixpath.basename(path), []).append(path)

    def judge(self, path: str, binary: Binary, owners: Owners) -> Iterator[Fault]:
        """Yield what is wrong with one file."""
        if binary.unread:
            yield Fault(path, f"its header cannot be read ({binary.unread})", sure=False)
            return
        wanted = _MACHINES.get(self._architecture)
        if wanted is not None and binary.machine != wanted:
            yield Fault(path, f"is for {binary.machine}, the image for {self._architecture}")
            return
        yield from self._wrong_python(path, owners)
        for library in binary.needs:
            yield from self._wrong_library(path, binary, library)

    def _wrong_python(self, path: str, owners: Owners) -> Iterator[Fault]:
        """Yield whether the interpreter that finds it would pass it over."""
        place = _AT.search(path)
        if place is not None:
            minor, kind = int(place["minor"]), place["kind"]
        elif len(self._pythons) == 1:
            ((minor, kind),) = self._pythons.items()
        else:
            return
        tag = _TAG.search(path)
        if tag is not None and (int(tag["minor"]), tag["kind"]) != (minor, kind):
            yield Fault(path, f"is for CPython 3.{tag['minor']}{tag['kind']}, the image's Python is 3.{minor}{kind}")
        if path.endswith(".abi3.so") and (least := self._least(owners.of(path))) > minor:
            yield Fault(path, f"needs the stable ABI of CPython 3.{least}, the image's Python is 3.{minor}")

    def _least(self, distribution: str) -> int:
        """Return the lowest minor version of Python that a wheel of the stable ABI is for; 0 if nothing says it."""
        for path, text in self._tree.texts.items():
            if path.endswith(".dist-info/WHEEL") and distribution:
                name = posixpath.basename(posixpath.dirname(path)).partition("-")[0]
                if re.sub(r"[-_.]+", "-", name).lower() == distribution and (tag := _STABLE.search(text)):
                    return min((int(each[3:]) for each in tag["pythons"].split(".") if each[:3] == "cp3"), default=0)
        return 0

    def _wrong_library(self, path: str, binary: Binary, library: str) -> Iterator[Fault]:
        found = self._library(path, binary, library)
        if found is None:
            if library.startswith("libc.musl-") or (library == "libc.so.6"):
                other = "musl" if library.startswith("libc.musl-") else "glibc"
                yield Fault(path, f"is built for {other}, which the image does not have (it needs {library})")
                return
            elsewhere = self._names.get(library, ())
            where = f"; the one in {posixpath.dirname(elsewhere[0])} is not where the loader looks" if elsewhere else ""
            yield Fault(path, f"needs {library}, which the image does not have{where}", sure=not elsewhere)
            return
        if not found.defines:
            return
        for version in binary.versions.get(library, ()):
            if version not in found.defines:
                family = version.partition("_")[0]
                highest = max((each for each in found.defines if each.startswith(f"{family}_")), key=_order, default="")
                has = f"the image's has up to {highest}" if highest else "the image's has none of that name"
                yield Fault(path, f"needs {version} of {library}, {has}")

    def _library(self, path: str, binary: Binary, library: str) -> Binary | None:
        if "/" in library:
            found = self._tree.resolve(library)
            return found.binary if found is not None else None
        origin = posixpath.dirname(path)
        own = [re.sub(r"\$(ORIGIN|\{ORIGIN\})", f"/{origin}", each).strip("/") for each in binary.folders]
        for folder in (*own, *self._folders):
            found = self._tree.resolve(posixpath.join(folder, library))
            if found is not None and found.binary is not None and found.binary.machine == binary.machine:
                return found.binary
        return None

    def _usual(self) -> tuple[str, ...]:
        triplet = _TRIPLETS.get(self._architecture)
        return (*([f"lib/{triplet}-linux-gnu", f"usr/lib/{triplet}-linux-gnu"] if triplet else []), *_FOLDERS)


def _configured(tree: Tree) -> list[str]:
    """Return the folders that `/etc/ld.so.conf` and its kin name."""
    return [
        line.strip().strip("/")
        for path, text in sorted(tree.texts.items())
        if path.startswith("etc/ld.so.conf")
        for line in text.splitlines()
        if line.strip().startswith("/")
    ]


def _listed(folders: str) -> list[str]:
    return [each.strip("/") for each in folders.split(":") if each]


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
