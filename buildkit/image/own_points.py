"""The points of `image.check` that are judged otherwise, or only, for an image of the project's own Dockerfile."""

from __future__ import annotations

import json
from collections.abc import Sequence

from buildkit.image import leaks
from buildkit.image.point import Point
from buildkit.image.sight import Sight

_MOST_NAMED = 3


def left_to_the_entrypoint(sight: Sight) -> Point | None:
    """The gates that the service has are up to an entrypoint of the project's own."""
    gates = " and ".join(sight.expected.gates)
    found = f"the image's own entrypoint is to see to {gates}: no gate of the suite runs"
    return Point("entrypoint", found=found, advice=True) if gates else None


def lacks_a_health_check(sight: Sight, ports: Sequence[int]) -> Point:
    """An image without a health check has none in its compose file either, though something waits for that, or asks."""
    name, composed = "health check", sight.compose
    if composed.has_health_check:
        return Point(name, found=f"that of {sight.expected.compose.name}")
    if composed.awaited:
        waits = f"{', '.join(composed.awaited)} waits until {composed.name} is healthy: compose would not start it"
        return Point(name, wrong=f"there is none, and {waits}", remedy=_asking(sight.python, ports[:1] or (8000,)))
    if ports:
        found = f"there is none, and it listens on {', '.join(map(str, ports))}"
        return Point(name, found=found, advice=True, remedy=_asking(sight.python, ports))
    return Point(name, found="none, and it listens on no port")


def _asking(python: str, ports: Sequence[int]) -> tuple[str, ...]:
    """Return the instruction that asks a port by the image's Python; the path is for its author to name."""
    ask = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{ports[0]}/health', timeout=4)"
    return (f"HEALTHCHECK --start-period=60s CMD {json.dumps([python, '-c', ask])}",)


def module_is_imported(sight: Sight) -> Point | None:
    """The module that the command loads can be imported in a container, without network, database and data."""
    if not sight.inside:
        return None
    name, failure, broken = sight.module
    if not name:
        return None
    point, words = "module of the command", f"{name}: {failure}"
    if broken:
        return Point(point, wrong=words)
    return Point(point, found=f"without network, database and data {words}" if failure else name, absent=bool(failure))


def user_is_not_root(sight: Sight) -> Point | None:
    """What the command started runs as another user than root."""
    if not sight.inside:
        return None
    seen, begins = sight.trial[0], int(sight.inside["user"])
    users = seen.users if seen is not None and seen.users else (begins,)
    wrong = "" if any(users) else "the service runs as root"
    remedy = () if any(users) else ("RUN useradd --create-home --uid 10001 service", "USER 10001")
    return Point("user", wrong=wrong, found=f"user {max(users)}", remedy=remedy)


def ends_when_asked(sight: Sight) -> Point | None:
    """A container that is asked to stop ends, and need not be killed."""
    stops = sight.stops
    if stops is None:
        return None
    late = "it does not end when it is asked to (SIGTERM), and is killed with what it was doing"
    remedy = () if stops else ("exec before the program in a shell or script, and JSON form: CMD [...]",)
    return Point("stops when asked", found="it does" if stops else late, advice=not stops, remedy=remedy)


def folders_may_be_written(sight: Sight) -> Point | None:
    """The service may write to the folders that the settings name; whether to its HOME is said."""
    if not sight.inside:
        return None
    home, closed = str(sight.inside["home"]), list(sight.inside["closed"])
    if closed:
        return Point("folders may be written", wrong=f"the service cannot write to {', '.join(closed)}")
    if not sight.inside["at_home"]:
        found = f"HOME is {home or 'not set'}, which the user cannot write: packages that keep files there fail"
        return Point("folders may be written", found=found, advice=True, remedy=("ENV HOME=/tmp",))
    return Point("folders may be written", found=", ".join((home, *sight.expected.writable)))


def carries_no_secret(sight: Sight) -> Point:
    """No layer of the image has a secret, nor have its variables and its history."""
    name, seen = "secrets in layers", sight.leaks
    if seen.why_not:
        return Point(name, wrong=f"it cannot be told: {seen.why_not}")
    found = [leaks.words(each) for each in seen.leaks]
    more = f", and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    wrong = f"{'; '.join(found[:_MOST_NAMED])}{more}"
    remedy = ("RUN --mount=type=secret,id=NAME,env=NAME ...    # and change what was in the image: it is known",)
    return Point(name, wrong=wrong, found=f"none in {seen.layers} layers", remedy=remedy if found else ())


def has_no_burden(sight: Sight) -> Point | None:
    """The image has no compiler and no packages for tests, which the text of a Dockerfile need not tell."""
    if not sight.inside:
        return None
    found = [*map(str, sight.inside["tools"]), *map(str, sight.inside["tests"])]
    if not found:
        return Point("only what it needs", found="no compiler, no packages for tests")
    says = f"{', '.join(found)} {'is' if len(found) == 1 else 'are'} in the image, and a service needs none of it"
    return Point("only what it needs", found=says, advice=True)
