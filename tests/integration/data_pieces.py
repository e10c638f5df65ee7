"""The small service with a stage in pieces: `loud` makes a result of each text, `count` sees all of them."""

from __future__ import annotations

from pathlib import Path

import data_service
from data_service import Service

from buildkit.data.stages.pipeline import Stage

FILES = {
    "in/a.txt": "one",
    "in/b.txt": "two",
    "in/c.txt": "three",
    "src/app/__init__.py": "",
    "src/app/words.py": "def shout(text):\n    return text.upper()\n",
    "src/app/pipeline.py": """
import os, signal, sys, time
from pathlib import Path
from app.words import shout

seen = []

def note(item):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(item.name + "\\n")

def loud(item, out, mark=""):
    note(item)
    text = item.read_text()
    if text == "fail":
        raise ValueError(f"cannot shout {item.name}")
    if text == "exit":
        os._exit(7)
    if text == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if text == "group":
        os.killpg(0, signal.SIGKILL)
    if text == "wait":
        print("waiting")
        time.sleep(600)
    if text != "nothing":
        (out / "loud" / item.name).write_text(shout(text) + mark)

def count(source, out):
    note(Path("count"))
    (out / "count.txt").write_text(str(sorted(path.name for path in (source / "loud").iterdir())))
""",
}
LOUD = Stage("loud", "app.pipeline:loud", outputs=("loud/",), each="in/*.txt")
COUNT = Stage("count", "app.pipeline:count", outputs=("count.txt",), combine=("loud",))


def make(root: Path) -> Service:
    """Make the project under `root`."""
    service = data_service.make(root, FILES)
    service.declare(stages=(LOUD, COUNT))
    return service


def write(service: Service, **texts: str | None) -> None:
    """Write texts by name, or take them away."""
    for name, text in texts.items():
        file = service.root / f"in/{name}.txt"
        file.unlink() if text is None else file.write_text(text)


def pieces(service: Service, stage: str = "loud") -> dict[str, int]:
    """Return how many pieces of a stage were made, kept, removed and failed."""
    return dict(next(row.pieces for row in service.result.outcomes if row.subject == stage))


def use(service: Service, source: str, **changes: object) -> None:
    """Let the stage `loud` be another, from lines of Python, and the only one."""
    (service.root / "src/app/pipeline.py").write_text(f"import os, sys, time\nfrom pathlib import Path\n{source}")
    service.declare(stages=(LOUD,))
    service.change_stage("loud", **changes)
