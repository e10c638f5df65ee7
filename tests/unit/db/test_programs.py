from __future__ import annotations

from pathlib import Path

from buildkit.db.programs import find_programs


def programs(folder: Path, *, but: str = "") -> Path:
    folder.mkdir(parents=True)
    for name in {"initdb", "postgres", "pg_ctl"} - {but}:
        (folder / name).touch(mode=0o755)
    return folder


def test_the_folder_that_is_named_wins(tmp_path: Path) -> None:
    named, other = programs(tmp_path / "named"), programs(tmp_path / "other")
    assert find_programs({"PYBUILDKIT_POSTGRES": str(named), "PATH": str(other)}) == named


def test_a_folder_that_is_named_but_incomplete_is_not_replaced_by_another(tmp_path: Path) -> None:
    named, other = programs(tmp_path / "named", but="initdb"), programs(tmp_path / "other")
    assert find_programs({"PYBUILDKIT_POSTGRES": str(named), "PATH": str(other)}) is None


def test_a_link_on_the_path_leads_to_the_folder_it_means(tmp_path: Path) -> None:
    real = programs(tmp_path / "real")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pg_ctl").symlink_to(real / "pg_ctl")
    assert find_programs({"PATH": str(tmp_path / "bin")}) == real
