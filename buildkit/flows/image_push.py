"""`invoke image.push`: brings images up to date and sends them to a registry, under their commit and as `latest`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from buildkit.config import Config
from buildkit.core.sizes import in_words
from buildkit.core.untrusted import Odd
from buildkit.doors.clock import Stopwatch
from buildkit.errors import AccessError, ConfigurationError, ImageError, RegistryError
from buildkit.flows.image import NO_IMAGE, build_images, chosen
from buildkit.flows.image_inputs import contract_of
from buildkit.flows.image_oci import builder_of, layout_of
from buildkit.flows.image_places import place_of
from buildkit.flows.image_version import version_of
from buildkit.image import checkout
from buildkit.image.checkout import Checkout
from buildkit.image.oci.layout import Descriptor
from buildkit.image.push import sbom, sending, tags
from buildkit.image.push.latest import Latest
from buildkit.image.push.parcel import Parcel, manifest_of, parcel
from buildkit.image.push.referring import refer
from buildkit.image.push.remembered import Remembered
from buildkit.image.push.sending import Sent
from buildkit.image.requirements import read_project
from buildkit.image.routes import OCI
from buildkit.model import Outcome, Reason, Report
from buildkit.registry.client import Repository
from buildkit.registry.failure import Denied, Failure
from buildkit.registry.reference import Reference, parse
from buildkit.report.console import Console
from buildkit.report.progress import Progress

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
        AccessError: the registry wants credentials, or other ones.
    """
    watch = Stopwatch()
    wanted = Asked() if asked is None else asked
    if wanted.latest not in {tags.AUTO, tags.NEVER, tags.MOVE}:
        raise ConfigurationError(f"--latest {wanted.latest}", hint=f"{tags.AUTO}, {tags.NEVER} or {tags.MOVE}")
    images = chosen(config, names)
    seen = checkout.read(config.root, environment) if images else Checkout()
    places = {name: place_of(config, name, seen, wanted.to, wanted.tag) for name in images}
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
            kind = AccessError if isinstance(failure, Denied) else RegistryError
            raise kind(f"image {self._name} is not pushed: {failure.message}", hint=failure.hint) from None
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
        latest = Latest(repository, whole.top, self._asked.latest, self._is_ancestor)
        remembered = Remembered(self._layout, self._where)
        sent = Sent()
        if current and current != whole.top.digest:
            raise self._refusal(repository, current, whole)
        if not current:
            base = whole.images[0].blobs[1:]
            known = latest.blobs()
            with Progress(self._console, f"pushing image {self._name}", unit=in_words).shown() as progress:
                mountable = (each.digest for each in base)
                sent = sending.send_blobs(whole, repository, known, mountable, source, progress)
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
        about = {"name": str(project["name"]), "version": version_of(self._config, self._environment)}
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

    def _is_ancestor(self, first: str, second: str) -> bool | None:
        return checkout.is_ancestor(self._config.root, first, second, self._environment)
