"""The revision files as a graph, read without running them: two heads are reported before any connection.

The rules are Alembic's: a head is a revision that no other follows, and one that another merely depends on is no
effective head either, since the version table never holds it beside the other.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.core.syntax import tree_of
from buildkit.doors import reading
from buildkit.errors import HeadsError
from buildkit.migrate.scripts.git_history import author
from buildkit.migrate.scripts.literals import Unknown, written

_NAMES = ("revision", "down_revision", "depends_on", "branch_labels")


class ComputedError(HeadsError):
    """A revision file computes its identifiers, so it has to be run to know them."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision file.

    Args:
        id: its `revision`.
        parents: its `down_revision`, none for a first one, several for a merge.
        depends_on: ids or labels of revisions that must be applied before it although it does not follow them.
        labels: its `branch_labels`.
        summary: the first line of its docstring.
        file: its file.
        reversible: whether it has a `downgrade` that does more than raise.
    """

    id: str
    parents: tuple[str, ...]
    depends_on: tuple[str, ...]
    labels: tuple[str, ...]
    summary: str
    file: Path
    reversible: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """Revisions that lead to one head.

    Args:
        revisions: by id, each after everything that it needs.
        needs: for each id, the ids it follows or depends on.
        head: the id of the one head; empty where there is no revision.
    """

    revisions: Mapping[str, Revision]
    needs: Mapping[str, tuple[str, ...]]
    head: str

    def below(self, ids: Collection[str]) -> set[str]:
        """Return `ids` and everything that they need, directly or not."""
        found: set[str] = set()
        todo = list(ids)
        while todo:
            each = todo.pop()
            if each not in found:
                found.add(each)
                todo += self.needs[each]
        return found

    def pending(self, at: Collection[str]) -> list[Revision]:
        """Return the revisions that a database at `at` lacks, in an order in which they can be applied."""
        applied = self.below(at)
        return [revision for revision in self.revisions.values() if revision.id not in applied]

    def downgrade_limit(self) -> tuple[str, set[str]]:
        """Return the last revision without a downgrade, empty if all have one, and the ids of those above it."""
        above: set[str] = set()
        for revision in reversed(list(self.revisions.values())):
            if not revision.reversible:
                return revision.id, above
            above.add(revision.id)
        return "", above


def read(folders: Sequence[Path], *, recursive: bool = False, merged: Mapping[Path, str | None] | None = None) -> Graph:
    """Return the graph of all revision files in `folders`.

    Args:
        folders: the folders with the revision files.
        recursive: whether folders below are searched too.
        merged: files as they will be after a merge: their text, or None for one that goes.

    Raises:
        HeadsError: they do not lead to exactly one head: two heads, a missing parent, an id used twice, a circle, or a
            file without identifiers.
    """
    changed = {file.resolve(): text for file, text in (merged or {}).items()}
    files = [file for folder in folders for file in _files(folder, recursive=recursive)]
    here = [file for file in files if not changed or file.resolve() not in changed]
    there = [(file, text) for file, text in changed.items() if text is not None and _is_revision(file)]
    revisions = [_parse(file, _content(file)) for file in here]
    return build(revisions + [_parse(file, text) for file, text in there])


def _content(file: Path) -> bytes:
    try:
        return reading.read(file, most=reading.TEXT)
    except OSError as error:
        raise HeadsError(f"{file}: {error.strerror}", hint="mend it, or take it away") from None


def build(revisions: Sequence[Revision]) -> Graph:
    """Return the graph of `revisions`; errors as `read`."""
    by_id = _by_id(revisions)
    needs = {revision.id: _needs(revision, by_id) for revision in revisions}
    order = _ordered(by_id, needs)
    inner = {need for each in needs.values() for need in each}
    heads = [each for each in order if each not in inner]
    if len(heads) > 1:
        raise _several(heads, by_id, needs)
    return Graph({each: by_id[each] for each in order}, needs, heads[0] if heads else "")


def _files(folder: Path, *, recursive: bool) -> Iterator[Path]:
    names = folder.rglob("*.py") if recursive else folder.glob("*.py")
    return (file for file in sorted(names) if _is_revision(file))


def _is_revision(file: Path) -> bool:
    return not file.name.startswith(("__init__", ".#"))


def _parse(file: Path, text: str | bytes) -> Revision:
    tree = _tree(file, text)
    values = written(tree, file, _NAMES)
    missing = next((name for name in ("revision", "down_revision") if name not in values), None)
    if missing:
        raise HeadsError(
            f"{file}: no `{missing}`, so it is not a revision",
            hint="Alembic takes every Python file of this folder for a revision; move others elsewhere",
        )
    for name in _NAMES:
        if isinstance(values.get(name), Unknown):
            raise ComputedError(
                f"{file}:{values[name].line}: `{name}` is not written out",
                hint="give it a literal value, so that the order is known without running it",
            )
    return _revision(file, values, tree)


def from_values(file: Path, values: Mapping[str, Any]) -> Revision:
    """Return the revision of a file from the values that it had when it was run."""
    return _revision(file, values, _tree(file, _content(file)))


def _tree(file: Path, text: str | bytes) -> ast.Module:
    try:
        return tree_of(text, str(file))
    except SyntaxError as error:
        raise HeadsError(f"{file}:{error.lineno or 1}: {error.msg}", hint="mend the file") from None


def _revision(file: Path, values: Mapping[str, Any], tree: ast.Module) -> Revision:
    if not isinstance(values["revision"], str):
        raise HeadsError(f"{file}: its `revision` is no text", hint="write the id in quotes")
    return Revision(
        id=values["revision"],
        parents=_texts(file, "down_revision", values),
        depends_on=_texts(file, "depends_on", values),
        labels=_texts(file, "branch_labels", values),
        summary=(ast.get_docstring(tree) or "").partition("\n")[0],
        file=file,
        reversible=any(isinstance(node, ast.FunctionDef) and _does_something(node) for node in tree.body),
    )


def _does_something(function: ast.FunctionDef) -> bool:
    return function.name == "downgrade" and not any(isinstance(node, ast.Raise) for node in function.body)


def _texts(file: Path, name: str, values: Mapping[str, Any]) -> tuple[str, ...]:
    value = values.get(name)
    if not value:
        return ()
    found = (value,) if isinstance(value, str) else value
    if not isinstance(found, (tuple, list, set, frozenset)) or not all(isinstance(each, str) for each in found):
        raise HeadsError(f"{file}: its `{name}` is no text, and no list of them", hint="write ids in quotes")
    return tuple(found)


def _by_id(revisions: Sequence[Revision]) -> dict[str, Revision]:
    by_id: dict[str, Revision] = {}
    for revision in revisions:
        other = by_id.setdefault(revision.id, revision)
        if other is not revision:
            raise HeadsError(
                f"revision {revision.id}: two files have this id",
                details=[_with_author(other.file), _with_author(revision.file)],
                hint="give the later one a new id, and write that id wherever a `down_revision` means it",
            )
    return by_id


def _needs(revision: Revision, by_id: Mapping[str, Revision]) -> tuple[str, ...]:
    for parent in revision.parents:
        if parent not in by_id:
            raise HeadsError(
                f"revision {revision.id}: its parent {parent} is missing",
                details=[str(revision.file)],
                hint=f"bring back the file of {parent}, or correct `down_revision`",
            )
    return (*revision.parents, *(_resolved(revision, name, by_id) for name in revision.depends_on))


def _resolved(revision: Revision, name: str, by_id: Mapping[str, Revision]) -> str:
    """Return the id that `depends_on` means by `name`, which is an id or a label."""
    if name in by_id:
        return name
    labelled = next((each.id for each in by_id.values() if name in each.labels), None)
    if labelled is not None:
        return labelled
    raise HeadsError(
        f"revision {revision.id}: it depends on {name}, which is missing",
        details=[str(revision.file)],
        hint="write the full id of a revision in `depends_on`, or its label",
    )


def _ordered(by_id: Mapping[str, Revision], needs: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the ids, each after what it needs; among those that are free, in the order of their files."""
    waiting = dict(needs)
    order: list[str] = []
    placed: set[str] = set()
    while waiting:
        free = [each for each, need in waiting.items() if placed.issuperset(need)]
        if not free:
            circle = _circle(waiting)
            raise HeadsError(
                f"revisions follow each other in a circle: {' → '.join(circle)}",
                details=[str(by_id[each].file) for each in circle[:-1]],
                hint="correct the `down_revision` that closes it",
            )
        order += free
        placed.update(free)
        for each in free:
            del waiting[each]
    return order


def _circle(waiting: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return one circle. Each waiting revision needs another waiting one, so following these must come round."""
    path = [next(iter(waiting))]
    while True:
        following = next(need for need in waiting[path[-1]] if need in waiting)
        if following in path:
            return [*path[path.index(following) :], following]
        path.append(following)


def _several(heads: Sequence[str], by_id: Mapping[str, Revision], needs: Mapping[str, tuple[str, ...]]) -> HeadsError:
    width = max(map(len, heads))
    rows = [f"{each:<{width}}  {_with_author(by_id[each].file)}" for each in heads]
    parents = {need for each in heads for need in needs[each]}
    fork = f"both follow {parents.pop()}; " if len(heads) == 2 and len(parents) == 1 else ""  # noqa: PLR2004
    return HeadsError(
        f"{len(heads)} heads: {', '.join(heads)}",
        details=rows,
        hint=f"{fork}set the `down_revision` of the later one to the other, or join them:\n"
        f'alembic merge -m "merge" {" ".join(heads)}',
    )


def _with_author(file: Path) -> str:
    who = author(file)
    return f"{file}  ({who})" if who else str(file)
