"""Translates all mypyc modules of a project at once into C: a process for one job, as JSON on stdin and stdout."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from buildkit.compile.mypyc.c_files import CFiles, bundle, collected
from buildkit.compile.mypyc.cache import forget, recall, remember
from buildkit.compile.mypyc.file_system import with_content_stamps
from buildkit.compile.mypyc.imports import imported
from buildkit.compile.mypyc.settings import settings_file, settings_text
from buildkit.compile.mypyc.tools import MypycInternals, load
from buildkit.compile.places import Places
from buildkit.compile.recorder import Recorded, Recorder

_STUBS = ("", ".py", ".pyi", "-stubs")


def main() -> None:
    """Do the job on stdin."""
    gc.disable()  # nothing of what is loaded now is garbage
    job = json.loads(sys.stdin.readline())
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever prints must not end up in the answer
    sys.dont_write_bytecode = True
    places = Places(job["source"], tuple(job["site"]), tuple(job["toolchain_folders"]), job["project"])
    for name in [name for name in os.environ if name.startswith("MYPY")]:
        del os.environ[name]  # it would decide without being in any key
    os.environ["LANGUAGE"] = "C"  # or mypy's command line looks for its translation
    tools = load(tuple(job["python"]))
    gc.freeze()
    gc.enable()
    recorder = Recorder(places)
    answers.write(json.dumps(_Program(job, places, tools).translate(recorder)) + "\n")
    answers.flush()
    sys.stderr.flush()
    os._exit(0)  # the program's tree is large, and would be taken apart object by object


class _Program:
    """One translation.

    Args:
        job: what `translator` asks for.
        places: where inputs lie.
        tools: mypy and mypyc.
    """

    def __init__(self, job: Mapping[str, Any], places: Places, tools: MypycInternals) -> None:
        self._job = job
        self._places = places
        self._tools = tools
        self._folder = Path(job["folder"])
        self._cache, self._c = self._folder / "mypy", self._folder / "c"
        self._search: list[str] = []
        self._known: dict[str, Any] = {}
        self._contents: dict[str, str] = {}
        self._generic: dict[str, list[str]] = {}

    def translate(self, recorder: Recorder) -> dict[str, Any]:
        """Translate the program; return the result and the files that were read."""
        words = io.StringIO()
        units: CFiles = {}
        messages: list[str] = []
        broken = False
        self._known = known = recall(self._folder, self._basis())
        self._contents, self._generic = known.get("sources", {}), known.get("generic", {})
        forget(self._folder) if known else shutil.rmtree(self._folder, ignore_errors=True)
        loaded = set(sys.modules)
        with recorder.recording() as reading:
            disk = with_content_stamps(self._tools.fscache.FileSystemCache, self._places)
            with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words):
                try:
                    units = self._units(disk)
                except _Refused as refused:
                    messages = refused.messages
                except (OSError, MemoryError) as error:
                    broken = True
                    messages = [str(error)]
                except (Exception, SystemExit) as error:  # noqa: BLE001 - a crash of mypyc is no crash of the build
                    broken = True
                    messages = [*words.getvalue().splitlines(), f"{type(error).__name__}: {error}"]
                    shutil.rmtree(self._folder, ignore_errors=True)
            for name in sorted(set(sys.modules) - loaded):
                _touch(getattr(sys.modules[name], "__file__", None))  # plugins; their bytecode is no input
        read, probes, steady = recorder.inputs(reading, "")
        read = {name: digest for name, digest in read.items() if not name.endswith(".pyc")}
        own = {probe for probe in probes if "__pycache__" not in probe and not self._leads_to_all(probe)}
        # with a cache, mypy does not look everywhere again
        then = {self._answered(probe[1:]) for probe in known.get("looked", ()) if probe[1:] not in read}
        looked = sorted({*own, *self._absent(disk, reading), *then})
        ok = bool(units)
        if not broken and self._cache.is_dir():
            self._remember(looked)
        if ok:
            Path(self._job["output"]).write_text(bundle(units), "utf-8")
        return {
            "ok": ok,
            "read": read,
            "probes": looked,
            "steady": steady and not broken,
            "words": "\n".join(messages),
        }

    def _units(self, disk: Any) -> CFiles:  # noqa: ANN401
        """Return the files of each library and shim, by the name that it is imported under."""
        tools, job = self._tools, self._job
        sources = {
            name: tools.finder.BuildSource(path, name, None, base_dir=os.getcwd())  # noqa: PTH109 - as mypy asks it
            for name, path in job["modules"]
        }
        groups = [([sources[name] for name in sorted(names)], group) for group, names in sorted(job["groups"].items())]
        options = self._options(sources, disk)
        own = tools.options.CompilerOptions(
            separate=job["separate"],
            target_dir=str(self._c),
            capi_version=tuple(job["python"]),
            group_name=None if job["separate"] else groups[0][1],
        )
        found = self._checked([*sources.values()], options, own, groups, disk)
        try:
            problems = tools.own_errors.Errors(options)
            _, texts, _ = tools.emit.compile_modules_to_c(found, own, problems, groups)
            if problems.num_errors:
                raise _Refused(problems.new_messages())
        finally:
            found.manager.metastore.close()
        return collected(tools, groups, texts, self._c)

    def _checked(self, sources: list[Any], options: Any, own: Any, groups: Any, disk: Any) -> Any:  # noqa: ANN401
        """Type-check the sources, and return mypy's build result.

        What it takes from its cache lacks that a class inherits from `Generic` or its like, so mypyc would make other C
        of the subclasses than from nothing. Here it is given back, as it was when all was well for the last time; what
        changed since is looked at anew, even if mypy has seen it meanwhile.
        """
        tools = self._tools
        contents = {source.module: disk.content(source.path) for source in sources}
        then = self._known.get("sources", {})
        anew = {name for name, digest in contents.items() if then.get(name) != digest}
        plugin = tools.emit.MypycPlugin(options, own, groups)
        try:
            plugins = [plugin, _plugin(tools.plugin.Plugin, options, anew)]
            found = tools.build.build(sources, options, fscache=disk, extra_plugins=plugins)
        except tools.errors.CompileError as error:
            raise _Refused(error.messages) from None
        finally:
            plugin.metastore.close()
        if found.errors:
            found.manager.metastore.close()
            raise _Refused(found.errors)
        self._contents, self._generic = contents, dict(self._known.get("generic", {}))
        for source in sources:
            classes = [*_classes(found.graph[source.module].tree, tools.nodes.TypeInfo)]
            if source.module in found.manager.rechecked_modules:
                self._generic[source.module] = [each.name for each in classes if each.defn.removed_base_type_exprs]
                continue
            for each in classes:
                if each.name in self._generic.get(source.module, ()):
                    each.defn.removed_base_type_exprs.append(tools.nodes.NameExpr("Generic"))
        return found

    def _options(self, sources: Mapping[str, Any], disk: Any) -> Any:  # noqa: ANN401
        tools, job = self._tools, self._job
        settings = settings_file(self._places)
        words = [f"--config-file={settings}", f"--python-executable={sys.executable}", "--command", "pass"]
        _, options = tools.main.process_options(words, fscache=disk, mypyc=True)
        options.python_version = tuple(job["python"])
        options.cache_dir = str(self._cache)
        options.show_traceback = True
        options.export_types = True
        options.incremental = job["separate"]
        options.preserve_asts = True
        options.native_parser = False  # it reads behind the back of the file system cache
        options.num_workers = 0
        options.junit_xml = None
        options.report_dirs = {}
        paths = tools.finder.get_search_dirs(sys.executable)
        self._search = [os.path.abspath(path) for path in (*options.mypy_path, *paths[0], *paths[1])]  # noqa: PTH100
        options.build_type = tools.settings.BuildType.STANDARD  # not the text on the command line
        for name in sources:
            options.per_module_options.setdefault(name, {})["mypyc"] = True
        if not options.strict_optional:
            raise _Refused([f"{settings}: mypyc needs strict_optional"])
        return options

    def _answered(self, name: str) -> str:
        there = any(map(os.path.lexists, self._places.candidates(name)))
        return f"{'+' if there else '-'}{name}"

    def _basis(self) -> list[str]:
        """Return the basis: what must be equal for the cache of the last run to be valid."""
        return [self._job["basis"], settings_text(settings_file(self._places))]

    def _remember(self, looked: list[str]) -> None:
        word = {"sources": self._contents, "generic": self._generic, "looked": looked}
        remember(self._folder, self._basis(), word)

    def _absent(self, disk: Any, reading: Recorded) -> Iterator[str]:  # noqa: ANN401
        """Yield a probe for each file that would shadow an imported module if it appeared on the search path.

        mypy lists these folders and looks no further for a name that is not in the list.
        """
        listings = {path: names for path in self._tops() if (names := disk.listings.get(path)) is not None}
        wanted = imported((*reading.opened, *(path for path in reading.present if path.endswith(".pyi"))))
        for folder, names in listings.items():
            for name in wanted:
                for ending in _STUBS:
                    if name + ending not in names and (found := self._places.name(f"{folder}{os.sep}{name}{ending}")):
                        yield f"-{found}"

    def _leads_to_all(self, probe: str) -> bool:
        """Return whether the probe is about a folder in which inputs lie: they are there themselves, or not."""
        roots = (*self._places.toolchain_folders, *self._places.site, self._places.source)
        folder = f"{self._places.candidates(probe[1:])[0]}{os.sep}"
        return any(f"{root}{os.sep}".startswith(folder) for root in roots)

    def _tops(self) -> Iterator[str]:
        yield os.getcwd()  # noqa: PTH109 - a text
        yield from self._search


def _plugin(plain: Any, options: Any, anew: set[str]) -> Any:  # noqa: ANN401
    """Return a plugin that makes mypy check some modules again."""

    class Anew(plain):  # type: ignore[misc]
        def report_config_data(self, context: Any) -> str | None:  # noqa: ANN401
            return "anew" if context.is_check and context.id in anew else None

    return Anew(options)


def _classes(tree: Any, info: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield the classes that a module defines."""
    for each in tree.names.values() if tree is not None else ():  # none, where nothing that was looked at needs it
        if isinstance(each.node, info) and each.node.module_name == tree.fullname:
            yield each.node


class _Refused(Exception):  # noqa: N818 - a fact
    """The modules are not typed as mypyc needs it."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__()
        self.messages = messages


def _touch(path: str | None) -> None:
    with contextlib.suppress(OSError, TypeError, ValueError):
        Path(path or "").read_bytes()


if __name__ == "__main__":
    main()
