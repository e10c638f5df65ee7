"""Every byte that a build rests on, harmed: it is noticed, and the next build mends it."""

from __future__ import annotations

import io
import os
import random
import shutil
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from plugins.effort import FIGURES
from plugins.projects import APP

from buildkit.config import load
from buildkit.core.fingerprint import digest_bytes
from buildkit.flows.compile import compile_modules
from buildkit.model import Digest, Report
from buildkit.report.console import Console
from buildkit.store import snapshot as snapshots
from buildkit.store import state as states
from buildkit.store.artifacts import Store
from buildkit.store.snapshot import Snapshot
from buildkit.store.state import State

NIGHTLY = settings.get_current_profile_name() == "nightly"


SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")

ONE = {
    "pyproject.toml": APP,
    "src/app/__init__.py": "",
    "src/app/fast.pyx": "def answer(int number):\n    return number + 1\n",
}

pytestmark = pytest.mark.usefixtures("compiler")


def extensions(root: Path) -> dict[str, bytes]:
    return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*.so"))}


@dataclass(frozen=True)
class Built:
    """A project of one module that was built once: the folder has `project` and `cache`, and stays as it is."""

    place: Path
    extension: bytes

    def copy(self, place: Path) -> Path:
        shutil.copytree(self.place, place)
        return place


def build(place: Path) -> tuple[Report, str]:
    """Build `project` in `place` with the store beside it; return the report and what was said."""
    talk = io.StringIO()
    environment = {**os.environ, "PYBUILDKIT_CACHE_DIR": str(place / "cache")}
    return compile_modules(load(place / "project", {}), Console({}, talk=talk), environment), talk.getvalue()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    place = tmp_path_factory.mktemp("built")
    for name, text in ONE.items():
        file = place / "project" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    build(place)
    (content,) = extensions(place).values()
    return Built(place, content)


def harms(content: bytes, step: int) -> Iterator[bytes]:
    """Yield the content with each byte flipped in one bit, then cut at each length; of `step` of them one."""
    for at in range(0, len(content), step):
        harmed = bytearray(content)
        harmed[at] ^= 1 << at % 8
        yield bytes(harmed)
    for length in range(0, len(content), step):
        yield content[:length]


def step_for(content: bytes) -> int:
    """Return of how many bytes one is harmed: each one of a small file, and at night."""
    return 1 if NIGHTLY or len(content) < 10_000 else 23


@pytest.mark.slow
@pytest.mark.timeout(3600 if NIGHTLY else 300)
def test_every_harmed_byte_of_the_store_is_noticed_and_the_entry_put_away(built: Built, tmp_path: Path) -> None:
    warnings: list[str] = []
    store = Store(built.copy(tmp_path / "copy") / "cache", warnings.append)
    stored = [file for kind in ("actions", "blobs") for file in sorted((store.folder / kind).rglob("*/*"))]
    assert len(stored) >= 4
    cases = 0
    for file in stored:
        content, name = file.read_bytes(), Digest(file.name.partition(".")[0])
        read: Callable[[Digest], object] = store.entries if file.parent.parent.name == "actions" else store.get
        whole = read(name)
        assert whole
        for harmed in harms(content, step_for(content)):
            file.write_bytes(harmed)
            warnings.clear()
            found = read(name)
            cases += 1
            if found == whole and file.suffix == ".z":
                continue  # a bit beside the last deflated one has no meaning: the content is whole
            assert not found
            assert not file.exists()
            assert len(warnings) == 1
        file.write_bytes(content)
    FIGURES.info("%d cases", cases)


@pytest.mark.slow
@pytest.mark.timeout(3600 if NIGHTLY else 300)
@pytest.mark.parametrize("name", ["project/.buildkit/state*", "project/.buildkit/seen*", "cache/v1/tools"])
def test_every_harmed_byte_of_what_is_remembered_is_noticed(built: Built, tmp_path: Path, name: str) -> None:
    (kept,) = built.place.glob(name)
    read: Callable[[Path], State | Snapshot] = states.read if "state" in name else snapshots.read
    file, content = tmp_path / kept.name, kept.read_bytes()
    cases = 0
    for harmed in harms(content, step_for(content)):
        file.write_bytes(harmed)
        assert read(file).damaged
        cases += 1
    FIGURES.info("%d cases", cases)


