"""Other projects, from nothing and afterwards: sympy (738 plain modules), cytoolz and cassandra (`.pyx` and `.pxd`).

    python benchmarks/scale.py [--project sympy] [--rounds 5] [--limit N] [--quick]

Ours, in `dev`: from nothing; then nothing changed, every file touched, one line edited, a fresh clone with a warm
store, in turns. What is made is imported. The peer is `cythonize -k` without `-i`: it translates and runs no C
compiler, since to compile sympy with its flags takes an hour; so its figures are the part of its work that decides and
translates. For the projects with `.pyx` it is `cythonize -i`, the whole. Expect half an hour for sympy on two cores, a
few minutes for the others. `--quick` takes the eight smallest modules, and two rounds: a minute.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import corpora
import measure
import peers
from corpora import Corpus
from peers import Peer

DEV = peers.ours("dev")
PROJECTS = {"sympy": corpora.sympy, "cytoolz": corpora.cytoolz, "cassandra": corpora.cassandra}
TRANSLATING = Peer(
    "cythonize, C alone",
    "cythonize without -i",
    prepare=lambda _: None,
    command=peers.cythonize,
    environment=lambda _: {},
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", choices=sorted(PROJECTS), default="sympy")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=int, default=0, help="take the N smallest modules alone")
    parser.add_argument("--quick", action="store_true", help="eight modules, two rounds")
    parser.add_argument("--corpus", type=Path, default=Path(tempfile.gettempdir()) / "buildkit-corpus")
    options = parser.parse_args()
    corpus = PROJECTS[options.project](options.corpus)
    corpus = corpus.limited(8 if options.quick else options.limit)
    print(f"{options.project}, {corpus.size()}; {peers.machine()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="buildkit-bench-") as place:
        Scale(corpus, Path(place)).run(2 if options.quick else options.rounds)


class Scale:
    """One project, built by ours and by its peer."""

    def __init__(self, corpus: Corpus, place: Path) -> None:
        self._corpus = corpus
        self._place = place
        self._peer = TRANSLATING if corpus.package == "sympy" else peers.PEERS["cythonize"]
        self._ours = corpus.copy(place / "ours")
        self._theirs = corpus.copy(place / "theirs")
        self._edited = max(corpus.sources, key=lambda file: (corpus.root / file).stat().st_size)
        self._editions = itertools.count(1)
        self._clones = itertools.count()

    def run(self, rounds: int) -> None:
        excused = corpora.uncompiled(self._corpus)
        cold = {DEV.name: self._first(DEV, self._ours), self._peer.name: self._first(self._peer, self._theirs)}
        print(f"ours: {corpora.verdict(self._ours, excused)}", flush=True)
        time.sleep(2.5)  # what was just written may still change under the same stamp
        empty = self._place / "empty"
        empty.mkdir()
        (empty / "tasks.py").write_text(measure.EMPTY_TASKS)
        times = measure.in_turns(
            rounds,
            empty=lambda: measure.seconds([*measure.INVOKE, "hi"], empty),
            same=lambda: DEV.build(self._ours),
            touched=lambda: self._after(DEV, self._ours, self._touch),
            edited=lambda: self._after(DEV, self._ours, self._edit),
            cloned=self._clone,
            peer_same=lambda: self._peer.build(self._theirs),
            peer_edited=lambda: self._after(self._peer, self._theirs, self._edit),
        )
        touched = [self._after(self._peer, self._theirs, self._touch)]
        print(f"after the edits: {corpora.verdict(self._ours, excused)}\n", flush=True)
        edit = f"one line of {self._edited}"
        measure.table(
            [
                self._row("from nothing", [cold[DEV.name]], self._peer.name, [cold[self._peer.name]]),
                self._row("nothing changed", times["same"], "an empty task", times["empty"]),
                self._row("", times["same"], self._peer.name, times["peer_same"]),
                self._row("every file touched", times["touched"], "an empty task", times["empty"]),
                self._row("", times["touched"], self._peer.name, touched),
                self._row(edit, times["edited"], self._peer.name, times["peer_edited"]),
                self._row("fresh clone, warm store", times["cloned"], "nothing changed", times["same"]),
            ],
            ("what", "ours dev (s)", "beside", "(s)", "ratio"),
        )

    def _row(self, what: str, ours: Sequence[float], name: str, peer: Sequence[float]) -> tuple[str, ...]:
        _, own, other, ratio, _ = measure.row(what, ours, peer, "")
        return what, own, name, other, ratio

    def _first(self, tool: Peer, tree: Corpus) -> float:
        tool.prepare(tree)
        taken = tool.build(tree)
        print(f"{tool.name} from nothing: {taken:.1f} s", flush=True)
        return taken

    def _after(self, tool: Peer, tree: Corpus, change: Callable[[Corpus], None]) -> float:
        change(tree)
        return tool.build(tree)

    def _touch(self, tree: Corpus) -> None:
        for source in tree.sources:
            (tree.root / source).touch()

    def _edit(self, tree: Corpus) -> None:
        file = tree.root / self._edited
        original = (self._corpus.root / self._edited).read_text()
        file.write_text(f"{original}\nEDITION = {next(self._editions)}\n")

    def _clone(self) -> float:
        """Return the seconds of a build in a new copy of the tree, which finds everything in the store."""
        clone = self._corpus.copy(self._place / f"clone{next(self._clones)}")
        shutil.copy(self._ours.root / self._edited, clone.root / self._edited)
        DEV.prepare(clone)
        taken = measure.seconds(DEV.command(clone), clone.root, DEV.environment(self._ours))
        shutil.rmtree(clone.root)
        return taken


if __name__ == "__main__":
    main()
