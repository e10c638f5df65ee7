"""The oracle of incremental work is the clean build: whatever happens to a tree, both end with the same bytes.

pytest tests/integration/test_compile_oracle.py --hypothesis-profile nightly      # many more, other ones each time
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from compile_trees import (
    BUILD,
    MODULES,
    NIGHTLY,
    NUMBERS,
    PATHS,
    SETTINGS,
    SHADOWS,
    TEXTS,
    WARM,
    Built,
    Oracle,
    Processes,
    build,
)
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from buildkit.doors import statcache
from buildkit.extensions.pool import WarmTranslators


@pytest.fixture(scope="session")
def processes() -> Processes:
    return Processes()


class Tree(RuleBasedStateMachine):
    """A project to which things happen; after each of them, or after some, it is built.

    `oracle` knows what it must come to, from translators that are new; `processes` counts what is started.
    """

    oracle: Oracle
    processes: Processes

    def __init__(self) -> None:
        super().__init__()
        self._place = Path(tempfile.mkdtemp(prefix="buildkit-tree-"))
        self._root = self._place / "project"
        self._every = self._acts = 1
        self._warm: WarmTranslators | None = None
        self._other_branch: dict[str, bytes] = {}
        self._harmed: dict[str, bytes] = {}

    @initialize(every=st.integers(1, 4), warm=WARM)
    def begin(self, every: int = 1, *, warm: bool = False) -> None:
        (self._root / "src/app").mkdir(parents=True)
        (self._root / "src/app/__init__.py").touch()
        (self._place / "scratch").mkdir()
        self._configure(cdivision=False, exclude=False, extra=False)
        for path in TEXTS:
            self.edit(path, 0)
        self._other_branch = self._tracked()
        self.oracle.tell(self._place / "cache")
        self._every = every
        self._warm = WarmTranslators() if warm else None
        self._acts = -1

    def teardown(self) -> None:
        self._acts = -1
        try:
            self.it_is_built_as_from_nothing_and_a_repeat_does_nothing()
        finally:
            if self._warm:
                self._warm.close()
            shutil.rmtree(self._place, ignore_errors=True)

    # ------------------------------------------------------------------ what happens

    @rule(path=PATHS, number=NUMBERS)
    def edit(self, path: str, number: int) -> None:
        file = self._root / path
        file.parent.mkdir(exist_ok=True)
        file.write_text({**TEXTS, **SHADOWS}[path].replace("{number}", str(number)))

    @rule(path=PATHS, number=NUMBERS)
    def edit_and_set_the_time_back(self, path: str, number: int) -> None:
        file = self._root / path
        if file.exists():
            before = file.stat()
            self.edit(path, number)
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    @rule(path=st.sampled_from(MODULES))
    def break_it(self, path: str) -> None:
        if (self._root / path).exists():
            (self._root / path).write_text("def (:\n")

    @rule(path=st.sampled_from(sorted(SHADOWS)), number=NUMBERS, there=st.booleans())
    def shadow(self, path: str, number: int, there: bool) -> None:
        if there:
            self.edit(path, number)
        else:
            (self._root / path).unlink(missing_ok=True)

    @rule(path=PATHS)
    def touch(self, path: str) -> None:
        if (self._root / path).exists():
            (self._root / path).touch()

    @rule(path=PATHS.filter(lambda path: path != "src/limit.h"))
    def delete(self, path: str) -> None:
        (self._root / path).unlink(missing_ok=True)

    @rule(
        path=st.sampled_from(MODULES), other=st.sampled_from(["src/app/new.py", "src/app/plain.py", "src/app/new.pyx"])
    )
    def rename(self, path: str, other: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self._root / path).rename(self._root / other)

    @rule()
    def switch_to_the_other_branch(self) -> None:
        now, then = self._tracked(), self._other_branch
        for path in now.keys() - then.keys():
            (self._root / path).unlink()
        for path, content in then.items():
            if now.get(path) != content:
                (self._root / path).parent.mkdir(exist_ok=True)
                (self._root / path).write_bytes(content)
        self._other_branch = now

    @rule(cdivision=st.booleans(), exclude=st.booleans(), extra=st.booleans())
    def configure(self, cdivision: bool, exclude: bool, extra: bool) -> None:
        self._configure(cdivision=cdivision, exclude=exclude, extra=extra)

    @rule()
    def set_the_clock_back_by_a_day(self) -> None:
        """What was there before is from tomorrow, for those who come after."""
        for file in self._place.rglob("*"):
            about = file.stat()
            os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns + 86400 * 10**9))

    @rule(moment=st.integers(1, 40))
    def kill_a_build(self, moment: int) -> None:
        assert self._start(moment).wait(60) in {0, -signal.SIGKILL}

    @rule(moment=st.integers(0, 40))
    def build_twice_at_once(self, moment: int) -> None:
        """One of the two may be killed."""
        builds = [self._start(0), self._start(moment)]
        assert [build.wait(60) for build in builds] in ([0, 0], [0, -signal.SIGKILL])

    @rule(
        what=st.sampled_from(["project/.buildkit/*", "cache/**/blobs/*/*", "cache/**/actions/*/*", "**/*.so"]),
        harm=st.sampled_from(["flip", "cut", "delete"]),
        seed=st.integers(0, 1000),
    )
    def harm(self, what: str, harm: str, seed: int) -> None:
        chance = random.Random(seed)
        for file in filter(Path.is_file, sorted(self._place.glob(what))):
            content = bytearray(file.read_bytes())
            if not content:
                continue
            at = chance.randrange(len(content))
            if harm == "delete":
                file.unlink()
            elif harm == "cut":
                file.write_bytes(content[:at])
            else:
                content[at] ^= 1 << chance.randrange(8)
                file.write_bytes(content)
            if file.suffix == ".so" and harm != "delete":
                self._harmed[str(file.relative_to(self._root))] = file.read_bytes()

    def _configure(self, *, cdivision: bool, exclude: bool, extra: bool) -> None:
        text = SETTINGS.format(
            cdivision=str(cdivision).lower(),
            exclude='["app/word.py"]' if exclude else "[]",
            flags='["-DEXTRA=1000"]' if extra else "[]",
        )
        (self._root / "pyproject.toml").write_text(text)

    def _without_left(self, found: Built, expected: Built) -> Built:
        """Leave out harmed extensions of modules that are gone or stay Python: they may be somebody's on purpose."""
        left = {
            path
            for path, content in found.outputs.items()
            if self._harmed.get(path) == content
            and path not in expected.outputs
            and Path(path).name.partition(".")[0] not in {name.rpartition(".")[2] for name in expected.failed}
        }
        return replace(found, outputs={path: found.outputs[path] for path in found.outputs.keys() - left})

    def _tracked(self) -> dict[str, bytes]:
        """Return what a version control system would keep, by path."""
        found = [self._root / "pyproject.toml", *self._root.glob("src/**/*")]
        files = [file for file in found if file.is_file() and file.suffix not in {".so", ".tmp"}]
        return {str(file.relative_to(self._root)): file.read_bytes() for file in files}

    def _start(self, moment: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", BUILD, str(moment)],
            cwd=self._root,
            env={**os.environ, "PYBUILDKIT_CACHE_DIR": str(self._place / "cache"), "TMPDIR": f"{self._place}/scratch"},
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    # ------------------------------------------------------------------ what must hold

    @invariant()
    def it_is_built_as_from_nothing_and_a_repeat_does_nothing(self) -> None:
        self._acts += 1
        if self._acts % self._every or not self._root.exists():
            return
        with ThreadPoolExecutor(1) as pool:
            expected = pool.submit(self.oracle.ask, self._root)
            found, report = build(self._root, self._place / "cache", self._warm)
        assert self._without_left(found, expected.result()) == expected.result(), report
        assert not list(self._root.rglob("*.tmp"))

        before = len(self.processes.started)
        again, report = build(self._root, self._place / "cache", self._warm)
        assert again == found
        assert {row.result for row in report.outcomes} <= {"fresh", "failed", "kept"}, report
        assert self.processes.started[before:] == []


@pytest.fixture
def tree(tmp_path: Path, processes: Processes, monkeypatch: pytest.MonkeyPatch, compiler: str) -> type[Tree]:
    """The machine, with an oracle for it. What was hashed a moment after an edit counts as settled sooner than else."""
    assert compiler
    monkeypatch.setattr(statcache, "RACY_NANOSECONDS", 50_000_000)

    class Here(Tree):
        pass

    Here.oracle, Here.processes = Oracle(tmp_path), processes
    return Here


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_thing_that_can_happen_ends_as_a_build_from_nothing(tree: type[Tree]) -> None:
    here = tree()
    here.begin()
    here.it_is_built_as_from_nothing_and_a_repeat_does_nothing()
    acts: tuple[Callable[[], None], ...] = (
        *(partial(here.shadow, path, 1, there=True) for path in sorted(SHADOWS)),
        *(partial(here.shadow, path, 2, there=True) for path in sorted(SHADOWS)),
        *(partial(here.shadow, path, 0, there=False) for path in sorted(SHADOWS)),
        partial(here.edit_and_set_the_time_back, "src/app/plain.py", 2),
        partial(here.rename, "src/app/plain.py", "src/app/new.py"),
        partial(here.break_it, "src/app/word.py"),
        here.switch_to_the_other_branch,
        here.set_the_clock_back_by_a_day,
        partial(here.edit, "src/app/plain.py", 1),
        here.switch_to_the_other_branch,
        partial(here.configure, cdivision=True, exclude=False, extra=True),
        partial(here.harm, "project/.buildkit/state*", "cut", 1),
        partial(here.harm, "cache/**/blobs/*/*", "flip", 2),
        partial(here.harm, "**/*.so", "flip", 3),
        partial(here.edit, "src/app/fast.pyx", 2),
        partial(here.kill_a_build, 9),
        partial(here.edit, "src/app/plain.py", 0),
        partial(here.build_twice_at_once, 12),
        partial(here.delete, "src/app/shared.pxd"),
        partial(here.delete, "src/app/word.py"),
    )
    for act in acts:
        act()
        here.it_is_built_as_from_nothing_and_a_repeat_does_nothing()
    here.teardown()


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600 if NIGHTLY else 600)
def test_whatever_happens_the_build_ends_as_one_from_nothing(tree: type[Tree]) -> None:
    run_state_machine_as_test(
        tree,
        settings=settings(
            max_examples=100 if NIGHTLY else 4,
            stateful_step_count=40 if NIGHTLY else 25,
            derandomize=not NIGHTLY,
            phases=list(Phase) if NIGHTLY else [Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
