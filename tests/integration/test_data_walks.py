"""What stages read and write beside plain files: links, empty folders, who may execute, odd names and modes."""

from __future__ import annotations

import json
import os
import socket
import stat
import sys
import time
from pathlib import Path

import data_service
import pytest
from data_service import Service

from buildkit.data.stages import digests
from buildkit.data.status.decision import Condition
from buildkit.data.status.look import look
from buildkit.data.status.verify import require_whole, verify
from buildkit.data.volume import deleting, generations, outputs
from buildkit.errors import DataError, StageError
from buildkit.trees import comparing, folders


def python(lines: str) -> tuple[str, ...]:
    """Return a command that runs lines of Python where `out` and `source` are the folders of a stage."""
    head = "import os, pathlib; out, source = (pathlib.Path(os.environ['PYBUILDKIT_DATA_' + n]) for n in ('OUT', 'IN'))"
    return (sys.executable, "-c", f"{head}\n{lines}")


def condition(service: Service) -> Condition:
    cache = digests.beside(service.pipeline.folder)
    return look(service.pipeline, service.environment, cache, time.time()).condition


def touch_another_input(service: Service) -> None:
    """Let `read` run again, and nothing else differ."""
    (service.root / "in/z.txt").write_text(str(time.time_ns()))


def everything(generation: Path) -> dict[str, str]:
    """Return what lies in a generation: content, kind, mode and where links lead."""
    found = {}
    for folder, inner, names in os.walk(generation):
        for name in [*inner, *names]:
            place = Path(folder, name)
            mode = place.lstat().st_mode
            if stat.S_ISLNK(mode):
                what = f"-> {place.readlink()}"
            else:
                what = "folder" if stat.S_ISDIR(mode) else f"{mode & 0o777:o} {place.read_bytes()!r}"
            if name != "manifest.json":
                found[place.relative_to(generation).as_posix()] = what
    return found


# ------------------------------------------------------------------ inputs


@pytest.mark.parametrize("pattern", ["in", "in/**/*.txt", "in/*/*.txt", "in/*"])
def test_what_a_linked_folder_holds_is_an_input(service: Service, pattern: str) -> None:
    store = service.root.parent / "store"
    store.mkdir()
    (store / "v.txt").write_text("one")
    (service.root / "in/today").symlink_to(store)
    service.change_stage(
        "read", inputs=(pattern,), run=python("(out / 'read/all.txt').write_text(open('in/today/v.txt').read())")
    )
    service.refresh()
    (store / "v.txt").write_text("two")
    assert service.refresh()["read"] == "made"
    assert service.content()["read/all.txt"] == "two"
    assert service.refresh()["read"] == "fresh"


@pytest.mark.parametrize("kind", ["dangling", "fifo", "socket"])
def test_an_input_without_content_is_named_before_any_work(service: Service, kind: str) -> None:
    place = service.root / "in/odd.txt"
    if kind == "dangling":
        place.symlink_to("gone")
    elif kind == "fifo":
        os.mkfifo(place)
    else:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(place))
    with pytest.raises(DataError, match=r'stage read: input "in/odd\.txt" is a '):
        service.refresh()
    assert service.runs() == []


def test_an_input_that_may_be_executed_from_now_on_has_changed(service: Service) -> None:
    service.refresh()
    (service.root / "in/a.txt").chmod(0o755)
    assert service.refresh()["read"] == "made"
    assert service.told["read"] == "input changed: in/a.txt"


# ------------------------------------------------------------------ outputs

_ODD = """
(out / 'read/empty').mkdir()
(out / 'read/tool').write_text('#!/bin/sh')
(out / 'read/tool').chmod(0o755)
(out / 'read/latest').symlink_to('tool')
(out / os.fsdecode(b'read/caf\\xe9')).write_text('x')
(out / 'read/line\\nfeed').write_text('y')
"""


def test_an_output_lives_on_as_it_was_made(service: Service) -> None:
    """In the next generation, which shares it, and in one after a restore without times, modes and empty folders."""
    service.change_stage("read", run=python(_ODD))
    service.change_stage("select", run=python("(out / 'select/x').touch()"))
    service.refresh()
    first = everything(service.current)
    assert first["read/tool"].startswith("555 ")
    assert (first["read/empty"], first["read/latest"]) == ("folder", "-> tool")
    assert os.fsdecode(b"read/caf\xe9") in first
    service.change_stage("count", params={"again": 1}, run=python("(out / 'count.txt').write_text('1')"))
    assert service.refresh()["read"] == "fresh"
    assert everything(service.current) == first
    require_whole(verify(service.pipeline, deep=True))
    tool = service.current / "read/tool"
    tool.chmod(0o444)
    os.utime(tool, (1, 1))
    (service.current / "read/empty").rmdir()
    (service.current / "read/latest").unlink()
    assert condition(service) is Condition.DAMAGED
    service.runs()
    assert set(service.refresh().values()) == {"fresh"}
    assert everything(service.current) == first


