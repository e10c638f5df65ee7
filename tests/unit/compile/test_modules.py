from __future__ import annotations

import os

import pytest
from plugins.projects import ProjectMaker

from buildkit.compile.modules import Modules, find_modules
from buildkit.config import load
from buildkit.errors import ConfigurationError
from buildkit.model import Reason


def sources(modules: Modules) -> dict[str, str]:
    return {name: module.source for name, module in modules.compiled.items()}


def find(project: ProjectMaker, names: list[str], settings: str = "") -> Modules:
    files = {f"src/{name}": "" for name in names}
    return find_modules(load(project({**files, "pyproject.toml": f"[tool.buildkit]\n{settings}"}), {}))


def test_every_module_of_every_top_level_package_is_compiled(project: ProjectMaker) -> None:
    names = [
        "app/__init__.py",
        "app/b.py",
        "app/a.pyx",
        "app/in/__init__.py",
        "app/in/c.py",
        "lib/__init__.py",
        "lib/d.py",
    ]

    assert sources(find(project, [*names, "no_package/e.py", "alone.py"])) == {
        "app.a": "app/a.pyx",
        "app.b": "app/b.py",
        "app.in.c": "app/in/c.py",
        "lib.d": "lib/d.py",
    }


def test_what_python_itself_needs_stays_python(project: ProjectMaker) -> None:
    modules = find(project, ["app/__init__.py", "app/__main__.py", "app/in/__init__.py", "app/in/__main__.py"])

    assert modules.compiled == {}
    reason = Reason("python -m needs its code object")
    assert modules.kept == {"app.__main__": reason, "app.in.__main__": reason}


def test_a_package_without_init_is_a_namespace(project: ProjectMaker) -> None:
    assert sources(find(project, ["space/inner/a.py"], 'packages = ["space"]\n')) == {
        "space.inner.a": "space/inner/a.py"
    }


def test_a_package_may_be_one_module_or_lie_in_another(project: ProjectMaker) -> None:
    names = ["app/__init__.py", "app/a.py", "app/in/b.py", "app/in/c.py", "one.py", "two.pyx"]

    modules = find(project, names, 'packages = ["one", "two", "app.a", "app.in"]\n')

    assert list(sources(modules)) == ["one", "two", "app.a", "app.in.b", "app.in.c"]


def test_packages_that_overlap_are_compiled_once(project: ProjectMaker) -> None:
    names = ["app/__init__.py", "app/a.py", "app/in/b.py"]

    assert list(sources(find(project, names, 'packages = ["app", "app.in", "app"]\n'))) == ["app.a", "app.in.b"]


@pytest.mark.parametrize(
    "name",
    [
        "__pycache__/a.py",
        ".hidden/a.py",
        "node_modules/a.py",
        "with-hyphen/a.py",
        "with-hyphen.py",
        "1st.py",
        ".hidden.py",
        "#a.py",
        "a.txt",
        "a.pxd",
        "a.py.orig",
        "a.b.py",
    ],
)
def test_what_cannot_be_imported_is_no_module(project: ProjectMaker, name: str) -> None:
    assert sources(find(project, ["app/__init__.py", f"app/{name}"])) == {}


def test_a_folder_that_cannot_be_imported_is_no_package(project: ProjectMaker) -> None:
    assert sources(find(project, ["my-app/__init__.py", "my-app/a.py"])) == {}


