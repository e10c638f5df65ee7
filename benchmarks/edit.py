"""P3: one line edited, until the new module can be imported; and what one edited `.pxd` makes each tool rebuild.

    python -m benchmarks edit [--rounds 10] [--peers cythonize,ninja-debug] [--quick]

The first part edits `docutils/nodes.py` (3 389 lines) in a tree that is built: a line of code, then a comment that
moves no line. Ours has all 110 modules to look at, the peers five, which is to their advantage. The second part edits
one `.pxd` in a graph of 300 modules and compares what was made anew with the parts that rest on it, and what the
modules then compute with what they should. It takes about half an hour on two cores: cythonize needs two minutes for
an edit, and each tool first builds the graph. `--quick` edits a smaller module and has a graph of 12, in two minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.pool import Pool
from pathlib import Path

import corpora
import measure
import peers
import rough
from corpora import Corpus
from layers import Graph
from peers import Peer

ALL = "cythonize,setuptools,ninja-debug"
DEV = peers.ours("dev")
UNOPTIMIZED = {"CFLAGS": "-O0"}  # what is rebuilt does not depend on it

_VALUES = """
import importlib, json, sys
sys.path.insert(0, "")
print(json.dumps({name: importlib.import_module(name).value() for name in json.load(sys.stdin)}))
"""


_LOOP = """
import os, sys
from pathlib import Path
from buildkit.config import load
from buildkit.errors import CompileError
from buildkit.flows.compile import compile_modules
from buildkit.extensions.pool import WarmTranslators
from buildkit.report.console import Console
warm = WarmTranslators()
for _ in sys.stdin:
    try:
        compile_modules(load(Path.cwd(), os.environ), Console(os.environ), os.environ, warm=warm)
    except CompileError:
        pass  # the module that Cython refuses
    print("built", flush=True)
warm.close()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, help="of ours and of the translation; a peer has one in five")
    parser.add_argument("--peers", default=ALL, help=f"of {ALL}")
    parser.add_argument("--quick", action="store_true", help="a smaller module, a graph of 12 modules, two rounds")
    parser.add_argument("--corpus", type=Path, default=Path(tempfile.gettempdir()) / "buildkit-corpus")
    options = parser.parse_args()
    others = peers.chosen(options.peers)
    print(peers.machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="buildkit-bench-") as place:
        source = "docutils/utils/code_analyzer.py" if options.quick else "docutils/nodes.py"
        corpus = corpora.docutils(options.corpus)
        if options.quick:
            corpus = replace(corpus, only=(source, *corpus.limited(4).only))
        one_line(corpus, source, others, 2 if options.quick else options.rounds, Path(place) / "line")
        declaration(Graph(4, 3) if options.quick else Graph(6, 50), others, Path(place) / "graph")


# ---------------------------------------------------------------------- one line


class Edited:
    """One source in one tree, edited again and again."""

    def __init__(self, tree: Corpus, source: str) -> None:
        self.tree = tree
        self._file = tree.root / source
        self._module = source.rpartition(".")[0].replace("/", ".")
        self._text = self._file.read_text()
        self._code = self._comment = 0
        self._write()

    def code(self) -> None:
        self._code += 1
        self._write()

    def comment(self) -> None:
        self._comment += 1
        self._write()

    def check(self) -> None:
        """Stop the benchmark unless an import gives the extension of what was written last."""
        show = f"import {self._module} as m; print(m.EDITION, m.__file__)"
        done = subprocess.run(
            [str(measure.PYTHON), "-c", show], cwd=self.tree.root, capture_output=True, text=True, check=True
        )
        edition, file = done.stdout.split()
        if int(edition) != self._code or not file.endswith(peers.SUFFIX):
            raise SystemExit(f"{self.tree.root.name}: edition {edition} of {self._code} in {file}")

    def _write(self) -> None:
        self._file.write_text(f"{self._text}\n\n# comment {self._comment}\nEDITION = {self._code}\n")


def one_line(corpus: Corpus, source: str, others: list[Peer], rounds: int, place: Path) -> None:
    """Time edits of `source` with ours against Cython's own translation, then with the peers."""
    print(f"\none line of {source}, to importable (dev)", flush=True)
    few = (source, *corpus.limited(4).only)
    trees = {
        "ours": corpus,
        "loop": corpus,
        "translation": corpus,
        **{peer.name: replace(corpus, only=few) for peer in others},
    }
    edited = {name: Edited(tree.copy(place / name), source) for name, tree in trees.items()}
    for tool in (DEV, *others):
        own = edited["ours" if tool is DEV else tool.name]
        tool.prepare(own.tree)
        tool.build(own.tree)
        own.check()
    with rough.warm(1, edited["translation"].tree.root) as pool, _loop(edited["loop"].tree) as loop:
        pool.apply(rough.translate, (source,))
        rows = list(_rows(edited, source, others, rounds, pool, loop))
    measure.table(rows, ("edit", "ours (s)", "peer", "peer (s)", "ratio", "target"))


