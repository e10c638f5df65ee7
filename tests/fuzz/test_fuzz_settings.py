"""What a project says of itself: settings, rules of what stays out of an image, and what its sources ask for."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from odd import NOISE, TEXTS, VALUES, as_toml, changed, harmed, lines
from running import emptied, inputs, survives

from buildkit.compile import arguments, distutils
from buildkit.compile.mypyc import settings as mypyc_settings
from buildkit.config import load
from buildkit.core import alembic, untrusted
from buildkit.data.stages import code
from buildkit.image import checkout, context, requirements
from buildkit.image.ignore import patterns
from buildkit.image.ignore.lines import parse
from buildkit.image.ignore.sieve import Sieve

SETTINGS: dict[str, Any] = {
    "project": {"name": "app", "dependencies": ["x"], "dynamic": ["version"]},
    "tool": {
        "buildkit": {
            "packages": ["app"],
            "exclude": ["app.slow"],
            "compile": {
                "profile": "dev",
                "jobs": 2,
                "directives": {"cdivision": True},
                "flags": ["-O1"],
                "include": [],
                "module": {"app.fast": {"flags": ["-O3"]}},
            },
            "data": {
                "path": "data",
                "ttl": "7d",
                "stage": [
                    {"name": "read", "run": "app.read:read", "inputs": ["tle/*"], "outputs": ["read/"], "ttl": 5},
                    {
                        "name": "cut",
                        "run": ["cut"],
                        "inputs": ["stage:read"],
                        "outputs": ["cut/"],
                        "params": {"x": 1.5},
                    },
                ],
            },
            "image": {"api": {"command": ["x"], "size-budget": "500MB"}},
            "migrate": {"wait": "60s", "config": "alembic.ini"},
            "dev": {"command": ["x", "{port}"], "ready": "http://127.0.0.1:{port}/health"},
            "store": {"size": "5GB", "age": "30d"},
            "nox": {"tests": ["pytest"]},
        }
    },
}


@inputs(quick=250, night=14000)
@given(
    changed(SETTINGS).map(lines) | harmed(st.just(lines(SETTINGS))) | NOISE,
    st.dictionaries(
        st.sampled_from(["COMPILE_JOBS", "COMPILE_FLAGS", "DATA_TTL", "DATA_PATH", "STORE_SIZE", "COMPILE_DIRECTIVES"]),
        st.sampled_from(TEXTS).filter(lambda text: "\0" not in text),
        max_size=2,
    ),
)
@example(b"[tool.buildkit.data.stage.params]\n" + b".".join([b"a"] * 3000) + b" = 1\n", {})
@example(b"[tool.buildkit.compile.directives]\n" + b".".join([b"a"] * 3000) + b" = 1\n", {})
@example(b"[tool.buildkit]\ndata.ttl = '99999999w'\n", {})
@example(b"[tool.buildkit]\npackages = '" + b"[" * 90000 + b"'\n", {})
@example(b"[tool.buildkit]\n", {"COMPILE_FLAGS": "[" * 90000})
@example(b"[tool.buildkit]\n", {"COMPILE_JOBS": "9" * 5000})
@example(b"[tool.buildkit]\ncompile.jobs = " + b"9" * 4000 + b"\n", {})
def test_settings_hold_or_each_fault_is_said(room: Path, content: bytes, variables: dict[str, str]) -> None:
    (emptied(room) / "pyproject.toml").write_bytes(content)
    for place in ("app/__init__.py", "app/fast.pyx", "app/slow.py", "tle/x"):
        (room / "src" / place).parent.mkdir(parents=True, exist_ok=True)
        (room / "src" / place).touch()
    environment = {"HOME": "/root", **{f"PYBUILDKIT_{name}": value for name, value in variables.items()}}
    found = survives(room, lambda: load(room, environment))
    if found is not None:
        assert max(found.data.ttl, found.data.verify, found.migrate.wait) <= untrusted.MOST_SECONDS
        assert found.compile.jobs <= 1 << 20
        assert survives(room, lambda: load(room, environment)) == found


@inputs(quick=100, night=8000)
@given(changed({"project": SETTINGS["project"]}).map(lines) | harmed(st.just(lines(SETTINGS))) | NOISE)
@example(b"project = 5")
@example(b"project = {name = 'x', dynamic = 5}")
@example(b"project = {name = 'x', dependencies = 5}")
@example(b"project = {")
@example(b"\xff")
@example(b"x = " + b"[" * 5000)
def test_a_projects_packages_are_told_or_its_fault_is_said(room: Path, content: bytes) -> None:
    (emptied(room) / "pyproject.toml").write_bytes(content)
    found = survives(room, lambda: requirements.read_project(room))
    if found is not None:
        survives(room, lambda: requirements.as_text(found.get("dependencies", ())))


# ------------------------------------------------------------------ what stays out of an image


SIGNS = st.sampled_from(
    [
        *"*?[]\\!/^-ab.{}|()+$#",
        "**",
        "**/",
        "[a-z]",
        "[^a]",
        "[!a]",
        "\\*",
        "..",
        "a/b",
        "\0",
        "é",
        " ",
        "[z-a]",
        "a{2}",
        "x",
    ]
)
PATTERNS = st.lists(SIGNS, min_size=1, max_size=10).map("".join)


@inputs(quick=200, night=14000)
@given(
    st.lists(PATTERNS, max_size=6).map("\n".join) | st.sampled_from(TEXTS), st.sampled_from(["a", "a/b", "x/a.b", "é"])
)
@example("*a" * 24 + "b", "a" * 200)
@example("?*" * 24 + "b", "a" * 200)
@example("**/a/" * 20 + "b", "a/" * 90 + "c")
@example("**/*" * 12 + "b", "a/" * 90 + "c")
@example("*" + "a*" * 40 + "/" + "**/" * 9 + "b", "a" * 240)
@example("{a|aa}*?*", "a" * 200)
@example("*(a*)*b", "a" * 200)
@example("*{9999999}", "a")
@example("a" + "{9}" * 2 + "*", "a")
@example("*(" * 200, "a")
def test_rules_of_an_ignore_file_judge_or_are_said_to_be_none(room: Path, text: str, path: str) -> None:
    def judge() -> None:
        rules = parse(text)
        sieve = Sieve(rules)
        for each in (path, f"{path}/{path}", ("a" * 100 + "/") * 3):
            verdict = rules.judge(each)
            assert sieve.judge(each, sieve.at_top)[0] is verdict.ignored
            rules.judge(f"{each}/x", verdict)
            rules.may_keep_within(each)

    survives(room, judge)


@inputs(quick=60, night=4000)
@given(harmed(st.just(b"*\n!src\n!pyproject.toml\n**/*.so\n")) | NOISE)
def test_a_context_is_scanned_or_its_rules_are_said_to_be_none(room: Path, content: bytes) -> None:
    (emptied(room) / ".dockerignore").write_bytes(content)
    (room / "src").mkdir()
    (room / "src/x.so").touch()
    (room / "src/x.py").touch()
    survives(room, lambda: context.scan(room, parse(context.ignore_text(room, room / "Dockerfile"))))


@inputs(quick=60, night=6000)
@given(
    st.lists(st.sampled_from(["https", "://", "user", ":", "@", "host", "[", "]", "/", "::1", "git", "\n"])).map(
        "".join
    )
)
def test_an_address_of_a_repository_is_shown_without_what_is_secret(room: Path, text: str) -> None:
    assert isinstance(survives(room, lambda: checkout.without_credentials(text)), str)


@inputs(quick=150, night=20000)
@given(
    st.lists(st.sampled_from(["*", "**", "**/", "?", "a", "/", "b", "\\*", ".", "-"]), min_size=1, max_size=9).map(
        "".join
    ),
    st.lists(st.sampled_from(["a", "b", "/", "*", ".", "\n", "-"]), max_size=9).map("".join),
)
def test_many_stars_are_judged_as_few_are(pattern: str, path: str) -> None:
    try:
        found = patterns.compiled(pattern)
    except ValueError:
        return
    if found.kind == patterns.EXPRESSION:
        expression = re.compile(found.part, re.ASCII)
        assert patterns._takes(patterns._steps(pattern), path) == bool(expression.search(path))


# ------------------------------------------------------------------ what sources ask for


SOURCE = b"""# distutils: language = c++
# distutils: include_dirs = include "a b"
# distutils: define_macros = A=1 B
# cython: language_level=3
from app cimport shared
cdef extern from "limit.h":
    int LIMIT
