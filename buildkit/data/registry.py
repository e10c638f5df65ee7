"""A client of image registries (the OCI distribution specification), for artefacts that are no images.

Standard library only, because a container pulls with it. A blob is asked for, announced and sent in one stream, which
every registry takes (ECR drops what comes in pieces, others limit a piece). Only where the line does not hold for that
long, and the registry proves to keep pieces, it is sent in these. A download goes on where it stopped. Nothing counts
before its digest is right, and nothing has more bytes than it was said to have.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import re
import stat
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.core import untrusted
from buildkit.data.credentials import LOCAL, credentials
from buildkit.data.reference import Reference
from buildkit.data.transport import (
    MOST_WORDS,
    TRIES,
    Answer,
    Cut,
    Patience,
    Refused,
    Request,
    checked,
    exchange,
    led_to,
)
from buildkit.errors import DataError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"

MOST_MANIFEST = 4 << 20
"""Bytes of an artefact's manifest, as the specification has it."""

_CHUNK = 8 << 20
_MOST_TOKEN = 1 << 20
_TOKEN = re.compile(r"[\x21-\x7e]+")
_DIGEST = re.compile(r"(?P<algorithm>[a-z0-9]+(?:[.+_-][a-z0-9]+)*):(?P<value>[0-9A-Za-z=_-]{1,256})")

