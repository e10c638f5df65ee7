"""A compiled function has a frame on the stack of its thread, also where stacks are switched, kept and read."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugins.built import BuiltProjectMaker
from plugins.projects import APP, python

pytestmark = pytest.mark.usefixtures("compiler")

_TEXT = """\
import sys
import threading


def caller(depth=1):
    return sys._getframe(depth)


def names(frame):
    found = []
    while frame is not None and frame.f_globals.get("__name__") == __name__:
        found.append((frame.f_code.co_name, frame.f_lineno))
        frame = frame.f_back
    return found


def looks(note):
    note.append(names(caller()))


def deep(rounds, act):
    if rounds:
        return deep(rounds - 1, act)
    return act()


def walks(rounds, act):
    yield 0
    yield from (walks(rounds - 1, act) if rounds else goes(act))


def goes(act):
    before = deep(2, act)
    yield before


def waits(ready, done):
    ready.set()
    done.wait()
    return 1


def kept(given):
    held = caller(1)
    return held


def adds(x):
    return x.missing
"""
_PROJECT = {"pyproject.toml": APP, "src/app/__init__.py": "", "src/app/stack.py": _TEXT}
_FIRST = "import app.stack as stack, sys; assert stack.__file__.endswith('.so')\n"
PROFILES = ("dev", "release")


@pytest.fixture(params=PROFILES)
def compiled(request: pytest.FixtureRequest, built_project: BuiltProjectMaker) -> Path:
    """Return a project whose module is compiled, once for each profile."""
    return built_project(_PROJECT, "--profile", request.param)


def asked(root: Path, code: str) -> str:
    """Return what code prints, which must be the same of the module as Python and compiled."""
    plain = root.with_name(f"{root.name}-plain")
    for name in ("__init__.py", "stack.py"):
        place = plain / "src/app" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((root / "src/app" / name).read_bytes())
    answer = python(root, _FIRST + code)
    assert answer == python(plain, _FIRST.partition(";")[0] + "\n" + code)
    return answer


def test_greenlets_each_have_their_frames(compiled: Path) -> None:
    answer = asked(
        compiled,
        "import gc, greenlet\n"
        "main, note = greenlet.getcurrent(), []\n"
        "def act():\n"
        "    stack.looks(note); main.switch(); stack.looks(note); return 5\n"
        "def run(number):\n"
        "    return stack.deep(number, act), [*stack.walks(number, act)]\n"
        "all = [greenlet.greenlet(run) for _ in range(20)]\n"
        "for number, each in enumerate(all): each.switch(number)\n"
        "gc.collect()\n"
        "print([stack.names(each.gr_frame.f_back)[:3] for each in all][-1])\n"
        "for _ in range(3):\n"
        "    for each in reversed(all): each.switch()\n"
        "print(len(note), note[-1], all[0].dead)\n"
        "left = greenlet.greenlet(run); left.switch(3); frame = left.gr_frame; del left; gc.collect()\n"
        "print(stack.names(frame.f_back))",
    )
    assert "('deep', 24), ('deep', 23), ('deep', 23), ('deep', 23)" in answer


def test_other_threads_are_seen_where_they_are(compiled: Path) -> None:
    answer = asked(
        compiled,
        "import threading\n"
        "ready, done = threading.Event(), threading.Event()\n"
        "thread = threading.Thread(target=stack.deep, args=(2, lambda: stack.waits(ready, done)))\n"
        "thread.start(); ready.wait()\n"
        "import time; time.sleep(0.2)\n"
        "frame = sys._current_frames()[thread.ident]\n"
        "while frame.f_code.co_name != 'waits': frame = frame.f_back\n"
        "print(stack.names(frame), frame.f_back.f_code.co_name)\n"
        "import faulthandler, tempfile\n"
        "with tempfile.TemporaryFile() as file:\n"
        "    faulthandler.dump_traceback(file); file.seek(0)\n"
        "    print([line.split()[-3:] for line in file.read().decode().splitlines() if '/stack.py' in line])\n"
        "done.set(); thread.join()",
    )
    assert answer.splitlines()[0] == "[('waits', 39)] <lambda>"
    assert "['39', 'in', 'waits'], ['24', 'in', 'deep'], ['23', 'in', 'deep']" in answer


def test_threads_that_look_at_each_other_do_no_harm(compiled: Path) -> None:
    answer = asked(
        compiled,
        "import threading\n"
        "stop, counts = threading.Event(), []\n"
        "def looks():\n"
        "    count = 0\n"
        "    while not stop.is_set():\n"
        "        for frame in sys._current_frames().values():\n"
        "            while frame is not None:\n"
        "                frame.f_lineno, frame.f_locals, frame.f_code; frame = frame.f_back; count += 1\n"
        "    counts.append(count > 0)\n"
        "def works():\n"
        "    note = []\n"
        "    for _ in range(300):\n"
        "        stack.deep(20, lambda: stack.looks(note)); [*stack.walks(5, lambda: stack.looks(note))]\n"
        "    counts.append(len(note))\n"
        "sys.setswitchinterval(1e-5)\n"
        "watch = [threading.Thread(target=looks) for _ in range(2)]\n"
        "work = [threading.Thread(target=works) for _ in range(4)]\n"
        "for each in (*watch, *work): each.start()\n"
        "for each in work: each.join()\n"
        "stop.set()\n"
        "for each in watch: each.join()\n"
        "print(sorted(counts))",
    )
    assert answer == "[True, True, 600, 600, 600, 600]"


def test_frames_that_are_kept_cost_nothing_for_good(compiled: Path) -> None:
    answer = asked(
        compiled,
        "import gc, tracemalloc\n"
        "class Value: pass\n"
        "value = Value()\n"
        "def round():\n"
        "    frame = stack.kept(value); other = stack.deep(3, stack.caller)\n"
        "    try: frame.f_locals['given'] = value\n"
        "    except TypeError: pass\n"
        "    assert frame.f_lineno and other.f_back is not None and not hasattr(frame, 'missing')\n"
        "    frame.clear(); repr(other); other.f_locals\n"
        "    for step in stack.walks(2, lambda: stack.caller(2)): step and step.f_back\n"
        "    try: stack.adds(value)\n"
        "    except AttributeError as error: error.__traceback__.tb_next.tb_frame.f_locals\n"
        "for _ in range(2000): round()\n"
        "def state():\n"
        "    gc.collect()\n"
        "    return [sys.getrefcount(each) for each in (value, stack.deep, stack.deep.__code__, vars(stack))]\n"
        "before, objects = state(), len(gc.get_objects())\n"
        "tracemalloc.start(); size = tracemalloc.get_traced_memory()[0]\n"
        "for _ in range(100_000 // 4): round()\n"
        "after, grown = state(), tracemalloc.get_traced_memory()[0] - size\n"
        "print(after == before, abs(len(gc.get_objects()) - objects) < 20, grown < 20_000)",
    )
    assert answer == "True True True"


def test_the_frames_of_many_generators_are_given_back(compiled: Path) -> None:
    answer = asked(
        compiled,
        "import tracemalloc\n"
        "tracemalloc.start()\n"
        "def most(): tracemalloc.reset_peak(); many = [stack.walks(0, int) for _ in range(20_000)]; "
        "[next(each) for each in many]; return len(many)\n"
        "print(most(), tracemalloc.get_traced_memory()[0] < 500_000, [*stack.walks(2, int)])",
    )
    assert answer == "20000 True [0, 0, 0, 0]"


def test_a_recursion_without_end_and_its_frames(compiled: Path) -> None:
    answer = asked(
        compiled,
        "def act(): raise KeyError(len(stack.names(stack.caller(2))))\n"
        "for depth in 5, 700, 5:\n"
        "    try: stack.deep(depth, act)\n"
        "    except KeyError as error: print(error)\n"
        "try: stack.deep(10 ** 9, act)\n"
        "except RecursionError as error: print(type(error).__name__)\n"
        "print(stack.names(stack.caller(0))[0])",
    )
    assert answer.splitlines()[:4] == ["6", "701", "6", "RecursionError"]


def test_a_tracer_that_moves_the_frame_of_a_caller_does_no_harm(compiled: Path) -> None:
    """A tracer may move its own frame alone; Python 3.11 itself dies of this one."""
    answer = python(
        compiled,
        _FIRST + "moved = []\n"
        "def act():\n"
        "    x = 1\n"
        "    return stack.names(stack.caller(2))\n"
        "def trace(frame, event, argument):\n"
        "    if frame.f_code is act.__code__ and event == 'line':\n"
        "        frame.f_back.f_trace = trace\n"
        "        for line in range(10, 50):\n"
        "            try: frame.f_back.f_lineno = line; moved.append(line)\n"
        "            except ValueError: pass\n"
        "    return trace\n"
        "import warnings; warnings.simplefilter('ignore')\n"
        "sys.settrace(trace); answer = [*stack.walks(1, lambda: stack.deep(1, act))]; sys.settrace(None)\n"
        "print(len(answer), len(moved) > 0, stack.deep(1, act)[0])",
    )

    assert answer == "3 True ('deep', 24)"


def test_generators_are_of_a_type_of_our_own(compiled: Path) -> None:
    """Cython's own would run ours without a frame, and ours would take what Cython's have for one."""
    names = python(
        compiled,
        _FIRST + "stack.walks(1, int); print([n for n in sys.modules if n.startswith(('_cython_', '_buildkit_'))])",
    )

    assert names.startswith("['_buildkit_2_")
    assert "_cython_" not in names