def test_what_a_stage_after_it_sees_of_an_output_is_in_its_key(service: Service) -> None:
    service.change_stage("read", run=python("(out / 'read/tool').touch(); (out / 'read/e').mkdir()"))
    service.change_stage(
        "select", run=python("(out / 'select/x').write_text(str(len(list((source/'read').iterdir()))))")
    )
    service.refresh()
    for lines in (
        "(out / 'read/tool').touch(0o755); (out / 'read/e').mkdir()",
        "(out / 'read/tool').touch(0o755)",
        "(out / 'read/tool').touch(0o755); (out / 'read/l').symlink_to('tool')",
    ):
        service.change_stage("read", run=python(lines))
        assert service.refresh()["select"] == "made"
        assert service.content()["select/x"] == str(lines.count("read/"))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("os.mkfifo(out / 'read/pipe')", '"read/pipe" is a FIFO'),
        ("(out / 'read/l').symlink_to('/etc/hostname')", '"read/l" is a link to /etc/hostname, outside of this output'),
        ("(out / 'read/l').symlink_to('gone')", '"read/l" is a link to gone, which is not there'),
        ("(out / 'read').rmdir(); (out / 'read').symlink_to(os.path.abspath('in'))", "outside of this output"),
    ],
)
def test_an_output_that_could_not_live_on_is_named(service: Service, lines: str, words: str) -> None:
    mode = (service.root / "in/a.txt").stat().st_mode
    service.change_stage("read", run=python(lines))
    with pytest.raises(StageError, match="stage read: its output") as failure:
        service.refresh()
    assert words in failure.value.message
    assert (service.root / "in/a.txt").stat().st_mode == mode


def test_an_input_that_a_stage_linked_into_its_output_stays_the_users(service: Service) -> None:
    source = service.root / "in/a.txt"
    source.chmod(0o644)
    service.change_stage("read", run=python("os.link('in/a.txt', out / 'read/all.txt')"))
    service.refresh()
    before = service.content()
    assert source.stat().st_mode & 0o777 == 0o644
    with source.open("a") as file:
        file.write("more\n")
    assert service.content() == before


def test_whom_the_umask_shuts_out_stays_out(service: Service) -> None:
    before = os.umask(0o027)
    try:
        service.refresh()
    finally:
        os.umask(before)
    modes = {what.partition(" ")[0] for what in everything(service.current).values()}
    assert modes == {"folder", "440"}


def test_a_stage_never_sees_what_sharing_leaves_on_its_way(service: Service) -> None:
    """A stage that links what is unchanged from the generation before, and one that counts what it made."""
    link = """
last = pathlib.Path(os.environ['PYBUILDKIT_DATA_PATH'], 'current/read')
for file in pathlib.Path('in').iterdir():
    old = last / file.name
    if old.exists() and old.read_text() == file.read_text():
        os.link(old, out / 'read' / file.name)
    else:
        (out / 'read' / file.name).write_text(file.read_text())
"""
    service.change_stage("read", run=python(link))
    service.change_stage(
        "select", run=python("(out/'select/n').write_text(' '.join(sorted(os.listdir(source/'read'))))")
    )
    service.refresh()
    touch_another_input(service)
    service.refresh()
    assert service.content()["select/n"] == "a.txt z.txt"
    assert not [line for line in service.said if "dropping" in line]


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_a_kill_while_files_are_shared_leaves_nothing_to_the_next_stage(service: Service, links: bool) -> None:
    program = "(out/'read/same').write_text('1'); (out/'read/n').write_text(str(len(os.listdir('in'))))"
    service.change_stage("read", run=python(program))
    service.change_stage(
        "select", run=python("(out/'select/n').write_text(' '.join(sorted(os.listdir(source/'read'))))")
    )
    service.refresh()
    touch_another_input(service)
    code = f"""
import os
from pathlib import Path
from buildkit.doors import files
def die(*_, **__): os.kill(os.getpid(), 9)
def refuse(*_, **__): raise OSError(1, "no links")
if {links}:
    rename = Path.replace
    Path.replace = lambda own, to: die() if own.suffix == ".link" else rename(own, to)
else:
    os.link, files._shares_blocks = refuse, lambda *_: True
    os.replace = lambda old, new: die() if "same" in str(new) else None
"""
    assert service.start("--renew", code=code).wait() == -9
    service.refresh()
    assert service.content()["select/n"] == "n same"


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""Variables under which Python reads names as ASCII."""


@pytest.mark.parametrize("where", ["input", "output"])
def test_where_names_are_read_in_another_encoding_those_of_ascii_alone_are_taken(service: Service, where: str) -> None:
    assert service.start("--renew", **ASCII).wait() == 0, service.log()
    if where == "input":
        (service.root / "in/\u00e9.txt").touch()
    else:
        service.change_stage("read", run=python("(out / 'read/\u00e9').touch()"))
        service.change_stage("select", run=python("(out / 'select/x').touch()"))
        service.refresh()
    refused = [
        ["--renew"],
        *([["--status"], ["--", "true"]] if where == "output" else []),
    ]  # else it serves what is whole
    for arguments in refused:
        assert service.start(*arguments, **ASCII).wait() == DataError.exit_code, service.log()
    assert "has a name that is not of ASCII, and this Python reads names as ascii" in service.log()
    assert "Traceback" not in service.log()


# ------------------------------------------------------------------ what a stage sees of the others


def test_a_stage_sees_the_outputs_of_the_stages_that_it_names(service: Service) -> None:
    """Not those that these were made from, as it would not run again when they change; and nothing of the suite's."""
    names = "' '.join(sorted(path.relative_to(source).as_posix() for path in source.rglob('*')))"
    program = "(out / 'deep/er/one').touch(); (out / 'read/f').touch()"
    service.change_stage("read", outputs=("read/", "deep/er/one"), run=python(program))
    service.change_stage("select", run=python(f"seen = {names}; (out / 'select/x').write_text(seen)"))
    service.change_stage("count", run=python(f"seen = {names}; (out / 'count.txt').write_text(seen)"))
    for force in (False, True):
        service.refresh(force=force)
        assert service.content() == {
            "deep/er/one": "",
            "read/f": "",
            "select/x": "deep deep/er deep/er/one read read/f select",
            "count.txt": "deep deep/er select select/x",
        }


