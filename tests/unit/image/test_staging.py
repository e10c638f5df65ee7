"""The folder of one image build: made anew under its own name, and nothing else is touched for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from buildkit.dependencies.installation import Files
from buildkit.errors import ImageError
from buildkit.image import staging
from buildkit.image.staging import Contents, Own, staged_files, write

CONTENTS = Contents({"name": "x", "dependencies": ["b", "a"]}, "src", ("app",), (), "{}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".buildkit" / "image" / "api"


def test_what_an_older_build_left_goes(folder: Path) -> None:
    write(folder, {"a/b": b"1", "c": b"2"}, "mine")
    write(folder, {"a": b"3", "c/d": b"4"}, "mine")

    assert {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()} == {"a", "c/d"}


@pytest.mark.parametrize("link", [".buildkit", ".buildkit/image", ".buildkit/image/api"])
def test_a_link_to_somebody_elses_files_is_refused(tmp_path: Path, folder: Path, link: str) -> None:
    precious = tmp_path / "app"
    (precious / "image" / "api").mkdir(parents=True)
    files = [precious / "mine.txt", precious / "image" / "mine.txt", precious / "image" / "api" / "mine.txt"]
    for file in files:
        file.touch()
    (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / link).symlink_to(precious)

    with pytest.raises(ImageError, match=f"{link} is a link to"):
        write(folder, {"Dockerfile": b""}, "mine")

    assert all(file.exists() for file in files)


def test_a_link_inside_goes_and_what_it_leads_to_stays(tmp_path: Path, folder: Path) -> None:
    precious = tmp_path / "precious"
    (precious / "app").mkdir(parents=True)
    (precious / "app" / "buildkit.json").write_text("mine")
    folder.mkdir(parents=True)
    (folder / "contents").symlink_to(precious)
    (folder / "Dockerfile").symlink_to(precious / "app" / "buildkit.json")

    write(folder, {"contents/app/buildkit.json": b"{}", "Dockerfile": b"FROM x"}, "mine")

    assert (precious / "app" / "buildkit.json").read_text() == "mine"
    assert (folder / "contents/app/buildkit.json").read_bytes() == b"{}"
    assert not (folder / "contents").is_symlink()


def test_cache_mounts_carry_the_project(folder: Path) -> None:
    staged = staging.for_tests(staged_files(CONTENTS, ['CMD ["x"]'], Own()), (), ["pytest"])

    write(folder, staged, "buildkit-x-0123")

    for name in ("Dockerfile", "test.Dockerfile"):
        text = (folder / name).read_text()
        mounts = [
            word for line in text.splitlines() if "type=cache" in line for word in line.split(",") if "id=" in word
        ]
        assert len(mounts) >= 3
        assert all(mount.startswith("id=buildkit-x-0123-") for mount in mounts), mounts


def test_folders_of_packages_are_there_while_they_are_built_and_in_no_layer_before() -> None:
    folders = "lib @ file:///checkout/packages/lib\n"
    contents = replace(CONTENTS, installed=Files("a==1\n", folders=folders))
    staged = staging.for_tests(staged_files(contents, ['CMD ["x"]'], Own()), (), ["pytest"])

    for name in ("Dockerfile", "test.Dockerfile"):
        before, found, after = staged[name].decode().partition("COPY --from=buildkit folders.txt")
        assert found
        assert "requirements/requirements.txt" in before, "an edit of the folder installs only what is built from it"
        run = after.partition("\n\n\n")[0]
        assert "--mount=type=bind,source=packages/lib,target=/checkout/packages/lib,rw" in run
        assert "MOUNTS" not in run
    plain = staged_files(CONTENTS, ['CMD ["x"]'], Own())
    assert b"COPY --from=buildkit folders.txt" not in plain["Dockerfile"]


def test_a_dockerfile_of_ones_own_is_built_as_it_is_without_the_suites_folder() -> None:
    own = Own(dockerfile=b"FROM x\nRUN --mount=type=cache,id=apt true\n", rules="docs\n")

    staged = staged_files(CONTENTS, [], own)

    assert staged["Dockerfile"] == own.dockerfile
    assert staged["Dockerfile.dockerignore"] == b"docs\n**/.buildkit\n**/.buildkit/**\n"


def test_the_suite_is_staged_with_the_c_that_it_compiles() -> None:
    staged = staged_files(CONTENTS, [], Own())

    assert "suite/buildkit/compile/sameness/support.c" in staged
    assert "suite/buildkit/compile/sameness/support.h" in staged


def test_rules_that_slim_have_a_stage_and_without_them_all_is_as_before() -> None:
    plain = staged_files(CONTENTS, [], Own())
    slim = staged_files(replace(CONTENTS, slim=("tests", "symbols")), [], Own())

    assert {name for name in slim if slim[name] != plain.get(name)} == {"Dockerfile", "slimming.py"}
    text = slim["Dockerfile"].decode()
    assert "FROM dependencies AS slimmed" in text
    assert "/requirements/slimming.py /opt/venv symbols tests" in text
    assert "COPY --from=slimmed /opt/ /opt/" in text
    assert "COPY --from=dependencies /opt/ /opt/" not in text
    assert "slimmed" not in plain["Dockerfile"].decode()
