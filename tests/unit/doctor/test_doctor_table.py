"""The table of findings: a screen, whatever its width; and the lines that install a thing on each system."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.doctor.finding import MISSING, OK, OPTIONAL, Finding
from buildkit.doctor.system import installing, is_tight, limits_of_inotify, pip, room
from buildkit.doctor.table import lines_of

FINDINGS = [
    Finding("Python", OK, f"3.12.1  /a/long/{'x' * 80}/python", "everything"),
    Finding("C compiler", MISSING, "it made nothing " * 8, "invoke compile", "sudo apt-get install -y gcc", 11),
    Finding("mypy", OPTIONAL, "not installed", "mypyc", "pip install mypy"),
]


@pytest.mark.parametrize("width", [80, 160])
def test_a_table_fits_the_terminal_and_what_is_well_takes_one_line(width: int) -> None:
    lines = lines_of(FINDINGS, width=width, coloured=False)
    table = lines[: lines.index("")]

    assert max(map(len, table)) <= width
    assert sum(line.startswith("Python") for line in table) == 1
    assert table[1].startswith("C compiler  missing")
    assert " ".join(table).count("nothing") == 8


def test_what_mends_comes_whole_and_the_worst_first() -> None:
    lines = lines_of(FINDINGS, width=80, coloured=False)

    assert lines[lines.index("to mend:") + 1 :] == [
        "  # C compiler",
        "  sudo apt-get install -y gcc",
        "  # mypy",
        "  pip install mypy",
    ]


def test_colours_take_no_room() -> None:
    plain, coloured = (lines_of(FINDINGS, width=80, coloured=each) for each in (False, True))

    assert "\033[31mmissing" in "\n".join(coloured)
    assert len(plain) == len(coloured)


@pytest.mark.parametrize(
    ("there", "root", "line"),
    [
        ({"apt-get"}, False, "sudo apt-get install -y git"),
        ({"apt-get"}, True, "apt-get install -y git"),
        ({"dnf"}, True, "dnf install -y git"),
        ({"apk"}, True, "apk add -U git"),
        ({"brew"}, False, "brew install git"),
        (set(), False, ""),
    ],
)
def test_a_thing_is_installed_as_this_system_does_it(there: set[str], root: bool, line: str, tmp_path: Path) -> None:
    (tmp_path / "deb.example_dists_stable_main_binary-amd64_Packages.lz4").touch()

    assert installing("git", lambda name: name if name in there else None, root=root, lists=tmp_path) == line


@pytest.mark.parametrize(
    ("there", "root", "line"),
    [
        ("apt-get", True, "apt-get update && apt-get install -y git"),
        ("apt-get", False, "sudo apt-get update && sudo apt-get install -y git"),
        ("dnf", True, "dnf install -y git"),
    ],
)
def test_where_apt_has_no_lists_as_in_containers_they_are_fetched_first(
    there: str, root: bool, line: str, tmp_path: Path
) -> None:
    (tmp_path / "partial").mkdir()
    (tmp_path / "lock").touch()

    assert installing("git", lambda name: name if name == there else None, root=root, lists=tmp_path) == line


def test_what_the_shell_would_take_is_quoted() -> None:
    assert pip("nox").endswith(" -m pip install nox")
    assert pip("invoke-buildkit[fast]").endswith(" -m pip install 'invoke-buildkit[fast]'")


def test_room_on_a_disk_is_that_of_the_nearest_folder(tmp_path: Path) -> None:
    assert room(tmp_path / "not" / "there") > 0
    assert [is_tight(free) for free in (10**6, 10**9, 10**11)] == [True, None, False]


def test_limits_of_inotify_are_read_where_there_are_some(tmp_path: Path) -> None:
    (tmp_path / "max_user_watches").write_text("8192\n")
    (tmp_path / "max_user_instances").write_text("128\n")

    assert limits_of_inotify(tmp_path) == (8192, 128)
    assert limits_of_inotify(tmp_path / "nowhere") is None
