"""Packages of the system: the base is asked for its package manager, a fault names the setting."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildkit.doors.process import Completed, run
from buildkit.image.staging import Contents, Own, for_tests, staged_files
from buildkit.image.system_packages import fault, instructions, script

PLAIN = Contents({"name": "x"}, "src", ("app",), (), "{}")


def told(folder: Path, *managers: str) -> tuple[Completed, list[str]]:
    """Run the script in a base that has these package managers; return what they were asked to do."""
    log = folder / "log"
    log.touch()
    for name in managers:
        (folder / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {log}\n')
        (folder / name).chmod(0o755)
    for name in ("mkdir", "rm"):  # nothing outside of the folder is touched
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    done = run(["/bin/sh", "-c", script(["libb", "liba", "libb"])], environment={**os.environ, "PATH": str(folder)})
    return done, log.read_text().splitlines()


def test_apt_updates_its_lists_and_installs_no_more_than_was_asked(tmp_path: Path) -> None:
    done, calls = told(tmp_path, "apt-get")

    assert done.ok, done.stderr
    assert [line.split()[-2:] for line in calls] == [["-qq", "update"], ["liba", "libb"]]
    assert "install --yes --no-install-recommends liba libb" in calls[1]
    assert all("Dir::State::Lists=/cache/system/lists" in line for line in calls), "no lists are left in the layer"


def test_a_base_with_apk_uses_that(tmp_path: Path) -> None:
    done, calls = told(tmp_path, "apk")

    assert done.ok, done.stderr
    assert calls == ["apk add --cache-dir /cache/system --update-cache liba libb"]


def test_a_base_with_neither_is_said(tmp_path: Path) -> None:
    done, calls = told(tmp_path)

    assert (done.exit_code, calls) == (1, [])
    assert fault("[runtime 2/5] RUN … target=/cache/system …", done.stderr.splitlines()) == (
        "system-packages",
        "this base has neither apt-get nor apk",
    )


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("E: Unable to locate package libpq99", "libpq99"),
        ("E: Package 'libpq99' has no installation candidate", "libpq99"),
        ("E: Version '9' for 'libpq5' was not found", "Version '9' for 'libpq5'"),
        ("  libpq99 (no such package):", "libpq99"),
    ],
)
def test_an_unknown_package_is_named_with_its_setting(line: str, wrong: str) -> None:
    assert fault("[runtime 2/5] RUN --mount=…/cache/system", ["…", line]) == (
        "system-packages",
        f"the base has no package {wrong}",
    )
    assert fault("[python 2/2] RUN --mount=…/cache/system", [line])[0] == "build-packages"


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ("[dependencies 2/3] RUN pip install", "E: Unable to locate package x"),
        ("[runtime 2/5] RUN --mount=…/cache/system", "E: Could not resolve host"),
        ("[test 3/3] RUN pip install", "this base has neither apt-get nor apk"),
    ],
)
def test_other_faults_are_left_to_their_own_words(step: str, line: str) -> None:
    assert fault(step, [line]) == ("", "")


def test_without_packages_nothing_is_installed() -> None:
    assert instructions((), "PYTHON_SLIM") == ""
    assert b"apt-get" not in staged_files(PLAIN, [], Own())["Dockerfile"]


def test_each_list_goes_into_its_own_stage() -> None:
    contents = Contents({"name": "x"}, "src", ("app",), (), "{}", system=("libpq5",), build=("g++",))

    staged = for_tests(staged_files(contents, ['CMD ["x"]'], Own()), (), ["pytest"], contents.system)

    stages = {
        text.split()[3]: text
        for text in staged["Dockerfile"].decode().split("\nFROM ")[1:]
        for text in [f"FROM {text}"]
    }
    assert [name for name, text in stages.items() if "packages='g++'" in text] == ["python"]
    assert [name for name, text in stages.items() if "packages='libpq5'" in text] == ["runtime"]
    assert stages["runtime"].index("libpq5") < stages["runtime"].index("COPY"), "an edit installs nothing again"
    assert "id=buildkit-system-${PYTHON_SLIM}-${TARGETARCH}" in stages["runtime"]
    test = staged["test.Dockerfile"].decode().partition("AS test")[2]
    assert "packages='libpq5'" in test
    assert "ENV" not in staged["test.Dockerfile"].decode().partition("ENTRYPOINT")[2].partition("FROM")[0]
