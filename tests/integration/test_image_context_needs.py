"""What the instructions need of the context is what a real builder asks for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from buildkit.doors import process
from buildkit.image.context import scan
from buildkit.image.dockerfile import read
from buildkit.image.ignore.lines import parse
from buildkit.image.needs import needs
from buildkit.image.progress import Progress
from buildkit.image.sources import sources

pytestmark = [pytest.mark.usefixtures("docker")]

FILES = ("app/main.py", "app/tests/a", "lib/x.txt", "lib/y.md", "real/f", "real/g", "data/d", "top.txt", "other")
"""Each twice as large as the one before, so that the bytes that are sent say which files they are."""

SMALLEST = 20_000
ROUNDED = 0.02
"""The builder says three digits, and counts what it says of each file too."""


def sent(root: Path, dockerfile: str) -> int:
    (root / "Dockerfile").write_text(dockerfile)
    progress = Progress(lambda _: None)
    command = ["docker", "buildx", "build", "--progress=plain", "--output", "type=cacheonly", str(root)]
    said: list[str] = []

    def hear(line: str) -> None:
        said.append(line)
        progress.feed(line)

    assert process.stream(command, hear) == 0, "\n".join(said)
    assert progress.sent is not None, "\n".join(said)
    return progress.sent


@pytest.mark.parametrize(
    ("lines", "rules"),
    [
        (["COPY app/link/f /", "ADD lib/*.txt /", "COPY <<EOF /text", "lib", "EOF"], ""),
        (["ARG WHERE=app", "COPY ${WHERE} /a", 'COPY ["top.txt", "/b/"]'], "**/tests\n*\n!app\n!top.txt\n"),
        (["COPY . /"], "data\nreal"),
        (["FROM scratch AS unused", "COPY data /", "FROM one", "COPY --from=0 / /c", "COPY --from=two / /"], ""),
    ],
)
def test_the_builder_asks_for_what_is_needed(tmp_path: Path, lines: Sequence[str], rules: str) -> None:
    for power, name in enumerate(FILES):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.urandom(SMALLEST << power))
    (tmp_path / "app/link").symlink_to("../real")
    (tmp_path / ".dockerignore").write_text(rules)
    stages = "FROM scratch AS one\nONBUILD COPY real /\nCOPY other /\nFROM scratch AS two\nCOPY lib/y.md /\n"
    text = stages + "\n".join(["FROM scratch", *lines]) + "\n"

    asked = sent(tmp_path, text)

    found = needs(scan(tmp_path, parse(rules)), sources(read(text), {}))
    expected = sum(entry.size for entry in found.entries)
    assert not found.unknown
    assert expected > 0
    assert asked == pytest.approx(expected, rel=ROUNDED)
