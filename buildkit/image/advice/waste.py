"""What is sent and no image needs: environments, caches, history, folders that nothing takes."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Iterator

from buildkit.core.sizes import in_words
from buildkit.doors import reading
from buildkit.image.advice.finding import Change, Finding
from buildkit.image.advice.scene import Scene, amount, within
from buildkit.image.rules import escaped

_CACHE = b"Signature: 8a477f597d28d172789f06886806bc55"
_LARGE = 50_000_000
"""Bytes of a folder, taken with all the rest, from which a person is asked whether the image needs it."""

_NEARLY_ALL = 0.9
_VERSIONS = re.compile(
    r"setuptools[-_]scm|hatch-vcs|versioneer|versioningit|dunamai|dynamic-versioning|pdm.*scm", re.DOTALL
)


def findings(scene: Scene, known: Iterable[Finding]) -> Iterator[Finding]:
    """Yield what is sent in vain.

    Args:
        scene: the build.
        known: what was found already.
    """
    seen = {path for finding in known for path in finding.paths}
    candidates = [*_roots(scene), *_not_taken(scene)]
    bytecode: list[str] = []
    alone: list[str] = []
    for root, code, words in sorted(candidates, key=lambda each: each[0]):  # of one path, the first of these
        if code == "bytecode":
            bytecode.append(root)
        if within(root, frozenset(seen)):
            continue
        seen.add(root)
        if code == "bytecode":
            alone.append(root)
        else:
            yield _kept_out(scene, code, [root], words, made_again=code != "not-taken")
    if alone:
        found = _kept_out(scene, "bytecode", alone, "what Python made of sources on this machine", made_again=True)
        yield found._replace(proposal="**/__pycache__", changes=_changes(scene, ["**/__pycache__"]), paths=(*bytecode,))
    if scene.whole is not None:
        yield from _large(scene, frozenset(seen))


def _roots(scene: Scene) -> Iterator[tuple[str, str, str]]:
    for entry in scene.context.entries:
        above, _, name = entry.path.rpartition("/")
        if name == "pyvenv.cfg" and above and stat.S_ISREG(entry.mode):
            yield above, "virtual-environment", "a virtual environment of this machine"
        elif name == "CACHEDIR.TAG" and above and _is_cache(scene, entry.path):
            yield above, "cache", "a cache, as its CACHEDIR.TAG says"
        elif name == ".git" and not _asks_git(scene):
            yield entry.path, "history", "the history of the sources, which changes at each commit"
        elif name == "__pycache__":
            yield entry.path, "bytecode", ""


def _is_cache(scene: Scene, path: str) -> bool:
    try:
        return reading.read(scene.root / path).startswith(_CACHE)
    except OSError:
        return False


def _asks_git(scene: Scene) -> bool:
    """Whether the project's version comes from git, so that its build needs the history."""
    try:
        text = reading.read_text(scene.root / "pyproject.toml", errors="replace")
    except OSError:
        return False
    return _VERSIONS.search(text) is not None


def _not_taken(scene: Scene) -> Iterator[tuple[str, str, str]]:
    """Find the top folders that no instruction takes anything of."""
    if not scene.sources or scene.whole is not None or scene.needs.unknown:
        return
    taken = {entry.path.partition("/")[0] for entry in scene.needs.entries}
    for entry in scene.context.entries:
        if "/" not in entry.path and stat.S_ISDIR(entry.mode) and entry.path not in taken:
            yield entry.path, "not-taken", "no instruction takes anything of it"


def _large(scene: Scene, seen: frozenset[str]) -> Iterator[Finding]:
    """Ask about large folders that are taken with all the rest."""
    sizes: dict[str, int] = {}
    inside: dict[str, list[str]] = {}
    for entry in scene.context.entries:
        if within(entry.path, seen):
            continue
        above = entry.path.rpartition("/")[0]
        if stat.S_ISDIR(entry.mode):
            inside.setdefault(above, []).append(entry.path)
            continue
        while above:
            sizes[above] = sizes.get(above, 0) + entry.size
            above = above.rpartition("/")[0]
    whole = scene.whole
    assert whole is not None  # noqa: S101 - who calls asked
    for top in inside.get("", ()):
        folder = top
        while deeper := [
            each for each in inside.get(folder, ()) if sizes.get(each, 0) > _NEARLY_ALL * sizes.get(folder, 0)
        ]:
            folder = deeper[0]
        if sizes.get(folder, 0) >= _LARGE:
            found = _kept_out(scene, "large", [folder], f'it is sent since "{whole.written}" takes all')
            yield found._replace(held_by=f'"{whole.written}" takes it: a person knows whether the image needs it')


def _kept_out(scene: Scene, code: str, roots: list[str], words: str, *, made_again: bool = False) -> Finding:
    files, size = amount(scene.entries_in(roots))
    lines = [f"/{escaped(root)}" for root in roots]
    plain = all(line == line.strip() and line.isprintable() for line in lines)
    return Finding(
        code,
        roots[0] if len(roots) == 1 else f"{len(roots)} places",
        f"{words}: {in_words(size)} that no build of an image needs" if made_again else words,
        files,
        size,
        lines[0],
        _changes(scene, lines) if plain else (),
        tuple(roots),
        made_again=made_again,
    )


def _changes(scene: Scene, lines: Iterable[str]) -> tuple[Change, ...]:
    """Return the lines; where there are exceptions, also for what these bring back from inside of an ignored folder."""
    endings = ("", "/**") if any(rule.keeps for rule in scene.ignore.rules) else ("",)
    return tuple(Change(0, f"{line}{ending}") for line in lines for ending in endings)
