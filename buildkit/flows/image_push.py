"""`invoke image.push`: brings images up to date and sends them to a registry, under their commit and as `latest`."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from buildkit.config import Config
from buildkit.core import untrusted
from buildkit.core.sizes import in_words
from buildkit.core.untrusted import Odd
from buildkit.doors import files, process, reading
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ConfigurationError, ImageError, RegistryError
from buildkit.flows.image import NO_IMAGE, build_images, chosen
from buildkit.flows.image_inputs import contract_of, repository_of
from buildkit.flows.image_oci import OCI, builder_of, layout_of
from buildkit.image import checkout
from buildkit.image.checkout import Checkout
from buildkit.image.oci.layout import Descriptor, Layout, descriptor
from buildkit.image.oci.reference import with_registry
from buildkit.image.push import sbom, sending, tags
from buildkit.image.push.parcel import Manifest, Parcel, manifest_of, parcel
from buildkit.image.push.referring import refer
from buildkit.image.push.sending import Sent
from buildkit.image.requirements import read_project
from buildkit.model import Outcome, Reason, Report
from buildkit.registry.client import Repository
from buildkit.registry.failure import Failure
from buildkit.registry.reference import Reference, parse
from buildkit.report.console import Console

SCHEMA = "buildkit.image-push/1"
_BASE_NAME = "org.opencontainers.image.base.name"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a push is asked for.

    Args:
        to: the registry, with what stands before the image's name there.
        tag: the tag in place of the commit's.
        latest: what becomes of `latest`: `auto`, `never` or `move`.
        sbom: whether the list of what is in an image is sent with it.
    """

    to: str = ""
    tag: str = ""
    latest: str = tags.AUTO
    sbom: bool = True


def push_images(
    config: Config,
    console: Console,
    environment: Mapping[str, str],
    *,
    names: Sequence[str] = (),
    asked: Asked | None = None,
    dry_run: bool = False,
) -> Report:
    """Bring images up to date and send them to a registry; what is there already is not sent again.

    Args:
        config: the project.
        console: shows progress.
        environment: what the docker client, git and the registry's credentials come from.
        names: the images; all of them if empty.
        asked: where to, and under which tag.
        dry_run: say where each would go, and send nothing.

    Raises:
        ConfigurationError: it is not said where to, or files differ from the commit.
        RegistryError: the registry refuses or cannot be reached, or has another image under the tag.
    """
    watch = Stopwatch()
    wanted = Asked() if asked is None else asked
    if wanted.latest not in {tags.AUTO, tags.NEVER, tags.MOVE}:
        raise ConfigurationError(f"--latest {wanted.latest}", hint=f"{tags.AUTO}, {tags.NEVER} or {tags.MOVE}")
    images = chosen(config, names)
    seen = checkout.read(config.root, environment) if images else Checkout()
    places = {name: place_of(config, name, wanted, seen) for name in images}
    built = build_images(config, console, environment, names=images, required=True, dry_run=dry_run)
    made: Any = built.facts["built"]
    rows: list[Outcome] = []
    facts: dict[str, object] = {}
    for name, where in places.items():
        if dry_run:
            rows.append(Outcome(name, "would-push", Reason("not pushed yet", str(where))))
            continue
        step = _Push(config, console, environment, name, where, seen, wanted)
        outcome, facts[name] = step.run(made)
        console.news(outcome)
        rows.append(outcome)
    return Report(SCHEMA, tuple(rows), watch.seconds, {"pushed": facts}, row="image")


def lines(report: Report) -> list[str]:
    """Return the summary: each image with its digest and what was sent."""
    pushed: Any = report.facts["pushed"]
    found = []
    for row in report.outcomes:
        about = pushed.get(row.subject)
        if about is None:
            found.append(f"image {row.subject}: {row.result} ({row.reason})")
            continue
        moved = "moved" if about["latest"]["moved"] else "stays" if about["latest"]["moved"] is False else "is there"
        found.append(
            f"image {row.subject}: {row.result}, {about['reference']}, {about['digest'][:19]}, "
            f"{in_words(about['sent'])} sent; latest {moved}: {about['latest']['reason']}"
        )
    return found or [NO_IMAGE]


def place_of(config: Config, name: str, asked: Asked, seen: Checkout) -> Reference:
    """Return where an image is pushed to.

    Raises:
        ConfigurationError: it is not said, or the image would be of no commit.
    """
    repository = repository_of(config, name)
    whole = whole_name(config, name, asked.to or config.release.resolved.registry)
    if not _has_registry(whole):
        raise ConfigurationError(
            f"image {name}: it is not said where to push it",
            hint=f"--to registry.example.org/team, [tool.buildkit.release] registry, or its whole name:\n"
            f'[tool.buildkit.image.{name}] repository = "registry.example.org/team/{repository}"',
        )
    tag = asked.tag or seen.tag
    if not tag:
        raise ConfigurationError(
            f"image {name}: there is no commit to name it by", hint="commit, or say which tag: --tag 1.2"
        )
    if seen.dirty and not asked.tag:
        raise ConfigurationError(
            f"image {name}: files differ from commit {seen.commit[:12]}, so its tag would not say what is in the image",
            hint="commit them, or push under another tag: --tag try-1",
        )
    try:
        return parse(f"{whole}:{tag}")
    except Odd as odd:
        raise ConfigurationError(f"image {name}: {odd}", hint="as in registry.example.org/team/name:tag") from None


