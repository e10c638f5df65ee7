"""A generation as an artefact in a registry: pushed once where it was made, pulled where it need not be made.

The artefact is an OCI manifest. Its config is the generation's own manifest, its layers are plain tar files of one
stage each, a new one wherever a file would pass 16 MB. A layer follows from the content of its files alone, so a push
sends what the registry lacks, and a pull fetches the stages that no generation on the volume has.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd
from buildkit.data import generations, lease, order, outputs, volume
from buildkit.data import manifest as manifests
from buildkit.data.lease import Lease
from buildkit.data.manifest import Manifest, StageRecord
from buildkit.data.pipeline import Pipeline
from buildkit.doors import clock, files
from buildkit.errors import ConfigurationError, DataError, StageError
from buildkit.model import Outcome, Reason
from buildkit.registry import reference
from buildkit.registry.client import MANIFEST, Repository
from buildkit.registry.failure import Failure, Missing
from buildkit.registry.reference import Reference, digest_of
from buildkit.registry.upload import Reader
from buildkit.trees import comparing, entry, folders, sealing, tar
from buildkit.trees.entry import File
from buildkit.trees.unpacking import Twice, unpack

CONFIG = "application/vnd.invoke-buildkit.data.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
STAGE = "invoke-buildkit.stage"

_PART = 16 << 20
_MOST_HEADER = 4096

Say = Callable[[str], None]
Tell = Callable[[Outcome], None]


@dataclass(frozen=True, slots=True)
class Transfer:
    """What was transferred: the artefact's digest, the manifest, bytes over the network, what became of each stage."""

    digest: str
    manifest: Manifest
    moved: int
    outcomes: tuple[Outcome, ...]


def published(pipeline: Pipeline, given: str = "") -> Reference:
    """Return where generations are published: what is given, else what the project says.

    Raises:
        ConfigurationError: nobody said it, or it names no artefact.
    """
    text = given or pipeline.artifact
    if not text:
        raise ConfigurationError(
            "data.artifact is not set",
            hint='set it: artifact = "registry.example/team/data:latest", or PYBUILDKIT_DATA_ARTIFACT',
        )
    try:
        return reference.parse(text)
    except Odd:
        raise ConfigurationError(
            f'data.artifact: "{text}" names no artefact',
            hint="write registry/name:tag or registry/name@sha256:…, such as registry.example/team/orbits-data:latest",
        ) from None


@contextlib.contextmanager
def _worded(where: Reference) -> Iterator[None]:
    """Make an error of the data from what a registry does not do."""
    try:
        yield
    except Missing:
        raise DataError(f"{where}: there is no such artefact", hint="push one first: invoke data.push") from None
    except Failure as failure:
        raise DataError(failure.message, hint=failure.hint) from failure


def push(folder: Path, where: Reference, environment: Mapping[str, str], tell: Tell) -> Transfer:
    """Send the current generation to a registry, under the tag of `where` and under its own name.

    Raises:
        DataError: there is none, it is damaged, or the registry refuses.
    """
    generation = generations.current(folder)
    manifest = generations.load(generation) if generation else None
    if generation is None or manifest is None:
        raise DataError(f"data: there is nothing to push in {folder}", hint="make it with: invoke data")
    with _worded(where):
        return _push(generation, manifest, where, environment, tell)


def _push(
    generation: Path, manifest: Manifest, where: Reference, environment: Mapping[str, str], tell: Tell
) -> Transfer:
    repository = Repository(where, environment)
    layers: list[dict[str, object]] = []
    rows: list[Outcome] = []
    moved = 0
    for record in manifest.stages.values():
        sent = 0
        for part in _parts(record):
            digest, size = _identify(generation, part)
            sent += repository.upload(digest, size, _reader(generation, part))
            layers.append({"mediaType": LAYER, "digest": digest, "size": size, "annotations": {STAGE: record.name}})
        moved += sent
        rows.append(Outcome(record.name, "sent" if sent else "fresh", Reason("bytes", f"{sent:,}")))
        tell(rows[-1])
    config = manifests.text_of(manifest).encode()
    if len(config) > untrusted.MOST_JSON:
        raise DataError(
            f"data: the manifest of {generation.name} has {len(config):,} bytes, and no artefact may have so many",
            hint="let the stages write fewer, larger files",
        )
    identity = f"sha256:{hashlib.sha256(config).hexdigest()}"
    moved += repository.upload(identity, len(config), lambda offset: [config[offset:]])
    text = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": CONFIG,
            "config": {"mediaType": CONFIG, "digest": identity, "size": len(config)},
            "layers": layers,
        },
        separators=(",", ":"),
    )
    return Transfer(repository.tag(text.encode(), (manifest.generation, where.tag)), manifest, moved, tuple(rows))


