"""The tools of one build with their identities: the key parts that every module shares."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

from buildkit.compile import arguments, discovery, interpreter, loading
from buildkit.compile.compilers import Compiler
from buildkit.compile.discovery import PlusPlus
from buildkit.compile.driver import Drivers
from buildkit.compile.interpreter import Interpreter
from buildkit.compile.places import NOWHERE, Places
from buildkit.compile.siblings import sibling_folders
from buildkit.compile.suffix import own_suffix
from buildkit.core.fingerprint import digest_value, key_of
from buildkit.errors import ToolchainError
from buildkit.model import Digest

NO_COMPILER = (
    "install one: build-essential (Debian, Ubuntu), gcc (Fedora), xcode-select --install (macOS),\n"
    "or set CC to its program; PYBUILDKIT_COMPILE=off runs the service uncompiled"
)

_MYPYC = ("mypy", "ast_serialize", "librt")
"""What mypyc's C depends on: mypy's distribution has mypyc, the others parse for it and hold what it knows."""


_TOOL_ENDINGS = frozenset({".py", ".pyi", ".pyx", ".pxd", ".pxi", ".c", ".cpp", ".h", ".tmpl", ".so", ".pyd", ".txt"})
_LIBRARY_ENDINGS = (".so", ".pyd")
_NO_TOOLS = frozenset({"__pycache__", "Debugger", "Tests", "test", "test-data"})


_LASTING = ("ImportError: ", ": error: ")
"""How it reads where a fast compiler will not do the next time either: what it makes cannot be loaded, or it makes
nothing. A disk that is full, say, may have room again."""


def _libc() -> str:
    """Return the version of the C library, which loads what compilers make."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):
        return ""  # not glibc


@dataclass(frozen=True, slots=True)
class Toolchain:
    """The tools of one build.

    Args:
        interpreter: the Python that the extensions are for.
        compilers: the C compilers in the order in which they are tried on a module; the first that works is enough.
        parts: the digest of each tool by its part's name (`toolchain cython`).
        plus_plus: the C++ compiler, which most modules do without.
        drivers: asks the compiler drivers.
        files: what the tools are made of, by kind (`cython`, `compiler`), as far as they were needed so far; the
            mappings grow during a build.
        unusable: says that the fast compiler does not work, where that was found out just now; else empty.
    """

    interpreter: Interpreter
    compilers: tuple[Compiler, ...]
    parts: Mapping[str, Digest]
    plus_plus: PlusPlus
    drivers: Drivers
    files: Mapping[str, Mapping[str, None]]
    unusable: str = ""


def find(
    profile: str,
    python: Path | None,
    environment: Mapping[str, str],
    facts: dict[str, Any],
    digest: Callable[[str], Digest],
    roots: Mapping[str, str] = MappingProxyType({}),
    *,
    scratch: Path,
) -> Toolchain:
    """Return the tools for `profile`.

    Args:
        profile: `dev` prefers the fast development compiler where it is installed and works.
        python: the interpreter that the extensions are for; this one if None.
        environment: `CC`, `CFLAGS`, `LDFLAGS`, `PATH` and what compilers read themselves are read from it.
        facts: what earlier runs found out; new findings are added.
        digest: gives the digest of a file.
        roots: the token for each folder of this checkout.
        scratch: a folder for trial extensions where the system's temporary folder cannot be used.

    Raises:
        ToolchainError: no C compiler that works, no headers, no Cython.
    """
    cython_folder()
    files: dict[str, dict[str, None]] = {"cython": {}, "compiler": {}}

    def noted(path: str) -> Digest:
        found = digest(path)
        files["compiler"][path] = None  # not before: another thread would take it for one that changed meanwhile
        return found

    def of_cython(path: str) -> Digest:
        found = digest(path)
        files["cython"][path] = None
        return found

    target = interpreter.find(python, facts)
    python_digest = target.identity(noted)
    drivers = Drivers(environment, facts, noted)
    chosen: list[Compiler] = []
    problems: list[str] = []
    unusable = ""
    for compiler in (
        discovery.tiny_compiler() if profile == "dev" else None,
        discovery.system_compiler(environment, drivers),
    ):
        if compiler is None:
            continue
        called = digest_value(arguments.portable_arguments(compiler.recipe(()), roots))
        fact = f"works {compiler.identity(noted)} {called} {python_digest} {target.program} {_libc()}"
        if fact not in facts:
            facts[fact] = loading.problem(compiler, target, scratch)
            if facts[fact] and compiler.tiny:
                unusable = f"{compiler.name} is not used, which would compile faster: {facts[fact].splitlines()[-1]}"
        if facts[fact]:
            lasts = compiler.tiny and any(sign in facts[fact] for sign in _LASTING)
            words = facts[fact] if lasts else facts.pop(fact)
            problems += [f"{compiler.program}: {line}" for line in words.splitlines()[-4:]]
        else:
            chosen.append(compiler)
    if not chosen:
        what = "no C compiler makes extensions that Python can import" if problems else "no C compiler found"
        raise ToolchainError(what, details=problems, hint=NO_COMPILER)
    return Toolchain(
        target,
        tuple(chosen),
        {
            "toolchain cython": installed("Cython", of_cython),
            "toolchain compiler": key_of(
                {
                    **{f"{at}": tool.identity(noted) for at, tool in enumerate(chosen)},
                    **discovery.variables_read(environment, roots),
                }
            ),
            "toolchain python": python_digest,
        },
        PlusPlus(environment, drivers, noted, roots),
        drivers,
        files,
        unusable,
    )