Reader = Callable[[int], Iterable[bytes]]
"""Gives the bytes of a blob from an offset on."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a registry answered, read to its end."""

    status: int
    headers: Any
    body: bytes
    url: str


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
        self._secure = where.host.partition(":")[0] not in LOCAL
        self._start = f"{'https' if self._secure else 'http'}://{where.host}"

    def has(self, digest: str) -> bool:
        """Return whether the registry has the blob."""
        return self._ask(Request("HEAD", self._url(f"blobs/{digest}")), good=(200, 404)).status == http.client.OK

    def send(self, digest: str, size: int, read: Reader) -> int:
        """Upload a blob unless it is there; return how many bytes were sent.

        Args:
            digest: of the whole, as `sha256:…`.
            size: bytes of the whole.
            read: gives them from an offset on.
        """
        if self.has(digest):
            return 0
        patience, sent = Patience(), 0
        while True:
            place = self._finished(self._begin(), digest)
            headers = {"Content-Type": "application/octet-stream"}
            try:
                said = self._once(Request("PUT", place, headers, lambda: read(0), size), good=(201, 202, 204))
            except Cut as cut:
                sent += size
                self._again(patience, cut)
                if size > _CHUNK:
                    more, whole = self._in_pieces(digest, size, read)
                    sent += more
                    if whole:
                        return sent
                continue
            if said.status != http.client.CREATED and not self.has(digest):
                raise self._worded("it took a blob and does not have it")
            return sent + size

    def fetch(self, digest: str, size: int, target: Path) -> int:
        """Download a blob into the file `target`, or the rest of what is there; return how many bytes came.

        Args:
            digest: of the whole, as `sha256:…`.
            size: bytes of the whole; what is longer is given up as soon as that shows.
            target: the file.

        Raises:
            DataError: what came is not what the digest or the size says; the file is gone.
        """
        came, patience = 0, Patience()
        target.parent.mkdir(parents=True, exist_ok=True)
        with _part(target) as descriptor:
            while (have := os.fstat(descriptor).st_size) != size:
                if have > size:
                    os.ftruncate(descriptor, 0)
                    continue
                try:
                    came += self._rest(digest, have, size, descriptor)
                    if os.fstat(descriptor).st_size < size:
                        raise Cut("it ended early")  # noqa: TRY301 - as if the network had cut it
                except Cut as cut:
                    self._again(patience, cut, progress=os.fstat(descriptor).st_size > have)
                except Refused as refused:
                    target.unlink()
                    raise self._worded(str(refused), refused.hint) from None
            os.lseek(descriptor, 0, os.SEEK_SET)
            found = hashlib.sha256()
            while block := os.read(descriptor, 1 << 20):
                found.update(block)
        if f"sha256:{found.hexdigest()}" != digest:
            target.unlink()
            raise DataError(
                f"{self._where}: what came is not {digest[:19]}…",
                hint="the registry or something before it gives other bytes; nothing of it was used. push it again",
            )
        return came

    def small(self, digest: str, size: int) -> bytes:
        """Return the bytes of a small blob.

        Raises:
            DataError: they are not what digest and size say.
        """
        body = self._ask(Request("GET", self._url(f"blobs/{digest}")), good=(200,), most=size).body
        return self._checked(body, digest)

    def manifest(self) -> tuple[bytes, str]:
        """Return the manifest that the reference names, and its digest.

        Raises:
            DataError: there is none, or it is not what the digest says.
        """
        request = Request("GET", self._url(f"manifests/{self._where.wanted}"), {"Accept": MANIFEST})
        answer = self._ask(request, good=(200, 404), most=MOST_MANIFEST)
        if answer.status != http.client.OK:
            raise DataError(f"{self._where}: there is no such artefact", hint="push one first: invoke data.push")
        digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        return self._checked(answer.body, self._where.digest or digest), digest

    def tag(self, text: bytes, names: Iterable[str]) -> str:
        """Put a manifest under each of `names`; return its digest."""
        for name in names:
            url = self._url(f"manifests/{name}")
            self._ask(Request("PUT", url, {"Content-Type": MANIFEST}, lambda: [text], len(text)), good=(201,))
        return f"sha256:{hashlib.sha256(text).hexdigest()}"

    def _checked(self, content: bytes, digest: str) -> bytes:
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
            raise DataError(f"{self._where}: what came is not {digest[:19]}…", hint="push it again")
        return content

    # ------------------------------------------------------------------ down

    def _rest(self, digest: str, have: int, size: int, descriptor: int) -> int:
        """Write what comes from byte `have` on; all of it anew where the registry does not go on."""
        headers = {"Range": f"bytes={have}-"} if have else {}
        came = 0
        with self._open(Request("GET", self._url(f"blobs/{digest}"), headers)) as answer:
            self._require(answer, (200, 206))
            if not (have and _goes_on(answer, have)):
                os.ftruncate(descriptor, 0)
                have = 0
                if answer.status != http.client.OK:
                    raise Cut("it goes on at another place than asked for")
            for block in answer.blocks(size - have):
                _write(descriptor, block)
                came += len(block)
        return came

    # ------------------------------------------------------------------ up

    def _begin(self) -> str:
        """Begin an upload; return where it goes."""
        return self._place(self._ask(Request("POST", self._url("blobs/uploads/"), {}, list, 0), good=(202,)))

    def _place(self, said: _Said) -> str:
        """Return where an upload goes on; what a registry leaves out is where it was."""
        try:
            return led_to(said.url, said.headers.get("Location"))
        except Refused as refused:
            raise self._worded(f"an upload has no place to go to: {refused}", refused.hint) from None

    def _finished(self, place: str, digest: str) -> str:
        separator = "&" if urllib.parse.urlsplit(place).query else "?"
        return f"{place}{separator}digest={urllib.parse.quote(digest)}"

    def _in_pieces(self, digest: str, size: int, read: Reader) -> tuple[int, bool]:
        """Upload a blob piece by piece, for a line that does not hold; return how many were sent, and whether all.

        Each piece counts once the registry says by its `Range` that it has all up to its end. One that does not say so
        (ECR keeps the first alone) gets no further one.
        """
        place, done, sent, patience = self._begin(), 0, 0, Patience()
        while done < size:
            piece = _take(read(done), min(_CHUNK, size - done))
            headers = {
                "Content-Type": "application/octet-stream",
                "Content-Range": f"{done}-{done + len(piece) - 1}",
            }
            request = Request("PATCH", place, headers, lambda piece=piece: [piece], len(piece))  # type: ignore[misc]
            sent += len(piece)
            try:
                said = self._once(request, good=None)
            except Cut as cut:
                self._again(patience, cut)
                place, before, done = *self._how_far(place), done
                if done > before:
                    patience = Patience()
                continue
            done += len(piece)
            if said.status != http.client.ACCEPTED or said.headers.get("Range", "").removeprefix("bytes=") != (
                f"0-{done - 1}"
            ):
                return sent, False
            place, patience = self._place(said), Patience()
        self._ask(Request("PUT", self._finished(place, digest), {}, list, 0), good=(201,))
        return sent, True

    def _how_far(self, place: str) -> tuple[str, int]:
        """Ask how far an upload came; return where it goes on."""
        answer = self._ask(Request("GET", place), good=(204, 404, 416))
        if answer.status != http.client.NO_CONTENT:  # some registries, Docker's own among them, cannot go on in a chunk
            return self._begin(), 0
        last = answer.headers.get("Range", "0--1").partition("-")[2]
        # an upload that has got nothing answers `0-0`; one byte is never sent alone
        known = last.isascii() and last.isdecimal() and len(last) < 20  # noqa: PLR2004 - 64 bits
        done = int(last) + 1 if known and int(last) > 0 else 0
        return (self._place(answer) if answer.headers.get("Location") else place), done

    # ------------------------------------------------------------------ one request

    def _ask(self, request: Request, *, good: tuple[int, ...], most: int = MOST_WORDS) -> _Said:
        """Ask, again where the network cuts; return the answer if its status is one of `good`."""
        patience = Patience()
        while True:
            try:
                return self._once(request, good=good, most=most)
            except Cut as cut:  # noqa: PERF203
                self._again(patience, cut)

    def _once(self, request: Request, *, good: tuple[int, ...] | None, most: int = MOST_WORDS) -> _Said:
        with self._open(request) as answer:
            if good is not None:
                self._require(answer, good)
            body = b"" if request.method == "HEAD" else self._content(answer, most)
            return _Said(answer.status, answer.headers, body, answer.url)

    def _content(self, answer: Answer, most: int) -> bytes:
        try:
            return answer.content(most)
        except Refused as refused:
            raise self._worded(str(refused), refused.hint) from None

    def _again(self, patience: Patience, cut: Cut, *, progress: bool = False) -> None:
        try:
            patience.again(cut, progress=progress)
        except Refused as refused:
            raise self._worded(str(refused)) from cut

    @contextlib.contextmanager
    def _open(self, request: Request) -> Iterator[Answer]:
        """Send one request; log in where the registry asks for it."""
        with contextlib.ExitStack() as stack:
            try:
                for _ in range(TRIES):
                    answer = stack.enter_context(exchange(request, self._authorize))
                    wanted = answer.status == http.client.UNAUTHORIZED and self._is_own(answer.url)
                    if not (wanted and self._log_in(answer)):
                        break
                    stack.close()
                else:
                    raise Refused("it asks for a login again and again")  # noqa: TRY301
            except Refused as refused:
                raise self._worded(refused.words, refused.hint) from None
            yield answer

    def _is_own(self, url: str) -> bool:
        """Return whether a URL is the registry's: a password goes nowhere else, and never from TLS to plain HTTP."""
        return url.startswith(f"{self._start}/")

    def _authorize(self, url: str) -> Mapping[str, str]:
        return {"Authorization": self._authorization} if self._authorization and self._is_own(url) else {}

    def _log_in(self, answer: Answer) -> bool:
        """Get what the registry wants to see; return whether that is something new."""
        scheme, _, rest = answer.headers.get("WWW-Authenticate", "").strip().partition(" ")
        basic = credentials(self._where.host, self._environment)
        before, self._authorization = self._authorization, ""
        if scheme.lower() == "basic":
            self._authorization = basic
        elif scheme.lower() == "bearer":
            token = self._token(dict(re.findall(r'(\w+)="([^"]*)"', rest)), basic)
            self._authorization = f"Bearer {token}" if token else ""
        return bool(self._authorization) and self._authorization != before

    def _token(self, values: Mapping[str, str], basic: str) -> str:
        """Return what the token server that the registry names gives out, empty if that is nothing.

        Raises:
            Refused: user and password would go there in the clear.
        """
        query = urllib.parse.urlencode({key: values[key] for key in ("service", "scope") if key in values})
        realm = values.get("realm", "")
        url = f"{realm}{'&' if '?' in realm else '?'}{query}"
        parts = checked(url)
        # a registry that is on this machine, and so without TLS, may have its tokens from this machine as well
        if basic and parts.scheme != "https" and (self._secure or parts.hostname not in LOCAL):
            raise Refused(f"its tokens come from {parts.netloc}, which speaks no TLS: no password goes there")
        request = Request("GET", url)
        own = {"Authorization": basic} if basic else {}
        with exchange(request, lambda asked: own if asked == url else {}) as answer:
            content = answer.content(_MOST_TOKEN)
        with contextlib.suppress(ValueError):
            found = untrusted.table(untrusted.json_of(content, _MOST_TOKEN))
            for name in ("token", "access_token"):
                if found.get(name) and _TOKEN.fullmatch(untrusted.text(found[name])):
                    return str(found[name])
        return ""

    def _require(self, answer: Answer, good: tuple[int, ...]) -> None:
        if answer.status in good:
            return
        words = f"status {answer.status}"
        with contextlib.suppress(ValueError, LookupError, TypeError, Cut, Refused):
            errors = untrusted.table(untrusted.json_of(answer.content(MOST_WORDS)))["errors"]
            words = f"{untrusted.shown(errors[0]['message'])} ({words})"
        if answer.status == http.client.UNAUTHORIZED:  # the answer to HEAD brings no words of its own
            known = credentials(self._where.host, self._environment)
            said = "user and password are not accepted" if known else "authentication required"
            words = f"{said} (status {answer.status})"
        raise self._worded(words)

    def _worded(self, words: str, hint: str = "") -> DataError:
        return DataError(
            f"registry {self._where.host}: {untrusted.shown(words, 400)}",
            hint=hint
            or f"see that it answers and that you may use {self._where.name}: docker login {self._where.host}\n"
            "or set PYBUILDKIT_REGISTRY_USER and PYBUILDKIT_REGISTRY_PASSWORD; what was transferred is kept",
        )

    def _url(self, path: str) -> str:
        return f"{self._start}/v2/{self._where.name}/{path}"


