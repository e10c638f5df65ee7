"""What a glob among the inputs means: links, folders, modes and names."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from buildkit.data.stages import globs
from buildkit.trees import entry, folders

LATIN = os.fsdecode(b"caf\xe9.txt")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `in` with a file, and one beside the project."""
    root = tmp_path / "project"
    for name in ("project/in/a.txt", "elsewhere/v.txt"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(name)
    monkeypatch.chdir(root)
    return root


def met(pattern: str) -> dict[str, str]:
    return {found.path: found.kind for found in globs.inputs(pattern, Path.cwd())}


@pytest.mark.parametrize("pattern", ["in", "in/", "in/**", "in/*", "./in", "in/**/*", "i[n]"])
def test_every_form_of_a_folder_goes_into_linked_ones(pattern: str) -> None:
    Path("in/today").symlink_to("../../elsewhere")
    assert met(pattern) == {"in/a.txt": "", "in/today/v.txt": ""}


def test_a_glob_goes_into_linked_folders_too() -> None:
    Path("in/today").symlink_to("../../elsewhere")
    assert set(met("in/**/*.txt")) == {"in/a.txt", "in/today/v.txt"}
    assert set(met("in/*/v.txt")) == {"in/today/v.txt"}


@pytest.mark.parametrize("pattern", ["in", "in/**", "**/*", "in/*"])
def test_links_in_a_circle_end(pattern: str) -> None:
    """Two of them in one folder make a glob of the standard library try two to the power of forty paths."""
    Path("in/one").symlink_to(".")
    Path("in/two").symlink_to("../in")
    Path("in/up").symlink_to("../..")
    assert met(pattern) == {"in/a.txt": "", "in/one": "@.", "in/two": "@../in", "in/up": "@../.."}


def test_a_link_to_a_file_is_that_file() -> None:
    Path("in/b.txt").symlink_to("../../elsewhere/v.txt")
    assert met("in/*.txt") == {"in/a.txt": "", "in/b.txt": ""}


@pytest.mark.parametrize("pattern", ["in", "in/*.txt", "in/**", "in/b.txt"])
@pytest.mark.parametrize(("text", "why"), [("gone", "is not there"), ("b.txt", "leads back to itself")])
def test_a_link_that_leads_nowhere_is_named(pattern: str, text: str, why: str) -> None:
    Path("in/b.txt").symlink_to(text)
    with pytest.raises(entry.Refused) as refused:
        met(pattern)
    assert (refused.value.path, refused.value.why) == ("in/b.txt", f"is a link to {text}, which {why}")


def test_a_fifo_and_a_socket_are_named() -> None:
    os.mkfifo("in/pipe")
    with pytest.raises(entry.Refused, match="is a FIFO"):
        met("in")
    Path("in/pipe").unlink()
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("in/socket")
        with pytest.raises(entry.Refused, match="is a socket"):
            met("in/*")
    with pytest.raises(entry.Refused, match="is a device"):
        met("/dev/null")


def test_an_empty_folder_counts_and_so_does_the_execute_bit() -> None:
    Path("in/empty").mkdir()
    Path("in/a.txt").chmod(0o755)
    assert met("in") == {"in/a.txt": "x", "in/empty": "/"}


def test_names_of_other_encodings_and_odd_ones_are_met() -> None:
    names = {LATIN, "e\u0301", "\u00e9", "line\nfeed", "-n", " "}
    for name in names:
        Path("in", name).touch()
    assert set(met("in/*")) == {"in/a.txt", *(f"in/{name}" for name in names)}


def test_a_tree_may_be_deeper_than_the_interpreter_recurses() -> None:
    try:
        folders.make_deep_folder(Path("in", *["d"] * 1100))
        Path("in", "d/" * 1100, "f").touch()
        assert set(met("in")) == {"in/a.txt", f"in/{'d/' * 1100}f"}
    finally:
        folders.remove_tree(Path("in"))  # pytest could not


def test_hidden_names_and_bytecode_are_as_a_glob_takes_them() -> None:
    for name in ("in/.hidden", "in/__pycache__/m.pyc", "in/.deep/x.txt"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    assert set(met("in/*")) == {"in/a.txt"}
    assert set(met("in")) == {"in/a.txt", "in/.hidden", "in/.deep/x.txt"}
    assert set(met("**/*.txt")) == {"in/a.txt"}
    assert set(met("in/.*")) == {"in/.hidden", "in/.deep/x.txt"}


def test_only_what_the_suite_keeps_in_its_folder_is_left_out() -> None:
    for name in ("data/raw/a.csv", "data/generations/1/a.csv"):
        Path(name).parent.mkdir(parents=True)
        Path(name).touch()
    room = globs.data_folder_of(Path("data"), lambda name: name == "generations")
    for pattern in ("data/**/*.csv", "data", "**/*.csv"):
        assert [found.path for found in globs.inputs(pattern, Path.cwd(), room)] == ["data/raw/a.csv"]
    Path("in/made").symlink_to("../data/generations/1")
    for pattern in ("in", "in/*/a.csv", "data/generations/*/a.csv"):
        with pytest.raises(entry.Refused, match="is among what the suite makes"):
            list(globs.inputs(pattern, Path.cwd(), room))
