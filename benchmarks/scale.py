"""Other projects, from nothing and afterwards: sympy (730 plain modules), cytoolz and cassandra (`.pyx` and `.pxd`).

    python -m benchmarks scale [--project sympy] [--rounds 5] [--limit N] [--alone] [--quick]

Ours, in `dev`: from nothing; then nothing changed, every file touched, one line edited, a fresh clone with a warm
store, in turns. What is made is imported. The peer is `cythonize -k` without `-i`: it translates and runs no C
compiler, since to compile sympy with its flags takes an hour; so its figures are the part of its work that decides and
translates. For the projects with `.pyx` it is `cythonize -i`, the whole. Expect half an hour for sympy on two cores, a
few minutes for the others; `--alone` leaves the peer out, which makes it a few minutes for sympy too. `--quick` takes
the eight smallest modules, and two rounds: a minute.
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
    parser.add_argument("--alone", action="store_true", help="without the peer")
    parser.add_argument("--quick", action="store_true", help="eight modules, two rounds")
    parser.add_argument("--corpus", type=Path, default=Path(tempfile.gettempdir()) / "buildkit-corpus")
    options = parser.parse_args()
    corpus = PROJECTS[options.project](options.corpus)
    corpus = corpus.limited(8 if options.quick else options.limit)
    print(f"{options.project}, {corpus.size()}; {peers.machine()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="buildkit-bench-") as place:
        Scale(corpus, Path(place), alone=options.alone).run(2 if options.quick else options.rounds)


class Scale:
    """One project, built by ours and, unless `alone`, by its peer."""

    def __init__(self, corpus: Corpus, place: Path, *, alone: bool) -> None:
        self._corpus = corpus
        self._alone = alone
        self._place = place
        self._peer = TRANSLATING if corpus.package == "sympy" else peers.PEERS["cythonize"]
        self._ours = corpus.copy(place / "ours")
        self._theirs = corpus.copy(place / "theirs")
        self._edited = max(corpus.sources, key=lambda file: (corpus.root / file).stat().st_size)
        self._editions = itertools.count(1)
        self._clones = itertools.count()

    def run(self, rounds: int) -> None:
        excused = corpora.uncompiled(self._corpus)
        cold = {tool.name: self._first(tool, tree) for tool, tree in self._tools()}
        print(f"ours: {corpora.verdict(self._ours, excused)}", flush=True)
        empty = self._place / "empty"
        empty.mkdir()
        (empty / "tasks.py").write_text(measure.EMPTY_TASKS)
        times = measure.in_turns(
            rounds,
            empty=lambda: measure.seconds([*measure.INVOKE, "hi"], empty),
            same=self._settled,
            touched=lambda: self._after(DEV, self._ours, self._touch),
            edited=lambda: self._after(DEV, self._ours, self._edit),
            cloned=self._clone,
            **({} if self._alone else self._peers_acts()),
        )
        touched = [] if self._alone else [self._after(self._peer, self._theirs, self._touch)]
        print(f"after the edits: {corpora.verdict(self._ours, excused)}\n", flush=True)
        edit = f"one line of {self._edited}"
        rows = [
            self._row("nothing changed", times["same"], "an empty task", times["empty"]),
            self._row("every file touched", times["touched"], "an empty task", times["empty"]),
            self._row("fresh clone, warm store", times["cloned"], "nothing changed", times["same"]),
            self._row(edit, times["edited"], "nothing changed", times["same"]),
        ]
        if not self._alone:
            name = self._peer.name
            rows += [
                self._row("from nothing", [cold[DEV.name]], name, [cold[name]]),
                self._row("nothing changed", times["same"], name, times["peer_same"]),
                self._row("every file touched", times["touched"], name, touched),
                self._row(edit, times["edited"], name, times["peer_edited"]),
            ]
        measure.table(rows, ("what", "ours dev (s)", "beside", "(s)", "ratio"))

    def _tools(self) -> list[tuple[Peer, Corpus]]:
        return [(DEV, self._ours), *([] if self._alone else [(self._peer, self._theirs)])]

    def _peers_acts(self) -> dict[str, Callable[[], float]]:
        return {
            "peer_same": lambda: self._peer.build(self._theirs),
            "peer_edited": lambda: self._after(self._peer, self._theirs, self._edit),
        }

    def _row(self, what: str, ours: Sequence[float], name: str, peer: Sequence[float]) -> tuple[str, ...]:
        _, own, other, ratio, _ = measure.row(what, ours, peer, "")
        return what, own, name, other, ratio

    def _first(self, tool: Peer, tree: Corpus) -> float:
        tool.prepare(tree)
        taken = tool.build(tree)
        print(f"{tool.name} from nothing: {taken:.1f} s", flush=True)
        return taken

    def _settled(self) -> float:
        """Return the seconds of a build after one that saw the edits of the last round no more as fresh ones."""
        time.sleep(2.5)  # what was just written may still change under the same stamp
        DEV.build(self._ours)
        return DEV.build(self._ours)

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
