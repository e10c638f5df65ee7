"""What is found in the text of a Dockerfile, with the lines to write instead; and where nothing is to be found."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from buildkit.image import dockerfile
from buildkit.image.review.build import Build
from buildkit.image.review.checks import review
from buildkit.image.review.finding import Remark
from buildkit.image.review.secrets import taken

WELL = """
    FROM python:3.12-slim AS build
    COPY requirements.txt ./
    RUN apt-get update && apt-get install -y gcc libpq-dev
    RUN --mount=type=cache,target=/root/.cache/pip python -m venv /opt/venv \\
        && /opt/venv/bin/pip install -r requirements.txt
    FROM python:3.12-slim
    RUN apt-get update && apt-get install -y libpq5 && rm -rf /var/lib/apt/lists/*
    COPY --from=build /opt/venv /opt/venv
    COPY . .
    USER 1000
    HEALTHCHECK CMD curl -f http://localhost:8000
    CMD ["uvicorn", "app.main:app"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {"app/main.py": "", "requirements.txt": "flask\n", "uv.lock": "", "pyproject.toml": "[project]\n"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def found(project: Path, text: str, code: str = "", **given: str) -> list[Remark]:
    """Return the remarks on a Dockerfile, those of one code where it is named."""
    whole = dedent(text).lstrip("\n")
    remarks = review(Build(project, dockerfile.read(whole), given), whole)
    return [each for each in remarks if not code or each.code == code]


def test_nothing_is_found_where_all_is_well(project: Path) -> None:
    assert found(project, WELL) == []


@pytest.mark.parametrize(
    ("lines", "remedy"),
    [
        (
            ["COPY . .", "RUN pip install --no-cache-dir -r requirements.txt"],
            ["COPY requirements.txt ./", "RUN pip install --no-cache-dir -r requirements.txt", "COPY . ."],
        ),
        (
            ["COPY app app", "RUN poetry install --only main --no-cache"],
            [
                "COPY pyproject.toml ./",
                "RUN poetry install --no-root --only main --no-cache",
                "COPY app app",
                "RUN poetry install --only main --no-cache",
            ],
        ),
        (
            ["ADD . /srv", "RUN uv sync --locked --no-install-project --no-cache"],
            ["COPY pyproject.toml uv.lock ./", "RUN uv sync --locked --no-install-project --no-cache", "ADD . /srv"],
        ),
        (
            ["COPY . .", "RUN pip install --no-cache-dir ."],
            [
                "# requirements.txt: the dependencies alone, as `uv export` or `pip-compile` writes them",
                "COPY requirements.txt ./",
                "RUN pip install -r requirements.txt",
                "COPY . .",
                "RUN pip install --no-deps --no-cache-dir .",
            ],
        ),
        (
            ["COPY . .", "RUN apk add --no-cache tzdata"],
            ["RUN apk add --no-cache tzdata", "COPY . ."],
        ),
    ],
)
def test_what_is_installed_after_the_sources_is_to_stand_before_them(
    project: Path, lines: list[str], remedy: list[str]
) -> None:
    [remark] = found(project, "\n".join(["FROM python:3.12-slim", *lines]), "layer-order")

    assert remark.line == 3
    assert list(remark.remedy) == remedy
    assert f"{lines[0]} stands before, in line 2" in remark.says


@pytest.mark.parametrize(
    "lines",
    [
        ["COPY requirements.txt .", "RUN pip install -r requirements.txt", "COPY . .", "RUN pip install ."],
        ["COPY . .", "RUN pip install --no-deps ."],
        ["COPY . .", "RUN pip install --no-index --find-links=/wheels app"],
        ["COPY . .", "RUN echo pip install flask"],
        ["COPY uv.lock .", "RUN uv sync --no-install-project", "COPY . .", "RUN uv sync"],
        ["COPY . .", "RUN pip install -r editable.txt"],
        ["COPY . /src", "FROM x:1", "RUN pip install flask"],
        ['RUN /bin/bash -c "pip install -r <(pipenv lock -r)"', "COPY . .", "RUN pip install /srv"],
    ],
)
def test_what_has_to_come_after_them_is_left(project: Path, lines: list[str]) -> None:
    (project / "editable.txt").write_text("flask\n-e .\n")
    assert found(project, "\n".join(["FROM python:3.12-slim", *lines]), "layer-order") == []


@pytest.mark.parametrize(
    ("run", "better"),
    [
        ("pip install flask", "RUN --mount=type=cache,target=/root/.cache/pip pip install flask"),
        ("poetry install", "RUN --mount=type=cache,target=/root/.cache/pypoetry poetry install"),
        ("apt-get update && apt-get install -y curl", None),
        ("apk add curl", "RUN apk add --no-cache curl"),
        ("dnf install -y curl", "RUN dnf install -y curl && dnf clean all"),
        (
            "apt-get update && rm -rf /var/apt/lists/*",
            "RUN apt-get update && rm -rf /var/apt/lists/* && rm -rf /var/lib/apt/lists/*",
        ),
    ],
)
def test_a_download_that_stays_in_a_layer_is_found(project: Path, run: str, better: str | None) -> None:
    [remark] = found(project, f"FROM python:3.12-slim\nRUN {run}\n", "cache-in-layer")
    assert remark.remedy == (better or f"RUN {run} && rm -rf /var/lib/apt/lists/*",)


@pytest.mark.parametrize(
    "lines",
    [
        ["RUN pip install --no-cache flask"],
        ["ENV PIP_NO_CACHE_DIR=off", "RUN pip install flask"],
        ["RUN PIP_NO_CACHE_DIR=1 pip install flask"],
        ["RUN pip install flask && rm -rf ~/.cache/pip"],
        ["ENV POETRY_CACHE_DIR=/tmp/poetry", "RUN poetry install && rm -rf $POETRY_CACHE_DIR"],
        ["RUN --mount=type=cache,target=/cache/poetry poetry install"],
        ["RUN --mount=type=cache,target=/var/lib/apt apt-get update && apt-get install -y curl"],
        ["RUN apt-get update && apt-get distclean"],
        ["RUN <<EOF", "apt-get update", "rm -r /var/lib/apt/lists", "EOF"],
        ['RUN ["apk", "add", "--no-cache", "curl"]'],
    ],
)
def test_one_that_does_not_stay_is_none(project: Path, lines: list[str]) -> None:
    remarks = found(project, "\n".join(["FROM python:3.12-slim", *lines]))
    assert {each.code for each in remarks} == {"root"}


def test_another_user_than_root_gets_no_mount_that_belongs_to_root(project: Path) -> None:
    [remark] = found(project, "FROM python:3.12-slim\nUSER app\nRUN pip install -r requirements.txt\n")
    assert remark.remedy == ("RUN pip install --no-cache-dir -r requirements.txt",)


def test_a_stage_before_is_told_of_a_mount_alone(project: Path) -> None:
    text = (
        "FROM python:3.12 AS build\nRUN pip wheel -w /wheels -r requirements.txt\nFROM x:1\nCOPY --from=build /wheels /"
    )
    assert [(each.line, each.code) for each in found(project, text)] == [(2, "no-cache-mount")]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (
            ["RUN apt-get install -y gcc libpq-dev curl"],
            "gcc, libpq-dev are in the image, and only building needs them",
        ),
        (
            ["ARG TOOLS='gcc make'", "RUN apt-get install $TOOLS"],
            "gcc, make are in the image, and only building needs them",
        ),
        (
            ["RUN apt-get install -y gcc", "RUN apt-get purge -y gcc"],
            "gcc is in the image, and only building needs them; to remove them later leaves them in this layer",
        ),
        (["RUN apk add --no-cache build-base"], "build-base is in the image, and only building needs them"),
    ],
)
def test_what_only_building_needs_is_found_in_the_last_stages(project: Path, lines: list[str], says: str) -> None:
    remark = found(project, "\n".join(["FROM python:3.12-slim", *lines]), "build-tools")[0]

    assert remark.says == says
    assert remark.remedy[0] == "FROM python:3.12-slim AS build"
    assert remark.remedy[-2:] == ("COPY --from=build /opt/venv /opt/venv", "ENV PATH=/opt/venv/bin:$PATH")


@pytest.mark.parametrize(
    "run",
    [
        "apt-get install -y gcc && apt-get purge -y --auto-remove gcc",
        "apk add --virtual .deps gcc musl-dev && apk del .deps",
        'D="gcc g++" && apt-get install -y $D && apt-get purge -y $D',
        "apt-get install -y make curl git",
    ],
)
def test_tools_that_are_gone_again_or_may_be_wanted_are_left(project: Path, run: str) -> None:
    assert found(project, f"FROM python:3.12-slim\nRUN {run}\n", "build-tools") == []


@pytest.mark.parametrize(
    ("base", "slim"),
    [
        ("python:3.12", "FROM python:3.12-slim"),
        ("docker.io/library/python:3.11.8-bookworm", "FROM docker.io/library/python:3.11.8-slim"),
        ("python:3.12-slim-bookworm", ""),
        ("python:3.12-alpine", ""),
        ("mine/python:3.12", ""),
    ],
)
def test_a_base_with_compilers_is_found(project: Path, base: str, slim: str) -> None:
    assert [each.remedy for each in found(project, f"FROM {base}\nUSER 1\n", "build-tools")] == (
        [(slim,)] if slim else []
    )


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("pip install flask pytest ruff==0.1", "pytest, ruff==0.1 are in the image"),
        ("pip install -r requirements.txt -r requirements-dev.txt", "what requirements-dev.txt lists is in the image"),
        ("pip install .[web,test]", "the extra test is in the image"),
        ("pip install --group dev", "the group dev is in the image"),
        ("uv sync", "the development group of pyproject.toml is in the image"),
        ("poetry install --only main", ""),
        ("uv sync --no-dev", ""),
        ("pip install pytest-is-a-name-of-mine.whl -r requirements/base.txt", ""),
    ],
)
def test_packages_for_tests_are_found(project: Path, run: str, words: str) -> None:
    (project / "pyproject.toml").write_text('[dependency-groups]\ndev = ["pytest"]\n')
    remarks = found(project, f"FROM python:3.12-slim\nRUN {run}\n", "test-packages")
    assert [each.says for each in remarks] == ([words] if words else [])


def test_a_stage_for_tests_that_is_not_built_is_not_looked_at(project: Path) -> None:
    text = "FROM python:3.12-slim AS base\nUSER 1\nFROM base AS test\nRUN pip install pytest\nFROM base\n"
    assert found(project, text) == []


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("uvicorn app:app", 'CMD ["uvicorn", "app:app"]'),
        ("cd /srv && uvicorn app:app", "CMD cd /srv && exec uvicorn app:app"),
        ("uvicorn app:app --port $PORT", "CMD exec uvicorn app:app --port $PORT"),
        ("exec uvicorn app:app", None),
    ],
)
def test_the_shell_form_keeps_signals_from_the_program(project: Path, name: str, better: str | None) -> None:
    remarks = found(project, f"FROM python:3.12-slim\nUSER 1\nCMD {name}\n")
    assert [each.remedy for each in remarks] == ([(better,)] if better else [])


def test_a_command_that_is_no_json_is_a_fault(project: Path) -> None:
    [remark] = found(project, "FROM python:3.12-slim\nUSER 1\nCMD ['uvicorn', 'app:app']\n")
    assert (remark.code, remark.wrong, remark.remedy) == ("not-json", True, ('CMD ["uvicorn", "app:app"]',))


@pytest.mark.parametrize(
    ("last", "is_found"), [("python -m app", True), ('exec "$@"', False), ("python -m app &\nwait", False)]
)
def test_a_script_that_stays_before_the_program_is_named(project: Path, last: str, is_found: bool) -> None:
    (project / "run.sh").write_text(f"#!/bin/sh\nset -e\n{last}\n")
    remarks = found(project, 'FROM python:3.12-slim\nUSER 1\nCOPY run.sh /\nENTRYPOINT ["/run.sh"]\n')
    assert [(each.place("Dockerfile"), each.code, each.remedy) for each in remarks] == (
        [("run.sh:3", "no-signals", ("exec python -m app",))] if is_found else []
    )


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ([], 1),
        (["USER app", "RUN true", "USER root"], 4),
        (["USER 0:0"], 2),
        (["USER app"], 0),
        (["USER root", 'ENTRYPOINT ["gosu", "app", "uvicorn"]'], 0),
    ],
)
def test_root_is_told_with_its_line(project: Path, lines: list[str], line: int) -> None:
    remarks = found(project, "\n".join(["FROM python:3.12-slim", *lines]), "root")
    assert [each.line for each in remarks] == ([line] if line else [])


def test_an_entrypoint_that_gives_root_up_is_looked_for_where_its_folder_was_copied_to(project: Path) -> None:
    (project / "bin").mkdir()
    (project / "bin/start.sh").write_text('#!/bin/sh\nexec gosu app "$@"\n')
    lines = ["FROM python:3.12-slim", "COPY . /srv/app", 'ENTRYPOINT ["dumb-init", "--", "/srv/app/bin/start.sh"]']
    assert found(project, "\n".join(lines), "root") == []


def test_a_base_that_nobody_here_knows_may_set_a_user(project: Path) -> None:
    assert found(project, "FROM mine/base:1\n") == []


@pytest.mark.parametrize(
    ("line", "better"),
    [
        ("FROM python", "FROM python:VERSION"),
        ("FROM ghcr.io/a/b:latest AS x", "FROM ghcr.io/a/b:VERSION AS x"),
        ("FROM localhost:5000/a", "FROM localhost:5000/a:VERSION"),
        ("FROM python:3.12-slim", ""),
        ("FROM python@sha256:1234", ""),
        ("FROM scratch", ""),
        ("ARG X\nFROM ${X}", ""),
    ],
)
def test_a_base_without_a_version_is_found(project: Path, line: str, better: str) -> None:
    assert [each.remedy for each in found(project, f"{line}\n", "unpinned")] == ([(better,)] if better else [])


def test_a_file_from_elsewhere_is_checked_by_a_digest(project: Path) -> None:
    text = """
        FROM x:1
        ADD https://example.org/a.sh /
        ADD --checksum=sha256:12 https://example.org/b.sh /
        ADD https://github.com/a/b.git#v1 /
    """
    [remark] = found(project, text)
    assert (remark.code, remark.line) == ("add-unchecked", 2)
    assert remark.remedy[0] == "ADD --checksum=sha256:DIGEST https://example.org/a.sh /"


def test_what_its_author_allows_is_left_out(project: Path) -> None:
    text = "# why it is so\n# buildkit: allow unpinned, root\n# and more\nFROM python\nCMD app\n"
    assert [each.code for each in found(project, text)] == ["build-tools", "no-signals"]


def test_files_that_a_copy_of_all_takes_along_are_looked_into(project: Path) -> None:
    (project / ".env").write_text("DEBUG=1\nDB_PASSWORD=hunter2\n")
    (project / ".env.example").write_text("DB_PASSWORD=hunter2\n")
    (project / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    (project / "own.key").write_text("-----BEGIN PRIVATE KEY-----\n")
    build = Build(project, dockerfile.read("FROM x:1\nCOPY . .\n"), {})

    [remark] = taken(build, [".env", ".env.example", "ca.pem", "own.key"])

    assert (remark.says, remark.wrong) == ("COPY . . takes .env, own.key into the image", True)
    assert remark.remedy == ("# in .dockerignore:", "/.env", "/own.key")
