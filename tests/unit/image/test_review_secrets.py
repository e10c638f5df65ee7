"""Secrets in the text of a Dockerfile: what everybody may read who has the image."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.image import dockerfile
from buildkit.image.review import secrets
from buildkit.image.review.build import Build
from buildkit.image.review.finding import Remark


def found(root: Path, *lines: str) -> list[Remark]:
    """Return the secrets of an image with these lines."""
    return [*secrets.findings(Build(root, dockerfile.read("\n".join(["FROM x:1", *lines])), {}))]


@pytest.mark.parametrize(
    "lines",
    [
        ["ENV API_TOKEN=f3a9bc"],
        ["ENV DEBUG=1 DB_PASSWORD='hunter2'"],
        ["ENV SECRET_KEY tralala"],
        ["ARG NPM_TOKEN=f3a9bc"],
        ["ARG PIP_PASSWORD", "RUN pip install --index-url https://me:$PIP_PASSWORD@example.org/simple x"],
        ["ARG API_KEY", "ENV API_KEY=$API_KEY"],
        ["RUN pip install -i https://me:hunter2@example.org/simple x"],
        ["ARG GITHUB_PAT", "RUN git clone https://${GITHUB_PAT}@github.com/a/b"],
        ["COPY .netrc /root/"],
        ["COPY keys/id_rsa /root/.ssh/"],
        ["ADD .env /srv/"],
    ],
)
def test_a_secret_is_a_fault(tmp_path: Path, lines: list[str]) -> None:
    remarks = found(tmp_path, *lines)

    assert remarks
    assert all(each.wrong and each.code == "secret" and each.remedy for each in remarks)
    assert not any("hunter2" in each.says or "f3a9bc" in each.says for each in remarks)


@pytest.mark.parametrize(
    "lines",
    [
        ["ENV SECRET_KEY="],
        ["ENV DJANGO_SECRET_KEY=dummy-for-collectstatic"],
        ["ENV TOKEN_FILE=/run/secrets/token PASSWORD_MIN_LENGTH=8"],
        ["ENV GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D"],
        ["ENV PUBLIC_KEY=abcdef"],
        ["ARG NPM_TOKEN"],
        ["RUN --mount=type=secret,id=t,env=PAT git clone https://${PAT}@github.com/a/b"],
        ["RUN git clone https://$(cat /run/secrets/t)@github.com/a/b"],
        ["COPY .env.example /srv/.env"],
        ["COPY pip.conf /etc/"],
        ["COPY tests/id_of_user.py /srv/"],
    ],
)
def test_what_only_looks_like_one_is_none(tmp_path: Path, lines: list[str]) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://mirror.example.org/simple\n")
    assert found(tmp_path, *lines) == []


def test_a_configuration_is_one_by_what_stands_in_it(tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://me:hunter2@example.org/simple\n")
    (tmp_path / ".env").write_text("DEBUG=1\nPORT=8000\n")

    assert [each.line for each in found(tmp_path, "COPY pip.conf /etc/", "COPY .env /srv/")] == [2]


def test_in_a_stage_that_is_no_part_of_the_image_it_is_advice(tmp_path: Path) -> None:
    remarks = found(
        tmp_path, "ARG NPM_TOKEN", "RUN npm config set token $NPM_TOKEN", "FROM y:1", "COPY --from=0 /dist /dist"
    )

    assert [(each.wrong, each.remedy[0]) for each in remarks] == [
        (False, "RUN --mount=type=secret,id=npm_token,env=NPM_TOKEN npm config set token $NPM_TOKEN")
    ]
