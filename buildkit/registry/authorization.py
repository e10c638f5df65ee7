"""Authorizes requests to a registry: by user and password, or by a token that a token server gives for them.

The token server is the one that the registry names (the distribution project's token authentication). A password goes
to the registry and to that server alone, and never without TLS to another machine.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import urllib.parse
from collections.abc import Iterable, Mapping

from buildkit.core import untrusted
from buildkit.registry.credentials import LOCAL, credentials
from buildkit.registry.exchange import Answer, Request, checked, exchange
from buildkit.registry.patience import PermanentFailure

_MOST_TOKEN = 1 << 20
_TOKEN = re.compile(r"[\x21-\x7e]+")


class Authorization:
    """The authorization for one registry.

    Args:
        host: the registry.
        environment: the variables that hold user and password, or the folder of Docker's own settings.
        also: names of further repositories of the registry that are read: a token is for those that it names.
    """

    def __init__(self, host: str, environment: Mapping[str, str], also: Iterable[str] = ()) -> None:
        self._host = host
        self._environment = environment
        self._secure = host.partition(":")[0] not in LOCAL
        self._also = tuple(also)
        self._shown = ""
        self.start = f"{'https' if self._secure else 'http'}://{host}"

    @property
    def has_credentials(self) -> bool:
        """Whether user and password are known."""
        return bool(credentials(self._host, self._environment))

    def headers(self, url: str) -> Mapping[str, str]:
        """Return the headers that may go to `url`; credentials go only to the registry itself."""
        return {"Authorization": self._shown} if self._shown and self._is_own(url) else {}

    def log_in(self, answer: Answer) -> bool:
        """Get the credentials or token that the registry asks for; return whether they are new.

        If they are, another try may help.

        Args:
            answer: the registry's answer, of any status.

        Raises:
            TransientFailure: the token server cannot be reached.
            PermanentFailure: user and password would go to a token server in the clear.
        """
        if answer.status != http.client.UNAUTHORIZED or not self._is_own(answer.url):
            return False
        scheme, _, rest = answer.headers.get("WWW-Authenticate", "").strip().partition(" ")
        basic = credentials(self._host, self._environment)
        before, self._shown = self._shown, ""
        if scheme.lower() == "basic":
            self._shown = basic
        elif scheme.lower() == "bearer":
            token = self._token(dict(re.findall(r'(\w+)="([^"]*)"', rest)), basic)
            self._shown = f"Bearer {token}" if token else ""
        return bool(self._shown) and self._shown != before

    def _is_own(self, url: str) -> bool:
        """Return whether a URL is the registry's, also in its scheme: TLS, except on this machine."""
        return url.startswith(f"{self.start}/")

    def _token(self, values: Mapping[str, str], basic: str) -> str:
        """Return the token from the token server that the registry names; empty if it gives none."""
        asked = [(key, values[key]) for key in ("service", "scope") if key in values]
        if "scope" in values:
            asked += [("scope", f"repository:{name}:pull") for name in self._also]
        query = urllib.parse.urlencode(asked)
        realm = values.get("realm", "")
        url = f"{realm}{'&' if '?' in realm else '?'}{query}"
        parts = checked(url)
        # a registry that is on this machine, and so without TLS, may have its tokens from this machine as well
        if basic and parts.scheme != "https" and (self._secure or parts.hostname not in LOCAL):
            raise PermanentFailure(f"its tokens come from {parts.netloc}, which speaks no TLS: no password goes there")
        own = {"Authorization": basic} if basic else {}
        with exchange(Request("GET", url), lambda asked: own if asked == url else {}) as answer:
            content = answer.content(_MOST_TOKEN)
        with contextlib.suppress(ValueError):
            found = untrusted.table(untrusted.json_of(content, _MOST_TOKEN))
            for name in ("token", "access_token"):
                if found.get(name) and _TOKEN.fullmatch(untrusted.text(found[name])):
                    return str(found[name])
        return ""
