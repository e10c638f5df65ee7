"""How far the builder is: the step that runs, and the time to go by what each step took the last time."""

from __future__ import annotations

import io
import json
import re
import time
from pathlib import Path

import pytest

from buildkit.flows.image_steps import shown
from buildkit.image.progress import Progress
from buildkit.report.console import Console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def build(folder: Path, *texts: str, wait: float = 0.0) -> list[str]:
    """Hear of a build with these lines of the builder, and return what stood at the bottom of the terminal."""
    terminal = Terminal()
    with shown(Console({"TERM": "xterm"}, talk=terminal), "api", folder) as hear:
        progress = Progress(hear)
        for text in texts:
            progress.feed(text)
            time.sleep(wait)
    return re.findall(r"\r\x1b\[K([^\r\n]+)", terminal.getvalue())


FIRST = ("#5 [build 1/2] FROM base", "#5 CACHED", "#6 [build 2/2] RUN pip install", "#6 DONE 90.0s")


def test_the_step_that_runs_is_shown_with_the_time_that_is_left_by_the_last_build(tmp_path: Path) -> None:
    build(tmp_path, *FIRST)

    lines = build(tmp_path, *FIRST[:3], wait=0.3)

    assert lines[-1] in {f"building image api  0:00, about 1:{seconds} to go  {FIRST[2][3:]}" for seconds in (28, 29)}


def test_nothing_is_foretold_where_the_step_is_another_one(tmp_path: Path) -> None:
    build(tmp_path, *FIRST)

    lines = build(tmp_path, *FIRST[:2], "#6 [build 2/2] RUN something else", wait=0.3)

    assert lines[-1] == "building image api  0:00  [build 2/2] RUN something else"


def test_what_each_step_took_is_kept_also_of_those_that_were_cached_since(tmp_path: Path) -> None:
    build(tmp_path, *FIRST, "#7 [runtime 1/1] COPY a", "#7 DONE 2.5s")
    build(tmp_path, *FIRST[:3], "#6 CACHED", "#7 [runtime 1/1] COPY b", "#7 DONE 1.5s")

    kept = json.loads((tmp_path / "api.seconds.json").read_text())

    assert kept == {"[build 2/2] RUN pip install": 90.0, "[runtime 1/1] COPY b": 1.5}


def test_a_build_that_fails_leaves_what_is_known(tmp_path: Path) -> None:
    build(tmp_path, *FIRST)
    with pytest.raises(KeyError), shown(Console({}, talk=io.StringIO()), "api", tmp_path):
        raise KeyError

    assert json.loads((tmp_path / "api.seconds.json").read_text()) == {"[build 2/2] RUN pip install": 90.0}
