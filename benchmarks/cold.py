"""P4, P5: docutils from nothing, by this project and by its peers, in turns; and how busy the cores are meanwhile.

    python -m benchmarks cold [--rounds 3] [--peers cythonize,rough] [--limit N] [--quick]

Each build has a new copy of the sources and an empty store; the *warm* ones the store of the build before. A round of
all peers takes about half an hour on two cores (cythonize, setuptools, ninja and ccache six minutes each), so the whole
takes an hour and a half; with `--peers cythonize,rough` a round takes nine minutes, with `--limit 90`, which has a
quarter of the lines, all take ten.
`--quick` builds four small modules once, in about a minute: it shows that all of it works, and its ratios mean nothing.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cores
import corpora
import measure
import peers
from corpora import Corpus
from peers import Peer

ALL = "cythonize,setuptools,ninja,ninja-debug,ccache,rough"
DEV, RELEASE = peers.ours("dev"), peers.ours("release")
WARM = replace(RELEASE, name=f"{RELEASE.name} warm")
TARGETS = [
    ("P4", DEV, "cythonize", "≤ 0.05"),
    ("P4", DEV, "rough", "≤ 1.1"),
    ("P5", RELEASE, "cythonize", "≤ 0.4"),
    ("", RELEASE, "setuptools", ""),
    ("", RELEASE, "ninja", ""),
    ("", DEV, "ninja-debug", ""),
    ("", RELEASE, "ccache", ""),
    ("", WARM, "ccache warm", ""),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default=ALL, help=f"of {ALL}")
    parser.add_argument("--limit", type=int, default=0, help="take the N smallest modules alone")
    parser.add_argument("--quick", action="store_true", help="four small modules, one round")
    parser.add_argument("--corpus", type=Path, default=Path(tempfile.gettempdir()) / "buildkit-corpus")
    options = parser.parse_args()
    corpus = corpora.docutils(options.corpus)
    corpus = corpus.limited(4 if options.quick else options.limit)
    options.rounds = 1 if options.quick else options.rounds
    print(f"docutils 0.23, {corpus.size()}; {peers.machine()}", flush=True)
    builds = Builds(corpus)
    tools = [DEV, RELEASE, *peers.chosen(options.peers)]
    for number in range(options.rounds):
        for tool in tools if number % 2 == 0 else reversed(tools):
            with tempfile.TemporaryDirectory(prefix="buildkit-bench-") as place:
                builds.once(tool, Path(place))
    builds.report()


class Builds:
    """The builds of one corpus, and what they came to."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._uncompiled = corpora.uncompiled(corpus)
        self._seconds: dict[str, list[float]] = {}
        self._verdicts: dict[str, str] = {}
        self._busy: dict[str, list[cores.Busy]] = {}

    def once(self, tool: Peer, place: Path) -> None:
        """Build from nothing."""
        tree = self._corpus.copy(place / "tree")
        tool.prepare(tree)
        found = (
            cores.busy(tool.command(tree), tree.root, tool.environment(tree), peers.CORES)
            if tool in {DEV, RELEASE}
            else None
        )
        if found is None:
            self._keep(tool.name, tool.build(tree), tree)
        else:
            self._keep(tool.name, found.seconds, tree)
            self._busy.setdefault(tool.name, []).append(found)
        if tool.name in {RELEASE.name, "ccache"}:  # again in a new copy: what it kept stands beside the tree
            shutil.rmtree(tree.root)
            self._corpus.copy(tree.root)
            tool.prepare(tree)
            self._keep(f"{tool.name} warm", tool.build(tree), tree)

    def report(self) -> None:
        """Print what each tool took, and the ratios."""
        rows = [(name, measure.spread(times), self._verdicts[name]) for name, times in self._seconds.items()]
        print()
        measure.table(rows, ("tool", "from nothing (s)", "check"))
        print()
        measure.table(list(self._ratios()))
        print("\nthe cores until the last module starts (target: ≥ 95 % used by the build)")
        for name, found in self._busy.items():
            used, idle = (statistics.median(getattr(build, part) for build in found) for part in ("used", "idle"))
            print(f"  {name}: {used:.1%} used by the build, {idle:.1%} idle")

    def _ratios(self) -> Sequence[tuple[str, str, str, str, str]]:
        times = self._seconds
        return [
            measure.row(f"{target:2} {own.name} / {peer}", times[own.name], times[peer], bound)
            for target, own, peer, bound in TARGETS
            if peer in times
        ]

    def _keep(self, name: str, seconds: float, tree: Corpus) -> None:
        verdict = corpora.verdict(tree, self._uncompiled)
        print(f"{name}: {seconds:.1f} s, {verdict}", flush=True)
        self._seconds.setdefault(name, []).append(seconds)
        if not self._verdicts.get(name, "").endswith(")"):  # what is wrong with one round is wrong
            self._verdicts[name] = verdict


if __name__ == "__main__":
    main()
