"""Every form of lock file, as its tool wrote it for one and the same service, comes to the same packages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from plugins.small_index import file_name, wheel

from buildkit.dependencies.installation import files
from buildkit.dependencies.selection import Choice, select

LOCKED = Path(__file__).parents[2] / "projects" / "locked"

MAIN = {"alpha==1.1", "beta==2.0", "epsilon==1.0", "gamma==1.0"}
"""What Python 3.11 on Linux needs."""

QUICK = MAIN | {"delta==1.0", "driver==3.0"}
FORKED = ("uv", "uv-pylock", "poetry-1", "poetry-2", "poetry-2-project", "requirements")
TREES = ("uv", "pdm", "pdm-without-parents", "pdm-pylock", "poetry-2-project")


def selected(name: str, extras: tuple[str, ...] = (), groups: tuple[str, ...] = ()) -> list[str]:
    """Return the lines of the requirements file of one project."""
    selection = select(LOCKED / name, LOCKED / name, Choice(extras, groups), {}, list)
    return files(selection.locked).requirements.splitlines()


def installed(lines: list[str], python: str, machine: str) -> set[str]:
    """Return what an installer takes of the lines where its Python and machine are these."""
    from packaging.requirements import Requirement

    found = set()
    for line in lines:
        if line.startswith("--"):
            continue
        requirement = Requirement(line.split(" --hash")[0])
        there = {"python_version": python, "python_full_version": f"{python}.1", "platform_machine": machine}
        if requirement.marker is None or requirement.marker.evaluate(there):
            found.add(f"{requirement.name}{requirement.specifier}")
    return found


@pytest.mark.parametrize(
    "name", [name for name in sorted(path.name for path in LOCKED.iterdir()) if name != "uv-pylock"]
)
def test_the_runtime_set_is_what_the_lock_says(name: str) -> None:
    lines = selected(name)

    assert installed(lines, "3.11", "x86_64") == MAIN
    newer = "2.0" if name in FORKED else "1.0"
    assert installed(lines, "3.13", "x86_64") == {"alpha==1.1", "beta==2.0", f"epsilon=={newer}"}


@pytest.mark.parametrize("name", TREES)
def test_extras_bring_what_they_need_and_groups_too(name: str) -> None:
    assert installed(selected(name, ("quick", "database")), "3.11", "x86_64") == QUICK
    assert installed(selected(name, ("quick",)), "3.11", "aarch64") == MAIN | {"delta==1.0", "arm==1.0"}
    assert installed(selected(name, (), ("check",)), "3.11", "x86_64") == MAIN | {"checker==4.0"}
    assert installed(selected(name, (), ("dev",)), "3.11", "x86_64") == MAIN | {"checker==4.0", "delta==1.0"}


@pytest.mark.parametrize("name", ["poetry-1", "poetry-2"])
def test_poetrys_own_table_has_extras_and_groups(name: str) -> None:
    assert installed(selected(name, ("database",)), "3.11", "x86_64") == MAIN | {"driver==3.0"}
    assert installed(selected(name, (), ("check",)), "3.11", "x86_64") == MAIN | {"checker==4.0"}


def test_an_export_of_everything_is_installed_whole() -> None:
    everything = MAIN | {"delta==1.0", "driver==3.0", "checker==4.0"}
    assert installed(selected("uv-pylock"), "3.11", "x86_64") == everything


@pytest.mark.parametrize("name", sorted(path.name for path in LOCKED.iterdir()))
def test_each_package_has_the_hash_of_its_file(name: str) -> None:
    from hashlib import sha256

    lines = selected(name)

    assert lines[0] == "--require-hashes"
    for line in lines[1:]:
        found = re.match(r"([a-z]+)==([\d.]+).* --hash=sha256:([0-9a-f]{64})$", line)
        assert found, line
        assert sha256(wheel(found[1], found[2])).hexdigest() == found[3], file_name(found[1], found[2])


@pytest.mark.parametrize("name", sorted(path.name for path in LOCKED.iterdir()))
def test_what_never_runs_on_linux_is_left_out_before_any_python_is_asked(name: str) -> None:
    assert not [line for line in selected(name) if "onlywin" in line or "sys_platform" in line]
