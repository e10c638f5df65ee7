"""A stage in pieces: what did not change is taken over, what fails is named, and nothing else is lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import data_service
import pytest
from data_service import Service, alive, until

from buildkit.data.stages.digests import beside
from buildkit.data.stages.pipeline import Stage
from buildkit.data.status.look import look_now
from buildkit.data.status.verify import require_whole, verify
from buildkit.errors import DataError, StageError

FILES = {
    "in/a.txt": "one",
    "in/b.txt": "two",
    "in/c.txt": "three",
    "src/app/__init__.py": "",
    "src/app/words.py": "def shout(text):\n    return text.upper()\n",
    "src/app/pipeline.py": """
import os, signal, sys, time
from pathlib import Path
from app.words import shout

seen = []

def note(item):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(item.name + "\\n")

def loud(item, out, mark=""):
    note(item)
    text = item.read_text()
    if text == "fail":
        raise ValueError(f"cannot shout {item.name}")
    if text == "exit":
        os._exit(7)
    if text == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if text == "group":
        os.killpg(0, signal.SIGKILL)
    if text == "wait":
        print("waiting")
        time.sleep(600)
    if text != "nothing":
        (out / "loud" / item.name).write_text(shout(text) + mark)

def count(source, out):
    note(Path("count"))
    (out / "count.txt").write_text(str(sorted(path.name for path in (source / "loud").iterdir())))
