"""One repository of a registry: its blobs, its manifests and their tags."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import urllib.parse
from collections.abc import Iterable, Mapping
from pathlib import Path

from buildkit.core.untrusted import Odd
from buildkit.registry import failure
from buildkit.registry.download import download
from buildkit.registry.exchange import Request
from buildkit.registry.reference import Reference, digest_of
from buildkit.registry.session import Session
from buildkit.registry.upload import Hear, Reader, has_blob, unheard, upload

MANIFEST = "application/vnd.oci.image.manifest.v1+json"

INDEX = "application/vnd.oci.image.index.v1+json"

IMAGES = (
    MANIFEST,
    INDEX,
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
"""The kinds of manifests that images have, of OCI and of Docker, for one processor and for several."""

MOST_MANIFEST = 4 << 20
"""Bytes of a manifest, as the specification has it."""

_DIGEST = "Docker-Content-Digest"
_SUBJECT = "OCI-Subject"


class Repository:
    """One repository.

    Args:
        where: the repository; its tag or digest names the manifest that is read.
        environment: the variables that hold user and password, or the folder of Docker's own settings.
        also: names of further repositories of the registry, whose blobs are to be mounted.
    """

    def __init__(self, where: Reference, environment: Mapping[str, str], also: Iterable[str] = ()) -> None:
        self._where = where
        self._session = Session(where, environment, also)

    def has(self, digest: str) -> bool:
        """Return whether the repository has the blob.

        Raises:
            Failure: the registry refuses, or cannot be reached.
        """
        return has_blob(self._session, digest)

    def upload(self, digest: str, size: int, read: Reader, hear: Hear = unheard) -> int:
        """Send a blob unless the repository has it; return how many bytes were sent.

        Args:
            digest: the digest of the whole blob, as `sha256:…`.
            size: bytes of the whole blob.
            read: returns the blob's bytes from an offset on.
            hear: told how many of its bytes have gone.

        Raises:
            Failure: the registry refuses, or cannot be reached.
        """
        return 0 if self.has(digest) else upload(self._session, digest, size, read, hear)

    def download(self, digest: str, size: int, target: Path, hear: Hear = unheard) -> int:
        """Download a blob into the file `target`, or the rest of it; return how many bytes came.

        Args:
            digest: the digest of the whole blob, as `sha256:…`.
            size: bytes of the whole blob; a longer one is given up as soon as that shows.
            target: the file.
            hear: told how many of its bytes have come.

        Raises:
            Failure: the content does not have this digest or size, and the file is deleted; or the registry refuses.
        """
        return download(self._session, digest, size, target, hear)

    def blob(self, digest: str, size: int) -> bytes:
        """Return the bytes of a small blob.

        Raises:
            Failure: the content does not have this digest or size.
        """
        request = Request("GET", self._session.url(f"blobs/{digest}"))
        return self._checked(self._session.ask(request, good=(200,), most=size).body, digest)

    def manifest(self) -> tuple[bytes, str]:
        """Return the manifest that the reference names, and its digest.

        Raises:
            Missing: there is no such manifest.
            Failure: the content does not have the reference's digest, or the registry refuses.
        """
        request = Request("GET", self._session.url(f"manifests/{self._where.wanted}"), {"Accept": MANIFEST})
        response = self._session.ask(request, good=(200, 404), most=MOST_MANIFEST)
        if response.status != http.client.OK:
            raise failure.Missing(f"{self._where}: there is no such manifest", "push one first")
        digest = f"sha256:{hashlib.sha256(response.body).hexdigest()}"
        return self._checked(response.body, self._where.digest or digest), digest

    def find(self, name: str) -> str:
        """Return the digest of the manifest under a tag or digest; empty if there is none.

        Raises:
            Failure: the registry refuses, or cannot be reached.
        """
        request = Request("HEAD", self._session.url(f"manifests/{name}"), {"Accept": ", ".join(IMAGES)})
        response = self._session.ask(request, good=(200, 404))
        if response.status != http.client.OK:
            return ""
        found = str(response.headers.get(_DIGEST, ""))
        if _is_digest(found):
            return found
        return self.fetch(name)[1]  # a registry that does not say

    def fetch(self, name: str, kinds: Iterable[str] = IMAGES) -> tuple[bytes, str, str]:
        """Return the manifest under a tag or digest with its digest and its media type; all empty if there is none.

        Raises:
            Failure: the content does not have the digest that was asked for, or the registry refuses.
        """
        request = Request("GET", self._session.url(f"manifests/{name}"), {"Accept": ", ".join(kinds)})
        response = self._session.ask(request, good=(200, 404), most=MOST_MANIFEST)
        if response.status != http.client.OK:
            return b"", "", ""
        digest = f"sha256:{hashlib.sha256(response.body).hexdigest()}"
        self._checked(response.body, name if _is_digest(name) else digest)
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
        return response.body, digest, kind

    def put(self, text: bytes, name: str, kind: str = MANIFEST) -> bool:
        """Put a manifest under a tag or digest; return whether the registry notes to which manifest it refers.

        Raises:
            Failure: the registry refuses, or cannot be reached.
        """
        url = self._session.url(f"manifests/{name}")
        request = Request("PUT", url, {"Content-Type": kind}, lambda: [text], len(text))
        return bool(self._session.ask(request, good=(201,)).headers.get(_SUBJECT))

    def mount(self, digest: str, source: str) -> bool:
        """Let the repository have a blob that another one of the same registry has; return whether it has it now.

        A registry that knows no mounting, or where this user may not read there, begins an upload instead: that is
        left to end by itself.

        Args:
            digest: the blob's.
            source: the name of the other repository.
        """
        query = urllib.parse.urlencode({"mount": digest, "from": source})
        request = Request("POST", self._session.url(f"blobs/uploads/?{query}"), {}, list, 0)
        try:
            return self._session.ask(request, good=(201, 202)).status == http.client.CREATED
        except failure.Failure:
            return False

    def send(self, digest: str, size: int, read: Reader) -> int:
        """Send a blob without asking whether the repository has it; see `upload`."""
        return upload(self._session, digest, size, read)

    def tag(self, text: bytes, names: Iterable[str]) -> str:
        """Put a manifest under each of `names`; return its digest.

        Raises:
            Failure: the registry refuses, or cannot be reached.
        """
        for name in names:
            url = self._session.url(f"manifests/{name}")
            self._session.ask(Request("PUT", url, {"Content-Type": MANIFEST}, lambda: [text], len(text)), good=(201,))
        return f"sha256:{hashlib.sha256(text).hexdigest()}"

    def _checked(self, content: bytes, digest: str) -> bytes:
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
            raise failure.other_bytes(self._where, digest, "push it again")
        return content


def _is_digest(text: str) -> bool:
    with contextlib.suppress(Odd):
        return bool(digest_of(text))
    return False
