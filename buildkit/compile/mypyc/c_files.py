"""The generated C of a program: the files of each library and shim, and their bundle as one text."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from buildkit.compile.mypyc.tools import MypycInternals

CFiles = dict[str, dict[str, dict[str, str]]]
"""For each library and shim its C files (`texts`) and what they include (`beside`), by their names."""

_INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def collected(tools: MypycInternals, groups: Any, texts: Any, folder: Path) -> CFiles:  # noqa: ANN401
    """Return the C files of each library and shim, and what they include of mypyc's runtime as well.

    Args:
        tools: mypy and mypyc.
        groups: for each library the sources that it holds, and its name.
        texts: for each library the names and texts of what was generated; an empty text means that the file of the last
            run still holds.
        folder: where the generated files stay from run to run.
    """
    generated: dict[str, str] = {}
    mains: dict[str, list[str]] = {}
    for (_, group), files in zip(groups, texts, strict=True):
        mains[tools.common.shared_lib_name(group)] = [name for name, _ in files if name.endswith(".c")]
        for name, text in files:
            generated[name] = text or (folder / name).read_text("utf-8")  # empty: as the last run wrote it
            _write(folder / name, generated[name])
    runtime = Path(tools.emit.__file__).parent.parent / "lib-rt"

    def text_of(name: str) -> str | None:
        if name in generated:
            return generated[name]
        path = runtime / name
        return path.read_text("utf-8") if path.is_file() else None

    units = {
        library: {"texts": {name: generated[name] for name in names}, "beside": included(names, text_of)}
        for library, names in mains.items()
    }
    template = (runtime / "module_shim.tmpl").read_text("utf-8")
    for sources, group in groups:
        for source in sources:
            last = source.module.rpartition(".")[2]
            text = template.format(
                modname=last,
                libname=tools.common.shared_lib_name(group),
                full_modname=tools.names.exported_name(source.module),
            )
            units[source.module] = {"texts": {f"{last}.c": text}, "beside": {}}
    return units


def included(sources: Sequence[str], text: Callable[[str], str | None]) -> dict[str, str]:
    """Return the texts of all files that the C files `sources` include, and those of theirs, by their names.

    Args:
        sources: names of C files; none of them is among the result.
        text: gives the text of the file of a name, None if there is none. `<…>` names it as it is; `"…"` is looked for
            beside the file that says it before.
    """
    found: dict[str, str] = {}
    waiting = [*sources]
    while waiting:
        at = waiting.pop()
        for quoted, angled in _INCLUDE.findall(found.get(at) or text(at) or ""):
            beside = [os.path.normpath(os.path.join(os.path.dirname(at), quoted))] if quoted else []  # noqa: PTH118, PTH120
            for name in (*beside, quoted or angled):
                content = text(name)
                if content is not None:
                    if name not in found and name not in sources:
                        found[name] = content
                        waiting.append(name)
                    break
    return dict(sorted(found.items()))


def bundle(units: CFiles) -> str:
    """Return the files of all units, each text once, under its digest."""
    texts: dict[str, str] = {}
    named: dict[str, dict[str, dict[str, str]]] = {}
    for unit, kinds in units.items():
        for kind, files in kinds.items():
            digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
            named.setdefault(unit, {})[kind] = digests
            texts |= {digests[name]: text for name, text in files.items()}
    return json.dumps({"units": named, "texts": texts}, sort_keys=True)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
