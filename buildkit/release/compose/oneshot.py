"""The migration in a container of its own, of the new image; one that a killed release left is found again."""

from __future__ import annotations

from collections.abc import Mapping

from buildkit.doors import process
from buildkit.errors import EngineError, RestoredError
from buildkit.release import endings
from buildkit.release.compose import containers
from buildkit.release.compose.engine import last_line
from buildkit.release.compose.project import Project
from buildkit.release.redaction import redacted
from buildkit.release.sight import Image
from buildkit.release.target import Say

_START = 600.0


def name_of(project: str, image: Image) -> str:
    """Return the name of the container that migrates: one for each image, so that no second one can be started."""
    return f"{_names(project)}{image.digest.removeprefix('sha256:')[:12]}"


def migrate(project: Project, service: str, image: Image, images: Mapping[str, str], say: Say) -> None:
    """Run the migration of an image where its service runs, and wait for its end.

    Args:
        project: the compose project.
        service: the service whose networks, variables and volumes the container has.
        image: the image.
        images: the references of all services.
        say: called with each line of its log.

    Raises:
        BuildkitError: it failed; class and exit code are the migration's own.
    """
    name = name_of(project.name, image)
    engine = project.engine
    found = containers.inspect(engine, [name])
    if found and found[0].status == "running":
        say(f"migrate: {name} is under way; waiting for it")
    elif not found or found[0].status != "exited" or found[0].exit_code != 0:
        engine.try_to("rm", "--force", name)
        words = ["run", "--detach", "--no-deps", "--name", name, "--entrypoint", "python", service]
        answer = project.run(images, *words, "-m", "buildkit.runtime", "--migrate", timeout=_START)
        if not answer.ok:
            engine.try_to("rm", "--force", name)
            raise EngineError(
                f"the migration of {service} cannot be started",
                details=[last_line(answer.stderr)],
                hint="nothing was changed; mend it and run again",
            )
        say(f"migrate: started {name}")
    _follow(project, name, say)
    ended = containers.inspect(engine, [name])
    if not ended:
        raise RestoredError(
            f"the migration of {service} is gone before it said how it ended",
            hint="what it had not committed is rolled back, and the old release serves; run again",
        )
    lines = containers.last_lines(engine, ended[0])
    engine.try_to("rm", "--force", name)
    code = ended[0].exit_code
    if code:
        raise endings.migration_failed(service, code, lines)


def sweep(project: Project) -> None:
    """Delete the containers of migrations that have ended: a release that was killed leaves its own."""
    listed = project.engine.try_to(
        "ps", "--all", "--filter", "status=exited", "--filter", f"name={_names(project.name)}", "--format", "{{.Names}}"
    )
    ended = [name for name in listed.stdout.split() if name.startswith(_names(project.name))]
    if ended:
        project.engine.try_to("rm", *ended)


def _names(project: str) -> str:
    return f"{project}-migrate-"


def _follow(project: Project, name: str, say: Say) -> None:
    """Pass on the log of the container until it has ended."""
    about = containers.inspect(project.engine, [name])
    variables = about[0].environment if about else {}
    process.stream(
        ["docker", "logs", "--follow", name],
        lambda line: say(redacted(line.removeprefix("buildkit: "), variables)),
        environment=project.engine.environment,
    )
    project.engine.try_to("wait", name, timeout=None)
