"""Where the store is, and whose it may be. Other users are played by root, who can hand files over and become one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from buildkit.store import place
from buildkit.store.artifacts import Store, of_machine

OTHER = 12345

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")


def wrong(folder: Path | str, **environment: str) -> str:
    return place.find({"PYBUILDKIT_CACHE_DIR": str(folder), "HOME": "/home/me", **environment}).problem


def test_it_lies_where_it_is_wished_else_in_the_users_cache(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path)}

    assert place.find({**home, "PYBUILDKIT_CACHE_DIR": "/c", "XDG_CACHE_HOME": "/other"}) == place.StoreFolder(
        Path("/c")
    )
    assert place.find({**home, "PYBUILDKIT_CACHE_DIR": "~/c"}).folder == tmp_path / "c"
    assert place.find({**home, "XDG_CACHE_HOME": "/other"}).folder == Path("/other/pybuildkit")
    assert place.find({**home, "XDG_CACHE_HOME": "relative"}).folder == place.find(home).folder
    assert place.find(home).folder.is_relative_to(tmp_path)


@pytest.mark.parametrize("home", ["/nonexistent", "relative"])
def test_without_a_home_there_is_none_and_none_is_made(home: str) -> None:
    found = place.find({"HOME": home})

    assert "home folder" in found.problem or found.problem.startswith(f"there is no folder {home}")
    assert not Path(home).exists()


def test_an_empty_home_is_none_at_all() -> None:
    assert place.find({"HOME": ""}) == place.find({})


def test_it_is_no_folder_that_has_other_things_in_it(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "pyproject.toml").touch()
    (tmp_path / "root").symlink_to("/")
    (tmp_path / "file").touch()

    assert wrong("/") == wrong(tmp_path / "root") == "the root of the disk is no place for it"
    assert (
        wrong("~", HOME=str(tmp_path))
        == wrong(tmp_path, HOME=str(tmp_path))
        == "the home folder itself is no place for it"
    )
    assert wrong(tmp_path / "project") == "a project's own folder is no place for it"
    assert wrong(tmp_path / "file") == "it is not a folder"
    assert wrong(tmp_path / "new") == ""


@pytest.mark.parametrize(("mode", "well"), [(0o700, True), (0o775, True), (0o777, False), (0o1777, True)])
def test_one_that_everybody_may_write_to_is_left_alone(tmp_path: Path, mode: int, well: bool) -> None:
    (tmp_path / "store" / "v1").mkdir(parents=True)
    (tmp_path / "store").chmod(mode)

    assert (wrong(tmp_path / "store") == "") is well
    (tmp_path / "store").chmod(0o755)
    (tmp_path / "store" / "v1").chmod(mode)
    assert (wrong(tmp_path / "store") == "") is well


@needs_root
@pytest.mark.parametrize("inner", ["", "v1", "v1/actions", "v1/blobs", "postgres"])
def test_that_of_another_user_is_left_alone(tmp_path: Path, inner: str) -> None:
    theirs = tmp_path / "store" / inner
    theirs.mkdir(parents=True)
    os.chown(theirs, OTHER, OTHER)

    assert wrong(tmp_path / "store") == f"{theirs} belongs to user {OTHER}"


@needs_root
def test_a_group_shares_one_knowingly(tmp_path: Path) -> None:
    shared = tmp_path / "store"
    (shared / "v1").mkdir(parents=True)
    for folder in (shared, shared / "v1"):
        os.chown(folder, OTHER, os.getegid())
    shared.chmod(0o775)
    assert wrong(shared) == f"{shared} belongs to user {OTHER}"

    shared.chmod(0o2775)

    assert place.find({"PYBUILDKIT_CACHE_DIR": str(shared)}) == place.StoreFolder(shared, shared=True)
    os.chown(shared, OTHER, OTHER)
    assert wrong(shared) == f"{shared} belongs to user {OTHER}", "who is not of the group does not take part"


def test_nothing_is_taken_from_a_store_that_is_refused_and_nothing_kept(tmp_path: Path) -> None:
    Store(tmp_path, pytest.fail).put(b"content")
    (tmp_path / "pyproject.toml").touch()
    before = sorted(tmp_path.rglob("*"))
    said: list[str] = []
    store = of_machine({"PYBUILDKIT_CACHE_DIR": str(tmp_path)}, said.append)

    digest = store.put(b"content")
    store.put(b"more")

    assert not store.has(digest)
    assert store.get(digest) is None
    assert sorted(tmp_path.rglob("*")) == before
    assert said == [f"store: {tmp_path} is not used: a project's own folder is no place for it; nothing is kept"]


@needs_root
def test_an_entry_of_somebody_else_does_not_count(tmp_path: Path) -> None:
    said: list[str] = []
    store = Store(tmp_path, said.append)
    digest = store.put(b"content")
    (file,) = [entry for entry in tmp_path.rglob("*") if entry.is_file()]
    os.chown(file, OTHER, OTHER)

    assert store.get(digest) is None
    assert said == [f"store: {digest}: it belongs to user {OTHER}; made anew"]
    assert Store(tmp_path, pytest.fail, shared=True).get(digest) == b"content"
    assert store.put(b"content") == digest
    assert store.get(digest) == b"content", "it was replaced by one's own"


def test_the_number_of_a_user_is_drawn_once_and_is_nobody_elses(tmp_path: Path) -> None:
    environment = {"PYBUILDKIT_CACHE_DIR": str(tmp_path)}
    assert place.private_number(environment) == str(os.geteuid())
    assert not list(tmp_path.iterdir()), "a look keeps nothing"

    number = place.private_number(environment, make=True)

    assert place.private_number(environment) == number != place.private_number({"PYBUILDKIT_CACHE_DIR": "/"}, make=True)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


WRITES = """
import os, sys
from pathlib import Path
from buildkit.doors import files, locks
os.umask(int(sys.argv[2], 8))
root = Path(sys.argv[1])
files.write(root / ".buildkit" / "state", "")
files.write(root / "extension", "", mode=0o775)
files.write(root / "secret", "", mode=0o600)
with locks.held(root / "locks" / "one"):
    pass
"""


@pytest.mark.parametrize(("umask", "masked"), [("077", 0o077), ("022", 0o022), ("002", 0o002), ("000", 0o002)])
def test_the_umask_is_obeyed_and_never_may_everybody_write(tmp_path: Path, umask: str, masked: int) -> None:
    subprocess.run([sys.executable, "-c", WRITES, str(tmp_path), umask], check=True, timeout=60)

    modes = {file.relative_to(tmp_path).as_posix(): file.stat().st_mode & 0o777 for file in tmp_path.rglob("*")}
    assert modes == {
        ".buildkit": 0o777 & ~masked,
        ".buildkit/.gitignore": 0o666 & ~masked,
        ".buildkit/state": 0o666 & ~masked,
        "extension": 0o777 & ~masked,
        "secret": 0o600,
        "locks": 0o777 & ~masked,
        "locks/one": 0o666 & ~masked,
    }
    assert (tmp_path / ".buildkit" / ".gitignore").read_text().splitlines()[-1] == "*"
