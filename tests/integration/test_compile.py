"""`invoke compile` with the real compilers: what is compiled, what is left, what is said."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from plugins.projects import InvokeRunner, ProjectMaker, python

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")

PROJECT = {
    "pyproject.toml": '[project]\nname = "app"\n[tool.buildkit]\npackages = ["app"]\n',
    "src/app/__init__.py": "",
    "src/app/__main__.py": "print('main')\n",
    "src/app/plain.py": "def answer() -> int:\n    return 41 + 1\n",
    "src/app/fast.pyx": "from app cimport shared\n\ndef twice(int number):\n    return shared.double(number)\n",
    "src/app/shared.pxd": "cdef inline int double(int number):\n    return number * 2\n",
    "src/app/inner/__init__.py": "",
    "src/app/inner/deep.py": "WORD = 'deep'\n",
}

pytestmark = pytest.mark.usefixtures("compiler")


def extension(root: Path, module: str) -> Path:
    return root / "src" / f"{module.replace('.', '/')}{SUFFIX}"


def test_modules_become_extensions_that_are_imported(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 0, ran.stderr
    assert ran.json["schema"] == "buildkit.compile/1"
    assert ran.outcomes() == {
        "app.fast": "compiled",
        "app.inner.deep": "compiled",
        "app.plain": "compiled",
        "app.__main__": "kept",
    }
    assert ran.json["counts"] == {"compiled": 3, "kept": 1}
    where = python(root, "import app.plain, app.fast; print(app.plain.answer(), app.fast.twice(4), app.plain.__file__)")
    assert where == f"42 8 {extension(root, 'app.plain')}"
    assert python(root, "import runpy; runpy.run_module('app')") == "main"


def test_nothing_changed_starts_no_process(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    first = invoke(root, "compile")
    assert first.started

    again = invoke(root, "compile", "--json")

    assert again.json["counts"] == {"fresh": 3, "kept": 1}
    assert again.started == ()


def test_a_touched_tree_starts_no_process(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    for file in root.rglob("*"):
        file.touch()

    again = invoke(root, "compile", "--json")

    assert again.json["counts"] == {"fresh": 3, "kept": 1}
    assert again.started == ()


def test_one_edit_compiles_one_module_and_names_it(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    (root / "src/app/plain.py").write_text("def answer() -> int:\n    return 43\n")

    ran = invoke(root, "compile", "--json")

    assert ran.json["counts"] == {"fresh": 2, "compiled": 1, "kept": 1}
    assert ran.reason("app.plain") == "source changed: app/plain.py"
    assert python(root, "import app.plain; print(app.plain.answer())") == "43"


def test_an_edit_of_the_same_size_in_the_same_moment_is_seen(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    source = root / "src/app/plain.py"
    before = source.stat()
    source.write_text(source.read_text().replace("41", "51"))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes()["app.plain"] == "compiled"
    assert python(root, "import app.plain; print(app.plain.answer())") == "52"


def test_an_edited_declaration_compiles_exactly_its_dependants(project: ProjectMaker, invoke: InvokeRunner) -> None:
    """`from app cimport shared` is a form that Cython's own list of dependencies misses."""
    root = project(PROJECT)
    invoke(root, "compile")
    (root / "src/app/shared.pxd").write_text("cdef inline int double(int number):\n    return number * 20\n")

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes()["app.fast"] == "compiled"
    assert ran.json["counts"] == {"fresh": 2, "compiled": 1, "kept": 1}
    assert ran.reason("app.fast") == "source changed: app/shared.pxd"
    assert python(root, "import app.fast; print(app.fast.twice(4))") == "80"


@pytest.mark.parametrize(
    "line",
    [
        "from app cimport a",
        "from . cimport a",
        "from .a cimport one",
        "from app.a cimport one",
        "cimport app.b as b, app.a as a",
        "x = 1; cimport app.a",
        "from cython.cimports.app import a",
        "from cython.cimports.app.a import one",
        'include "a.pxi"',
    ],
)
def test_every_form_of_dependency_is_recorded(project: ProjectMaker, invoke: InvokeRunner, line: str) -> None:
    name = "a.pxi" if "include" in line else "a.pxd"
    text = "ONE = 1\n" if "include" in line else "cdef inline int one():\n    return 1\n"
    root = project(
        {
            "pyproject.toml": '[project]\nname = "app"\n[tool.buildkit]\n',
            "src/app/__init__.py": "",
            "src/app/b.pxd": "cdef inline int two():\n    return 2\n",
            f"src/app/{name}": text,
            "src/app/user.pyx": f"{line}\n",
        }
    )
    first = invoke(root, "compile")
    assert first.exit_code == 0, first.stderr
    (root / "src/app" / name).write_text(text.replace("1\n", "3\n"))

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes() == {"app.user": "compiled"}
    assert ran.reason("app.user") == f"source changed: app/{name}"


