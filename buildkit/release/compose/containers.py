"""One container as the engine describes it: what it runs, how it is, and what it says where it fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from buildkit.core import untrusted
from buildkit.release import endings, labels
from buildkit.release.compose.engine import Engine
from buildkit.release.redaction import redacted
from buildkit.release.sight import FAILING, HEALTHY, STARTING, Image, Running

AHEAD = "PYBUILDKIT_MIGRATE_AHEAD"

_HASH = "com.docker.compose.config-hash"
_MOST_RESTARTS = 3
_LINES = 12


@dataclass(frozen=True, slots=True)
class Container:
    """A container.

    Args:
        identity: its id.
        name: its name.
        digest: the digest of its image's manifest; empty if that is not known.
        reference: the name by which its image was asked for.
        status: `running`, `exited`, `restarting`, …
        health: `healthy`, `starting`, `unhealthy`; empty without a health check.
        exit_code: that of its last end.
        restarts: how often it was restarted.
        environment: its variables.
        image: its image, as it describes itself.
        checked: what its last health check said.
        configured: compose's hash of the settings that it was made with.
    """

    identity: str
    name: str
    digest: str
    reference: str
    status: str
    health: str = ""
    exit_code: int = 0
    restarts: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    image: Image | None = None
    checked: str = ""
    configured: str = ""

    @property
    def condition(self) -> str:
        """How it is: `healthy`, `starting` or `failing`."""
        if self.restarts >= _MOST_RESTARTS or self.status in {"exited", "dead", "removing"}:
            return FAILING
        if self.status != "running" or self.health == "starting":
            return STARTING
        return FAILING if self.health == "unhealthy" else HEALTHY

    def running(self, configured: str) -> Running:
        """Return what a plan knows of it.

        Args:
            configured: compose's hash of the settings as they are now, with this image; empty if that is not known.
        """
        ahead = self.environment.get(AHEAD, "")
        current = configured in {"", self.configured}
        return Running(self.name, self.digest, self.condition, self.image, ahead, self.reference, current)

    @property
    def words(self) -> str:
        """What is wrong with it, in a line."""
        if self.status == "running" and self.health == "unhealthy":
            return f"its health check fails{f': {self.checked}' if self.checked else ''}"
        if self.status in {"exited", "dead", "restarting"}:
            return f"it {endings.ended(self.exit_code)}"
        return f"it is {self.status}{f', {self.health}' if self.health else ''}"


def of_service(engine: Engine, project: str, service: str, place: str) -> list[Container]:
    """Return the containers of a service of a compose project, oldest first; runs of `compose run` are none of them."""
    filters = [
        f"label=com.docker.compose.project={project}",
        f"label=com.docker.compose.service={service}",
        "label=com.docker.compose.oneoff=False",
    ]
    given = [word for each in filters for word in ("--filter", each)]
    ids = engine.ask("ps", "--all", "--quiet", "--no-trunc", *given).split()
    return inspect(engine, ids, place)


def inspect(engine: Engine, names: Sequence[str], place: str = "") -> list[Container]:
    """Return the containers of these names or ids that there are.

    Args:
        engine: the engine.
        names: names or ids.
        place: the name of their image in the registry, by which its digest is known where it was started by a tag.
    """
    if not names:
        return []
    answer = engine.try_to("container", "inspect", *names)
    found = untrusted.rows(untrusted.json_of(answer.stdout or "[]"))
    known = _digests(engine, {each["Image"] for each in found if "@sha256:" not in each["Config"]["Image"]}, place)
    return sorted((_parsed(each, place, known) for each in found), key=lambda each: each.name)


def _digests(engine: Engine, images: Iterable[str], place: str) -> dict[str, str]:
    """Return the digests under which the registry has images, by their ids in the engine, as far as it knows them."""
    wanted = sorted(images)
    if not wanted or not place:
        return {}
    found = {}
    for about in engine.json("image", "inspect", *wanted) or ():
        for each in about.get("RepoDigests") or ():
            name, _, digest = each.partition("@")
            if name == place:
                found[about["Id"]] = digest
    return found


def _parsed(about: Mapping[str, Any], place: str, known: Mapping[str, str]) -> Container:
    state, config = about["State"], about["Config"]
    name, _, digest = config["Image"].partition("@")
    digest = digest or known.get(about["Image"], "")
    health = state.get("Health") or {}
    log = health.get("Log") or []
    variables = dict(each.partition("=")[::2] for each in config.get("Env") or ())
    return Container(
        about["Id"],
        about["Name"].lstrip("/"),
        digest,
        config["Image"],
        state["Status"],
        "" if health.get("Status") == "none" else health.get("Status", ""),
        state.get("ExitCode", 0),
        about.get("RestartCount", 0),
        variables,
        labels.image_of(place or name, digest, "", config),
        redacted(untrusted.shown(" ".join(log[-1].get("Output", "").split())), variables) if log else "",
        (config.get("Labels") or {}).get(_HASH, ""),
    )


def last_lines(engine: Engine, container: Container) -> list[str]:
    """Return the last lines of a container's log, without the secrets of its environment."""
    answer = engine.try_to("logs", "--tail", str(_LINES), container.identity)
    lines = [*answer.stdout.splitlines(), *answer.stderr.splitlines()][-_LINES:]
    return [redacted(untrusted.shown(line, 400), container.environment) for line in lines if line.strip()]
