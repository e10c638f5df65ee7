"""Whole builds: what one checkout hands to another, and what of tools that change or fail is handed to nobody."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from plugins.projects import APP, InvokeRunner, ProjectMaker, program, python

pytestmark = pytest.mark.usefixtures("compiler")

SETTINGS = f'{APP}[tool.buildkit.compile]\nprofile = "release"\n'


# ------------------------------------------------------------------ whole builds


def test_a_compiler_that_is_a_script_is_asked_each_time(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, compiler: str
) -> None:
    """What it read is not known, so no quick check tells that nothing changed."""
    root = project({"pyproject.toml": SETTINGS, "src/app/__init__.py": "", "src/app/one.pyx": DEFINED})
    (tmp_path / "number").write_text("1")
    script = program(tmp_path / "cc", f'exec {compiler} -DNUMBER=$(cat {tmp_path}/number) "$@"')
    for _ in range(3):
        invoke(root, "compile", CC=str(script))
    assert python(root, "import app.one; print(app.one.number())") == "1"
    (tmp_path / "number").write_text("2")

    ran = invoke(root, "compile", "--json", CC=str(script))

    assert ran.outcomes() == {"app.one": "compiled"}
    assert python(root, "import app.one; print(app.one.number())") == "2"


DEFINED = "cdef extern from *:\n    int NUMBER\n\ndef number():\n    return NUMBER\n"


def test_two_checkouts_share_what_is_found_in_their_own_folders(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    header = {"include/own.h": "#define NUMBER 3\n"}
    text = DEFINED.replace("from *", 'from "own.h"')
    one = project({"pyproject.toml": SETTINGS, "src/app/__init__.py": "", "src/app/one.pyx": text, **header})
    other = tmp_path / "elsewhere"
    shutil.copytree(one, other)
    assert invoke(one, "compile", CFLAGS=f"-I{one}/include").exit_code == 0

    ran = invoke(other, "compile", "--json", CFLAGS=f"-I{other}/include")
    (other / "include/own.h").write_text("#define NUMBER 4\n")
    edited = invoke(other, "compile", "--json", CFLAGS=f"-I{other}/include")

    assert ran.outcomes() == {"app.one": "restored"}
    assert edited.outcomes() == {"app.one": "compiled"}
    assert python(other, "import app.one; print(app.one.number())") == "4"


@pytest.mark.parametrize("words", ["-DNUMBER=__FILE__", "-DNUMBER='\"{root}/etc\"'"])
def test_what_has_the_checkout_s_folder_in_it_is_its_own(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, words: str
) -> None:
    header = {"include/own.h": "static inline const char *number(void) { return NUMBER; }\n"}
    text = 'cdef extern from "own.h":\n    const char *number()\n\ndef ask():\n    return number().decode()\n'
    settings = f'{SETTINGS}include = ["include"]\n'
    one = project({"pyproject.toml": settings, "src/app/__init__.py": "", "src/app/one.pyx": text, **header})
    other = tmp_path / "elsewhere"
    shutil.copytree(one, other)
    for root in (one, other):
        ran = invoke(root, "compile", "--json", CFLAGS=words.format(root=root))

        assert ran.outcomes() == {"app.one": "compiled"}
        assert python(root, "import app.one; print(app.one.ask())").startswith(str(root))


# ------------------------------------------------------------------ tools that change, and tools that fail


def test_what_a_compiler_made_that_was_replaced_meanwhile_is_not_kept(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, compiler: str
) -> None:
    """The compiler replaces itself at its first real work, as an upgrade in the middle of a build does."""
    root = project({"pyproject.toml": SETTINGS, "src/app/__init__.py": "", "src/app/one.pyx": DEFINED})
    script, new = (
        program(tmp_path / name, f'exec {compiler} -DNUMBER={at} "$@"') for at, name in enumerate(("cc", "new"))
    )
    old = script.read_text()
    program(script, f'case "$*" in *one.c*) mv {new} {script}; exec {compiler} -DNUMBER=0 "$@" ;; esac\n{old}')

    ran = invoke(root, "compile", "--json", CC=str(script))
    again = invoke(root, "compile", "--json", CC=str(script))

    assert (ran.exit_code, ran.outcomes()) == (10, {"app.one": "failed"})
    assert f"{script}: changed while it was used" in ran.stderr
    assert again.outcomes() == {"app.one": "compiled"}
    assert python(root, "import app.one; print(app.one.number())") == "1"


@pytest.fixture
def cython(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Cython of its own, which stands before the installed one."""
    import Cython

    own = tmp_path / "own"
    shutil.copytree(Path(Cython.__file__).parent, own / "Cython", ignore=shutil.ignore_patterns("Tests", "__pycache__"))
    monkeypatch.setenv("PYTHONPATH", str(own))
    return own / "Cython"


