"""Requests to one repository: with login if the registry asks for it, further tries, and messages for refusals."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from buildkit.core import untrusted
from buildkit.registry.authorization import Authorization
from buildkit.registry.exchange import MOST_WORDS, Answer, Request, exchange
from buildkit.registry.failure import Denied, Failure
from buildkit.registry.patience import TRIES, Patience, PermanentFailure, TransientFailure
from buildkit.registry.reference import Reference

_DENIED = frozenset({http.client.UNAUTHORIZED, http.client.FORBIDDEN})


@dataclass(frozen=True, slots=True)
class Response:
    """A registry's complete answer.

    Args:
        status: the HTTP status.
        headers: the headers of the answer.
        body: its content; empty for HEAD.
        url: the URL that answered, after redirects.
    """

    status: int
    headers: Any
    body: bytes
    url: str


class Session:
    """Requests to one repository.

    Args:
        where: the repository.
        environment: the variables that hold user and password, or the folder of Docker's own settings.
        also: names of further repositories of the registry that are read.
    """

    def __init__(self, where: Reference, environment: Mapping[str, str], also: Iterable[str] = ()) -> None:
        self.where = where
        self._authorization = Authorization(where.host, environment, also)

    def url(self, path: str) -> str:
        """Return the URL of a path in the repository, such as `manifests/latest`."""
        return f"{self._authorization.start}/v2/{self.where.name}/{path}"

    def ask(self, request: Request, *, good: tuple[int, ...], most: int = MOST_WORDS) -> Response:
        """Send a request, again after network failures; return the answer.

        Args:
            request: the request.
            good: the expected statuses.
            most: the bytes that the answer may have.

        Raises:
            Failure: the answer has another status or more bytes, or the network keeps failing.
        """
        patience = Patience()
        while True:
            try:
                return self.once(request, good=good, most=most)
            except TransientFailure as cut:  # noqa: PERF203
                self.again(patience, cut)

    def once(self, request: Request, *, good: tuple[int, ...] | None, most: int = MOST_WORDS) -> Response:
        """Send a request once; see `ask`. If `good` is None, any status is accepted.

        Raises:
            TransientFailure: trying again may help.
            Failure: trying again does not help.
        """
        with self.opened(request) as answer:
            if good is not None:
                self.require(answer, good)
            body = b"" if request.method == "HEAD" else self._content(answer, most)
            return Response(answer.status, answer.headers, body, answer.url)

    @contextlib.contextmanager
    def opened(self, request: Request) -> Iterator[Answer]:
        """Send one request, log in if the registry asks for it, and yield the answer, of any status.

        Raises:
            TransientFailure: trying again may help.
            Failure: trying again does not help.
        """
        with contextlib.ExitStack() as stack:
            try:
                for _ in range(TRIES):
                    answer = stack.enter_context(exchange(request, self._authorization.headers))
                    if not self._authorization.log_in(answer):
                        break
                    stack.close()
                else:
                    raise PermanentFailure("it asks for a login again and again")  # noqa: TRY301
            except PermanentFailure as refused:
                raise self.failure(refused.words, refused.hint) from None
            yield answer

    def require(self, answer: Answer, good: tuple[int, ...]) -> None:
        """Check that the status of an answer is one of `good`.

        Raises:
            Failure: it is not; with the registry's own message if there is one.
        """
        if answer.status in good:
            return
        words = f"status {answer.status}"
        with contextlib.suppress(ValueError, LookupError, TypeError, TransientFailure, PermanentFailure):
            errors = untrusted.table(untrusted.json_of(answer.content(MOST_WORDS)))["errors"]
            words = f"{untrusted.shown(errors[0]['message'])} ({words})"
        if answer.status == http.client.UNAUTHORIZED:  # the answer to HEAD brings no words of its own
            known = self._authorization.has_credentials
            said = "user and password are not accepted" if known else "authentication required"
            words = f"{said} (status {answer.status})"
        refused = self.failure(words)
        if answer.status in _DENIED:
            raise Denied(refused.message, refused.hint)
        raise refused

    def again(self, patience: Patience, cut: TransientFailure, *, progress: bool = False) -> None:
        """Wait until it is time to try again; see `Patience.again`.

        Raises:
            Failure: the limit of tries or of waiting is reached.
        """
        try:
            patience.again(cut, progress=progress)
        except PermanentFailure as refused:
            raise self.failure(str(refused)) from cut

    def failure(self, words: str, hint: str = "") -> Failure:
        """Return the failure with `words` as the reason; the usual hint says how to log in."""
        return Failure(
            f"registry {self.where.host}: {untrusted.shown(words, 400)}",
            hint
            or f"see that it answers and that you may use {self.where.name}: docker login {self.where.host}\n"
            "or set PYBUILDKIT_REGISTRY_USER and PYBUILDKIT_REGISTRY_PASSWORD; what was transferred is kept",
        )

    def _content(self, answer: Answer, most: int) -> bytes:
        try:
            return answer.content(most)
        except PermanentFailure as refused:
            raise self.failure(str(refused), refused.hint) from None
