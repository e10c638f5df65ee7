"""`invoke dev` in a terminal: the line of status, the keys, and a terminal that is as it was afterwards. A real one."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from dev_service import SAMPLE, SETTINGS
from plugins.images import free_port
from plugins.projects import ProjectMaker
from processes import command

TASKS = "from buildkit.tasks import ns\n"


class Terminal:
    """A shell in tmux, in which `invoke dev` was typed."""

    def __init__(self, root: Path, port: int, columns: int, socket: Path) -> None:
        self.root = root
        self._tmux = ["tmux", "-f", os.devnull, "-S", str(socket)]
        self.mark = f"{root}-{port}"
        variables = {
            "PYBUILDKIT_DEV_PORT": str(port),
            "DEV_TEST_MARK": self.mark,
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        given = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
        size = ["-x", str(columns), "-y", "24"]
        self._run("new-session", "-d", *size, *given, "-c", str(root), "bash --norc --noprofile")
        self.type("stty -a | grep -o '.icanon' > before; python -m invoke dev; echo ended $?\n")

    def _run(self, *words: str) -> str:
        return subprocess.run([*self._tmux, *words], capture_output=True, text=True, check=True, timeout=30).stdout

    def type(self, text: str) -> None:
        self._run("send-keys", "-l", text)

    def press(self, key: str) -> None:
        self._run("send-keys", key)

    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._run("capture-pane", "-p").splitlines() if line.strip()]

    def history(self) -> str:
        return self._run("capture-pane", "-p", "-J", "-S", "-500")

    def until(self, what: Callable[[], object], seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, self.history()
            time.sleep(0.05)

    def until_shown(self, pattern: str) -> None:
        self.until(lambda: re.search(pattern, self.history()))

    def until_status(self, pattern: str) -> None:
        self.until(lambda: self.lines() and re.search(pattern, self.lines()[-1]))

    def left(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                mine = process.environ().get("DEV_TEST_MARK") == self.mark and process.name() not in {"bash", "tmux"}
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False, timeout=30)
        for each in self.left():
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()


Opener = Callable[..., Terminal]


@pytest.fixture
def terminal(project: ProjectMaker, tmp_path: Path, tmux: str) -> Iterator[Opener]:
    assert tmux
    opened: list[Terminal] = []

    def open_one(columns: int = 80, settings: str = SETTINGS) -> Terminal:
        root = project({**SAMPLE, "pyproject.toml": settings, "tasks.py": TASKS})
        opened.append(Terminal(root, free_port(), columns, tmp_path / "tmux"))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.mark.parametrize("columns", [80, 160])
def test_one_line_below_the_log_says_how_things_stand(terminal: Opener, columns: int) -> None:
    it = terminal(columns)
    it.until_status(r"● service :\d+ │ \d\d:\d\d:\d\d start: started .*ready")
    (it.root / "src/app/answer.py").write_text("ANSWER = 'two'\n")
    it.until_status(r"● service :\d+ │ \d\d:\d\d:\d\d (changed )?src/app/answer.py: .*ready after")
    assert all(len(line) <= columns for line in it.lines())
    said = [line for line in it.lines() if re.match(r"\d\d:\d\d:\d\d ", line)]
    assert len(said) >= 2
    assert sum("●" in line for line in it.history().splitlines()) == 1, "it is drawn over, not once more below"


def test_what_is_not_ready_says_why_until_it_is_ended(terminal: Opener) -> None:
    it = terminal(160, SETTINGS.replace('ready = "http://127.0.0.1:{port}/"', 'ready = "log:at work"'))
    it.until_status(r"◐ service :\d+ │ not ready: service: its log has no line with at work")
    it.press("C-c")
    it.until_shown(r"start: started .* not ready after .* its log has no line with at work(.|\n)*ended 0")


def test_the_keys(terminal: Opener) -> None:
    it = terminal(160)
    it.until_status("● service .*start:")
    it.press("?")
    it.until_shown(r"  r  restart\n  b  build everything")
    it.press("r")
    it.until_shown(r"key r: restarted .*ready after")
    it.press("b")
    it.until_shown(r"key b: restarted .*ready after")
    it.press("m")
    it.until_shown("there are no migrations here")
    assert "key m" not in it.history()
    it.press("o")
    it.until_shown(r"http://127.0.0.1:\d+/")
    it.press("c")
    it.until(lambda: len(it.lines()) == 1)
    it.press("q")
    it.until_shown("ended 0")
    it.until(lambda: not it.left())


def test_the_terminal_is_as_it_was(terminal: Opener) -> None:
    it = terminal()
    it.until_status("● service")
    it.press("C-c")
    it.until_shown(r"dev: stopped after 1 cycles? .*\nended 0")
    it.type("stty -a | grep -o '.icanon' > after; echo compared\n")
    it.until_shown("\ncompared")
    assert (it.root / "after").read_text() == (it.root / "before").read_text()


def test_suspended_it_waits_and_then_goes_on(terminal: Opener) -> None:
    it = terminal()
    it.until_status("● service")
    it.press("C-z")
    it.until_shown(r"Stopped\s+python -m invoke dev")
    (it.root / "src/app/answer.py").write_text("ANSWER = 'two'\n")
    time.sleep(0.5)
    assert "answer.py" not in it.history()
    it.type("fg\n")
    it.until_status(r"● service :\d+ │ \d\d:\d\d:\d\d (changed )?src/app/answer.py")
    it.press("r")
    it.until_shown("key r: restarted")
    it.press("q")
    it.until_shown(r"dev: stopped after 3 cycles")


def test_nothing_is_left_of_it_when_the_terminal_is_closed(terminal: Opener) -> None:
    it = terminal()
    it.until_status("● service")
    assert it.left()
    it._run("kill-session")
    it.until(lambda: not it.left())


def test_nothing_is_left_of_it_when_it_is_killed(terminal: Opener) -> None:
    it = terminal()
    it.until_status("● service")
    loop = next(each for each in it.left() if "invoke" in command(each))
    loop.send_signal(signal.SIGKILL)
    it.until(lambda: not it.left())
