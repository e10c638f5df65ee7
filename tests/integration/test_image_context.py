"""What a builder is sent: the same files as a real one takes, under any rules."""

from __future__ import annotations

import contextlib
import random
import tarfile
from pathlib import Path

import pytest
from plugins.images import docker

from buildkit.image.context import scan
from buildkit.image.ignore.lines import parse

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.slow]


SEGMENTS = [
    "a",
    "b",
    "*",
    "**",
    "?",
    "*.so",
    "[ab]",
    "[^a]",
    "**b",
    "a**",
    "b c",
    "..",
    "a?",
    "***",
    "a{2}*",
    "x|b",
    "\\a",
    "[[:alpha:]]*",
    "aa|b]",
    "a{,2}*",
    "\\pL",
]
BACK = ["!*/**", "!a/*/**", "!b/**", "!a/*", "!**/*.so", "!a/b", "!a*", "./!a", "!*"]
"""Exceptions: which ignored folders a builder walks is where it surprises."""

NAMES = ["a", "b", "ab", "aa", "a.so", "b c", "myab", ".venv", "!c", "#d"]


@pytest.mark.parametrize("seed", range(12))
def test_the_context_is_what_a_real_builder_gets(tmp_path: Path, seed: int) -> None:
    """Random trees under random rules: the builder lists its context, and so do we."""
    chance = random.Random(seed)
    for _ in range(chance.randint(10, 25)):
        file = tmp_path.joinpath(*(chance.choice(NAMES) for _ in range(chance.randint(1, 4))))
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    marks, lengths = ("", "", "!", "! ", "/"), (1, 2, 3)
    rules = "\n".join(
        chance.choice(marks) + "/".join(chance.choice(SEGMENTS) for _ in range(chance.choice(lengths)))
        for _ in range(chance.randint(1, 7))
    )
    if seed % 2:
        rules = "\n".join(
            (
                chance.choice(("*", "a", "**", "b\na")),
                *chance.sample(BACK, chance.choice((1, 1, 2))),
                rules.partition("\n")[0],
            )
        )
    (tmp_path / ".dockerignore").write_text(rules)
    target = tmp_path.parent / f"sent-{seed}.tar"
    docker("buildx", "build", "--quiet", "--output", f"type=tar,dest={target}", str(tmp_path))
    with tarfile.open(target) as archive:
        sent = {member.name.rstrip("/") for member in archive} - {""}
    assert {entry.path for entry in scan(tmp_path, parse(rules)).entries} == sent, rules
