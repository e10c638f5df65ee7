"""One repository of a registry: its blobs, its manifests and their tags."""

from __future__ import annotations

import hashlib
import http.client
from collections.abc import Iterable, Mapping
from pathlib import Path

from buildkit.registry import failure
from buildkit.registry.download import download
from buildkit.registry.exchange import Request
from buildkit.registry.reference import Reference
from buildkit.registry.session import Session
from buildkit.registry.upload import Reader, has_blob, upload

MANIFEST = "application/vnd.oci.image.manifest.v1+json"

MOST_MANIFEST = 4 << 20
"""Bytes of a manifest, as the specification has it."""


class Repository:
    """One repository.

    Args:
        where: the repository; its tag or digest names the manifest that is read.
        environment: the variables that hold user and password, or the folder of Docker's own settings.
    """

    def __init__(self, where: Reference, environment: Mapping[str, str]) -> None:
        self._where = where
        self._session = Session(where, environment)

    def has(self, digest: str) -> bool:
        """Return whether the repository has the blob.

        Raises:
            Failure: the registry refuses, or cannot be reached.
        """
        return has_blob(self._session, digest)

    def upload(self, digest: str, size: int, read: Reader) -> int:
        """Send a blob unless the repository has it; return how many bytes were sent.

        Args:
            digest: the digest of the whole blob, as `sha256:…`.
            size: bytes of the whole blob.
            read: returns the blob's bytes from an offset on.

        Raises:
            Failure: the registry refuses, or cannot be reached.
        """
        return 0 if self.has(digest) else upload(self._session, digest, size, read)

    def download(self, digest: str, size: int, target: Path) -> int:
        """Download a blob into the file `target`, or the rest of it; return how many bytes came.

        Args:
            digest: the digest of the whole blob, as `sha256:…`.
            size: bytes of the whole blob; a longer one is given up as soon as that shows.
            target: the file.

        Raises:
            Failure: the content does not have this digest or size, and the file is deleted; or the registry refuses.
        """
        return download(self._session, digest, size, target)

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