def test_a_declaration_that_turns_up_beside_a_module_rebuilds_it(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    (root / "src/app/plain.pxd").write_text("cpdef long answer()\n")

    ran = invoke(root, "compile", "--json")

    assert ran.reason("app.plain") == "source appeared: app/plain.pxd"
    assert ran.outcomes()["app.inner.deep"] == "fresh"


def test_a_changed_header_of_the_project_rebuilds_its_user(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(
        {
            "pyproject.toml": '[project]\nname = "app"\n[tool.buildkit]\n',
            "src/app/__init__.py": "",
            "src/app/limit.h": "#define LIMIT 7\n",
            "src/app/user.pyx": 'cdef extern from "limit.h":\n    int LIMIT\n\ndef limit():\n    return LIMIT\n',
        }
    )
    invoke(root, "compile")
    (root / "src/app/limit.h").write_text("#define LIMIT 8\n")

    ran = invoke(root, "compile", "--json")

    assert ran.reason("app.user") == "source changed: app/limit.h"
    assert python(root, "import app.user; print(app.user.limit())") == "8"


def test_a_comment_that_moves_no_line_starts_no_c_compiler(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    built = extension(root, "app.plain").stat()
    source = root / "src/app/plain.py"
    source.write_text(source.read_text() + "# a remark\n")

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes()["app.plain"] == "compiled"
    assert len(ran.started) == 1, "the translator alone"
    after = extension(root, "app.plain").stat()
    assert (after.st_ino, after.st_mtime_ns) == (built.st_ino, built.st_mtime_ns), "an equal extension stays untouched"


def test_a_fresh_clone_takes_all_from_the_store(project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    clone = tmp_path / "elsewhere" / "deeper"
    shutil.copytree(root, clone, ignore=shutil.ignore_patterns(".buildkit", "*.so"))

    ran = invoke(clone, "compile", "--json")

    assert ran.json["counts"] == {"restored": 3, "kept": 1}
    assert extension(clone, "app.fast").read_bytes() == extension(root, "app.fast").read_bytes()


def test_there_and_back_again_compiles_nothing(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    source = root / "src/app/plain.py"
    main = source.read_text()
    source.write_text(main.replace("41", "61"))
    invoke(root, "compile")
    source.write_text(main)

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes()["app.plain"] == "restored"
    assert python(root, "import app.plain; print(app.plain.answer())") == "42"


def test_profiles_are_kept_side_by_side(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile", "--profile", "dev")
    release = invoke(root, "compile", "--profile", "release", "--json")
    assert release.json["counts"]["compiled"] == 3

    dev = invoke(root, "compile", "--json")

    assert dev.json["counts"]["restored"] == 3


def test_dry_run_decides_and_leaves_the_disk_alone(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)

    ran = invoke(root, "compile", "--dry-run", "--json")
    dry = invoke(root, "--dry", "compile", "--json")

    assert ran.outcomes()["app.plain"] == dry.outcomes()["app.plain"] == "would-compile"
    assert not list(root.rglob("*.so"))


def test_explain_says_why_for_every_module(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    (root / "src/app/plain.py").write_text("def answer() -> int:\n    return 44\n")

    ran = invoke(root, "compile", "--explain")

    assert "app.plain  (source changed: app/plain.py)" in ran.stderr
    assert "app.fast  (unchanged)" in ran.stderr
    assert "app.__main__  (python -m needs its code object)" in ran.stderr


@pytest.mark.parametrize("end", ["deleted", "excluded"])
def test_a_module_that_is_gone_loses_its_extension(project: ProjectMaker, invoke: InvokeRunner, end: str) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    if end == "deleted":
        (root / "src/app/plain.py").unlink()
    else:
        (root / "pyproject.toml").write_text(PROJECT["pyproject.toml"] + 'exclude = ["app/plain.py"]\n')

    ran = invoke(root, "compile", "--json")

    assert not extension(root, "app.plain").exists()
    assert ran.outcomes()["app.plain"] == ("removed" if end == "deleted" else "kept")


def test_what_the_tool_did_not_make_is_left(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    extension(root, "app.plain").unlink()
    extension(root, "app.plain").write_text("somebody else's")
    foreign = extension(root, "app.other")
    foreign.write_text("never ours")
    (root / "src/app/plain.py").unlink()

    ran = invoke(root, "compile")

    assert extension(root, "app.plain").read_text() == "somebody else's"
    assert "changed since it was made" in ran.stderr
    assert foreign.read_text() == "never ours"


@pytest.mark.parametrize("harm", ["missing", "cut", "flipped"])
def test_a_harmed_extension_is_noticed_and_repaired(project: ProjectMaker, invoke: InvokeRunner, harm: str) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    file = extension(root, "app.plain")
    whole = file.read_bytes()
    file.unlink()
    if harm == "cut":
        file.write_bytes(whole[:1000])
    if harm == "flipped":
        file.write_bytes(whole[:500] + bytes([whole[500] ^ 1]) + whole[501:])

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes()["app.plain"] == "restored"
    assert ran.reason("app.plain").startswith("output missing" if harm == "missing" else "output damaged")
    assert file.read_bytes() == whole


def test_a_harmed_store_and_state_cost_time_alone(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    good = extension(root, "app.plain").read_bytes()
    for file in Path(os.environ["PYBUILDKIT_CACHE_DIR"]).rglob("*"):
        if file.is_file() and file.stat().st_size:
            content = bytearray(file.read_bytes())
            content[len(content) // 2] ^= 0xFF
            file.write_bytes(content)
    for file in (root / ".buildkit").glob("state*"):
        file.write_bytes(file.read_bytes()[:-10])
    extension(root, "app.plain").unlink()

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 0, ran.stderr
    assert "is damaged" in ran.stderr
    assert extension(root, "app.plain").read_bytes() == good
    assert invoke(root, "compile", "--json").json["counts"] == {"fresh": 3, "kept": 1}


def test_errors_of_all_modules_are_listed_and_the_others_are_done(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project({**PROJECT, "src/app/bad.py": "def broken(:\n    pass\n", "src/app/worse.pyx": "cimport nowhere\n"})

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 10
    assert ran.json["counts"] == {"failed": 2, "compiled": 3, "kept": 1}
    assert "error: 2 of 5 modules did not compile" in ran.stderr
    assert "app/bad.py:1:11" in ran.stderr
    assert "app/worse.pyx:1:8: 'nowhere.pxd' not found" in ran.stderr
    assert "hint:" in ran.stderr
    assert "Traceback" not in ran.stderr
    again = invoke(root, "compile", "--json")
    assert again.exit_code == 10
    assert again.started == (), "a refusal is remembered with its inputs"
    (root / "src/app/bad.py").write_text("def mended():\n    pass\n")
    assert invoke(root, "compile", "--json").outcomes()["app.bad"] == "compiled"


def test_a_failed_module_does_not_run_as_it_was_before_the_edit(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    (root / "src/app/plain.py").write_text("def answer(:\n")

    assert invoke(root, "compile").exit_code == 10

    assert not extension(root, "app.plain").exists()
    assert extension(root, "app.fast").exists()


@pytest.mark.parametrize("made_by", ["us, and cut", "somebody else"])
def test_nothing_stands_in_for_a_module_that_fails(project: ProjectMaker, invoke: InvokeRunner, made_by: str) -> None:
    root = project(PROJECT)
    file = extension(root, "app.plain")
    if made_by == "somebody else":
        file.write_text("an older build's")
    else:
        invoke(root, "compile")
        file.write_bytes(file.read_bytes()[:1000])
    (root / "src/app/plain.py").write_text("def answer(:\n")

    assert invoke(root, "compile").exit_code == 10

    assert not file.exists()


def test_compilation_can_be_turned_off_and_on(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile")

    off = invoke(root, "compile", "--json", PYBUILDKIT_COMPILE="off")

    assert off.json["counts"] == {"removed": 3}
    assert not list(root.rglob("*.so"))
    assert invoke(root, "compile", "--json").json["counts"] == {"restored": 3, "kept": 1}


def test_no_cache_makes_all_anew_to_the_same_bytes(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    before = extension(root, "app.fast").read_bytes()

    ran = invoke(root, "compile", "--no-cache", "--json")

    assert ran.json["counts"] == {"compiled": 3, "kept": 1}
    assert extension(root, "app.fast").read_bytes() == before


def test_clean_deletes_what_the_tool_made(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile")

    ran = invoke(root, "compile", "--clean", "--json")

    assert ran.json["counts"] == {"removed": 3}
    assert not list(root.rglob("*.so"))


def test_without_a_compiler_it_says_how_to_get_one(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)

    ran = invoke(root, "compile", "--profile", "release", CC="", PATH="/nowhere")

    assert ran.exit_code == 11
    assert "error: no C compiler found" in ran.stderr
    assert "build-essential" in ran.stderr


def test_a_compiler_that_does_not_work_is_named_with_its_words(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    broken = tmp_path / "broken-cc"
    broken.write_text("#!/bin/sh\necho 'out of order' >&2\nexit 3\n")
    broken.chmod(0o755)
    root = project(PROJECT)

    ran = invoke(root, "compile", "--profile", "release", CC=str(broken))

    assert ran.exit_code == 11
    assert f"{broken}: out of order" in ran.stderr


def test_another_compiler_and_other_flags_are_other_inputs(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, compiler: str
) -> None:
    root = project(PROJECT)
    invoke(root, "compile", "--profile", "release")

    flags = invoke(root, "compile", "--profile", "release", "--json", CFLAGS="-DEXTRA=1")
    unrelated = invoke(root, "compile", "--profile", "release", "--json", CFLAGS="-DEXTRA=1", SOMETHING="else")
    path = invoke(root, "compile", "--profile", "release", "--json", CFLAGS="-DEXTRA=1", CPATH=str(tmp_path))
    back = invoke(root, "compile", "--profile", "release", "--json", CFLAGS="-DEXTRA=1")
    wrapper = tmp_path / "my-cc"
    wrapper.write_text(f'#!/bin/sh\nexec {compiler} "$@"\n')
    wrapper.chmod(0o755)
    other = invoke(root, "compile", "--profile", "release", "--json", CFLAGS="-DEXTRA=1", CC=str(wrapper))

    assert flags.reason("app.plain") == "setting changed: flags and 1 more", "the linker gets them too"
    assert unrelated.json["counts"] == {"fresh": 3, "kept": 1}
    assert path.reason("app.plain") == "toolchain changed: compiler", "it would search there"
    assert back.json["counts"] == {"restored": 3, "kept": 1}
    assert other.reason("app.plain") == "setting changed: flags and 2 more", "its name, its content"


def test_a_read_only_tree_is_refused_before_any_work(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    (root / "tasks.py").write_text("from buildkit.tasks import ns\n")
    with read_only(root):
        ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 10
    assert "Read-only file system" in ran.stderr or "Permission denied" in ran.stderr
    assert "must be writable" in ran.stderr


class read_only:  # noqa: N801 - reads as a clause
    """Make a folder read-only, also for root: by a mount of its own where that is allowed, else by its mode."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mounted = False

    def __enter__(self) -> None:
        if os.geteuid() == 0:
            subprocess.run(["mount", "--bind", self._folder, self._folder], check=True)
            subprocess.run(["mount", "-o", "remount,ro,bind", self._folder], check=True)
            self._mounted = True
        else:
            self._folder.chmod(stat.S_IRUSR | stat.S_IXUSR)

    def __exit__(self, *_: object) -> None:
        if self._mounted:
            subprocess.run(["umount", self._folder], check=True)
        else:
            self._folder.chmod(stat.S_IRWXU)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB; root alone can make one."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


def fill(folder: Path) -> Path:
    """Fill the file system of `folder` to the last byte; deleting the file that is returned empties it again."""
    ballast = folder / "ballast"
    descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while os.write(descriptor, b"x" * 4096):
            pass
    os.close(descriptor)
    return ballast


def test_a_full_store_costs_the_cache_alone(project: ProjectMaker, invoke: InvokeRunner, small_disk: Path) -> None:
    fill(small_disk)
    root = project(PROJECT)

    ran = invoke(root, "compile", "--json", PYBUILDKIT_CACHE_DIR=str(small_disk / "cache"))

    assert ran.exit_code == 0, ran.stderr
    assert ran.stderr.count("cannot be written (No space left on device); nothing is kept") == 1
    assert ran.json["counts"] == {"compiled": 3, "kept": 1}


def test_a_full_project_disk_fails_with_the_reason_and_harms_nothing(
    project: ProjectMaker, invoke: InvokeRunner, small_disk: Path
) -> None:
    root = small_disk / "project"
    shutil.copytree(project(PROJECT), root)
    assert invoke(root, "compile").exit_code == 0
    before = extension(root, "app.fast").read_bytes()
    (root / "src/app/plain.py").write_text("def answer() -> int:\n    return 45\n")
    (root / "tasks.py").touch()
    ballast = fill(small_disk)

    ran = invoke(root, "compile")

    assert ran.exit_code == 10
    assert "No space left on device" in ran.stderr
    assert extension(root, "app.fast").read_bytes() == before
    ballast.unlink()
    assert invoke(root, "compile").exit_code == 0
    assert python(root, "import app.plain; print(app.plain.answer())") == "45"
    assert not list(root.rglob("*.tmp"))
