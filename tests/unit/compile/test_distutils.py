from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.compile.distutils import (
    NUMPY,
    DistutilsSettings,
    declared_language,
    from_entry,
    items,
    portable_folder_name,
    settings,
    settings_of,
)
from buildkit.compile.places import Places
from buildkit.doors.files import digest_file

SOURCE = "source app/fast.pyx"

LINES = """\
# distutils: include_dirs = include
# distutils: define_macros = ONE=1 TWO
# distutils: undef_macros = THREE
# distutils: extra_compile_args = -O2 -march=native
# distutils: libraries = m
# distutils: library_dirs = vendor /opt/lib
# distutils: runtime_library_dirs = /opt/lib
# distutils: extra_link_args = -Wl,-z,now
# distutils: extra_objects = vendor/made.o
# distutils: sources = src/app/more.c csrc/most.c
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    for folder in ("src/app/sub", "include", "site"):
        (tmp_path / folder).mkdir(parents=True)
    return Places(str(tmp_path / "src"), (str(tmp_path / "site"),), (), str(tmp_path))


def read(places: Places, **texts: str) -> dict[str, str]:
    """Write files by their names without the kind, and return what a translation says that it read."""
    found = {}
    for name, text in texts.items():
        portable_name = f"source app/{name.replace('__', '/').replace('_', '.')}"
        Path(places.path(portable_name)).write_text(text)
        found[portable_name] = str(digest_file(places.path(portable_name)))
    return found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("", []),
        ("a b  c", ["a", "b", "c"]),
        ("[a, b c,d]", ["a", "b c", "d"]),
        ("\"a b\" 'c'", ["a b", "c"]),
        ('["a, b", c]', ["a, b", "c"]),
        ('NAME="text here" -O2', ['NAME="text here"', "-O2"]),
    ],
)
def test_a_list_is_written_as_cython_reads_it(value: str, found: list[str]) -> None:
    assert items(value) == found


def test_settings_stand_in_the_comments_before_the_code() -> None:
    text = (
        "# A remark.\n\n# distutils: language = c++\n#distutils: libraries = m z\n# distutils: color = red\nimport os\n"
    )

    assert settings(f"{text}# distutils: sources = late.c\n") == {"language": "c++", "libraries": ["m", "z"]}
    assert settings('"""text"""\n# distutils: language = c++\n') == {}


def test_each_line_becomes_words_for_one_of_the_two_calls(places: Places) -> None:
    assert settings_of(SOURCE, read(places, fast_pyx=LINES), places) == DistutilsSettings(
        language="c",
        include=("project include",),
        sources=("source app/more.c", "project csrc/most.c"),
        libraries=("project vendor", "file /opt/lib"),
        objects=("project vendor/made.o",),
        compile=("-DONE=1", "-DTWO", "-UTHREE", "-O2", "-march=native"),
        link=("-Wl,-rpath,/opt/lib", "-lm", "-Wl,-z,now"),
    )


def test_a_declaration_hands_on_what_its_users_need_to_compile_and_link(places: Places) -> None:
    own = "# distutils: libraries = z\n"
    other = "# distutils: libraries = m z\n# distutils: language = c++\n# distutils: define_macros = OWN\n"

    found = settings_of(SOURCE, read(places, other_pxd=other, fast_pyx=own), places)

    assert found == DistutilsSettings(language="c++", link=("-lz", "-lm")), (
        "macros and sources are the declaration's own"
    )


def test_the_own_language_wins(places: Places) -> None:
    texts = read(places, fast_pyx="# distutils: language = c\n", other_pxd="# distutils: language = c++\n")

    found = settings_of(SOURCE, texts, places)

    assert found is not None
    assert found.language == "c"


def test_a_header_is_searched_beside_the_file_that_declares_it(places: Places) -> None:
    (Path(places.source) / "app/sub/lib.h").touch()
    text = 'cdef extern from "lib.h":\n    int one\ncdef extern from "gone.h" nogil:\n    int two\n'

    found = settings_of(SOURCE, read(places, fast_pyx="", sub__lib_pxd=text), places)

    assert found == DistutilsSettings(
        include=("source app/sub",), probes=("+source app/sub/lib.h", "-source app/sub/gone.h")
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("cimport numpy as cnp\n", True),
        ("from numpy cimport ndarray\n", True),
        ("from numpy.random cimport bitgen_t\n", True),
        ("cimport cython, numpy\n", True),
        ("import numpy\n", False),
        ("# cimport numpy\n", False),
        ("cimport numpydoc\n", False),
    ],
)
def test_the_headers_of_numpy_are_wanted_by_who_declares_with_it(places: Places, text: str, wanted: bool) -> None:
    found = settings_of(SOURCE, read(places, fast_pyx=text), places)

    assert found == DistutilsSettings(include=(NUMPY,) if wanted else ())


def test_a_file_that_changed_since_it_was_read_is_no_answer(places: Places) -> None:
    texts = read(places, fast_pyx="# distutils: language = c++\n")
    (Path(places.source) / "app/fast.pyx").write_text("")

    assert settings_of(SOURCE, texts, places) is None


def test_further_sources_in_cpp_make_it_cpp() -> None:
    assert DistutilsSettings(sources=("source app/a.cpp",)).is_plus_plus
    assert not DistutilsSettings(sources=("source app/a.c",)).is_plus_plus


def test_what_is_kept_is_what_comes_back() -> None:
    distutils = DistutilsSettings(language="c++", include=("project include",), link=("-lm",))

    assert distutils.as_entry() == {"language": "c++", "include": ("project include",), "link": ("-lm",)}
    assert from_entry({"language": "c++", "include": ["project include"], "link": ["-lm"]}) == distutils
    assert from_entry({}) == DistutilsSettings()


def test_folders_of_the_settings_have_portable_names(places: Places) -> None:
    assert portable_folder_name("include", places) == "project include"
    assert portable_folder_name("src/app", places) == "source app"
    assert portable_folder_name(".", places) == "project ."
    assert portable_folder_name("package:pyarrow/include", places) == "site pyarrow/include"


def test_a_source_that_cannot_be_read_is_in_c(tmp_path: Path) -> None:
    assert declared_language(str(tmp_path / "gone.pyx")) == "c"
