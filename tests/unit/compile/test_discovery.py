from __future__ import annotations

import os
from pathlib import Path

from buildkit.compile.compilers import Compiler
from buildkit.compile.discovery import system_compiler, variables_read
from buildkit.compile.driver import Drivers
from buildkit.core.fingerprint import digest_bytes
from buildkit.doors.files import digest_file


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
    assert variables_read({"HOME": "/somewhere", "PATH": "/bin"}) == {}
    assert variables_read({"CPATH": "/include"}) == {"variable CPATH": digest_bytes(b"/include")}
    assert variables_read({"CPATH": ""}) != {}
