"""The names of the packages that a project declares to need, whatever the form."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from buildkit.proposal.look import Look

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
_BRINGS = {
    ("fastapi", "standard"): ("uvicorn",),
    ("fastapi", "all"): ("uvicorn",),
    ("litestar", "standard"): ("uvicorn",),
    ("quart", ""): ("hypercorn",),
    ("litestar-granian", ""): ("granian",),
}


def requirements_files(look: Look) -> tuple[str, ...]:
    """Return the files of requirements that lie in the project's folder, that of the service first."""
    found = [name for name in look.names if re.fullmatch(r"requirements[\w.-]*\.txt", name)]
    return tuple(sorted(found, key=lambda name: (name != "requirements.txt", name)))


def names_of(look: Look) -> frozenset[str]:
    """Return the normalized names of what a project needs when it runs, with what is known to come with it."""
    found: set[str] = set()
    for text in _texts(look):
        match = _NAME.match(text)
        if match is None:
            continue
        name = re.sub(r"[-_.]+", "-", match[1]).lower()
        found.add(name)
        for extra in ("", *(part.strip() for part in (match[2] or "").split(","))):
            found.update(_BRINGS.get((name, extra), ()))
    return frozenset(found)


def _texts(look: Look) -> Iterator[str]:
    yield from _strings(look.table("project").get("dependencies"))
    poetry = look.table("tool", "poetry", "dependencies")
    for name, value in poetry.items():
        extras = value.get("extras", []) if isinstance(value, Mapping) else []
        yield f"{name}[{','.join(map(str, extras))}]" if isinstance(extras, list) else name
    if not look.table("project").get("dependencies") and not poetry:
        for name in requirements_files(look)[:1]:
            yield from (line for line in look.texts.get(name, "").splitlines() if not line.startswith(("#", "-")))
        yield from _of_setup(look.trees.get("setup.py"))


def _of_setup(tree: ast.Module | None) -> Iterator[str]:
    """Yield the texts of the lists in a setup.py that is not run: requirements are among them."""
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.List):
            values = (each.value for each in node.elts if isinstance(each, ast.Constant))
            yield from (value for value in values if isinstance(value, str))


def _strings(found: object) -> Iterable[str]:
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
