"""The target `compose` behind the Protocol of targets."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd
from buildkit.doors import files
from buildkit.errors import AccessError, EngineError, RegistryError
from buildkit.registry.credentials import credentials
from buildkit.release.compose import containers, lock, oneshot
from buildkit.release.compose.engine import Engine, last_line
from buildkit.release.compose.project import BESIDE, IN_PLACE, TRIED, Project
from buildkit.release.compose.rollout import Rollout
from buildkit.release.sight import Data, Database, Image, Service
from buildkit.release.target import Setup

_PULL = 3600.0
_DENIED = ("unauthorized", "denied", "authentication required", "no basic auth", "401", "403 forbidden")
_START = 600.0


class ComposeTarget:
    """The services of one host.

    Args:
        setup: what it is made with.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        compose = setup.settings.compose
        self._engine = Engine(setup.environment, compose.host)
        self._project = Project(self._engine, setup.file, compose.project, setup.variables, setup.folder)
        self._images: dict[str, str] = {}

    def look(self, names: Sequence[str]) -> tuple[Service, ...]:
        """See `Target.look`."""
        platform = self._engine.ask("version", "--format", "{{.Server.Os}}/{{.Server.Arch}}").strip()
        found = []
        for name in names:
            settings = self._setup.settings.service[name]
            self._project.require(self._named(name), f"release.service.{name}")
            seen = self._containers(name)
            manner, why = self._project.manner(self._named(name), overlap=settings.overlap)
            hashes = {
                each: self._project.configured(self._named(name), each) for each in {one.reference for one in seen}
            }
            running = tuple(each.running(hashes[each.reference]) for each in seen)
            found.append(Service(name, settings.image, "compose", running, f"{_WAYS[manner]}, as {why}", platform))
            if seen:
                self._images[self._named(name)] = seen[0].reference
        return tuple(found)

    def recall(self, definitions: Mapping[str, str]) -> None:
        """Do nothing: how a container is run stands in the compose file."""

    def noted(self, name: str) -> str:  # noqa: ARG002 - the Protocol's
        """See `Target.noted`."""
        return ""

    def database(self, service: Service) -> Database:
        """See `Target.database`."""
        for each in service.running:
            words = ("exec", each.name, "python", "-m", "buildkit.runtime", "--revisions")
            answer = self._engine.try_to(*words)
            if answer.ok:
                with contextlib.suppress(Odd, KeyError, IndexError):
                    about = untrusted.table(untrusted.json_of(answer.stdout.splitlines()[-1]))
                    return Database(tuple(untrusted.texts(about["at"])), tuple(untrusted.texts(about["applied"])))
            said = last_line(answer.stderr)
            return Database(why=f"{each.name} does not say where the database is{f' ({said})' if said else ''}")
        return Database(why="nothing runs that could be asked")

    def fetch(self, image: Image) -> None:
        """See `Target.fetch`."""
        if self._engine.try_to("image", "inspect", image.reference).ok:
            return
        self._setup.say(f"pulling {image.reference}")
        with self._logged_in(image) as variables:
            answer = self._engine.try_to("pull", "--quiet", image.reference, timeout=_PULL, variables=variables)
        if answer.ok:
            return
        words = last_line(answer.stderr)
        kind = AccessError if any(each in words.lower() for each in _DENIED) else RegistryError
        hint = "nothing was changed; see that the engine of the host reaches the registry and may read there"
        raise kind(f"the engine cannot pull {image.reference}", details=[words], hint=hint)

    def data(self, name: str, image: Image) -> Data:
        """See `Target.data`."""
        service = self._named(name)
        words = ["run", "--rm", "--no-deps", "-T", "--entrypoint", "python", service]
        images = {**self._images, service: image.reference}
        answer = self._project.run(images, *words, "-m", "buildkit.runtime", "--due", timeout=_START)
        with contextlib.suppress(Odd, KeyError, IndexError):
            about = untrusted.table(untrusted.json_of(answer.stdout.splitlines()[-1]))
            condition, policy = untrusted.text(about["condition"]), untrusted.text(about["policy"])
            due = tuple(untrusted.texts(about["due"]))
            return Data(condition, about["whole"] is True, policy, due, about["artifact"] is True)
        return Data(why=last_line(answer.stderr) or "the image does not say")

    @contextlib.contextmanager
    def exclusive(self, image: Image) -> Iterator[None]:
        """See `Target.exclusive`."""
        with lock.held(self._engine, self._project.name, image):
            yield
            oneshot.sweep(self._project)

    def prepare(self, names: Sequence[str]) -> None:
        """Start what the services depend on and what no release replaces, such as a database; else the first waits.

        Raises:
            EngineError: it does not start.
        """
        wanted = self._project.dependencies([self._named(name) for name in names])
        if not wanted:
            return
        answer = self._project.run(self._images, "up", "--detach", "--wait", "--no-recreate", *wanted, timeout=_START)
        if not answer.ok:
            raise EngineError(
                f"{' and '.join(wanted)} does not start",
                details=[last_line(answer.stderr)],
                hint="nothing was changed; the services of the release depend on it",
            )

    def migrate(self, name: str, image: Image) -> None:
        """See `Target.migrate`."""
        service = self._named(name)
        images = {**self._images, service: image.reference}
        oneshot.migrate(self._project, service, image, images, self._setup.say)

    def deploy(self, service: Service, image: Image) -> None:
        """See `Target.deploy`."""
        self._roll(service.name, image.reference)

    def restore(self, service: Service, reference: str) -> None:
        """See `Target.restore`."""
        self._roll(service.name, reference)

    def _roll(self, name: str, reference: str) -> None:
        settings, service = self._setup.settings, self._named(name)
        self._images[service] = reference
        rollout = Rollout(
            self._project, service, self._setup.places[name], self._images, settings.wait, self._setup.say
        )
        rollout.run(overlap=settings.service[name].overlap)

    def _named(self, name: str) -> str:
        return self._setup.settings.service[name].name or name

    def _containers(self, name: str) -> list[containers.Container]:
        return containers.of_service(self._engine, self._project.name, self._named(name), self._setup.places[name])

    @contextlib.contextmanager
    def _logged_in(self, image: Image) -> Iterator[Mapping[str, str]]:
        """Give the docker client user and password where variables name them, in a folder that goes again."""
        environment = self._setup.environment
        given = all(environment.get(f"PYBUILDKIT_REGISTRY_{word}") for word in ("USER", "PASSWORD"))
        if not given:
            yield {}
            return
        host = image.place.partition("/")[0]
        context = self._engine.try_to("context", "inspect", "--format", "{{.Endpoints.docker.Host}}").stdout.strip()
        known = credentials(host, environment).removeprefix("Basic ")
        with tempfile.TemporaryDirectory(prefix="buildkit-") as folder:
            files.write(Path(folder, "config.json"), json.dumps({"auths": {host: {"auth": known}}}), mode=0o600)
            own = {"DOCKER_CONFIG": folder}
            yield own if "DOCKER_HOST" in self._engine.environment or not context else {**own, "DOCKER_HOST": context}


_WAYS = {
    BESIDE: "beside the old one, which ends once it is healthy",
    TRIED: "tried beside the old one, then in its place",
    IN_PLACE: "in the place of the old one",
}
