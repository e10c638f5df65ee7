from __future__ import annotations

import sys

import pytest

from buildkit.compile.profiles import LOOPS, compile_flags, link_flags


def words(profile: str, source: str, name: str) -> tuple[str, ...]:
    return compile_flags(profile, source, f"/usr/bin/{name}", tiny=name == "tcc")


@pytest.mark.skipif(sys.platform == "darwin", reason="the form of Linux")
def test_each_profile_and_kind_of_source_has_its_flags() -> None:
    assert words("dev", "a.py", "gcc") == words("dev", "a.pyx", "gcc") == ("-O0",)
    assert words("release", "a.py", "gcc") == words("release", "a.py", "clang") == ("-O1",)
    assert words("release", "a.pyx", "gcc") == LOOPS
    assert words("release", "a.pyx", "clang") == ("-O2",)
    assert words("dev", "a.py", "tcc") == words("release", "a.pyx", "tcc") == ()
    assert link_flags("release", tiny=False) == ("-s",)
    assert link_flags("dev", tiny=False) == link_flags("release", tiny=True) == ()
