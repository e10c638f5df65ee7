"""A branch that is taken up and left again while `invoke dev` starts the service leaves nothing of it behind."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from dev_service import MAIN, SAMPLE, SETTINGS, Dev, Starter, starting
from plugins.projects import ProjectMaker

IMPORTING = """
import time
from pathlib import Path
from app import first

Path("begun").touch()
while Path("wait").exists():
    time.sleep(0.01)
"""
FILES = {"src/app/main.py": f"{IMPORTING}{MAIN}", "src/app/first.py": "", ".git/HEAD": "ref: a"}
ONE = SAMPLE["src/app/answer.py"]
TWO = ONE.replace("one", "two")


@pytest.fixture
def dev(project: ProjectMaker) -> Iterator[Starter]:
    with starting(project) as start:
        yield start


def check_out(it: Dev, text: str) -> None:
    """Change the answer as if all happened within one second of the clock."""
    draft = it.root / "draft"
    draft.write_text(text)
    os.utime(draft, (1_000_000_000, 1_000_000_000))
    draft.rename(it.root / "src/app/answer.py")


def test_what_it_read_of_another_branch_is_read_again(dev: Starter) -> None:
    it = dev(FILES, PYTHONDONTWRITEBYTECODE="")
    it.until_ready()
    it.settled()
    before, words = it.ask()
    assert words == "one"
    (it.root / "begun").unlink()
    (it.root / "wait").touch()
    it.save("src/app/first.py", "FIRST = 2\n")
    it.until((it.root / "begun").exists)
    it.save(".git/index.lock", "")  # the loop looks when the checkout is over, and finds what was there before
    check_out(it, TWO)
    (it.root / "wait").unlink()
    it.until(lambda: it.ask()[0] not in {before, 0})
    assert it.answer() == "two", "this is why"
    check_out(it, ONE)
    (it.root / ".git/index.lock").unlink()
    it.until_answer("one")
    it.until_cycles(2)
    assert "changed while it started src/app/answer.py: restarted" in it.cycles()[1]
    it.save("src/app/first.py", "FIRST = 3\n")
    it.until_cycles(3)
    assert it.answer() == "one"


LATE = MAIN.replace("from app.answer import ANSWER\n", "").replace(
    '        body = f"{os.getpid()} {ANSWER}"',
    """\
        if self.path == "/early":
            ANSWER = "early"
        else:
            from app.answer import ANSWER
        body = f"{os.getpid()} {ANSWER}\"""",
)


EARLY = SETTINGS.replace('{port}/"', '{port}/early"')


def test_a_module_that_is_imported_late_is_as_new_as_the_process_that_answers(dev: Starter) -> None:
    it = dev({"pyproject.toml": EARLY, "src/app/main.py": LATE, "src/app/answer.py": "ANSWER = 'never asked for'\n"})
    it.until_ready()
    it.save("src/app/answer.py", TWO)
    it.until_cycles(1)
    assert it.answer() == "two"
    it.save("src/app/answer.py", ONE)
    it.until_answer("one")


def test_what_it_imported_late_of_another_branch_is_imported_again(dev: Starter) -> None:
    it = dev({**FILES, "pyproject.toml": EARLY, "src/app/main.py": LATE}, PYTHONDONTWRITEBYTECODE="")
    check_out(it, ONE)
    it.until_ready()
    it.settled()
    it.save(".git/index.lock", "")  # as above
    check_out(it, TWO)
    it.until_answer("two")
    check_out(it, ONE)
    assert it.answer() == "two", "this is why"
    (it.root / ".git/index.lock").unlink()
    it.until_answer("one")
    it.until_cycles(1)
    assert "changed for a moment, and imported src/app/answer.py: restarted" in it.cycles()[0]