""",
}
LOUD = Stage("loud", "app.pipeline:loud", outputs=("loud/",), each="in/*.txt")
COUNT = Stage("count", "app.pipeline:count", outputs=("count.txt",), combine=("loud",))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = data_service.make(tmp_path / "service", FILES)
    made.declare(stages=(LOUD, COUNT))
    yield made
    made.close()


@pytest.fixture
def made(service: Service) -> Service:
    service.refresh()
    assert sorted(service.runs()) == ["a.txt", "b.txt", "c.txt", "count"]
    return service


def write(service: Service, **texts: str | None) -> None:
    for name, text in texts.items():
        file = service.root / f"in/{name}.txt"
        file.unlink() if text is None else file.write_text(text)


def pieces(service: Service, stage: str = "loud") -> dict[str, int]:
    return dict(next(row.pieces for row in service.result.outcomes if row.subject == stage))


def use(service: Service, source: str, **changes: object) -> None:
    """Let the stage do something else."""
    (service.root / "src/app/pipeline.py").write_text(f"import os, sys, time\nfrom pathlib import Path\n{source}")
    service.declare(stages=(LOUD,))
    service.change_stage("loud", **changes)


def fails(service: Service) -> StageError:
    with pytest.raises(StageError) as caught:
        service.refresh()
    return caught.value


# ------------------------------------------------------------------ what runs


def test_each_match_is_a_piece_and_combine_sees_them_whole(made: Service) -> None:
    assert made.content() == {
        "count.txt": "['a.txt', 'b.txt', 'c.txt']",
        "loud/a.txt": "ONE",
        "loud/b.txt": "TWO",
        "loud/c.txt": "THREE",
    }
    assert pieces(made) == {"made": 3, "kept": 0, "removed": 0, "failed": 0}


def test_nothing_changed_and_nothing_runs(made: Service) -> None:
    assert made.refresh() == {"loud": "fresh", "count": "fresh"}
    assert made.runs() == []


def test_one_changed_input_runs_one_piece(made: Service) -> None:
    before = (made.current / "loud/a.txt").stat().st_ino
    write(made, b="other")
    assert made.refresh()["loud"] == "made"
    assert made.runs() == ["b.txt", "count"]
    assert pieces(made) == {"made": 1, "kept": 2, "removed": 0, "failed": 0}
    assert made.told["loud"] == "item changed: in/b.txt"
    assert made.content()["loud/b.txt"] == "OTHER"
    assert (made.current / "loud/a.txt").stat().st_ino == before


def test_with_an_input_its_result_goes(made: Service) -> None:
    write(made, c=None)
    made.refresh()
    assert made.runs() == ["count"]
    assert made.told["loud"] == "item gone: in/c.txt"
    assert [name for name in made.content() if name.startswith("loud")] == ["loud/a.txt", "loud/b.txt"]


def test_a_renamed_input_is_one_gone_and_a_new_one(made: Service) -> None:
    (made.root / "in/c.txt").rename(made.root / "in/d.txt")
    made.refresh()
    assert made.runs() == ["d.txt", "count"]
    assert pieces(made) == {"made": 1, "kept": 2, "removed": 1, "failed": 0}


def test_code_and_parameters_are_in_every_key(made: Service) -> None:
    (made.root / "src/app/words.py").write_text("def shout(text):\n    return text + '!'\n")
    made.refresh()
    assert sorted(made.runs()) == ["a.txt", "b.txt", "c.txt", "count"]
    made.change_stage("loud", params={"mark": "?"})
    made.refresh()
    assert sorted(made.runs()) == ["a.txt", "b.txt", "c.txt", "count"]
    assert made.content()["loud/a.txt"] == "one!?"


def test_further_inputs_are_in_every_key_and_jobs_in_none(made: Service) -> None:
    (made.root / "names").write_text("x")
    made.change_stage("loud", inputs=("names",))
    made.refresh()
    assert pieces(made)["made"] == 3
    made.change_stage("loud", jobs=1, memory=1 << 40)
    assert made.refresh()["loud"] == "fresh"


@pytest.mark.parametrize("how", ["delete", "truncate", "other bytes"])
def test_one_damaged_file_costs_its_piece(made: Service, how: str) -> None:
    file = made.current / "loud/b.txt"
    file.unlink()
    if how != "delete":
        file.write_text({"truncate": "", "other bytes": "TWX"}[how])
    made.runs()
    made.refresh()
    assert made.runs() == ["b.txt"]
    assert made.content()["loud/b.txt"] == "TWO"


def test_a_flipped_byte_is_found_by_the_deep_look_and_costs_its_piece(made: Service) -> None:
    file = made.current / "loud/b.txt"
    stamps = file.stat()
    file.chmod(0o644)
    file.write_text("TWX")
    os.utime(file, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
    assert made.refresh()["loud"] == "fresh"
    with pytest.raises(DataError):
        require_whole(verify(made.pipeline, deep=True))
    made.refresh()
    assert made.runs() == ["b.txt"]
    require_whole(verify(made.pipeline, deep=True))


def test_a_stage_that_fails_on_a_damaged_piece_gets_that_one_anew(made: Service) -> None:
    script = 'if grep TWX "$PYBUILDKIT_DATA_IN"/loud/*; then exit 1; fi; echo fine > "$PYBUILDKIT_DATA_OUT/check"'
    check = Stage("check", ("sh", "-ec", script), outputs=("check",), combine=("loud",))
    made.declare(stages=(LOUD, check))
    made.refresh()
    file = made.current / "loud/b.txt"
    stamps = file.stat()
    file.chmod(0o644)
    file.write_text("TWX")
    os.utime(file, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
    write(made, a="new")
    made.refresh()
    assert pieces(made) == {"made": 1, "kept": 2, "removed": 0, "failed": 0}
    assert made.content() == {"check": "fine\n", "loud/a.txt": "NEW", "loud/b.txt": "TWO", "loud/c.txt": "THREE"}
    assert any("files of stage loud are damaged" in line for line in made.said)


def test_old_pieces_are_due_by_their_own_age(made: Service) -> None:
    made.declare(ttl=3.0)
    time.sleep(1.6)
    write(made, a="young")
    made.refresh()
    time.sleep(1.6)
    made.runs()
    assert made.refresh()["loud"] == "made"
    assert sorted(made.runs()) == ["b.txt", "c.txt"]


def test_a_piece_may_write_nothing(service: Service) -> None:
    write(service, b="nothing")
    service.refresh()
    assert "loud/b.txt" not in service.content()
    service.runs()
    write(service, a="other")
    service.refresh()
    assert service.runs() == ["a.txt", "count"]


def test_a_stage_that_is_cut_into_pieces_later_runs_anew(service: Service) -> None:
    whole = "def loud(source, out):\n    (out / 'loud/all').write_text('whole')\n"
    use(service, whole, each="", inputs=("in/*.txt",))
    service.refresh()
    use(service, "def loud(item, out):\n    (out / 'loud' / item.name).write_text('piece')\n")
    service.refresh()
    assert set(service.content().values()) == {"piece"}
    use(service, whole, each="", inputs=("in/*.txt",))
    service.refresh()
    assert service.content() == {"loud/all": "whole"}


# ------------------------------------------------------------------ what the pieces are


def test_pieces_of_an_earlier_stage_in_pieces(made: Service) -> None:
    script = 'cp "$PYBUILDKIT_DATA_ITEM" "$PYBUILDKIT_DATA_OUT/after/"'
    after = Stage("after", ("sh", "-ec", script), outputs=("after/",), each="stage:loud/*.txt")
    made.declare(stages=(*made.pipeline.stages, after))
    made.refresh()
    assert made.content()["after/b.txt"] == "TWO"
    write(made, b="other", c=None)
    made.refresh()
    assert pieces(made, "after") == {"made": 1, "kept": 1, "removed": 1, "failed": 0}
    assert made.told["after"] == "item changed: loud/b.txt"
    assert made.content()["after/b.txt"] == "OTHER"
    write(made, a="again")
    seen = look_now(made.pipeline, made.environment, beside(made.pipeline.folder))
    assert str(seen.steps[-1].reason) == "depends on stage: loud"


def test_a_folder_is_a_piece_where_the_glob_ends_so(service: Service) -> None:
    for name in ("x", "y"):
        (service.root / f"sites/{name}/deep").mkdir(parents=True)
        (service.root / f"sites/{name}/deep/data").write_text(name)
    use(
        service,
        "def loud(item, out):\n    (out / 'loud' / item.name).write_text((item / 'deep/data').read_text())\n",
        each="sites/*/",
    )
    service.refresh()
    assert service.content() == {"loud/x": "x", "loud/y": "y"}
    (service.root / "sites/y/more").write_text("")
    service.refresh()
    assert service.told["loud"] == "item changed: sites/y"
    assert pieces(service)["made"] == 1
    again = Stage("again", ("sh", "-c", 'basename "$PYBUILDKIT_DATA_ITEM"'), each="stage:deep/*/", outputs=("again/",))
    deep = Stage("deep", ("sh", "-ec", "cd $PYBUILDKIT_DATA_OUT/deep; mkdir p q; touch p/1 p/2 q/1"), (), ("deep/",))
    service.declare(stages=(deep, again))
    service.refresh()
    assert sorted(line for line in service.said if line.startswith("again: ")) == [
        "again: deep/p: p",
        "again: deep/q: q",
    ]


def test_items_with_odd_names(service: Service) -> None:
    names = ["-rf", "a b", "ünï", "*", "[x]", "same/x.txt", "other/x.txt", "'\"$(true)"]
    for name in names:
        file = service.root / "odd" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    source = "def loud(item, out):\n    (out / 'loud' / item.relative_to('odd').as_posix().replace('/', '_'))"
    use(service, f"{source.replace('odd', str(service.root / 'odd'))}.write_text(item.read_text())\n", each="odd")
    service.refresh()
    assert service.content() == {f"loud/{name.replace('/', '_')}": name for name in names}
    service.change_stage(
        "loud", run=("sh", "-ec", 'cat "$PYBUILDKIT_DATA_ITEM" > "$PYBUILDKIT_DATA_OUT/loud/$(mktemp -u XXXXXXXX)"')
    )
    service.refresh()
    assert sorted(service.content().values()) == sorted(names)


@pytest.mark.parametrize("each", ["in/*.csv", "nowhere/", "package:nothing_such/*.txt", "package:app/*.csv"])
def test_a_glob_that_matches_nothing_is_named_before_any_work(service: Service, each: str) -> None:
    service.change_stage("loud", each=each)
    with pytest.raises(DataError, match=r"stage loud: each .* matches no f"):
        service.refresh()
    assert service.runs() == []


def test_a_glob_that_matches_nothing_of_an_earlier_stage_names_what_there_is(service: Service) -> None:
    after = Stage("after", ("true",), outputs=("after/",), each="stage:loud/*.json")
    service.declare(stages=(LOUD, after))
    with pytest.raises(DataError, match=r'each "stage:loud/.*" matches no output of stage loud') as caught:
        service.refresh()
    assert caught.value.hint.endswith(": a.txt, b.txt, c.txt")


# ------------------------------------------------------------------ what fails


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
