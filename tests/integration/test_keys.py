"""What decides an extension is in its key: for each thing that the tools read, a change of it is another key.

The rows are those of docs/explanation/what-enters-a-key.md. A module is built once with everything that the tools can
be told; then each row changes one thing, and a look (which makes nothing) says whether it would be made.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from plugins.projects import APP, program

from buildkit.compile.discovery import VARIABLES
from buildkit.config import load
from buildkit.errors import CompileError
from buildkit.extensions.decide import decide
from buildkit.extensions.look import look
from buildkit.extensions.workspace import workspace_of
from buildkit.flows.compile import compile_modules
from buildkit.model import Action
from buildkit.report.console import Console

pytestmark = pytest.mark.usefixtures("compiler")

SETTINGS = f'{APP}[tool.buildkit.compile]\nprofile = "release"\n'

SEARCHED = ("words", "quoted", "system", "after", "path", "c_path", "settings", "lines")
"""Folders of headers, each named in another manner."""

FILES = {
    "pyproject.toml": f'{SETTINGS}include = ["settings"]\n',
    "src/app/__init__.py": "",
    "src/app/all.pyx": """\
# distutils: extra_compile_args = {extra}
# distutils: include_dirs = lines
DEF MACHINE = UNAME_MACHINE
cdef extern from "answer.h":
    int ANSWER
cdef extern from "deep/down.h":
    int DOWN
cdef extern from *:
    '''const char *built = __DATE__; int one(void);'''
    const char *built
    int one()

def ask():
    return MACHINE, ANSWER, DOWN, built, one()
