from __future__ import annotations

from buildkit.compile.flags import Flags, environment_flags, split_flags


def test_flags_of_the_environment_are_split_as_a_shell_would() -> None:
    environment = {"CFLAGS": "-g -DNAME='a b'", "LDFLAGS": "-Wl,-z,now"}

    assert environment_flags(environment) == Flags(("-g", "-DNAME=a b"), ("-Wl,-z,now",))
    assert environment_flags({}) == Flags()
    assert environment_flags(environment).both == ("-g", "-DNAME=a b", "-Wl,-z,now")


def test_words_for_the_linker_among_a_projects_flags_concern_it_alone() -> None:
    words = ("-O2", "-lm", "-L/opt/lib", "-fopenmp", "-Wl,-z,now", "-Wall")

    assert split_flags(words) == Flags(("-O2", "-fopenmp", "-Wall"), ("-lm", "-L/opt/lib", "-Wl,-z,now"))


# ------------------------------------------------------------------ what a compiler read
