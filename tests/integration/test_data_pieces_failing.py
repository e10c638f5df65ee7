"""What a piece may do, and what becomes of one that fails: it is named, and nothing else is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import data_pieces
import pytest
from data_pieces import use, write
from data_service import Service, alive, until

from buildkit.data.stages.pipeline import Stage
from buildkit.data.status.verify import require_whole, verify
from buildkit.errors import StageError


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with contextlib.closing(data_pieces.make(tmp_path / "service")) as service:
        yield service


def fails(service: Service) -> StageError:
    with pytest.raises(StageError) as caught:
        service.refresh()
    return caught.value


def test_a_failed_piece_is_named_and_the_others_are_kept(service: Service) -> None:
    write(service, b="fail")
    error = fails(service)
    assert error.message == "stage loud: 1 of 3 pieces failed"
    assert error.details[0] == "in/b.txt: exit code 1"
    assert error.details[-1] == "  ValueError: cannot shout b.txt"
    assert sorted(service.runs()) == ["a.txt", "b.txt", "c.txt"]
    fails(service)
    assert service.runs() == ["b.txt"]
    write(service, b="mended")
    service.refresh()
    assert service.runs() == ["b.txt", "count"]
    assert sorted(service.content()) == ["count.txt", "loud/a.txt", "loud/b.txt", "loud/c.txt"]


@pytest.mark.parametrize(
    ("how", "words"),
    [("exit", "exit code 7"), ("kill", "ended by SIGKILL (out of memory?)"), ("group", "ended by SIGKILL")],
)
def test_a_piece_that_dies_takes_nobody_along(service: Service, how: str, words: str) -> None:
    write(service, **{f"x{number}": f"{number}" for number in range(10)}, b=how)
    error = fails(service)
    assert error.message == "stage loud: 1 of 13 pieces failed"
    assert words in error.details[0]
    write(service, b="fine")
    service.runs()
    service.refresh()
    assert service.runs() == ["b.txt", "count"]


def test_a_piece_that_kills_whoever_runs_it_is_one_of_few_that_fail(service: Service) -> None:
    write(service, **{f"x{number}": f"{number}" for number in range(10)})
    use(
        service,
        """
def loud(item, out):
    if item.name == "b.txt":
        os.kill(os.getppid(), 9)
        time.sleep(60)
    (out / "loud" / item.name).write_text("x")
""",
        jobs=1,
    )
    error = fails(service)
    assert error.message == "stage loud: 1 of 13 pieces failed"
    assert error.details == (
        "in/b.txt: ended by SIGKILL (out of memory?)",
        "  its foreman: ended by SIGKILL (out of memory?)",
    )


def test_no_piece_changes_the_next(service: Service) -> None:
    use(
        service,
        """
state = []
def loud(item, out):
    seen = [len(state), os.getcwd(), os.environ.get("SET"), sys.argv[1:]]
    state.append(item)
    os.chdir("/")
    os.environ["SET"] = item.name
    sys.argv.append("more")
    (out / "loud" / item.name).write_text(repr(seen[:3]))
""",
        jobs=1,
    )
    service.refresh()
    assert set(service.content().values()) == {repr([0, str(service.root), None])}


LEFT = {
    "nothing": "Path(place).write_text('text')",
    "an open file": "kept.append(open(place, 'w')); kept[-1].write('text')",
    "a global of its own": "globals()['late'] = Late(place)",
    "an object": "kept.append(Late(place))",
    "a function": "atexit.register(lambda: Path(place).write_text('text'))",
    "a thread": "threading.Thread(target=lambda: (time.sleep(0.1), Path(place).write_text('text'))).start()",
    "an archive": "kept.append(tarfile.open(place, 'w')); kept[-1].add('in')",
}


@pytest.mark.parametrize("left", LEFT)
def test_what_a_piece_leaves_behind_is_written_at_its_end(service: Service, left: str) -> None:
    use(
        service,
        f"""
import atexit, tarfile, threading
kept, late = [], None
class Late:
    def __init__(self, place): self.place = place
    def __del__(self): Path(self.place).write_text("text")
def loud(item, out):
    place = out / "loud" / item.name
    {LEFT[left]}
""",
    )
    service.refresh()
    for name in ("a", "b", "c"):
        found = (service.current / f"loud/{name}.txt").read_bytes()
        assert found == b"text" or (left == "an archive" and b"in/a.txt" in found)


def test_two_pieces_that_write_one_file_are_refused(service: Service) -> None:
    use(service, "def loud(item, out):\n    (out / 'loud/all').write_text(item.name)\n")
    error = fails(service)
    assert error.message == "stage loud: 2 of 3 pieces failed"
    assert "both write loud/all" in error.details[0]
    use(
        service,
        "def loud(item, out):\n    (out / 'loud' / item.stem).mkdir()\n    (out / f'loud/{item.stem}/x').touch()\n",
    )
    service.refresh()
    write(service, **{"a": None, "b": None, "c": None, "c.txt": ""})
    (service.root / "in/c.txt.txt").rename(service.root / "in/c.txt")
    use(service, "def loud(item, out):\n    (out / 'loud/all').write_text(item.name)\n")
    service.refresh()
    assert service.content() == {"loud/all": "c.txt"}
    (service.root / "in/c.txt").rename(service.root / "in/d.txt")
    service.refresh()
    assert service.content() == {"loud/all": "d.txt"}


def test_a_file_of_one_is_no_folder_of_another(service: Service) -> None:
    use(
        service,
        """
