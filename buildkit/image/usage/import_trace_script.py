"""Notes each import of the process and who asked for it; lies on PYTHONPATH as `sitecustomize.py`.

A program of its own: the standard library alone. It writes a line of JSON for each module that is loaded: its name, and
the file and line of the code that imports it. A `sitecustomize` that it hides is loaded after it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys

_MACHINERY = ("<frozen importlib", "<frozen zipimport")
_OF_LIBRARY = f"{os.sep}importlib{os.sep}__init__.py"


class Notes:
    """Writes who asks for which module; as the first finder, which finds nothing, and as a hook.

    The hook is not told of `importlib.import_module`, and a finder not of what another one before it finds.

    Args:
        place: the file that is written.
    """

    def __init__(self, place: str) -> None:
        self._file = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._told: set[str] = set()

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        """Note a module that is looked for."""
        self.note(name)

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        """Note an import of which the interpreter tells."""
        if event == "import" and arguments:
            self.note(str(arguments[0]))

    def note(self, name: str) -> None:
        """Write the first request for a module. Nothing is raised: that would end the import."""
        if name in self._told:
            return
        self._told.add(name)
        frame = sys._getframe().f_back  # noqa: SLF001 - documented for such as this; what C asks for has none
        while frame is not None and _is_machinery(frame.f_code.co_filename):
            frame = frame.f_back
        if frame is not None:
            line = json.dumps({"module": name, "by": frame.f_code.co_filename, "line": frame.f_lineno})
            with contextlib.suppress(OSError):
                os.write(self._file, f"{line}\n".encode())


def note() -> None:
    """Begin to note, if a file is named."""
    place = os.environ.get("PYBUILDKIT_IMPORTS")
    if place:
        notes = Notes(place)
        sys.meta_path.insert(0, notes)
        sys.addaudithook(notes.hook)


def _is_machinery(file: str) -> bool:
    return file.startswith(_MACHINERY) or file.endswith(_OF_LIBRARY) or file == __file__


def load_hidden() -> None:
    """Load the `sitecustomize` that would have been found without this one."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - it runs in every process
    own = sys.modules.pop("sitecustomize", None)
    path = [*sys.path]
    sys.path[:] = [entry for entry in path if os.path.abspath(entry) != here]  # noqa: PTH100
    try:
        importlib.import_module("sitecustomize")
    except ImportError:
        if own is not None:
            sys.modules["sitecustomize"] = own
    finally:
        sys.path[:] = [*(entry for entry in path if os.path.abspath(entry) == here), *sys.path]  # noqa: PTH100


if __name__ == "sitecustomize":
    note()
    load_hidden()
