"""The tag `latest` of a repository: what it names, and whether it is moved."""

from __future__ import annotations

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd
from buildkit.image.oci.layout import descriptor
from buildkit.image.push import tags
from buildkit.image.push.parcel import Manifest, manifest_of
from buildkit.registry.client import Repository


class Latest:
    """The tag `latest` of a repository, asked for at most once.

    Args:
        repository: the repository.
        image: what the tag is to name.
        wanted: what becomes of it: `auto`, `never` or `move`.
        is_ancestor: says which of two commits came first.
    """

    def __init__(self, repository: Repository, image: Manifest, wanted: str, is_ancestor: tags.IsAncestor) -> None:
        self._repository = repository
        self._image = image
        self._wanted = wanted
        self._is_ancestor = is_ancestor
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


def _children(found: Manifest) -> list[str]:
    about = untrusted.table(untrusted.json_of(found.text))
    return [descriptor(each).digest for each in untrusted.rows(about.get("manifests", []))]