def pull(folder: Path, where: Reference, environment: Mapping[str, str], say: Say, tell: Tell) -> Transfer:
    """Make the artefact the current generation. What a cut or killed pull fetched is used by the next.

    Raises:
        DataError: there is none, it is damaged, the registry refuses, or the folder cannot be written.
        StageError: the volume is full, or somebody else began to work on it.
    """

    def waiting() -> None:
        say(f"data: waiting for {lease.describe(folder)}, which is making it")

    try:
        while True:
            with (
                contextlib.suppress(lease.Overtaken),
                lease.held(folder, wait=None, on_wait=waiting) as holder,
                _worded(where),
            ):
                return _Pull(folder, where, environment, say, tell).run(holder)
    except OSError as error:
        raise volume.worded(error, folder) from error


class _Pull:
    def __init__(self, folder: Path, where: Reference, environment: Mapping[str, str], say: Say, tell: Tell) -> None:
        self._folder = folder
        self._where = where
        self._repository = Repository(where, environment)
        self._say = say
        self._tell = tell
        self._parts = folder / "pull"
        self._moved = 0

    def run(self, holder: Lease) -> Transfer:
        """Do it, under the lease."""
        text, digest = self._repository.manifest()
        manifest, layers = self._parse(text)
        order.restore(self._folder, holder, self._say)
        before = generations.current(self._folder)
        there = generations.load(before) if before else None
        if there is not None and before is not None and _same(there, manifest, before):
            rows = tuple(Outcome(name, "fresh", Reason("unchanged")) for name in manifest.stages)
            return Transfer(digest, there, 0, rows)
        holder.begin()
        order.require_links(self._folder)
        if generations.current(self._folder) != before:
            raise lease.Overtaken
        known = list(generations.finished(self._folder, None))
        partial = generations.new(self._folder, holder.number, clock.now())
        self._say(f"data: pulling {self._where}, generation {manifest.generation}")
        records: dict[str, StageRecord] = {}
        rows_: list[Outcome] = []
        for record in manifest.stages.values():
            moved = self._moved
            records[record.name] = shared = self._bring(record, layers[record.name], known, partial)
            generations.keep_record(partial, shared)
            moved = self._moved - moved
            rows_.append(Outcome(record.name, "pulled" if moved else "restored", Reason("bytes", f"{moved:,}")))
            self._tell(rows_[-1])
        self._lay(records, partial)
        for place in generations.partial_ones(self._folder, below=holder.number):
            generations.delete(place)
        name = partial.name.removesuffix(generations.PARTIAL)
        whole = Manifest(name, holder.number, manifest.made, records)
        try:
            generations.commit(self._folder, partial, whole, holder.confirm)
        except FileNotFoundError:
            raise lease.lost(self._folder) from None
        generations.tidy(self._folder, before)
        shutil.rmtree(self._parts, ignore_errors=True)
        return Transfer(digest, whole, self._moved, tuple(rows_))

    def _parse(self, text: bytes) -> tuple[Manifest, dict[str, list[tuple[str, int]]]]:
        try:
            values = untrusted.table(untrusted.json_of(text))
            about = untrusted.table(values.get("config", {}))
            kind = about.get("mediaType", values.get("mediaType", "manifest of an image without a config"))
            if kind != CONFIG:
                raise self._odd(f"it is a {kind}")
            size = untrusted.number(about["size"], most=untrusted.MOST_JSON)
            manifest = manifests.parse(self._repository.blob(digest_of(about["digest"]), size).decode())
            if manifest is None:
                raise self._odd("its manifest is damaged")
            return manifest, self._layers(untrusted.rows(values["layers"]), manifest)
        except manifests.NewerSchema:
            raise self._odd("a newer version made it") from None
        except (KeyError, UnicodeDecodeError):
            raise self._odd("its manifest lacks what one of this suite has") from None
        except Odd as odd:
            raise self._odd(str(odd)) from None

    def _layers(self, rows: list[object], manifest: Manifest) -> dict[str, list[tuple[str, int]]]:
        """Return the layers of each stage, which may be as large as its files make them and no larger.

        Raises:
            Odd: they are.
        """
        found: dict[str, list[tuple[str, int]]] = {name: [] for name in manifest.stages}
        for row in map(untrusted.table, rows):
            name = untrusted.text(untrusted.table(row["annotations"])[STAGE])
            if name not in found:
                raise Odd(f"a layer of stage {name}, of which its manifest says nothing")
            found[name].append((digest_of(row["digest"]), untrusted.number(row["size"])))
        for name, layers in found.items():
            own = [(path, file.size) for path, file in manifest.stages[name].files.items() if file.is_file]
            most = sum(size + _MOST_HEADER + len(path) * 2 for path, size in own) + len(layers) * tar.MOST_ENDING
            if len(layers) > len(own) or sum(size for _, size in layers) > most:
                raise Odd(f"the layers of stage {name} are larger than its files")
        return found

    def _odd(self, why: str) -> DataError:
        return DataError(
            f"{self._where}: not data of this suite: {untrusted.shown(why)}",
            hint="name what `invoke data.push` made",
        )

    def _bring(
        self,
        record: StageRecord,
        layers: list[tuple[str, int]],
        known: list[tuple[Path, StageRecord]],
        partial: Path,
    ) -> StageRecord:
        """Share the stage with a generation that has it, or fetch it."""
        for place, other in known:
            if other.outputs == record.outputs and comparing.on_disk(other.files, place, None) == record.outputs:
                return replace(record, files=outputs.share(other, place, partial).files)
        sealed: dict[str, File] = {}
        need, free = sum(file.size for file in record.files.values()), volume.free(self._folder)
        if need > free:
            raise StageError(
                f"stage {record.name}: {need:,} bytes are to come, and the volume has room for {free:,}",
                hint=volume.full_words(),
            )
        for digest, size in layers:
            part = self._parts / digest.replace(":", "-")
            self._moved += self._repository.download(digest, size, part)
            sealed |= self._unpack(part, record, partial)
            part.unlink()
        whole = {path: sealed.get(path, file) if file.is_file else file for path, file in record.files.items()}
        if sealed.keys() != {path for path, file in record.files.items() if file.is_file} or (
            {path: file.state for path, file in whole.items()} != record.outputs
        ):
            generations.delete(partial)
            raise self._odd(f"its layers are not the files of stage {record.name}")
        return replace(record, files=whole)

    def _lay(self, records: Mapping[str, StageRecord], partial: Path) -> None:
        """Make the empty folders and links, once every file is in its place."""
        for record in records.values():
            for path, file in record.files.items():
                if file.is_file:
                    continue
                if file.kind != entry.FOLDER and not entry.link_within(path, file.kind[1:], path.partition("/")[0]):
                    raise self._odd(f"{path} of stage {record.name} is a link to {file.kind[1:]}")
                sealing.lay(file, folders.make_folders_within(partial, path))

    def _unpack(self, part: Path, record: StageRecord, partial: Path) -> dict[str, File]:
        """Unpack the files that the manifest names, and no others, each once and with as many bytes as it says."""
        try:
            with part.open("rb") as packed:
                return unpack(packed.read, record.files, partial)
        except Twice as twice:
            generations.delete(partial)
            raise self._odd(f"a file twice in the layers of stage {record.name}: {twice}") from None
        except Odd as odd:
            generations.delete(partial)  # nothing of what was odd is left
            raise self._odd(f"a layer of stage {record.name}: {odd}") from None


