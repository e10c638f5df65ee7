"""Makes an artefact the current generation: fetches the stages that no generation on the volume has."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from buildkit.core import untrusted
from buildkit.core.advance import UNSEEN, Advance
from buildkit.core.untrusted import Odd
from buildkit.data import names
from buildkit.data.artifact.layers import (
    CONFIG,
    MOST_HEADER,
    STAGE,
    Say,
    Tell,
    Transfer,
    as_data_error,
    heard,
    size_of,
)
from buildkit.data.volume import (
    claims,
    current_link,
    deleting,
    disk,
    generations,
    lease,
    outputs,
    switching,
    unfinished,
)
from buildkit.data.volume import manifest as manifests
from buildkit.data.volume.lease import Lease
from buildkit.data.volume.manifest import Manifest, StageRecord
from buildkit.doors import clock
from buildkit.errors import DataError, StageError
from buildkit.model import Outcome, Reason
from buildkit.registry.client import Repository
from buildkit.registry.reference import Reference, digest_of
from buildkit.trees import comparing, entry, folders, sealing, tar
from buildkit.trees.entry import File
from buildkit.trees.unpacking import Twice, unpack


def pull(
    folder: Path, where: Reference, environment: Mapping[str, str], say: Say, tell: Tell, advance: Advance = UNSEEN
) -> Transfer:
    """Make the artefact the current generation. A later pull uses what an interrupted one has fetched.

    Args:
        folder: the data's folder.
        where: the registry, and the artefact's name and tag or digest.
        environment: user and password of the registry, or Docker's own settings.
        say: called with each progress line.
        tell: called with the outcome of each stage.
        advance: told of the stages, each with its bytes.

    Raises:
        DataError: there is no such artefact, it is damaged, the registry refuses, or the folder cannot be written.
        StageError: the volume is full, or another process has claimed the lease.
    """

    def waiting() -> None:
        say(f"data: waiting for {claims.describe(folder)}, which is making it")

    try:
        while True:
            with (
                contextlib.suppress(lease.AlreadyClaimed),
                lease.held(folder, wait=None, on_wait=waiting) as holder,
                as_data_error(where),
            ):
                return _Pull(folder, where, environment, say, tell, advance).run(holder)
    except OSError as error:
        raise disk.as_error(error, folder) from error


class _Pull:
    def __init__(
        self, folder: Path, where: Reference, environment: Mapping[str, str], say: Say, tell: Tell, advance: Advance
    ) -> None:
        self._folder = folder
        self._where = where
        self._repository = Repository(where, environment)
        self._say = say
        self._tell = tell
        self._advance = advance
        self._parts = folder / "pull"
        self._moved = 0

    def run(self, holder: Lease) -> Transfer:
        """Pull while holding the lease."""
        text, digest = self._repository.manifest()
        manifest, layers = self._parse(text)
        current_link.repair(self._folder, holder, self._say)
        before = generations.current(self._folder)
        there = generations.load(before) if before else None
        if there is not None and before is not None and _same(there, manifest, before):
            rows = tuple(Outcome(name, "fresh", Reason("unchanged")) for name in manifest.stages)
            return Transfer(digest, there, 0, rows)
        holder.claim()
        current_link.require_symlinks(self._folder)
        if generations.current(self._folder) != before:
            raise lease.AlreadyClaimed
        known = list(unfinished.recorded_stages(self._folder, None))
        partial = switching.new(self._folder, holder.number, clock.now())
        self._say(f"data: pulling {self._where}, generation {manifest.generation}")
        records: dict[str, StageRecord] = {}
        rows_: list[Outcome] = []
        self._advance.expects({record.name: size_of(record) for record in manifest.stages.values()})
        for record in manifest.stages.values():
            moved = self._moved
            records[record.name] = shared = self._bring(record, layers[record.name], known, partial)
            unfinished.keep_record(partial, shared)
            moved = self._moved - moved
            rows_.append(Outcome(record.name, "pulled" if moved else "restored", Reason("bytes", f"{moved:,}")))
            self._tell(rows_[-1])
        self._lay(records, partial)
        for place in generations.partial_ones(self._folder, below=holder.number):
            deleting.delete(place)
        name = partial.name.removesuffix(names.PARTIAL)
        whole = Manifest(name, holder.number, manifest.made, records)
        try:
            switching.commit(self._folder, partial, whole, holder.begin_commit)
        except FileNotFoundError:
            raise lease.lost(self._folder) from None
        deleting.tidy(self._folder, before)
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
        """Return the layers of each stage, after checking that they are no larger than its files require.

        Raises:
            Odd: a layer is larger than the files it is to hold.
        """
        found: dict[str, list[tuple[str, int]]] = {name: [] for name in manifest.stages}
        for row in map(untrusted.table, rows):
            name = untrusted.text(untrusted.table(row["annotations"])[STAGE])
            if name not in found:
                raise Odd(f"a layer of stage {name}, of which its manifest says nothing")
            found[name].append((digest_of(row["digest"]), untrusted.number(row["size"])))
        for name, layers in found.items():
            own = [(path, file.size) for path, file in manifest.stages[name].files.items() if file.is_file]
            most = sum(size + MOST_HEADER + len(path) * 2 for path, size in own) + len(layers) * tar.MOST_ENDING
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
                self._advance.skips(record.name)
                return replace(record, files=outputs.share(other, place, partial).files)
        sealed: dict[str, File] = {}
        need, free = sum(file.size for file in record.files.values()), disk.free(self._folder)
        if need > free:
            raise StageError(
                f"stage {record.name}: {need:,} bytes are to come, and the volume has room for {free:,}",
                hint=disk.FULL_HINT,
            )
        self._advance.begins(record.name)
        before = 0
        for digest, size in layers:
            part = self._parts / digest.replace(":", "-")
            self._moved += self._repository.download(digest, size, part, heard(self._advance, record, before))
            before += size
            sealed |= self._unpack(part, record, partial)
            part.unlink()
        whole = {path: sealed.get(path, file) if file.is_file else file for path, file in record.files.items()}
        if sealed.keys() != {path for path, file in record.files.items() if file.is_file} or (
            {path: file.state for path, file in whole.items()} != record.outputs
        ):
            deleting.delete(partial)
            raise self._odd(f"its layers are not the files of stage {record.name}")
        self._advance.done(record.name)
        return replace(record, files=whole)

    def _lay(self, records: Mapping[str, StageRecord], partial: Path) -> None:
        """Make the empty folders and links after all files have been unpacked."""
        for record in records.values():
            for path, file in record.files.items():
                if file.is_file:
                    continue
                if file.kind != entry.FOLDER and not entry.link_within(path, file.kind[1:], path.partition("/")[0]):
                    raise self._odd(f"{path} of stage {record.name} is a link to {file.kind[1:]}")
                sealing.make_folder_or_link(file, folders.make_parents_within(partial, path))

    def _unpack(self, part: Path, record: StageRecord, partial: Path) -> dict[str, File]:
        """Unpack exactly the files that the manifest names, each once and with the recorded number of bytes."""
        try:
            with part.open("rb") as packed:
                return unpack(packed.read, record.files, partial)
        except Twice as twice:
            deleting.delete(partial)
            raise self._odd(f"a file twice in the layers of stage {record.name}: {twice}") from None
        except Odd as odd:
            deleting.delete(partial)  # nothing of what was odd is left
            raise self._odd(f"a layer of stage {record.name}: {odd}") from None


def _same(there: Manifest, manifest: Manifest, generation: Path) -> bool:
    """Return whether the generation has the artefact's records and complete files."""
    return all(
        (own := there.stages.get(name)) is not None
        and (own.key, own.made, own.outputs) == (record.key, record.made, record.outputs)
        and comparing.on_disk(own.files, generation, None) == own.outputs
        for name, record in manifest.stages.items()
    ) and len(there.stages) == len(manifest.stages)
