"""Decides of each declared package whether the service uses it; what is not sure is said to be so, with the reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from buildkit.image.usage.closure import Share
from buildkit.image.usage.evidence import Evidence, Found
from buildkit.image.usage.inventory import Distribution
from buildkit.image.usage.use import Use

_PYTEST = "pytest11"
_MOST_PLACES = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one package.

    Args:
        name: the package.
        result: `used`, `unused`, `test-only`, `type-only` or `uncertain`.
        why: the reason, in words.
        places: where it is used.
    """

    name: str
    result: str
    why: str
    places: tuple[str, ...] = ()

    @property
    def is_candidate(self) -> bool:
        """Whether the image may do without it."""
        return self.result in {"unused", "test-only", "type-only"}


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What other packages do with those that may go.

    Args:
        imports: by package, who imports it and where.
        takers: by package, who takes it where it is installed, with the extra that says so.
        hosts: by package, who loads it by an entry point, with the group.
    """

    imports: Mapping[str, Sequence[tuple[str, Use]]] = field(default_factory=dict)
    takers: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    hosts: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a verdict rests on.

    Args:
        evidence: where the project names which package.
        neighbours: what other packages do with it.
        starts: whether it is known what the image starts.
    """

    evidence: Evidence
    neighbours: Neighbours
    starts: bool


def is_used(evidence: Evidence, name: str) -> Verdict | None:
    """Return the verdict on a package that the service itself uses; None for any other."""
    found = evidence.of(name)
    strong = [each for each in found if each.strong and each.role == "runtime"]
    if strong:
        return Verdict(name, "used", strong[0].words, _places(strong))
    return None


def verdict(package: Distribution, share: Share, scene: Scene) -> Verdict:  # noqa: PLR0911 - one for each result
    """Return what is known of an installed package.

    Args:
        package: the package.
        share: what goes with it.
        scene: what is known of the project and the other packages.
    """
    name = package.name
    used = is_used(scene.evidence, name)
    if used is not None:
        return used
    found = scene.evidence.of(name)
    uncertain = _elsewhere(name, found) or _brings(name, share, scene)
    if uncertain is None and name in share.gone:
        uncertain = _taken(name, share.gone, scene.neighbours) or _by_itself(package)
    uncertain = uncertain or _named(name, found) or _nothing_known(package, scene)
    if uncertain is not None:
        return uncertain
    stays = f"; it stays all the same, for {_listed(share.kept_by)}" if share.kept_by else ""
    typed = [each for each in found if each.use.kind == "type"]
    if typed:
        return Verdict(name, "type-only", f"only type checkers see its import{stays}", _places(typed))
    if package.is_stubs:
        return Verdict(name, "type-only", f"it holds nothing but declarations for type checkers{stays}")
    tested = [each for each in found if each.role in {"test", "tool"}]
    if tested or _is_plugin_of_tests(package):
        who = {each.role for each in tested}
        by = "only tests use it" if who <= {"test"} else "only tests and tools of development use it"
        return Verdict(name, "test-only", f"{by}{stays}", _places(tested))
    dynamic = scene.evidence.dynamic
    if dynamic and name in share.gone:
        why = f"nothing names it, but {dynamic[0].place} imports what no source names"
        return Verdict(name, "uncertain", why, tuple(use.place for use in dynamic[:_MOST_PLACES]))
    return Verdict(name, "unused", f"nothing imports, starts or names it{stays}")


def _places(found: Sequence[Found]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.use.place for each in found))[:_MOST_PLACES]


def _elsewhere(name: str, found: Sequence[Found]) -> Verdict | None:
    outside = [each for each in found if each.strong and each.role == "outside"]
    if outside:
        why = f"{outside[0].words}, in a file that is not of the image's packages"
        return Verdict(name, "uncertain", why, _places(outside))
    cimported = [each for each in found if each.use.kind == "cimport" and each.role in {"runtime", "outside"}]
    if cimported:
        why = "Cython takes its declarations: to compile they must be there, and types among them load it at run time"
        return Verdict(name, "uncertain", why, _places(cimported))
    return None


def _brings(name: str, share: Share, scene: Scene) -> Verdict | None:
    """Return the verdict where what goes with it is used."""
    for other in share.gone:
        if other == name:
            continue
        found = [each for each in scene.evidence.of(other) if each.role in {"runtime", "outside"}]
        used = [
            each for each in found if each.strong or each.use.kind in {"cimport", "word", "usual", "path", "program"}
        ]
        if used:
            why = f"it brings {other}, which {used[0].use.place} names and nothing else brings"
            return Verdict(name, "uncertain", why, _places(used))
        taken = _taken(other, share.gone, scene.neighbours)
        if taken is not None:
            return Verdict(name, "uncertain", f"it brings {other}: {taken.why}", taken.places)
    return None


def _taken(name: str, gone: Collection[str], neighbours: Neighbours) -> Verdict | None:
    imports = [(owner, use) for owner, use in neighbours.imports.get(name, ()) if owner not in gone]
    if imports:
        owner, use = imports[0]
        how = "imports it where it is installed" if use.kind == "optional" else "imports it"
        places = tuple(dict.fromkeys(each.place for _, each in imports))[:_MOST_PLACES]
        return Verdict(name, "uncertain", f"{owner} {how}", places)
    for owner, extra in neighbours.takers.get(name, ()):
        if owner not in gone:
            return Verdict(name, "uncertain", f"{owner} takes it where it is installed: its extra {extra}")
    for owner, group in neighbours.hosts.get(name, ()):
        if owner not in gone and group != _PYTEST:
            return Verdict(name, "uncertain", f"{owner} loads what is registered at {group}, as it is")
    return None


def _by_itself(package: Distribution) -> Verdict | None:
    if package.runs_at_start:
        return Verdict(package.name, "uncertain", "a .pth file of it runs at every start of Python")
    return None


def _named(name: str, found: Sequence[Found]) -> Verdict | None:
    weak = [
        each
        for each in found
        if each.role in {"runtime", "outside"} and each.use.kind in {"word", "usual", "program", "path"}
    ]
    if weak:
        usual = weak[0].use.kind == "usual"
        why = "an address without a driver may mean it" if usual else "its name stands in a text"
        return Verdict(name, "uncertain", why, _places(weak))
    return None


def _nothing_known(package: Distribution, scene: Scene) -> Verdict | None:
    if not package.tops and not package.requires and not package.commands:
        return Verdict(package.name, "uncertain", "it has no module that could be imported, so nothing shows its use")
    if package.commands and not scene.starts:
        why = f"it brings the command {package.commands[0]}, and nothing here says what is started"
        return Verdict(package.name, "uncertain", why)
    return None


def _is_plugin_of_tests(package: Distribution) -> bool:
    return any(group == _PYTEST for group, _, _ in package.points)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