def _rows(
    edited: dict[str, Edited],
    source: str,
    others: list[Peer],
    rounds: int,
    pool: Pool,
    loop: subprocess.Popen[str],
) -> Iterable[tuple[str, ...]]:
    for what, edit in (("code", Edited.code), ("comment", Edited.comment)):
        times = measure.in_turns(
            rounds,
            ours=_timed(DEV, edited["ours"], edit),
            loop=_looped(loop, edited["loop"], edit),
            translation=_translated(pool, edited["translation"], source, edit),
        )
        warm = "translation in a warm process"
        yield _row(f"{what}, in `invoke dev`", times["loop"], warm, times["translation"], "P3 ≤ 1.3")
        yield _row(what, times["ours"], warm, times["translation"], "")
        for peer in others:
            build = _timed(peer, edited[peer.name], edit)
            yield _row(what, times["ours"], peer.name, [build() for _ in range(max(1, rounds // 5))], "")


def _row(what: str, ours: list[float], name: str, peer: list[float], target: str) -> tuple[str, ...]:
    _, own, other, ratio, bound = measure.row(what, ours, peer, target)
    return what, own, name, other, ratio, bound


def _timed(tool: Peer, edited: Edited, edit: Callable[[Edited], None]) -> Callable[[], float]:
    def build() -> float:
        edit(edited)
        taken = tool.build(edited.tree)
        edited.check()
        return taken

    return build


@contextmanager
def _loop(tree: Corpus) -> Iterator[subprocess.Popen[str]]:
    """Give a process that builds the tree for every line it gets, with warm translators as `invoke dev` has."""
    DEV.prepare(tree)
    environment = {**os.environ, **DEV.environment(tree)}
    process = subprocess.Popen(
        [str(measure.PYTHON), "-c", _LOOP],
        cwd=tree.root,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        _ask(process)
        yield process


def _ask(loop: subprocess.Popen[str]) -> None:
    assert loop.stdin is not None
    assert loop.stdout is not None
    loop.stdin.write("build\n")
    loop.stdin.flush()
    if loop.stdout.readline() != "built\n":
        raise SystemExit("the loop ended before it had built")


def _looped(loop: subprocess.Popen[str], edited: Edited, edit: Callable[[Edited], None]) -> Callable[[], float]:
    def build() -> float:
        edit(edited)
        start = time.perf_counter()
        _ask(loop)
        taken = time.perf_counter() - start
        edited.check()
        return taken

    return build


def _translated(pool: Pool, edited: Edited, source: str, edit: Callable[[Edited], None]) -> Callable[[], float]:
    def translate() -> float:
        edit(edited)
        return pool.apply(rough.translate, (source,))

    return translate


# ---------------------------------------------------------------------- one declaration


def declaration(graph: Graph, others: list[Peer], place: Path) -> None:
    """Edit the `.pxd` in the middle and see what each tool makes anew, and whether the modules are then right."""
    expected = graph.above(graph.middle)
    print(f"\none .pxd of a graph of {len(graph.parts)} modules, which {len(expected)} modules rest on", flush=True)
    rows = []
    for tool in (DEV, *others):
        tree = graph.write(place / tool.name.replace(" ", "-"))
        tool.prepare(tree)
        environment = {**UNOPTIMIZED, **tool.environment(tree)} if tool is not DEV else tool.environment(tree)
        measure.seconds(tool.command(tree), tree.root, environment)
        if _values(tree) != graph.values():
            raise SystemExit(f"{tool.name}: the graph computes something else before any edit")
        time.sleep(2.5)  # what was just written may still change under the same stamp
        graph.edit(tree.root, 1000)
        before = _stamps(tree.root)
        start = time.perf_counter()
        command = [*tool.command(tree), *(["--json"] if tool is DEV else [])]
        done = subprocess.run(
            command,
            cwd=tree.root,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        taken = time.perf_counter() - start
        made = _compiled(done.stdout) if tool is DEV else _newer(before, _stamps(tree.root))
        wrong = sum(value != graph.values(1000)[name] for name, value in _values(tree).items())
        rows.append(
            (
                tool.name,
                f"{taken:.2f}",
                *(str(len(part)) for part in (made, expected - made, made - expected)),
                str(wrong),
            )
        )
    measure.table(rows, ("tool", "seconds", "rebuilt", "missed", "needless", "wrong when run"))
    print(f"target: ours rebuilds {len(expected)}, misses none, none needless, none wrong")


def _values(tree: Corpus) -> dict[str, int]:
    done = subprocess.run(
        [str(measure.PYTHON), "-c", _VALUES],
        cwd=tree.root,
        input=json.dumps(tree.modules),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, int] = json.loads(done.stdout)
    return found


def _stamps(root: Path) -> dict[str, int]:
    """Return when each C file was written: setuptools copies every extension in place, whether it is new or not."""
    return {file.stem: file.stat().st_mtime_ns for file in root.rglob("*.c")}


def _newer(before: dict[str, int], after: dict[str, int]) -> set[str]:
    return {name for name, stamp in after.items() if before.get(name) != stamp}


def _compiled(text: str) -> set[str]:
    rows = json.loads(text)["modules"]
    return {row["module"].rpartition(".")[2] for row in rows if row["outcome"] != "fresh"}


if __name__ == "__main__":
    main()