def digest_of(value: object) -> str:
    """Return a digest that an artefact names, if it can be compared.

    Raises:
        Odd: it is none, or of another algorithm than SHA-256.
    """
    found = _DIGEST.fullmatch(untrusted.text(value))
    if found is not None and found["algorithm"] == "sha256" and untrusted.is_digest(found["value"]):
        return found[0]
    if found is not None and found["algorithm"] != "sha256":
        raise untrusted.Odd(f"a digest by {untrusted.shown(found['algorithm'])}: SHA-256 alone is compared")
    raise untrusted.Odd(f"{untrusted.shown(repr(value))} is no digest")


def _goes_on(answer: Answer, have: int) -> bool:
    """Return whether an answer begins where the last one ended."""
    place = answer.headers.get("Content-Range", "").strip()
    return answer.status == http.client.PARTIAL_CONTENT and place.startswith((f"bytes {have}-", f"bytes={have}-"))


@contextlib.contextmanager
def _part(target: Path) -> Iterator[int]:
    """Open the file that a blob is downloaded into; what else lies at its place, a link say, makes room for it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with contextlib.suppress(FileNotFoundError):
        found = target.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            target.unlink()
    descriptor = os.open(target, flags, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _take(blocks: Iterable[bytes], size: int) -> bytes:
    """Return the first `size` bytes."""
    taken = bytearray()
    for block in blocks:
        taken += block
        if len(taken) >= size:
            break
    return bytes(taken[:size])
