"""What a zip file would unpack to."""

from __future__ import annotations

import stat
import warnings
import zipfile
from pathlib import Path

import pytest

from buildkit.core.untrusted import Odd
from buildkit.doors.process import Completed
from buildkit.errors import ConfigurationError
from buildkit.trees.zipped import names_of
from buildkit.wheels import backend


def made(folder: Path, *members: str | zipfile.ZipInfo) -> Path:
    archive = folder / "x-1-py3-none-any.whl"
    with warnings.catch_warnings(), zipfile.ZipFile(archive, "w") as opened:
        warnings.simplefilter("ignore")  # a name twice
        for member in members:
            opened.writestr(member, b"")
    return archive


def special(name: str, kind: int) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = (kind | 0o777) << 16
    return member


def test_files_are_named_and_folders_are_none(tmp_path: Path) -> None:
    assert names_of(made(tmp_path, "a/", "a/b.py", special("run", stat.S_IFREG), "na\u00efve")) == [
        "a/b.py",
        "run",
        "na\u00efve",
    ]


ODD: list[tuple[str | zipfile.ZipInfo, ...]] = [
    ("../evil",),
    ("/etc/evil",),
    ("a/../../evil",),
    ("a//b",),
    ("a", "a"),
    ("a", "a/b"),
    (special("link", stat.S_IFLNK),),
    (special("device", stat.S_IFCHR),),
]


@pytest.mark.parametrize("members", ODD)
def test_what_would_not_stay_in_its_folder_is_refused(
    tmp_path: Path, members: tuple[str | zipfile.ZipInfo, ...]
) -> None:
    wheel = made(tmp_path, *members)
    with pytest.raises(Odd):
        names_of(wheel)

    def runner(*_: object, **__: object) -> Completed:
        pytest.fail("nothing is unpacked")

    with pytest.raises(ConfigurationError, match=r"x-1-py3-none-any\.whl: "):
        backend.unpack(wheel, tmp_path / "tree", {}, runner)
