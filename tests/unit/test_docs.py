"""The documentation cannot drift: generated pages, examples, commands and links are compared with the code."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from buildkit.config import load

ProjectMaker = Callable[[Mapping[str, str]], Path]

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*(ROOT / f"{name}.md" for name in ("ARCHITECTURE", "CONTRIBUTING", "README")), *(ROOT / "docs").rglob("*.md")]
)
EXAMPLES = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL), 1)
]


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """The script that writes the reference pages."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["settings.md", "commands.md", "exit-codes.md", "sameness.md"])
def test_a_reference_page_is_what_the_code_says(generate: ModuleType, name: str) -> None:
    written = (ROOT / "docs" / "reference" / name).read_text("utf-8")

    assert written == generate.PAGES[name](), "run: python3 develop.py python docs/generate.py"


def test_the_schema_of_editors_is_what_the_code_says(generate: ModuleType) -> None:
    written = (ROOT / "buildkit/config/schema.json").read_text("utf-8")

    assert written == generate.editors_schema(), "run: python3 develop.py python docs/generate.py"


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_of_configuration_is_valid(project: ProjectMaker, text: str) -> None:
    places = (
        "src/app/__init__.py",
        "src/counter/__init__.py",
        "vendor/include/app.h",
        "csrc/shape.cpp",
        "vendor/counter.cpp",
    )
    files = dict.fromkeys(places, "")
    root = project({"pyproject.toml": text, **files})

    assert load(root, {}).root == root.resolve()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_commands_that_exist(page: Path) -> None:
    from buildkit.tasks import ns

    known = {name for task, aliases in ns.task_names.items() for name in (task, *aliases)}
    named = set(
        re.findall(r"\binvoke ((?!COMMAND)[a-z][a-z.]*)", re.sub(r"pip install \S+", "", page.read_text("utf-8")))
    )

    assert named <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_links_to_what_is_there(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")) if "://" not in link]

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_has_the_two_lines_that_ci_runs() -> None:
    lines = [line.strip() for line in (ROOT / "README.md").read_text("utf-8").splitlines()]

    assert [line for line in lines if line.startswith("python3 develop.py")] == [
        "python3 develop.py invoke build",
        "python3 develop.py pytest",
    ]


def test_the_table_of_where_things_go_names_files_that_are_there() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Where things go")[2].partition("\n## ")[0]
    named = [name for name in re.findall(r"`([\w./]+)`", table) if "/" in name]

    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_architecture_names_what_is_there() -> None:
    from buildkit.tasks import ns

    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    there, _, rest = text.partition("## Where the next rooms will stand")
    marked = re.findall(r"`([\w./]+)`", there + rest.partition("\n## ")[2])
    package = ROOT / "buildkit"
    rooms = {path.stem for path in package.iterdir()}
    paths = [name for name in marked if "/" in name.strip("/") or name.endswith((".py", "/"))]
    names = [name for name in marked if "." in name and name not in paths and name.split(".")[0] in rooms]
    names = [name for name in names if name not in ns.task_names]
    commands = re.findall(r"`(\w+_command)`", there)

    assert (len(paths) > 20, len(names) > 10, len(commands)) == (True, True, 3)
    assert [name for name in paths if not any((top / name).exists() for top in folders(package))] == []
    assert [name for name in names if not is_there(f"buildkit.{name}")] == []
    assert all(is_there(f"buildkit.doors.python.{name}") for name in commands)


def folders(package: Path) -> list[Path]:
    """Return where a path in the text may begin: at the root, in the package or one of its rooms, among the tests."""
    return [ROOT, package, ROOT / "tests/integration", *(path for path in package.iterdir() if path.is_dir())]


def is_there(dotted: str) -> bool:
    """Return whether a dotted name leads to a module, or to something in one."""
    names = dotted.split(".")
    for number in range(len(names), 0, -1):
        try:
            found: object = importlib.import_module(".".join(names[:number]))
        except ModuleNotFoundError:
            continue
        for name in names[number:]:
            found = getattr(found, name, None)
        return found is not None
    return False