def test_a_folder_that_leads_back_to_itself_ends(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": "[tool.buildkit]\n", "src/app/__init__.py": "", "src/app/a.py": ""})
    (root / "src/app/again").symlink_to(root / "src/app")

    assert sources(find_modules(load(root, {}))) == {"app.a": "app/a.py"}


def test_a_link_to_nowhere_or_to_itself_is_nothing(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": "[tool.buildkit]\n", "src/app/__init__.py": "", "src/app/a.py": ""})
    for name in ("gone", "gone.py"):
        (root / "src/app" / name).symlink_to("nowhere")
    for name in ("itself", "itself.py"):
        (root / "src/app" / name).symlink_to(name)

    assert sources(find_modules(load(root, {}))) == {"app.a": "app/a.py"}


def test_what_is_no_file_is_no_module(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": "[tool.buildkit]\n", "src/app/__init__.py": "", "src/app/folder.py/a.py": ""})
    os.mkfifo(root / "src/app/pipe.py")

    assert sources(find_modules(load(root, {}))) == {}


def test_a_linked_folder_is_a_package_like_another(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": "[tool.buildkit]\n", "src/app/__init__.py": "", "shared/a.py": ""})
    (root / "src/app/shared").symlink_to(root / "shared")

    assert sources(find_modules(load(root, {}))) == {"app.shared.a": "app/shared/a.py"}


@pytest.mark.parametrize("packages", ['["app", "lib"]', '["lib", "app"]', "[]"])
def test_a_folder_with_two_names_has_its_modules_once_under_the_real_one(project: ProjectMaker, packages: str) -> None:
    root = project(
        {
            "pyproject.toml": f"[tool.buildkit]\npackages = {packages}\n",
            "src/app/__init__.py": "",
            "src/lib/__init__.py": "",
            "src/lib/a.py": "",
            "shared/b.py": "",
        }
    )
    (root / "src/app/also").symlink_to(root / "src/lib")
    (root / "src/app/first").symlink_to(root / "shared")
    (root / "src/app/second").symlink_to(root / "shared")

    modules = sources(find_modules(load(root, {})))

    assert modules.pop("lib.a") == "lib/a.py"
    assert [name.rpartition(".")[2] for name in modules] == ["b"]


@pytest.mark.parametrize("pattern", ["app/a.py", "app/*.py", "*/a.*", "app/[a]*"])
def test_what_is_excluded_stays_python(project: ProjectMaker, pattern: str) -> None:
    modules = find(project, ["app/__init__.py", "app/a.py"], f'exclude = ["lib/*", "{pattern}"]\n')

    assert modules.compiled == {}
    assert modules.kept == {"app.a": Reason("excluded", pattern)}


def test_of_two_sources_the_pyx_is_compiled_and_the_py_is_what_runs_without(project: ProjectMaker) -> None:
    assert sources(find(project, ["app/__init__.py", "app/a.py", "app/a.pyx"])) == {"app.a": "app/a.pyx"}


@pytest.mark.parametrize(("kept", "compiled"), [("py", "pyx"), ("pyx", "py")])
def test_of_two_sources_one_may_be_excluded(project: ProjectMaker, kept: str, compiled: str) -> None:
    modules = find(project, ["app/__init__.py", "app/a.py", "app/a.pyx"], f'exclude = ["app/a.{kept}"]\n')

    assert sources(modules) == {"app.a": f"app/a.{compiled}"}
    assert modules.kept == {}, "a module is compiled or kept, not both"


def test_settings_come_together_from_the_project_and_every_pattern(project: ProjectMaker) -> None:
    settings = """
[tool.buildkit.compile]
directives = { wraparound = false, cdivision = true }
flags = ["-DALL"]
[tool.buildkit.compile.module."app.*"]
directives = { cdivision = false }
flags = ["-DAPP"]
[tool.buildkit.compile.module."app.a"]
directives = { annotation_typing = true }
flags = ["-DA"]
"""
    modules = find(
        project, ["app/__init__.py", "app/a.py", "app/b.pyx", "lib/__init__.py", "lib/c.py"], settings
    ).compiled

    assert modules["app.a"].directives == {"annotation_typing": True, "wraparound": False, "cdivision": False}
    assert modules["app.a"].flags == ("-DALL", "-DAPP", "-DA")
    assert modules["app.b"].directives == {"wraparound": False, "cdivision": False}
    assert modules["lib.c"].directives == {"wraparound": False, "cdivision": True}
    assert modules["lib.c"].flags == ("-DALL",)


def test_a_module_may_leave_the_compiler_or_be_the_only_one_to_have_it(project: ProjectMaker) -> None:
    names = ["app/__init__.py", "app/a.py", "app/b.py"]

    without = find(project, names, '[tool.buildkit.compile.module."app.a"]\nbackend = "none"\n')
    alone = find(project, names, 'backend = "none"\n[tool.buildkit.compile.module."app.a"]\nbackend = "cython"\n')

    assert (list(without.compiled), without.kept) == (["app.b"], {"app.a": Reason("backend none")})
    assert (list(alone.compiled), alone.kept) == (["app.a"], {"app.b": Reason("backend none")})


def test_mypyc_is_chosen_for_all_modules_or_for_some(project: ProjectMaker) -> None:
    names = ["app/__init__.py", "app/a.py", "app/b.py"]

    every = find(project, names, 'backend = "mypyc"\n')
    some = find(project, names, '[tool.buildkit.compile.module."app.b"]\nbackend = "mypyc"\n')

    assert {name: module.backend for name, module in every.compiled.items()} == {"app.a": "mypyc", "app.b": "mypyc"}
    assert {name: module.backend for name, module in some.compiled.items()} == {"app.a": "cython", "app.b": "mypyc"}


def test_cython_sources_are_not_for_mypyc(project: ProjectMaker) -> None:
    with pytest.raises(ConfigurationError, match=r"app/a\.pyx: mypyc compiles Python, not Cython") as caught:
        find(project, ["app/__init__.py", "app/a.pyx"], 'backend = "mypyc"\n')
    assert 'backend = "cython"' in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "from alembic import context\n",
        "from alembic import (\n    op,\n    context as here,\n)\n",
        "import alembic.context\n",
        "def run():\n    import alembic\n    alembic.context.configure()\n",
    ],
)
def test_what_alembic_runs_by_its_path_stays_python(project: ProjectMaker, text: str) -> None:
    files = {f"src/app/{name}": "" for name in ("__init__.py", "a.py", "db/versions/one.py", "db/more.py", "dbx/b.py")}
    root = project({**files, "pyproject.toml": "[tool.buildkit]\n", "src/app/db/env.py": text})
    found = find_modules(load(root, {}))
    assert [*found.compiled] == ["app.a", "app.dbx.b"]
    assert {found.kept[name].kind for name in ("app.db.env", "app.db.versions.one")} == {"Alembic runs it by its path"}
    assert str(root / "src/app/db/env.py") in found.looked


def test_an_env_py_of_the_projects_own_is_compiled(project: ProjectMaker) -> None:
    text = "import os\nfrom alembic import command\nfrom .alembic import context\n"
    files = {"src/app/__init__.py": "", "pyproject.toml": "[tool.buildkit]\n", "src/app/env.py": text}
    assert [*find_modules(load(project(files), {})).compiled] == ["app.env"]


@pytest.mark.parametrize(
    "settings",
    [
        '[tool.buildkit.dev]\ncommand = ["python", "-m", "app.worker"]',
        '[tool.buildkit.dev]\ncommand = "python -X dev -um app.worker --fast"',
        '[tool.buildkit.dev]\ncommand = ["python", "-mapp.worker"]',
        '[tool.buildkit.dev]\ncommand = ["serve"]\nready = ["python", "-m", "app.worker"]',
        '[tool.buildkit.dev.service.jobs]\ncommand = ["python", "-m", "app.worker"]',
        '[tool.buildkit.dev.service.jobs]\ncommand = ["python", "-m", "debugpy", "--listen", "1", "-m", "app.worker"]',
        '[tool.buildkit.image.api]\ncommand = ["python", "-m", "app.worker"]',
        '[tool.buildkit.nox]\ntests = ["python", "-m", "app.worker"]',
    ],
)
def test_what_a_command_runs_by_m_stays_python(project: ProjectMaker, settings: str) -> None:
    found = find(project, ["app/__init__.py", "app/worker.py", "app/other.py"], settings)
    assert sources(found) == {"app.other": "app/other.py"}
    assert found.kept == {"app.worker": Reason("python -m runs it")}


@pytest.mark.parametrize(
    "command", ['["uvicorn", "app.worker:app"]', '["tool", "--m", "app.worker"]', '["tool", "-m"]']
)
def test_what_a_command_imports_is_compiled(project: ProjectMaker, command: str) -> None:
    found = find(project, ["app/__init__.py", "app/worker.py"], f"[tool.buildkit.dev]\ncommand = {command}")
    assert [*found.compiled] == ["app.worker"]