def whole_name(config: Config, name: str, registry: str) -> str:
    """Return the name of an image in a registry, without a tag; one that names a registry itself stays as it is."""
    repository = repository_of(config, name)
    return f"{registry.rstrip('/')}/{repository}" if registry and not _has_registry(repository) else repository


def _has_registry(name: str) -> bool:
    return with_registry(name) == name or name.startswith(("docker.io/", "index.docker.io/"))


class _Push:
    """One image on its way to a registry."""

    def __init__(
        self,
        config: Config,
        console: Console,
        environment: Mapping[str, str],
        name: str,
        where: Reference,
        seen: Checkout,
        asked: Asked,
    ) -> None:
        self._config = config
        self._console = console
        self._environment = environment
        self._name = name
        self._where = where
        self._seen = seen
        self._asked = asked
        self._layout = layout_of(config)

    def run(self, built: Mapping[str, Any]) -> tuple[Outcome, dict[str, object]]:
        """Push the image; return its outcome and facts."""
        watch = Stopwatch()
        try:
            return self._run(built[self._name], watch)
        except Failure as failure:
            raise RegistryError(f"image {self._name} is not pushed: {failure.message}", hint=failure.hint) from None
        except (Odd, KeyError) as odd:
            raise ImageError(
                f"image {self._name} is damaged in {self._layout.folder}: {odd}",
                hint="delete that folder, and build it again: invoke image",
            ) from None

    def _run(self, built: Mapping[str, Any], watch: Stopwatch) -> tuple[Outcome, dict[str, object]]:
        image = self._image(built)
        whole = parcel(self._layout, image)
        source = self._source_of_base(whole)
        repository = Repository(self._where, self._environment, [source] if source else [])
        current = repository.find(self._where.tag)
        latest = _Latest(repository, self._environment, self._config, self._asked.latest, whole.top)
        remembered = Remembered(self._layout, self._where)
        sent = Sent()
        if current and current != whole.top.digest:
            raise self._refusal(repository, current, whole)
        if not current:
            base = whole.images[0].blobs[1:]
            known = latest.blobs()
            sent = sending.send_blobs(whole, repository, known, (each.digest for each in base), source)
            sending.send_parts(whole, repository)
            if self._asked.sbom:
                known |= remembered.of(latest.digest)
                remembered.note(whole.top.digest, self._list(whole, repository, known))
            repository.put(whole.top.text, self._where.tag, whole.top.kind)
            self._require_there(repository, whole)
        verdict = latest.bring(self._where.tag)
        result = "made" if not current else "fresh"
        reason = Reason("pushed", str(self._where)) if not current else Reason("unchanged")
        about = {
            "reference": str(self._where),
            "digest": whole.top.digest,
            "sent": sent.size,
            "blobs": sent.blobs,
            "mounted": sent.mounted,
            "latest": verdict,
        }
        return Outcome(self._name, result, reason, watch.seconds), about

    def _list(self, whole: Parcel, repository: Repository, known: Collection[str]) -> set[str]:
        """Let the list of what is in each image refer to it, before a tag names it; return the blobs of the lists."""
        project = read_project(self._config.service_folder)
        about = {"name": str(project["name"]), "version": str(project.get("version", "0"))}
        sent: set[str] = set()
        for image in whole.images:
            document = sbom.listed(self._layout, image, about)
            sent |= {*refer(self._layout, repository, image, sbom.MEDIA_TYPE, document, known, is_new=True)}
        return sent

    def _image(self, built: Mapping[str, Any]) -> Descriptor:
        if builder_of(self._config, self._name) == OCI:
            return self._layout.known()[built["tags"][0]]
        from buildkit.image.push import engine  # noqa: PLC0415 - an image of the layout does without

        return engine.brought(
            self._layout,
            built["digest"],
            built["tags"],
            {**self._seen.labels, **contract_of(self._config)},
            self._environment,
        )

    def _source_of_base(self, whole: Parcel) -> str:
        """Return the repository of the same registry that has the base; empty if it lies elsewhere."""
        name = whole.top.annotations.get(_BASE_NAME, "")
        try:
            base = parse(name) if name else None
        except Odd:
            return ""
        same = base is not None and base.host == self._where.host and base.name != self._where.name
        return base.name if same and base is not None else ""

    def _refusal(self, repository: Repository, current: str, whole: Parcel) -> RegistryError:
        text, digest, kind = repository.fetch(current)
        theirs = manifest_of(text, kind, digest).annotations if text else {}
        why = tags.difference(whole.top.annotations, theirs)
        return RegistryError(
            f"image {self._name} is not pushed: {self._where} is another image: {why}",
            details=[f"there: {current}", f"here:  {whole.top.digest}"],
            hint="a tag that was pushed is never moved: commit and push anew, or push under another one: --tag NAME",
        )

    def _require_there(self, repository: Repository, whole: Parcel) -> None:
        """Ask the registry for what it has under the tag: what is deployed later is this digest."""
        found = repository.find(self._where.tag)
        if found != whole.top.digest:
            raise RegistryError(
                f"image {self._name}: {self._where} is {found or 'not there'} after the push, not {whole.top.digest}",
                hint="somebody else pushed this tag, or the registry changes what it is given",
            )