@pytest.mark.parametrize("how", ["a callable", "a command"])
def test_a_stage_that_reads_one_that_it_does_not_name_is_told(service: Service, how: str) -> None:
    if how == "a command":
        service.change_stage("count", run=("sh", "-c", "cd $PYBUILDKIT_DATA_IN; cat select/0.txt > count.txt"))
    service.change_stage("count", inputs=("in/*.txt",))
    with pytest.raises(StageError, match="stage count: exit code 1") as failure:
        service.refresh()
    assert 'it reads "select/" of stage select without naming it' in failure.value.hint
    assert 'add "stage:select" to the `inputs` of stage count' in failure.value.hint
    service.change_stage("count", inputs=("stage:select",), run=data_service.STAGES[2].run)
    assert service.refresh() == {"read": "restored", "select": "restored", "count": "made"}


def test_a_stage_that_writes_what_belongs_to_another_is_refused(service: Service) -> None:
    service.change_stage("count", run=python("(out/'count.txt').touch(); (out/'read').mkdir(); (out/'read/x').touch()"))
    with pytest.raises(StageError, match='stage count: it wrote "read/", which is an output of stage read'):
        service.refresh()
    service.change_stage("count", run=data_service.STAGES[2].run)
    assert service.refresh()["read"] == "restored"
    assert "read/x" not in service.content()


def test_a_kill_while_outputs_are_out_of_sight_loses_none(service: Service) -> None:
    service.hold("count")
    child = service.start("--renew")
    data_service.until(lambda: "count is at work" in service.log())
    child.kill()
    child.wait()
    service.let_go("count")
    assert service.refresh() == {"read": "restored", "select": "restored", "count": "made"}


def test_undeclared_folders_go_with_a_word(service: Service) -> None:
    service.change_stage("read", run=python("(out/'read/f').touch(); (out/'more/deep').mkdir(parents=True)"))
    service.change_stage("select", run=python("(out/'select/x').touch()"))
    service.refresh()
    assert "data: dropping more: no stage declares it as an output" in service.said
    assert set(everything(service.current)) == {"read", "read/f", "select", "select/x", "count.txt"}


def test_a_very_deep_output_is_shared_and_deleted(service: Service) -> None:
    deep = "os.chdir(out / 'read')\nfor _ in range(1100): os.mkdir('d'); os.chdir('d')\nopen('f', 'w').close()"
    service.change_stage("read", run=python(deep))
    service.change_stage("select", run=python("(out/'select/x').touch()"))
    try:
        service.refresh()
        manifest = generations.load(service.current)
        assert manifest is not None
        read, shared = manifest.stages["read"], service.root / "shared"
        outputs.share(read, service.current, shared)
        assert comparing.hashed(read.files, shared) == read.outputs
        deleting.remove_all(service.pipeline.folder)
        assert list((service.pipeline.folder / "generations").iterdir()) == []
    finally:
        folders.remove_tree(service.root)  # pytest could not


def test_a_manifest_of_plain_files_is_read_by_the_version_before(service: Service) -> None:
    service.refresh()
    assert json.loads((service.current / "manifest.json").read_text())["manifest"]["schema"] == 1
