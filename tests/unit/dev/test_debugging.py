"""The command of a service under a debugger."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from buildkit.dev.debugging import debugged
from buildkit.errors import ConfigurationError

LISTEN = ("-Xfrozen_modules=off", "-m", "debugpy", "--listen", "127.0.0.1:5678")
PATH = {"PATH": os.environ["PATH"]}


@pytest.mark.parametrize(
    ("words", "options", "rest"),
    [
        (("-m", "uvicorn", "app:app"), (), ("-m", "uvicorn", "app:app")),
        (("-u", "-X", "dev", "-m", "app"), ("-u", "-X", "dev"), ("-m", "app")),
        (("serve.py", "--port", "80"), (), ("serve.py", "--port", "80")),
    ],
)
def test_a_program_that_python_is_told_to_run(
    words: tuple[str, ...], options: tuple[str, ...], rest: tuple[str, ...]
) -> None:
    assert debugged((sys.executable, *words), 5678, PATH) == (sys.executable, *options, *LISTEN, *rest)


@pytest.mark.parametrize("first", ["#!/opt/venv/bin/python3.11", "#!/usr/bin/env python3"])
def test_a_script_that_names_python(tmp_path: Path, first: str) -> None:
    script = tmp_path / "serve"
    script.write_text(f"{first}\nprint()\n")
    script.chmod(0o755)
    interpreter = first[2:].rsplit(maxsplit=1)[-1]
    assert debugged(("serve", "app:app"), 5678, {"PATH": str(tmp_path)}) == (
        interpreter,
        *LISTEN,
        str(script),
        "app:app",
    )


def test_what_is_said_of_frozen_modules_stays() -> None:
    words = (sys.executable, "-X", "frozen_modules=on", "-m", "app")
    assert debugged(words, 5678, PATH) == (*words[:3], *LISTEN[1:], "-m", "app")


def test_another_program_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="--debug: sleep is no program of Python"):
        debugged(("sleep", "1"), 5678, PATH)