def places(
    source: Path,
    toolchain: Toolchain,
    project: Path | None = None,
    environment: Mapping[str, str] = MappingProxyType({}),
    note: Callable[[str], object] = str,
) -> Places:
    """Return the places of a build's inputs: source root, project, installed packages, toolchain, folders beside.

    Args:
        source: the source root.
        toolchain: the tools.
        project: the project's folder.
        environment: `PYTHONPATH` is read from it.
        note: is called with each file that was read for it.
    """
    site = tuple(entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages")))
    library = os.path.dirname(os.__file__)  # noqa: PTH120 - sysconfig would load all that Python was built with
    archive = next((entry for entry in sys.path if entry.endswith(".zip")), library)
    own = tuple(str(Path(compiler.program).parent.parent) for compiler in toolchain.compilers if compiler.tiny)
    toolchain_folders = (library, archive, cython_folder(), toolchain.interpreter.include, *own)
    found = Places(str(source), site, toolchain_folders, "" if project in {None, source} else str(project))
    return replace(found, siblings=sibling_folders(found, environment, note) or (NOWHERE,))


def mypyc(digest: Callable[[str], Digest]) -> Digest:
    """Return the digest of the installed mypy (which has mypyc) and of the packages that it needs for translating.

    Raises:
        ToolchainError: it is not installed.
    """
    if not _folder("mypyc"):
        raise ToolchainError("mypy is not installed", hint='pip install "invoke-buildkit[mypyc]"')
    return key_of({package: installed(package, digest) for package in _MYPYC if _folder(package)})


def mypyc_folders() -> tuple[str, ...]:
    """Return the folders that mypy and mypyc are made of."""
    folder = _folder("mypy")
    return (folder, f"{folder}c") if folder else ()


def check_mypyc_target(target: Interpreter) -> None:
    """Check that mypyc can generate C for the target Python.

    Raises:
        ToolchainError: exactly one of the two Pythons is free-threaded.
    """
    if ("t-" in target.suffix) != ("t-" in own_suffix()):  # `.cpython-313t-darwin.so`
        raise ToolchainError(
            f"{target.program}: mypyc makes no C for a free-threaded Python on another one, or the reverse",
            hint="run the suite with that Python",
        )


def cython_folder() -> str:
    """Return where Cython is installed.

    Raises:
        ToolchainError: it is not.
    """
    folder = _folder("Cython")
    if not folder:
        raise ToolchainError("Cython is not installed", hint='pip install "cython>=3.3.1"')
    return folder


def _folder(package: str) -> str:
    """Return where a package is installed; empty if it is not."""
    spec = find_spec(package)
    return "" if spec is None or spec.origin is None else str(Path(spec.origin).parent)


def installed(package: str, digest: Callable[[str], Digest]) -> Digest:
    """Return the digest of an installed package that translates: of the contents of its files.

    Its installer's list of them is written before or after the files themselves, and what was edited by hand is not in
    it: so it only tells what lies outside of the package's folder.
    """
    folder = _folder(package)
    site = os.path.dirname(folder)  # noqa: PTH120
    found = [f"{site}/{name}" for name in _compiled_beside(site, package)]
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _NO_TOOLS]
        found += [f"{place}/{name}" for name in names if os.path.splitext(name)[1] in _TOOL_ENDINGS]  # noqa: PTH122
    return key_of({path[len(site) :]: digest(path) for path in sorted(found)})


def _compiled_beside(site: str, package: str) -> list[str]:
    """Return the libraries beside a package that belong to it, as mypyc makes them."""
    for name in os.listdir(site):  # noqa: PTH208
        if name.lower().startswith(f"{package.lower()}-") and name.endswith(".dist-info"):
            with contextlib.suppress(OSError), open(f"{site}/{name}/RECORD", encoding="utf-8") as file:  # noqa: PTH123
                listed = (line.partition(",")[0] for line in file)
                return [path for path in listed if "/" not in path and path.endswith(_LIBRARY_ENDINGS)]
    return []