class Remembered:
    """Which lists of an image's contents a repository has beside the image that `latest` named.

    Args:
        layout: where that is kept.
        where: the repository.
    """

    def __init__(self, layout: Layout, where: Reference) -> None:
        self._place = layout.folder / "pushed.json"
        self._key = f"{where.host}/{where.name}"
        self._rows: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            self._rows = untrusted.table(untrusted.json_of(reading.read(self._place, most=1 << 20)))

    def of(self, digest: str) -> set[str]:
        """Return the blobs that were sent with an image; nothing if the last one was another."""
        with suppress(ValueError, KeyError, TypeError):
            row = untrusted.table(self._rows[self._key])
            if row["image"] == digest:
                return {*untrusted.texts(row["blobs"])}
        return set()

    def note(self, digest: str, blobs: Iterable[str]) -> None:
        """Note what was sent with an image."""
        self._rows[self._key] = {"image": digest, "blobs": sorted(blobs)}
        files.write_if_changed(self._place, json.dumps(self._rows))


class _Latest:
    """The tag `latest` of a repository."""

    def __init__(
        self, repository: Repository, environment: Mapping[str, str], config: Config, wanted: str, image: Manifest
    ) -> None:
        self._repository = repository
        self._environment = environment
        self._config = config
        self._wanted = wanted
        self._image = image
        self._found: Manifest | None = None
        self._asked = False

    def blobs(self) -> set[str]:
        """Return the digests of the blobs that the repository has for `latest`: nobody needs to ask for them."""
        found = self._fetched()
        if found is None:
            return set()
        parts = [found]
        for each in _children(found):
            text, digest, kind = self._repository.fetch(each)
            parts += [manifest_of(text, kind, digest)] if text else []
        return {each.digest for part in parts for each in part.blobs}

    @property
    def digest(self) -> str:
        """The digest of what `latest` names, if it was asked for; else empty."""
        return self._found.digest if self._found is not None else ""

    def bring(self, tag: str) -> dict[str, object]:
        """Let `latest` name the image where it may; return what became of it."""
        if tag == tags.LATEST:
            return {"moved": True, "reason": "it is the tag"}
        if not self._asked and self._wanted != tags.NEVER:
            if self._repository.find(tags.LATEST) == self._image.digest:
                return {"moved": None, "reason": "it is this image"}
        elif self._found is not None and self._found.digest == self._image.digest:
            return {"moved": None, "reason": "it is this image"}
        theirs = None
        if self._wanted == tags.AUTO:
            found = self._fetched()
            theirs = None if found is None else self._revision(found)
        ours = self._image.annotations.get(tags.REVISION, "")
        verdict = tags.judge(self._wanted, ours, theirs, self._is_ancestor)
        if verdict.moves:
            self._repository.put(self._image.text, tags.LATEST, self._image.kind)
        return {"moved": verdict.moves, "reason": verdict.words}

    def _fetched(self) -> Manifest | None:
        if not self._asked:
            self._asked = True
            text, digest, kind = self._repository.fetch(tags.LATEST)
            self._found = manifest_of(text, kind, digest) if text else None
        return self._found

    def _revision(self, found: Manifest) -> str:
        """Return the commit of an image; empty if it does not say one."""
        if tags.REVISION in found.annotations or not found.blobs:
            return found.annotations.get(tags.REVISION, "")
        config = found.blobs[0]
        try:
            about = untrusted.table(untrusted.json_of(self._repository.blob(config.digest, config.size)))
            return str(untrusted.table(untrusted.table(about["config"]).get("Labels") or {}).get(tags.REVISION, ""))
        except (Odd, KeyError):
            return ""

    def _is_ancestor(self, first: str, second: str) -> bool | None:
        words = ["git", "merge-base", "--is-ancestor", first, second]
        try:
            answer = process.run(words, folder=self._config.root, environment=self._environment)
        except OSError:
            return None
        return {0: True, 1: False}.get(answer.exit_code)


def _children(found: Manifest) -> list[str]:
    about = untrusted.table(untrusted.json_of(found.text))
    return [descriptor(each).digest for each in untrusted.rows(about.get("manifests", []))]