POSITIONS = 200 if NIGHTLY else 4
"""In each file at which whole builds meet a harm, beside its first and last bytes."""


def sample(content: bytes, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yield some harms of a file, each with its name."""
    length = len(content)
    somewhere = {chance.randrange(length) for _ in range(POSITIONS)}
    positions = sorted({0, 64, 65, length - 1, *somewhere} & {*range(length)})
    for at in positions:
        flipped = bytearray(content)
        flipped[at] ^= 1 << chance.randrange(8)
        yield f"byte {at} flipped", bytes(flipped)
    for at in (0, 1, *positions[2::3]):
        yield f"cut at {at}", content[:at]


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600 if NIGHTLY else 300)
def test_whole_builds_mend_what_was_harmed(built: Built, tmp_path: Path) -> None:
    """In the checkout itself, and for what lies in the store in a fresh one, which reads the store."""
    chance = random.Random(22)
    count: Counter[str] = Counter()
    harmed_files = [
        file
        for file in sorted(built.place.rglob("*"))
        if file.is_file() and file.stat().st_size and ({"cache", ".buildkit"} & {*file.parts} or file.suffix == ".so")
    ]
    assert len(harmed_files) >= 6
    for file in harmed_files:
        name = file.relative_to(built.place)
        for harm, content in sample(file.read_bytes(), chance):
            case = tmp_path / "case"
            built.copy(case)
            if name.parts[0] == "cache":
                shutil.rmtree(case / "project/.buildkit")
                (case / f"project/src/app/fast{SUFFIX}").unlink()
            (case / name).write_bytes(content)

            report, talk = build(case)

            words = f"{name}: {harm}: {report.outcomes}: {talk}"
            (extension,) = extensions(case).values()
            assert extension == built.extension, words
            noticed = report.outcomes[0].result != "fresh" or "damaged" in talk
            harmless = name.parts[0] == "cache" and report.outcomes[0].result == "restored"
            # What Git reads is for others, a lock names its holder to those who wait, and by the seconds of the last
            # build the next one says how long it may take. No build rests on any of them.
            harmless = harmless or name.name in {".gitignore", "seconds.json"}
            harmless = harmless or name.suffix == ".lock" or "locks" in name.parts
            assert noticed or harmless, words
            count["noticed" if "damaged" in words else "not read"] += 1
            again, talk = build(case)
            assert [row.result for row in again.outcomes] == ["fresh"], words
            assert talk == "", words
            assert list(case.rglob("*.tmp")) == []
            shutil.rmtree(case)
    FIGURES.info("%s", dict(count))


@pytest.mark.slow
def test_a_harmed_list_of_what_was_begun_hides_nothing(built: Built, tmp_path: Path) -> None:
    """A killed build, then a harm to its list, then the source goes: its extension goes too."""
    (state,) = (built.place / "project/.buildkit").glob("state*")
    begun = state.name.replace("state", "begun").removesuffix(".json")
    digest = digest_bytes(built.extension)
    for at in (2, 20, 40, -1):
        case = built.copy(tmp_path / f"case-{at}")
        root = case / "project"
        (root / "src/app/late.py").write_text("LATE = 1\n")
        build(case)
        late = (root / f"src/app/late{SUFFIX}").read_bytes()
        shutil.copy(state, root / ".buildkit" / state.name)
        from_kill = f'["app.late", "app/late{SUFFIX}", "{digest_bytes(late)}"]'
        line = bytearray(f"\n{digest_bytes(from_kill.encode())[:16]} {from_kill}".encode())
        assert digest != digest_bytes(late)
        line[at] ^= 1
        (root / ".buildkit" / begun).write_bytes(line)
        (root / "src/app/late.py").unlink()

        build(case)

        assert [Path(name).name for name in extensions(case)] == [f"fast{SUFFIX}"], at
