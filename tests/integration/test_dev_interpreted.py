"""An edited compiled module under `invoke dev`: as Python at once, its extension beside the service. Real compilers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dev_service import MAIN, SETTINGS, Dev, Starter, starting
from plugins.projects import ProjectMaker

pytestmark = pytest.mark.usefixtures("compiler")

COMPILED = SETTINGS.replace('backend = "none"', 'exclude = ["app/main.py"]')
SHOWING = MAIN.replace("from app.answer import ANSWER", "from app import answer").replace(
    "{ANSWER}", "{answer.answer()} {answer.__file__.rpartition('.')[2]}"
)


def answering(words: str) -> str:
    return f"def answer():\n    return {words!r}\n"


FILES = {"pyproject.toml": COMPILED, "src/app/main.py": SHOWING, "src/app/answer.py": answering("one")}


@pytest.fixture
def dev(project: ProjectMaker) -> Iterator[Starter]:
    with starting(project) as start:
        yield start


def extensions(it: Dev) -> list[Path]:
    return sorted((it.root / "src/app").glob("*.so"))


def test_it_answers_as_python_first_and_compiled_when_nobody_looks(dev: Starter) -> None:
    it = dev(FILES)
    it.until_ready()
    it.settled()
    assert it.answer() == "one so"
    it.save("src/app/answer.py", answering("two"))
    it.until_answer("two py")
    it.until_said("1 module as Python, restarted")
    it.until_said("compiled app.answer aside")
    it.until_answer("two so")
    it.until_cycles(3)
    assert "compiled app.answer: restarted" in it.cycles()[-1]
    assert len(extensions(it)) == 1
    it.end()
    assert it.left() == []


def test_of_two_loops_in_a_project_each_follows_and_takes_up_what_the_other_compiled(dev: Starter) -> None:
    one, other = dev(FILES), dev(FILES)
    for each in (one, other):
        each.until_ready()
        each.settled()
    one.save("src/app/answer.py", answering("two"))
    for each in (one, other):
        each.until_answer("two so")
    one.end()
    other.save("src/app/answer.py", answering("three"))
    other.until_answer("three so")
    assert "failed" not in one.text() + other.text()


WORKER = """
[tool.buildkit.dev.service.worker]
command = ["python", "-c", "import time; from app import answer; print('at work', flush=True); time.sleep(600)"]
ready = "log:at work"
overlap = false
"""


def test_a_worker_that_may_not_run_twice_keeps_no_extension_from_the_service(dev: Starter) -> None:
    it = dev({**FILES, "pyproject.toml": f"{COMPILED}{WORKER}"})
    it.until_ready()
    it.settled()
    it.save("src/app/answer.py", answering("two"))
    it.until_said("restarted service, worker")
    it.until_said("; worker runs Python until its next restart (overlap = false)")
    it.until_answer("two so")
    it.until_said("compiled app.answer: restarted service")
    assert it.text().count("at work") == 2, "the worker was not ended for an extension"


def test_a_module_that_only_the_worker_names_leaves_the_service_alone(dev: Starter) -> None:
    it = dev({**FILES, "pyproject.toml": f'{COMPILED}{WORKER}watch = ["src/app/answer.py"]\n'})
    it.until_ready()
    it.settled()
    served_by, _ = it.ask()
    it.save("src/app/answer.py", answering("two"))
    it.until_said("restarted worker")
    it.until_said("compiled app.answer aside")
    assert it.ask() == (served_by, "one so")


def test_a_mistake_that_is_taken_back_starts_nothing(dev: Starter) -> None:
    it = dev(FILES)
    it.until_ready()
    it.settled()
    served_by, _ = it.ask()
    it.save("src/app/answer.py", "def answer(:\n")
    it.until_said("restart failed, the service runs on as it was")
    it.save("src/app/answer.py", answering("one"))
    it.until_said("changed src/app/answer.py: as it runs already")
    it.until(lambda: extensions(it))
    it.until_said("compiled app.answer aside")
    it.settled()
    assert it.ask() == (served_by, "one so")
    it.save("src/app/answer.py", answering("two"))
    it.until_answer("two so")


def test_saves_that_follow_each_other_never_show_the_code_before(dev: Starter) -> None:
    it = dev(FILES)
    it.until_ready()
    for number in range(12):
        it.save("src/app/answer.py", answering(f"{number:02}"))
        it.until(lambda wanted=f"{number:02}": it.answer().startswith(wanted), seconds=30)  # type: ignore[misc]
    it.until_answer("11 so")


def test_what_does_not_compile_stays_python_and_says_so(dev: Starter) -> None:
    it = dev({**FILES, "src/app/fast.pyx": "def fast():\n    return 1\n"})
    it.until_ready()
    it.save("src/app/fast.pyx", "def fast(:\n")
    it.until_said("rebuild failed, the service runs on as it was")
    assert it.answer() == "one so"
    it.save("src/app/fast.pyx", "def fast():\n    return 2\n")
    it.until_said("rebuilt 1 module")


def test_a_deleted_module_takes_its_extension_with_it(dev: Starter) -> None:
    it = dev({**FILES, "src/app/more.py": "def more():\n    return 1\n"})
    it.until_ready()
    assert len(extensions(it)) == 2
    (it.root / "src/app/more.py").unlink()
    it.until_cycles(1)
    assert len(extensions(it)) == 1


def test_a_module_with_declarations_is_compiled_first(dev: Starter) -> None:
    it = dev({**FILES, "src/app/answer.pxd": "cpdef str answer()\n"})
    it.until_ready()
    it.save("src/app/answer.py", answering("two"))
    it.until_answer("two so")
    assert "rebuilt 1 module" in it.text()
    assert "as Python" not in it.text()


def test_compiled_first_where_that_is_wanted(dev: Starter) -> None:
    it = dev({**FILES, "pyproject.toml": f'{COMPILED}first = "compiled"\n'})
    it.until_ready()
    it.save("src/app/answer.py", answering("two"))
    it.until_answer("two so")
    assert "rebuilt 1 module" in it.text()


def test_the_end_ends_the_build_aside(dev: Starter) -> None:
    big = "".join(f"def f{at}(a, b):\n    return [a + b for x in range(a)] or {{a: b}}\n" for at in range(3000))
    it = dev({**FILES, "src/app/big.py": "A = 1\n"})
    it.until_ready()
    it.settled()
    it.save("src/app/big.py", big)
    it.until_cycles(1)
    it.until(lambda: it.named("buildkit.flows.build_aside"))
    it.end()
    it.until(lambda: not it.left())
