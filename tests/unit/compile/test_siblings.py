"""Folders beside the project, as PYTHONPATH and the files of editable installs name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.compile.places import NOWHERE, Places
from buildkit.compile.siblings import sibling_folders


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "site-packages").mkdir()
    return Places(f"{tmp_path}/src", (f"{tmp_path}/site-packages",), ("/usr/lib/python3",), str(tmp_path))


def test_the_variable_comes_before_what_is_installed_and_own_folders_are_none(places: Places, tmp_path: Path) -> None:
    (tmp_path / "site-packages/_lib.pth").write_text(f"# said by hatch\n{tmp_path}/lib/src\nimport os; os.x = 1\n\n")
    path = f"{tmp_path}/near:{tmp_path}:{tmp_path}/src/:{tmp_path}/site-packages::/usr/lib/python3/lib-dynload"

    assert sibling_folders(places, {"PYTHONPATH": path}) == (f"{tmp_path}/near", f"{tmp_path}/lib/src")


@pytest.mark.parametrize("start", ["MAPPING = ", "MAPPING: dict[str, str] = "])
def test_a_finder_maps_packages_to_folders_of_their_name(places: Places, tmp_path: Path, start: str) -> None:
    file = tmp_path / "site-packages/__editable___lib_1_0_finder.py"
    mapping = {"lib": "/a/lib", "one": "/b/one.py", "deep.inner": "/c/deep/inner", "other": "/d/src_of_other", "odd": 3}
    file.write_text(f"import sys\n{start}{mapping!r}\nNAMESPACES = {{}}\n")
    noted: list[str] = []

    assert sibling_folders(places, {}, noted.append) == ("/a", "/b", "/c")
    assert noted == [str(file)], "the next look holds it against its stamp"


@pytest.mark.parametrize("text", ["", "MAPPING = {", "MAPPING = {1, 2}", "MAPPING = [3]", "\0\0", "MAPPING = {x: 1}"])
def test_a_file_that_cannot_be_read_as_one_names_nothing(places: Places, tmp_path: Path, text: str) -> None:
    (tmp_path / "site-packages/__editable___lib_1_0_finder.py").write_text(text)

    assert sibling_folders(places, {}) == ()


def test_names_are_the_same_wherever_the_folder_lies(tmp_path: Path) -> None:
    one, other = (Places("/src", (), (), "", (f"{tmp_path}/{name}", "/there")) for name in ("one", "other"))
    for name in ("one", "other"):
        (tmp_path / name / "lib").mkdir(parents=True)
        (tmp_path / name / "lib/core.pxd").touch()

    assert one.name(f"{tmp_path}/one/lib/core.pxd") == other.name(f"{tmp_path}/other/lib/core.pxd")
    assert other.path("sibling lib/core.pxd") == f"{tmp_path}/other/lib/core.pxd"
    assert Places("/src", (), ()).path("sibling lib") == f"{NOWHERE}/lib"
