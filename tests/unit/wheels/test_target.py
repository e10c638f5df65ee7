"""The tag of a wheel follows from what its Python says of itself."""

import sys
from pathlib import Path

import pytest

from buildkit.doors.process import Completed
from buildkit.errors import ToolchainError
from buildkit.wheels.target import describe, tag_of


@pytest.mark.parametrize(
    ("python", "soabi", "platform", "tag"),
    [
        pytest.param("cp311", "cpython-311-x86_64-linux-gnu", "linux-x86_64", "cp311-cp311-linux_x86_64", id="linux"),
        pytest.param("cp313", "cpython-313-darwin", "macosx-14.0-arm64", "cp313-cp313-macosx_14_0_arm64", id="macos"),
        pytest.param(
            "cp313", "cpython-313t-aarch64-linux-gnu", "linux-aarch64", "cp313-cp313t-linux_aarch64", id="free-threaded"
        ),
        pytest.param("cp312", "", "win-amd64", "cp312-cp312-win_amd64", id="without-soabi"),
    ],
)
def test_tag(python: str, soabi: str, platform: str, tag: str) -> None:
    assert tag_of(python, soabi, platform) == tag


def test_the_running_python_agrees_with_the_packaging_library() -> None:
    from packaging.tags import sys_tags

    target = describe(Path(sys.executable))

    assert target.tag in {str(tag) for tag in sys_tags()}
    assert target.suffix.endswith((".so", ".pyd"))


def test_a_program_that_is_no_python_is_named() -> None:
    def runner(*_: object, **__: object) -> Completed:
        return Completed(("x",), 127, "", "not found", 0.0)

    with pytest.raises(ToolchainError, match="elsewhere/python: not a working CPython"):
        describe(Path("elsewhere/python"), runner)
