"""Compiles the sources of an image to bytecode, by a Python of the version that the image has.

Bytecode is part of the image because the service may not write it. What of it is needed is known once it is clear which
layers are written anew; all that is compiled then by a few processes.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from buildkit.doors import process, reading
from buildkit.errors import ImageError
from buildkit.image.oci import compile_sources, nodes
from buildkit.image.oci.nodes import FILE, Content, Node, Tree
from buildkit.image.oci.target import Target

_RECIPE = 1
"""A number to raise when the same source is to become other bytecode."""

_SHARE = 400
"""Sources from which a further process is worth its start."""


class Bytecode:
    """The bytecode of an image.

    Args:
        target: the Python of the image.
        python: one of the same version on this machine; None if there is none, and the image gets no bytecode.
        scratch: a folder for what the processes read and write.
        environment: their variables.
    """

    def __init__(self, target: Target, python: Path | None, scratch: Path, environment: Mapping[str, str]) -> None:
        self._target = target
        self._python = python
        self._scratch = scratch
        self._environment = {key: text for key, text in environment.items() if not key.startswith("PYTHON")}
        self._sources: dict[str, Content] = {}
        self._made: dict[str, bytes] = {}

    def beside(self, tree: Tree) -> dict[str, Node]:
        """Return the bytecode of all sources in a tree, at the places where Python looks for it."""
        if self._python is None:
            return {}
        found = {}
        for path, node in tree.items():
            if node.kind == FILE and path.endswith(".py") and node.content is not None:
                folder, _, name = path.rpartition("/")
                made = f"{folder}/__pycache__/{name[:-3]}.{self._tag}.pyc"
                self._sources[path] = node.content
                identity = f"bytecode {_RECIPE} {self._tag} {path} {node.content.identity}"
                found[made] = nodes.file(Content(identity, partial(self._made.get, path)), user=node.user)
        return found

    def make(self, trees: Iterable[Tree]) -> None:
        """Compile what of these trees is bytecode, so that their layers can be written.

        Raises:
            ImageError: the Python does not run.
        """
        wanted = []
        for tree in trees:
            for path in tree:
                folder, slash, name = path.rpartition("/__pycache__/")
                source = f"{folder}/{name.removesuffix(f'.{self._tag}.pyc')}.py" if slash else ""
                if source in self._sources and source not in self._made:
                    wanted.append(source)
        if not wanted:
            return
        workers = min(os.cpu_count() or 1, 1 + len(wanted) // _SHARE)
        shares = [wanted[at::workers] for at in range(workers)]
        with ThreadPoolExecutor(workers) as pool:
            for made in pool.map(self._compiled, range(workers), shares):
                self._made.update(made)

    @property
    def _tag(self) -> str:
        return f"cpython-{self._target.python.replace('.', '').rstrip('t')}"

    def _compiled(self, number: int, sources: list[str]) -> dict[str, bytes]:
        folder = self._scratch / str(number)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            for at, path in enumerate(sources):
                (folder / str(at)).write_bytes(self._sources[path].read() or b"")
            wanted = [[at, f"/{path}"] for at, path in enumerate(sources)]
            (folder / "wanted.json").write_text(json.dumps(wanted), "utf-8")
            command = [str(self._python), "-I", "-S", str(Path(compile_sources.__file__)), str(folder)]
            answer = process.run(command, environment=self._environment, timeout=None)
            if not answer.ok:
                raise ImageError(
                    f"{self._python} compiles no bytecode for the image",
                    details=answer.stderr.splitlines()[-5:],
                    hint=f"see that this Python {self._target.python} runs",
                )
            made = {path: folder / f"{at}.pyc" for at, path in enumerate(sources)}
            return {path: reading.read(place) for path, place in made.items() if place.is_file()}
        finally:
            shutil.rmtree(folder, ignore_errors=True)
