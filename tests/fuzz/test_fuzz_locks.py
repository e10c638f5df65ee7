"""Lock files and declared requirements, harmed: they come to packages, or their fault is said; never anything else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from odd import NOISE, harmed
from running import emptied, inputs, survives

from buildkit.dependencies import indexes, installation, lockfile, needs
from buildkit.dependencies.declared import tables_of
from buildkit.dependencies.selection import Choice, select

LOCKED = Path(__file__).parents[1] / "projects" / "locked"
FORMS = sorted(path.name for path in LOCKED.iterdir())


def _lock(name: str) -> Path:
    return next(file for file in sorted((LOCKED / name).iterdir()) if lockfile.is_lock(file.name))


CHANGED = st.sampled_from(FORMS).flatmap(
    lambda name: st.tuples(st.just(name), harmed(st.just(_lock(name).read_bytes())) | NOISE)
)


@inputs(quick=80, night=8000)
@given(CHANGED)
@example(("uv", b"version = 1\n[[package]]\nname = 'service'\nsource = { virtual = '.' }\ndependencies = [1]"))
@example(("uv", b"version = 1\n[[package]]\nname = 'service'\nsource = { virtual = '.' }\noptional-dependencies = 1"))
@example(("poetry-1", b"[metadata]\nlock-version = '2.0'\n[[package]]\nname = 'alpha'\ndependencies = { x = 5 }"))
@example(("poetry-2", b"[[package]]\nname = 'x'\n[metadata]\nlock-version = '2.1'\ncontent-hash = []"))
@example(("pdm", b"[metadata]\nlock_version = '4.5'\ngroups = 'x'"))
@example(("requirements", b"-r requirements.txt"))
@example(("requirements", b"--index-url http://[::1/simple\nalpha==1.1\nepsilon==1"))
def test_a_lock_comes_to_packages_or_its_fault_is_said(room: Path, found: tuple[str, bytes]) -> None:
    name, content = found
    folder = emptied(room)
    (folder / "pyproject.toml").write_bytes((LOCKED / name / "pyproject.toml").read_bytes())
    (folder / _lock(name).name).write_bytes(content)

    def read() -> None:
        selection = select(folder, folder, Choice(lock=_lock(name).name), {}, list)
        installation.files(selection.locked)
        indexes.of(selection.locked, tables_of(folder), {})

    survives(folder, read)


@inputs(quick=80, night=8000)
@given(st.text(st.sampled_from("<>=!~^*|,. 0123456789abpost"), max_size=20))
def test_a_constraint_of_poetrys_is_told_or_said_to_be_none(text: str) -> None:
    try:
        found = needs.of_poetry("x", text)
    except needs.BadNeed:
        return
    assert all(isinstance(need.admits("1.2.3"), bool) for need in found)


@pytest.mark.parametrize("name", FORMS)
def test_unharmed_each_is_taken(name: str) -> None:
    assert select(LOCKED / name, LOCKED / name, Choice(), {}, list).locked.packages
