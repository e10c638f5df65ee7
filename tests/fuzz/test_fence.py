"""The fence itself: what it has to see is seen, refused and counted; what happens inside is none of its business."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fence import FENCE, Outside, TooLong

ACTS: dict[str, Callable[[Path, Path], object]] = {
    "write": lambda room, out: (out / "new").write_text("x"),
    "append": lambda room, out: (out / "victim").open("a"),
    "descriptor": lambda room, out: os.open(out / "new", os.O_WRONLY | os.O_CREAT),
    "through a link": lambda room, out: (room / "link").write_text("x"),
    "below a link": lambda room, out: (room / "folder/new").write_text("x"),
    "by dots": lambda room, out: Path(f"{room}/../new").write_text("x"),
    "rename to": lambda room, out: (room / "own").rename(out / "new"),
    "rename from": lambda room, out: (out / "victim").rename(room / "new"),
    "remove": lambda room, out: (out / "victim").unlink(),
    "remove below a link": lambda room, out: (room / "folder/victim").unlink(),
    "remove by a descriptor": lambda room, out: os.unlink("victim", dir_fd=os.open(out, os.O_RDONLY)),
    "rmdir": lambda room, out: (out / "empty").rmdir(),
    "rmtree": lambda room, out: shutil.rmtree(out / "empty"),
    "mkdir": lambda room, out: (out / "new").mkdir(),
    "symlink": lambda room, out: (out / "new").symlink_to("x"),
    "link": lambda room, out: os.link(room / "own", out / "new"),
    "chmod": lambda room, out: (out / "victim").chmod(0o600),
    "chmod through a link": lambda room, out: (room / "link").chmod(0o600),
    "chmod by a descriptor": lambda room, out: os.chmod(os.open(out / "victim", os.O_RDONLY), 0o600),
    "utime": lambda room, out: os.utime(out / "victim"),
    "truncate": lambda room, out: os.truncate(out / "victim", 0),
    "process": lambda room, out: subprocess.run([sys.executable, "-c", ""], check=True),
    "shell": lambda room, out: os.system("true"),
}


@pytest.fixture
def laid(room: Path) -> Path:
    (room.parent / "empty").mkdir()
    (room / "own").write_text("own")
    (room / "link").symlink_to("../victim")
    (room / "folder").symlink_to("..")
    return room


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_what_goes_outside_is_refused_and_counted(laid: Path, act: Callable[[Path, Path], object]) -> None:
    with pytest.raises(Outside), FENCE.around(laid):
        act(laid, laid.parent)
    assert len(FENCE.seen) == 1
    (laid.parent / "empty").rmdir()


def test_it_is_counted_even_where_the_refusal_is_swallowed(room: Path) -> None:
    def quietly() -> None:
        try:
            (room.parent / "new").mkdir()
        except BaseException:  # noqa: BLE001
            return

    with pytest.raises(Outside), FENCE.around(room):
        quietly()
    thread = threading.Thread(target=quietly)
    with pytest.raises(Outside), FENCE.around(room):
        thread.start()
        thread.join()


def test_what_stays_inside_is_let_through(laid: Path) -> None:
    (laid.parent / "empty").rmdir()
    with FENCE.around(laid):
        (laid / "a").mkdir()
        (laid / "a/b").write_text("x")
        (laid / "a/b").rename(laid / "c")
        (laid / "link").unlink()  # the link itself lies inside
        (laid / "folder").unlink()
        (laid.parent / "victim").read_text()
        with tempfile.TemporaryFile(dir=laid):
            pass
        shutil.rmtree(laid / "a")
        Path(os.devnull).write_text("x")
    assert FENCE.seen == []
    (laid.parent / "new").write_text("the fence is gone")
    (laid.parent / "new").unlink()


def test_what_does_not_end_is_ended(room: Path) -> None:
    with pytest.raises(TooLong), FENCE.around(room, 0.2):
        while True:
            pass
    with pytest.raises(TooLong), FENCE.around(room, 0.2):
        time.sleep(60)


def test_what_wants_memory_without_end_does_not_get_it(room: Path) -> None:
    with pytest.raises(MemoryError), FENCE.around(room):
        bytearray(4 << 30)