PLAIN = {"pyproject.toml": SETTINGS, "src/app/__init__.py": "", "src/app/one.py": "def number():\n    return 1\n"}


def test_a_crash_of_cython_is_no_refusal(
    project: ProjectMaker, invoke: InvokeRunner, cython: Path, tmp_path: Path
) -> None:
    """It is not handed to others; and a Cython of which a file is half there is not the same as the whole one."""
    root, other = project(PLAIN), tmp_path / "other"
    shutil.copytree(root, other)
    file = cython / "Compiler/Pipeline.py"
    whole = file.read_text()
    crash = "def run_pipeline(*given, **named):\n    _run(*given, **named)\n    raise KeyError('half')\n"
    file.write_text(f"{whole}\n_run = run_pipeline\n{crash}")
    crashed, again, elsewhere = (invoke(place, "compile", "--json") for place in (root, root, other))
    file.write_text(whole)

    ran = invoke(root, "compile", "--json")

    assert crashed.outcomes() == again.outcomes() == elsewhere.outcomes() == {"app.one": "refused"}
    assert "KeyError: 'half'" in crashed.json["modules"][0]["detail"]
    assert again.started == (), "nothing has changed"
    assert elsewhere.started, "another tree tries by itself"
    assert ran.outcomes() == {"app.one": "compiled"}


def test_a_cython_that_cannot_even_start_is_tried_again(
    project: ProjectMaker, invoke: InvokeRunner, cython: Path
) -> None:
    root = project(PLAIN)
    file = cython / "Utility/ModuleSetupCode.c"
    whole = file.read_text()
    file.write_text(whole[len(whole) // 2 :])
    ended, again = (invoke(root, "compile", "--json") for _ in range(2))
    file.write_text(whole)

    ran = invoke(root, "compile", "--json")

    assert (ended.exit_code, again.exit_code) == (10, 10)
    assert again.started, "it was tried again"
    assert ran.outcomes() == {"app.one": "compiled"}


def test_what_a_cython_made_that_changed_meanwhile_is_not_kept(
    project: ProjectMaker, invoke: InvokeRunner, cython: Path
) -> None:
    root = project(PLAIN)
    file = cython / "Compiler/Options.py"
    edit = f"\nopen({str(cython / 'Utility/Exceptions.c')!r}, 'a').write('\\n')\n"
    file.write_text(file.read_text() + edit)

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes() == {"app.one": "failed"}, ran.json["modules"]
    assert "Exceptions.c: changed while it was used" in ran.stderr


def test_code_of_the_environment_does_not_run_where_cython_does(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    """A `sitecustomize` could change what Cython makes without being in any key."""
    root = project({**PLAIN, "src/types.py": "raise SystemExit('a module of the project')\n"})
    (tmp_path / "own").mkdir()
    ran = tmp_path / "ran"
    (tmp_path / "own/sitecustomize.py").write_text(
        f"import sys; open({str(ran)!r}, 'a').write(repr(sys.argv) + '\\n')\n"
    )

    done = invoke(root, "compile", "--json", PYTHONPATH=str(tmp_path / "own"))

    assert done.outcomes() == {"app.one": "compiled"}
    assert "worker" not in ran.read_text()