""",
    "src/app/plain.py": "def answer():\n    return 1\n",
    "last/answer.h": "#define ANSWER 1\n",
    "last/deep/down.h": "#define DOWN 1\n",
    "forced.h": "#define FORCED 1\n",
    "macros.h": "#define MACRO 1\n",
    "words.rsp": "-DRESPONSE=1\n",
    "profiles/other.gcda": "",
    "export.map": "{ global: PyInit_*; local: *; };\n",
    "link.rsp": "-Wl,-z,now\n",
    "one.c": "int one(void) { return 1; }\n",
}


@dataclass(frozen=True)
class Built:
    """A project that is built, with the surroundings that it was built in."""

    root: Path
    environment: Mapping[str, str]

    def would_make(self, **variables: str) -> dict[str, str]:
        """Return the reason for each module that would be made or restored in these surroundings."""
        environment = {**self.environment, **variables}
        config = load(self.root, environment, {})
        workspace = workspace_of(config, Console(environment, as_json=False), environment)
        with surrounded(environment):
            return {
                step.subject.rpartition(".")[2]: f"{step.reason.kind} {step.reason.detail}"
                for step in decide(look(workspace)).steps
                if step.action is not Action.LEAVE
            }


@contextlib.contextmanager
def surrounded(environment: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def build(root: Path, environment: Mapping[str, str]) -> Built:
    with surrounded(environment):
        try:
            compile_modules(load(root, environment, {}), Console(environment, as_json=False), environment)
        except CompileError as error:
            pytest.fail("\n".join([str(error), *error.details]))  # the compiler's own words
    return Built(root, environment)


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text.replace("{extra}", f"-I{root}/args"))


def asked(name: str) -> str:
    """Return what the compiler calls the program of that name behind it."""
    words = ["gcc", f"-print-prog-name={name}"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def real(name: str) -> str:
    """Return where the program of that name behind the compiler lies."""
    return str(shutil.which(asked(name)))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, compiler: str) -> Built:
    """A project for which everything is named that a compiler and a linker can be told."""
    root = tmp_path_factory.mktemp("told")
    write(root, FILES)
    for folder in (*SEARCHED, "args", "first/deep", "lib0", "lib1", "tools", "early", "prefix"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    subprocess.run([compiler, "-fPIC", "-c", "one.c", "-o", "one.o"], cwd=root, check=True)
    subprocess.run(["ar", "rcs", "lib1/libone.a", "one.o"], cwd=root, check=True)
    words = (
        *("-march=native", f"-include {root}/forced.h", f"-imacros {root}/macros.h", f"@{root}/words.rsp"),
        *(f"-fprofile-use={root}/profiles", f"-I{root}/words", f"-I{root}/first", f"-iquote {root}/quoted"),
        *(f"-isystem {root}/system", f"-idirafter {root}/after", f"-idirafter {root}/last", f"-B{root}/prefix"),
    )
    links = (f"-L{root}/lib0", f"-L{root}/lib1", f"-lone -Wl,--version-script={root}/export.map", f"@{root}/link.rsp")
    store = {"PYBUILDKIT_CACHE_DIR": str(tmp_path_factory.mktemp("store"))}
    paths = {"CPATH": f"{root}/path", "C_INCLUDE_PATH": f"{root}/c_path", "COMPILER_PATH": f"{root}/tools"}
    usual = {**os.environ, **store, **paths, "PATH": f"{root}/early:{os.environ['PATH']}", "SOURCE_DATE_EPOCH": "1"}
    return build(root, {**usual, "CC": compiler, "CFLAGS": " ".join(words), "LDFLAGS": " ".join(links)})


@pytest.fixture
def built(told: Built) -> Iterator[Built]:
    """The same for each row, which finds it as it was built and has its files put back."""
    kept = {
        path: path.read_bytes() for path in told.root.rglob("*") if path.is_file() and ".buildkit" not in path.parts
    }
    yield told
    for path in told.root.rglob("*"):
        if path.is_file() and ".buildkit" not in path.parts and path not in kept:
            path.unlink()
    for path, content in kept.items():
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)


def test_nothing_changed_is_nothing_to_do(built: Built) -> None:
    assert built.would_make() == {}


# ------------------------------------------------------------------ what is named


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_that_a_tool_reads(built: Built, name: str) -> None:
    value = f"{Path(real('cc1')).parents[2]}/" if name == "GCC_EXEC_PREFIX" else f"{built.root}/first"

    assert set(built.would_make(**{name: value})) == {"all", "plain"}


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("CFLAGS", "-DPLACE='\"/opt/blue/etc\"'"),
        ("CFLAGS", "-g"),
        ("LDFLAGS", "-Wl,-rpath,/opt/blue"),
        ("CC", "{CC} -I/opt/blue/include"),
        ("CC", "{CC} '-DPLACE=\"/opt/blue/etc\"'"),
        ("CC", "env A=1 {CC}"),
    ],
)
def test_a_word_of_the_call(built: Built, name: str, other: str) -> None:
    words = other.format(**built.environment)
    value = words if name == "CC" else f"{built.environment[name]} {words}"

    blue, green = built.would_make(**{name: value}), value.replace("blue", "green")

    assert "all" in blue
    assert "all" in built.would_make(**{name: green})


@pytest.mark.parametrize(
    "name", ["forced.h", "macros.h", "words.rsp", "profiles/other.gcda", "export.map", "link.rsp", "lib1/libone.a"]
)
def test_a_file_that_a_word_names(built: Built, name: str) -> None:
    with (built.root / name).open("a") as file:
        file.write("\n")

    assert "all" in built.would_make()


def test_a_profile_that_turns_up_in_the_folder(built: Built) -> None:
    (built.root / "profiles/new.gcda").touch()

    assert "all" in built.would_make()


# ------------------------------------------------------------------ what was looked for in vain


@pytest.mark.parametrize("folder", [*SEARCHED, "args", "first"])
def test_a_header_that_turns_up_in_a_folder_that_is_searched_earlier(built: Built, folder: str) -> None:
    (built.root / folder / "answer.h").write_text("#define ANSWER 2\n")

    assert set(built.would_make()) == {"all"}


def test_a_header_that_turns_up_in_a_folder_that_was_there_in_an_earlier_one(built: Built) -> None:
    (built.root / "first/deep/down.h").write_text("#define DOWN 2\n")

    assert set(built.would_make()) == {"all"}


def test_a_precompiled_header_that_turns_up_beside_its_text(built: Built) -> None:
    (built.root / "last/answer.h.gch").touch()

    assert set(built.would_make()) == {"all"}


@pytest.mark.parametrize("name", ["lib0/libone.a", "lib0/libone.so", "lib1/libone.so", "lib0/libgcc.a", "lib0/libc.so"])
def test_a_library_that_turns_up_where_it_would_be_taken_instead(built: Built, name: str) -> None:
    shutil.copy(built.root / "lib1/libone.a", built.root / name)

    assert "all" in built.would_make()


# ------------------------------------------------------------------ which programs run


@pytest.mark.parametrize(
    "name", ["tools/as", "tools/cc1", "tools/ld", "early/as", "prefix/as", "prefix/cc1", "prefix/ld"]
)
def test_another_program_behind_the_driver(built: Built, name: str) -> None:
    if name == "early/as" and "/" in asked("as"):
        pytest.skip("this compiler names its assembler by its path, and looks for none on PATH")
    program(built.root / name, f'exec {real(Path(name).name)} "$@"')

    assert set(built.would_make()) == {"all", "plain"}


# ------------------------------------------------------------------ what belongs to the machine and the moment


def test_a_name_of_the_machine_where_it_is_used(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    other = platform.uname()._replace(machine="other")
    monkeypatch.setattr(platform, "uname", lambda: other)

    assert built.would_make() == {"all": "machine changed UNAME_MACHINE"}


def test_another_name_of_the_machine_is_another_matter(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    other = platform.uname()._replace(node="other")
    monkeypatch.setattr(platform, "uname", lambda: other)

    assert built.would_make() == {}


def test_the_date_counts_where_it_is_used(built: Built) -> None:
    assert built.would_make(SOURCE_DATE_EPOCH="86400000") == {"all": "variable changed SOURCE_DATE_EPOCH"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("LC_ALL", "C"), ("LANGUAGE", "de"), ("TMPDIR", "{root}/first"), ("DEPENDENCIES_OUTPUT", "{root}/first/out")),
        *(("SUNPRO_DEPENDENCIES", "{root}/first/out"), ("PYTHONPATH", "{root}/first"), ("PYTHONHASHSEED", "7")),
        *(("PYTHONOPTIMIZE", "2"), ("HOME", "{root}/first"), ("GCC_COLORS", "error=01")),
    ],
)
def test_what_changes_nothing_makes_nothing(built: Built, name: str, value: str) -> None:
    assert built.would_make(**{name: value.format(root=built.root)}) == {}


# ------------------------------------------------------------------ what a compiler is that nobody knows


@pytest.fixture(scope="module")
def wrapped(tmp_path_factory: pytest.TempPathFactory, compiler: str) -> Built:
    """A project whose compiler is a script, which reads a variable and a file."""
    root = tmp_path_factory.mktemp("wrapped")
    write(
        root, {"pyproject.toml": SETTINGS, "src/app/__init__.py": "", "src/app/plain.py": "ONE = 1\n", "cpu": "x86-64"}
    )
    script = program(root / "cc", f'exec {compiler} $OWN_CFLAGS -DCPU="$(cat {root}/cpu)" "$@"')
    store = {"PYBUILDKIT_CACHE_DIR": str(tmp_path_factory.mktemp("store"))}
    return build(root, {**os.environ, **store, "CC": str(script)})


@pytest.mark.parametrize(
    ("file", "variables"),
    [("cpu", {}), ("cc", {}), ("", {"OWN_CFLAGS": "-DOTHER"})],
    ids=["a file", "itself", "a variable"],
)
def test_what_a_script_makes_of_a_call(wrapped: Built, file: str, variables: Mapping[str, str]) -> None:
    assert wrapped.would_make() == {}
    if not file:
        assert set(wrapped.would_make(**variables)) == {"plain"}
        return
    text = (wrapped.root / file).read_text()
    (wrapped.root / file).write_text(f"{text}#\n")
    try:
        assert set(wrapped.would_make()) == {"plain"}
    finally:
        (wrapped.root / file).write_text(text)
