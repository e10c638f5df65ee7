from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildkit.core.changes import (
    NO_REACTION,
    Layout,
    Need,
    glob_pattern,
    glob_place,
    needs_of,
    react,
    with_consequences,
)
from buildkit.model import Reason

SERVICE = Layout(
    settings=("pyproject.toml", "service/pyproject.toml"),
    source_root="src",
    packages=("src/app", "src/worker"),
    compiles=True,
    exclude=("app/plain/*",),
    versions=("migrations/versions",),
    inputs=("tle/*.txt", "catalogue"),
    stages=("src/app/pipeline/read",),
    outputs=(".buildkit", "data"),
)
RESTART, REBUILD, MIGRATE, REFRESH, RELOAD = Need.RESTART, Need.REBUILD, Need.MIGRATE, Need.REFRESH, Need.RELOAD


@pytest.mark.parametrize(
    ("path", "needs"),
    [
        ("pyproject.toml", [RELOAD]),
        ("service/pyproject.toml", [RELOAD]),
        ("src/app/fast.pyx", [REBUILD]),
        ("src/app/fast.pxd", [REBUILD]),
        ("src/app/fast.pxi", [REBUILD]),
        ("src/app/fast.h", [REBUILD]),
        ("src/app/model.py", [REBUILD]),
        ("src/worker.py", [REBUILD]),
        ("src/app/__init__.py", [RESTART]),
        ("src/app/__main__.py", [RESTART]),
        ("src/app/plain/view.py", [RESTART]),
        ("src/app/pipeline/read.py", [REBUILD, REFRESH]),
        ("migrations/versions/0001_first.py", [MIGRATE]),
        ("migrations/versions/2026/0002_second.py", [MIGRATE]),
        ("migrations/env.py", []),
        ("tle/a.txt", [REFRESH]),
        ("tle/deep/a.txt", []),
        ("catalogue/deep/a.csv", [REFRESH]),
        ("data/current/tle/a.txt", []),
        ("src/other/model.py", []),
        ("src/app/tests/test_model.py", []),
        ("src/app/test_model.py", []),
        ("src/app/conftest.py", []),
        ("src/app/page.html", []),
        ("src/app/fast.c", [REBUILD]),
        ("src/app/fast.cpython-311-x86_64-linux-gnu.so", []),
        ("src/app/__pycache__/model.cpython-311.pyc", []),
        ("src/app/.model.py.swp", []),
        ("docs/guide.md", []),
        ("tasks.py", []),
        (".buildkit/made.py", []),
    ],
)
def test_what_a_change_asks_for(path: str, needs: list[Need]) -> None:
    assert list(needs_of(path, SERVICE)) == needs


@pytest.mark.parametrize(
    ("path", "needs"),
    [
        ("vendor/include/deep/limit.h", [REBUILD]),
        ("vendor/include/limit.pxd", [REBUILD]),
        ("vendor/counter.c++", [REBUILD]),
        ("single.c", [REBUILD]),
        ("other.c", []),
        ("vendor/include/README.md", []),
        ("vendor/include/tool.py", []),
        ("elsewhere/limit.h", []),
        ("data/limit.h", []),
    ],
)
def test_what_modules_are_compiled_with_asks_for_a_build_wherever_it_lies(path: str, needs: list[Need]) -> None:
    layout = replace(SERVICE, native=("vendor", "single.c"))
    assert list(needs_of(path, layout)) == needs


def test_without_a_compiler_all_python_is_plain() -> None:
    plain = Layout(source_root="", packages=("app", "main"))
    assert needs_of("app/model.py", plain) == (RESTART,)
    assert needs_of("main.py", plain) == (RESTART,)
    assert needs_of("noxfile.py", plain) == ()


def test_many_changes_ask_for_each_step_once_and_in_order() -> None:
    before = {"src/app/a.py": "1", "tle/a.txt": "1", "migrations/versions/1.py": "1", "docs/a.md": "1"}
    after = dict.fromkeys(before, "2") | {"src/app/b.pyx": "1"}
    reaction = react(before, after, SERVICE)
    assert reaction.needs == (REBUILD, MIGRATE, REFRESH, RESTART)
    assert reaction.reason == Reason("changed", "src/app/a.py and 3 more")
    assert reaction.files == ("src/app/a.py", "src/app/b.pyx", "migrations/versions/1.py", "tle/a.txt")


def test_data_alone_restarts_nothing() -> None:
    assert react({"tle/a.txt": "1"}, {"tle/a.txt": "2"}, SERVICE).needs == (REFRESH,)


def test_the_content_decides_and_not_the_event() -> None:
    same = {"src/app/a.py": "1"}
    assert react(same, same, SERVICE) == NO_REACTION
    assert react({}, same, SERVICE).reason == Reason("new", "src/app/a.py")
    assert react(same, {}, SERVICE).reason == Reason("deleted", "src/app/a.py")
    assert react({"docs/a.md": "1"}, {}, SERVICE) == NO_REACTION


@given(st.lists(st.sampled_from(Need)))
def test_the_order_of_the_work_never_changes(needs: list[Need]) -> None:
    ordered = with_consequences(needs)
    assert set(needs) <= set(ordered) <= {*needs, RESTART}
    assert list(ordered) == sorted(ordered, key=list(Need).index)
    assert with_consequences(ordered) == ordered


@pytest.mark.parametrize(
    ("glob", "matches", "differs"),
    [
        ("tle/*.txt", "tle/a.txt", "tle/b/a.txt"),
        ("tle/**/*.txt", "tle/a.txt", "tle/a.csv"),
        ("tle/**/*.txt", "tle/b/c/a.txt", "a.txt"),
        ("tle/", "tle/b/a.txt", "tle2/a.txt"),
        ("./tle", "tle/a.txt", "a/tle"),
        ("tle/[!a]?.txt", "tle/bx.txt", "tle/ax.txt"),
        ("a+b.txt", "a+b.txt", "aab.txt"),
    ],
)
def test_globs_of_inputs(glob: str, matches: str, differs: str) -> None:
    assert glob_pattern(glob).fullmatch(matches)
    assert not glob_pattern(glob).fullmatch(differs)


@pytest.mark.parametrize(
    ("glob", "place"), [("tle/*.txt", "tle"), ("*.txt", ""), ("a/b/c.txt", "a/b/c.txt"), ("a/**/b", "a"), ("./a/", "a")]
)
def test_where_the_matches_of_a_glob_lie(glob: str, place: str) -> None:
    assert glob_place(glob) == place
