from __future__ import annotations

import sys

import pytest

from buildkit.compile.profiles import LOOPS, compile_flags, link_flags


def words(profile: str, source: str, name: str) -> tuple[str, ...]:
    return compile_flags(profile, source, f"/usr/bin/{name}", tiny=name == "tcc")


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("gcc-12", True),
        ("x86_64-linux-gnu-gcc-12", True),
        ("c++", True),
        ("arm-none-eabi-g++", True),
        ("clang", False),
        ("gcc-wrapper", False),
        ("ccache", False),
        ("icc", False),
    ],
)
def test_a_driver_of_gcc_is_known_by_its_name(name: str, known: bool) -> None:
    assert words("release", "a.pyx", name) == (LOOPS if known else ("-O2",))


@pytest.mark.skipif(sys.platform == "darwin", reason="the form of Linux")
def test_each_profile_and_kind_of_source_has_its_flags() -> None:
    assert words("dev", "a.py", "gcc") == words("dev", "a.pyx", "gcc") == ("-O0",)
    assert words("release", "a.py", "gcc") == words("release", "a.py", "clang") == ("-O1",)
    assert words("release", "a.pyx", "gcc") == LOOPS
    assert words("release", "a.pyx", "clang") == ("-O2",)
    assert words("dev", "a.py", "tcc") == words("release", "a.pyx", "tcc") == ()
    assert link_flags("release", tiny=False) == ("-s",)
    assert link_flags("dev", tiny=False) == link_flags("release", tiny=True) == ()
