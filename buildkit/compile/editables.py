"""Where the packages lie that an editable install of meson-python or scikit-build-core leads to.

Both leave a module in site-packages which finds the package's files wherever they are. Its last lines name them:
scikit-build-core's each module with its file, meson-python's the folder of the build, in which Meson's plan of the
installation names each file with its place in the package. They are read, and nothing of them is run.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator

_SCIKIT = re.compile(r"(?:_editable_skbc_\w+|_\w+_editable)\.py")
_MESON = re.compile(r"_\w+_editable_loader\.py")
_PLAN = "meson-info/intro-install_plan.json"
_INSTALLED = ("{py_purelib}/", "{py_platlib}/")
_BROKEN = (ValueError, SyntaxError, MemoryError, RecursionError)


def is_editable(name: str) -> bool:
    """Return whether a file of site-packages is such a module, by its name."""
    return bool(_SCIKIT.fullmatch(name) or _MESON.fullmatch(name))


def editable_roots(name: str, text: str, read: Callable[[str], str]) -> Iterator[str]:
    """Yield the folders that packages lie in, some of them more than once.

    Args:
        name: the module's file name.
        text: the module.
        read: returns the text of a file, empty if it cannot be read.
    """
    if _MESON.fullmatch(name):
        for arguments in _calls(text, ("install", "MesonpyMetaFinder")):
            build = arguments[2] if len(arguments) > 2 else None  # noqa: PLR2004 - name, modules, folder
            if isinstance(build, str):
                yield from _of_plan(read(f"{build}/{_PLAN}"))
    else:
        for arguments in _calls(text, ("install",)):
            modules = arguments[0] if arguments else None
            for module, file in modules.items() if isinstance(modules, dict) else ():
                if isinstance(module, str) and isinstance(file, str):
                    yield from _root(file, _module_path(module, file))


def _calls(text: str, names: Iterable[str]) -> Iterator[list[object]]:
    """Yield the arguments of each call of these names, None for those that are no literals."""
    with contextlib.suppress(*_BROKEN):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                yield [_literal(each) for each in node.args]


def _literal(node: ast.expr) -> object:
    with contextlib.suppress(*_BROKEN, TypeError):
        value: object = ast.literal_eval(node)
        return value
    return None


def _module_path(module: str, file: str) -> str:
    """Return the place of a module's file below the folder that its package lies in."""
    name = os.path.basename(file)  # noqa: PTH119 - another machine's text may have it
    path = module.replace(".", "/")
    return f"{path}/{name}" if name.startswith("__init__.") else f"{os.path.dirname(path)}/{name}".lstrip("/")  # noqa: PTH120


def _of_plan(text: str) -> Iterator[str]:
    plan: object = None
    with contextlib.suppress(*_BROKEN):
        plan = json.loads(text)
    for part in plan.values() if isinstance(plan, dict) else ():
        for file, target in part.items() if isinstance(part, dict) else ():
            place = target.get("destination") if isinstance(target, dict) else None
            if isinstance(place, str) and place.startswith(_INSTALLED):
                yield from _root(file, place.partition("/")[2])


def _root(file: str, inner: str) -> Iterator[str]:
    """Yield the folder below which a file has this place, if it has it."""
    whole = os.path.normpath(file)
    if inner and whole.endswith(f"{os.sep}{inner.replace('/', os.sep)}"):
        yield whole[: -len(inner) - 1]
