"""The points of `image.check`: what must hold so that image, compose file, volume and database fit together.

Each point is a function from the `Sight` to a verdict, or to None if the point does not apply. To add one, write a
function here and put its name into `POINTS`, whose order is that of the output.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from buildkit.core.sizes import in_words
from buildkit.image import own_points, trial
from buildkit.image.point import Point
from buildkit.image.sight import Sight

ENTRYPOINT = "buildkit.runtime"


def points(sight: Sight) -> Iterator[Point]:
    """Yield the verdict on each point that applies; without an image, only that there is none."""
    yield is_built(sight)
    if sight.built is None:
        return
    for judge in POINTS:
        point = judge(sight)
        if point is not None:
            yield point


def is_built(sight: Sight) -> Point:
    """The engine has the image."""
    name, built = "image is built", sight.built
    if built is None:
        return Point(name, wrong=f"the engine has no {sight.image}")
    return Point(name, found=f"{sight.image}, {in_words(built.size)}")


def is_of_these_sources(sight: Sight) -> Point:
    """A build would leave the image as it is."""
    return Point("image is of these sources", wrong=sight.due(), found="it is")


def entrypoint_is_the_gates(sight: Sight) -> Point | None:
    """The image's entrypoint runs the gates before any command; one of a project's own Dockerfile need not."""
    if not sight.gated:
        return own_points.left_to_the_entrypoint(sight)
    wrong = f"it is {json.dumps(sight.entrypoint)}, not python -m {ENTRYPOINT} --"
    begins = ENTRYPOINT in sight.entrypoint
    return Point("entrypoint is the gates", wrong="" if begins else wrong, found=" ".join(sight.entrypoint))


def command_is_in_the_image(sight: Sight) -> Point | None:
    """The program of the service's command exists in the image."""
    if not sight.inside:
        return None
    missing = f"there is no program {sight.command[0]}" if sight.command else "there is no command"
    found = " ".join(sight.command)
    return Point("command is in the image", wrong="" if sight.inside["program"] else missing, found=found)


def has_a_health_check(sight: Sight) -> Point | None:
    """An image that is to have a health check has one, and one that serves is asked or said not to be."""
    if sight.expected.health is False or sight.health_check:
        return None
    if sight.expected.health:
        return Point("health check", wrong="there is none")
    seen = sight.trial[0] if sight.inside and sight.inside["program"] else None
    if sight.expected.own:
        return own_points.lacks_a_health_check(sight, seen.ports if seen else ())
    if seen is not None and seen.ports:
        ports = ", ".join(map(str, seen.ports))
        said = f'there is none, and it listens on {ports}: health = "/health" asks it, "" asks nothing'
        return Point("health check", wrong=said)
    return Point("health check", found="none, as the command is no HTTP server that is known")


def command_starts(sight: Sight) -> Point | None:
    """The command starts in a container, as far as it can without network, database and data."""
    if not sight.inside or not sight.inside["program"]:
        return None
    seen, why = sight.trial
    return trial.starts(seen) if seen else Point("command starts", wrong=f"it cannot be tried: {why}")


def health_check_passes(sight: Sight) -> Point | None:
    """The health check passes beside the command that was started."""
    if not sight.health_check:
        return None
    if not sight.inside or not sight.inside["program"]:
        return Point("health check", found="no command runs that it could ask", absent=True)
    seen, _ = sight.trial
    return trial.healthy(seen, sight.health_check, sight.expected.gates) if seen else None


def can_look_inside(sight: Sight) -> Point | None:
    """Python runs in the image, so that the points below can be checked."""
    return None if sight.inside else Point("looks from inside", wrong=sight.why_not_inside)


def modules_are_imported(sight: Sight) -> Point | None:
    """Each module can be imported that plain Python can import there."""
    if sight.expected.own:
        return own_points.module_is_imported(sight)
    if not sight.inside:
        return None
    name, seen = "modules are imported", sight.imports
    if seen.why_not:
        return Point(name, wrong=f"it cannot be tried: {seen.why_not}")
    if seen.faults:
        module, words = next(iter(seen.faults.items()))
        more = f", and {len(seen.faults) - 1} more" if len(seen.faults) > 1 else ""
        return Point(name, wrong=f"compiled alone fails {module}: {words}{more}")
    also = f"; as plain Python neither: {', '.join(seen.forgiven)}" if seen.forgiven else ""
    return Point(name, found=f"{seen.tried - len(seen.forgiven)} of {seen.tried}{also}")


def user_is_not_root(sight: Sight) -> Point | None:
    """The service runs as another user than root."""
    if sight.expected.own:
        return own_points.user_is_not_root(sight)
    if not sight.inside:
        return None
    user = sight.inside["user"]
    return Point("user", wrong="" if user else "the service runs as root", found=f"user {user}")


def gates_can_start(sight: Sight) -> Point | None:
    """The image has the settings of the gates that the project needs, and the gates' code can be imported."""
    if not sight.inside or not sight.gated:
        return None
    gates = sight.inside["gates"]
    missing = [gate for gate in sight.expected.gates if gates is not None and gate not in gates]
    wrong = sight.inside["why"] or (f"the image knows of no gate for: {', '.join(missing)}" if missing else "")
    return Point("gates can start", wrong=wrong, found=", ".join(gates or ()) or "none is needed")


def driver_of_the_gate(sight: Sight) -> Point | None:
    """What the migration gate reaches the database with can be imported."""
    if "migrate" not in sight.expected.gates or not sight.inside or not sight.gated:
        return None
    why = sight.inside["driver"]
    wrong = f"{why}; the migration gate needs alembic and psycopg[binary] among the dependencies" if why else ""
    return Point("driver of the gate", wrong=wrong, found="alembic and psycopg")