import numpy
from . import other
def twice(int value): return value
"""
DISTUTILS = st.builds(
    lambda name, value: f"# distutils: {name} = {value}\n",
    st.sampled_from(["language", "sources", "include_dirs", "define_macros", "extra_compile_args", "x", ""]),
    st.sampled_from(TEXTS),
)


@inputs(quick=100, night=8000)
@given(
    harmed(st.just(SOURCE)) | st.lists(DISTUTILS).map(lambda rows: "".join(rows).encode(errors="surrogatepass")) | NOISE
)
@example(b"# distutils: include_dirs = " + b'"' * 40001)
@example(b"x = " + b"-" * 50000 + b"1\n")
def test_what_a_source_asks_for_is_told(room: Path, content: bytes) -> None:
    (emptied(room) / "fast.pyx").write_bytes(content)

    def ask() -> None:
        text = content.decode(errors="replace")
        distutils.settings(text)
        [*code._python_imports(text)]
        [*code._cython_imports(text)]
        alembic.is_environment(content)

    survives(room, ask)


@inputs(quick=100, night=8000)
@example(["@file"], b"@file " * 30)
@given(
    st.lists(st.sampled_from([*TEXTS[:40], "@file", "@missing", "-I", "a b"]), max_size=4),
    harmed(st.just(b'-I "a b" @file\n')),
)
def test_words_of_a_compiler_are_laid_out(room: Path, given_: list[str], content: bytes) -> None:
    (emptied(room) / "file").write_bytes(content)
    here = os.getcwd()
    os.chdir(room)
    try:
        survives(room, lambda: arguments.expanded(given_))
        survives(room, lambda: arguments.files_named(given_, str(room)))
    finally:
        os.chdir(here)


MYPY = b"[mypy]\nstrict = true\n[mypy-app.*]\nignore_errors = %(x)s\n"


@inputs(quick=60, night=6000)
@given(
    harmed(st.just(MYPY)) | NOISE | VALUES.map(lambda value: as_toml(value).encode(errors="surrogatepass")),
    st.sampled_from(["mypy.ini", "setup.cfg", "pyproject.toml"]),
)
def test_settings_of_mypy_are_told(room: Path, content: bytes, name: str) -> None:
    (emptied(room) / name).write_bytes(content)
    survives(room, lambda: mypyc_settings._speaks_of_mypy(room / name))
    survives(room, lambda: mypyc_settings.settings_text(str(room / name)))


def test_the_targets_above_begin_with_what_the_suite_understands(room: Path) -> None:
    """Without changes each is taken: else nothing of it would be tried but the refusal."""
    (room / "pyproject.toml").write_bytes(lines(SETTINGS))
    (room / "src/app").mkdir(parents=True)
    (room / "src/app/__init__.py").touch()
    assert [stage.name for stage in load(room, {"HOME": "/root"}).data.stage] == ["read", "cut"]
    assert requirements.read_project(room)["name"] == "app"
