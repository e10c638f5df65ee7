"""Bases that an image could stand on: what each is known for, and what of a project speaks against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from buildkit.config import ImageConfig
from buildkit.dependencies.offers import Offer
from buildkit.doors import process
from buildkit.image import engine
from buildkit.image.oci.target import Target
from buildkit.image.routes import DOCKER, OCI

SLIM, ALPINE, DISTROLESS, OWN = "slim", "alpine", "distroless", "own"
NAMES = (SLIM, ALPINE, DISTROLESS, OWN)

_RISKS = {
    SLIM: "the usual one; Debian's release changes under the tag: name it with its digest, or look with --pull",
    ALPINE: "musl: another resolver of names, other memory for threads, slower allocation; few test on it; "
    "packages of the system have apk's names",
    DISTROLESS: "no shell, no package manager: no system-packages, no look inside while it runs; its Python is the "
    "distribution's and moves with it",
    OWN: "nobody else mends it: it has to be built anew for every fix of its packages",
}
_DEBIAN_OF = {"3.11": ("gcr.io/distroless/python3-debian12", "2.36")}
_DISTROLESS = ("gcr.io/distroless/python3-debian13", "2.41")
_DISTROLESS_PYTHON = "3.13"
_MUSL = "1.2"
_COMPILER = ("gcc", "musl-dev")
_ASK = (
    "import os,platform,sys;"
    "v=platform.libc_ver();"
    "m=sorted(n for n in os.listdir('/lib') if n.startswith('ld-musl-'));"
    "print('%d.%d' % sys.version_info[:2], platform.python_version(), sys.executable or 'python3', platform.machine(), "
    "'musl' if m else v[0], '1.2' if m else v[1])"
)
_WORDS = 6
_PATIENCE = 60.0
_MOST_NAMED = 4


@dataclass(frozen=True, slots=True)
class Variant:
    """One base.

    Args:
        name: `slim`, `alpine`, `distroless`, `own`.
        runtime: the base of the runtime stage.
        build: that of the build stage, which must have the same Python at the same place; empty for none.
        target: the Python that it has.
        sure: whether the base itself said so; else it is what such a base has as a rule.
    """

    name: str
    runtime: str
    build: str
    target: Target
    sure: bool = False

    @property
    def risk(self) -> str:
        """What to think of before taking it."""
        return _RISKS[self.name]

    @property
    def routes(self) -> tuple[str, ...]:
        """What can build on it: an engine needs a base to build on, and none from a folder."""
        by_engine = bool(self.build) and not self.runtime.startswith("oci:")
        return (*([DOCKER] if by_engine else []), OCI)

    @property
    def build_packages(self) -> tuple[str, ...]:
        """What its base to build on lacks of a compiler."""
        return _COMPILER if self.name == ALPINE and self.build == self.runtime else ()


def usual(name: str, python: str, machine: str) -> Variant:
    """Return a variant as it is where the project names no base for it.

    Args:
        name: which one.
        python: the project's Python with one dot.
        machine: the processor, as Python calls it.
    """
    if name == DISTROLESS:
        reference, libc = _DEBIAN_OF.get(python, _DISTROLESS)
        has = python if python in _DEBIAN_OF else _DISTROLESS_PYTHON
        return Variant(name, reference, "", Target(has, f"{has}.0", "/usr/bin/python3", machine, "glibc", libc))
    musl = name == ALPINE
    runtime = f"python:{python}-alpine" if musl else f"python:{python}-slim"
    target = Target(
        python, f"{python}.0", "/usr/local/bin/python3", machine, *(("musl", _MUSL) if musl else ("glibc", "2.41"))
    )
    return Variant(name, runtime, runtime if musl else f"python:{python}", target)


def asked(reference: str, environment: Mapping[str, str]) -> Target | None:
    """Return the Python of a base that the engine has, by starting it; None if there is no such base, or no engine.

    Args:
        reference: the base.
        environment: the variables of the docker client.
    """
    try:
        there = process.run(
            ["docker", "image", "inspect", "--format", "{{.Id}}", reference],
            environment=environment,
            timeout=engine.PATIENCE,
        )
    except OSError:
        return None
    if not there.ok:
        return None
    answer = process.run(
        ["docker", "run", "--rm", "--network", "none", "--entrypoint", "python3", reference, "-c", _ASK],
        environment=environment,
        timeout=_PATIENCE,
    )
    words = answer.stdout.split()
    return Target(*words) if answer.ok and len(words) == _WORDS else None


def against(
    variant: Variant, route: str, settings: ImageConfig, offers: Sequence[Offer], *, compiles: bool
) -> Iterator[str]:
    """Yield what makes an image on this base impossible by one route.

    Args:
        variant: the base.
        route: what builds.
        settings: those of the image.
        offers: what there is of each package.
        compiles: whether modules of the service are compiled.
    """
    none = [_called(each) for each in offers if each.kind == "none"]
    if none:
        yield f"no file of {_named(none)} runs on {_place(variant.target)}, and none can be built"
    if variant.name == DISTROLESS and settings.system_packages:
        yield "system-packages: nothing can be installed in it"
    if route == OCI:
        built = [_called(each) for each in offers if each.kind == "source"]
        if built:
            yield f"{_named(built)} would have to be built, and without an engine only wheels are installed"
        wanted = [key.replace("_", "-") for key in ("assets", "system_packages", "slim") if getattr(settings, key)]
        if wanted:
            yield f"{', '.join(wanted)}: they run in containers, and the builder oci starts none"
        if compiles and not variant.target.is_of_this_machine:
            yield f"modules are compiled, and here nothing compiles for {_place(variant.target)}"


def built(offers: Sequence[Offer]) -> str:
    """Return which packages would be built from sources, in words; empty for none."""
    return _named([_called(each) for each in offers if each.kind == "source"])


def unknown(offers: Sequence[Offer]) -> str:
    """Return the packages of which no file is known, in words; empty for none."""
    return _named([_called(each) for each in offers if each.kind == "unknown"])


def _place(target: Target) -> str:
    return f"Python {target.python} with {target.libc} {target.release}, {target.machine}"


def _called(offer: Offer) -> str:
    return f"{offer.package} {offer.version}".rstrip()


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