def loud(item, out):
    place = out / "loud/x" if item.stem == "a" else out / f"loud/x/{item.stem}"
    place.parent.mkdir(exist_ok=True)
    place.write_text("")
""",
    )
    assert "both write loud/x" in fails(service).details[0]


def test_an_output_that_is_a_link_fails_its_piece(service: Service) -> None:
    use(service, "def loud(item, out):\n    (out / 'loud' / item.name).symlink_to(item)\n")
    details = fails(service).details
    assert details[0].startswith('in/a.txt: its output "loud/a.txt" is a link to ')


def test_folders_links_and_programs_are_results_as_well(service: Service) -> None:
    use(
        service,
        """
def loud(item, out):
    folder = out / "loud" / item.stem
    (folder / "empty").mkdir(parents=True)
    (out / "loud/both").mkdir()
    (folder / "run").write_text("#!/bin/sh")
    (folder / "run").chmod(0o755)
    (folder / "link").symlink_to("run")
""",
    )
    service.refresh()
    write(service, a="other", b=None)
    service.refresh()
    folder = service.current / "loud"
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")) == [
        *("a", "a/empty", "a/link", "a/run", "both", "c", "c/empty", "c/link", "c/run"),
    ]
    assert (folder / "c/link").readlink() == Path("run")
    assert (folder / "c/run").stat().st_mode & 0o777 == 0o555
    assert service.refresh() == {"loud": "fresh"}
    require_whole(verify(service.pipeline, deep=True))


def test_a_declared_folder_is_there_though_no_piece_writes_into_it(service: Service) -> None:
    write(service, a="nothing", b="nothing", c="nothing")
    service.refresh()
    assert service.content() == {"count.txt": "[]"}
    (service.current / "loud").rmdir()
    service.refresh()
    assert (service.current / "loud").is_dir()
    write(service, a="one")
    service.refresh()
    assert service.content() == {"count.txt": "['a.txt']", "loud/a.txt": "ONE"}


def test_an_undeclared_output_is_dropped_with_a_word(service: Service) -> None:
    use(
        service,
        "def loud(item, out):\n    (out / 'stray').write_text('')\n    (out / 'loud' / item.name).write_text('')\n",
    )
    service.refresh()
    assert sorted(service.content()) == ["loud/a.txt", "loud/b.txt", "loud/c.txt"]
    assert "data: dropping stray of in/a.txt: stage loud does not declare it as an output" in service.said


def test_a_callable_that_cannot_be_imported_is_said_once(service: Service) -> None:
    use(service, "import nothing_such\n")
    error = fails(service)
    assert error.message == "stage loud: exit code 1 before its first piece"
    assert error.details[-1] == "ModuleNotFoundError: No module named 'nothing_such'"


def test_a_program_that_is_not_there_is_said_once(service: Service) -> None:
    service.change_stage("loud", run=("no-such-program",))
    assert fails(service).message == "stage loud: cannot start no-such-program: no such program"


def test_a_piece_beyond_its_memory_fails_alone(service: Service) -> None:
    use(
        service,
        """
def loud(item, out):
    held = bytearray(1 << (30 if item.stem == "b" else 10))
    (out / "loud" / item.name).write_text("x")
""",
        memory=256 << 20,
    )
    error = fails(service)
    assert error.message == "stage loud: 1 of 3 pieces failed"
    assert error.details[-1].endswith("MemoryError")


def test_what_a_piece_leaves_running_is_ended(service: Service) -> None:
    mark = f"sleep 61{os.getpid()}"
    service.declare(stages=(Stage("loud", ("sh", "-c", f"{mark} & true"), outputs=("loud/",), each="in/*.txt"),))
    service.refresh()
    assert alive([mark]) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_the_pieces_and_keeps_what_they_finished(service: Service, number: int) -> None:
    service.change_stage("loud", jobs=2)
    write(service, c="wait")
    child = service.start("--renew")
    until(lambda: "waiting" in service.log())
    until(lambda: "".join(file.read_text() for file in service.pipeline.folder.rglob("*.pieces")).count("loud/") == 4)
    began = time.monotonic()
    os.kill(child.pid, number)
    child.wait()
    until(lambda: not alive(["buildkit.data.processes.fork_server"]), 2)
    assert time.monotonic() - began < 2
    write(service, c="short")
    service.runs()
    service.refresh()
    assert service.runs() == ["c.txt", "count"]


@pytest.mark.parametrize("stage", ["loud", "count"])
def test_params_that_no_program_can_be_handed_are_named(service: Service, stage: str) -> None:
    service.change_stage(stage, params={"mark": "x" * 140_000})
    error = fails(service)
    assert error.message == f"stage {stage}: its params and environment are more than the kernel hands to a program"
    assert "put what is so long into a file" in error.hint


def test_a_piece_that_leaves_nothing_to_clean_up_is_not_taken_apart(service: Service) -> None:
    """An interpreter that takes itself apart takes longer than all the rest of a small piece."""
    use(
        service,
        """
class Kept:
    def __del__(self, write=os.write):
        write(1, b"taken apart\\n")

kept = Kept()

def loud(item, out):
    (out / "loud" / item.name).write_text("loud")
    if item.name == "b.txt":
        sys.modules["new"] = sys
""",
    )
    service.refresh()
    assert [line for line in service.said if "taken apart" in line] == ["loud: in/b.txt: taken apart"]
