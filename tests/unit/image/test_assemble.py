"""What the runtime stage gets."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
import tempfile
from pathlib import Path

import pytest

import buildkit
from buildkit.doors.process import run
from buildkit.image import templates
from buildkit.image.assemble import GROUPS, RUNTIME, assemble, make_writable, split
from buildkit.image.staging import Contents

TABLE = {"name": "my-service", "version": "1.2", "scripts": {"serve": "app.main:serve"}}
FILES = {
    "src/app/__init__.py": "",
    "src/app/main.py": "ANSWER = 42\n",
    "src/app/main.cpython-311-x86_64-linux-gnu.so": "",
    "src/app/fast.pyx": "",
    "src/app/fast.c": "",
    "src/app/page.html": "",
    "src/app__mypyc.cpython-311-x86_64-linux-gnu.so": "",
    "src/single.py": "",
    "src/unwanted/__init__.py": "",
    "migrations/env.py": "",
    "migrations/versions/0001.py": "",
    "README.md": "",
}


def assembled(folder: Path, files: tuple[str, ...]) -> Path:
    for name, text in FILES.items():
        (folder / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "project" / name).write_text(text)
    (folder / "contents" / "app").mkdir(parents=True)
    (folder / "contents" / "app" / "buildkit.json").write_text("{}")
    wanted = Contents(TABLE, "src", ("app", "single"), files, "{}")
    (folder / "contents" / "contents.json").write_text(wanted.as_json())
    assemble(folder / "contents", folder / "project", folder / "image")
    return folder / "image"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return assembled(tmp_path_factory.mktemp("assembled"), ("migrations",))


def test_only_what_runs_is_gathered_each_file_at_its_place(image: Path) -> None:
    found = {file.relative_to(image / "app").as_posix() for file in (image / "app").rglob("*") if file.is_file()}
    assert {name for name in found if "__pycache__" not in name and "dist-info" not in name} == {
        "buildkit.json",
        "migrations/env.py",
        "migrations/versions/0001.py",
        "src/app/__init__.py",
        "src/app/main.py",
        "src/app/main.cpython-311-x86_64-linux-gnu.so",
        "src/app/page.html",
        "src/app__mypyc.cpython-311-x86_64-linux-gnu.so",
        "src/single.py",
    }


def test_the_service_can_ask_for_its_version_and_entry_points(image: Path) -> None:
    code = (
        "import json; from importlib.metadata import entry_points, version; "
        "print(json.dumps([version('my-service'), entry_points(group='console_scripts')['serve'].value]))"
    )
    answer = run([sys.executable, "-c", code], environment={"PYTHONPATH": str(image / "app" / "src")})
    assert json.loads(answer.stdout) == ["1.2", "app.main:serve"]


def test_the_entrypoint_needs_nothing_but_what_was_gathered(image: Path) -> None:
    suite = image / "opt" / "buildkit"
    answer = run(
        [sys.executable, "-S", "-m", "buildkit.runtime", "--health", "http://127.0.0.1:1/"],
        environment={"PYTHONPATH": str(suite), "PYBUILDKIT_STATE": str(image / "state.json")},
    )
    assert answer.exit_code == 1
    assert "Connection refused" in answer.stderr
    assert not (suite / "buildkit" / "flows").exists()


def test_whatever_a_gathered_module_imports_of_the_suite_was_gathered(image: Path) -> None:
    """Also inside of functions, which no import of the entrypoint reaches."""
    suite = image / "opt/buildkit"
    missing = set()
    for file in (suite / "buildkit").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [f"{node.module}.{alias.name}" for alias in node.names] + [str(node.module)]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            modules = {name.rpartition(".")[0] if name.count(".") > 1 else name for name in names}
            missing |= {
                f"{file.name}: {name}"
                for name in modules
                if name.startswith("buildkit.")
                and not any((suite / name.replace(".", "/")).with_suffix(suffix).exists() for suffix in ("", ".py"))
            }
    assert missing == set()


def test_the_rooms_that_are_gathered_are_those_that_may_know_no_configuration() -> None:
    settings = (Path(buildkit.__file__).parent.parent / "pyproject.toml").read_text("utf-8")
    contract = settings.partition('name = "what runs in the container knows no project configuration"')[2]
    rooms = re.findall(r'"buildkit\.(\w+)"', contract.partition("source_modules = [")[2].partition("]")[0])
    assert sorted(rooms) == sorted(name for name in RUNTIME if not name.endswith(".py"))


def test_what_is_wanted_and_kept_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="tle: not in the build context"):
        assembled(tmp_path, ("tle",))


def test_modules_and_suite_lie_in_groups_of_their_own_and_nothing_is_lost(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("folders are given away by root alone")
    whole = assembled(tmp_path, ("migrations",))
    make_writable(whole, "/app/src/app/files", 10001)
    (whole / "app/src/app/files/kept.py").touch()
    before = {file.relative_to(whole) for file in whole.rglob("*") if file.is_file()}
    (tmp_path / "groups").mkdir()
    whole.rename(tmp_path / "groups/rest")

    split(tmp_path / "groups")

    groups = {file.relative_to(tmp_path / "groups").parts[0]: file for file in (tmp_path / "groups").rglob("*.py")}
    found = [file.relative_to(tmp_path / "groups") for file in (tmp_path / "groups").rglob("*") if file.is_file()]
    assert {Path(*file.parts[1:]) for file in found} == before
    assert len(found) == len(before)
    of_main = {file.parts[0] for file in found if "src/app/main" in str(file) or "__pycache__/main." in str(file)}
    assert len(of_main) == 1, "source, extension and bytecode lie together"
    assert "rest" not in groups
    kept = next(file for file in found if file.name == "kept.py")
    assert (tmp_path / "groups" / kept).parent.stat().st_uid == 10001
    assert not (tmp_path / "groups/rest/opt/buildkit").exists()
    assert {place.name for place in (tmp_path / "groups").iterdir()} == {"rest", "suite", *map(str, range(GROUPS))}


def test_the_dockerfile_has_a_layer_for_each_group() -> None:
    text = (templates.folder() / "Dockerfile").read_text("utf-8")
    copied = re.findall(r"^COPY --from=build /image/(\w+)/ /$", text, re.MULTILINE)
    assert copied == ["suite", "rest", *map(str, range(GROUPS))]


@pytest.mark.parametrize("folder", ["/app/uploads", "/var/lib/service/cache", "/home/service"])
def test_what_may_be_written_belongs_to_the_user_and_what_is_above_it_does_not(tmp_path: Path, folder: str) -> None:
    if os.geteuid():
        pytest.skip("files are given away by root alone")
    make_writable(tmp_path, folder, 10001)

    place = tmp_path / folder.lstrip("/")
    assert (place.stat().st_uid, place.stat().st_gid) == (10001, 10001)
    assert place.parent.stat().st_uid == 0


def test_a_folder_of_the_base_keeps_its_mode(tmp_path: Path) -> None:
    make_writable(tmp_path, f"{tempfile.gettempdir()}/service", os.getuid())

    above = tmp_path / tempfile.gettempdir().lstrip("/")
    assert above.stat().st_mode == Path(tempfile.gettempdir()).stat().st_mode, "others write there too"


def test_files_that_come_along_in_a_writable_folder_may_be_changed(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("files are given away by root alone")
    (tmp_path / "app/uploads/first").mkdir(parents=True)
    (tmp_path / "app/uploads/first/one.txt").touch()

    make_writable(tmp_path, "/app/uploads", 10001)

    assert (tmp_path / "app/uploads/first/one.txt").stat().st_uid == 10001
    (tmp_path / "app/single").touch()
    with pytest.raises(NotADirectoryError, match="writable: /app/single is a file"):
        make_writable(tmp_path, "/app/single", 10001)
