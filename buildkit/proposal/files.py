"""The lines that tasks.py, noxfile.py and the ignore files of a project lack."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from buildkit.proposal.look import Look

TASKS = "tasks.py"
NOXFILE = "noxfile.py"
SESSIONS = frozenset({"build", "tests", "migrations", "image"})

_NEW_TASKS = "from buildkit.tasks import ns\n"
_MORE_TASKS = "from buildkit.tasks import add_to\n\nns = add_to(globals())\n"
_NEW_NOXFILE = "from buildkit.sessions import register\n\nregister()\n"


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of one file.

    Args:
        file: its path relative to the project.
        before: its text; empty for one that is not there.
        after: its text then.
        reasons: why, by line; by an empty one for the file as a whole.
    """

    file: str
    before: str
    after: str
    reasons: dict[str, str] = field(default_factory=dict)


def tasks_of(look: Look) -> tuple[Change | None, str]:
    """Return the change of tasks.py, and a note where none can be made; a file of tasks is added to."""
    name = next((each for each in (TASKS, "tasks/__init__.py") if each in look.names), "")
    text = look.texts.get(name, "")
    if not name:
        return Change(TASKS, "", _NEW_TASKS, {_NEW_TASKS.rstrip(): "invoke --list shows what there is"}), ""
    if "buildkit.tasks" in text:
        return None, ""
    if not _imports(look.trees.get(name), "invoke"):
        return None, f"{name} is none of Invoke's, and stays: python -m buildkit COMMAND does what invoke COMMAND would"
    reasons = {"ns = add_to(globals())": "adds the suite's tasks; yours keep their names"}
    return Change(name, text, _joined(text, _MORE_TASKS), reasons), ""


def noxfile_of(look: Look) -> Change | None:
    """Return the change of noxfile.py; one with sessions is added to."""
    text = look.texts.get(NOXFILE, "")
    if NOXFILE not in look.names:
        return Change(NOXFILE, "", _NEW_NOXFILE, {"register()": "the sessions build, tests, migrations and image"})
    if "buildkit.sessions" in text:
        return None
    taken = sorted(SESSIONS & {*_sessions(look.trees.get(NOXFILE))})
    if not taken:
        return Change(NOXFILE, text, _joined(text, _NEW_NOXFILE), {"register()": "adds the suite's sessions"})
    call = 'register(prefix="buildkit-")'
    why = f"{', '.join(taken)} {'are sessions' if len(taken) > 1 else 'is a session'} of yours"
    return Change(NOXFILE, text, _joined(text, _NEW_NOXFILE.replace("register()\n", f"{call}\n")), {call: why})


def ignored_of(look: Look, name: str, wanted: dict[str, str]) -> Change | None:
    """Return the change of an ignore file; None if it has all the lines.

    Args:
        look: the project.
        name: the file.
        wanted: lines, each with its reason.
    """
    text = look.texts.get(name, "")
    there = {line.strip().strip("/") for line in text.splitlines()}
    lacking = {line: why for line, why in wanted.items() if line.strip("/") not in there}
    if not lacking:
        return None
    return Change(name, text, _joined(text, "".join(f"{line}\n" for line in lacking), gap=""), lacking)


def ignores(look: Look, name: str, pattern: str) -> bool:
    """Return whether an ignore file has a line for a pattern."""
    return pattern in {line.strip().strip("/") for line in look.texts.get(name, "").splitlines()}


def _joined(text: str, added: str, gap: str = "\n\n") -> str:
    if not text.strip():
        return added
    return f"{text.rstrip()}\n{gap}{added}"


def _imports(tree: ast.Module | None, package: str) -> bool:
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import) and any(each.name.partition(".")[0] == package for each in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == package:
            return True
    return False


def _sessions(tree: ast.Module | None) -> Iterator[str]:
    """Yield the names of the sessions that a noxfile defines."""
    for node in tree.body if tree is not None else ():
        if isinstance(node, ast.FunctionDef):
            for each in node.decorator_list:
                words = each.keywords if isinstance(each, ast.Call) else []
                named = [word.value for word in words if word.arg == "name"]
                given = [name.value for name in named if isinstance(name, ast.Constant)]
                if "session" in ast.unparse(each):
                    yield str(given[0]) if given else node.name


def clashing(look: Look, names: Collection[str]) -> list[str]:
    """Return the tasks of a tasks.py whose names the suite has too."""
    found = set()
    for node in look.trees[TASKS].body if TASKS in look.trees else ():
        if isinstance(node, ast.FunctionDef) and any("task" in ast.unparse(each) for each in node.decorator_list):
            found.add(node.name)
    return sorted(found & {*names})
