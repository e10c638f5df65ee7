"""What lies in a tree that is to be kept: links, folders, modes and names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildkit.trees import entry, folders, listing


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `in` with a file."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.txt").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(path: str) -> dict[str, str]:
    return {found.path: found.kind for found in listing.kept(path, Path.cwd())}


def test_a_tree_may_be_deeper_than_the_interpreter_recurses() -> None:
    try:
        folders.make_deep_folder(Path("in", *["d"] * 1100))
        Path("in", "d/" * 1100, "f").touch()
        assert len(made("in")) == 2
    finally:
        folders.remove_tree(Path("in"))  # pytest could not
    assert not Path("in").exists()


def test_what_is_no_file_folder_or_link_is_named() -> None:
    os.mkfifo("in/pipe")
    with pytest.raises(entry.Refused, match="is a FIFO"):
        made("in")


def test_outputs_keep_empty_folders_the_execute_bit_and_links_within() -> None:
    for name in ("out/deep/er/f", "out/run"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    Path("out/run").chmod(0o700)
    Path("out/empty").mkdir()
    Path("out/latest").symlink_to("deep/er")
    Path("out/deep/er/up").symlink_to("../../run")
    assert made("out/") == {
        "out/deep/er/f": "",
        "out/run": "x",
        "out/empty": "/",
        "out/latest": "@deep/er",
        "out/deep/er/up": "@../../run",
    }


@pytest.mark.parametrize("text", ["../in/a.txt", "/etc/hostname", "deep/../f", "../out/f", "gone", "f/", "me"])
def test_other_links_in_outputs_are_named(text: str) -> None:
    Path("out/deep").mkdir(parents=True)
    Path("out/f").touch()
    Path("out/me").symlink_to(text)
    with pytest.raises(entry.Refused) as refused:
        made("out")
    assert refused.value.path == "out/me"
    assert refused.value.why.startswith(f"is a link to {text}, ")


def test_a_declared_output_that_is_a_link_is_named() -> None:
    Path("out").symlink_to("in")
    with pytest.raises(entry.Refused, match="is a link to in, outside of this output"):
        made("out/")


def test_folders_that_their_owner_may_not_write_are_opened() -> None:
    Path("out/deep").mkdir(parents=True)
    Path("out/deep").chmod(0)
    assert made("out") == {"out/deep": "/"}
    assert Path("out/deep").stat().st_mode & 0o700 == 0o700
