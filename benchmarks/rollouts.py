"""How rollouts end: `invoke release` and ecs-deploy, each against the same endpoint that plays ECS.

    python -m benchmarks rollouts [--ecs PROGRAM] [--only WORD]

Twelve stories, each played anew for either: what the deployment comes to is told to the endpoint, the exit code is that
of the whole way, and what serves at the end is asked of the endpoint. ecs-deploy runs as it is by default, with
`--rollback` and a limit of 15 s. Nothing here is AWS: the endpoint plays what its documentation says. A row is a lie
where the exit code is 0 and our own deployment does not serve, or another one than 0 and it does. It wants Debian's
`docker-registry`, for the images of ours. Some minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import measure

sys.path.insert(0, str(measure.REPOSITORY / "tests"))
sys.path.insert(0, str(measure.REPOSITORY / "tests" / "integration"))

import registry as registries
from ecs_endpoint import CLUSTER, Ecs, RefusedError, endpoint
from fleets import VARIABLES, Fleet, definition

from buildkit.release.aws import cluster

SERVICE = "orbits-api"
HEADING = (
    "what happens",
    "ours: exit",
    "serves",
    "definitions made",
    "ecs-deploy: exit",
    "serves",
    "definitions made",
    "definition that runs",
)


@dataclass(frozen=True)
class Story:
    """What the endpoint plays.

    Args:
        what: in words.
        outcomes: how the deployments end, in the order in which they come.
        same: whether the image is the one that runs.
        before: what is told to the endpoint beside that.
    """

    what: str
    outcomes: tuple[str, ...] = ("well",)
    same: bool = False
    before: Callable[[Ecs], None] = lambda _: None


def refuse(operation: str, code: str, times: int = 1) -> Callable[[Ecs], None]:
    """Return what lets the endpoint refuse an operation."""
    return lambda ecs: ecs.refusals.update({operation: [RefusedError(code)] * times})


def throttle(ecs: Ecs) -> None:
    """Refuse four looks after the update."""
    ecs.meanwhile["UpdateService"] = lambda: refuse("DescribeServices", "ThrottlingException", 4)(ecs)


def fail_before(ecs: Ecs) -> None:
    """Let two deployments of the past have failed."""
    for row in ecs.services[SERVICE].history[:1] * 2:
        ecs.services[SERVICE].history.append({**row, "status": "ROLLBACK_SUCCESSFUL"})


STORIES = (
    Story("it is well"),
    Story("the image runs already", same=True),
    Story("two deployments failed before", before=fail_before),
    Story("calls are throttled while it waits", before=throttle),
    Story("the circuit breaker goes back", ("breaker",)),
    Story("tasks end with code 43, no breaker", ("crash",)),
    Story("the image cannot be pulled, no breaker", ("pull",)),
    Story("the deployment is stopped half-way", ("failed",)),
    Story("the way back of ECS fails, ours is well", ("back-failed",)),
    Story("somebody else deploys over it", ("superseded",)),
    Story("it never ends", ("stuck", "stuck")),
    Story("the update is refused", before=refuse("UpdateService", "InvalidParameterException")),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ecs", default=shutil.which("ecs", path=str(Path(sys.executable).parent)) or "")
    parser.add_argument("--only", default="", help="stories with this word alone")
    parser.add_argument("--quick", action="store_true", help="the first three stories")
    options = parser.parse_args()
    if registries.program() is None:
        sys.exit("there is no docker-registry: install Debian's package")
    cluster.LOOK = 0.05
    rows = []
    with tempfile.TemporaryDirectory(prefix="buildkit-bench-") as folder, contextlib.ExitStack() as stack:
        running = stack.enter_context(registries.registry(Path(folder) / "registry"))
        for number, story in enumerate(STORIES[: 3 if options.quick else None]):
            if options.only in story.what:
                ours = play(story, Path(folder) / f"{number}", f"localhost:{running.port}", "")
                peer = play(story, Path(folder) / f"{number}p", f"localhost:{running.port}", options.ecs)
                rows.append((story.what, *ours[:3], *(peer if options.ecs else ("not here", "", "", ""))))
    measure.table(rows, HEADING)


def play(story: Story, folder: Path, registry: str, program: str) -> tuple[str, str, str, str]:
    """Return how a story ends: exit code, what serves, how many definitions were made, how the one that runs is."""
    folder.mkdir()
    with endpoint() as ecs:
        os.environ.update({**VARIABLES, "AWS_ENDPOINT_URL": ecs.url, "AWS_MAX_ATTEMPTS": "1"})
        fleet = Fleet(folder, registry, f"t{uuid4().hex[:8]}", ecs)
        fleet.git("init", "--quiet", "--initial-branch=main")
        fleet.declare(wait="15s")
        old = new = fleet.push()
        ecs.serve(SERVICE, ecs.define(definition(old, volumes=[], placementConstraints=[])), events=[])
        if not story.same:
            new = fleet.push()
        ecs.outcomes = list(story.outcomes)
        story.before(ecs)
        code = deployed(program, new) if program else fleet.release()[0]
        arn = ecs.services[SERVICE].about["taskDefinition"]
        image = ecs.definitions[arn]["containerDefinitions"][0]["image"]
        tasks = {each["taskDefinitionArn"] for each in ecs.services[SERVICE].tasks}
        serves = "the new image" if image == new else "the old image"
        if ecs.definitions[arn]["cpu"] != "256":
            serves = "somebody else's"
        elif tasks != {arn}:
            serves = "the old one still"
        lie = (code == 0) != (serves == "the new image")
        made = str(ecs.asked.count("RegisterTaskDefinition"))
        return f"{code}{' (a lie)' if lie else ''}", serves, made, ecs.definitions[arn]["status"].lower()


def deployed(program: str, image: str) -> int:
    """Deploy by ecs-deploy; return its exit code."""
    words = [program, "deploy", CLUSTER, SERVICE, "--image", "api", image, "--timeout", "15", "--rollback"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    if "Traceback" in done.stderr:
        print(f"{program}: {done.stderr.splitlines()[-1]}", file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    main()
