"""Runs modules of programs plain and compiled, and tells which programs do not do the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SECONDS = 60
PROJECT = (
    '[project]\nname = "programs"\nversion = "1"\n[tool.buildkit]\npackages = ["programs"]\n'
    'exclude = ["programs/watched.py"]\n[tool.buildkit.compile]\nrefused = "fail"\n'
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A program that does something else when it is compiled.

    Args:
        module: in which it stands.
        number: of the program in it.
        plain: the lines that it writes as Python.
        compiled: those that it writes compiled.
    """

    module: str
    number: int
    plain: tuple[str, ...]
    compiled: tuple[str, ...]

    def __str__(self) -> str:
        at = next((at for at, pair in enumerate(zip(self.plain, self.compiled)) if pair[0] != pair[1]), -1)  # noqa: B905
        if at < 0:
            at = min(len(self.plain), len(self.compiled))
        both = (("plain", self.plain), ("compiled", self.compiled))
        return "\n".join(f"{form:>9}: {''.join(lines[at : at + 1]) or '(nothing)'}" for form, lines in both)


class Refused(Exception):  # noqa: N818 - a fact: the test words it
    """The suite does not compile the modules."""


def differences(folder: Path, modules: Mapping[str, str], profile: str) -> list[Difference]:
    """Return what differs between modules as Python and compiled.

    Args:
        folder: a folder for them, which may have those of an earlier call.
        modules: the text of each, by its name.
        profile: of the compilation.

    Raises:
        Refused: one of them does not compile.
    """
    plain, compiled = folder / "plain", folder / "compiled"
    for root in (plain, compiled):
        shutil.rmtree(root / "programs", ignore_errors=True)
        (root / "programs").mkdir(parents=True)
        (root / "programs/__init__.py").touch()
        shutil.copy(HERE / "watched.py", root / "programs")
        for name, text in modules.items():
            (root / f"programs/{name}.py").write_text(text, "utf-8")
    (compiled / "tasks.py").write_text("from buildkit.tasks import ns\n")
    (compiled / "pyproject.toml").write_text(PROJECT)
    command = [sys.executable, "-m", "invoke", "compile", "--profile", profile]
    done = subprocess.run(command, cwd=compiled, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise Refused(done.stdout + done.stderr)
    found = []
    for name in modules:
        source, extension = _outcome(plain, name, ".py"), _outcome(compiled, name, ".so")
        if source == extension:
            continue
        # What is another one each time, such as the order of a set of types, says nothing.
        again = [_outcome(plain, name, ".py") for _ in range(3)]
        found += [
            Difference(name, number, said, extension.get(number, ("(did not run)",)))
            for number, said in source.items()
            if said != extension.get(number) and all(said == each.get(number) for each in again)
        ]
    return found


def _outcome(root: Path, name: str, suffix: str) -> dict[int, tuple[str, ...]]:
    """Return the lines of each program; one that kills the process or never ends has a last line that says so."""
    told: dict[int, tuple[str, ...]] = {}
    environment = {**os.environ, "PYTHONPATH": "", "PYTHONHASHSEED": "0"}
    while True:
        first = max(told, default=-1) + 1
        command = [sys.executable, "-W", "ignore", str(HERE / "run.py"), str(root), name, str(first)]
        ended = ""
        try:
            done = subprocess.run(command, cwd=root, env=environment, capture_output=True, timeout=SECONDS, check=False)
            written, errors, code = done.stdout, done.stderr, done.returncode
        except subprocess.TimeoutExpired as late:
            written, errors, code = late.stdout or b"", b"", 0
            ended = "(did not end)"
        head, *parts = written.decode().split("\nprogram ")
        assert head.partition("\n")[0].endswith(suffix), head + errors.decode()[-2000:]
        for part in parts:
            number, *lines = part.partition("\n\nthe end")[0].splitlines()
            told[int(number)] = tuple(lines)
        if not ended and code == 0:
            return told
        last = max(told, default=-1)
        assert last >= first, errors.decode()[-2000:]
        told[last] = (*told[last], ended or f"(ended with {code}: {errors.decode()[-300:]})")
