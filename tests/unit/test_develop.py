"""The bootstrap script, as far as it can be tested without installing anything."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from buildkit.doors.process import Completed, run

SCRIPT = Path(__file__).parents[2] / "develop.py"

INDEX = "".join(
    f'<a href="{link}" {more}>x</a><br/>\n'
    for link, more in [
        (f"https://files/aa/pip-9.0.3-py3-none-any.whl#sha256={'1' * 64}", ""),
        (f"../../bb/pip-26.3-py3-none-any.whl#sha256={'2' * 64}", 'data-requires-python="&gt;=3.9"'),
        (f"../../cc/pip-27.0-py3-none-any.whl#sha256={'3' * 64}", 'data-yanked="broken"'),
        (f"../../dd/pip-28.0-py3-none-any.whl#sha256={'4' * 64}", 'data-requires-python="&gt;=3.99"'),
        (f"../../ee/pip-29.0rc1-py3-none-any.whl#sha256={'5' * 64}", ""),
        (f"../../ff/pip-30.0.tar.gz#sha256={'6' * 64}", ""),
    ]
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the script and the files that decide over its environment."""
    (tmp_path / "examples" / "orbits").mkdir(parents=True)
    for name in ("pyproject.toml", "examples/orbits/pyproject.toml"):
        (tmp_path / name).write_text("[project]\n")
    shutil.copy(SCRIPT, tmp_path)
    return tmp_path


def develop(checkout: Path, *command: str, path: str = os.defpath, **variables: str) -> Completed:
    environment = {"PATH": path, "HOME": str(checkout), **variables}
    return run([sys.executable, "develop.py", *command], folder=checkout, environment=environment, timeout=60)


def evaluate(checkout: Path, expression: str) -> str:
    """Return what an expression gives inside the script's module."""
    code = f"import sys; sys.argv = ['x']; import develop; print({expression}, end='')"
    answer = run([sys.executable, "-c", code], folder=checkout, stdin=None)
    assert answer.ok, answer.stderr
    return answer.stdout


def pretend_complete(checkout: Path) -> None:
    """Leave an environment behind as a finished call would."""
    programs = checkout / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    (programs / "greet").write_text('#!/bin/sh\necho "hello from $VIRTUAL_ENV, $1"\nexit 7\n')
    (programs / "greet").chmod(0o755)
    (checkout / ".venv" / "made-by-develop.txt").write_text(evaluate(checkout, "develop.what_it_is_made_from()"))


def test_an_unchanged_environment_is_stepped_into_and_the_exit_code_passes(checkout: Path) -> None:
    pretend_complete(checkout)

    answer = develop(checkout, "greet", "you")

    assert (answer.stdout, answer.stderr, answer.exit_code) == (f"hello from {checkout / '.venv'}, you\n", "", 7)


def test_an_unchanged_environment_adds_little_time(checkout: Path) -> None:
    pretend_complete(checkout)
    bare = min(run([sys.executable, "-c", "pass"]).seconds for _ in range(5))

    through = min(develop(checkout, "true").seconds for _ in range(5))

    assert through - bare < 0.2


def test_a_changed_input_is_noticed(checkout: Path) -> None:
    pretend_complete(checkout)
    (checkout / "pyproject.toml").write_text('[project]\nname = "other"\n')

    assert evaluate(checkout, "develop.recorded() == develop.what_it_is_made_from()") == "False"


def test_an_environment_whose_python_has_gone_is_not_complete(checkout: Path) -> None:
    pretend_complete(checkout)
    (checkout / ".venv" / "bin" / "python").unlink()

    assert evaluate(checkout, "repr(develop.recorded())") == "''"


def test_an_environment_of_somebody_else_is_left_alone(checkout: Path) -> None:
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "mine").write_text("precious")

    answer = develop(checkout, "true")

    assert answer.exit_code == 2
    assert "not made by develop.py" in answer.stderr
    assert (checkout / ".venv" / "mine").read_text() == "precious"


def test_a_command_that_does_not_exist_is_named(checkout: Path) -> None:
    pretend_complete(checkout)

    answer = develop(checkout, "no-such-command")

    assert answer.exit_code == 127
    assert "there is no command 'no-such-command'" in answer.stderr


def test_without_any_python_with_headers_it_says_what_to_install(checkout: Path) -> None:
    code = "import develop\ndevelop.SUITS = 'raise SystemExit(1)'\ntry: develop.choose()\n"
    code += "except develop.SetUpError as error: print(error.code, error, error.hint)"

    answer = run([sys.executable, "-c", code], folder=checkout)

    assert answer.stdout.startswith("11 no Python from 3.10 on with its headers (Python.h)")
    assert "apt-get install python3-dev" in answer.stdout


def test_the_newest_pip_that_fits_is_taken_from_an_index_page(checkout: Path) -> None:
    (checkout / "index.html").write_text(INDEX)

    link = evaluate(checkout, "develop.newest_pip(open('index.html').read())")

    assert link == repr(("../../bb/pip-26.3-py3-none-any.whl", "2" * 64))


def test_an_index_that_cannot_be_reached_is_named_without_its_password(checkout: Path) -> None:
    code = "import develop\ntry: develop.install_pip('pip')\nexcept develop.SetUpError as stop: print(stop, stop.code)"
    environment = {**os.environ, "PIP_INDEX_URL": "http://me:secret@127.0.0.1:9/simple"}

    answer = run([sys.executable, "-c", code], folder=checkout, environment=environment)

    assert "pip cannot be fetched from http://…@127.0.0.1:9/simple/pip/" in answer.stdout
    assert "secret" not in answer.stdout
    assert answer.stdout.strip().endswith(" 1")
