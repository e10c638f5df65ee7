"""A version that pyproject.toml leaves to the build backend stands in the image, and is asked for once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from plugins.bases import PYTHON, Shop, shop_in

BACKEND = """
import pathlib
def prepare_metadata_for_build_wheel(folder, settings=None):
    with open("asked.log", "a") as log:
        log.write("asked\\n")
    version = pathlib.Path("version.txt").read_text().strip()
    place = pathlib.Path(folder, f"shop-{version}.dist-info")
    place.mkdir()
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\\nName: shop\\nVersion: {version}\\n")
    return place.name
def build_wheel(folder, settings=None, metadata=None):
    raise RuntimeError
"""
TABLE = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = shop_in(tmp_path / "shop")
    (shop.root / "own.py").write_text(BACKEND)
    (shop.root / "version.txt").write_text("3.4.5\n")
    shop.edit("pyproject.toml", 'version = "2.0"', 'dynamic = ["version"]')
    file = shop.root / "pyproject.toml"
    file.write_text(TABLE + file.read_text())
    return shop


def metadata(shop: Shop) -> bytes:
    return next(content for name, (_, content) in shop.files().items() if name.endswith(".dist-info/METADATA"))


def test_the_backend_s_version_is_in_the_image_and_asked_for_once(shop: Shop) -> None:
    asked = shop.root / "asked.log"
    assert shop.build()[0].result == "made"
    assert b"Version: 3.4.5\n" in metadata(shop)
    assert any(f"python{PYTHON}" not in name and "shop-3.4.5.dist-info" in name for name in shop.files())
    assert shop.build()[0].result == "fresh"
    assert asked.read_text() == "asked\n"


def test_another_commit_asks_again_since_many_read_the_version_from_the_history(shop: Shop) -> None:
    git = ["git", "-c", "user.email=a@example.invalid", "-c", "user.name=a", "-c", "commit.gpgsign=false"]
    (shop.root / ".gitignore").write_text(".buildkit\nasked.log\nversion.txt\n__pycache__\n")

    def commit() -> None:
        subprocess.run([*git, "add", "--all"], cwd=shop.root, check=True, capture_output=True)
        subprocess.run([*git, "commit", "-qm", "x", "--allow-empty"], cwd=shop.root, check=True, capture_output=True)

    subprocess.run(["git", "init", "-q"], cwd=shop.root, check=True)
    commit()
    shop.build()
    (shop.root / "version.txt").write_text("3.5.0\n")
    commit()
    assert shop.build()[0].result == "made"
    assert b"Version: 3.5.0\n" in metadata(shop)


def test_a_backend_that_does_not_say_it_is_told_and_ends_no_build(shop: Shop) -> None:
    (shop.root / "version.txt").unlink()
    assert shop.build()[0].result == "made"
    assert b"Version: 0\n" in metadata(shop)
    assert "the build backend does not say the version, so the metadata in the image says 0" in shop.talk.getvalue()
    shop.build()
    assert (shop.root / "asked.log").read_text() == "asked\n", "that is remembered too"
