"""What a wheel becomes when it is installed."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from buildkit.errors import ImageError
from buildkit.image.oci.target import Target
from buildkit.image.oci.wheel import Wheel, installed

TARGET = Target("3.12", "3.12.4", "/usr/bin/python3", "x86_64", "glibc", "2.36")
SITE = "opt/venv/lib/python3.12/site-packages"
INFO = "tool-1.0.dist-info"
FILES = {
    "tool/__init__.py": "X = 1\n",
    "tool/run.sh": "#!/bin/sh\n",
    "tool-1.0.data/scripts/old": "#!python\nprint()\n",
    "tool-1.0.data/data/share/tool/words": "words",
    "tool-1.0.data/headers/tool.h": "",
    f"{INFO}/METADATA": "Name: tool\nVersion: 1.0\n",
    f"{INFO}/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
    f"{INFO}/entry_points.txt": "[console_scripts]\ntool = tool.cli:main.run [extra]\n[gui_scripts]\nshow=tool:show\n",
    f"{INFO}/RECORD": "tool/__init__.py,sha256=abc,6\n",
}


def made(folder: Path, files: Mapping[str, str] = FILES, name: str = "tool-1.0-py3-none-any.whl") -> Wheel:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, text in files.items():
            about = zipfile.ZipInfo(path)
            about.external_attr = (0o755 if path.endswith(".sh") else 0o640) << 16
            archive.writestr(about, text)
    (folder / name).write_bytes(out.getvalue())
    return Wheel(folder / name, hashlib.sha256(out.getvalue()).hexdigest())


def test_files_scripts_and_data_are_at_their_places(tmp_path: Path) -> None:
    tree = installed(made(tmp_path), TARGET)
    assert {path: node.mode for path, node in tree.items()} == {
        f"{SITE}/tool/__init__.py": 0o644,
        f"{SITE}/tool/run.sh": 0o755,
        f"{SITE}/{INFO}/METADATA": 0o644,
        f"{SITE}/{INFO}/WHEEL": 0o644,
        f"{SITE}/{INFO}/entry_points.txt": 0o644,
        f"{SITE}/{INFO}/INSTALLER": 0o644,
        f"{SITE}/{INFO}/RECORD": 0o644,
        "opt/venv/bin/old": 0o755,
        "opt/venv/bin/tool": 0o755,
        "opt/venv/bin/show": 0o755,
        "opt/venv/share/tool/words": 0o644,
        "opt/venv/include/site/python3.12/tool/tool.h": 0o644,
    }


def content(tree: Mapping[str, object], path: str) -> str:
    node = tree[path]
    data = node.content.read()  # type: ignore[attr-defined]
    return str(data.decode())


def test_scripts_run_by_the_python_of_the_image(tmp_path: Path) -> None:
    tree = installed(made(tmp_path), TARGET)
    assert content(tree, "opt/venv/bin/old") == "#!/opt/venv/bin/python\nprint()\n"
    assert content(tree, "opt/venv/bin/tool").startswith("#!/opt/venv/bin/python\n")
    assert "from tool.cli import main\n" in content(tree, "opt/venv/bin/tool")
    assert "sys.exit(main.run())" in content(tree, "opt/venv/bin/tool")


def test_the_record_names_all_that_was_installed(tmp_path: Path) -> None:
    rows = content(installed(made(tmp_path), TARGET), f"{SITE}/{INFO}/RECORD").splitlines()
    assert "tool/__init__.py,sha256=abc,6" in rows
    assert f"{INFO}/RECORD,," in rows
    assert any(row.startswith("../../../bin/tool,sha256=") for row in rows)
    assert rows == sorted(rows)


def test_a_driver_goes_into_a_folder_of_its_own(tmp_path: Path) -> None:
    tree = installed(made(tmp_path), TARGET, "opt/driver", ".")
    assert "opt/driver/tool/__init__.py" in tree
    assert "opt/driver/bin/tool" in tree


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"../evil.py": ""}, "does not stay"),
        ({"tool-1.0.data/elsewhere/x": ""}, "no place to go to"),
        ({f"{INFO}/entry_points.txt": "[console_scripts]\n../x = a:b\n"}, "cannot be called"),
        ({f"{INFO}/entry_points.txt": "[console_scripts]\nx = import os; a\n"}, "cannot be called"),
    ],
)
def test_a_wheel_that_would_leave_its_place_is_refused(tmp_path: Path, changed: dict[str, str], words: str) -> None:
    with pytest.raises(ImageError, match=words):
        installed(made(tmp_path, {**FILES, **changed}), TARGET)


def test_a_file_that_is_no_wheel_is_named(tmp_path: Path) -> None:
    (tmp_path / "tool-1.0-py3-none-any.whl").write_bytes(b"no zip")
    with pytest.raises(ImageError, match=r"tool-1\.0-py3-none-any\.whl cannot be installed"):
        installed(Wheel(tmp_path / "tool-1.0-py3-none-any.whl", "0"), TARGET)
