"""A client of image registries (the OCI distribution specification), for artefacts that are no images.

Standard library only, because a container pulls with it. What the network cuts goes on where it stopped: a download
asks for the rest, an upload asks the registry how far it came, and sends the blob again where the registry cannot tell.
Nothing counts before its digest is right.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import re
import ssl
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.data.credentials import credentials
from buildkit.data.reference import Reference
from buildkit.errors import DataError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"

_CHUNK = 8 << 20
_TRIES = 6
"""How often one step is tried that makes no progress."""

_PATIENCE = 60.0
"""Seconds to wait for the next byte."""

_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"})
_PLAIN = "plain HTTP is spoken with localhost and 127.0.0.1 alone: give the registry a certificate"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

Reader = Callable[[int], Iterable[bytes]]
"""Gives the bytes of a blob from an offset on."""


class Registry:
    """One repository in a registry.

    Args:
        where: host and name.
        environment: names user and password, or the folder of Docker's own settings.
    """

    def __init__(self, where: Reference, environment: Mapping[str, str]) -> None:
        self._where = where
        self._environment = environment
        self._authorization = ""
        self._secure = where.host.partition(":")[0] not in {"localhost", "127.0.0.1"}

    def has(self, digest: str) -> bool:
        """Return whether the registry has the blob."""
        return self._ask("HEAD", f"blobs/{digest}", good=(200, 404)).status == http.client.OK

    def send(self, digest: str, size: int, read: Reader) -> int:
        """Upload a blob unless it is there; return how many bytes were sent.

        Args:
            digest: of the whole, as `sha256:…`.
            size: bytes of the whole.
            read: gives them from an offset on.
        """
        if self.has(digest):
            return 0
        place = self._begin()
        done = sent = failures = 0
        while done < size:
            chunk = _take(read(done), min(_CHUNK, size - done))
            headers = {
                "Content-Type": "application/octet-stream",
                "Content-Range": f"{done}-{done + len(chunk) - 1}",
            }
            try:
                place = self._ask("PATCH", place, chunk, headers, good=(202,), tries=1).headers["Location"]
            except _Cut as cut:
                failures = self._again(cut, failures)
                sent += len(chunk)
                place, before, done = *self._how_far(place), done
                failures = 0 if done > before else failures
                continue
            sent += len(chunk)
            done += len(chunk)
            failures = 0
        separator = "&" if "?" in place else "?"
        self._ask("PUT", f"{place}{separator}digest={urllib.parse.quote(digest)}", b"", good=(201,))
        return sent

    def fetch(self, digest: str, size: int, target: Path) -> int:
        """Download a blob into the file `target`, or the rest of what is there; return how many bytes came.

        Raises:
            DataError: what came is not what the digest says; the file is gone.
        """
        came = failures = 0
        target.parent.mkdir(parents=True, exist_ok=True)
        while (have := target.stat().st_size if target.exists() else 0) < size:
            try:
                came += self._rest(digest, have, target)
            except _Cut as cut:  # noqa: PERF203
                more = target.exists() and target.stat().st_size > have
                failures = 0 if more else self._again(cut, failures)
        with target.open("rb") as file:
            found = hashlib.sha256()
            while block := file.read(1 << 20):
                found.update(block)
        if f"sha256:{found.hexdigest()}" != digest:
            target.unlink()
            raise DataError(
                f"{self._where}: what came is not {digest[:19]}…",
                hint="the registry or something before it gives other bytes; nothing of it was used. push it again",
            )
        return came

    def small(self, digest: str) -> bytes:
        """Return the bytes of a small blob.

        Raises:
            DataError: they are not what the digest says.
        """
        return self._checked(self._ask("GET", f"blobs/{digest}", good=(200,)).body, digest)

    def manifest(self) -> tuple[bytes, str]:
        """Return the manifest that the reference names, and its digest.

        Raises:
            DataError: there is none, or it is not what the digest says.
        """
        answer = self._ask("GET", f"manifests/{self._where.wanted}", headers={"Accept": MANIFEST}, good=(200, 404))
        if answer.status != http.client.OK:
            raise DataError(f"{self._where}: there is no such artefact", hint="push one first: invoke data.push")
        digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        return self._checked(answer.body, self._where.digest or digest), digest

    def tag(self, text: bytes, names: Iterable[str]) -> str:
        """Put a manifest under each of `names`; return its digest."""
        for name in names:
            self._ask("PUT", f"manifests/{name}", text, {"Content-Type": MANIFEST}, good=(201,))
        return f"sha256:{hashlib.sha256(text).hexdigest()}"

    def _checked(self, content: bytes, digest: str) -> bytes:
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
            raise DataError(f"{self._where}: what came is not {digest[:19]}…", hint="push it again")
        return content

    def _rest(self, digest: str, have: int, target: Path) -> int:
        """Append what comes from byte `have` on."""
        headers = {"Range": f"bytes={have}-"} if have else {}
        came = 0
        with self._open("GET", self._url(f"blobs/{digest}"), None, headers) as answer:
            self._require(answer.status, (200, 206), answer)
            with target.open("ab" if answer.status == http.client.PARTIAL_CONTENT else "wb") as file:
                while block := _read(answer, 1 << 20):
                    file.write(block)
                    came += len(block)
            if answer.length:
                raise _Cut(ConnectionError("the connection was cut"))
        return came

    def _begin(self) -> str:
        """Begin an upload; return where it goes."""
        return str(self._ask("POST", "blobs/uploads/", good=(202,)).headers["Location"])

    def _how_far(self, place: str) -> tuple[str, int]:
        """Ask how far an upload came; return where it goes on."""
        answer = self._ask("GET", place, good=(204, 404, 416))
        if answer.status != http.client.NO_CONTENT:  # some registries, Docker's own among them, cannot go on in a chunk
            return self._begin(), 0
        last = answer.headers.get("Range", "0--1").partition("-")[2]
        # an upload that has got nothing answers `0-0`; one byte is never sent alone
        done = int(last) + 1 if last and int(last) > 0 else 0
        return answer.headers.get("Location", place), done

    def _again(self, cut: _Cut, failures: int) -> int:
        if failures + 1 >= _TRIES:
            raise self._refused(str(cut)) from cut
        time.sleep(min(0.1 * 2**failures, 5.0))
        return failures + 1

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        good: tuple[int, ...],
        tries: int = _TRIES,
    ) -> Answer:
        """Ask, again where the network cuts; return the answer if its status is one of `good`."""
        failures = 0
        while True:
            try:
                with self._open(method, self._url(path), body, headers or {}) as answer:
                    content = _read(answer)
                    self._require(answer.status, good, answer, content)
                    return Answer(answer.status, answer.headers, content)
            except _Cut as cut:  # noqa: PERF203
                if tries == 1:
                    raise
                failures = self._again(cut, failures)

    @contextlib.contextmanager
    def _open(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Iterator[http.client.HTTPResponse]:
        """Send one request; log in where the registry asks for it, and follow where it leads."""
        for _ in range(_TRIES):
            parts = urllib.parse.urlsplit(url)
            own = url.startswith(f"{self._start}/")  # a password goes nowhere else, and never from TLS to plain HTTP
            connection = _connect(parts)
            try:
                with self._facts(parts):
                    authorized = {"Authorization": self._authorization} if self._authorization and own else {}
                    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
                    connection.request(method, target, body, {**headers, **authorized})
                    answer = connection.getresponse()
                if answer.status == http.client.UNAUTHORIZED and own and self._log_in(answer):
                    continue
                if answer.status in _REDIRECTS:
                    url = urllib.parse.urljoin(url, answer.headers["Location"])
                    continue
                if answer.status >= http.client.INTERNAL_SERVER_ERROR:
                    raise _Cut(ConnectionError(f"status {answer.status}"))
                yield answer
                return
            finally:
                connection.close()
        raise self._refused("it leads in a circle")

    def _log_in(self, answer: http.client.HTTPResponse) -> bool:
        """Get what the registry wants to see; return whether that is something new."""
        _read(answer)
        scheme, _, rest = answer.headers.get("WWW-Authenticate", "").partition(" ")
        basic = credentials(self._where.host, self._environment)
        before, self._authorization = self._authorization, ""
        if scheme.lower() == "basic":
            self._authorization = basic
        elif scheme.lower() == "bearer":
            values = dict(re.findall(r'(\w+)="([^"]*)"', rest))
            query = {key: values[key] for key in ("service", "scope") if key in values}
            parts = urllib.parse.urlsplit(f"{values.get('realm', '')}?{urllib.parse.urlencode(query)}")
            if basic and self._secure and parts.scheme != "https":
                raise self._refused(f"its tokens come from {parts.netloc}, which speaks no TLS: no password goes there")
            connection = _connect(parts)
            try:
                with self._facts(parts):
                    connection.request(
                        "GET", f"{parts.path}?{parts.query}", headers={"Authorization": basic} if basic else {}
                    )
                    content = connection.getresponse().read()
            finally:
                connection.close()
            with contextlib.suppress(ValueError, AttributeError):
                token: dict[str, Any] = json.loads(content)
                value = token.get("token") or token.get("access_token")
                self._authorization = f"Bearer {value}" if value else ""
        return bool(self._authorization) and self._authorization != before

    @contextlib.contextmanager
    def _facts(self, parts: urllib.parse.SplitResult) -> Iterator[None]:
        """Tell what the network failed at, to try again, from what no trying mends."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise self._refused(
                f"the certificate of {parts.netloc} is not trusted: {error.verify_message}",
                hint="where a CA of your own signed it, name the file of all that you trust: SSL_CERT_FILE=/ca.pem",
            ) from None
        except ssl.SSLError as error:
            if error.reason not in _NO_TLS:
                raise _Cut(error) from error
            raise self._refused(f"{parts.netloc} speaks no TLS", hint=_PLAIN) from None
        except (OSError, http.client.HTTPException) as error:
            raise _Cut(error) from error

    def _require(
        self, status: int, good: tuple[int, ...], answer: http.client.HTTPResponse, content: bytes | None = None
    ) -> None:
        if status in good:
            return
        text = content if content is not None else _read(answer, 10_000)
        words = f"status {status}"
        with contextlib.suppress(ValueError, LookupError, TypeError):
            words = f"{json.loads(text)['errors'][0]['message']} ({words})"
        if status == http.client.UNAUTHORIZED:  # the answer to HEAD brings no words of its own
            known = credentials(self._where.host, self._environment)
            words = f"{'user and password are not accepted' if known else 'authentication required'} (status {status})"
        raise self._refused(words)

    def _refused(self, words: str, hint: str = "") -> DataError:
        return DataError(
            f"registry {self._where.host}: {words}",
            hint=hint
            or f"see that it answers and that you may use {self._where.name}: docker login {self._where.host}\n"
            "or set PYBUILDKIT_REGISTRY_USER and PYBUILDKIT_REGISTRY_PASSWORD; what was transferred is kept",
        )

    def _url(self, path: str) -> str:
        if "://" in path:
            return path
        return f"{self._start}{path}" if path.startswith("/") else f"{self._start}/v2/{self._where.name}/{path}"

    @property
    def _start(self) -> str:
        return f"{'https' if self._secure else 'http'}://{self._where.host}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a registry answered."""

    status: int
    headers: Any
    body: bytes


class _Cut(Exception):  # noqa: N818 - a fact: the network failed, to try again may help
    """The connection could not be made, or ended early."""


def _connect(parts: urllib.parse.SplitResult) -> http.client.HTTPConnection:
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=_PATIENCE)


def _read(answer: http.client.HTTPResponse, size: int | None = None) -> bytes:
    try:
        return answer.read(size)
    except (OSError, http.client.HTTPException) as error:
        raise _Cut(error) from error


def _take(blocks: Iterable[bytes], size: int) -> bytes:
    """Return the first `size` bytes."""
    taken = bytearray()
    for block in blocks:
        taken += block
        if len(taken) >= size:
            break
    return bytes(taken[:size])