def folders_may_be_written(sight: Sight) -> Point | None:
    """The service may write to its HOME and to the folders that the settings name."""
    if sight.expected.own:
        return own_points.folders_may_be_written(sight)
    if not sight.inside or not sight.expected.writable:
        return None
    closed = ", ".join(sight.inside["closed"])
    wrong = f"the service cannot write to {closed}" if closed else ""
    return Point("folders may be written", wrong=wrong, found=", ".join(sight.expected.writable))


def revisions_are_in_the_image(sight: Sight) -> Point | None:
    """The folder with the revision files is in the image."""
    if "migrate" not in sight.expected.gates or "revisions" not in sight.inside:
        return None
    wrong = "" if sight.inside["revisions"] else "the folder of the revisions is missing"
    return Point("revisions are in the image", wrong=wrong, found="they are")


def image_carries_no_data(sight: Sight) -> Point | None:
    """Nothing lies where the volume is mounted."""
    if not sight.inside or "data" not in sight.expected.gates:
        return None
    data, mount = sight.inside["data"], sight.expected.mount
    there = ", ".join((data or ())[:3])
    return Point("image carries no data", wrong=f"{mount} has: {there}" if data else "", found=f"{mount} is empty")


def place_for_the_volume(sight: Sight) -> Point | None:
    """There is a folder for the volume, and the service may write to it."""
    if not sight.inside or "data" not in sight.expected.gates:
        return None
    mount = sight.expected.mount
    writable = "" if sight.inside["writable"] else f"user {sight.inside['user']} may not write to {mount}"
    wrong = writable if sight.inside["data"] is not None else f"there is no {mount}"
    return Point("place for the volume", wrong=wrong, found=mount)


def compose_has_the_service(sight: Sight) -> Point | None:
    """The compose file is valid and has a service that runs the image; one of an own Dockerfile may run elsewhere."""
    if sight.expected.own and sight.compose.why_not:
        return None
    found = f"{sight.expected.compose.name}, service {sight.compose.name}"
    return Point("compose file", wrong=sight.compose.why_not, found=found)


def compose_keeps_the_entrypoint(sight: Sight) -> Point | None:
    """The compose file does not put another entrypoint in the place of the gates."""
    if sight.compose.why_not or not sight.gated:
        return None
    own = sight.compose.service.get("entrypoint")
    wrong = f"it puts {json.dumps(own)} in its place" if own and ENTRYPOINT not in own else ""
    return Point("compose keeps the entrypoint", wrong=wrong, found="it does")


def compose_names_the_database(sight: Sight) -> Point | None:
    """The service gets the variable with the database's URL."""
    if sight.compose.why_not or "migrate" not in sight.expected.gates:
        return None
    variable = sight.expected.database
    there = variable in (sight.compose.service.get("environment") or {})
    return Point("compose names the database", wrong="" if there else f"{variable} is not set", found=variable)


def compose_mounts_the_volume(sight: Sight) -> Point | None:
    """Something that outlives the container is mounted at the data's mount point."""
    if sight.compose.why_not or "data" not in sight.expected.gates:
        return None
    name, mount, volume = "compose mounts the volume", sight.expected.mount, sight.volume
    if not volume.mounted:
        return Point(name, wrong=f"nothing is mounted at {mount}: each start makes the data anew")
    if not volume.name:
        return Point(name, wrong=f"what is mounted at {mount} does not outlive the container")
    return Point(name, found=f"{volume.name} at {mount}")


def data_in_the_volume(sight: Sight) -> Point | None:
    """The volume holds complete data, or is still empty."""
    if sight.compose.why_not or not sight.gated or "data" not in sight.expected.gates or not sight.volume.name:
        return None
    name, volume, answer = "data in the volume", sight.volume.name, sight.volume.answer
    if answer is None:
        return Point(name, found=f"there is no volume {volume} yet; the first start makes it", absent=True)
    words = (answer.stdout if answer.ok else answer.stderr).strip().splitlines() or [f"exit code {answer.exit_code}"]
    said = words[-1] if answer.ok else words[0].removeprefix("error: ")
    if not answer.ok and ": missing" in said:
        return Point(name, found=f"{volume} is empty; the next start makes it", absent=True)
    return Point(name, wrong="" if answer.ok else said, found=said)


def ends_when_asked(sight: Sight) -> Point | None:
    """A container of an image with an entrypoint of its own ends when it is asked to."""
    return None if sight.gated else own_points.ends_when_asked(sight)


def carries_no_secret(sight: Sight) -> Point | None:
    """An image of a Dockerfile that the suite did not write has no secret in a layer."""
    return own_points.carries_no_secret(sight) if sight.expected.own else None


def has_no_burden(sight: Sight) -> Point | None:
    """An image of a Dockerfile that the suite did not write has no compiler and no packages for tests."""
    return own_points.has_no_burden(sight) if sight.expected.own else None


POINTS: tuple[Callable[[Sight], Point | None], ...] = (
    is_of_these_sources,
    entrypoint_is_the_gates,
    command_is_in_the_image,
    has_a_health_check,
    command_starts,
    health_check_passes,
    ends_when_asked,
    can_look_inside,
    modules_are_imported,
    user_is_not_root,
    carries_no_secret,
    has_no_burden,
    folders_may_be_written,
    gates_can_start,
    driver_of_the_gate,
    revisions_are_in_the_image,
    image_carries_no_data,
    place_for_the_volume,
    compose_has_the_service,
    compose_keeps_the_entrypoint,
    compose_names_the_database,
    compose_mounts_the_volume,
    data_in_the_volume,
)