def _same(there: Manifest, manifest: Manifest, generation: Path) -> bool:
    """Return whether the generation has the artefact's records, and their files."""
    return all(
        (own := there.stages.get(name)) is not None
        and (own.key, own.made, own.outputs) == (record.key, record.made, record.outputs)
        and comparing.on_disk(own.files, generation, None) == own.outputs
        for name, record in manifest.stages.items()
    ) and len(there.stages) == len(manifest.stages)


def _parts(record: StageRecord) -> Iterator[list[tuple[str, File]]]:
    """Yield the files of a stage in groups of 16 MB; a larger file is a group of its own."""
    part: list[tuple[str, File]] = []
    size = 0
    for path, file in sorted(record.files.items()):
        if not file.is_file:
            continue  # the manifest says all of an empty folder and of a link
        if part and size + file.size > _PART:
            yield part
            part, size = [], 0
        part.append((path, file))
        size += file.size
    if part:
        yield part


def _identify(generation: Path, part: list[tuple[str, File]]) -> tuple[str, int]:
    """Return digest and size of a layer; every file is compared with its manifest on the way.

    Raises:
        DataError: a file is damaged.
    """
    whole, size = hashlib.sha256(), 0
    for path, file in part:
        if files.digest_file(generation / path) != file.digest:
            raise DataError(f"data: {path} is damaged: nothing was tagged", hint="mend it with: invoke data")
    for block in _tar(generation, part):
        whole.update(block)
        size += len(block)
    return f"sha256:{whole.hexdigest()}", size


def _reader(generation: Path, part: list[tuple[str, File]]) -> Reader:
    def read(offset: int) -> Iterator[bytes]:
        for block in _tar(generation, part):
            if offset >= len(block):
                offset -= len(block)
                continue
            yield block[offset:]
            offset = 0

    return read


def _tar(generation: Path, part: list[tuple[str, File]]) -> Iterator[bytes]:
    """Yield a tar file that follows from names and content alone.

    Raises:
        DataError: a file has another size by now.
    """
    members = (
        (tar.Member(path, file.size, entry.mode_of(file.kind, umask=0)), _blocks(generation / path))
        for path, file in part
    )
    try:
        yield from tar.written(members)
    except Odd as odd:
        raise DataError(f"data: {odd}: nothing was tagged", hint="mend it with: invoke data") from None


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            yield block
